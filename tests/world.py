"""Small incident histories and what comes of them: builders of `incident` v1, and `cordon run` inside this process.

    world = World(folder)
    ran = world.run([incident("A", victim("p1"), suspect("p2"))])
    ran.decision(0, "p2")          # "RELEASE_MINIMISED"

A `World` is a state folder; each call of `run` goes on from the one before. Nothing here knows the rules under test.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import QueuePool

from pipelines import flow
from pipelines.settings import Settings

SUBJECTS, REFERRALS = "enforcement.subjects.v1.jsonl", "safeguarding.referrals.v1.jsonl"
FILES = (REFERRALS, SUBJECTS, "quarantine.jsonl", "holds.jsonl", "alerts.jsonl", "decisions.jsonl", "ledger.json")
NOW = "2026-11-23T09:00:00Z"
EVENT, RECORDED = "2026-11-20T21:10:00Z", "2026-11-20T22:05:00Z"

#: Everything evidence of an immigration offence asks for.
OFFENCE = {
    "assessment": "EVIDENCE_OF_OFFENCE",
    "source": "HO_CHECK",
    "basis": "FACT",
    "statute_ref": "IA1971 s.24(1)(b)(i)",
    "supervisor_id": "S77",
    "evidence_refs": ["E1"],
}
DOUBT = {"assessment": "CONCERN_OR_DOUBT", "source": "OFFICER_OBSERVATION", "basis": "ASSESSMENT"}

Document = dict[str, Any]


# ---- builders ----------------------------------------------------------------------------------------------------


def name(surname: str, *given: str, kind: str = "LEGAL") -> Document:
    """One name."""
    return {"surname": surname, "given": list(given), "type": kind}


def person(ref: str, roles: str | Sequence[str], **fields: Any) -> Document:
    """A person; `roles` may be one role. A field given as None is left out."""
    known = {"person_ref": ref, "roles": [roles] if isinstance(roles, str) else list(roles)} | fields
    return {field: value for field, value in known.items() if value is not None}


def victim(ref: str = "p1", **fields: Any) -> Document:
    """A victim."""
    return person(ref, **{"roles": "VICTIM", "names": [name("Amini", "Leila")], "dob": "1991-04-03"} | fields)


def suspect(ref: str = "p2", **fields: Any) -> Document:
    """A suspect with evidence of an immigration offence, whom nothing protects: he is released."""
    return person(
        ref,
        **{"roles": "SUSPECT", "names": [name("Yusuf", "Omar")], "dob": "1988-01-30", "immigration": OFFENCE} | fields,
    )


def incident(
    key: str,
    *persons: Document,
    version: int = 1,
    change: str = "CREATE",
    header: Mapping[str, Any] | None = None,
    relations: Iterable[tuple[str, str, str | None]] = (),
    text: str | None = None,
    **sections: Any,
) -> Document:
    """A valid incident; `relations` are (from, to, type), `text` is a narrative."""
    document: Document = {
        "header": {
            "schema_version": "1.0",
            "source_system": "NICHE",
            "source_force": "13",
            "incident_id": f"13/{key}/26",
            "version": version,
            "change_type": change,
            "event_ts": EVENT,
            "recorded_ts": RECORDED,
        }
        | dict(header or {}),
        "persons": list(persons),
    }
    document["header"] = {field: value for field, value in document["header"].items() if value is not None}
    if relations:
        document["relations"] = [{"from_ref": a, "to_ref": b, "type": kind} for a, b, kind in relations]
    if text is not None:
        document["narrative"] = [{"type": "OFFICER_NOTES", "text": text}]
    return document | sections


def encoded(record: Document | bytes | str) -> bytes:
    """A record as a line is sent, without the newline."""
    if isinstance(record, bytes):
        return record
    if isinstance(record, str):
        return record.encode("utf-8", "surrogateescape")
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


# ---- runs --------------------------------------------------------------------------------------------------------


class Ran(NamedTuple):
    """What one run wrote."""

    out: Path
    file: str
    summary: dict[str, Any]

    def rows(self, file: str) -> list[Document]:
        """The lines of a JSONL output."""
        return [json.loads(line) for line in (self.out / file).read_bytes().splitlines()]

    @property
    def enforcement(self) -> bytes:
        """The enforcement view: every byte."""
        return (self.out / SUBJECTS).read_bytes()

    @property
    def subjects(self) -> list[Document]:
        """Values of kind SUBJECT, in order."""
        return [row["value"] for row in self.rows(SUBJECTS) if row["value"]["kind"] == "SUBJECT"]

    @property
    def withdrawals(self) -> list[Document]:
        """Values of kind WITHDRAWAL, in order."""
        return [row["value"] for row in self.rows(SUBJECTS) if row["value"]["kind"] == "WITHDRAWAL"]

    @property
    def referrals(self) -> list[Document]:
        """Values of referrals, in order."""
        return [row["value"] for row in self.rows(REFERRALS)]

    @property
    def surnames(self) -> list[str]:
        """The surnames released, sorted."""
        return sorted(value["subject"]["surname"] for value in self.subjects)

    @property
    def ledger(self) -> dict[tuple[str, str, str], str]:
        """State by (coordinate, person, recipient)."""
        entries = json.loads((self.out / "ledger.json").read_bytes())["entries"]
        return {(e["coordinate"], e["person_ref"], e["recipient"]): e["state"] for e in entries}

    def coordinate(self, line: int, file: str | None = None) -> str:
        """The coordinate of a line of this run's file, or of another's."""
        return f"{file or self.file}[0]@{line}"

    @property
    def decisions(self) -> dict[tuple[str, str, str], Document]:
        """Decision rows by (coordinate, person, recipient)."""
        return {(d["coordinate"], d["person_ref"], d["recipient"]): d for d in self.rows("decisions.jsonl")}

    def row(self, line: int, ref: str, recipient: str = "enforcement") -> Document:
        """The decision row of a person of one of this run's lines."""
        return self.decisions[self.coordinate(line), ref, recipient]

    def decision(self, line: int, ref: str, recipient: str = "enforcement") -> str:
        """The decision on a person of one of this run's lines."""
        return str(self.row(line, ref, recipient)["decision"])

    @property
    def quarantined(self) -> set[str]:
        """Every quarantined coordinate of the state."""
        return {row["coordinate"] for row in self.rows("quarantine.jsonl")}


