"""Runs of the whole pipeline over one state, with incidents built from a few words."""

from __future__ import annotations

import copy
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from pipelines.flow import run
from pipelines.settings import Settings

NOW = "2026-11-23T09:00:00+00:00"

SUSPECT: dict[str, Any] = {
    "person_ref": "p2",
    "nominal_id": "N200",
    "roles": ["SUSPECT"],
    "names": [{"surname": "Marlowe", "given": ["Edwin"], "type": "LEGAL"}],
    "dob": "1988-01-30",
    "immigration": {
        "assessment": "EVIDENCE_OF_OFFENCE",
        "source": "HO_CHECK",
        "basis": "FACT",
        "statute_ref": "IA1971 s.24(1)(b)(i)",
        "supervisor_id": "S77",
        "evidence_refs": ["E1"],
    },
}
VICTIM: dict[str, Any] = {
    "person_ref": "p1",
    "nominal_id": "N100",
    "roles": ["VICTIM"],
    "names": [{"surname": "Oyelaran", "given": ["Temitope"], "type": "LEGAL"}],
    "dob": "1991-04-03",
    "risk": {"tool": "DASH", "score": 17, "level": "HIGH"},
}


def person(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A person with some sections replaced; None takes one away."""
    found = copy.deepcopy(base) | changes
    return {name: value for name, value in found.items() if value is not None}


def incident(number: int, *persons: dict[str, Any], version: int = 1, **sections: Any) -> dict[str, Any]:
    """An incident of a force, by number."""
    header = {
        "schema_version": "1.0",
        "source_system": "NICHE",
        "source_force": "13",
        "incident_id": f"13/{number:07}/26",
        "version": version,
        "change_type": sections.pop("change_type", "CREATE" if version == 1 else "UPDATE"),
        "event_ts": "2026-11-20T21:10:00Z",
        "recorded_ts": sections.pop("recorded_ts", f"2026-11-20T22:{version:02}:00Z"),
    }
    return {"header": header, "persons": list(persons), **sections}


def domestic(number: int, *persons: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """An incident marked as domestic abuse."""
    return incident(number, *persons, flags={"domestic_abuse": "TRUE"}, **sections)


class Outputs:
    """What one run wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.referrals = _lines(folder / "safeguarding.referrals.v1.jsonl")
        self.enforcement = _lines(folder / "enforcement.subjects.v1.jsonl")
        self.holds = {
            (h["coordinate"], h["person_ref"], h["recipient"]): h["reasons"] for h in _lines(folder / "holds.jsonl")
        }
        self.decisions = {
            (d["coordinate"], d["person_ref"], d["recipient"]): d["decision"]
            for d in _lines(folder / "decisions.jsonl")
        }
        entries = msgspec.json.decode((folder / "ledger.json").read_bytes())["entries"]
        self.states = {(e["coordinate"], e["person_ref"], e["recipient"]): e["state"] for e in entries}

    @property
    def subjects(self) -> list[dict[str, Any]]:
        """The values of kind SUBJECT."""
        return [m["value"] for m in self.enforcement if m["value"]["kind"] == "SUBJECT"]

    @property
    def withdrawals(self) -> list[dict[str, Any]]:
        """The values of kind WITHDRAWAL."""
        return [m["value"] for m in self.enforcement if m["value"]["kind"] == "WITHDRAWAL"]


class World:
    """One state and the runs over it."""

    def __init__(self, folder: Path, embargo: str = "PT72H", **environment: str) -> None:
        self.folder = folder
        self.count = 0
        self.environment = {"CORDON_HOME": str(folder / "state"), "CORDON_EMBARGO": embargo, **environment}
        self.settings = Settings.from_env(self.environment)

    def run(self, *incidents: dict[str, Any], now: str = NOW, release: bool = True, seed: int = 7) -> Outputs:
        """Runs some incidents from a file of their own."""
        source = self.folder / f"in{self.count}.jsonl"
        source.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in incidents))
        out = self.folder / f"out{self.count}"
        self.count += 1
        run(self.settings, source, out, now=datetime.fromisoformat(now), seed=seed, with_release=release)
        return Outputs(out)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
