"""What costs a whole record and what does not, with the real gates, in one run (spec 6.1, 6.5, 6.25)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.world import Document, Ran, World, encoded, incident, name, person, suspect

pytestmark = pytest.mark.slow

_SURNAMES = [
    "Kowalski",
    "Haddad",
    "Okafor",
    "Tanaka",
    "Moreau",
    "Silva",
    "Larsen",
    "Novák",
    "Petrov",
    "Yilmaz",
    "Dubois",
    "Ferrari",
    "Nguyen",
    "Castro",
    "Ivanova",
    "Schmidt",
]


def plain(number: int) -> Document:
    """A sound incident about a suspect like no other."""
    who = suspect(
        "p2",
        names=[name(_SURNAMES[number % len(_SURNAMES)], "Jan")],
        dob=f"19{40 + number // 28 % 60}-05-{1 + number % 28:02d}",
        nominal_id=f"N{number:04d}",
    )
    return incident(f"C{number:04d}", who)


def change(path: str, value: Any) -> Callable[[Document], bytes]:
    """Sets (or, with `...`, deletes) one field of a record, by a dotted path."""

    def changed(record: Document) -> bytes:
        *parents, last = path.split(".")
        at: Any = record
        for part in parents:
            at = at[int(part) if part.isdigit() else part]
        key: Any = int(last) if last.isdigit() else last
        if value is ...:
            del at[key]
        else:
            at[key] = value
        return encoded(record)

    return changed


def text(old: str, new: str) -> Callable[[Document], bytes]:
    """Replaces some text of the record as sent, which must be there."""

    def changed(record: Document) -> bytes:
        raw = encoded(record)
        assert old.encode() in raw
        return raw.replace(old.encode(), new.encode("utf-8", "surrogateescape"), 1)

    return changed


def around(before: bytes, after: bytes = b"") -> Callable[[Document], bytes]:
    """Bytes before and after the record."""
    return lambda record: before + encoded(record) + after


def nested(levels: int, inside: str = "mood") -> Callable[[Document], bytes]:
    """An unknown field so deep that the record has this many levels."""
    return lambda record: (
        encoded(record)[:-1] + f',"{inside}":'.encode() + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"
    )


def crowd(count: int) -> Callable[[Document], bytes]:
    """The record with so many persons."""
    return lambda record: encoded(
        record | {"persons": [*record["persons"], *(person(f"x{n}", "MENTIONED") for n in range(count - 1))]}
    )


def padded(size: int, by: str = "after") -> Callable[[Document], bytes]:
    """The record, made so many bytes long."""

    def changed(record: Document) -> bytes:
        raw = encoded(record)
        if by == "after":
            return raw.ljust(size)
        return raw[:-1] + b',"mood":"' + b"x" * (size - len(raw) - 10) + b'"}'

    return changed


MIB = 1 << 20
HEADERS = ("schema_version", "source_system", "source_force", "incident_id", "version", "change_type", "recorded_ts")
#: What must be quarantined.
BROKEN: dict[str, Callable[[Document], bytes]] = {
    "blank": lambda _: b"",
    "spaces": lambda _: b"  \t ",
    "carriage return": lambda _: b"\r",
    "cut short": lambda record: encoded(record)[:-1],
    "two documents": lambda record: encoded(record) * 2,
    "an array": lambda record: b"[" + encoded(record) + b"]",
    "a text": lambda _: b'"incident"',
    "null": lambda _: b"null",
    "a number": lambda _: b"17",
    "empty object": lambda _: b"{}",
    "trailing comma": lambda record: encoded(record)[:-1] + b",}",
    "trailing words": around(b"", b" thanks"),
    "a comment": around(b"/* hello */"),
    "single quotes": text('"p2"', "'p2'"),
    "a byte order mark": around(b"\xef\xbb\xbf"),
    "UTF-16": lambda record: encoded(record).decode().encode("utf-16"),
    "bytes that are not UTF-8": text("Jan", "J\udcffn"),
    "an overlong byte": text("Jan", "J\udcc0\udcafn"),
    "a raw control character": text("Jan", "J\x01n"),
    "a raw tab": text("Jan", "J\tn"),
    "NaN": text('"version":1', '"version":1,"weight":NaN'),
    "Infinity": text('"version":1', '"version":1,"weight":-Infinity'),
    "a lone surrogate": text("Jan", "J\\ud800n"),
    "a lone low surrogate in a key": text('"header"', '"mood\\udc00":1,"header"'),
    "a number with a leading zero": text('"version":1', '"version":01'),
    "a hexadecimal number": text('"version":1', '"version":0x1'),
    "a plus sign": text('"version":1', '"version":+1'),
    "a repeated key at the top": lambda record: encoded(record)[:-1] + b',"persons":[]}',
    "a repeated key in the header": text('"version":1', '"version":1,"version":2'),
    "a repeated key in a person": text('"person_ref":"p2"', '"person_ref":"p2","person_ref":"p2"'),
    "a repeated key in an unknown field": text('"version":1', '"version":1,"x":{"a":1,"a":1}'),
    "a key repeated by an escape": text('"version":1', '"version":1,"\\u0076ersion":2'),
    "a key repeated deep inside": text('"given":["Jan"]', '"given":["Jan"],"x":[[{"k":1,"k":1}]]'),
    "over a MiB of spaces": padded(MIB + 1),
    "over a MiB of text": padded(MIB + 1, "inside"),
    "33 levels": nested(33),
    "33 levels of objects": lambda record: encoded(record)[:-1] + b',"m":' + b'{"a":' * 32 + b"1" + b"}" * 33,
    "201 persons": crowd(201),
    "schema 1.1": change("header.schema_version", "1.1"),
    "schema 1": change("header.schema_version", "1"),
    "schema a number": change("header.schema_version", 1.0),
    "schema with a space": change("header.schema_version", "1.0 "),
    "no header": change("header", ...),
    "header null": change("header", None),
    "header a list": change("header", []),
    **{f"no {field}": change(f"header.{field}", ...) for field in HEADERS},
    **{f"{field} null": change(f"header.{field}", None) for field in HEADERS},
    **{f"{field} a list": change(f"header.{field}", ["1"]) for field in HEADERS},
    **{f"{field} an object": change(f"header.{field}", {}) for field in HEADERS},
    **{f"{field} true": change(f"header.{field}", True) for field in HEADERS},
    **{f"{field} a number": change(f"header.{field}", 7) for field in HEADERS if field != "version"},
    "version a text": change("header.version", "1"),
    "version a fraction": change("header.version", 1.5),
    "version zero": change("header.version", 0),
    "version negative": change("header.version", -1),
    "version beyond any": change("header.version", 10**30),
    "change_type unknown": change("header.change_type", "DELETE"),
    "change_type in small letters": change("header.change_type", "create"),
    "change_type empty": change("header.change_type", ""),
    "recorded without a zone": change("header.recorded_ts", "2026-11-20T22:05:00"),
    "recorded a day": change("header.recorded_ts", "2026-11-20"),
    "recorded in words": change("header.recorded_ts", "yesterday"),
    "recorded empty": change("header.recorded_ts", ""),
    "recorded impossible": change("header.recorded_ts", "2026-02-30T22:05:00Z"),
    "recorded at 25 o'clock": change("header.recorded_ts", "2026-11-20T25:05:00Z"),
    "event without a zone": change("header.event_ts", "2026-11-20T21:10:00"),
    "event a number": change("header.event_ts", 1763673000),
    "event in words": change("header.event_ts", "last night"),
    "recorded more than a day before": change("header.event_ts", "2026-11-21T22:05:01Z"),
    "recorded more than a day before, by zones": change("header.event_ts", "2026-11-21T23:05:01+01:00"),
    "roles missing": change("persons.0.roles", ...),
    "roles null": change("persons.0.roles", None),
    "roles empty": change("persons.0.roles", []),
    "roles a text": change("persons.0.roles", "SUSPECT"),
    "roles an object": change("persons.0.roles", {"SUSPECT": True}),
    "no person_ref": change("persons.0.person_ref", ...),
    "person_ref null": change("persons.0.person_ref", None),
    "person_ref a number": change("persons.0.person_ref", 2),
    "a person that is a text": change("persons.0", "Jan"),
    "a person that is null": change("persons.0", None),
    "persons an object": change("persons", {}),
    "a repeated person_ref": lambda record: encoded(record | {"persons": record["persons"] * 2}),
    "a relation to nobody": change("relations", [{"from_ref": "p2", "to_ref": "p9", "type": "SPOUSE"}]),
    "a relation from nobody": change("relations", [{"from_ref": "p9", "to_ref": "p2", "type": "SPOUSE"}]),
    "a relation without an end": change("relations", [{"from_ref": "p2", "type": "SPOUSE"}]),
}  # fmt: skip
#: What must be served.
SOUND: dict[str, Callable[[Document], bytes]] = {
    "as it is": encoded,
    "with spaces around": around(b"  ", b" \t "),
    "with a carriage return": around(b"", b"\r"),
    "spread by spaces": lambda record: json.dumps(record, indent=None, separators=(" , ", " : ")).encode(),
    "all escaped": lambda record: encoded(record).replace(b"Jan", b"\\u004a\\u0061\\u006e"),
    "colons in unknown fields": change("mood", "a:b::c \\u003a \":\" {:}"),
    "quotes and brackets in unknown fields": change("mood", '{"[{"[\\"[{' * 40),
    "keys that differ by case": text('"version":1', '"version":1,"Version":2'),
    "the same key in two objects": change("mood", [{"a": 1}, {"a": 1}]),
    "an emoji pair of surrogates": text('"version":1', '"version":1,"mood":"\\ud83d\\ude00"'),
    "exactly a MiB": padded(MIB),
    "exactly a MiB of text": padded(MIB, "inside"),
    "32 levels": nested(32),
    "wide, not deep": change("mood", [[]] * 3000),
    "200 persons": crowd(200),
    "recorded exactly a day before": change("header.event_ts", "2026-11-21T22:05:00Z"),
    "recorded a day before, by zones": change("header.event_ts", "2026-11-21T23:05:00+01:00"),
    "event null": change("header.event_ts", None),
    "event missing": change("header.event_ts", ...),
    "another zone": change("header.recorded_ts", "2026-11-20T23:05:00+01:00"),
    "fractions of a second": change("header.recorded_ts", "2026-11-20T22:05:00.123456Z"),
    "sections null": lambda record: encoded(record | dict.fromkeys(("offences", "flags", "relations", "locations", "objects", "narrative", "handling", "linked_incidents"))),
    "sections empty": lambda record: encoded(record | {"offences": [], "flags": {}, "relations": [], "locations": [], "objects": [], "narrative": [], "handling": {}, "linked_incidents": []}),
    "an unknown source system": change("header.source_system", "NEW_RMS"),
    "a version of nine digits": change("header.version", 123456789),
    "a hostile text in an unknown field": change("mood", "'; DROP TABLE mention; -- \u0000 {{7*7}} <script>"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run over all of them, a sound neighbour after each."""
    records: list[bytes] = []
    for number, made in enumerate([*BROKEN.values(), *SOUND.values()]):
        records += [made(plain(2 * number)), encoded(plain(2 * number + 1))]
    return World(tmp_path_factory.mktemp("contract")).run(records)


