"""The model is itself held to the spec's own examples, and to the properties the spec promises of tagging."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model import tagging_model as model
from tests.model.strategies import histories, incidents

HEADER = {
    "schema_version": "1.0",
    "source_system": "NICHE",
    "source_force": "13",
    "incident_id": "13/0001234/26",
    "version": 1,
    "change_type": "CREATE",
    "event_ts": "2026-06-10T22:30:00Z",
    "recorded_ts": "2026-11-02T21:05:00Z",
}
VICTIM = {"person_ref": "v", "roles": ["VICTIM"], "dob": "1990-01-02"}
SUSPECT = {"person_ref": "s", "roles": ["SUSPECT"], "dob": "1988-01-30"}


def incident(*people: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """An incident of some people that is about nothing in particular."""
    return {
        "header": dict(HEADER),
        "persons": [dict(each) for each in people or (VICTIM, SUSPECT)],
        "offences": [{"ho_class": "8N"}],
        **rest,
    }


def first(doc: dict[str, Any]) -> model.PersonFacts:
    """The facts of the first person."""
    return model.tag_incident(doc)[0]


HOME = {"addresses": [{"location_ref": "l1", "type": "HOME"}]}


@pytest.mark.parametrize(
    ("doc", "da"),
    [
        (incident(), False),
        (incident(flags={"domestic_abuse": "FALSE"}), False),
        (incident(flags={"hba": "UNKNOWN"}), False),
        (incident(flags={"hba": "Y"}), True),
        (incident(flags={"fgm": True}), True),
        (incident(flags={"stalking": False}), False),
        (incident(flags={"child_present": "TRUE"}), True),
        (
            incident(
                VICTIM, SUSPECT, {"person_ref": "c", "roles": ["CHILD_IN_HOUSEHOLD"]}, flags={"child_present": "TRUE"}
            ),
            False,
        ),
        (
            incident(relations=[{"from_ref": "v", "to_ref": "s", "type": "SPOUSE"}], flags={"domestic_abuse": "FALSE"}),
            True,
        ),
        (
            incident(relations=[{"from_ref": "v", "to_ref": "s", "type": "SPOUSE"}], offences=[{"ho_class": "61A"}]),
            False,
        ),
        (incident(relations=[{"from_ref": "v", "to_ref": "s", "type": "SPOUSE"}], offences=[]), False),
        (
            incident(
                VICTIM | {"dob": "2010-06-11"}, SUSPECT, relations=[{"from_ref": "v", "to_ref": "s", "type": "PARENT"}]
            ),
            False,
        ),
        (
            incident(
                VICTIM | {"dob": "2010-06-10"}, SUSPECT, relations=[{"from_ref": "v", "to_ref": "s", "type": "PARENT"}]
            ),
            True,
        ),
        (incident(relations=[{"from_ref": "v", "to_ref": "s", "type": "NEIGHBOUR"}]), False),
        (incident(relations=[{"from_ref": "v", "to_ref": "s", "type": "UNKNOWN"}]), False),
        (incident(relations=[{"from_ref": "v", "to_ref": "s", "type": "PEN_FRIEND"}]), True),
        (incident(VICTIM | HOME, SUSPECT | HOME), True),
        (
            incident(VICTIM | HOME, SUSPECT | HOME, relations=[{"from_ref": "s", "to_ref": "v", "type": "COHABITANT"}]),
            False,
        ),
        (
            incident(VICTIM | HOME, SUSPECT | HOME, relations=[{"from_ref": "s", "to_ref": "v", "type": "UNKNOWN"}]),
            True,
        ),
        (incident(VICTIM | {"risk": {"tool": "DASH", "score": 0}}), True),
        (incident(VICTIM | {"risk": {"tool": "DARA", "level": "NOT_DONE"}}), False),
        (incident(VICTIM | {"risk": {"tool": "OTHER", "level": "HIGH"}}), False),
        (incident(VICTIM | {"risk": {"marac": "PENDING"}}), True),
        (incident(non_crime_da_incident=True), True),
        (incident(narrative=[{"text": "Domestic violence disclosed."}]), True),
        (incident(narrative=[{"text": "No history of domestic violence."}]), False),
        (incident(offences=[{"ho_class": "195", "title": "Stalking"}]), True),
    ],
)
def test_each_signal_of_domestic_abuse_alone(doc: dict[str, Any], da: bool) -> None:
    """Each signal of domestic abuse is enough by itself, and what is no signal is none."""
    assert model.incident_facts(doc).da is da


@pytest.mark.parametrize(
    ("person", "da", "protections"),
    [
        ({"roles": ["VICTIM"], "dob": "1990-01-02"}, False, model.OTHER_VICTIM),
        ({"roles": ["VICTIM"], "dob": "1990-01-02"}, True, model.DA_VICTIM),
        ({"roles": ["VICTIM"]}, True, model.DA_VICTIM),
        ({"roles": ["VICTIM"], "dob": "2009-01-01"}, True, model.DA_VICTIM | model.DA_CHILD),
        ({"roles": ["VICTIM"], "dob": "2012-01-01"}, True, model.DA_CHILD),
        ({"roles": ["CHILD_IN_HOUSEHOLD"]}, True, model.DA_CHILD),
        ({"roles": ["CHILD_IN_HOUSEHOLD"]}, False, model.OTHER_VICTIM),
        ({"roles": ["WITNESS"], "dob": "2012-01-01"}, True, model.DA_CHILD | model.WITNESS_P),
        ({"roles": ["WITNESS"], "dob": "2012-01-01"}, False, model.WITNESS_P),
        ({"roles": ["REPORTER"]}, False, model.REPORTER),
        ({"roles": ["POSSIBLE_VICTIM"], "dob": "1990-01-02"}, False, model.POSSIBLE_VICTIM),
        ({"roles": ["POSSIBLE_VICTIM"], "dob": "1990-01-02"}, True, model.POSSIBLE_VICTIM | model.DA_VICTIM),
        ({"roles": ["suspect"]}, False, model.INDETERMINATE),
        ({"roles": ["SUSPECT"], "nrm": {"indicator": True}}, False, model.MS_VICTIM | model.POSSIBLE_VICTIM),
        ({"roles": ["SUSPECT"], "nrm": {"state": "NONE", "indicator": False}}, False, 0),
        ({"roles": ["SUSPECT"], "dob": "2023-02-29"}, False, model.INDETERMINATE),
        ({"roles": ["PROFESSIONAL"]}, True, 0),
    ],
)
def test_the_protections_of_one_person(person: dict[str, Any], da: bool, protections: int) -> None:
    """A person's protections follow from roles, age and what the incident is."""
    assert (
        first(incident({"person_ref": "x", **person}, flags={"hba": "TRUE" if da else "FALSE"})).protections
        == protections
    )


