"""The slow, obvious model of tagging: one incident version as a dictionary, row by row, a sentence of the spec at a time.

Written from spec 3.2 and 6.2 to 6.18 and the domain rules alone. The fast code works on columns and must agree with it
on every incident. It knows no registry and no other incident; `combine` knows the versions of one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeGuard
from zoneinfo import ZoneInfo

from pipelines.tagging import narrative

SUSPECT, CONVICTED, VICTIM, WITNESS, OTHER = 1, 2, 4, 8, 16
DA_VICTIM, DA_CHILD, MS_VICTIM, OTHER_VICTIM, POSSIBLE_VICTIM, WITNESS_P, REPORTER, INDETERMINATE = (
    1,
    2,
    4,
    8,
    16,
    32,
    64,
    128,
)
NO_EVIDENCE, DOUBT, OFFENCE = 0, 1, 2
CONSENT_NONE, GIVEN, REFUSED = 0, 1, 2

STANDING_OF_ROLE = {
    "VICTIM": VICTIM,
    "COMPLAINANT": VICTIM,
    "POSSIBLE_VICTIM": VICTIM,
    "CHILD_IN_HOUSEHOLD": VICTIM,
    "WITNESS": WITNESS,
    "REPORTER": WITNESS,
    "THIRD_PARTY_REPORTER": WITNESS,
    "SUSPECT": SUSPECT,
    "ARRESTED": SUSPECT,
    "CHARGED": SUSPECT,
    "CONVICTED": CONVICTED,
    "PARENT_GUARDIAN": OTHER,
    "INTERPRETER": OTHER,
    "PROFESSIONAL": OTHER,
    "MENTIONED": OTHER,
}
CONNECTED = {
    "SPOUSE",
    "EX_SPOUSE",
    "CIVIL_PARTNER",
    "FIANCE",
    "PARTNER",
    "EX_PARTNER",
    "COPARENT",
    "PARENT",
    "CHILD",
    "SIBLING",
    "IN_LAW",
    "GRANDPARENT",
    "OTHER_RELATIVE",
}
UNCONNECTED = {"CARER", "COHABITANT", "EMPLOYER", "SPONSOR", "TRAFFICKER", "NEIGHBOUR", "STRANGER"}
STEPS = {"STEP", "STEP_PARENT", "STEP_CHILD", "STEP_SIBLING", "STEPPARENT", "STEPCHILD", "STEPSIBLING"}
STATUTE = re.compile(r"IA1971 s\.(?:24|24A|24B|25|25A|25B|26)(?:\([A-Za-z0-9]{1,4}\)){1,4}", re.ASCII)
DA_FLAGS = [
    "domestic_abuse",
    "hba",
    "forced_marriage",
    "fgm",
    "stalking",
    "coercive_control",
    "so_called_immigration_abuse",
]
SCOPES = ("SAFEGUARDING_REFERRAL", "IE_SHARING")
PLACEHOLDERS = {
    "UNKNOWN",
    "NOT KNOWN",
    "NK",
    "N/K",
    "NA",
    "N/A",
    "MALE",
    "FEMALE",
    "UNKNOWN MALE",
    "UNKNOWN FEMALE",
    "ANON",
    "ANONYMOUS",
    "TBC",
}


@dataclass
class PersonFacts:
    """What one incident version says of one person."""

    person_ref: str
    standing: int = 0
    protections: int = 0
    evidence: int = NO_EVIDENCE
    #: Caution about a suspect (spec 6.16).
    minor: bool = False
    identity_unfit: bool = False
    counter_allegation: bool = False
    #: People of this record tied to this one as sponsor or dependant, in either direction.
    ties: frozenset[str] = frozenset()
    #: A sponsor or dependant who is not on this record.
    tied_to_unlisted: bool = False
    risk_high: bool = False
    child: bool = False
    consent: dict[str, int] = field(default_factory=dict)
    #: Why the person is INDETERMINATE, if so.
    indeterminate: frozenset[str] = frozenset()


@dataclass
class IncidentFacts:
    """What one incident version is about."""

    da: bool
    ms: bool


# --- values ------------------------------------------------------------------------------------------------------


def is_true(flag: Any) -> bool:
    """TRUE, JSON true, and any value on no list (spec 6.8)."""
    return not (flag is None or flag is False or (isinstance(flag, str) and flag in {"FALSE", "UNKNOWN"}))


def parse_ts(value: Any) -> datetime | None:
    """An RFC 3339 time with a zone, or nothing."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else None


