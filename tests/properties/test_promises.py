"""The promises of spec 1, tried on small histories: order independence, conservation, closed outputs, monotonicity, noninterference, fail closed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.context import open_context
from pipelines.resolve import decide, effective, load
from pipelines.sources.synthetic import generate
from tests.properties import checks
from tests.properties.histories import CAST, RELATIONS, UNREADABLE, broken, examples, histories, parsed, records
from tests.world import DOUBT, OFFENCE, Document, World, encoded, incident, name, person

pytestmark = pytest.mark.slow

NewWorld = Callable[..., World]
NOW = "2026-11-23T09:00:00Z"


def outcome(world: World) -> dict[tuple[bytes, str, str], set[str]]:
    """The last decisions on whoever stands in a highest version: (line, person, recipient) to what was decided, as text."""
    found: dict[tuple[bytes, str, str], set[str]] = {}
    sent = lines(world)
    headers = {
        where: json.loads(raw)["header"] for where, raw in sent.items() if where not in world.runs[-1].quarantined
    }
    top: dict[str, int] = {}
    for header in headers.values():
        top[header["incident_id"]] = max(header["version"], top.get(header["incident_id"], 0))
    for (where, ref, recipient), row in world.final.items():
        if headers[where]["version"] == top[headers[where]["incident_id"]]:
            told = {field: row[field] for field in ("decision", "standing", "protections", "evidence")}
            found.setdefault((sent[where], ref, recipient), set()).add(json.dumps(told))
    return found


def lines(world: World) -> dict[str, bytes]:
    """Everything sent to a world, by coordinate."""
    found = {}
    for number, ran in enumerate(world.runs):
        content = (world.folder / f"in{number}" / ran.file).read_bytes()
        found |= {ran.coordinate(line): raw for line, raw in enumerate(content.split(b"\n")[:-1])}
    return found


def no_version_twice(history: list[bytes]) -> bool:
    """Whether each version of an incident came as one record."""
    keys = [(r["header"]["incident_id"], r["header"]["version"]) for r in map(parsed, history) if r]
    return len(set(keys)) == len(keys)


def contents(world: World) -> Counter[str]:
    """What stands with enforcement, without ids and days."""
    return Counter(json.dumps([m["subject"], m["offence"]]) for m in world.standing)


def latest_referrals(world: World) -> dict[tuple[str, str, str], str]:
    """The latest referral per person and incident, by the recipient's own key of the person."""
    found = {}
    for ran in world.runs:
        for row in ran.rows("safeguarding.referrals.v1.jsonl"):
            value = row["value"]
            found[value["source_force"], value["incident_id"], row["key"]] = json.dumps(value)
    return found


def assert_sound(world: World) -> None:
    """What must hold of every world."""
    last = world.runs[-1]
    entries = [(*key, state) for key, state in last.ledger.items()]
    assert checks.open_outputs(ran.enforcement for ran in world.runs) == []
    assert checks.unaccounted(lines(world), last.quarantined, entries) == []
    assert checks.contradictions(world.final, last.ledger) == []
    assert checks.forbidden_decisions(world.final.values()) == []
    for message in world.standing:
        assert "Yusuf" in str(message) or message["subject"]["surname"] in {
            p["names"][0]["surname"] for p in CAST.values()
        }


def assert_up_to_date(world: World, history: list[bytes], size: int) -> None:
    """Runs a history in small batches and compares what is recorded of everybody with what would be decided now."""
    world.run(history, batch_size=size, release=False)
    with open_context(world.settings(), now=datetime.fromisoformat(NOW), seed=7) as ctx, ctx.db.connect() as conn:
        rows = load(conn, "1 = 1")
        carried = ctx.registry.protections(conn, rows["component"])
        outcome = decide(rows, effective(rows), carried, ctx.policy, set())
    known = [(rows.text("protections")[i], rows.text("fired")[i]) for i in outcome.rows.tolist()]
    assert known == list(zip(outcome.protections.tolist(), outcome.fired.tolist(), strict=True))


