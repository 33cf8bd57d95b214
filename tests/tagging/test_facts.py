"""The columns of `pipelines.tagging.facts` against the slow model, and what a fact must never depend on."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts.codes import Caution, Evidence, Protection, Standing
from pipelines.contracts.decode import Accepted, typed
from pipelines.tagging.facts import SIGNAL_DA, SIGNAL_MS, Facts, facts
from tests.model import tagging_model as model
from tests.model.strategies import incidents

RELAXED = settings(deadline=None, suppress_health_check=list(HealthCheck))


def read(*documents: dict[str, Any]) -> Facts:
    """The columns of some documents, through bytes as in operation."""
    records = []
    for document in documents:
        verdict = typed(msgspec.json.encode(document))
        assert isinstance(verdict, Accepted), verdict
        records.append(verdict)
    return facts(records)


def compare(document: dict[str, Any], found: Facts, position: int = 0) -> None:
    """Every column of the incident at `position` against the model."""
    expected = model.tag_incident(document)
    about = model.incident_facts(document)
    rows = np.flatnonzero(found.incident == position).tolist()
    assert len(rows) == len(expected)
    assert bool(found.signals[position] & SIGNAL_DA) == about.da, (model.da_signals(document), "domestic abuse")
    assert bool(found.signals[position] & SIGNAL_MS) == about.ms, "modern slavery"
    assert bool(found.linked[position]) == model.has_counter_allegation(document)
    for row, person in zip(rows, expected, strict=True):
        who = person.person_ref
        assert Standing(int(found.standing[row])) == Standing(person.standing), who
        assert Protection(int(found.own[row])) == Protection(person.protections), who
        assert Evidence(int(found.evidence[row])) == Evidence(person.evidence), who
        assert bool(found.child[row]) == person.child, who
        assert bool(found.high_risk[row]) == person.risk_high, who
        assert found.consent[row] == person.consent["SAFEGUARDING_REFERRAL"], who
        assert found.ie_consent[row] == person.consent["IE_SHARING"], who
        assert bool(found.own[row] & Protection.INDETERMINATE) == bool(person.indeterminate), who
        if person.evidence == model.OFFENCE:
            unfit = Caution.IDENTITY if person.identity_unfit else Caution.NONE
            assert found.caution[row] == (Caution.MINOR if person.minor else unfit), who
        ties = set(found.ties.get(row, ()))
        listed = {each["person_ref"] for each in document["persons"]}
        sponsored = {
            frozenset((r["from_ref"], r["to_ref"])) for r in model.relations_of(document) if r.get("type") == "SPONSOR"
        }
        assert ties & listed >= person.ties, who
        assert all(ref in person.ties or frozenset((who, ref)) in sponsored for ref in ties & listed), who
        assert bool(ties - listed) == person.tied_to_unlisted, who


@settings(RELAXED, max_examples=100)
@given(incidents())
def test_columns_agree_with_the_model(document: dict[str, Any]) -> None:
    """Every column of one incident version is what the plain reading of the rules says."""
    compare(document, read(document))


@pytest.mark.slow
@settings(RELAXED, max_examples=500)
@given(st.lists(incidents(), min_size=1, max_size=4))
def test_a_batch_is_its_records(documents: list[dict[str, Any]]) -> None:
    """What a record says does not depend on its neighbours in the batch."""
    together = read(*documents)
    for position, document in enumerate(documents):
        compare(document, together, position)


@settings(RELAXED, max_examples=25)
@given(incidents(broken=False), st.randoms(use_true_random=False))
def test_order_inside_a_record_means_nothing(document: dict[str, Any], random: Any) -> None:
    """People, roles, relations, flags and members in any order give the same facts."""
    shuffled = copy.deepcopy(document)
    for holder, name in [
        (shuffled, "persons"),
        (shuffled, "relations"),
        (shuffled, "offences"),
        (shuffled, "narrative"),
    ]:
        if holder.get(name):
            random.shuffle(holder[name])
    for person in shuffled["persons"]:
        random.shuffle(person["roles"])
    one, other = read(document), read(shuffled)
    place = {person["person_ref"]: row for row, person in enumerate(shuffled["persons"])}
    order = [place[person["person_ref"]] for person in document["persons"]]
    for name in ("standing", "own", "if_da", "if_ms", "evidence", "caution", "child", "high_risk", "consent", "rules"):
        assert getattr(one, name).tolist() == getattr(other, name)[order].tolist(), name
    assert (one.signals.tolist(), one.linked.tolist()) == (other.signals.tolist(), other.linked.tolist())


VICTIM_ROLES = (
    "VICTIM",
    "COMPLAINANT",
    "POSSIBLE_VICTIM",
    "CHILD_IN_HOUSEHOLD",
    "WITNESS",
    "REPORTER",
    "UNKNOWN",
    "NEW_ROLE",
)
DA_FLAGS = ("domestic_abuse", "hba", "forced_marriage", "fgm", "stalking", "coercive_control", "modern_slavery")


def releasable(found: Facts) -> list[bool]:
    """Who could be released automatically on this record alone."""
    free = (found.own == 0) & (found.evidence == Evidence.OFFENCE) & (found.caution == Caution.NONE)
    accused = (found.standing & int(Standing.SUSPECT | Standing.CONVICTED)) != 0
    return (free & accused & ~found.linked[found.incident] & ~found.retracted[found.incident]).tolist()


@settings(RELAXED, max_examples=40)
@given(incidents(), st.data())
def test_more_signals_never_release(document: dict[str, Any], data: st.DataObject) -> None:
    """Adding a protective role, flag, relation, keyword or reporter never makes anybody releasable, nor unprotected."""
    more = copy.deepcopy(document)
    person = data.draw(st.sampled_from(more["persons"]))
    change = data.draw(st.sampled_from(("role", "flag", "relation", "keyword", "reporter")))
    if change == "role":
        person["roles"].append(data.draw(st.sampled_from(VICTIM_ROLES)))
    elif change == "flag":
        more["flags"] = (more.get("flags") or {}) | {data.draw(st.sampled_from(DA_FLAGS)): "TRUE"}
    elif change == "relation":
        other = data.draw(st.sampled_from(more["persons"]))["person_ref"]
        kind = data.draw(st.sampled_from(("SPOUSE", "SPONSOR", "TRAFFICKER", "NEW_CODE")))
        added = {"from_ref": person["person_ref"], "to_ref": other, "type": kind}
        more["relations"] = [*(more.get("relations") or []), added]
    elif change == "keyword":
        more["narrative"] = [*(more.get("narrative") or []), {"text": "Victim disclosed domestic violence."}]
    elif more["header"].get("reported_by_person_ref") is None:  # to name another would take the first one's away
        more["header"]["reported_by_person_ref"] = person["person_ref"]
    before, after = read(document), read(more)
    assert all(then or not now for then, now in zip(releasable(before), releasable(after), strict=True))
    # What protects may change (a victim turns DA victim), that something does may not.
    assert all(now or not then for then, now in zip(before.own.tolist(), after.own.tolist(), strict=True))


@pytest.mark.parametrize(
    ("ages", "role", "child", "may_be_16"),
    [
        ({}, "SUSPECT", False, True),
        ({"age": 17}, "SUSPECT", True, True),
        ({"age": 15}, "SUSPECT", True, False),
        ({"age_from": 16, "age_to": 20}, "SUSPECT", True, True),
        ({"age_from": 18, "age_to": 20}, "SUSPECT", False, True),
        ({"age_from": 10}, "SUSPECT", True, True),
        ({"age_to": 17}, "SUSPECT", True, True),
        ({"age_to": 40}, "SUSPECT", False, True),
        ({"age_basis": "PRESUMED_CHILD"}, "SUSPECT", True, True),
        ({"age_basis": "PRESUMED_CHILD", "age": 30}, "SUSPECT", True, True),
        ({"dob": "1990-01-01", "age": 12}, "SUSPECT", True, True),
        ({"dob": "1990-01-01", "age_to": 12}, "SUSPECT", True, True),
        ({"dob": "2012-01-01", "age": 40}, "SUSPECT", True, True),
        ({}, "CHILD_IN_HOUSEHOLD", True, False),
        ({"age": 17}, "CHILD_IN_HOUSEHOLD", True, True),
        ({"age": 19}, "CHILD_IN_HOUSEHOLD", False, True),
        ({"age": 200}, "CHILD_IN_HOUSEHOLD", True, False),
    ],
)
def test_who_is_a_child(ages: dict[str, Any], role: str, child: bool, may_be_16: bool) -> None:
    """Any statement under 18 makes a child, and any that allows 16 lets the rules for 16 and over apply (spec 6.9)."""
    document = {
        "header": {
            "schema_version": "1.0", "source_system": "NICHE", "source_force": "13", "incident_id": "i1", "version": 1,
            "change_type": "CREATE", "recorded_ts": "2026-11-20T22:05:00Z",
        },
        "flags": {"hba": "TRUE"},
        "persons": [{"person_ref": "p", "roles": [role, "VICTIM"] if role == "SUSPECT" else [role], **ages}],
    }  # fmt: skip
    found = read(document)
    assert bool(found.child[0]) == child
    assert bool(found.own[0] & Protection.DA_CHILD) == child
    assert bool(found.own[0] & Protection.DA_VICTIM) == may_be_16
