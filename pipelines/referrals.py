"""Building a referral: field by field, from an allow-list, for one person of one incident (spec 3.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from pipelines.contracts.codes import NOT_CONNECTED, PERSONALLY_CONNECTED, Evidence, Protection
from pipelines.contracts.incident import Contact, Incident, Person
from pipelines.contracts.referral import Contacts, Referral, Referred, RiskInBrief, SuspectInBrief
from pipelines.masking.narrative import Telling
from pipelines.tagging.facts import DOB_OK, is_true, legal_name, read_dob
from pipelines.tagging.names import plainly_a_name

_PHONE = re.compile(r"\+?[0-9 ()\-]{7,20}")
_EMAIL = re.compile(r"[^@\s,;<>\"']{1,64}@[^@\s,;<>\"']{1,250}\.[A-Za-z]{2,24}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_SAFE_TIMES = re.compile(r"[A-Za-z0-9 :,.\-]{1,60}")
_LETTERS = re.compile(r"[a-z]+")
#: What a note of safe times may say: times, and nothing of who is where meanwhile.
_TIME_WORDS = frozenset(
    [
        *(
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
            "mon",
            "tue",
            "tues",
            "wed",
            "thu",
            "thur",
        ),
        *(
            "thurs",
            "fri",
            "sat",
            "sun",
            "weekday",
            "weekdays",
            "weekend",
            "weekends",
            "day",
            "days",
            "daytime",
            "daily",
            "every",
        ),
        *(
            "morning",
            "mornings",
            "afternoon",
            "afternoons",
            "evening",
            "evenings",
            "night",
            "nights",
            "noon",
            "midday",
            "midnight",
        ),
        *(
            "am",
            "pm",
            "hrs",
            "hours",
            "hour",
            "h",
            "oclock",
            "before",
            "after",
            "between",
            "from",
            "until",
            "till",
            "to",
            "and",
        ),
        *(
            "or",
            "on",
            "at",
            "in",
            "the",
            "only",
            "not",
            "no",
            "any",
            "time",
            "times",
            "anytime",
            "school",
            "term",
            "early",
            "late",
        ),
    ]
)
#: Vulnerabilities a partner needs to know. NRPF is an immigration fact: it becomes a support need instead.
_VULNERABILITY = ("PREGNANT", "DISABILITY", "MENTAL_HEALTH", "NO_ENGLISH", "CHILD_IN_CARE")
_REASONS = (
    (int(Protection.DA_CHILD), "CHILD_VICTIM_OF_DOMESTIC_ABUSE"),
    (int(Protection.DA_VICTIM), "DOMESTIC_ABUSE"),
    (int(Protection.MS_VICTIM), "MODERN_SLAVERY"),
)
_SUSPECTS = frozenset({"SUSPECT", "ARRESTED", "CHARGED", "CONVICTED"})
#: Relations a partner is told. Who sponsors whom is an immigration fact.
_RELATIONS = (PERSONALLY_CONNECTED | NOT_CONNECTED) - {"SPONSOR"}


def build_referral(
    incident: Incident,
    place: int,
    telling: Telling,
    *,
    protections: int,
    evidence: int,
    child: bool,
    high_risk: bool,
    any_child: bool,
) -> Referral:
    """Builds the referral of one person, without its id.

    Args:
        incident: the highest version of the incident.
        place: which of its persons is referred.
        telling: what is told of the incident (`telling_of`).
        protections: what protects them in this incident (`Protection` bits).
        evidence: `Evidence` of this record; any but NONE is a need for immigration advice, and stays behind otherwise.
        child: whether they count as a child on the event's date.
        high_risk: whether any version assessed the risk as high.
        any_child: whether a child is involved at all.
    """
    person = incident.persons[place]
    reason = next((word for bit, word in _REASONS if protections & bit), "OTHER")
    risk = person.risk
    return Referral(
        schema="safeguarding.referral.v1",
        referral_id="",
        incident_id=incident.header.incident_id,
        source_force=incident.header.source_force,
        reason=reason,
        legal_basis="VITAL_INTERESTS" if high_risk or child else "CONSENT",
        person=Referred(
            name=_name(person),
            dob=person.dob if read_dob(person.dob)[0] == DOB_OK else None,
            age=person.age if person.age is not None and 0 <= person.age <= 130 else None,
            child=child,
            language=_fits(_LANGUAGE, person.language),
            interpreter_needed=bool(person.interpreter_needed),
            contacts=Contacts(
                phones=_safe(person.phones, _PHONE),
                emails=_safe(person.emails, _EMAIL),
                safe_times=_times([*(person.phones or ()), *(person.emails or ())]),
            ),
            vulnerability=[v for v in _VULNERABILITY if v in (person.vulnerability or ())],
        ),
        risk=RiskInBrief(
            level="HIGH" if high_risk else (risk.level if risk and risk.level in ("STANDARD", "MEDIUM") else "UNKNOWN"),
            tool=risk.tool if risk and risk.tool in ("DASH", "DARA", "OTHER") else None,
            score=risk.score if risk and risk.score is not None and 0 <= risk.score <= 24 else None,
        ),
        support_needs=_needs(incident, person, evidence),
        children_present=any_child,
        suspects=_suspects(incident, person),
        account=telling.about(place),
    )


def telling_of(incident: Incident) -> Telling:
    """What is told of an incident, ready for the accounts of everybody in it."""
    return Telling([n.text for n in incident.narrative or () if n.text], incident.persons, incident.locations or ())


def _name(person: Person) -> str | None:
    """The name as recorded, of parts that are plainly names: a remark in a name field goes nowhere."""
    legal = legal_name(person)
    if legal is None:
        recorded = next(iter(person.names or ()), None)
        if recorded is None:
            return None
        parts = [*(recorded.given or ()), recorded.surname or ""]
    else:
        parts = [*legal[1], legal[0]]
    return " ".join([part.strip() for part in parts if plainly_a_name(part.strip())]) or None


def _safe(contacts: Sequence[Contact] | None, form: re.Pattern[str]) -> list[str]:
    """Contacts marked safe, and only those: unstated is not safe. One that is also listed as unsafe is not."""
    safe = [c.value for c in contacts or () if c.safe_to_use is True and c.value and form.fullmatch(c.value)]
    unsafe = {_squeezed(c.value) for c in contacts or () if c.safe_to_use is not True} if safe else ()
    return [each for each in safe if _squeezed(each) not in unsafe] if unsafe else safe


def _times(contacts: Sequence[Contact]) -> list[str]:
    """Notes of safe times beside safe contacts that say times and nothing else."""
    found = (_fits(_SAFE_TIMES, c.safe_times) for c in contacts if c.safe_to_use is True)
    return list(dict.fromkeys(t for t in found if t and _TIME_WORDS.issuperset(_LETTERS.findall(t.lower()))))


def _needs(incident: Incident, person: Person, evidence: int) -> list[str]:
    """The report's "link the victim to a third party": immigration advice, and nothing of why."""
    abuse = is_true((incident.flags or {}).get("so_called_immigration_abuse"))
    advice = evidence != Evidence.NONE or abuse or "NRPF" in (person.vulnerability or ())
    return [*(["IMMIGRATION_ADVICE"] if advice else []), *(["INTERPRETER"] if person.interpreter_needed else [])]


def _suspects(incident: Incident, person: Person) -> list[SuspectInBrief]:
    found = []
    for other in incident.persons:
        if other is person or _SUSPECTS.isdisjoint(other.roles):
            continue
        relation = next(
            (
                r.type
                for r in incident.relations or ()
                if {r.from_ref, r.to_ref} == {person.person_ref, other.person_ref} and r.type in _RELATIONS
            ),
            None,
        )
        found.append(SuspectInBrief(name=_name(other), relation=relation))
    return found


def _fits(form: re.Pattern[str], text: str | None) -> str | None:
    return text if text is not None and form.fullmatch(text) else None


def _squeezed(text: str | None) -> str:
    return re.sub(r"\W", "", text or "").casefold()[-9:]


def encode(referral: Referral) -> bytes:
    """The message as sent."""
    return msgspec.json.encode(referral)