def _alone(key: str, role: str, surname: str, number: str | None = None, **fields: Any) -> Document:
    return incident(key, person("p1", role, names=[name(surname, "Sara")], nominal_id=number, **fields))


#: A victim and a suspect whom nothing links, until a later record is like both; a broken record that a sound one replaces;
#: and someone who is named otherwise in the next version.
LATE_LINKS = [
    encoded(record)
    for records_of in (
        [
            _alone("L1", "VICTIM", "Oduya", "N901"),
            _alone("L2", "SUSPECT", "Brankovic", dob="1990-10-10", immigration=OFFENCE),
        ],
        [_alone(f"L{n}", "MENTIONED", f"Szczepanek{'abcdefghij'[n % 10]}{n}") for n in range(3, 60)],
        [_alone("L60", "MENTIONED", "Brankovic", "N901", dob="1990-10-10")],
        [
            _alone("L61", "SUSPECT", "Quisling", "N902", immigration=OFFENCE),
            _alone("L62", "MENTIONED", "Quisling", "N902") | {"relations": [{"from_ref": "p1", "to_ref": "nobody"}]},
        ],
        [_alone(f"L{n}", "MENTIONED", f"Szczepanek{'abcdefghij'[n % 10]}{n}") for n in range(63, 120)],
        [_alone("L62", "MENTIONED", "Quisling", "N902")],
        [
            _alone("L120", "VICTIM", "Vandersteen", "N903"),
            incident("L121", person("p1", "SUSPECT", names=[name("Featherstone", "Ann")], immigration=OFFENCE)),
            _alone("L122", "MENTIONED", "Featherstone", None)
            | {"persons": [person("p1", "MENTIONED", names=[name("Featherstone", "Ann")], nominal_id="N904")]},
        ],
        [_alone(f"L{n}", "MENTIONED", f"Szczepanek{'abcdefghij'[n % 10]}{n}") for n in range(123, 180)],
        [incident("L120", person("p1", "VICTIM", names=[name("Featherstone", "Ann")], nominal_id="N904"), version=2)],
    )
    for record in records_of
]


# ---- order independence, conservation, closed outputs -------------------------------------------------------------


@examples(22)
@given(data=st.data(), history=histories())
def test_order_duplicates_batches_and_runs_do_not_matter(
    new_world: NewWorld, data: st.DataObject, history: list[bytes]
) -> None:
    """Any order, duplication, batching and splitting over runs within the embargo gives the same decisions and outputs."""
    straight = new_world()
    straight.run(history)
    assert_sound(straight)

    shuffled = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history), max_size=2))))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(shuffled) - 1)), max_size=2)))
    size = data.draw(st.sampled_from([1, 2, 20_000]))
    other = new_world()
    parts = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    for number, part in enumerate(parts):
        other.run(part, batch_size=size, release=number == len(parts) - 1)
    assert_sound(other)
    assert outcome(other) == outcome(straight)
    assert other.runs[-1].enforcement == straight.runs[-1].enforcement
    # Referrals go at once: one made from a version that was the highest then is not called back. Who is referred in the end
    # got the same one last.
    assert latest_referrals(other).items() >= latest_referrals(straight).items()


@examples(30)
@given(history=histories(least=2, most=8), size=st.sampled_from([1, 2, 3]))
def test_who_is_not_decided_again_would_be_decided_the_same(
    new_world: NewWorld, history: list[bytes], size: int
) -> None:
    """Batch after batch, everybody's protections and rules are those that all facts together give them."""
    assert_up_to_date(new_world(), history, size)


@pytest.mark.parametrize("seed", [1, 2])
def test_long_chains_are_decided_again_where_it_matters(new_world: NewWorld, seed: int) -> None:
    """Where a thousand incidents name namesakes, and chains of them meet, those who gain or lose by it are decided again."""
    assert_up_to_date(new_world(), [*generate(1000, seed, faults=0.1), *LATE_LINKS], 60)


