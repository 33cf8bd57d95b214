"""What one incident version says by itself about each person in it, for a whole batch at once.

Pure: typed incidents in, columns out. Nothing here depends on another record, another version or the registry, so a
fact never changes; what does depend on them is derived from facts in `pipelines.resolve`.

Where a rule compares two people or reads text, plain loops run over the few incidents concerned; everything else is
arithmetic on columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import numpy.typing as npt

from pipelines.contracts.codes import (
    ASSESSMENTS_OF_DOUBT,
    ASSESSMENTS_OF_NOTHING,
    ASSESSMENTS_OF_OFFENCE,
    DOMESTIC_ABUSE_FLAGS,
    MODERN_SLAVERY_CLASS,
    NOT_ABUSE,
    NOT_CONNECTED,
    PERSONALLY_CONNECTED,
    SOURCES_OF_EVIDENCE,
    Caution,
    ChangeType,
    Consent,
    Evidence,
    Protection,
    Role,
    Standing,
)
from pipelines.contracts.decode import Accepted, instant
from pipelines.contracts.incident import ConsentAnswer, Immigration, Incident, Location, Nrm, Person, Risk
from pipelines.tagging.names import plainly_a_name
from pipelines.tagging.narrative import DA, MS, signals
from pipelines.tagging.rules import BIT

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LONDON = ZoneInfo("Europe/London")

#: Incident signals, as stored.
SIGNAL_DA, SIGNAL_MS = 1, 2
#: How a date of birth reads.
DOB_OK, DOB_ABSENT, DOB_INVALID = 0, 1, 2

_OLDEST = 130
_UNKNOWN_AGE = -1
_HIGH_SCORE = 14

# ---- roles ------------------------------------------------------------------------------------------------------

_R_CHILD, _R_POSSIBLE, _R_VICTIM, _R_WITNESS, _R_REPORTER, _R_UNKNOWN = 1, 2, 4, 8, 16, 32
_STANDING_OF = {
    Role.VICTIM: Standing.VICTIM,
    Role.POSSIBLE_VICTIM: Standing.VICTIM,
    Role.COMPLAINANT: Standing.VICTIM,
    Role.CHILD_IN_HOUSEHOLD: Standing.VICTIM,
    Role.WITNESS: Standing.WITNESS,
    Role.REPORTER: Standing.WITNESS,
    Role.THIRD_PARTY_REPORTER: Standing.WITNESS,
    Role.SUSPECT: Standing.SUSPECT,
    Role.ARRESTED: Standing.SUSPECT,
    Role.CHARGED: Standing.SUSPECT,
    Role.CONVICTED: Standing.CONVICTED,
}
_GROUP_OF = {
    Role.CHILD_IN_HOUSEHOLD: _R_CHILD,
    Role.POSSIBLE_VICTIM: _R_POSSIBLE,
    Role.VICTIM: _R_VICTIM,
    Role.COMPLAINANT: _R_VICTIM,
    Role.WITNESS: _R_WITNESS,
    Role.REPORTER: _R_REPORTER,
    Role.THIRD_PARTY_REPORTER: _R_REPORTER,
    Role.UNKNOWN: _R_UNKNOWN,
}
_ROLES = frozenset(Role)


@lru_cache(maxsize=4096)
def _read_roles(roles: tuple[str, ...]) -> tuple[int, int]:
    """(standing, role groups) of a list of role codes, in any order."""
    standing = groups = 0
    for role in roles:
        if role not in _ROLES:
            groups |= _R_UNKNOWN
            standing |= Standing.OTHER
            continue
        standing |= _STANDING_OF.get(Role(role), Standing.OTHER)
        groups |= _GROUP_OF.get(Role(role), 0)
    return int(standing), groups


# ---- ages -------------------------------------------------------------------------------------------------------


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@lru_cache(maxsize=65536)
def read_dob(text: str | None) -> tuple[int, int, int, int]:
    """(state, year, month, day) of a date of birth in ISO form; zeros unless the state is DOB_OK."""
    if text is None:
        return DOB_ABSENT, 0, 0, 0
    if not _DAY.fullmatch(text):
        return DOB_INVALID, 0, 0, 0
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return DOB_INVALID, 0, 0, 0
    return DOB_OK, day.year, day.month, day.day


@lru_cache(maxsize=65536)
def event_day(event_ts: str | None, recorded_ts: str) -> date:
    """The event's date in London; the recording's where no event time is given (spec 6.9)."""
    moment = instant(event_ts) or instant(recorded_ts) or datetime.min.replace(year=1970, tzinfo=UTC)
    return moment.astimezone(LONDON).date()


# ---- evidence ---------------------------------------------------------------------------------------------------

_STATUTE = re.compile(r"IA1971 s\.(24|24A|24B|25|25A|25B|26)((?:\([0-9A-Za-z]{1,4}\)){1,4})")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")


def offence_of(statute_ref: str | None) -> tuple[str, str] | None:
    """(statute, section) of a reference on the list of immigration offences, in exactly that spelling (spec 6.7)."""
    match = _STATUTE.fullmatch(statute_ref or "")
    return ("IA1971", match[1] + match[2]) if match else None


def read_evidence(section: Immigration | None) -> tuple[int, int]:
    """(evidence, rule bit) of an immigration section (spec 3.2, 6.7)."""
    if section is None:
        return Evidence.NONE, BIT["evidence|none"]
    assessment = section.assessment
    if assessment in ASSESSMENTS_OF_NOTHING:
        return Evidence.NONE, BIT["evidence|none"]
    if assessment in ASSESSMENTS_OF_DOUBT:
        return Evidence.DOUBT, BIT["evidence|doubt"]
    if assessment not in ASSESSMENTS_OF_OFFENCE:
        return Evidence.DOUBT, BIT["evidence|unknown"]
    supported = (
        section.basis == "FACT"
        and section.source in SOURCES_OF_EVIDENCE
        and offence_of(section.statute_ref) is not None
        and _LETTER_OR_DIGIT.search(section.supervisor_id or "") is not None
    )
    return (Evidence.OFFENCE, BIT["evidence|offence"]) if supported else (Evidence.DOUBT, BIT["evidence|unsupported"])


# ---- consent, risk, slavery -------------------------------------------------------------------------------------

_CAUTIOUS = {Consent.REFUSED: 2, Consent.NONE: 1, Consent.GIVEN: 0}


def read_consent(answers: Iterable[ConsentAnswer] | None, scope: str) -> Consent:
    """The latest answer of a scope; a tie or a missing time counts as the more protective one (spec 6.18)."""
    read = [(instant(a.ts), _answer(a)) for a in answers or () if a.scope == scope]
    if not read:
        return Consent.NONE
    times = [when for when, _ in read if when is not None]
    latest = max(times) if times else None
    return max((answer for when, answer in read if when is None or when == latest), key=_CAUTIOUS.__getitem__)


def _answer(answer: ConsentAnswer) -> Consent:
    if answer.state in ("REFUSED", "WITHDRAWN"):
        return Consent.REFUSED
    given = answer.state == "GIVEN" and instant(answer.ts) is not None and bool(answer.method and answer.method.strip())
    return Consent.GIVEN if given else Consent.NONE


_LEVELS_DONE = frozenset({"STANDARD", "MEDIUM", "HIGH"})


def _assessed(risk: Risk) -> bool:
    """Whether an assessment was made at all: a level other than NOT_DONE, or a score."""
    return risk.score is not None or (risk.level is not None and risk.level != "NOT_DONE")


def _is_high(risk: Risk) -> bool:
    """Score against level: the higher counts (spec 6.3). The score is DASH's, unless the tool is known to be another."""
    return risk.level == "HIGH" or (
        risk.score is not None and risk.score >= _HIGH_SCORE and risk.tool not in ("DARA", "OTHER")
    )