@pytest.mark.parametrize(("number", "label"), list(enumerate(BROKEN)), ids=list(BROKEN))
def test_a_contract_fault_quarantines_the_record(ran: Ran, number: int, label: str) -> None:
    """A broken record is quarantined as a whole, with a rule and a stage, and releases nobody."""
    rows = {row["coordinate"]: row for row in ran.rows("quarantine.jsonl")}
    where = ran.coordinate(2 * number)
    assert where in rows, label
    assert rows[where]["rules"]
    assert rows[where]["stage"] in ("land", "validate")
    assert ran.ledger[where, "", ""] == "quarantined"
    assert not [key for key in ran.decisions if key[0] == where]


@pytest.mark.parametrize(("number", "label"), list(enumerate(SOUND, len(BROKEN))), ids=list(SOUND))
def test_what_is_no_fault_is_served(ran: Ran, number: int, label: str) -> None:
    """An odd but sound record is decided like any other."""
    assert ran.coordinate(2 * number) not in ran.quarantined, label
    assert ran.decision(2 * number, "p2") == "RELEASE_MINIMISED"


def test_neighbours_of_broken_records_are_unharmed(ran: Ran) -> None:
    """Every sound neighbour is released, and every line of the file is accounted for once."""
    count = len(BROKEN) + len(SOUND)
    assert all(ran.decision(2 * number + 1, "p2") == "RELEASE_MINIMISED" for number in range(count))
    assert {where for where, _, _ in ran.ledger} == {ran.coordinate(line) for line in range(2 * count)}
    assert len(ran.subjects) == count + len(SOUND)


def test_no_value_of_a_record_is_in_its_quarantine_row(ran: Ran, tmp_path: Path) -> None:
    """Rule ids say what was wrong in words of ours: nothing of the record is repeated."""
    text_of_rows = (ran.out / "quarantine.jsonl").read_text().lower()
    words = {*_SURNAMES, "delete", "yesterday", "last night", "p9", "thanks", "mood"}
    assert not [word for word in words if word.lower() in text_of_rows]