@examples(20)
@given(data=st.data(), history=histories(least=2))
def test_releases_in_between_leave_the_same_things_standing(
    new_world: NewWorld, data: st.DataObject, history: list[bytes]
) -> None:
    """However often was released in between, the same subjects stand in the end, and the rest was taken back."""
    straight = new_world()
    straight.run(history)
    other = new_world()
    cut = data.draw(st.integers(1, len(history) - 1))
    other.run(history[:cut], now="2026-11-01T09:00:00Z")
    other.run(history[cut:], now="2026-11-12T09:00:00Z")
    other.later(NOW)
    assert_sound(other)
    assert contents(other) == contents(straight)
    assert {k: {json.loads(v)["decision"] for v in vs} for k, vs in outcome(other).items()} == {
        k: {json.loads(v)["decision"] for v in vs} for k, vs in outcome(straight).items()
    }


@examples(15)
@given(history=histories())
def test_a_replay_of_everything_changes_nothing(new_world: NewWorld, history: list[bytes]) -> None:
    """The same file over the same state again: no message, no decision, the same ledger."""
    world = new_world()
    first = world.run(history, file="in.jsonl")
    again = world.run(history, file="in.jsonl", now="2026-11-28T09:00:00Z")
    assert (again.enforcement, again.referrals, again.decisions) == (b"", [], {})
    assert again.ledger == first.ledger


# ---- monotonicity ------------------------------------------------------------------------------------------------


def _more_protective(draw: st.DrawFn, record: Document) -> str:
    """Adds a victim role, flag, relation, keyword or slavery sign to a record; says what it was."""
    how = draw(st.sampled_from(["role", "flag", "relation", "keyword", "nrm", "reported_by", "home"]))
    people = record["persons"]
    someone = draw(st.sampled_from(people))
    if how == "role":
        role = draw(
            st.sampled_from(
                [
                    "VICTIM",
                    "COMPLAINANT",
                    "POSSIBLE_VICTIM",
                    "WITNESS",
                    "REPORTER",
                    "UNKNOWN",
                    "CHILD_IN_HOUSEHOLD",
                    "NEW_CODE",
                ]
            )
        )
        someone["roles"] = draw(st.permutations([*someone["roles"], role]))
    elif how == "flag":
        flag = draw(st.sampled_from(["domestic_abuse", "hba", "stalking", "modern_slavery", "child_present", "fgm"]))
        record["flags"] = {**record.get("flags", {}), flag: draw(st.sampled_from(["TRUE", True, "YES"]))}
    elif how == "relation":
        ends = [draw(st.sampled_from(people))["person_ref"] for _ in range(2)]
        record["relations"] = [
            *record.get("relations", []), {"from_ref": ends[0], "to_ref": ends[1], "type": draw(st.sampled_from(RELATIONS))}
        ]  # fmt: skip
    elif how == "keyword":
        record["narrative"] = [
            *record.get("narrative", []),
            {"type": "OFFICER_NOTES", "text": "Disclosed forced labour and domestic abuse."},
        ]
    elif how == "nrm":
        someone["nrm"] = {"state": "REFERRED"}
    elif how == "home":
        record["locations"] = [{"location_ref": "l1", "line1": "1 Elm Row", "postcode": "LS1 1AA"}]
        for each in people:
            each["addresses"] = [{"location_ref": "l1", "type": "HOME"}]
    else:
        record["header"]["reported_by_person_ref"] = someone["person_ref"]
    return how


@st.composite
def _protected_more(draw: st.DrawFn, history: list[bytes]) -> tuple[str, list[bytes]]:
    place = draw(st.integers(0, len(history) - 1))
    record = parsed(history[place])
    assume(record is not None and record["persons"])
    assert record is not None
    how = _more_protective(draw, record)
    return how, [*history[:place], encoded(record), *history[place + 1 :]]