def _slavery(nrm: Nrm) -> bool:
    return bool(nrm.indicator) or bool(nrm.claims_s45) or nrm.state not in (None, "NONE")


def is_true(flag: Any) -> bool:
    """Absent and UNKNOWN are no signal; a value on no list counts as TRUE (spec 6.8)."""
    return flag is not None and flag is not False and flag not in ("FALSE", "UNKNOWN")


def is_false(flag: Any) -> bool:
    """Whether a flag says no."""
    return flag is False or flag == "FALSE"


# ---- the columns ------------------------------------------------------------------------------------------------


class Facts(msgspec.Struct, frozen=True):
    """Columns over the persons of a batch (length m) and its incidents (length n).

    `incident` gives each person's incident, by position. `own` holds the protections the version gives by itself,
    `if_da` and `if_ms` those it would add if any version of the incident showed domestic abuse or modern slavery.
    """

    incident: Ints
    standing: Ints
    own: Ints
    if_da: Ints
    if_ms: Ints
    evidence: Ints
    caution: Ints
    child: Bools
    high_risk: Bools
    assessed: Bools
    consent: Ints
    ie_consent: Ints
    rules: Ints
    dob_state: Ints
    faults: Ints
    signals: Ints
    linked: Bools
    retracted: Bools
    ties: dict[int, tuple[str, ...]]
    """Sparse: for a person's position, the refs of those they have a sponsor or dependant tie with."""


