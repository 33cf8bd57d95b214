"""The settled questions on tags (spec 6.2, 6.3, 6.7 to 6.12), each as a table worked out by hand, and their variants."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from pipelines.contracts.codes import Caution, Evidence, Protection, Standing, names
from pipelines.contracts.decode import Accepted, typed
from pipelines.tagging.facts import DOB_INVALID, SIGNAL_DA, SIGNAL_MS, facts
from pipelines.tagging.rules import RULES, rule_ids

Document = dict[str, Any]
Change = Callable[[Document], Any]

BASE: Document = {
    "header": {
        "schema_version": "1.0", "source_system": "NICHE", "source_force": "13", "incident_id": "13/0001234/26",
        "version": 1, "change_type": "CREATE", "event_ts": "2026-11-20T21:10:00Z", "recorded_ts": "2026-11-20T22:05:00Z",
    },
    "offences": [{"ho_class": "8N", "title": "Assault with injury"}],
    "persons": [
        {"person_ref": "v", "roles": ["VICTIM"], "dob": "1991-04-03"},
        {"person_ref": "s", "roles": ["SUSPECT"], "dob": "1988-01-30",
         "names": [{"surname": "Marsh", "given": ["Peter"], "type": "LEGAL"}]},
    ],
}  # fmt: skip
V, S = 0, 1
EVIDENCE = {
    "assessment": "EVIDENCE_OF_OFFENCE",
    "source": "HO_CHECK",
    "basis": "FACT",
    "statute_ref": "IA1971 s.24(1)(b)(i)",
    "supervisor_id": "S77",
}


class Tags(NamedTuple):
    """What was said of one person, in words."""

    standing: set[str]
    protections: set[str]
    evidence: str
    child: bool
    caution: str
    rules: set[str]


class Read(NamedTuple):
    """What was said of one incident."""

    people: dict[str, Tags]
    da: bool
    ms: bool


def read(change: Change = lambda d: None) -> Read:
    """Reads the base document after a change, through bytes as in operation."""
    document = copy.deepcopy(BASE)
    change(document)
    verdict = typed(msgspec.json.encode(document))
    assert isinstance(verdict, Accepted), verdict
    found = facts([verdict])
    people = {
        person["person_ref"]: Tags(
            standing=set(names(int(found.standing[i]), Standing)),
            protections=set(names(int(found.own[i]), Protection)),
            evidence=Evidence(int(found.evidence[i])).name,
            child=bool(found.child[i]),
            caution=Caution(int(found.caution[i])).name,
            rules=set(rule_ids(int(found.rules[i]))),
        )
        for i, person in enumerate(document["persons"])
    }
    return Read(people, bool(found.signals[0] & SIGNAL_DA), bool(found.signals[0] & SIGNAL_MS))


def person(at: int, **fields: Any) -> Change:
    """Sets fields of one person."""
    return lambda d: d["persons"][at].update(fields)


def flags(**values: Any) -> Change:
    """Sets flags."""
    return lambda d: d.update(flags=values)


def both(*changes: Change) -> Change:
    """All of some changes."""
    return lambda d: [change(d) for change in changes]


def test_the_base_is_quiet() -> None:
    """Without a signal a victim is an other victim and a suspect nothing: each table below changes one thing."""
    tags = read()
    assert tags.people["v"].protections == {"OTHER_VICTIM"}
    assert tags.people["s"].protections == set()
    assert (tags.da, tags.ms) == (False, False)
    assert {t.evidence for t in tags.people.values()} == {"NONE"}


# ---- 2: bad values inside a person --------------------------------------------------------------------------------

BAD = {
    "dob": ["1990-02-30", "1990-13-01", "1990-00-10", "90-01-01", "1990-1-1", "01/02/1990", "1990-01-01T00:00:00Z", "1990-W01-1",
            "1990-001", "19900101", "", " ", "unknown", "2027-01-01", "1890-01-01", "0000-01-01", "1990-01-0١", 19900101, 1990.5, True,
            ["1990-01-01"], {"y": 1990}],
    "age": ["17", 17.5, True, -1, 131, 10**12, [17], {}],
    "age_from": ["16", False, -3, 200],
    "age_to": ["20", [], 1e300],
    "age_basis": [1, ["STATED"], {}],
    "names": ["Peter Marsh", {"surname": "Marsh"}, ["Marsh"], [{"surname": 5}], [{"given": "Peter"}], [{"given": [1]}], [None], 7],
    "phones": ["07700900123", [{"value": 7700900123}], [{"safe_to_use": "true"}], [{"safe_to_use": 1}], {}],
    "emails": [{"value": "a@b"}, ["a@b"]],
    "identifiers": ["AB123", [{"value": 5}], {}],
    "addresses": [{"location_ref": "l1"}, ["l1"], [{"location_ref": 1}]],
    "immigration": ["CONCERN", [], [{}], 1, True, {"assessment": 1}, {"assessment": ["CHARGED"]}, {"supervisor_id": 77}],
    "risk": ["HIGH", [], {"score": "15"}, {"score": 15.5}, {"score": True}, {"level": 3}, {"marac": True}],
    "consent": ["GIVEN", {}, [{"state": True}], [None]],
    "nrm": ["REFERRED", [], {"indicator": "true"}, {"indicator": 1}, {"indicator": 0}, {"claims_s45": "no"}, {"state": False}],
    "vulnerability": ["NRPF", [1], {"NRPF": True}],
    "nominal_id": [1, ["N1"], {}],
    "pnc_id": [12, True],
    "language": [["pl"], 1],
    "interpreter_needed": ["yes", 0, 1],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_bad_value_costs_its_person_only(name: str, value: Any) -> None:
    """An unreadable value makes its person INDETERMINATE and never releasable; nobody else's tags change (6.2)."""
    tags = read(both(person(S, immigration=EVIDENCE), person(S, **{name: value})))
    assert "INDETERMINATE" in tags.people["s"].protections
    assert "indeterminate|fault" in tags.people["s"].rules
    assert tags.people["v"].protections <= {"OTHER_VICTIM", "DA_VICTIM", "MS_VICTIM"}
    assert tags.people["v"].protections & {"OTHER_VICTIM", "DA_VICTIM"}


