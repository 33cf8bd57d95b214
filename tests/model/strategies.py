"""Hypothesis strategies for `incident` v1: small, dense with every rule of tagging, valid or slightly broken inside a person.

Every code list is drawn from its known codes, its unknown ones and absence; ages cluster at the boundaries of 16 and 18
on the event's London date; people share homes, relations and references. `incidents(broken=False)` has no unreadable value.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

#: 2026-06-10T23:30Z is already the 11th in London; the October one is the night the clocks change.
EVENTS = (
    "2026-06-10T23:30:00Z",
    "2026-06-10T22:30:00Z",
    "2026-03-01T00:00:00+00:00",
    "2026-02-28T12:00:00Z",
    "2026-10-25T00:30:00+01:00",
    None,
)
RECORDED = "2026-11-02T21:05:00Z"
#: Sixteenth, eighteenth and leap-day birthdays around the events, and plainly adult and plainly small.
BIRTHS = (
    "2010-06-10", "2010-06-11", "2010-06-12", "2008-06-10", "2008-06-11", "2008-06-12", "2008-02-29", "2008-03-01", "2010-03-01",
    "2010-02-28", "2008-10-25", "2008-11-02", "2008-11-03", "1990-05-02", "1961-01-01", "2019-01-30",
)  # fmt: skip
BROKEN_BIRTHS = (
    "1990-13-01",
    "2023-02-29",
    "30/01/1988",
    "",
    "not a date",
    "1890-01-01",
    "2027-01-01",
    "1988-1-30",
    "1988-01-30T00:00:00Z",
)

ROLES = [
    "VICTIM",
    "POSSIBLE_VICTIM",
    "COMPLAINANT",
    "CHILD_IN_HOUSEHOLD",
    "WITNESS",
    "REPORTER",
    "THIRD_PARTY_REPORTER",
    "SUSPECT",
    "ARRESTED",
    "CHARGED",
    "CONVICTED",
    "PARENT_GUARDIAN",
    "INTERPRETER",
    "PROFESSIONAL",
    "MENTIONED",
]
ODD_ROLES = ("UNKNOWN", "suspect", "OFFENDER_OTHER", "VICTIM ", "")
RELATIONS = [
    "SPOUSE",
    "EX_SPOUSE",
    "CIVIL_PARTNER",
    "FIANCE",
    "PARTNER",
    "EX_PARTNER",
    "COPARENT",
    "PARENT",
    "CHILD",
    "STEP",
    "STEP_PARENT",
    "SIBLING",
    "IN_LAW",
    "GRANDPARENT",
    "OTHER_RELATIVE",
    "CARER",
    "COHABITANT",
    "EMPLOYER",
    "SPONSOR",
    "TRAFFICKER",
    "NEIGHBOUR",
    "STRANGER",
    "UNKNOWN",
]
FLAG_NAMES = [
    "domestic_abuse",
    "hba",
    "forced_marriage",
    "fgm",
    "stalking",
    "coercive_control",
    "so_called_immigration_abuse",
    "modern_slavery",
    "child_present",
    "sexual",
]
STATUTES = (
    "IA1971 s.24(1)(b)(i)", "IA1971 s.24A(1)", "IA1971 s.25(1)(a)", "IA1971 s.26(1)(c)", "IA1971 s.24", "IA1971 s.24(1)(b)(i)(ii)(3)", "ia1971 s.24(1)",
    "IA1971 s24(1)", "IA1971 s.24 (1)", "IA1971 s.27(1)", "IA1971 s.24(1)(bbbbb)", "IA1971 s.24()", "IA1971 s.24(1)\n", "", "SCA2015 s.76",
)  # fmt: skip
TEXTS = (
    "Two males argued over a parking space.",
    "There is no history of domestic violence.",
    "Victim disclosed domestic violence over several years.",
    "Suspect denies domestic abuse.",
    "Possible modern slavery at the premises.",
    "No indication of modern slavery.",
    "Her husband hit her.",
    "",
)
TITLES = (
    "Assault with injury",
    "Controlling or coercive behaviour",
    "Stalking",
    "Modern slavery: forced labour",
    "Theft from shop",
    None,
)
TIMES = (
    "2026-11-02T20:45:00Z",
    "2026-11-02T20:45:00+00:00",
    "2026-11-02T21:45:00+01:00",
    "2026-11-02T20:50:00Z",
    "2026-11-02T20:50:00",
    "yesterday",
    None,
)


def _maybe(strategy: st.SearchStrategy[Any], among: int = 2) -> st.SearchStrategy[Any]:
    """A value, or nothing, once in so many."""
    return st.one_of(*[strategy] * (among - 1), st.none())


def _sparse(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """A dictionary of any of some fields; `null` and absence both occur."""
    return st.fixed_dictionaries({}, optional=fields)


def _flag() -> st.SearchStrategy[Any]:
    return st.sampled_from(["UNKNOWN", "FALSE", "TRUE", True, False, None, "FALSE", "UNKNOWN", "Y", "true", 0, 1, ""])


def _immigration(refs: list[str]) -> st.SearchStrategy[Any]:
    ties = st.sampled_from([*refs, "nobody", None, None, None])
    good = st.fixed_dictionaries(
        {
            "assessment": st.sampled_from(["EVIDENCE_OF_OFFENCE", "CHARGED", "CONVICTED"]),
            "source": st.sampled_from(["HO_CHECK", "OFFICER_OBSERVATION", "SELF", "DOCUMENT_SEEN"]),
            "basis": st.just("FACT"),
            "statute_ref": st.sampled_from(STATUTES[:4]),
            "supervisor_id": st.sampled_from(["S77", "é", "7"]),
        },
        optional={"sponsor_person_ref": ties, "dependant_of_ref": ties},
    )
    any_ = _sparse(
        {
            "assessment": st.sampled_from(
                [
                    "NOT_ASSESSED",
                    "NONE_RECORDED",
                    "CITIZEN_OR_SETTLED",
                    "LEAVE_TIME_LIMITED",
                    "INSECURE_KNOWN",
                    "CONCERN_OR_DOUBT",
                    "EVIDENCE_OF_OFFENCE",
                    "CHARGED",
                    "CONVICTED",
                    "evidence_of_offence",
                    "OTHER",
                ]
            )
            | st.none(),
            "source": st.sampled_from(
                [
                    "SELF",
                    "OFFICER_OBSERVATION",
                    "PERPETRATOR",
                    "FAMILY",
                    "THIRD_PARTY",
                    "DOCUMENT_SEEN",
                    "PNC_MARKER",
                    "HO_CHECK",
                    "UNKNOWN",
                    "GOSSIP",
                ]
            )
            | st.none(),
            "basis": st.sampled_from(["FACT", "ASSESSMENT", "fact", None]),
            "statute_ref": st.sampled_from(STATUTES) | st.none(),
            "supervisor_id": st.sampled_from(["S77", "", " - ", None]),
            "sponsor_person_ref": ties,
            "dependant_of_ref": ties,
        }
    )
    return good | any_ | st.none()


def _consent() -> st.SearchStrategy[Any]:
    answer = _sparse(
        {
            "scope": st.sampled_from(["SAFEGUARDING_REFERRAL", "SAFEGUARDING_REFERRAL", "IE_SHARING", "NRM", None]),
            "state": st.sampled_from(["GIVEN", "GIVEN", "REFUSED", "WITHDRAWN", "NOT_ASKED", "UNABLE", "YES", None]),
            "ts": st.sampled_from(TIMES),
            "method": st.sampled_from(["VERBAL", "WRITTEN", "", None]),
        }
    )
    return st.lists(answer, max_size=3)


def _name() -> st.SearchStrategy[dict[str, Any]]:
    return _sparse(
        {
            "surname": st.sampled_from(
                [
                    "Yusuf",
                    "Nowak",
                    "O'Neill",
                    "Al-Hassan",
                    "Иванов",
                    "UNKNOWN",
                    "Smith2",
                    "",
                    "wife of Omar",
                    "N" * 36,
                    "Nоwak",
                    None,
                ]
            ),
            "given": st.sampled_from([["Omar"], ["Amina", "Noor"], [], ["Jean-Luc"], ["?"], None]),
            "type": st.sampled_from(["LEGAL", "LEGAL", "LEGAL", "ALIAS", "MAIDEN", None]),
        }
    )


def _person(ref: str, refs: list[str], homes: list[str], broken: bool) -> st.SearchStrategy[dict[str, Any]]:
    births = st.sampled_from(BIRTHS)
    roles = st.sampled_from(["VICTIM", "SUSPECT", "VICTIM", "SUSPECT", *ROLES]) | st.sampled_from(
        ROLES + list(ODD_ROLES)
    )
    fields: dict[str, st.SearchStrategy[Any]] = {
        "nominal_id": _maybe(st.sampled_from(["N1", "N2", "N3"])),
        "names": st.lists(_name(), max_size=2) | st.just([{"surname": "Yusuf", "given": ["Omar"], "type": "LEGAL"}]),
        "dob": _maybe(births | births | st.sampled_from(BROKEN_BIRTHS) if broken else births, 4),
        "age": _maybe(st.sampled_from([15, 16, 17, 18, 40])),
        "age_from": _maybe(st.sampled_from([10, 15, 16, 17, 18, 30])),
        "age_to": _maybe(st.sampled_from([15, 16, 17, 18, 20, 40])),
        "age_basis": _maybe(st.sampled_from(["DOCUMENT", "STATED", "ESTIMATED", "PRESUMED_CHILD", "GUESS"])),
        "addresses": st.lists(
            st.fixed_dictionaries(
                {
                    "location_ref": st.sampled_from(homes),
                    "type": st.sampled_from(["HOME", "HOME", "HOME", "TEMP", "WORK", "EX"]),
                }
            ),
            max_size=2,
        ),
        "immigration": _immigration(refs),
        "risk": _maybe(
            _sparse(
                {
                    "tool": st.sampled_from(["DASH", "DARA", "OTHER", "NEW_TOOL", None]),
                    "score": st.sampled_from([0, 9, 13, 14, 24, None]),
                    "level": st.sampled_from(["STANDARD", "MEDIUM", "HIGH", "NOT_DONE", "NOT_DONE", "SEVERE", None]),
                    "marac": st.sampled_from(["NONE", "NONE", "REFERRED", "HEARD", "PENDING", None]),
                }
            ),
            3,
        ),
        "consent": _consent(),
        "nrm": _maybe(
            _sparse(
                {
                    "indicator": st.sampled_from([True, False, False, None]),
                    "state": st.sampled_from(
                        ["NONE", "NONE", "NONE", "DTN_ANON", "REFERRED", "RG_NEGATIVE", "WAITING", None]
                    ),
                    "claims_s45": st.sampled_from([True, False, False, None]),
                }
            ),
            3,
        ),
    }
    person = st.fixed_dictionaries(
        {"person_ref": st.just(ref), "roles": st.lists(roles, min_size=1, max_size=3)}, optional=fields
    )
    if not broken:
        return person
    unreadable = st.sampled_from(
        [
            ("names", "Omar Yusuf"),
            ("dob", 19880130),
            ("phones", "07700 900123"),
            ("emails", {}),
            ("nominal_id", 7),
            ("language", ["en"]),
        ]
    )
    return (
        person | person | person | st.builds(lambda person, value: {**person, value[0]: value[1]}, person, unreadable)
    )


@st.composite
def incidents(draw: st.DrawFn, *, broken: bool = True, version: int | None = None) -> dict[str, Any]:
    """One valid `incident` v1 document of one to four people; with `broken`, a person may hold an impossible or unreadable value."""
    refs = [f"p{number}" for number in range(1, draw(st.integers(1, 4)) + 1)]
    homes = ["l1", "l2"]
    ends = st.sampled_from(refs)
    header: dict[str, Any] = {
        "schema_version": "1.0",
        "source_system": "NICHE",
        "source_force": "13",
        "incident_id": "13/0001234/26",
        "version": version if version is not None else draw(st.integers(1, 3)),
        "change_type": draw(st.sampled_from(["CREATE", "UPDATE", "CORRECT", "RETRACT"])),
        "recorded_ts": RECORDED,
        "event_ts": draw(st.sampled_from(EVENTS)),
    }
    if draw(st.booleans()):
        header["reported_by_person_ref"] = draw(st.sampled_from([*refs, "nobody", None]))
    document: dict[str, Any] = {"header": header, "persons": [draw(_person(ref, refs, homes, broken)) for ref in refs]}
    offence = _sparse(
        {
            "ho_class": st.sampled_from(["8N", "105A", "61A", "79", "106", "61A", "79", None]),
            "title": st.sampled_from([*TITLES[-2:], *TITLES]),
            "is_principal": st.booleans(),
        }
    )
    relation = st.fixed_dictionaries(
        {"from_ref": ends, "to_ref": ends},
        optional={"type": st.sampled_from([*RELATIONS, "PEN_FRIEND", "spouse", None])},
    )
    rest = draw(
        _sparse(
            {
                "offences": st.lists(offence, max_size=2) | st.none(),
                "non_crime_da_incident": st.sampled_from([False, False, None, "FALSE", "UNKNOWN", True, "TRUE", "Y"]),
                # Mostly one flag at a time, so that other signals are seen to work alone.
                "flags": st.dictionaries(st.sampled_from(FLAG_NAMES), _flag(), max_size=2) | st.none(),
                "relations": st.lists(relation, max_size=3) | st.none(),
                "locations": st.just(
                    [
                        {"location_ref": "l1", "line1": "12 Acacia Road", "postcode": "LS6 2AB"},
                        {"location_ref": "l2", "line1": "9 Elm Row"},
                    ]
                ),
                "narrative": st.lists(
                    _sparse({"type": st.just("OFFICER_NOTES"), "text": st.sampled_from(TEXTS[:2] + TEXTS)}), max_size=2
                )
                | st.none(),
                "linked_incidents": st.lists(
                    _sparse(
                        {
                            "id": st.just("13/0009999/26"),
                            "reason": st.sampled_from(
                                ["REPEAT", "SERIES", "SAME_PERSONS", "COUNTER_ALLEGATION", "ODD", None]
                            ),
                        }
                    ),
                    max_size=2,
                ),
            }
        )
    )
    return document | rest


@st.composite
def histories(draw: st.DrawFn, *, broken: bool = True, most: int = 4) -> list[dict[str, Any]]:
    """Versions of one incident in any order, some repeated, some numbers with two contents."""
    documents = draw(st.lists(incidents(broken=broken), min_size=1, max_size=most))
    repeated = draw(st.lists(st.sampled_from(documents), max_size=2))
    return draw(st.permutations(documents + repeated))
