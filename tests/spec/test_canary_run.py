"""The canary scan of the whole pipeline in one process: nothing protected in any output but the restricted ones (spec 1; domain 6.1)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import canary
from tests.world import Called, cordon, encoded

#: May name people: the referral, by what it is for. Everything else may not.
RESTRICTED = {"safeguarding.referrals.v1.jsonl"}
GIVEN = {"scope": "SAFEGUARDING_REFERRAL", "state": "GIVEN", "ts": "2026-11-19T21:40:00Z", "method": "VERBAL"}


def consenting(record: str) -> bytes:
    """The incident of a record, whose victim agrees to be referred."""
    document = canary.incident(record)
    document["persons"][0]["consent"] = [GIVEN]
    return encoded(document)


def run(folder: Path, name: str, lines: list[bytes], now: str, *more: str) -> Called:
    """One `cordon run` over the state in a folder."""
    (folder / name).write_bytes(b"\n".join(lines) + b"\n")
    return cordon(
        "run", "--input", folder / name, "--out", folder / f"out-{name}", "--state", folder / "state", "--now", now, "--seed", 7, *more
    )  # fmt: skip


def reviewed(state: Path) -> list[Called]:
    """Everything that is held listed, and each hold approved, explained and refused."""
    at = ("--state", state, "--seed", 7)
    ended = [cordon("review", "list", *at), found := cordon("review", "list", "--json", *at)]
    held = [json.loads(line) for line in found.stdout.splitlines()]
    assert held
    for hold in held:
        about = (hold["coordinate"], hold["person_ref"], "--recipient", hold["recipient"], *at)
        says = ("--by", "S77", "--reason", "CONSENT_OBTAINED", "--review-id", hold["review_id"])
        ended.append(cordon("review", "approve", *about, *says))
        ended.append(cordon("review", "refuse", *about, "--by", "S78", "--reason", "NO_LAWFUL_BASIS"))
        ended.append(cordon("explain", *about[:2], *at))
    return ended


@pytest.mark.slow
def test_no_canary_leaves(tmp_path: Path) -> None:
    """Canaries in sound, faulty and broken records, over three runs: none in any output, on stdout or stderr, or in the state."""
    ended = [run(tmp_path, "one.jsonl", canary.lines(), "2026-11-20T09:00:00Z")]
    late = [canary.incident("victim", version=2, change_type="RETRACT"), canary.incident("versioned", version=3)]
    ended.append(run(tmp_path, "two.jsonl", [encoded(each) for each in late], "2026-11-28T09:00:00Z", "--json"))
    ended.append(run(tmp_path, "one.jsonl", [b"{}"], "2026-11-29T09:00:00Z"))
    assert [each.code for each in ended] == [0, 0, 2]
    ended += reviewed(tmp_path / "state")
    for each in ended:
        assert canary.scan((each.stdout + each.stderr).encode()) == []
    files = [path for path in sorted(tmp_path.rglob("*")) if path.is_file() and path.parent != tmp_path]
    seen = [path for path in files if path.name not in RESTRICTED]
    assert {"cordon.db", "ledger.json", "enforcement.subjects.v1.jsonl", "receipts.jsonl", "index.html"} <= {
        path.name for path in seen
    }
    assert {str(path.relative_to(tmp_path)): hits for path in seen if (hits := canary.scan(path.read_bytes()))} == {}
    assert (tmp_path / "out-one.jsonl" / "enforcement.subjects.v1.jsonl").read_bytes().count(b'"SUBJECT"') >= 3


@pytest.mark.slow
def test_a_referral_holds_what_help_needs_and_no_more(tmp_path: Path) -> None:
    """A referral by consent has the person's name and safe contacts; no refuge, document, unsafe number, status or other secret."""
    assert run(tmp_path, "in.jsonl", [consenting("victim")], "2026-11-20T09:00:00Z").code == 0
    referrals = (tmp_path / "out-in.jsonl" / "safeguarding.referrals.v1.jsonl").read_bytes()
    assert referrals.count(b"\n") == 1
    may = {"surname", "given", "phone", "email", "dob", "incident_id", "safe_times"}
    assert {hit.field for hit in canary.scan(referrals)} <= may
    assert {"surname", "phone", "email"} <= {hit.field for hit in canary.scan(referrals)}
    others = [p for p in (tmp_path / "out-in.jsonl").rglob("*") if p.is_file() and p.name not in RESTRICTED]
    assert {p.name: hits for p in others if (hits := canary.scan(p.read_bytes()))} == {}