@pytest.mark.parametrize("name", BAD)
def test_null_is_absent(name: str) -> None:
    """A null field says exactly what a missing one says (6.2)."""
    assert read(person(S, **{name: None})) == read(lambda d: d["persons"][S].pop(name, None))


@pytest.mark.parametrize(
    "section", ["offences", "flags", "relations", "locations", "narrative", "linked_incidents", "non_crime_da_incident"]
)
def test_a_null_section_is_absent(section: str) -> None:
    """A null section says exactly what a missing one says (6.2)."""
    assert read(lambda d: d.update({section: None})) == read(lambda d: d.pop(section, None))


@pytest.mark.parametrize(
    "role", ["suspect", "Suspect", "SUSPECT ", " SUSPECT", "SUSPECTS", "ЅUSPECT", "UNKNOWN", "", "OFFENDER", "null"]
)
def test_codes_are_not_folded(role: str) -> None:
    """A role spelt otherwise is a role nobody knows: INDETERMINATE, whatever stands beside it (6.2)."""
    for roles in ([role], ["SUSPECT", role], [role, "SUSPECT"]):
        tags = read(both(person(S, roles=roles, immigration=EVIDENCE)))
        assert "INDETERMINATE" in tags.people["s"].protections
        assert "indeterminate|role" in tags.people["s"].rules


# ---- 3, 6: risk -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("risk", "high"),
    [
        ({"tool": "DASH", "score": 14}, True),
        ({"tool": "DASH", "score": 13}, False),
        ({"tool": "DASH", "score": 14, "level": "STANDARD"}, True),
        ({"tool": "DASH", "score": 3, "level": "HIGH"}, True),
        ({"score": 14}, True),
        ({"tool": "NEW", "score": 20}, True),
        ({"tool": "OTHER", "level": "HIGH"}, True),
        ({"level": "HIGH"}, True),
        ({"level": "high"}, False),
        ({"level": "MEDIUM"}, False),
    ],
)
def test_of_score_and_level_the_higher_counts(risk: dict[str, Any], high: bool) -> None:
    """A DASH score of 14 is high whatever the level says, and a level HIGH whatever the score says (6.3)."""
    document = copy.deepcopy(BASE)
    document["persons"][V]["risk"] = risk
    verdict = typed(msgspec.json.encode(document))
    assert isinstance(verdict, Accepted)
    assert bool(facts([verdict]).high_risk[V]) is high