def facts(records: Sequence[Accepted]) -> Facts:
    """Reads a batch of accepted records."""
    incidents = [record.incident for record in records]
    persons = [person for incident in incidents for person in incident.persons]
    counts = np.fromiter((len(i.persons) for i in incidents), dtype=np.int64, count=len(incidents))
    starts = np.concatenate(([0], np.cumsum(counts)))
    of = np.repeat(np.arange(len(incidents), dtype=np.int64), counts)

    faults = np.zeros(len(persons), dtype=np.int64)
    for position, record in enumerate(records):
        for index, broken in record.faults.items():
            faults[starts[position] + index] = len(broken)

    standing, groups = _columns((_read_roles(tuple(p.roles)) for p in persons), len(persons), 2)
    reported = _reported_by(incidents, starts)
    standing[reported] |= Standing.WITNESS
    victim = (standing & Standing.VICTIM) != 0
    suspect = (standing & (Standing.SUSPECT | Standing.CONVICTED)) != 0

    dob_state, low, high = _ages(incidents, persons, of)
    child, may_be_16 = _children(persons, groups, low, high)

    has = _Sections(persons)
    nrm = has.where("nrm", _slavery)
    high_risk = has.where("risk", _is_high)
    under_16 = (high != _UNKNOWN_AGE) & (high < 16)
    signal, rules = _incident_signals(incidents, starts, of, standing, child, under_16, has)
    da = ((signal & SIGNAL_DA) != 0)[of]
    ms = ((signal & SIGNAL_MS) != 0)[of]

    if_da = np.where(child & (victim | ((standing & Standing.WITNESS) != 0)), int(Protection.DA_CHILD), 0)
    if_da |= np.where(victim & may_be_16, int(Protection.DA_VICTIM), 0)
    # A victim is always something, whatever contradictory ages say.
    if_da |= np.where(victim & (if_da == 0), int(Protection.DA_VICTIM), 0)
    if_ms = np.where(victim, int(Protection.MS_VICTIM), 0)

    own: Ints = np.bitwise_or(np.where(da, if_da, 0), np.where(ms, if_ms, 0))
    own |= np.where(victim & ~da & ((groups & (_R_VICTIM | _R_CHILD)) != 0), int(Protection.OTHER_VICTIM), 0)
    own |= np.where((groups & _R_POSSIBLE) != 0, int(Protection.POSSIBLE_VICTIM), 0)
    own |= np.where((groups & _R_WITNESS) != 0, int(Protection.WITNESS), 0)
    own |= np.where(((groups & _R_REPORTER) != 0) | reported, int(Protection.REPORTER), 0)
    trafficked = _trafficked(incidents, starts, suspect)
    own |= np.where(nrm | trafficked, int(Protection.MS_VICTIM), 0)
    own |= np.where(nrm & suspect, int(Protection.POSSIBLE_VICTIM), 0)
    unknown_role = (groups & _R_UNKNOWN) != 0
    faulty = (faults > 0) | (dob_state == DOB_INVALID) | _unreadable_ages(persons)
    own |= np.where(unknown_role | faulty, int(Protection.INDETERMINATE), 0)

    evidence, evidence_rule = _evidence(persons)
    minor = child | ((high != _UNKNOWN_AGE) & (high < 18)) | ((low != _UNKNOWN_AGE) & (low < 18))
    caution = np.zeros(len(persons), dtype=np.int64)
    unfit = np.fromiter(
        (
            e == Evidence.OFFENCE and (s != DOB_OK or not fit_name(p))
            for p, e, s in zip(persons, evidence.tolist(), dob_state.tolist(), strict=True)
        ),
        dtype=bool,
        count=len(persons),
    )
    caution[unfit] = Caution.IDENTITY
    caution[minor] = Caution.MINOR

    rules |= evidence_rule
    for mask, rule in (
        ((standing & Standing.SUSPECT) != 0, "standing|suspect"),
        ((standing & Standing.CONVICTED) != 0, "standing|convicted"),
        (victim, "standing|victim"),
        ((standing & Standing.WITNESS) != 0, "standing|witness"),
        ((standing & Standing.OTHER) != 0, "standing|other"),
        ((own & Protection.DA_VICTIM) != 0, "protect|da_victim"),
        ((own & Protection.DA_CHILD) != 0, "protect|da_child"),
        ((own & Protection.OTHER_VICTIM) != 0, "protect|other_victim"),
        ((own & Protection.POSSIBLE_VICTIM) != 0, "protect|possible_victim"),
        ((own & Protection.WITNESS) != 0, "protect|witness"),
        ((own & Protection.REPORTER) != 0, "protect|reporter"),
        (trafficked, "ms|trafficker"),
        (nrm, "ms|nrm"),
        (unknown_role, "indeterminate|role"),
        (faulty, "indeterminate|fault"),
        (unfit, "caution|identity"),
        (minor, "caution|minor"),
    ):
        rules[mask] |= BIT[rule]

    return Facts(
        incident=of,
        standing=standing,
        own=own,
        if_da=if_da,
        if_ms=if_ms,
        evidence=evidence,
        caution=caution,
        child=child,
        high_risk=high_risk,
        assessed=has.where("risk", lambda risk: risk.level in _LEVELS_DONE),
        consent=has.codes("consent", lambda answers: read_consent(answers, "SAFEGUARDING_REFERRAL")),
        ie_consent=has.codes("consent", lambda answers: read_consent(answers, "IE_SHARING")),
        rules=rules,
        dob_state=dob_state,
        faults=faults,
        signals=signal,
        linked=np.fromiter((_links(i) for i in incidents), dtype=bool, count=len(incidents)),
        retracted=np.fromiter(
            (i.header.change_type == ChangeType.RETRACT for i in incidents), dtype=bool, count=len(incidents)
        ),
        ties=_ties(incidents, starts),
    )