@examples(20)
@given(data=st.data(), history=histories(faults=False))
def test_more_protection_never_releases_more(new_world: NewWorld, data: st.DataObject, history: list[bytes]) -> None:
    """A victim role, flag, relation or keyword more never adds a release."""
    before, after = new_world(), new_world()
    before.run(history)
    _how, protected = data.draw(_protected_more(history))
    after.run(protected)
    assert_sound(after)
    assert contents(after) <= contents(before)


#: Fields whose absence is the absence of a link between records, which cannot be known to be missing (spec 6.19).
_LINKS = frozenset({"nominal_id", "pnc_id", "identifiers", "phones", "emails"})


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    if isinstance(value, dict):
        for key, part in value.items():
            found += _paths(part, (*at, key))
    elif isinstance(value, list):
        for key, part in enumerate(value):
            found += _paths(part, (*at, key))
    return found


@examples(20)
@given(data=st.data(), history=histories(faults=False, most=4))
def test_deleting_a_field_of_whoever_is_released_never_adds_a_release(
    new_world: NewWorld, data: st.DataObject, history: list[bytes]
) -> None:
    """Whatever is missing about a released person, no more is released than with it."""
    before, after = new_world(), new_world()
    ran = before.run(history)
    released = sorted(key[:2] for key, state in ran.ledger.items() if key[2] == "enforcement" and state == "released")
    assume(released)
    where, ref = data.draw(st.sampled_from(released))
    place = int(where.rpartition("@")[2])
    record = parsed(history[place])
    assert record is not None
    someone = next(p for p in record["persons"] if p["person_ref"] == ref)
    paths = [
        path
        for path in _paths(someone)
        if path[0] not in _LINKS | {"person_ref"} and path != ("roles",) and path[:1] != ("roles",)
    ]
    *parents, last = data.draw(st.sampled_from(paths))
    at: Any = someone
    for part in parents:
        at = at[part]
    del at[last]
    after.run([*history[:place], encoded(record), *history[place + 1 :]])
    assert_sound(after)
    assert contents(after) <= contents(before)


# ---- noninterference ---------------------------------------------------------------------------------------------


@st.composite
def _told_otherwise(draw: st.DrawFn, history: list[bytes], protected: set[tuple[int, str]]) -> list[bytes]:
    """The history with other facts about protected people who stay protected: nothing in it links them to anyone else."""
    changed = [parsed(line) for line in history]
    for step in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(changed) - 1))
        record = changed[place]
        if record is None:
            continue
        theirs = [p for p in record["persons"] if (place, p["person_ref"]) in protected]
        how = draw(
            st.sampled_from(
                [
                    "contact",
                    "address",
                    "narrative",
                    "status",
                    "risk",
                    "consent",
                    "facts",
                    "relation",
                    "incident",
                    "victim_added",
                ]
            )
        )
        if how == "incident":
            stranger = person(
                "s1", "VICTIM", names=[name("Zhadova", "Ksenia")], dob=f"1961-02-{11 + step}", immigration=draw(st.sampled_from([DOUBT, OFFENCE])),
                phones=[{"value": f"+44770090080{step}", "safe_to_use": True}],
            )  # fmt: skip
            flags = {"domestic_abuse": draw(st.sampled_from(["TRUE", "FALSE"]))}
            extra = incident(f"Z{step}", stranger, flags=flags, text="She was hit at home.")
            changed.insert(draw(st.integers(0, len(changed))), extra)
            protected = {(p + (p >= changed.index(extra)), r) for p, r in protected}
            continue
        if how == "victim_added" and all(p["person_ref"] != "x1" for p in record["persons"]):
            record["persons"].append(
                person("x1", "VICTIM", names=[name("Bergström", "Ulla")], dob="1944-12-13", immigration=DOUBT)
            )
            continue
        if not theirs:
            continue
        someone = draw(st.sampled_from(theirs))
        if how == "contact":
            someone["phones"] = [{"value": f"+4477009007{step}{place}", "safe_to_use": draw(st.booleans())}]
            someone["emails"] = [{"value": f"only{step}{place}@example.org"}]
        elif how == "address":
            record["locations"] = [
                {"location_ref": "own", "line1": "9 Ash Way", "postcode": "LS9 9ZZ", "premise_type": "REFUGE"}
            ]
            someone["addresses"] = [{"location_ref": "own", "type": "REFUGE"}]
        elif how == "narrative":
            record["narrative"] = draw(
                st.sampled_from([[], [{"text": "The kettle was on."}, {"text": "Rain all night."}]])
            )
        elif how == "status":
            someone["immigration"] = draw(st.sampled_from([None, DOUBT, OFFENCE, {"assessment": "CITIZEN_OR_SETTLED"}]))
        elif how == "risk":
            someone["risk"] = {"tool": "OTHER", "score": draw(st.integers(0, 24)), "level": "MEDIUM"}
        elif how == "consent":
            someone["consent"] = [
                {"scope": "SAFEGUARDING_REFERRAL", "state": "GIVEN", "ts": "2026-11-20T21:00:00Z", "method": "WRITTEN"}
            ]
        elif how == "facts":
            someone |= {
                "language": "so",
                "nationality": "XX",
                "occupation": "cook",
                "vulnerability": ["NRPF"],
                "gender": "F",
            }
        elif how == "relation" and len(theirs) > 1:
            ends = draw(st.permutations([p["person_ref"] for p in theirs]))
            record["relations"] = [
                *record.get("relations", []),
                {"from_ref": ends[0], "to_ref": ends[1], "type": "SIBLING"},
            ]
    return [encoded(record) if record is not None else history[place] for place, record in enumerate(changed)]