def event_date(doc: dict[str, Any]) -> date:
    """The event's date in London; when there is no event time, the recording's."""
    ts = parse_ts(doc["header"].get("event_ts")) or parse_ts(doc["header"]["recorded_ts"])
    assert ts is not None, "the header was valid"
    return ts.astimezone(ZoneInfo("Europe/London")).date()


def years_on(dob: date, day: date) -> int:
    """Age in whole years; a 29 February birthday is reached on 1 March."""
    return day.year - dob.year - ((day.month, day.day) < (dob.month, dob.day))


def read_dob(person: dict[str, Any], day: date) -> tuple[date | None, bool]:
    """The date of birth if it can be one, and whether there is one that cannot."""
    value = person.get("dob")
    if value is None:
        return None, False
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return None, True
    try:
        dob = date.fromisoformat(value)
    except ValueError:
        return None, True
    if dob > day or years_on(dob, day) > 130:
        return None, True
    return dob, False


def a_number(value: Any) -> int | None:
    """An integer, or nothing."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def roles_of(person: dict[str, Any]) -> list[Any]:
    """The roles as sent."""
    roles: list[Any] = person["roles"]
    return roles


def standing_of(person: dict[str, Any]) -> int:
    """The union of the categories of the roles; a role nobody knows is OTHER."""
    standing = 0
    for role in roles_of(person):
        standing |= STANDING_OF_ROLE.get(role, OTHER) if isinstance(role, str) else OTHER
    return standing


def is_reported_by(person: dict[str, Any], doc: dict[str, Any]) -> bool:
    """Whether the header names the person as the one who reported: a REPORTER, whatever the roles say (spec 6.11)."""
    return bool(doc["header"].get("reported_by_person_ref") == person["person_ref"])


def standing_in(person: dict[str, Any], doc: dict[str, Any]) -> int:
    """The categories of the roles, and of having reported: who reports is a witness."""
    return standing_of(person) | (WITNESS if is_reported_by(person, doc) else 0)


def is_accused(person: dict[str, Any]) -> bool:
    """Whether the person stands as suspect or convicted."""
    return bool(standing_of(person) & (SUSPECT | CONVICTED))


# --- age ---------------------------------------------------------------------------------------------------------


def is_an_age(value: int | None) -> TypeGuard[int]:
    """Whether a living person can be that old."""
    return value is not None and 0 <= value <= 130


def statements(person: dict[str, Any], day: date) -> dict[str, int]:
    """Every possible age the record states, by the field that states it."""
    dob, _ = read_dob(person, day)
    stated = {name: a_number(person.get(name)) for name in ("age", "age_from", "age_to")}
    stated["dob"] = None if dob is None else years_on(dob, day)
    return {name: age for name, age in stated.items() if is_an_age(age)}


def is_child(person: dict[str, Any], day: date) -> bool:
    """Under 18 by any statement, presumed a child, or a child of the household of unknown age (spec 6.9)."""
    stated = statements(person, day)
    if person.get("age_basis") == "PRESUMED_CHILD" or any(age < 18 for age in stated.values()):
        return True
    return "CHILD_IN_HOUSEHOLD" in roles_of(person) and not stated


def may_be_16(person: dict[str, Any], day: date) -> bool:
    """Unknown ages count as 16 or more, and so does an age with no upper end (spec 6.8)."""
    stated = statements(person, day)
    return set(stated) <= {"age_from"} or any(age >= 16 for age in stated.values())


def age_is_unknown(person: dict[str, Any], day: date) -> bool:
    """Whether the record says nothing of the person's age."""
    return not statements(person, day)