# ---- 7: evidence ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "evidence"),
    [
        (None, "NONE"),
        ({}, "DOUBT"),
        ({"assessment": None}, "DOUBT"),
        ({"assessment": ""}, "DOUBT"),
        ({"assessment": "OVERSTAYER"}, "DOUBT"),
        ({"assessment": "none_recorded"}, "DOUBT"),
        *[({"assessment": each}, "NONE") for each in ("NOT_ASSESSED", "NONE_RECORDED", "CITIZEN_OR_SETTLED", "LEAVE_TIME_LIMITED")],
        *[({"assessment": each}, "DOUBT") for each in ("INSECURE_KNOWN", "CONCERN_OR_DOUBT")],
        *[(EVIDENCE | {"assessment": each}, "DOUBT") for each in ("INSECURE_KNOWN", "CONCERN_OR_DOUBT", "evidence_of_offence", "Charged", "?")],
        *[(EVIDENCE | {"assessment": each}, "OFFENCE") for each in ("EVIDENCE_OF_OFFENCE", "CHARGED", "CONVICTED")],
        *[(EVIDENCE | {"assessment": each}, "NONE") for each in ("NOT_ASSESSED", "CITIZEN_OR_SETTLED")],
        *[({k: v for k, v in EVIDENCE.items() if k != name}, "DOUBT") for name in EVIDENCE],
        *[(EVIDENCE | {name: None}, "DOUBT") for name in EVIDENCE],
        *[(EVIDENCE | {"basis": each}, "DOUBT") for each in ("ASSESSMENT", "fact", "FACT ", "")],
        *[(EVIDENCE | {"source": each}, "DOUBT") for each in ("PERPETRATOR", "FAMILY", "UNKNOWN", "ho_check", "NEIGHBOUR", "")],
        *[(EVIDENCE | {"source": each}, "OFFENCE") for each in ("SELF", "OFFICER_OBSERVATION", "THIRD_PARTY", "DOCUMENT_SEEN", "PNC_MARKER")],
        *[(EVIDENCE | {"supervisor_id": each}, "DOUBT") for each in ("", " ", "-", "_", "?!", "\u200b")],
        *[(EVIDENCE | {"supervisor_id": each}, "OFFENCE") for each in ("7", "a", "-S-", "Ш1")],
        (EVIDENCE | {"evidence_refs": []}, "OFFENCE"),
        (EVIDENCE | {"evidence_refs": None}, "OFFENCE"),
    ],
)  # fmt: skip
def test_evidence(section: Any, evidence: str) -> None:
    """OFFENCE needs every one of its supports in its own spelling; what falls short is DOUBT, what is not there NONE (6.7)."""
    tags = read(person(S, immigration=section))
    assert tags.people["s"].evidence == evidence
    assert tags.people["s"].protections == set()


@pytest.mark.parametrize(
    ("statute", "listed"),
    [
        *[(f"IA1971 s.{each}(1)", True) for each in ("24", "24A", "24B", "25", "25A", "25B", "26")],
        *[(f"IA1971 s.{each}(1)", False) for each in ("23", "24C", "24a", "25C", "26A", "27", "2", "240", "", "24 A")],
        ("IA1971 s.24(1)(b)(i)(ii)", True),
        ("IA1971 s.24(1)(b)(i)(ii)(3)", False),
        ("IA1971 s.24", False),
        ("IA1971 s.24()", False),
        ("IA1971 s.24(abcd)", True),
        ("IA1971 s.24(abcde)", False),
        ("IA1971 s.24(1)(b", False),
        ("IA1971 s.24(1) (b)", False),
        ("IA1971 s.24(١)", False),
        ("IA1971 s.24(é)", False),
        ("IA1971 s.24(1)\n", False),
        (" IA1971 s.24(1)", False),
        ("ia1971 s.24(1)", False),
        ("IA 1971 s.24(1)", False),
        ("IA1971 s24(1)", False),
        ("IA1971  s.24(1)", False),
        ("IA1971 S.24(1)", False),
        ("IA1971 s.24(1) and SCA2015 s.76", False),
        ("Immigration Act 1971 s.24(1)", False),
        ("SCA2015 s.76", False),
    ],
)  # fmt: skip
def test_the_list_of_offences_is_exact(statute: str, listed: bool) -> None:
    """A statute is on the list in exactly the list's spelling, or the evidence is DOUBT and withheld (6.7)."""
    tags = read(person(S, immigration=EVIDENCE | {"statute_ref": statute}))
    assert tags.people["s"].evidence == ("OFFENCE" if listed else "DOUBT")


# ---- 8: domestic abuse ----------------------------------------------------------------------------------------------

DA_FLAGS = (
    "domestic_abuse",
    "hba",
    "forced_marriage",
    "fgm",
    "stalking",
    "coercive_control",
    "so_called_immigration_abuse",
)
NO_SIGNAL = (None, "UNKNOWN", "FALSE", False)
A_SIGNAL = (
    "TRUE",
    True,
    "true",
    "false",
    "False",
    "unknown",
    "Y",
    "N",
    "NO",
    "",
    " ",
    "FALSE ",
    0,
    1,
    -1,
    0.0,
    [],
    ["FALSE"],
    {},
)


@pytest.mark.parametrize("name", DA_FLAGS)
@pytest.mark.parametrize(
    ("value", "da"), [*[(each, False) for each in NO_SIGNAL], *[(each, True) for each in A_SIGNAL]]
)
def test_flags(name: str, value: Any, da: bool) -> None:
    """Absent, UNKNOWN and FALSE are no signal; TRUE is, and so is whatever is on no list (6.8)."""
    tags = read(flags(**{name: value}))
    assert tags.da is da
    assert tags.people["v"].protections == ({"DA_VICTIM"} if da else {"OTHER_VICTIM"})
    assert tags.people["s"].protections == set()


@pytest.mark.parametrize("name", ["sexual", "hate", "Domestic_Abuse", "DOMESTIC_ABUSE", "da", "burglary"])
def test_other_flags_say_nothing(name: str) -> None:
    """Flags that are no domestic abuse flags, and names on no list, are no signal."""
    assert not read(flags(**{name: "TRUE"})).da