class _Sections:
    """The optional sections of persons, which few have: found once, read by position."""

    def __init__(self, persons: Sequence[Person]) -> None:
        self.count = len(persons)
        self._found: dict[str, list[tuple[int, Any]]] = {
            "nrm": [(i, p.nrm) for i, p in enumerate(persons) if p.nrm is not None],
            "risk": [(i, p.risk) for i, p in enumerate(persons) if p.risk is not None],
            "consent": [(i, p.consent) for i, p in enumerate(persons) if p.consent],
        }

    def all(self, name: str) -> list[tuple[int, Any]]:
        return self._found[name]

    def where(self, name: str, test: Callable[[Any], bool]) -> Bools:
        column = np.zeros(self.count, dtype=bool)
        column[[i for i, section in self._found[name] if test(section)]] = True
        return column

    def codes(self, name: str, read: Callable[[Any], int]) -> Ints:
        column = np.zeros(self.count, dtype=np.int64)
        for i, section in self._found[name]:
            column[i] = read(section)
        return column


def _columns(rows: Iterable[tuple[int, ...]], count: int, width: int) -> list[Ints]:
    flat = np.fromiter((value for row in rows for value in row), dtype=np.int64, count=count * width)
    return [column.copy() for column in flat.reshape(count, width).T]


def _reported_by(incidents: Sequence[Incident], starts: Ints) -> Bools:
    column = np.zeros(int(starts[-1]), dtype=bool)
    for position, incident in enumerate(incidents):
        ref = incident.header.reported_by_person_ref
        if ref is not None:
            for index, person in enumerate(incident.persons):
                if person.person_ref == ref:
                    column[starts[position] + index] = True
    return column