# --- the incident ------------------------------------------------------------------------------------------------


def relations_of(doc: dict[str, Any]) -> list[dict[str, Any]]:
    """The relations as sent."""
    return doc.get("relations") or []


def relation_kind(relation: dict[str, Any]) -> str:
    """connected, unconnected, unknown (the literal, or none stated), or unlisted."""
    code = relation.get("type")
    if code is None or code == "UNKNOWN":
        return "unknown"
    if code in CONNECTED or code in STEPS:
        return "connected"
    return "unconnected" if code in UNCONNECTED else "unlisted"


def homes(person: dict[str, Any]) -> set[str]:
    """The locations where a person is said to be at home."""
    return {
        a["location_ref"]
        for a in person.get("addresses") or []
        if a.get("type") == "HOME" and a.get("location_ref") is not None
    }


def has_abuse_offence(doc: dict[str, Any]) -> bool:
    """Any offence of a class other than false documents and perverting justice; no list at all is not a "no"."""
    offences = doc.get("offences")
    return offences is None or any(offence.get("ho_class") not in {"61A", "79"} for offence in offences)


def texts_of(doc: dict[str, Any]) -> list[str]:
    """Everything that is read for keywords: narratives and offence titles."""
    texts = [entry.get("text") for entry in doc.get("narrative") or []] + [
        offence.get("title") for offence in doc.get("offences") or []
    ]
    return [text for text in texts if isinstance(text, str)]


def keywords(doc: dict[str, Any]) -> int:
    """1 for domestic abuse, 2 for modern slavery, or both."""
    mask = 0
    for text in texts_of(doc):
        mask |= int(narrative.signals([text])[0])
    return mask


def da_signals(doc: dict[str, Any]) -> set[str]:
    """Every reason to take the incident for domestic abuse; one is enough, and a FALSE flag against it is a conflict."""
    day = event_date(doc)
    flags = doc.get("flags") or {}
    persons = doc["persons"]
    signals = {f"flag.{flag}" for flag in DA_FLAGS if is_true(flags.get(flag))}
    if is_true(flags.get("child_present")) and not any(is_child(person, day) for person in persons):
        signals.add("child_present")
    if is_true(doc.get("non_crime_da_incident")):
        signals.add("non_crime")
    for person in persons:
        risk = person.get("risk") or {}
        if risk.get("tool") != "OTHER" and (
            risk.get("score") is not None or risk.get("level") not in {None, "NOT_DONE"}
        ):
            signals.add("assessment")
        if risk.get("marac") not in {None, "NONE"}:
            signals.add("marac")
    if any(relation_kind(relation) == "unlisted" for relation in relations_of(doc)):
        signals.add("relation.unlisted")
    for victim in persons:
        for suspect in persons:
            if victim is suspect or not standing_of(victim) & VICTIM or not is_accused(suspect):
                continue
            pair = {victim["person_ref"], suspect["person_ref"]}
            kinds = {
                relation_kind(relation)
                for relation in relations_of(doc)
                if {relation["from_ref"], relation["to_ref"]} == pair
            }
            if "connected" in kinds and may_be_16(victim, day) and may_be_16(suspect, day) and has_abuse_offence(doc):
                signals.add("relation.connected")
            if (not kinds or "unknown" in kinds) and homes(victim) & homes(suspect):
                signals.add("shared_home")
    if keywords(doc) & 1:
        signals.add("keyword")
    return signals


def ms_signals(doc: dict[str, Any]) -> set[str]:
    """Every reason to take the incident's victims for victims of modern slavery."""
    signals = set()
    if is_true((doc.get("flags") or {}).get("modern_slavery")):
        signals.add("flag.modern_slavery")
    if any(offence.get("ho_class") == "106" for offence in doc.get("offences") or []):
        signals.add("offence.106")
    if keywords(doc) & 2:
        signals.add("keyword")
    return signals