@pytest.mark.parametrize(
    "signal",
    [
        flags(domestic_abuse="FALSE", hba="TRUE"),
        both(flags(domestic_abuse=False), person(V, risk={"tool": "DASH", "level": "STANDARD"})),
        both(flags(domestic_abuse="FALSE"), lambda d: d.update(narrative=[{"text": "Domestic violence disclosed."}])),
        both(flags(domestic_abuse="FALSE"), lambda d: d.update(non_crime_da_incident=True)),
    ],
)
def test_a_false_flag_against_a_signal_is_a_conflict(signal: Change) -> None:
    """A FALSE flag never lowers what another signal raises; the conflict is named (6.8)."""
    tags = read(signal)
    assert tags.da
    assert "da|conflict" in tags.people["v"].rules


ADULTS = {"dob": "1990-01-01"}
CONNECTED = ("SPOUSE", "EX_SPOUSE", "CIVIL_PARTNER", "FIANCE", "PARTNER", "EX_PARTNER", "COPARENT", "PARENT", "CHILD", "STEP",
             "STEP_CHILD", "STEPPARENT", "SIBLING", "IN_LAW", "GRANDPARENT", "OTHER_RELATIVE")  # fmt: skip


def tie(kind: Any, *, back: bool = False, **rest: Any) -> Change:
    """A relation between victim and suspect."""
    ends = {"from_ref": "s", "to_ref": "v"} if back else {"from_ref": "v", "to_ref": "s"}
    return lambda d: d.update(relations=[{**ends, "type": kind, **rest}])


HOME = [{"location_ref": "l1", "type": "HOME"}]
LODGED = both(person(V, addresses=HOME), person(S, addresses=HOME))


@pytest.mark.parametrize(
    ("change", "da"),
    [
        *[(tie(kind), True) for kind in CONNECTED],
        *[(tie(kind, back=True), True) for kind in CONNECTED],
        (tie("SPOUSE", current=False), True),
        *[(tie(kind), False) for kind in ("CARER", "COHABITANT", "EMPLOYER", "SPONSOR", "NEIGHBOUR", "STRANGER")],
        *[(tie(kind), True) for kind in ("spouse", "Spouse", "HUSBAND", "PEN_FRIEND", "", "SPOUSE ")],
        (tie("UNKNOWN"), False),
        (tie(None), False),
        (both(tie("UNKNOWN"), LODGED), True),
        (both(tie(None), LODGED), True),
        (LODGED, True),
        (both(tie("NEIGHBOUR"), LODGED), False),
        (both(person(V, addresses=HOME), person(S, addresses=[{"location_ref": "l1", "type": "WORK"}])), False),
        (both(person(V, addresses=HOME), person(S, addresses=[{"location_ref": "l2", "type": "HOME"}])), False),
        # class 61A (false documents) and 79 (perverting justice) are no abuse; no list of offences is no such list
        (both(tie("SPOUSE"), lambda d: d.update(offences=[{"ho_class": "61A"}])), False),
        (both(tie("SPOUSE"), lambda d: d.update(offences=[{"ho_class": "79"}, {"ho_class": "61A"}])), False),
        (both(tie("SPOUSE"), lambda d: d.update(offences=[{"ho_class": "79"}, {"ho_class": "8N"}])), True),
        (both(tie("SPOUSE"), lambda d: d.update(offences=[{"ho_class": "61a"}])), True),
        (both(tie("SPOUSE"), lambda d: d.update(offences=[{}])), True),
        (both(tie("SPOUSE"), lambda d: d.update(offences=None)), True),
        (both(tie("SPOUSE"), lambda d: d.update(offences=[])), False),
        # both 16 or more on the event's date; unknown counts as 16 or more
        (both(tie("PARENT"), person(V, dob="2010-11-20")), True),
        (both(tie("PARENT"), person(V, dob="2010-11-21")), False),
        (both(tie("PARENT"), person(S, dob="2010-11-21")), False),
        (both(tie("PARENT"), person(V, dob=None)), True),
        (both(tie("PARENT"), person(V, dob=None, age=15)), False),
        (both(tie("PARENT"), person(V, dob=None, age=16)), True),
        (both(tie("PARENT"), person(V, dob=None, age_from=12)), True),
        (both(tie("PARENT"), person(V, dob=None, age_from=12, age_to=15)), False),
        (both(tie("PARENT"), person(V, dob=None, age_from=12, age_to=16)), True),
        (both(tie("PARENT"), person(V, dob="not a date")), True),
        # a relation between others connects nobody
        (lambda d: d.update(relations=[{"from_ref": "v", "to_ref": "v", "type": "SPOUSE"}]), False),
        (both(tie("SPOUSE"), person(S, roles=["WITNESS"])), False),
        (both(tie("SPOUSE"), person(S, roles=["ARRESTED"])), True),
        (both(tie("SPOUSE"), person(S, roles=["CONVICTED"])), True),
        (both(tie("SPOUSE"), person(V, roles=["POSSIBLE_VICTIM"])), True),
        (both(tie("SPOUSE"), person(V, roles=["COMPLAINANT"])), True),
        # assessments, conferences
        *[(person(V, risk={"tool": tool, "level": "STANDARD"}), True) for tool in ("DASH", "DARA", "NEW", None)],
        (person(V, risk={"tool": "OTHER", "level": "HIGH"}), False),
        (person(V, risk={"tool": "DASH", "level": "NOT_DONE"}), False),
        (person(V, risk={"tool": "DASH", "level": "SEVERE"}), True),
        (person(V, risk={"tool": "DASH"}), False),
        (person(V, risk={"score": 0}), True),
        *[(person(V, risk={"marac": each}), True) for each in ("REFERRED", "HEARD", "REPEAT", "PENDING", "none", "")],
        (person(V, risk={"marac": "NONE"}), False),
        # non-crime incidents
        *[(lambda d, value=value: d.update(non_crime_da_incident=value), True) for value in ("TRUE", True, 1, 0, "no", "", [])],
        *[(lambda d, value=value: d.update(non_crime_da_incident=value), False) for value in ("FALSE", False, "UNKNOWN", None)],
        # children who are present and not listed
        (flags(child_present="TRUE"), True),
        (flags(child_present="yes"), True),
        (flags(child_present="FALSE"), False),
        (both(flags(child_present="TRUE"), lambda d: d["persons"].append({"person_ref": "c", "roles": ["CHILD_IN_HOUSEHOLD"]})), False),
        (both(flags(child_present="TRUE"), lambda d: d["persons"].append({"person_ref": "c", "roles": ["MENTIONED"], "age": 7})), False),
        (both(flags(child_present="TRUE"), lambda d: d["persons"].append({"person_ref": "c", "roles": ["MENTIONED"], "age": 18})), True),
    ],
)  # fmt: skip
def test_what_makes_domestic_abuse(change: Change, da: bool) -> None:
    """Each signal makes domestic abuse alone, and what only looks like one does not (6.8, domain 4.2)."""
    assert read(change).da is da