def _ages(incidents: Sequence[Incident], persons: Sequence[Person], of: Ints) -> tuple[Ints, Ints, Ints]:
    """(state of the date of birth, lowest and highest age on the event's date, -1 where unknown)."""
    days = [event_day(i.header.event_ts, i.header.recorded_ts) for i in incidents]
    year, month, day = _columns(((d.year, d.month, d.day) for d in days), len(days), 3)
    state, by, bm, bd = _columns((read_dob(p.dob) for p in persons), len(persons), 4)
    # A 29 February birthday is reached on 1 March: (2, 28) is still before (2, 29).
    age = year[of] - by - ((month[of] * 32 + day[of]) < (bm * 32 + bd))
    state[(state == DOB_OK) & ((age < 0) | (age > _OLDEST))] = DOB_INVALID
    known = state == DOB_OK
    low = np.where(known, age, _UNKNOWN_AGE)
    high = low.copy()
    for i, person in enumerate(persons):
        if person.age is not None or person.age_from is not None or person.age_to is not None:
            stated = [a for a in (person.age, person.age_from, person.age_to) if a is not None and 0 <= a <= _OLDEST]
            # Statements that differ may each be true: a child is protected as one, an adult as one.
            known = low[i] != _UNKNOWN_AGE or any(
                a is not None and 0 <= a <= _OLDEST for a in (person.age, person.age_to)
            )
            ages = stated if low[i] == _UNKNOWN_AGE else [*stated, low[i]]
            low[i] = min(ages, default=_UNKNOWN_AGE)
            high[i] = max(ages) if known else _UNKNOWN_AGE
    return state, low, high


def _unreadable_ages(persons: Sequence[Person]) -> Bools:
    """Ages that no living person has."""
    return np.fromiter(
        (
            not (p.age is p.age_from is p.age_to is None)
            and any(a is not None and not 0 <= a <= _OLDEST for a in (p.age, p.age_from, p.age_to))
            for p in persons
        ),
        dtype=bool,
        count=len(persons),
    )


def _children(persons: Sequence[Person], groups: Ints, low: Ints, high: Ints) -> tuple[Bools, Bools]:
    """(is or counts as a child, may be 16 or more) by spec 6.9."""
    presumed = np.fromiter((p.age_basis == "PRESUMED_CHILD" for p in persons), dtype=bool, count=len(persons))
    unknown = (low == _UNKNOWN_AGE) & (high == _UNKNOWN_AGE)
    child_of_unknown_age = unknown & ((groups & _R_CHILD) != 0)
    child = ((low != _UNKNOWN_AGE) & (low < 18)) | ((high != _UNKNOWN_AGE) & (high < 18)) | presumed
    only_household = child_of_unknown_age & ((groups & (_R_VICTIM | _R_POSSIBLE)) == 0)
    may_be_16 = ((high == _UNKNOWN_AGE) | (high >= 16)) & ~only_household
    return child | child_of_unknown_age, may_be_16


def _evidence(persons: Sequence[Person]) -> tuple[Ints, Ints]:
    level = np.zeros(len(persons), dtype=np.int64)
    rule = np.full(len(persons), BIT["evidence|none"], dtype=np.int64)
    for i, person in enumerate(persons):
        if person.immigration is not None:
            level[i], rule[i] = read_evidence(person.immigration)
    return level, rule


def legal_name(person: Person) -> tuple[str, tuple[str, ...]] | None:
    """(surname, given names) of the first LEGAL name that has both, as recorded."""
    for name in person.names or ():
        if name.type == "LEGAL" and name.surname and name.surname.strip():
            given = tuple(g.strip() for g in name.given or () if g.strip())
            if given:
                return name.surname.strip(), given
    return None


def fit_name(person: Person) -> bool:
    """Whether the LEGAL name is complete and plainly a name (spec 6.16)."""
    legal = legal_name(person)
    return legal is not None and plainly_a_name(legal[0]) and all(plainly_a_name(g) for g in legal[1])


# ---- incident signals -------------------------------------------------------------------------------------------