def incident_facts(doc: dict[str, Any]) -> IncidentFacts:
    """Whether one version alone is domestic abuse, and whether its victims are victims of modern slavery."""
    return IncidentFacts(bool(da_signals(doc)), bool(ms_signals(doc)))


# --- the person --------------------------------------------------------------------------------------------------


def evidence_of(person: dict[str, Any]) -> int:
    """NONE, DOUBT or OFFENCE (spec 3.2, 6.7)."""
    section = person.get("immigration")
    if section is None:
        return NO_EVIDENCE
    if not isinstance(section, dict):
        return DOUBT
    assessment = section.get("assessment")
    if assessment in {"NOT_ASSESSED", "NONE_RECORDED", "CITIZEN_OR_SETTLED", "LEAVE_TIME_LIMITED"}:
        return NO_EVIDENCE
    if assessment not in {"EVIDENCE_OF_OFFENCE", "CHARGED", "CONVICTED"}:
        return DOUBT
    statute, supervisor = section.get("statute_ref"), section.get("supervisor_id")
    enough = (
        isinstance(statute, str)
        and STATUTE.fullmatch(statute) is not None
        and isinstance(supervisor, str)
        and any(map(str.isalnum, supervisor))
        and section.get("source")
        in {"SELF", "OFFICER_OBSERVATION", "THIRD_PARTY", "DOCUMENT_SEEN", "PNC_MARKER", "HO_CHECK"}
        and section.get("basis") == "FACT"
    )
    return OFFENCE if enough else DOUBT


def nrm_is_signal(person: dict[str, Any]) -> bool:
    """An indicator, any state but NONE, or the slavery defence (spec 6.10)."""
    nrm = person.get("nrm") or {}
    return nrm.get("indicator") is True or nrm.get("state") not in {None, "NONE"} or nrm.get("claims_s45") is True


def is_trafficked(person: dict[str, Any], doc: dict[str, Any]) -> bool:
    """Whether the person is the victim's end of a TRAFFICKER relation: the one who is no suspect, or both when that does not tell."""
    by_ref = {each["person_ref"]: each for each in doc["persons"]}
    for relation in relations_of(doc):
        ends = [relation["from_ref"], relation["to_ref"]]
        if relation.get("type") == "TRAFFICKER" and person["person_ref"] in ends:
            innocent = [ref for ref in ends if not is_accused(by_ref[ref])]
            if len(innocent) != 1 or innocent == [person["person_ref"]]:
                return True
    return False


def protections_of(person: dict[str, Any], doc: dict[str, Any], *, da: bool, ms: bool) -> int:
    """Why the person is protected by this incident, given what the incident is."""
    day = event_date(doc)
    roles = [role for role in roles_of(person) if isinstance(role, str)]
    standing = standing_in(person, doc)
    child = is_child(person, day)
    found = 0
    if standing & VICTIM:
        household_only = not {"VICTIM", "COMPLAINANT", "POSSIBLE_VICTIM"}.intersection(roles)
        if da:
            if may_be_16(person, day) and not (household_only and age_is_unknown(person, day)):
                found |= DA_VICTIM
        elif {"VICTIM", "COMPLAINANT", "CHILD_IN_HOUSEHOLD"}.intersection(roles):
            found |= OTHER_VICTIM
        if "POSSIBLE_VICTIM" in roles:
            found |= POSSIBLE_VICTIM
        if ms:
            found |= MS_VICTIM
    if da and child and standing & (VICTIM | WITNESS):
        found |= DA_CHILD
    if "WITNESS" in roles:
        found |= WITNESS_P
    if {"REPORTER", "THIRD_PARTY_REPORTER"}.intersection(roles) or is_reported_by(person, doc):
        found |= REPORTER
    if is_trafficked(person, doc):
        found |= MS_VICTIM
    if nrm_is_signal(person):
        found |= MS_VICTIM
        if is_accused(person):
            found |= POSSIBLE_VICTIM
    if indeterminate_reasons(person, doc):
        found |= INDETERMINATE
    return found