@pytest.mark.parametrize(
    "places",
    [
        [{"uprn": "100012345678"}, {"uprn": "0100012345678"}],
        [{"uprn": 100012345678}, {"uprn": "100012345678", "line1": "Flat 2"}],
        [{"line1": "12 Acacia Road", "postcode": "LS6 2AB"}, {"line1": "12, ACACIA ROAD", "postcode": "ls62ab"}],
    ],
)
def test_one_home_under_two_references_is_one_home(places: list[dict[str, Any]]) -> None:
    """A shared home is found however the place was typed or referred to."""

    def change(document: Document) -> None:
        document["locations"] = [{"location_ref": f"l{n}", **place} for n, place in enumerate(places)]
        for n, each in enumerate(document["persons"]):
            each["addresses"] = [{"location_ref": f"l{n}", "type": "HOME"}]

    assert read(change).da


# ---- 9: ages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "recorded", "dob", "age"),
    [
        ("2026-06-10T22:59:59Z", "2026-06-11T09:00:00Z", "2008-06-11", 17),  # 23:59:59 in London
        ("2026-06-10T23:00:00Z", "2026-06-11T09:00:00Z", "2008-06-11", 18),  # midnight in London, summer time
        ("2026-12-10T23:30:00Z", "2026-12-11T09:00:00Z", "2008-12-11", 17),  # winter time is UTC
        ("2026-12-11T00:00:00Z", "2026-12-11T09:00:00Z", "2008-12-11", 18),
        ("2026-03-28T23:59:59Z", "2026-03-30T09:00:00Z", "2008-03-29", 17),  # the night the clocks go forward
        ("2026-03-29T23:00:00Z", "2026-03-30T09:00:00Z", "2008-03-30", 18),
        ("2026-10-24T23:30:00Z", "2026-10-26T09:00:00Z", "2008-10-25", 18),  # and back
        ("2026-10-25T23:30:00Z", "2026-10-26T09:00:00Z", "2008-10-26", 17),
        ("2026-06-11T01:30:00+05:30", "2026-06-11T09:00:00Z", "2008-06-11", 17),  # still the 10th in London
        ("2026-06-10T18:30:00-05:00", "2026-06-11T09:00:00Z", "2008-06-11", 18),  # already the 11th there
        (None, "2026-06-10T23:30:00Z", "2008-06-11", 18),
        (None, "2026-06-10T22:30:00Z", "2008-06-11", 17),
        ("2026-02-28T12:00:00Z", "2026-03-02T09:00:00Z", "2008-02-29", 17),  # a leap day's birthday is reached on 1 March
        ("2026-03-01T00:00:00Z", "2026-03-02T09:00:00Z", "2008-02-29", 18),
        ("2028-02-29T00:00:00Z", "2028-03-02T09:00:00Z", "2010-02-28", 18),
        ("2028-02-28T12:00:00Z", "2028-03-02T09:00:00Z", "2010-02-28", 18),
        ("2028-02-28T12:00:00Z", "2028-03-02T09:00:00Z", "2010-03-01", 17),
        ("2024-02-29T12:00:00Z", "2024-03-02T09:00:00Z", "2008-02-29", 16),
        ("2024-02-28T12:00:00Z", "2024-03-02T09:00:00Z", "2008-02-29", 15),
        ("2026-01-01T00:00:00Z", "2026-01-02T09:00:00Z", "2008-01-01", 18),
        ("2025-12-31T23:59:59Z", "2026-01-02T09:00:00Z", "2008-01-01", 17),
    ],
)  # fmt: skip
def test_ages_are_those_of_the_events_day_in_london(event: str | None, recorded: str, dob: str, age: int) -> None:
    """15, 16, 17 and 18 begin at midnight in London on the event's date, winter and summer (6.9)."""
    times = {"event_ts": event, "recorded_ts": recorded}
    tags = read(both(lambda d: d["header"].update(times), person(V, dob=dob), flags(domestic_abuse="TRUE")))
    expected = set()
    if age < 18:
        expected.add("DA_CHILD")
    if age >= 16:
        expected.add("DA_VICTIM")
    assert tags.people["v"].protections == expected
    assert tags.people["v"].child is (age < 18)


