"""What must hold after any run, whatever came in. Checkers with tests of their own: `test_checks.py`."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipelines.contracts.codes import Decision, State
from tests.world import Document

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SECTION = re.compile(r"(?:24|24A|24B|25|25A|25B|26)(?:\([0-9A-Za-z]{1,4}\)){1,4}")
_SUBJECT = {
    "schema": "enforcement.subject.v1",
    "kind": "SUBJECT",
    "basis": "EVIDENCE_OF_OFFENCE",
    "purpose": "IMMIGRATION_OFFENCE_INVESTIGATION",
    "legal_basis": "IAA1999_S20",
    "quality": {"completeness": "FILTERED_VIEW", "accuracy": "AS_RECORDED"},
}
_WITHDRAWAL = {"schema": "enforcement.subject.v1", "kind": "WITHDRAWAL", "reason": "SOURCE_CORRECTION"}


def _is_id(value: Any) -> bool:
    try:
        return str(uuid.UUID(value)) == value
    except (ValueError, AttributeError, TypeError):
        return False


def open_outputs(runs: Iterable[bytes]) -> list[str]:
    """How the enforcement outputs of the runs over one state break the closed schema and its order (spec 3.5, 6.21, 6.22)."""
    wrong: list[str] = []
    sent: set[str] = set()
    taken: set[str] = set()
    headers: set[str] = set()
    for content in runs:
        order = []
        for line in content.splitlines():
            row = json.loads(line)
            value = row.get("value", {})
            if list(row) != ["key", "headers", "value"] or row["key"] != value.get("msg_id"):
                wrong.append("line is not key, headers, value with key = msg_id")
            headers.add(json.dumps(row.get("headers"), sort_keys=True))
            kind = value.get("kind")
            constants = _WITHDRAWAL if kind == "WITHDRAWAL" else _SUBJECT
            own = (
                {"msg_id", "issued_day", "withdraws"}
                if kind == "WITHDRAWAL"
                else {"msg_id", "issued_day", "subject", "offence"}
            )
            if (
                set(value) != own | set(constants)
                or {field: value[field] for field in constants if field in value} != constants
            ):
                wrong.append(f"{kind} has other members or constants")
                continue
            if not (_is_id(value["msg_id"]) and _DAY.fullmatch(value["issued_day"])):
                wrong.append(f"{kind} has no id or no day")
            if value["msg_id"] in sent or value["msg_id"] in taken:
                wrong.append("an id comes twice")
            if kind == "WITHDRAWAL":
                if value["withdraws"] not in sent or value["withdraws"] in taken:
                    wrong.append("a withdrawal of nothing, or of the same thing again")
                taken.add(value["withdraws"])
            else:
                who, what = value["subject"], value["offence"]
                sent.add(value["msg_id"])
                if (
                    list(who) != ["surname", "given_names", "dob"]
                    or not _DAY.fullmatch(who["dob"])
                    or not who["given_names"]
                ):
                    wrong.append("subject is not surname, given names and date of birth")
                elif not all(isinstance(part, str) and part.strip() for part in (who["surname"], *who["given_names"])):
                    wrong.append("an empty name")
                if (
                    list(what) != ["statute", "section"]
                    or what["statute"] != "IA1971"
                    or not _SECTION.fullmatch(what["section"])
                ):
                    wrong.append("offence is not on the list")
            order.append((kind != "WITHDRAWAL", value["msg_id"]))
        if order != sorted(order):
            wrong.append("not withdrawals first, each by id")
    if len(headers) > 1:
        wrong.append("headers are not constant")
    return wrong


def unaccounted(
    lines: Mapping[str, bytes],
    quarantined: Iterable[str],
    ledger: Sequence[tuple[str, str, str, str]],
) -> list[str]:
    """How a ledger (coordinate, person, recipient, state) differs from an own count of the input (conservation).

    Args:
        lines: the bytes sent, by coordinate.
        quarantined: coordinates that must be quarantined.
        ledger: its entries, in any order.
    """
    expected: Counter[tuple[str, str, str]] = Counter()
    broken = set(quarantined)
    for where, line in lines.items():
        if where in broken:
            expected[where, "", ""] += 1
            continue
        people = json.loads(line).get("persons") or ()
        expected[where, "", ""] += not people
        for person in people:
            for recipient in ("enforcement", "safeguarding"):
                expected[where, person["person_ref"], recipient] += 1
    expected = +expected
    found = Counter((where, ref, to) for where, ref, to, _ in ledger)
    wrong = [f"lost {' '.join(key)}" for key in (expected - found)]
    wrong += [f"too many of {' '.join(key)}" for key in (found - expected)]
    for where, ref, to, state in ledger:
        if state not in set(State):
            wrong.append(f"unknown state of {where} {ref} {to}")
        elif (state == State.QUARANTINED) != (where in broken):
            wrong.append(f"{where} is quarantined on one side only")
    return wrong


#: States that may follow each decision, once everything due was released.
_STATES = {
    ("enforcement", Decision.RELEASE_MINIMISED): {State.RELEASED, State.PENDING},
    ("enforcement", Decision.HOLD_FOR_HUMAN): {State.HELD, State.WITHDRAWN},
    ("enforcement", Decision.WITHHOLD): {State.WITHHELD, State.WITHDRAWN},
    ("enforcement", Decision.WITHHOLD_AND_REFER): {State.WITHHELD, State.WITHDRAWN},
    ("safeguarding", Decision.RELEASE): {State.RELEASED},
    ("safeguarding", Decision.HOLD_FOR_HUMAN): {State.HELD, State.RELEASED},
    ("safeguarding", Decision.WITHHOLD): {State.WITHHELD, State.RELEASED},
}


def contradictions(
    decisions: Mapping[tuple[str, str, str], Document], ledger: Mapping[tuple[str, str, str], str]
) -> list[str]:
    """Decisions whose state in the ledger is not one that can follow from them, or that have none."""
    wrong = []
    for (where, ref, recipient), row in decisions.items():
        state = ledger.get((where, ref, recipient))
        if state == State.SUPERSEDED:
            continue
        if state not in _STATES.get((recipient, row["decision"]), set()):
            wrong.append(f"{where} {ref} {recipient}: {row['decision']} is {state}")
    return wrong


def forbidden_decisions(rows: Iterable[Document]) -> list[str]:
    """Decision rows that the default regime must never give (spec 3.3)."""
    wrong = []
    for row in rows:
        where = f"{row['coordinate']} {row['person_ref']} {row['recipient']}"
        if row["recipient"] == "enforcement" and row["decision"] in ("RELEASE", "RELEASE_MINIMISED"):
            accused = {"SUSPECT", "CONVICTED"} & set(row["standing"])
            if row["evidence"] != "OFFENCE" or row["protections"] or not accused or row["decision"] == "RELEASE":
                wrong.append(f"released: {where}")
        referred = {"DA_VICTIM", "DA_CHILD", "MS_VICTIM"} & set(row["protections"])
        if (
            row["recipient"] == "enforcement"
            and referred
            and row["evidence"] == "DOUBT"
            and row["decision"] != "WITHHOLD_AND_REFER"
        ):
            wrong.append(f"not referred: {where}")
        if row["recipient"] == "safeguarding" and not referred and row["decision"] != "WITHHOLD":
            wrong.append(f"referred without cause: {where}")
        if {"VICTIM", "WITNESS"} & set(row["standing"]) and not row["protections"]:
            wrong.append(f"a victim or witness without protection: {where}")
    return wrong