@examples(20)
@given(data=st.data(), history=histories(faults=False))
def test_enforcement_does_not_see_protected_peoples_facts(
    new_world: NewWorld, data: st.DataObject, history: list[bytes]
) -> None:
    """Other facts about protected people, and whole incidents about others, leave every byte of the enforcement view as it was."""
    # A change to one of two contents of a version is a statement about the other.
    assume(no_version_twice(history))
    before, after = new_world(), new_world()
    before.run(history)
    protected = {
        (int(where.rpartition("@")[2]), ref)
        for (where, ref, to), row in before.final.items()
        if to == "enforcement" and row["protections"]
    }
    assume(protected)
    told = data.draw(_told_otherwise(history, protected))
    after.run(told)
    assert_sound(after)
    assert after.runs[-1].enforcement == before.runs[-1].enforcement


@examples(22)
@given(data=st.data(), history=histories(faults=False, most=4))
def test_identifying_a_suspect_as_protected_only_removes(
    new_world: NewWorld, data: st.DataObject, history: list[bytes]
) -> None:
    """An incident more, about a protected person who may be anyone in the history, only ever takes records away."""
    before, after = new_world(), new_world()
    before.run(history)
    who = data.draw(st.sampled_from(sorted(CAST)))
    role = data.draw(st.sampled_from(["VICTIM", "WITNESS", "REPORTER", "CHILD_IN_HOUSEHOLD", "UNKNOWN"]))
    extra = incident("Q", person("q", role, **CAST[who]), flags={"domestic_abuse": "TRUE"})
    after.run([encoded(extra), *history] if data.draw(st.booleans()) else [*history, encoded(extra)])
    assert contents(after) <= contents(before)


@examples(22)
@given(data=st.data(), history=histories(faults=False, most=4))
def test_late_protection_after_release_only_takes_back(
    new_world: NewWorld, data: st.DataObject, history: list[bytes]
) -> None:
    """What comes after a release about protected people sends nothing new but withdrawals, which say nothing of why."""
    world = new_world()
    world.run(history, now="2026-11-01T09:00:00Z")
    before = contents(world)
    who = data.draw(st.sampled_from(sorted(CAST)))
    world.run([incident("Q", person("q", "VICTIM", **CAST[who]))], now="2026-11-12T09:00:00Z")
    world.later(NOW)
    assert_sound(world)
    assert contents(world) <= before
    later = [row["value"] for ran in world.runs[1:] for row in ran.rows("enforcement.subjects.v1.jsonl")]
    assert all(value["kind"] == "WITHDRAWAL" for value in later)