def _incident_signals(
    incidents: Sequence[Incident],
    starts: Ints,
    of: Ints,
    standing: Ints,
    child: Bools,
    under_16: Bools,
    has: _Sections,
) -> tuple[Ints, Ints]:
    """(signals per incident, rule bits per person: those of the incident on its victims and children)."""
    n = len(incidents)
    any_child = np.zeros(n, dtype=bool)
    any_child[of[child]] = True
    bounds, stands, youngs = starts.tolist(), standing.tolist(), under_16.tolist()
    found: list[int] = []
    for incident, has_child, (start, end) in zip(incidents, any_child.tolist(), pairwise(bounds), strict=True):
        bits = 0
        flags = incident.flags
        if flags:
            if any(is_true(flags.get(name)) for name in DOMESTIC_ABUSE_FLAGS):
                bits |= BIT["da|flag"]
            if is_true(flags.get("child_present")) and not has_child:
                bits |= BIT["da|child_present"]
            if is_true(flags.get("modern_slavery")):
                bits |= BIT["ms|flag"]
        if incident.non_crime_da_incident is not None and is_true(incident.non_crime_da_incident):
            bits |= BIT["da|non_crime"]
        if incident.offences and any(o.ho_class == MODERN_SLAVERY_CLASS for o in incident.offences):
            bits |= BIT["ms|offence"]
        if incident.relations:
            bits |= _relation_rules(incident, stands[start:end], youngs[start:end])
        found.append(bits | _shared_home_rule(incident, stands[start:end]))
    rules = np.array(found, dtype=np.int64)
    for i, risk in has.all("risk"):
        if risk.tool != "OTHER" and _assessed(risk):
            rules[of[i]] |= BIT["da|risk_tool"]
        if risk.marac is not None and risk.marac != "NONE":
            rules[of[i]] |= BIT["da|marac"]
    heard = _heard(incidents)
    rules |= np.where((heard & DA) != 0, BIT["da|keyword"], 0) | np.where((heard & MS) != 0, BIT["ms|keyword"], 0)

    da_rules = sum(bit for rule, bit in BIT.items() if rule.startswith("da|"))
    ms_rules = BIT["ms|flag"] | BIT["ms|offence"] | BIT["ms|keyword"]
    signal: Ints = np.bitwise_or(
        np.where((rules & da_rules) != 0, SIGNAL_DA, 0), np.where((rules & ms_rules) != 0, SIGNAL_MS, 0)
    )
    denied = np.fromiter(
        (bool(i.flags) and is_false((i.flags or {}).get("domestic_abuse")) for i in incidents), dtype=bool, count=n
    )
    rules |= np.where(denied & ((signal & SIGNAL_DA) != 0), BIT["da|conflict"], 0)
    touched = ((standing & (Standing.VICTIM | Standing.WITNESS)) != 0) & (((standing & Standing.VICTIM) != 0) | child)
    return signal, np.where(touched, rules[of], 0)


def _heard(incidents: Sequence[Incident]) -> Ints:
    """Signals in the narratives and offence titles of each incident. Titles are few and are read once."""
    texts: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    for position, incident in enumerate(incidents):
        for part in (*(o.title for o in incident.offences or ()), *(n.text for n in incident.narrative or ())):
            if part:
                pairs.append((position, texts.setdefault(part, len(texts))))
    found = np.zeros(len(incidents), dtype=np.int64)
    if pairs:
        owner, text = np.array(pairs, dtype=np.int64).T
        np.bitwise_or.at(found, owner, signals(list(texts)).astype(np.int64)[text])
    return found


_ACCUSED = int(Standing.SUSPECT | Standing.CONVICTED)
_VICTIM = int(Standing.VICTIM)


def _relation_rules(incident: Incident, standing: list[int], under_16: list[bool]) -> int:
    """Signals in the relations: a code on no list; or s.2 DAA between victim and suspect, with an abuse offence."""
    rules = 0
    place = {person.person_ref: index for index, person in enumerate(incident.persons)}
    # No list of offences is not a list without abuse: absent means UNKNOWN.
    abuse = incident.offences is None or any(o.ho_class not in NOT_ABUSE for o in incident.offences)
    for relation in incident.relations or ():
        kind = relation.type
        if kind is None or kind == "UNKNOWN" or kind in NOT_CONNECTED:
            continue
        if kind not in PERSONALLY_CONNECTED:
            rules |= BIT["da|unknown_relation"]
            continue
        a, b = place[relation.from_ref], place[relation.to_ref]
        if a != b and abuse and not under_16[a] and not under_16[b] and _victim_and_suspect(standing[a], standing[b]):
            rules |= BIT["da|relation"]
    return rules


def _victim_and_suspect(a: int, b: int) -> bool:
    return bool((a & _VICTIM and b & _ACCUSED) or (b & _VICTIM and a & _ACCUSED))


