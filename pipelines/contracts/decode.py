"""Bytes to `Incident`, strictly; what fails is named by rule and path, never by value (spec 6.1, 6.2).

A *contract* fault rejects the whole record. A bad value *inside a person* costs only that person: what can be read of
them is kept (their other names still protect them), what cannot is dropped and listed as a fault.

The happy path is one generic and one typed decode per record, both in C; the slow paths run only for broken records.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, get_args

import msgspec
import orjson

from pipelines.contracts.codes import ChangeType
from pipelines.contracts.incident import Header, Incident, Person

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_PERSONS = 200
SCHEMA_VERSION = "1.0"
_A_DAY = timedelta(days=1)
_CHANGE_TYPES = frozenset(ChangeType)

_decode_incident = msgspec.json.Decoder(Incident).decode
_KNOWN = {kind: frozenset(kind.__struct_fields__) for kind in (Incident, Header, Person)}
_SECTIONS = tuple(name for name in Incident.__struct_fields__ if name not in ("header", "persons"))
#: Fields the contract lists and no rule reads: known, so not counted as unknown, and never forwarded.
_DECLARED = {
    Incident: _KNOWN[Incident] | {"nsir_codes", "objects", "handling", "provenance"},
    Header: _KNOWN[Header] | {"crime_ref", "cad_ref", "supersedes_version", "sent_ts", "report_channel"},
    Person: _KNOWN[Person]
    | {
        "gender",
        "ethnicity_self",
        "ethnicity_officer",
        "religion",
        "nationality",
        "country_of_birth",
        "social",
        "occupation",
        "employer",
        "school_name",
    },
}


class Accepted(NamedTuple):
    """A record that keeps the contract. `faults` maps a person's index to the rules their data broke."""

    incident: Incident
    faults: dict[int, tuple[str, ...]]


class Rejected(NamedTuple):
    """A record that breaks the contract, and the rules it breaks."""

    rules: tuple[str, ...]


def strict(raw: bytes) -> dict[str, Any] | Rejected:
    """Reads one record as strict JSON of a known schema version. Never raises for any input."""
    if len(raw) > MAX_BYTES:
        return Rejected(("land|size",))
    if not raw.strip():
        return Rejected(("land|blank",))
    try:
        document = orjson.loads(raw)
    except (ValueError, RecursionError):
        return Rejected(("land|strict_json",))
    if not isinstance(document, dict):
        return Rejected(("land|object",))
    if _may_repeat_keys(raw, document) and _repeats_keys(raw):
        return Rejected(("land|duplicate_keys",))
    if _deeper_than_allowed(raw):
        return Rejected(("land|depth",))
    header = document.get("header")
    if not isinstance(header, dict) or header.get("schema_version") != SCHEMA_VERSION:
        return Rejected(("land|schema_version",))
    return document