class World:
    """A state folder and the runs over it."""

    def __init__(self, folder: Path, *, regime: str = "uk_safe_to_share_2020", embargo: str = "PT72H") -> None:
        """`folder` is made; the state is in `folder/state`, outputs in `folder/out0` and so on."""
        self.folder, self.regime, self.embargo = folder, regime, embargo
        self.runs: list[Ran] = []

    def settings(self, **others: str) -> Settings:
        """The settings of this state."""
        mine = {"CORDON_HOME": str(self.folder / "state"), "CORDON_REGIME": self.regime, "CORDON_EMBARGO": self.embargo}
        return Settings.from_env(mine | others)

    def run(
        self,
        records: Iterable[Document | bytes | str],
        *,
        now: str = NOW,
        embargo: str | None = None,
        regime: str | None = None,
        release: bool = True,
        seed: int = 7,
        file: str | None = None,
        batch_size: int = 20_000,
        acknowledge: bool = False,
    ) -> Ran:
        """Runs `cordon run` over some records, in this process.

        Raises:
            CordonError: whatever the run raises.
        """
        number = len(self.runs)
        source = self.folder / f"in{number}" / (file or f"run{number}.jsonl")
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(b"".join(encoded(record) + b"\n" for record in records))
        settings = self.settings(
            CORDON_REGIME=regime or self.regime,
            CORDON_EMBARGO=embargo or self.embargo,
            CORDON_BATCH_SIZE=str(batch_size),
            CORDON_ACKNOWLEDGE_WEAKENING="1" if acknowledge else "0",
        )
        out = self.folder / f"out{number}"
        summary = flow.run(settings, source, out, now=datetime.fromisoformat(now), seed=seed, with_release=release)
        self.runs.append(Ran(out, source.name, summary))
        return self.runs[-1]

    def later(self, now: str, **options: Any) -> Ran:
        """A run over an empty file: nothing new, only the release."""
        return self.run([], now=now, **options)

    @property
    def final(self) -> dict[tuple[str, str, str], Document]:
        """The last decision on everybody, over all runs."""
        found: dict[tuple[str, str, str], Document] = {}
        for ran in self.runs:
            found |= ran.decisions
        return found

    @property
    def messages(self) -> list[Document]:
        """Every enforcement value sent, in order."""
        return [row["value"] for ran in self.runs for row in ran.rows(SUBJECTS)]

    @property
    def standing(self) -> list[Document]:
        """Subjects sent and not taken back."""
        taken = {m["withdraws"] for m in self.messages if m["kind"] == "WITHDRAWAL"}
        return [m for m in self.messages if m["kind"] == "SUBJECT" and m["msg_id"] not in taken]


class Called(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


def cordon(*arguments: object) -> Called:
    """The `cordon` command inside this process."""
    from pipelines.cli import main

    stdout, stderr = io.StringIO(), io.StringIO()
    code = 0
    with (
        patch.object(sys, "argv", ["cordon", *map(str, arguments)]),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Called(code, stdout.getvalue(), stderr.getvalue())


# ---- many runs ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def cheap(template: Path) -> Iterator[None]:
    """Runs cost a tenth: what is alike in every run is done once, and what tests of their own hold is left out.

    The policy is loaded and proved once; each state starts as a copy of an empty, migrated database; gates say yes (a sound
    record passes them by definition, and `slow` properties ask the real ones); no page is drawn for the report.
    """
    from expectations.gate import Judgement
    from pipelines import context
    from pipelines.stages import firewall, release, tag, validate
    from pipelines.stores import database, ledger

    empty = template / "empty.db"
    database.open_database(f"sqlite:///{empty}").dispose()
    current = empty
    # One engine for all states, so that each statement is compiled once; `dispose` closes the connections of a run.
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(current), poolclass=QueuePool, hide_parameters=True
    )
    database._prepare_sqlite(engine)

    def open_copy(url: str) -> Engine:
        nonlocal current
        current = Path(url.removeprefix("sqlite:///"))
        if not current.exists():
            current.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(empty, partial := current.with_suffix(".partial"))
            partial.replace(current)
        return engine

    def yes(_suite: str, _frame: object, *, expected_rows: int | None = None) -> Judgement:
        return Judgement({}, [])

    load_policy, loaded = context.load_policy, {}

    def load_once(settings: Settings) -> Any:
        if settings.regime not in loaded:
            loaded[settings.regime] = load_policy(settings)
        return loaded[settings.regime]

    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.object(context, "open_database", open_copy))
        stack.enter_context(patch.object(context, "load_policy", load_once))
        stack.enter_context(
            patch("pipelines.reports.build.build_report", lambda _ctx, conn, _folder: ledger.summary(conn))
        )
        for stage in (validate, tag, firewall, release):
            stack.enter_context(patch.object(stage, "judge", yes))
        yield
