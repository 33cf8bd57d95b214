"""What breaks the contract costs that record and nobody else (spec 6.1), through `land` and `validate` as they run."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.batches import Batch
from pipelines.context import Context, open_context
from pipelines.contracts import decode
from pipelines.errors import UsageError
from pipelines.settings import Settings
from pipelines.stages.land import land
from pipelines.stages.validate import Valid, validate
from pipelines.stores import ledger

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SOUND: dict[str, Any] = {
    "header": {
        "schema_version": "1.0",
        "source_system": "NICHE",
        "source_force": "13",
        "incident_id": "13/0001234/26",
        "version": 1,
        "change_type": "CREATE",
        "event_ts": "2026-11-20T21:10:00Z",
        "recorded_ts": "2026-11-20T22:05:00Z",
    },
    "offences": [{"ho_class": "8N", "title": "Assault with injury"}],
    "flags": {"domestic_abuse": "TRUE"},
    "persons": [
        {"person_ref": "p1", "roles": ["VICTIM"], "names": [{"surname": "Okafor", "given": ["Ngozi"]}]},
        {"person_ref": "p2", "roles": ["SUSPECT"], "dob": "1988-01-30"},
    ],
    "relations": [{"from_ref": "p1", "to_ref": "p2", "type": "SPOUSE"}],
    "narrative": [{"type": "OFFICER_NOTES", "text": "Two sentences. Nothing else."}],
}


def changed(change: Callable[[dict[str, Any]], Any], document: dict[str, Any] = SOUND) -> bytes:
    """A sound document with one change, as bytes."""
    document = copy.deepcopy(document)
    change(document)
    return json.dumps(document).encode()


def header(**fields: Any) -> bytes:
    """A sound document whose header has these fields; `...` takes one away."""

    def change(document: dict[str, Any]) -> None:
        for name, value in fields.items():
            document["header"].pop(name, None)
            if value is not ...:
                document["header"][name] = value

    return changed(change)


def nested(levels: int, kind: str = "[") -> bytes:
    """A sound document in which one unread field nests this deep, the document itself counted."""
    inner = {"[": ("[", "]"), "{": ('{"a":', "}"), "mixed": ('[{"a":', "}]")}[kind]
    count = (levels - 1) if kind != "mixed" else (levels - 1) // 2
    core = b"" if kind == "[" else b"1"
    value = inner[0].encode() * count + core + inner[1].encode() * count
    return json.dumps(SOUND).encode()[:-1] + b',"unread":' + value + b"}"


RAW = json.dumps(SOUND).encode()
COMPACT = json.dumps(SOUND, separators=(",", ":")).encode()


def people(count: int) -> bytes:
    """A sound document of this many persons."""
    return changed(
        lambda d: d["persons"].extend({"person_ref": f"x{n}", "roles": ["WITNESS"]} for n in range(count - 2))
    )


LANDED = {
    "blank": (b"", "land|blank"),
    "spaces": (b" \t ", "land|blank"),
    "not json": (b"hello", "land|strict_json"),
    "cut off": (RAW[:-40], "land|strict_json"),
    "two documents": (RAW + RAW, "land|strict_json"),
    "trailing comma": (RAW[:-1] + b",}", "land|strict_json"),
    "single quotes": (RAW.replace(b'"', b"'"), "land|strict_json"),
    "comment": (b"/* a */" + RAW, "land|strict_json"),
    "null bytes": (RAW.replace(b"Okafor", b"Oka\x00for"), "land|strict_json"),
    "not utf-8": (RAW.replace(b"Okafor", b"Ok\xe9for"), "land|strict_json"),
    "overlong utf-8": (RAW.replace(b"Okafor", b"Ok\xc0\xaffor"), "land|strict_json"),
    "utf-16": (RAW.decode().encode("utf-16"), "land|strict_json"),
    "surrogate in utf-8": (RAW.replace(b"Okafor", b"Ok\xed\xa0\x80for"), "land|strict_json"),
    "lone surrogate": (RAW.replace(b"Okafor", b"Ok\\ud83dfor"), "land|strict_json"),
    "lone low surrogate": (RAW.replace(b"Okafor", b"Ok\\ude00for"), "land|strict_json"),
    "surrogate in a key": (RAW[:-1] + b',"\\ud800":1}', "land|strict_json"),
    "bom": (b"\xef\xbb\xbf" + RAW, "land|strict_json"),
    "nan": (changed(lambda d: d.update(x=float("nan"))), "land|strict_json"),
    "infinity": (changed(lambda d: d.update(x=float("inf"))), "land|strict_json"),
    "minus infinity": (changed(lambda d: d.update(x=float("-inf"))), "land|strict_json"),
    "leading zero": (RAW.replace(b'"version": 1', b'"version": 01'), "land|strict_json"),
    "raw newline in a string": (RAW.replace(b"Okafor", b"Oka\nfor"), "land|strict_json"),
    "array": (b"[" + RAW + b"]", "land|object"),
    "string": (json.dumps(RAW.decode()).encode(), "land|object"),
    "null": (b"null", "land|object"),
    "number": (b"17", "land|object"),
    "key twice": (RAW[:-1] + b',"flags":{}}', "land|duplicate_keys"),
    "key twice, compact": (COMPACT[:-1] + b',"flags":{}}', "land|duplicate_keys"),
    "key twice, same value": (COMPACT[:-1] + b',"unread":1,"unread":1}', "land|duplicate_keys"),
    "key twice in a person": (RAW.replace(b'"dob"', b'"person_ref": "p2", "dob"'), "land|duplicate_keys"),
    "key twice in an unread field": (RAW[:-1] + b',"unread":[{"a":[{"b":1,"b":2}]}]}', "land|duplicate_keys"),
    "key twice by an escape": (COMPACT[:-1] + b',"f\\u006cags":{}}', "land|duplicate_keys"),
    "key twice by an escaped slash": (COMPACT[:-1] + b',"a/b":1,"a\\/b":1}', "land|duplicate_keys"),
    "key twice, and colons in its place": (COMPACT[:-1] + b',"unread":"\\u003a","unread":"::"}', "land|duplicate_keys"),
    "key twice, and colons escaped": (COMPACT[:-1] + b',"u":"\\u003a\\u003a\\u003a","v":1,"v":2}', "land|duplicate_keys"),
    "empty key twice": (COMPACT[:-1] + b',"":1,"":2}', "land|duplicate_keys"),
    "too large": (RAW[:-1] + b',"unread":"' + b"x" * (1 << 20) + b'"}', "land|size"),
    "33 levels of lists": (nested(33), "land|depth"),
    "33 levels of objects": (nested(33, "{"), "land|depth"),
    "33 levels of both": (nested(33, "mixed")[:-1] + b"}", "land|depth"),
    "900 levels": (nested(900), "land|depth"),
    "100000 levels": (nested(100_000), "land|strict_json"),
    "no header": (changed(lambda d: d.pop("header")), "land|schema_version"),
    "header is a list": (changed(lambda d: d.update(header=[d["header"]])), "land|schema_version"),
    "no schema version": (header(schema_version=...), "land|schema_version"),
    "schema version null": (header(schema_version=None), "land|schema_version"),
    "schema version 1.1": (header(schema_version="1.1"), "land|schema_version"),
    "schema version 1": (header(schema_version="1"), "land|schema_version"),
    "schema version a number": (header(schema_version=1.0), "land|schema_version"),
}  # fmt: skip

VALIDATED = {
    **{f"no {name}": (header(**{name: ...}), "header|shape")
       for name in ("source_system", "source_force", "incident_id", "version", "change_type", "recorded_ts")},
    **{f"{name} null": (header(**{name: None}), "header|shape")
       for name in ("source_system", "source_force", "incident_id", "version", "change_type", "recorded_ts")},
    **{f"{name} a number": (header(**{name: 13}), "header|shape")
       for name in ("source_system", "source_force", "incident_id", "change_type", "recorded_ts")},
    **{f"{name} blank": (header(**{name: " "}), "header|missing") for name in ("source_system", "source_force", "incident_id")},
    "version text": (header(version="1"), "header|shape"),
    "version true": (header(version=True), "header|shape"),
    "version half": (header(version=1.5), "header|shape"),
    "version huge": (header(version=2**70), "header|shape"),
    "version 0": (header(version=0), "header|version"),
    "version -1": (header(version=-1), "header|version"),
    "event time a number": (header(event_ts=20261120), "header|shape"),
    "recorded without zone": (header(recorded_ts="2026-11-20T22:05:00"), "header|timestamp_zone"),
    "recorded no time": (header(recorded_ts="2026-11-20"), "header|timestamp_zone"),
    "recorded impossible": (header(recorded_ts="2026-02-30T22:05:00Z"), "header|timestamp_zone"),
    "recorded at 25": (header(recorded_ts="2026-11-20T25:05:00Z"), "header|timestamp_zone"),
    "recorded empty": (header(recorded_ts=""), "header|timestamp_zone"),
    "recorded by week": (header(recorded_ts="2026-W47-5T22:05:00Z"), "header|timestamp_zone"),
    "recorded by day of the year": (header(recorded_ts="2026-324T22:05:00Z"), "header|timestamp_zone"),
    "recorded without dashes": (header(recorded_ts="20261120T220500Z"), "header|timestamp_zone"),
    "recorded with a zone's name": (header(recorded_ts="2026-11-20T22:05:00 Europe/London"), "header|timestamp_zone"),
    "recorded in other digits": (header(recorded_ts="2026-11-2٠T22:05:00Z"), "header|timestamp_zone"),
    "recorded at any separator": (header(recorded_ts="2026-11-20x22:05:00Z"), "header|timestamp_zone"),
    "recorded words": (header(recorded_ts="yesterday at nine"), "header|timestamp_zone"),
    "event without zone": (header(event_ts="2026-11-20T21:10:00"), "header|timestamp_zone"),
    "event empty": (header(event_ts=""), "header|timestamp_zone"),
    "recorded a day and more before": (header(event_ts="2026-11-21T22:05:01Z"), "header|recorded_before_event"),
    "change type unknown": (header(change_type="DELETE"), "header|change_type"),
    "change type small": (header(change_type="create"), "header|change_type"),
    "change type empty": (header(change_type=""), "header|change_type"),
    "persons absent, relations not": (changed(lambda d: d.pop("persons")), "relations|person_not_there"),
    "persons text": (changed(lambda d: d.update(persons="p1")), "persons|shape"),
    "persons an object": (changed(lambda d: d.update(persons={"p1": {}})), "persons|shape"),
    "a person is text": (changed(lambda d: d["persons"].append("p3")), "persons|ref"),
    "a person is null": (changed(lambda d: d["persons"].append(None)), "persons|ref"),
    "ref absent": (changed(lambda d: d["persons"].append({"roles": ["VICTIM"]})), "persons|ref"),
    "ref null": (changed(lambda d: d["persons"].append({"person_ref": None, "roles": ["VICTIM"]})), "persons|ref"),
    "ref a number": (changed(lambda d: d["persons"].append({"person_ref": 3, "roles": ["VICTIM"]})), "persons|ref"),
    "ref empty": (changed(lambda d: d["persons"].append({"person_ref": "", "roles": ["VICTIM"]})), "persons|roles"),
    "ref repeated": (changed(lambda d: d["persons"][1].update(person_ref="p1")), "persons|repeated_ref"),
    "roles absent": (changed(lambda d: d["persons"][1].pop("roles")), "persons|roles"),
    "roles null": (changed(lambda d: d["persons"][1].update(roles=None)), "persons|roles"),
    "roles empty": (changed(lambda d: d["persons"][1].update(roles=[])), "persons|roles"),
    "roles text": (changed(lambda d: d["persons"][1].update(roles="SUSPECT")), "persons|roles"),
    "roles an object": (changed(lambda d: d["persons"][1].update(roles={"0": "SUSPECT"})), "persons|roles"),
    "201 persons": (people(201), "persons|too_many"),
    "relation from nobody": (changed(lambda d: d["relations"][0].update(from_ref="p9")), "relations|person_not_there"),
    "relation to nobody": (changed(lambda d: d["relations"][0].update(to_ref="P1")), "relations|person_not_there"),
    "relation without end": (changed(lambda d: d["relations"][0].pop("to_ref")), "relations|shape"),
    "a flag of more than 64 bits": (changed(lambda d: d["flags"].update(hba=2**64)), "flags|shape"),
    "a flag that holds one": (changed(lambda d: d["flags"].update(hba=[{"a": -(2**63) - 1}])), "flags|shape"),
    "another flag of more than 64 bits": (
        changed(lambda d: d.update(non_crime_da_incident=10**40)), "non_crime_da_incident|shape"),
    "a property number of more than 64 bits": (changed(lambda d: d.update(locations=[{"uprn": 2**64}])), "locations|shape"),
    "relations an object": (changed(lambda d: d.update(relations={})), "relations|shape"),
}  # fmt: skip
FAULTS = LANDED | VALIDATED

HARMLESS = {
    "32 levels": nested(32),
    "32 levels of objects": nested(32, "{"),
    "brackets in a string": changed(lambda d: d.update(unread="[" * 500 + '"{' * 90)),
    "brackets and quotes in strings": changed(lambda d: d.update(unread=['["', '"]', "\\", '\\"[', "]"] * 40)),
    "wide, not deep": changed(lambda d: d.update(unread=[[[1]], {"a": {}}] * 200)),
    "200 persons": people(200),
    "colons in text": changed(lambda d: d["narrative"][0].update(text='He said: "a": 1, "a": 2 \\u003a :')),
    "an escaped colon": COMPACT[:-1] + b',"unread":"\\u003a"}',
    "the same key in two objects": changed(lambda d: d.update(unread=[{"a": 1}, {"a": 1}, {"A": 1, "a": 1}])),
    "a pair of surrogates": RAW.replace(b"Okafor", b"Ok\\ud83d\\ude00for"),
    "pretty": json.dumps(SOUND, indent=4).encode(),
    "white space around": b"\r\n " + RAW + b" \t",
    "large numbers": changed(lambda d: d.update(unread=[10**300, -(2**80), 1e-320])),
    "flags of 64 bits": changed(lambda d: d["flags"].update(hba=2**64 - 1, fgm=[-(2**63)])),
    "a property number of 64 bits": changed(lambda d: d.update(locations=[{"uprn": 2**64 - 1}])),
    "hostile strings": changed(lambda d: d["persons"][0]["names"][0].update(surname="'; DROP TABLE mention;-- {{x}} ${jndi:a} <b>%s\u202e\u0007")),
    "event absent": header(event_ts=...),
    "event null": header(event_ts=None),
    "recorded just a day before": header(event_ts="2026-11-21T22:05:00Z"),
    "recorded in another zone": header(recorded_ts="2026-11-21T00:05:00+02:00"),
    "null sections": changed(lambda d: d.update(relations=None, flags=None, offences=None, narrative=None)),
    "empty sections": changed(lambda d: d.update(relations=[], flags={}, offences=[], narrative=[], locations=[])),
    "nobody": changed(lambda d: d.update(persons=[], relations=[])),
    "persons absent": changed(lambda d: (d.pop("persons"), d.pop("relations"))),
    "persons null": changed(lambda d: d.update(persons=None, relations=None)),
    "no seconds": header(recorded_ts="2026-11-20T22:05Z"),
    "fractions of seconds": header(recorded_ts="2026-11-20T22:05:00.1234567+00:00"),
    "small letters in a time": header(recorded_ts="2026-11-20t22:05:00z"),
    "a role nobody knows": changed(lambda d: d["persons"][1].update(roles=["suspect"])),
    "roles that are no text": changed(lambda d: d["persons"][1].update(roles=["SUSPECT", None, 3])),
    "a relation with oneself": changed(lambda d: d["relations"][0].update(to_ref="p1")),
}  # fmt: skip


@pytest.fixture
def ctx(tmp_path: Path) -> Any:
    """Stores of their own, a fixed clock and seed."""
    with open_context(Settings.from_env({"CORDON_HOME": str(tmp_path)}), now=NOW, seed=1) as opened:
        yield opened


def through(ctx: Context, raws: list[bytes], topic: str = "in") -> tuple[Batch, dict[int, list[str]], Valid]:
    """Lands and validates records: (batch, rules broken by offset, what goes on)."""
    batch = Batch(topic, 0, 0, len(raws) - 1)
    land(ctx, batch, list(enumerate(raws)))
    validate(ctx, batch)
    with ctx.db.connect() as conn:
        return batch, ledger.quarantined_offsets(conn, batch), ctx.vault.get(f"valid/{batch}", Valid)


def test_every_contract_fault_costs_its_own_record(ctx: Context) -> None:
    """Each fault is quarantined under its rule, between neighbours that go on unharmed, and again is harmless."""
    raws = [RAW]
    for n, (raw, _) in enumerate(FAULTS.values()):
        raws += [raw, header(incident_id=f"13/{n}/26")]
    batch, quarantined, valid = through(ctx, raws)
    broken = {1 + 2 * n: rule for n, (_, rule) in enumerate(FAULTS.values())}
    assert {offset: rules[:1] for offset, rules in quarantined.items()} == {o: [rule] for o, rule in broken.items()}
    assert valid.offsets == list(range(0, len(raws), 2))
    assert all(len(incident.persons) == 2 for incident in valid.incidents)
    assert not valid.faults
    again = land(ctx, batch, list(enumerate(raws)))
    assert (again["new"], again["quarantined"]) == (0, len(FAULTS))
    assert validate(ctx, batch) == {}
    with ctx.db.connect() as conn:
        assert ledger.quarantined_offsets(conn, batch) == quarantined


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_alone_too(name: str) -> None:
    """What a record breaks does not depend on its neighbours; the first rule named is the one meant."""
    raw, rule = FAULTS[name]
    verdict = decode.strict(raw)
    stage = LANDED
    if not isinstance(verdict, decode.Rejected):
        stage, verdict = VALIDATED, decode.typed(raw)
    assert isinstance(verdict, decode.Rejected)
    assert verdict.rules[0] == rule
    assert name in stage


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_no_fault_goes_on(name: str) -> None:
    """Odd but lawful records are not quarantined: what nobody reads cannot break the contract."""
    raw = HARMLESS[name]
    assert isinstance(decode.strict(raw), dict)
    assert isinstance(decode.typed(raw), decode.Accepted)


def test_other_bytes_under_a_coordinate_are_refused(ctx: Context) -> None:
    """A source that rewrites its past is refused by coordinate, and what was landed stays as it was."""
    batch, quarantined, _ = through(ctx, [RAW, b"{", RAW])
    with pytest.raises(UsageError, match=r"in\[0\]@1"):
        land(ctx, batch, [(0, RAW), (1, RAW), (2, RAW)])
    with ctx.db.connect() as conn:
        assert ledger.quarantined_offsets(conn, batch) == quarantined


RISKY = {"risk": {"tool": "DASH", "score": 14}}


@pytest.mark.parametrize(
    ("raw", "rules"),
    [
        (changed(lambda d: (d["persons"][0].update(RISKY), d["header"].pop("version"))), {"alert|high_risk_in_quarantine"}),
        (changed(lambda d: (d["persons"][0].update(risk={"level": "HIGH"}), d.update(relations={}))), {"alert|high_risk_in_quarantine"}),
        (changed(lambda d: (d["persons"][0].update(risk={"score": "18"}), d["header"].pop("version"))), {"alert|high_risk_in_quarantine"}),
        (b"\xef\xbb\xbf" + changed(lambda d: d["persons"][0].update(RISKY)), {"alert|high_risk_in_quarantine"}),
        (changed(lambda d: (d["persons"][0].update(risk={"score": 13}), d["header"].pop("version"))), set()),
        (changed(lambda d: (d["persons"][0].update(risk={"score": True}), d["header"].pop("version"))), set()),
        (changed(lambda d: (d["persons"][0].update(risk=[14]), d["header"].pop("version"))), set()),
        (b"hello", {"alert|undecodable"}),
        (b"[1]", {"alert|undecodable"}),
        (b"   ", set()),
    ],
)  # fmt: skip
def test_alerts_of_the_quarantine(ctx: Context, raw: bytes, rules: set[str]) -> None:
    """Risk that can still be read in a broken record, and bytes that cannot be read at all, alert a human (6.5, 6.6)."""
    through(ctx, [RAW, raw, RAW])
    with ctx.db.connect() as conn:
        assert {(row["rule"], row["coordinate"]) for row in ledger.alert_rows(conn)} == {(r, "in[0]@1") for r in rules}


# ---- properties -------------------------------------------------------------------------------------------------


class Members(list[tuple[str, Any]]):
    """An object as its members in order, so that a key may stand twice."""


_KEYS = st.sampled_from(["a", "b", ":", '"', "\\", "é", "a:", "[", "}", ""])
_VALUES: Any = st.recursive(
    st.sampled_from([None, True, 1, -2.5, "", ":", '"', "\\", '\\"', "[", "]]", "{", "}", ":::", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(_KEYS, inner), max_size=3).map(Members),
    max_leaves=25,
)


def written(value: Any, style: tuple[str, str, bool]) -> str:
    """JSON text of a value in a style: what follows a comma, what follows a colon, whether ASCII only."""
    comma, colon, escaped = style
    if isinstance(value, Members):
        parts = (f"{json.dumps(key, ensure_ascii=escaped)}:{colon}{written(inner, style)}" for key, inner in value)
        return "{" + f",{comma}".join(parts) + "}"
    if isinstance(value, list):
        return "[" + f",{comma}".join(written(inner, style) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=escaped)


def has_a_key_twice(value: Any) -> bool:
    """The plain reading of "duplicate keys at any depth"."""
    if isinstance(value, Members):
        keys = [key for key, _ in value]
        return len(set(keys)) != len(keys) or any(has_a_key_twice(inner) for _, inner in value)
    return isinstance(value, list) and any(has_a_key_twice(inner) for inner in value)


def depth_of(value: Any) -> int:
    """The plain reading of "levels"."""
    if isinstance(value, Members):
        return 1 + max((depth_of(inner) for _, inner in value), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@settings(max_examples=300, deadline=None)
@given(_VALUES, st.sampled_from([("", "", True), (" ", " ", True), ("", "", False), ("\n", "\t", False)]))
@example(Members([("a", ":"), ("a", 1)]), ("", "", False))
def test_a_key_twice_is_never_missed(value: Any, style: tuple[str, str, bool]) -> None:
    """Whatever a record holds and however it is written, it is called a repetition exactly when a key is repeated."""
    raw = RAW[:-1] + b',"unread":' + written(value, style).encode() + b"}"
    verdict = decode.strict(raw)
    assert isinstance(verdict, decode.Rejected) == has_a_key_twice(value)
    if isinstance(verdict, decode.Rejected):
        assert verdict.rules == ("land|duplicate_keys",)


@settings(max_examples=200, deadline=None)
@given(_VALUES, st.integers(20, 40), st.lists(st.booleans(), min_size=40, max_size=40), st.booleans())
def test_depth_is_counted_exactly(value: Any, levels: int, lists: list[bool], aside: bool) -> None:
    """32 levels go on and 33 do not, whatever mixture they are and whatever the strings beside them hold."""
    for is_list in lists[:levels]:
        value = (
            [value, "[[{"] if is_list else Members([("]", "}}"), ("k", value), ("l", [])] if aside else [("k", value)])
        )
    if has_a_key_twice(value):
        return
    raw = RAW[:-1] + b',"unread":' + written(value, ("", "", True)).encode() + b"}"
    verdict = decode.strict(raw)
    assert isinstance(verdict, decode.Rejected) == (1 + depth_of(value) > decode.MAX_DEPTH)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(RAW)), st.integers(0, 30))
def test_any_bytes_get_an_answer(noise: bytes, at: int, cut: int) -> None:
    """Damage anywhere in a record never raises an error: it is read, or it is rejected by rule."""
    raw = RAW[:at] + noise + RAW[at + cut :]
    verdict: Any = decode.strict(raw)
    if not isinstance(verdict, decode.Rejected):
        verdict = decode.typed(raw)
    assert verdict.rules if isinstance(verdict, decode.Rejected) else verdict.incident.persons is not None
    decode.shows_high_risk(decode.what_can_be_read(raw))