@pytest.mark.parametrize(
    ("fields", "protections"),
    [
        ({"roles": ["VICTIM"]}, {"DA_VICTIM"}),
        ({"roles": ["VICTIM"], "age": 15}, {"DA_CHILD"}),
        ({"roles": ["VICTIM"], "age": 16}, {"DA_CHILD", "DA_VICTIM"}),
        ({"roles": ["VICTIM"], "age": 17}, {"DA_CHILD", "DA_VICTIM"}),
        ({"roles": ["VICTIM"], "age": 18}, {"DA_VICTIM"}),
        ({"roles": ["VICTIM"], "age_from": 17}, {"DA_CHILD", "DA_VICTIM"}),
        ({"roles": ["VICTIM"], "age_from": 18, "age_to": 25}, {"DA_VICTIM"}),
        ({"roles": ["VICTIM"], "age_basis": "PRESUMED_CHILD"}, {"DA_CHILD", "DA_VICTIM"}),
        ({"roles": ["POSSIBLE_VICTIM"], "age": 10}, {"DA_CHILD", "POSSIBLE_VICTIM"}),
        ({"roles": ["CHILD_IN_HOUSEHOLD"]}, {"DA_CHILD"}),
        ({"roles": ["CHILD_IN_HOUSEHOLD"], "age": 16}, {"DA_CHILD", "DA_VICTIM"}),
        ({"roles": ["WITNESS"], "age": 17}, {"DA_CHILD", "WITNESS"}),
        ({"roles": ["WITNESS"], "age": 18}, {"WITNESS"}),
        ({"roles": ["WITNESS"]}, {"WITNESS"}),
        ({"roles": ["REPORTER"], "age": 12}, {"DA_CHILD", "REPORTER"}),
        ({"roles": ["MENTIONED"], "age": 12}, set()),
        ({"roles": ["SUSPECT"], "age": 12}, set()),
        ({"roles": ["SUSPECT", "WITNESS"], "age": 12}, {"DA_CHILD", "WITNESS"}),
    ],
)
def test_children_in_a_domestic_incident(fields: dict[str, Any], protections: set[str]) -> None:
    """A victim or witness under 18 is a DA child; one of 16 or 17 may be both (6.9, Domestic Abuse Act 2021 s.3)."""
    added = both(flags(hba="TRUE"), lambda d: d["persons"].append({"person_ref": "c", **fields}))
    assert read(added).people["c"].protections == protections


@pytest.mark.parametrize("fields", [{}, {"age": 5}, {"age": 40}, {"dob": "2020-01-01"}])
def test_a_child_of_the_household_elsewhere_is_another_victim(fields: dict[str, Any]) -> None:
    """Where nothing is domestic, CHILD_IN_HOUSEHOLD is OTHER_VICTIM (6.9)."""
    added = read(lambda d: d["persons"].append({"person_ref": "c", "roles": ["CHILD_IN_HOUSEHOLD"], **fields}))
    assert added.people["c"].protections == {"OTHER_VICTIM"}