def _shared_home_rule(incident: Incident, standing: list[int]) -> int:
    """A victim and a suspect under one roof whose relation is UNKNOWN or not stated (spec 6.8, domain 4.2)."""
    homes: dict[int, set[str]] = {}
    for index, person in enumerate(incident.persons):
        for address in person.addresses or ():
            if address.type == "HOME" and address.location_ref:
                homes.setdefault(index, set()).add(address.location_ref)
    if len(homes) < 2:
        return 0
    places = {location.location_ref: _place(location) for location in incident.locations or ()}
    where = {index: {places.get(ref) or ref for ref in refs} for index, refs in homes.items()}
    stated: dict[frozenset[str], set[str | None]] = {}
    for relation in incident.relations or ():
        stated.setdefault(frozenset((relation.from_ref, relation.to_ref)), set()).add(relation.type)
    indexes = sorted(where)
    for n, a in enumerate(indexes):
        for b in indexes[n + 1 :]:
            if not _victim_and_suspect(standing[a], standing[b]) or not where[a] & where[b]:
                continue
            pair = frozenset((incident.persons[a].person_ref, incident.persons[b].person_ref))
            if stated.get(pair, {None}) & {None, "UNKNOWN"}:
                return BIT["da|shared_home"]
    return 0


def _place(location: Location) -> str | None:
    """One place's name, however it was typed: its property number, else first line and postcode."""
    if location.uprn is not None and str(location.uprn).strip():
        return f"uprn:{str(location.uprn).strip().lstrip('0')}"
    line, code = _squeezed(location.line1), _squeezed(location.postcode)
    return f"at:{line}:{code}" if line and code else None


def _squeezed(text: str | None) -> str:
    return "".join(ch for ch in (text or "").casefold() if ch.isalnum())


def _trafficked(incidents: Sequence[Incident], starts: Ints, suspect: Bools) -> Bools:
    """The victim's end of a TRAFFICKER relation: the one who is not a suspect; both, where that does not tell."""
    column = np.zeros(int(starts[-1]), dtype=bool)
    for position, incident in enumerate(incidents):
        for relation in incident.relations or ():
            if relation.type != "TRAFFICKER":
                continue
            start = int(starts[position])
            place = {person.person_ref: start + index for index, person in enumerate(incident.persons)}
            ends = [place[relation.from_ref], place[relation.to_ref]]
            free = [i for i in ends if not suspect[i]]
            column[free if len(free) == 1 else ends] = True
    return column


# ---- links ------------------------------------------------------------------------------------------------------

_HARMLESS_LINKS = frozenset({"REPEAT", "SERIES", "SAME_PERSONS"})


def counter_allegations(incident: Incident) -> list[str]:
    """The ids of incidents this one is linked to as a counter-allegation; a reason on no list counts as one."""
    return [link.id for link in incident.linked_incidents or () if link.id and link.reason not in _HARMLESS_LINKS]


def raw_counter_allegations(document: object) -> tuple[str, ...]:
    """The same of a record that broke its contract; anything may be anything."""
    links = document.get("linked_incidents") if isinstance(document, dict) else None
    found = [link for link in links if isinstance(link, dict)] if isinstance(links, list) else []
    return tuple(
        link["id"]
        for link in found
        if isinstance(link.get("id"), str) and link["id"] and str(link.get("reason")) not in _HARMLESS_LINKS
    )


def _links(incident: Incident) -> bool:
    links = incident.linked_incidents
    return bool(links) and any(link.reason not in _HARMLESS_LINKS for link in links or ())


def _ties(incidents: Sequence[Incident], starts: Ints) -> dict[int, tuple[str, ...]]:
    """Sponsor and dependant ties, in both directions (domain edge case 16)."""
    found: dict[int, set[str]] = {}
    for position, incident in enumerate(incidents):
        pairs: list[tuple[str, str]] = []
        for person in incident.persons:
            section = person.immigration
            if section is not None:
                pairs += [
                    (person.person_ref, ref) for ref in (section.sponsor_person_ref, section.dependant_of_ref) if ref
                ]
        pairs += [(r.from_ref, r.to_ref) for r in incident.relations or () if r.type == "SPONSOR"]
        if not pairs:
            continue
        start = int(starts[position])
        place = {person.person_ref: start + index for index, person in enumerate(incident.persons)}
        for a, b in pairs:
            for one, other in ((a, b), (b, a)):
                if one in place and one != other:
                    found.setdefault(place[one], set()).add(other)
    return {i: tuple(sorted(refs)) for i, refs in found.items()}