# ---- fail closed -------------------------------------------------------------------------------------------------


def released(world: World) -> set[tuple[bytes, str]]:
    """Who of what was sent is released: (line, person) of the sound lines."""
    sent = lines(world)
    return {
        (sent[where], ref)
        for (where, ref, to), state in world.runs[-1].ledger.items()
        if to == "enforcement" and state == "released"
    }


@examples(20)
@given(data=st.data(), history=histories(faults=False))
def test_a_fault_never_releases_more(new_world: NewWorld, data: st.DataObject, history: list[bytes]) -> None:
    """A record broken so that its people can still be read, or a person with an unreadable field, releases no more than the sound one."""
    place = data.draw(st.integers(0, len(history) - 1))
    record = parsed(history[place])
    assert record is not None
    # Of two contents under one version, the sound one is "a valid record of that version" and settles it (spec 6.5).
    assume(no_version_twice(history))
    if data.draw(st.booleans()):
        spoilt = data.draw(broken(record))
    else:
        someone = data.draw(st.sampled_from(record["persons"]))
        field = data.draw(st.sampled_from(sorted(set(UNREADABLE) - {"names", "nominal_id", "phones"})))
        someone[field] = UNREADABLE[field]
        spoilt = encoded(record)
    before, after = new_world(), new_world()
    before.run(history)
    after.run([*history[:place], spoilt, *history[place + 1 :]])
    assert_sound(after)
    assert contents(after) <= contents(before)


@examples(20)
@given(data=st.data(), record=records(faults=False), neighbours=histories(faults=False, most=2))
def test_random_damage_is_contained(
    new_world: NewWorld, data: st.DataObject, record: Document, neighbours: list[bytes]
) -> None:
    """Bytes flipped, cut, doubled or blanked anywhere in a record never stop the run and never release anybody of the record who was not."""
    raw = bytearray(encoded(record))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        how = data.draw(st.sampled_from(["flip", "cut", "double", "blank"]))
        if how == "flip":
            raw[at] ^= 1 << data.draw(st.integers(0, 7))
        elif how == "cut":
            del raw[at : at + data.draw(st.integers(1, 40))]
        elif how == "double":
            raw[at:at] = raw[max(0, at - 20) : at]
        else:
            raw[at] = 0x20
        if not raw:
            break
    damaged = bytes(raw).replace(b"\n", b" ")
    before, after = new_world(), new_world()
    before.run([encoded(record)])
    after.run([damaged, *neighbours])
    assert_sound_after_damage(after)
    said = {
        ref
        for (where, ref, to), state in after.runs[-1].ledger.items()
        if where.endswith("@0") and to == "enforcement" and state == "released"
    }
    could = {
        ref for (_, ref, to), state in before.runs[-1].ledger.items() if to == "enforcement" and state == "released"
    }
    accused = {
        p["person_ref"]
        for p in record["persons"]
        if {"SUSPECT", "CHARGED", "CONVICTED"} & set(p["roles"]) and p.get("immigration") != DOUBT
    }
    sound = parsed(damaged)
    # Damage that leaves a sound record is another record, and is judged as one.
    assert said <= could or (sound is not None and said <= accused | {p.get("person_ref") for p in sound["persons"]})


def assert_sound_after_damage(world: World) -> None:
    """As `assert_sound`, for records whose names may have been damaged."""
    last = world.runs[-1]
    assert checks.open_outputs(ran.enforcement for ran in world.runs) == []
    assert (
        checks.unaccounted(lines(world), last.quarantined, [(*key, state) for key, state in last.ledger.items()]) == []
    )
    assert checks.contradictions(world.final, last.ledger) == []
    assert checks.forbidden_decisions(world.final.values()) == []