@pytest.mark.parametrize(
    ("fields", "caution"),
    [
        ({}, "NONE"),
        ({"dob": "2008-11-20"}, "NONE"),
        ({"dob": "2008-11-21"}, "MINOR"),
        ({"age": 17}, "MINOR"),
        ({"age_from": 17, "age_to": 30}, "MINOR"),
        ({"age_to": 17}, "MINOR"),
        ({"age_basis": "PRESUMED_CHILD"}, "MINOR"),
        ({"dob": None}, "IDENTITY"),
        ({"names": None}, "IDENTITY"),
        ({"names": [{"surname": "Marsh", "given": ["Peter"], "type": "ALIAS"}]}, "IDENTITY"),
        ({"names": [{"surname": "Marsh", "type": "LEGAL"}]}, "IDENTITY"),
        ({"names": [{"surname": "Marsh (wife of Tom)", "given": ["Jo"], "type": "LEGAL"}]}, "IDENTITY"),
        ({"names": [{"surname": "UNKNOWN", "given": ["Male"], "type": "LEGAL"}]}, "IDENTITY"),
    ],
)
def test_who_waits_for_a_human(fields: dict[str, Any], caution: str) -> None:
    """A suspect with evidence who is or may be under 18, or has no plain name or date of birth, is not automatic (6.16)."""
    assert read(person(S, immigration=EVIDENCE, **fields)).people["s"].caution == caution


# ---- 10: modern slavery ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "victim", "suspect"),
    [
        (flags(modern_slavery="TRUE"), True, set()),
        (flags(modern_slavery=True), True, set()),
        (flags(modern_slavery="maybe"), True, set()),
        (flags(modern_slavery="FALSE"), False, set()),
        (lambda d: d.update(offences=[{"ho_class": "106"}]), True, set()),
        (lambda d: d.update(offences=[{"ho_class": "8N"}, {"ho_class": "106"}]), True, set()),
        (lambda d: d.update(offences=[{"ho_class": "105A"}]), False, set()),
        (lambda d: d.update(offences=[{"ho_class": "8N", "title": "Holding a person in slavery or servitude"}]), True, set()),
        (lambda d: d.update(narrative=[{"text": "Possible modern slavery at the nail bar."}]), True, set()),
        (lambda d: d.update(narrative=[{"text": "No indication of modern slavery."}]), False, set()),
        *[(person(V, nrm=nrm), True, set()) for nrm in ({"indicator": True}, {"claims_s45": True}, {"state": "REFERRED"}, {"state": "RG_NEGATIVE"},
                                                        {"state": "CG_NEGATIVE"}, {"state": "DTN_ANON"}, {"state": "none"}, {"state": "WAITING"}, {"state": ""})],
        *[(person(V, nrm=nrm), False, set()) for nrm in (None, {}, {"indicator": False}, {"state": "NONE"}, {"claims_s45": False, "state": None})],
        (person(S, nrm={"indicator": True}), False, {"MS_VICTIM", "POSSIBLE_VICTIM"}),
        (person(S, nrm={"claims_s45": True}), False, {"MS_VICTIM", "POSSIBLE_VICTIM"}),
        (person(S, nrm={"state": "NEW_STATE"}, roles=["CONVICTED"]), False, {"MS_VICTIM", "POSSIBLE_VICTIM"}),
        (person(S, nrm={"indicator": True}, roles=["MENTIONED"]), False, {"MS_VICTIM"}),
        (tie("TRAFFICKER"), True, set()),
        (tie("TRAFFICKER", back=True), True, set()),
        (both(tie("TRAFFICKER"), person(S, roles=["MENTIONED"])), True, {"MS_VICTIM"}),
        (both(tie("TRAFFICKER"), person(V, roles=["VICTIM", "SUSPECT"])), True, {"MS_VICTIM"}),
    ],
)  # fmt: skip
def test_modern_slavery(change: Change, victim: bool, suspect: set[str]) -> None:
    """Flag, class 106 and keyword are the incident's victims'; referrals and trafficking are the person's own (6.10)."""
    tags = read(change)
    assert ("MS_VICTIM" in tags.people["v"].protections) is victim
    assert tags.people["s"].protections == suspect


# ---- 11: roles ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("roles", "standing", "protections"),
    [
        (["SUSPECT"], {"SUSPECT"}, set()),
        (["ARRESTED"], {"SUSPECT"}, set()),
        (["CHARGED"], {"SUSPECT"}, set()),
        (["CONVICTED"], {"CONVICTED"}, set()),
        (["VICTIM"], {"VICTIM"}, {"OTHER_VICTIM"}),
        (["COMPLAINANT"], {"VICTIM"}, {"OTHER_VICTIM"}),
        (["POSSIBLE_VICTIM"], {"VICTIM"}, {"POSSIBLE_VICTIM"}),
        (["CHILD_IN_HOUSEHOLD"], {"VICTIM"}, {"OTHER_VICTIM"}),
        (["WITNESS"], {"WITNESS"}, {"WITNESS"}),
        (["REPORTER"], {"WITNESS"}, {"REPORTER"}),
        (["THIRD_PARTY_REPORTER"], {"WITNESS"}, {"REPORTER"}),
        *[([role], {"OTHER"}, set()) for role in ("PARENT_GUARDIAN", "INTERPRETER", "PROFESSIONAL", "MENTIONED")],
        (["UNKNOWN"], {"OTHER"}, {"INDETERMINATE"}),
        (["BYSTANDER"], {"OTHER"}, {"INDETERMINATE"}),
        (["SUSPECT", "VICTIM"], {"SUSPECT", "VICTIM"}, {"OTHER_VICTIM"}),
        (["VICTIM", "SUSPECT"], {"SUSPECT", "VICTIM"}, {"OTHER_VICTIM"}),
        (["SUSPECT", "SUSPECT"], {"SUSPECT"}, set()),
        (["VICTIM", "POSSIBLE_VICTIM"], {"VICTIM"}, {"OTHER_VICTIM", "POSSIBLE_VICTIM"}),
        (["SUSPECT", "INTERPRETER"], {"SUSPECT", "OTHER"}, set()),
        (["SUSPECT", "WITNESS", "REPORTER"], {"SUSPECT", "WITNESS"}, {"WITNESS", "REPORTER"}),
    ],
)
def test_roles(roles: list[str], standing: set[str], protections: set[str]) -> None:
    """Each role gives its category of s.38(3) and its protection; several give the union, in any order (3.2, 6.11)."""
    tags = read(person(S, roles=roles))
    assert tags.people["s"].standing == standing
    assert tags.people["s"].protections == protections
    assert tags.people["s"].evidence == "NONE"


