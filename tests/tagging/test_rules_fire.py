"""Each tag rule fires on the record that it is about, and says so in the decision; and does not fire on a quiet one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pipelines.context import open_context
from pipelines.resolve import effective, load
from pipelines.tagging.rules import RULES, rule_ids
from tests.stages.world import SUSPECT, VICTIM, World, domestic, incident, person

DOUBT = {"assessment": "CONCERN_OR_DOUBT", "source": "OFFICER_OBSERVATION", "basis": "ASSESSMENT"}
ASSAULT = [{"ho_class": "8N", "title": "Assault with injury", "is_principal": True}]


def _anyone(number: int, **changes: Any) -> dict[str, Any]:
    """A victim without a signal, whom nothing but `number` identifies."""
    name = [{"surname": f"Q{chr(97 + number % 26)}{chr(97 + number // 26)}rt", "given": ["Zed"], "type": "LEGAL"}]
    born = f"19{50 + number % 45}-0{1 + number % 9}-1{number % 9}"
    return person(VICTIM, **{"nominal_id": f"R{number}", "names": name, "dob": born, "risk": None, **changes})


def _quiet(number: int, **sections: Any) -> dict[str, Any]:
    return incident(number, _anyone(number), **sections)


def _pair(number: int, relation: str | None, **sections: Any) -> dict[str, Any]:
    other = _anyone(number, person_ref="p2", nominal_id=f"S{number}", roles=["SUSPECT"], names=None, dob="1980-05-05")
    related = [] if relation is None else [{"from_ref": "p1", "to_ref": "p2", "type": relation}]
    return incident(number, _anyone(number), other, relations=related, offences=ASSAULT, **sections)


def _one(number: int, **changes: Any) -> dict[str, Any]:
    return incident(number, _anyone(number, **changes))


def _broken(number: int, version: int = 1, **changes: Any) -> dict[str, Any]:
    record = incident(number, _anyone(number, **changes), version=version)
    record["header"]["schema_version"] = "9.9"
    return record


HOME = {"addresses": [{"location_ref": "l1", "type": "HOME"}]}
SHARED = _pair(10, None, locations=[{"location_ref": "l1", "line1": "1 Alder Row", "postcode": "LS1 1AA"}])
SHARED["persons"] = [{**each, **HOME} for each in SHARED["persons"]]

#: The rule, the records that make it fire, and who of the last of them it fires for.
RECORDS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "standing|suspect": ([_one(1, roles=["ARRESTED"])], "p1"),
    "standing|convicted": ([_one(2, roles=["CONVICTED"])], "p1"),
    "standing|victim": ([_one(3, roles=["COMPLAINANT"])], "p1"),
    "standing|witness": ([_one(4, roles=["WITNESS"])], "p1"),
    "standing|other": ([_one(5, roles=["MENTIONED"])], "p1"),
    "da|flag": ([domestic(6, _anyone(6))], "p1"),
    "da|child_present": ([_quiet(7, flags={"child_present": "TRUE"})], "p1"),
    "da|non_crime": ([_quiet(8, non_crime_da_incident=True)], "p1"),
    "da|relation": ([_pair(9, "SPOUSE")], "p1"),
    "da|unknown_relation": ([_pair(11, "SOULMATE")], "p1"),
    "da|shared_home": ([SHARED], "p1"),
    "da|risk_tool": ([_one(12, risk={"tool": "DASH", "level": "STANDARD"})], "p1"),
    "da|marac": ([_one(13, risk={"marac": "REFERRED"})], "p1"),
    "da|keyword": ([_quiet(14, narrative=[{"type": "MO", "text": "A case of domestic violence."}])], "p1"),
    "da|conflict": ([_quiet(15, flags={"domestic_abuse": "FALSE"}, non_crime_da_incident=True)], "p1"),
    "da|other_version": ([domestic(16, _anyone(16)), _quiet(16, version=2)], "p1"),
    "ms|flag": ([_quiet(17, flags={"modern_slavery": "TRUE"})], "p1"),
    "ms|offence": ([_quiet(18, offences=[{"ho_class": "106", "title": "Modern slavery"}])], "p1"),
    "ms|keyword": ([_quiet(19, narrative=[{"type": "MO", "text": "She is a victim of human trafficking."}])], "p1"),
    "ms|trafficker": ([_pair(20, "TRAFFICKER")], "p1"),
    "ms|nrm": ([_one(21, roles=["SUSPECT"], nrm={"indicator": True})], "p1"),
    "ms|other_version": ([_quiet(22, flags={"modern_slavery": "TRUE"}), _quiet(22, version=2)], "p1"),
    "protect|da_victim": ([domestic(23, _anyone(23))], "p1"),
    "protect|da_child": ([domestic(24, _anyone(24, roles=["WITNESS"], dob="2016-02-02"))], "p1"),
    "protect|other_victim": ([_quiet(25)], "p1"),
    "protect|possible_victim": ([_one(26, roles=["POSSIBLE_VICTIM"])], "p1"),
    "protect|witness": ([_one(27, roles=["WITNESS"])], "p1"),
    "protect|reporter": ([_one(28, roles=["THIRD_PARTY_REPORTER"])], "p1"),
    "indeterminate|role": ([_one(29, roles=["suspect"])], "p1"),
    "indeterminate|fault": ([_one(30, dob="1991-02-30")], "p1"),
    "indeterminate|two_contents": ([_quiet(31), _one(31, roles=["SUSPECT"])], "p1"),
    "carried|version": ([_quiet(32), incident(32, _anyone(32, roles=["SUSPECT"]), version=2)], "p1"),
    "carried|person": ([_quiet(33), incident(34, _anyone(33, roles=["SUSPECT"]))], "p1"),
    "evidence|none": ([_quiet(35)], "p1"),
    "evidence|doubt": ([_one(36, immigration=DOUBT)], "p1"),
    "evidence|unknown": ([_one(37, immigration={"assessment": "MAYBE"})], "p1"),
    "evidence|unsupported": ([_one(38, immigration={**SUSPECT["immigration"], "source": "PERPETRATOR"})], "p1"),
    "evidence|offence": ([_one(39, immigration=SUSPECT["immigration"])], "p1"),
    "caution|linked": (
        [
            incident(
                40,
                _anyone(40, roles=["SUSPECT"]),
                linked_incidents=[{"id": "13/9999999/26", "reason": "COUNTER_ALLEGATION"}],
            )
        ],
        "p1",
    ),
    "caution|minor": ([_one(41, roles=["SUSPECT"], dob="2011-01-01")], "p1"),
    "caution|identity": ([_one(42, roles=["SUSPECT"], names=None, immigration=SUSPECT["immigration"])], "p1"),
    "caution|newer_unread": (
        [_broken(44, roles=["SUSPECT"], version=2), _one(44, roles=["SUSPECT"], immigration=SUSPECT["immigration"])],
        "p1",
    ),
    "record|retracted": ([_quiet(43), _quiet(43, version=2, change_type="RETRACT")], "p1"),
}
#: Shown by the facts of a quarantined record, which has no decision of its own.
ON_RECORD = "indeterminate|quarantined"
#: Fires on no record by itself, but when one is replayed (`stages/test_replay.py`).
BY_A_REPLAY = "indeterminate|replay"


@pytest.fixture(scope="module")
def fired(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, str], set[str]]:
    """The rules that fired, by line of the input and person."""
    world = World(tmp_path_factory.mktemp("rules"))
    lines = [record for records, _ in RECORDS.values() for record in records]
    out = world.run(*lines, _broken(50))
    found = {}
    for line in (out.folder / "decisions.jsonl").read_bytes().splitlines():
        row = msgspec.json.decode(line)
        found[int(row["coordinate"].rpartition("@")[2]), row["person_ref"]] = set(row["rules"])
    with open_context(world.settings, seed=7) as ctx, ctx.db.connect() as conn:
        rows = load(conn, "1 = 1")
        within = effective(rows)
    for place, record in enumerate(rows["quarantined"].tolist()):
        if record and rows["version"][place] == 1:
            found[len(lines), rows.text("person_ref")[place]] = set(rule_ids(int(within.fired[place])))
    return found


def _place(rule: str) -> tuple[int, str]:
    count = 0
    for name, (records, who) in RECORDS.items():
        count += len(records)
        if name == rule:
            return count - 1, who
    return count, "p1"


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != BY_A_REPLAY])
def test_a_rule_fires_on_the_record_it_is_about(rule: str, fired: dict[tuple[int, str], set[str]]) -> None:
    """The one change that a rule is about makes that rule fire for that person."""
    assert rule in RECORDS or rule == ON_RECORD
    assert rule in fired[_place(rule)]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.split("|")[0] in ("da", "ms", "caution", "record")])
def test_a_rule_does_not_fire_on_a_quiet_record(rule: str, fired: dict[tuple[int, str], set[str]]) -> None:
    """A victim of whom nothing else is known fires none of the rules about signals, cautions and retraction."""
    assert rule not in fired[_place("protect|other_victim")]
