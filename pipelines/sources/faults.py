"""Deliberate faults: what real feeds send besides sound records. Each returns one line, never with a line break in it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

Fault = Callable[[bytes, Random], bytes]

_OVERSIZE = 1_100_000


def _changed(change: Callable[[dict[str, Any], Random], object]) -> Fault:
    def fault(line: bytes, rng: Random) -> bytes:
        record = msgspec.json.decode(line)
        change(record, rng)
        return msgspec.json.encode(record)

    return fault


def _person(record: dict[str, Any], rng: Random) -> dict[str, Any]:
    if not record["persons"]:
        record["persons"].append({"person_ref": "p1", "roles": ["SUSPECT"]})
    person: dict[str, Any] = record["persons"][int(rng.random() * len(record["persons"]))]
    return person


def _missing_header(record: dict[str, Any], rng: Random) -> None:
    required = (
        "schema_version",
        "source_system",
        "source_force",
        "incident_id",
        "version",
        "change_type",
        "recorded_ts",
    )
    record["header"].pop(required[int(rng.random() * len(required))], None)


def _repeated_ref(record: dict[str, Any], rng: Random) -> None:
    record["persons"].append({**_person(record, rng), "roles": ["WITNESS"]})


def _stranger(record: dict[str, Any], rng: Random) -> None:
    relation = {"from_ref": _person(record, rng)["person_ref"], "to_ref": "p99", "type": "SPOUSE"}
    record.setdefault("relations", []).append(relation)


def _bad_dob(record: dict[str, Any], rng: Random) -> None:
    bad = ("1988-02-30", "30/01/1988", "UNKNOWN", "0000-00-00", "1988")
    _person(record, rng)["dob"] = bad[int(rng.random() * len(bad))]


def _early(record: dict[str, Any], _rng: Random) -> None:
    record["header"].update(event_ts="2026-06-03T12:00:00Z", recorded_ts="2026-06-01T11:59:59Z")


def _oversize(record: dict[str, Any], rng: Random) -> None:
    word = "the statement goes on "
    record["narrative"] = [{"type": "STATEMENT", "text": word * (_OVERSIZE // len(word) + int(rng.random() * 100))}]


def _deep(record: dict[str, Any], _rng: Random) -> None:
    nested: dict[str, Any] = {}
    for _ in range(40):
        nested = {"x": nested}
    record["provenance"] = nested


def _cut(line: bytes, rng: Random) -> bytes:
    return line[: 1 + int(rng.random() * (len(line) - 2))]


#: What can go wrong, and how often in relation to the others. Those of a person cost only that person (spec 6.2).
FAULTS: dict[str, tuple[int, Fault]] = {
    "not_json": (10, lambda line, _: b"ERR 0x1f export aborted; " + line[:40].replace(b'"', b"'")),
    "truncated": (10, _cut),
    "duplicate_keys": (8, lambda line, _: line.replace(b'"version":', b'"version":7,"version":', 1)),
    "nan": (8, lambda line, _: b'{"score":NaN,' + line[1:]),
    "bom": (6, lambda line, _: b"\xef\xbb\xbf" + line),
    "not_utf8": (6, lambda line, _: line.replace(b'"type":"LEGAL"', b'"type":"LEG\xe9L"', 1)),
    "lone_surrogate": (4, lambda line, _: line.replace(b'"source_system":"', b'"source_system":"\\ud800', 1)),
    "not_an_object": (4, lambda line, _: b"[" + line + b"]"),
    "blank_line": (6, lambda _line, _: b""),
    "wrong_schema": (6, _changed(lambda r, _: r["header"].update(schema_version="2.0"))),
    "missing_header_field": (10, _changed(_missing_header)),
    "mistyped_header_field": (6, _changed(lambda r, _: r["header"].update(version=str(r["header"]["version"])))),
    "no_zone": (8, _changed(lambda r, _: r["header"].update(recorded_ts=r["header"]["recorded_ts"].rstrip("Z")))),
    "recorded_before_event": (5, _changed(_early)),
    "unknown_change_type": (6, _changed(lambda r, _: r["header"].update(change_type="AMEND"))),
    "repeated_person_ref": (8, _changed(_repeated_ref)),
    "relation_to_nobody": (8, _changed(_stranger)),
    "empty_roles": (8, _changed(lambda r, rng: _person(r, rng).update(roles=[]))),
    "too_deep": (3, _changed(_deep)),
    "oversize": (1, _changed(_oversize)),
    "bad_dob": (20, _changed(_bad_dob)),
    "unknown_role": (15, _changed(lambda r, rng: _person(r, rng).update(roles=["BYSTANDER"]))),
    "lower_case_role": (8, _changed(lambda r, rng: _person(r, rng).update(roles=["suspect"]))),
    "mistyped_person_field": (8, _changed(lambda r, rng: _person(r, rng).update(phones="07700 900123"))),
    "unknown_assessment": (
        8,
        _changed(lambda r, rng: _person(r, rng).update(immigration={"assessment": "OVERSTAYER"})),
    ),
}
#: The faults that cost a person and not the record.
OF_A_PERSON = frozenset({"bad_dob", "unknown_role", "lower_case_role", "mistyped_person_field", "unknown_assessment"})

_DRAW = tuple(name for name, (weight, _) in FAULTS.items() for _ in range(weight))


def broken(line: bytes, rng: Random) -> bytes:
    """A sound line with one fault in it."""
    return FAULTS[_DRAW[int(rng.random() * len(_DRAW))]][1](line, rng)
