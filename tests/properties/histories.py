"""Hypothesis strategies for small histories: few people under colliding names, in every role, over versions of a few incidents.

A history is a list of records (documents, or bytes that break the contract). People are drawn from a cast in which two are
loosely the same man, two share a surname and one has no date of birth, so that protection has something to spread along.
"""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.world import DOUBT, OFFENCE, Document, encoded, incident, name, person

#: CORDON_EXAMPLES=20 runs twenty times as many examples of every property.
MANY = max(1, int(os.environ.get("CORDON_EXAMPLES", "1")))


def examples(count: int) -> settings:
    """Settings of a property whose examples are whole runs: few by default, repeatable, in no hurry."""
    return settings(
        max_examples=count * MANY,
        deadline=None,
        derandomize=MANY == 1,
        # Explaining a failure traces every line of a whole run.
        phases=(
            Phase.explicit,
            Phase.reuse,
            Phase.generate,
            *([Phase.shrink] if os.environ.get("CORDON_SHRINK") else []),
        ),
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.function_scoped_fixture,
        ],
    )


#: Who may appear: names, date of birth, and identifiers that may or may not be recorded.
CAST: dict[str, Document] = {
    "omar": {"names": [name("Yusuf", "Omar")], "dob": "1988-01-30"},
    "umar": {"names": [name("Yousef", "Umar")], "dob": "1988-01-30"},
    "amina": {"names": [name("Yusuf", "Amina")], "dob": "1991-04-03"},
    "jan": {"names": [name("Kowalski", "Jan")], "dob": "1979-05-06"},
    "leila": {"names": [name("Amini", "Leila")], "dob": None},
    "rui": {"names": [name("Silva", "Rui")], "dob": "1970-10-11"},
}
NOMINALS = {who: f"N{number}" for number, who in enumerate(CAST)}

ROLES = st.sampled_from(
    [["SUSPECT"]] * 6
    + [["VICTIM"]] * 3
    + [
        ["WITNESS"],
        ["REPORTER"],
        ["SUSPECT", "VICTIM"],
        ["CHARGED"],
        ["CONVICTED"],
        ["MENTIONED"],
        ["POSSIBLE_VICTIM"],
        ["CHILD_IN_HOUSEHOLD"],
    ]
    + [["UNKNOWN"], ["SUSPECT", "OFFENDER_X"]]
)
IMMIGRATION = st.sampled_from(
    [OFFENCE] * 6
    + [
        DOUBT,
        None,
        {},
        OFFENCE | {"assessment": "CHARGED"},
        OFFENCE | {"statute_ref": "IA1971 s.24A(1)"},
        OFFENCE | {"source": "FAMILY"},
    ]
)
CONSENT = st.sampled_from(
    [None]
    + [
        [{"scope": "SAFEGUARDING_REFERRAL", "state": state, "ts": "2026-11-20T21:40:00Z", "method": "VERBAL"}]
        for state in ("GIVEN", "GIVEN", "REFUSED", "NOT_ASKED")
    ]
)
FLAGS = st.sampled_from(
    [
        None,
        {},
        {},
        {"domestic_abuse": "TRUE"},
        {"domestic_abuse": "FALSE"},
        {"hba": True},
        {"modern_slavery": "TRUE"},
        {"child_present": "TRUE"},
    ]
)
TEXTS = st.sampled_from(
    [None, None, "Two men argued.", "She disclosed domestic abuse.", "No history of domestic violence."]
)
LINKS = st.sampled_from(
    [None] * 5 + [[{"id": "13/A/26", "reason": "COUNTER_ALLEGATION"}], [{"id": "13/B/26", "reason": "REPEAT"}]]
)
RELATIONS = ["SPOUSE", "NEIGHBOUR", "SPONSOR", "TRAFFICKER", "SIBLING", "UNKNOWN", "SOULMATE"]
#: Values that make a person unreadable in part, by field.
UNREADABLE = {
    "dob": "1988-02-30",
    "phones": "07700 900123",
    "names": "Omar Yusuf",
    "age": "old",
    "risk": [],
    "nominal_id": 7,
}