@pytest.mark.parametrize(
    ("ref", "reporter"), [("s", True), ("v", False), ("S", False), ("nobody", False), (None, False), ("", False)]
)
def test_who_reported_is_protected(ref: str | None, reporter: bool) -> None:
    """The person whom the header names as reporter is REPORTER and a witness, whatever the roles say (6.11)."""
    tags = read(lambda d: d["header"].update(reported_by_person_ref=ref))
    assert ("REPORTER" in tags.people["s"].protections) is reporter
    assert ("WITNESS" in tags.people["s"].standing) is reporter


# ---- 12: keywords ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "da"),
    [
        ("Victim disclosed domestic violence.", True),
        ("VICTIM DISCLOSED DOMESTIC VIOLENCE", True),
        ("There is no history of domestic violence.", False),
        ("No history of domestic violence. Her husband strangled her.", True),
        ("No domestic violence, but stalking was disclosed.", True),
        ("He denies domestic violence.", True),
        ("Not only domestic violence.", True),
        ("domestic incidents", True),
        ("a domestic disturbance", True),
        ("She has been stalked for weeks.", True),
        ("coercively controlling", True),
        ("He is controlling and coercive.", True),
        ("forced marriages", True),
        ("honour‑based abuse", True),
        ("so-called “honour” based violence", True),
        ("Clare’s Law disclosure", True),
        ("Clare`s Law disclosure", True),
        ("Clareʼs Law disclosure", True),
        ("her husband hit her", True),
        ("do\u200bmes\u00adtic vio\ufefflence", True),
        ("dоmestic viоlence", True),
        ("dοmestic νiοlence", True),
        ("ｄｏｍｅｓｔｉｃ ｖｉｏｌｅｎｃｅ", True),
        ("𝐝𝐨𝐦𝐞𝐬𝐭𝐢𝐜 𝐯𝐢𝐨𝐥𝐞𝐧𝐜𝐞", True),
        ("dömestic vïolence", True),
        ("domestic-\nviolence", True),
        ("domestic\u2028violence", True),
        ("domestic\tviolence", True),
        ("d.v. history", True),
        ("A domestic flight to Leeds.", False),
        ("Domestic waste was tipped.", False),
        ("", False),
        (None, False),
    ],
)
def test_keywords_in_narratives_and_titles(text: str | None, da: bool) -> None:
    """A keyword raises however it is written, in a narrative or an offence title, and protects the victims (6.12)."""
    assert read(lambda d: d.update(narrative=[{"text": text}])).da is da
    assert read(lambda d: d["offences"].append({"ho_class": "8N", "title": text})).da is (
        read(lambda d: d.update(narrative=[{"text": text}])).da
    )
    tags = read(lambda d: d.update(narrative=[{"text": "Nothing else."}, {"text": text}]))
    assert tags.people["v"].protections == ({"DA_VICTIM"} if tags.da else {"OTHER_VICTIM"})
    assert tags.people["s"].protections == set()


# ---- the list of rules ----------------------------------------------------------------------------------------------


def test_every_rule_that_fires_is_explained() -> None:
    """What fired is named by ids that have a meaning and a source, and a wrong date is told from none."""
    tags = read(both(flags(hba="TRUE"), person(S, dob="1990-02-30", immigration=EVIDENCE)))
    assert {"da|flag", "protect|da_victim", "standing|victim"} <= tags.people["v"].rules
    assert {"standing|suspect", "evidence|offence", "caution|identity", "indeterminate|fault"} <= tags.people["s"].rules
    for each in tags.people.values():
        assert all(RULES[rule].meaning and RULES[rule].source for rule in each.rules)
    document = copy.deepcopy(BASE)
    document["persons"][S]["dob"] = "1990-02-30"
    verdict = typed(msgspec.json.encode(document))
    assert isinstance(verdict, Accepted)
    assert facts([verdict]).dob_state[S] == DOB_INVALID