def typed(raw: bytes) -> Accepted | Rejected:
    """Reads one record that `strict` let pass as an `Incident` that keeps the contract. Never raises for any input."""
    faults: dict[int, tuple[str, ...]] = {}
    try:
        incident = _decode_incident(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = what_can_be_read(raw)
        lenient = _decode_leniently(document or {})
        if isinstance(lenient, Rejected):
            return lenient
        incident, faults = lenient
    broken = _contract_rules(incident)
    if broken:
        return Rejected(broken)
    return Accepted(incident, faults)


# ---- strict JSON ------------------------------------------------------------------------------------------------


def _may_repeat_keys(raw: bytes, document: Any) -> bool:
    """Whether a key might be repeated.

    A repeated key vanishes when parsed. So a record that is, byte for byte, its own document written out again has
    none; that is how most systems write. Of any other, the colons are counted: a vanished key takes one with it, unless
    one was written as an escape.
    """
    try:
        written = orjson.dumps(document)
    except orjson.JSONEncodeError:
        return True
    return written != raw and (b"\\u003" in raw or raw.count(b":") != written.count(b":"))


def _repeats_keys(raw: bytes) -> bool:
    class Repeated(Exception):
        pass

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise Repeated
        return members

    try:
        json.loads(raw, object_pairs_hook=check)
    except Repeated:
        return True
    except (ValueError, RecursionError):
        return True
    return False


_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_MARKS = bytes(set(range(256)) - set(b'{}[]"'))


def _deeper_than_allowed(raw: bytes) -> bool:
    """Whether a record (valid JSON) nests deeper than 32 levels.

    Only its quotes and brackets are looked at. Where no string holds a bracket, quotes stand in pairs and go; and 32
    levels cannot be passed by fewer than 66 brackets. The innermost pairs are taken away level by level until so few
    are left.
    """
    marks = _without_escapes(raw).translate(_SQUARE, _NO_MARKS).replace(b'""', b"")
    if b'"' in marks:
        marks = b"".join(marks.split(b'"')[::2])
    for level in range(MAX_DEPTH + 1):
        if len(marks) <= 2 * (MAX_DEPTH - level):
            return False
        marks = marks.replace(b"[]", b"")
    return True


def _without_escapes(raw: bytes) -> bytes:
    if b"\\" not in raw:
        return raw
    return raw.replace(b"\\\\", b"").replace(b'\\"', b"")


def what_can_be_read(raw: bytes) -> dict[str, Any] | None:
    """A forgiving look at bytes that break the contract, only to protect the people in them (spec 6.5)."""
    text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    try:
        document = json.loads(text, strict=False)
        return _without_surrogates(document) if isinstance(document, dict) else None
    except (ValueError, RecursionError):
        return None


def _without_surrogates(value: Any) -> Any:
    """Half a surrogate pair is no character: it cannot be stored or compared."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(part) for part in value]
    return value


# ---- the contract -----------------------------------------------------------------------------------------------


_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})"
)


@lru_cache(maxsize=65536)
def instant(text: str | None) -> datetime | None:
    """The moment an RFC 3339 timestamp names, or None if it is none, has no zone, or no other zone could name it.

    Seconds and the colon of the zone may be left out; the other forms of ISO 8601 (weeks, days of the year) may not be
    used.
    """
    text = text.upper() if text is not None else ""
    if not _TIMESTAMP.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (
            moment if moment.tzinfo is not None and moment.utcoffset() is not None and 1 < moment.year < 9999 else None
        )
    except (ValueError, OverflowError):
        return None


def _contract_rules(incident: Incident) -> tuple[str, ...]:
    """The contract rules a typed incident breaks (spec 6.1), all of them."""
    header, persons = incident.header, incident.persons
    broken = []
    if header.schema_version != SCHEMA_VERSION:
        broken.append("header|schema_version")
    if not (header.source_system.strip() and header.source_force.strip() and header.incident_id.strip()):
        broken.append("header|missing")
    if header.version < 1:
        broken.append("header|version")
    if header.change_type not in _CHANGE_TYPES:
        broken.append("header|change_type")
    recorded = instant(header.recorded_ts)
    event = instant(header.event_ts)
    if recorded is None or (header.event_ts is not None and event is None):
        broken.append("header|timestamp_zone")
    elif event is not None and recorded < event - _A_DAY:
        broken.append("header|recorded_before_event")
    if len(persons) > MAX_PERSONS:
        broken.append("persons|too_many")
    refs = {person.person_ref for person in persons}
    if len(refs) != len(persons):
        broken.append("persons|repeated_ref")
    if not all(person.roles and person.person_ref for person in persons):
        broken.append("persons|roles")
    if incident.relations and not all(r.from_ref in refs and r.to_ref in refs for r in incident.relations):
        broken.append("relations|person_not_there")
    broken += _too_large_to_store(incident)
    return tuple(broken)


#: What stands where the contract lets anything stand, but for odd records.
_ORDINARY = frozenset({str, bool, type(None)})


def _too_large_to_store(incident: Incident) -> Iterator[str]:
    """Sections with a number of more than 64 bits where any value may stand: it could not be handed to the next stage."""
    for name, values in (
        ("flags", (*(incident.flags or {}).values(),)),
        ("non_crime_da_incident", (incident.non_crime_da_incident,)),
        ("locations", (*[place.uprn for place in incident.locations or ()],)),
    ):
        if not _ORDINARY.issuperset(map(type, values)):
            try:
                msgspec.msgpack.encode(values)
            except OverflowError:
                yield f"{name}|shape"


def count_unknown(document: dict[str, Any]) -> int:
    """How many fields of a sound record the contract does not list."""
    count = _unlisted(Incident, (*document,)) + _unlisted(Header, (*document["header"],))
    persons = document.get("persons")
    if isinstance(persons, list):
        for person in persons:
            if isinstance(person, dict):
                count += _unlisted(Person, (*person,))
    return count


@lru_cache(maxsize=4096)
def _unlisted(kind: type[msgspec.Struct], names: tuple[str, ...]) -> int:
    return len(set(names) - _DECLARED[kind])


# ---- the slow path: keep the rest of a person whose data is partly unreadable -----------------------------------


def _decode_leniently(document: dict[str, Any]) -> tuple[Incident, dict[int, tuple[str, ...]]] | Rejected:
    try:
        header = msgspec.convert(document.get("header"), Header)
    except (msgspec.ValidationError, OverflowError):
        return Rejected(("header|shape",))
    persons = document.get("persons")
    if persons is None:  # absent, like everything that is not required
        persons = []
    if not isinstance(persons, list):
        return Rejected(("persons|shape",))
    readable: list[Person] = []
    faults: dict[int, tuple[str, ...]] = {}
    for index, value in enumerate(persons):
        if not isinstance(value, dict) or not isinstance(value.get("person_ref"), str):
            return Rejected(("persons|ref",))
        roles = value.get("roles")
        if not isinstance(roles, list) or not roles:
            return Rejected(("persons|roles",))
        person, broken = readable_person(value)
        readable.append(person)
        if broken:
            faults[index] = broken
    sections = {}
    for name in _SECTIONS:
        if document.get(name) is None:
            continue
        try:
            sections[name] = msgspec.convert(document[name], _field_type(Incident, name))
        except (msgspec.ValidationError, OverflowError):
            return Rejected((f"{name}|shape",))
    return Incident(header=header, persons=readable, **sections), faults


def readable_person(value: dict[str, Any]) -> tuple[Person, tuple[str, ...]]:
    """What can be read of a person, and the paths (as `person|field.field`) of what cannot."""
    broken: list[str] = []
    fields = _readable_fields(value, Person, "person|", broken)
    fields["person_ref"] = value["person_ref"] if isinstance(value.get("person_ref"), str) else ""
    roles = value.get("roles")
    fields["roles"] = [role if isinstance(role, str) else "" for role in roles] if isinstance(roles, list) else []
    if not fields["roles"]:
        fields["roles"] = [""]
    return Person(**fields), tuple(dict.fromkeys(broken))


def _readable_fields(value: dict[str, Any], kind: type[msgspec.Struct], at: str, broken: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name in kind.__struct_fields__:
        part = value.get(name)
        if part is None:
            continue
        expected = _field_type(kind, name)
        try:
            fields[name] = msgspec.convert(part, expected)
        except (msgspec.ValidationError, OverflowError):
            broken.append(f"{at}{name}")
            kept = _readable_part(part, expected, f"{at}{name}.", broken)
            if kept is not None:
                fields[name] = kept
    return fields


def _readable_part(part: Any, expected: Any, at: str, broken: list[str]) -> Any:
    """An unreadable section becomes an empty one, not an absent one: absence would lower what it says (spec 6.7)."""
    inner = next((t for t in get_args(expected) if t is not type(None)), expected)
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        return inner(**_readable_fields(part if isinstance(part, dict) else {}, inner, at, broken))
    if getattr(inner, "__origin__", None) is list and isinstance(part, list):
        kind = get_args(inner)[0]
        kept = []
        for item in part:
            try:
                kept.append(msgspec.convert(item, kind))
            except (msgspec.ValidationError, OverflowError):
                if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                    kept.append(_readable_part(item, kind, at, broken))
        return kept
    return None


@lru_cache(maxsize=256)
def _field_type(kind: type[msgspec.Struct], name: str) -> Any:
    return next(field.type for field in msgspec.structs.fields(kind) if field.name == name)


# ---- people and risk in records that were rejected --------------------------------------------------------------


def shows_high_risk(document: dict[str, Any] | None) -> bool:
    """Whether a rejected record parses far enough to show risk HIGH or a DASH score of 14 or more (spec 6.6)."""
    for person in _dicts((document or {}).get("persons")):
        risk = person.get("risk")
        if isinstance(risk, dict):
            score = risk.get("score")
            if risk.get("level") == "HIGH":
                return True
            if isinstance(score, int | float | str) and not isinstance(score, bool) and _number(score) >= 14:
                return True
    return False


def _number(value: float | str) -> float:
    try:
        return float(value)
    except (ValueError, OverflowError):
        return 0.0


def _dicts(value: Any) -> Iterable[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