@pytest.mark.parametrize(
    ("change", "evidence"),
    [
        ({}, model.OFFENCE),
        ({"basis": "ASSESSMENT"}, model.DOUBT),
        ({"basis": None}, model.DOUBT),
        ({"source": "PERPETRATOR"}, model.DOUBT),
        ({"source": "GOSSIP"}, model.DOUBT),
        ({"supervisor_id": " - "}, model.DOUBT),
        ({"statute_ref": "IA1971 s.24"}, model.DOUBT),
        ({"statute_ref": "ia1971 s.24(1)"}, model.DOUBT),
        ({"assessment": None}, model.DOUBT),
        ({"assessment": "NONE_RECORDED"}, model.NO_EVIDENCE),
        ({"assessment": "SOMETHING_ELSE"}, model.DOUBT),
    ],
)
def test_evidence_needs_all_its_supports(change: dict[str, Any], evidence: int) -> None:
    """OFFENCE needs the assessment, the fact, the statute, the supervisor and a source; less is DOUBT."""
    section = {
        "assessment": "CHARGED",
        "source": "HO_CHECK",
        "basis": "FACT",
        "statute_ref": "IA1971 s.24(1)(b)(i)",
        "supervisor_id": "S77",
    }
    assert first(incident({**SUSPECT, "immigration": section | change})).evidence == evidence


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], model.CONSENT_NONE),
        ([("GIVEN", "2026-11-02T20:45:00Z", "VERBAL")], model.GIVEN),
        ([("GIVEN", "2026-11-02T20:45:00Z", None)], model.CONSENT_NONE),
        ([("GIVEN", None, "VERBAL")], model.CONSENT_NONE),
        ([("GIVEN", "2026-11-02T20:45:00Z", "VERBAL"), ("WITHDRAWN", "2026-11-02T20:46:00Z", None)], model.REFUSED),
        ([("REFUSED", "2026-11-02T20:45:00Z", None), ("GIVEN", "2026-11-02T20:46:00Z", "VERBAL")], model.GIVEN),
        ([("REFUSED", "2026-11-02T21:45:00+01:00", None), ("GIVEN", "2026-11-02T20:45:00Z", "VERBAL")], model.REFUSED),
        ([("REFUSED", None, None), ("GIVEN", "2026-11-02T20:46:00Z", "VERBAL")], model.REFUSED),
    ],
)
def test_consent_is_the_latest_answer(answers: list[tuple[Any, ...]], expected: int) -> None:
    """The latest answer counts; ties and missing times count as the more protective."""
    entries = [
        {"scope": "SAFEGUARDING_REFERRAL", "state": state, "ts": ts, "method": method} for state, ts, method in answers
    ]
    assert first(incident({**VICTIM, "consent": entries})).consent["SAFEGUARDING_REFERRAL"] == expected


def test_a_trafficker_is_not_the_victim() -> None:
    """The victim's end of a TRAFFICKER relation is the one who is no suspect."""
    people = model.tag_incident(incident(relations=[{"from_ref": "s", "to_ref": "v", "type": "TRAFFICKER"}]))
    assert [bool(each.protections & model.MS_VICTIM) for each in people] == [True, False]


@settings(deadline=None, max_examples=40)
@given(incidents(), st.sampled_from(["VICTIM", "WITNESS", "REPORTER", "POSSIBLE_VICTIM"]))
def test_another_role_takes_no_protection_away(doc: dict[str, Any], role: str) -> None:
    """A further victim, witness or reporter role leaves nobody without a protection who had one."""
    before = [each.protections for each in model.tag_incident(doc)]
    more = copy.deepcopy(doc)
    more["persons"][0]["roles"].append(role)
    after = [each.protections for each in model.tag_incident(more)]
    assert all(now or not then for then, now in zip(before, after, strict=True))


@settings(deadline=None, max_examples=25)
@given(histories(most=3))
def test_versions_combine_in_any_order(versions: list[dict[str, Any]]) -> None:
    """Any order and any repetition of an incident's versions gives the same facts."""
    assert model.combine(versions) == model.combine([*reversed(versions), versions[0]])