_TEXT = (str,)
_NUMBER = (int,)
_SHAPES: dict[str, tuple[type, ...]] = {
    "nominal_id": _TEXT, "pnc_id": _TEXT, "dob": _TEXT, "age": _NUMBER, "age_from": _NUMBER, "age_to": _NUMBER, "age_basis": _TEXT,
    "names": (list,), "identifiers": (list,), "phones": (list,), "emails": (list,), "addresses": (list,), "vulnerability": (list,),
    "language": _TEXT, "interpreter_needed": (bool,), "immigration": (dict,), "risk": (dict,), "consent": (list,), "nrm": (dict,),
}  # fmt: skip


def indeterminate_reasons(person: dict[str, Any], doc: dict[str, Any]) -> frozenset[str]:
    """Why nobody can say what this person is: a role nobody knows, an impossible birth, a value of the wrong type."""
    reasons = set()
    if any(not isinstance(role, str) or role not in STANDING_OF_ROLE for role in roles_of(person)):
        reasons.add("role")
    if read_dob(person, event_date(doc))[1]:
        reasons.add("dob")
    for name, kinds in _SHAPES.items():
        value = person.get(name)
        if value is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            reasons.add(f"unreadable.{name}")
    return frozenset(reasons)


def is_plain_name(name: Any) -> bool:
    """Letters of one script, hyphen, apostrophe and space, up to 35, no placeholder (spec 6.16)."""
    import unicodedata

    if not isinstance(name, str) or not name.strip() or len(name) > 35 or name.strip().upper() in PLACEHOLDERS:
        return False
    if not all(each.isalpha() or each in "-'’ " for each in name) or not any(map(str.isalpha, name)):
        return False
    return (
        len({unicodedata.name(each).split()[0] for each in name if each.isalpha()}) == 1
        and " of " not in f" {name.lower()} "
    )


def identity_is_unfit(person: dict[str, Any], day: date) -> bool:
    """Whether the person lacks a LEGAL surname, a given name or a valid date of birth, or a name is not plainly a name."""
    legal = [name for name in person.get("names") or [] if isinstance(name, dict) and name.get("type") == "LEGAL"]
    if not legal or read_dob(person, day)[0] is None:
        return True
    given = legal[0].get("given") or []
    return not given or not is_plain_name(legal[0].get("surname")) or not all(map(is_plain_name, given))


def ties_of(person: dict[str, Any], doc: dict[str, Any]) -> tuple[frozenset[str], bool]:
    """Who is tied to this person as sponsor or dependant, in either direction, and whether somebody unlisted is."""
    listed = {each["person_ref"] for each in doc["persons"]}
    me = person["person_ref"]
    named = set()
    for each in doc["persons"]:
        section = each.get("immigration")
        refs = (
            {section.get("sponsor_person_ref"), section.get("dependant_of_ref")} - {None}
            if isinstance(section, dict)
            else set()
        )
        if each is person:
            named |= refs
        elif me in refs:
            named.add(each["person_ref"])
    named.discard(me)
    return frozenset(named & listed), bool(named - listed)


def has_counter_allegation(doc: dict[str, Any]) -> bool:
    """A link whose reason is COUNTER_ALLEGATION, is missing, or is on no list."""
    return any(
        link.get("reason") not in {"REPEAT", "SERIES", "SAME_PERSONS"} for link in doc.get("linked_incidents") or []
    )


def risk_is_high(person: dict[str, Any]) -> bool:
    """Level HIGH or a DASH score of 14 or more: the higher counts (spec 6.3). A tool nobody knows may be DASH."""
    risk = person.get("risk") or {}
    dash = risk.get("tool") not in {"DARA", "OTHER"}
    return risk.get("level") == "HIGH" or (dash and (a_number(risk.get("score")) or 0) >= 14)


