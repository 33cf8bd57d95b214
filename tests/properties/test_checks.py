"""The checkers of properties, tried on histories they must flag and on ones they must not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.conservation import find_anomalies
from pipelines.stores.ledger import Entry
from tests.properties import checks
from tests.world import Document, encoded, incident, suspect, victim

_A, _B, _C = (
    "0a000000-0000-4000-8000-000000000001",
    "0b000000-0000-4000-8000-000000000002",
    "0c000000-0000-4000-8000-000000000003",
)


def subject(msg_id: str = _A, **change: Any) -> Document:
    """A line about a subject, changed in places."""
    value = {
        "schema": "enforcement.subject.v1", "kind": "SUBJECT", "msg_id": msg_id, "issued_day": "2026-11-26",
        "subject": {"surname": "Yusuf", "given_names": ["Omar"], "dob": "1988-01-30"},
        "offence": {"statute": "IA1971", "section": "24(1)(b)(i)"}, "basis": "EVIDENCE_OF_OFFENCE",
        "purpose": "IMMIGRATION_OFFENCE_INVESTIGATION", "legal_basis": "IAA1999_S20",
        "quality": {"completeness": "FILTERED_VIEW", "accuracy": "AS_RECORDED"},
    }  # fmt: skip
    return {"key": msg_id, "headers": {"content-type": "application/json"}, "value": value | change}


def withdrawal(msg_id: str = _B, withdraws: str = _A, **change: Any) -> Document:
    """A line that takes a subject back, changed in places."""
    value = {
        "schema": "enforcement.subject.v1", "kind": "WITHDRAWAL", "msg_id": msg_id, "issued_day": "2026-11-29",
        "withdraws": withdraws, "reason": "SOURCE_CORRECTION",
    }  # fmt: skip
    return {"key": msg_id, "headers": {"content-type": "application/json"}, "value": value | change}


def runs(*each: list[Document]) -> list[bytes]:
    """Outputs of runs."""
    return [b"".join(json.dumps(line).encode() + b"\n" for line in lines) for lines in each]


@pytest.mark.parametrize(
    "outputs",
    [
        runs(),
        runs([], []),
        runs([subject()]),
        runs([subject(_A), subject(_B)]),
        runs([subject()], [withdrawal()]),
        runs([subject()], [withdrawal(), subject(_C)]),
        runs([subject()], [], [withdrawal(_C)]),
    ],
)
def test_closed_outputs_pass(outputs: list[bytes]) -> None:
    """What the spec shows is no finding."""
    assert checks.open_outputs(outputs) == []


@pytest.mark.parametrize(
    "outputs",
    [
        runs([subject() | {"key": _B}]),
        runs([subject() | {"partition": 3}]),
        runs([subject(incident="13/1/26")]),
        runs([subject(basis="CHARGED")]),
        runs([subject(quality={"completeness": "REDACTED", "accuracy": "AS_RECORDED"})]),
        runs([subject(issued_day="2026-11-26T09:00:00Z")]),
        runs([subject(subject={"surname": "Yusuf", "given_names": ["Omar"], "dob": "1988-01-30", "sex": "M"})]),
        runs([subject(subject={"surname": "Yusuf", "given_names": [], "dob": "1988-01-30"})]),
        runs([subject(subject={"surname": "Yusuf", "given_names": [None], "dob": "1988-01-30"})]),
        runs([subject(offence={"statute": "SCA2015", "section": "76"})]),
        runs([subject(offence={"statute": "IA1971", "section": "24"})]),
        runs([subject("not-an-id")]),
        runs([subject(), subject()]),
        runs([subject()], [subject()]),
        runs([subject(_B), subject(_A)]),
        runs([withdrawal()]),
        runs([withdrawal(_A, _B), subject(_B)]),
        runs([subject()], [withdrawal(_B), withdrawal(_C)]),
        runs([subject()], [withdrawal(reason="BECAME_VICTIM")]),
        runs([subject()], [subject(_B), withdrawal(_C)]),
        runs([subject(), subject(_B) | {"headers": {"content-type": "application/json", "traceparent": "00-1"}}]),
        runs([subject(_A, kind="HEARTBEAT")]),
    ],
)
def test_open_outputs_are_flagged(outputs: list[bytes]) -> None:
    """A member more, another constant, a second withdrawal, another order: each is found."""
    assert checks.open_outputs(outputs)


LINES = {"f[0]@0": encoded(incident("A", victim(), suspect())), "f[0]@1": b"{"}
SOUND = [
    ("f[0]@0", "p1", "enforcement", "withheld"),
    ("f[0]@0", "p1", "safeguarding", "held"),
    ("f[0]@0", "p2", "enforcement", "released"),
    ("f[0]@0", "p2", "safeguarding", "withheld"),
    ("f[0]@1", "", "", "quarantined"),
]


def test_a_whole_ledger_passes() -> None:
    """Everyone once per recipient, and the broken line once."""
    assert checks.unaccounted(LINES, ["f[0]@1"], SOUND) == []
    assert find_anomalies(Entry(*row) for row in SOUND) == []


def test_a_record_that_names_nobody_counts_as_a_whole() -> None:
    """A sound record without persons has one line of its own."""
    lines = LINES | {"f[0]@2": encoded(incident("B"))}
    assert checks.unaccounted(lines, ["f[0]@1"], [*SOUND, ("f[0]@2", "", "", "withheld")]) == []
    assert checks.unaccounted(lines, ["f[0]@1"], SOUND)


@pytest.mark.parametrize("missing", range(len(SOUND)))
def test_a_lost_line_of_the_ledger_is_flagged(missing: int) -> None:
    """Whoever is lost, for whichever recipient, is found."""
    assert checks.unaccounted(LINES, ["f[0]@1"], SOUND[:missing] + SOUND[missing + 1 :])


@pytest.mark.parametrize(
    "ledger",
    [
        [*SOUND, SOUND[0]],
        [*SOUND, ("f[0]@0", "p3", "enforcement", "held")],
        [*SOUND, ("f[0]@2", "", "", "quarantined")],
        [*SOUND, ("f[0]@0", "", "", "quarantined")],
        [*SOUND[:-1], ("f[0]@1", "", "", "withheld")],
        [("f[0]@0", "p1", "enforcement", "lost"), *SOUND[1:]],
        [("f[0]@0", "p1", "enforcement", "quarantined"), *SOUND[1:]],
    ],
)
def test_a_ledger_that_counts_wrongly_is_flagged(ledger: list[tuple[str, str, str, str]]) -> None:
    """Twice, invented, quarantined and decided, or in a state of no list: each is found."""
    assert checks.unaccounted(LINES, ["f[0]@1"], ledger)


@pytest.mark.parametrize(
    "entries",
    [
        [*SOUND, SOUND[0]],
        [*SOUND, ("f[0]@0", "p1", "enforcement", "held")],
        SOUND[1:],
        [*SOUND, ("f[0]@0", "", "", "quarantined")],
        [("f[0]@0", "p1", "enforcement", "lost"), *SOUND[1:]],
    ],
)
def test_the_projects_own_checker_flags_the_same(entries: list[tuple[str, str, str, str]]) -> None:
    """`find_anomalies` sees what a ledger shows by itself."""
    assert find_anomalies(Entry(*row) for row in entries)


def row(decision: str, recipient: str = "enforcement", **change: Any) -> Document:
    """A decision row."""
    return {
        "coordinate": "f[0]@0", "person_ref": "p2", "recipient": recipient, "decision": decision, "standing": ["SUSPECT"], "protections": [],
        "evidence": "OFFENCE",
    } | change  # fmt: skip


@pytest.mark.parametrize(
    "found",
    [
        row("RELEASE_MINIMISED"),
        row("HOLD_FOR_HUMAN", protections=["DA_VICTIM"]),
        row("WITHHOLD_AND_REFER", protections=["DA_VICTIM"], evidence="DOUBT"),
        row("WITHHOLD", evidence="DOUBT"),
        row("WITHHOLD", "safeguarding"),
        row("RELEASE", "safeguarding", protections=["DA_CHILD"], standing=["VICTIM"]),
    ],
)
def test_decisions_the_regime_may_give_pass(found: Document) -> None:
    """The rows of spec 3.3 are no finding."""
    assert checks.forbidden_decisions([found]) == []


@pytest.mark.parametrize(
    "found",
    [
        row("RELEASE_MINIMISED", protections=["INDETERMINATE"]),
        row("RELEASE_MINIMISED", evidence="DOUBT"),
        row("RELEASE_MINIMISED", standing=["OTHER"]),
        row("RELEASE"),
        row("WITHHOLD", protections=["MS_VICTIM"], evidence="DOUBT"),
        row("HOLD_FOR_HUMAN", "safeguarding", protections=["OTHER_VICTIM"]),
        row("HOLD_FOR_HUMAN", standing=["WITNESS"]),
    ],
)
def test_decisions_the_regime_must_not_give_are_flagged(found: Document) -> None:
    """A release of anyone protected, doubtful or not accused, and help without cause, are found."""
    assert checks.forbidden_decisions([found])


@pytest.mark.parametrize(
    ("decision", "state", "fine"),
    [
        ("RELEASE_MINIMISED", "released", True),
        ("RELEASE_MINIMISED", "pending", True),
        ("RELEASE_MINIMISED", "withheld", False),
        ("WITHHOLD", "released", False),
        ("WITHHOLD", "withdrawn", True),
        ("HOLD_FOR_HUMAN", "held", True),
        ("HOLD_FOR_HUMAN", "pending", False),
        ("HOLD_FOR_HUMAN", None, False),
    ],
)
def test_a_state_must_follow_from_the_decision(decision: str, state: str | None, fine: bool) -> None:
    """A withheld person in state released, or in none, is a contradiction."""
    key = ("f[0]@0", "p2", "enforcement")
    assert (checks.contradictions({key: row(decision)}, {} if state is None else {key: state}) == []) is fine