@st.composite
def persons(draw: st.DrawFn, ref: str, who: str, faults: bool) -> Document:
    """One of the cast, in some role."""
    fields: Document = dict(CAST[who])
    if draw(st.booleans()):
        fields["nominal_id"] = NOMINALS[who]
    if draw(st.integers(0, 5)) == 0:
        fields["risk"] = {
            "tool": draw(st.sampled_from(["DASH", "OTHER"])),
            "level": draw(st.sampled_from(["HIGH", "STANDARD"])),
        }
    if draw(st.integers(0, 7)) == 0:
        fields["age"] = draw(st.sampled_from([17, 30]))
    if draw(st.integers(0, 9)) == 0:
        fields["nrm"] = {"indicator": True}
    found = person(ref, draw(ROLES), immigration=draw(IMMIGRATION), consent=draw(CONSENT), **fields)
    if faults and draw(st.integers(0, 9)) == 0:
        field = draw(st.sampled_from(sorted(UNREADABLE)))
        found[field] = UNREADABLE[field]
    return found


@st.composite
def records(draw: st.DrawFn, *, faults: bool = True, keys: str = "ABC") -> Document:
    """One valid record of one of a few incidents; with `faults`, a person may be unreadable in part."""
    cast = draw(st.lists(st.sampled_from(sorted(CAST)), min_size=1, max_size=3, unique=True))
    # In whatever version, the same person keeps the same reference, as records systems do it; sometimes they do not.
    refs = {who: f"p{sorted(CAST).index(who)}" for who in cast}
    people = [draw(persons(refs[who], who, faults)) for who in cast]
    version = draw(st.sampled_from([1, 1, 1, 2, 3]))
    relations = []
    if len(cast) > 1 and draw(st.booleans()):
        ends = draw(st.permutations(sorted(refs.values())))
        relations = [(ends[0], ends[1], draw(st.sampled_from(RELATIONS)))]
    sections = {"flags": draw(FLAGS), "linked_incidents": draw(LINKS)}
    return incident(
        draw(st.sampled_from(keys)),
        *people,
        version=version,
        change=draw(
            st.sampled_from(["CREATE", "UPDATE", "CORRECT", "RETRACT"] if version > 1 else ["CREATE"] * 5 + ["RETRACT"])
        ),
        relations=relations,
        text=draw(TEXTS),
        **{section: value for section, value in sections.items() if value is not None},
    )


@st.composite
def broken(draw: st.DrawFn, record: Document) -> bytes:
    """The record with a contract fault that leaves its people readable."""
    how = draw(st.sampled_from(["relation", "schema", "change_type", "repeated", "bom"]))
    record = json.loads(json.dumps(record))
    if how == "relation":
        record["relations"] = [*record.get("relations", ()), {"from_ref": "nobody", "to_ref": "p1", "type": "SPOUSE"}]
    elif how == "schema":
        record["header"]["schema_version"] = "0.9"
    elif how == "change_type":
        record["header"]["change_type"] = "AMEND"
    elif how == "repeated":
        return encoded(record)[:-1] + b',"mood":1,"mood":2}'
    else:
        return b"\xef\xbb\xbf" + encoded(record)
    return encoded(record)


@st.composite
def histories(draw: st.DrawFn, *, faults: bool = True, least: int = 1, most: int = 5) -> list[bytes]:
    """Records as they are sent; with `faults`, some break the contract or cannot be read at all."""
    found: list[bytes] = []
    for record in draw(st.lists(records(faults=faults), min_size=least, max_size=most)):
        fate = draw(st.integers(0, 11)) if faults else 1
        if fate == 0:
            found.append(draw(broken(record)))
        elif fate == 11 and faults:
            found.append(draw(st.sampled_from([b"", b"{", encoded(record)[:-9]])))
        else:
            found.append(encoded(record))
    return found


def parsed(line: bytes) -> Document | None:
    """The record of a line that is a valid document."""
    try:
        found: Any = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