def answer_of(entry: dict[str, Any]) -> int:
    """What one answer says; GIVEN without time and method says nothing (spec 6.18)."""
    state = entry.get("state")
    if state in {"REFUSED", "WITHDRAWN"}:
        return REFUSED
    if state == "GIVEN" and parse_ts(entry.get("ts")) and entry.get("method"):
        return GIVEN
    return CONSENT_NONE


def consent_of(person: dict[str, Any], scope: str) -> int:
    """The latest answer in a scope; a tie at the latest time, or an answer without a time, counts as the more protective."""
    entries = [entry for entry in person.get("consent") or [] if entry.get("scope") == scope]
    timed = [(parse_ts(entry.get("ts")), entry) for entry in entries]
    latest = max((ts for ts, _ in timed if ts is not None), default=None)
    answers = {answer_of(entry) for ts, entry in timed if ts is None or ts == latest}
    for answer in (REFUSED, CONSENT_NONE, GIVEN):  # from the most protective
        if answer in answers:
            return answer
    return CONSENT_NONE


def person_facts(person: dict[str, Any], doc: dict[str, Any], facts: IncidentFacts) -> PersonFacts:
    """Everything the record says of one person, given what the incident is."""
    day = event_date(doc)
    ties, unlisted = ties_of(person, doc)
    return PersonFacts(
        person_ref=person["person_ref"],
        standing=standing_in(person, doc),
        protections=protections_of(person, doc, da=facts.da, ms=facts.ms),
        evidence=evidence_of(person),
        minor=is_child(person, day),
        identity_unfit=identity_is_unfit(person, day),
        counter_allegation=has_counter_allegation(doc),
        ties=ties,
        tied_to_unlisted=unlisted,
        risk_high=risk_is_high(person),
        child=is_child(person, day),
        consent={scope: consent_of(person, scope) for scope in SCOPES},
        indeterminate=indeterminate_reasons(person, doc),
    )


def tag_incident(doc: dict[str, Any]) -> list[PersonFacts]:
    """One valid incident version alone: its people in their order."""
    facts = incident_facts(doc)
    return [person_facts(person, doc, facts) for person in doc["persons"]]


# --- versions ----------------------------------------------------------------------------------------------------


def combine(versions: Iterable[dict[str, Any]]) -> list[PersonFacts]:
    """The versions of one incident, in any order (spec 6.13): the people of the highest, with what any version adds.

    Protections, domestic-abuse and slavery signals and the highest risk are unions; the rest is the highest version's.
    Where two contents bear one version number, the people who differ are INDETERMINATE.
    """
    distinct = {json.dumps(doc, sort_keys=True): doc for doc in versions}
    docs: Sequence[dict[str, Any]] = [distinct[key] for key in sorted(distinct)]
    facts = IncidentFacts(any(da_signals(doc) for doc in docs), any(ms_signals(doc) for doc in docs))
    protections: dict[str, int] = {}
    high: dict[str, bool] = {}
    for doc in docs:
        for person in doc["persons"]:
            ref = person["person_ref"]
            protections[ref] = protections.get(ref, 0) | protections_of(person, doc, da=facts.da, ms=facts.ms)
            high[ref] = high.get(ref, False) or risk_is_high(person)
    for number in {doc["header"]["version"] for doc in docs}:
        rivals = [{p["person_ref"]: p for p in doc["persons"]} for doc in docs if doc["header"]["version"] == number]
        for ref in {ref for people in rivals for ref in people}:
            if any(people.get(ref) != rivals[0].get(ref) for people in rivals):
                protections[ref] |= INDETERMINATE
    highest = max(docs, key=lambda doc: doc["header"]["version"])  # of rivals the first in a fixed order
    combined = []
    for person in highest["persons"]:
        one = person_facts(person, highest, facts)
        one.protections = protections[one.person_ref]
        one.risk_high = high[one.person_ref]
        combined.append(one)
    return combined
