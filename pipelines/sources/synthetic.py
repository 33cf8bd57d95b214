"""Made-up incidents, as police systems send them: `generate(n, seed)`, the same bytes for the same arguments.

What is in the mix follows the rules that need exercise: about a third of incidents are domestic abuse (said by a flag,
a relation, a risk assessment, a word in the notes, or a shared home alone), some are trafficking, most are neither; one
person in sixteen has an immigration section, of every assessment; about two incidents in a hundred name a suspect whose
data may lawfully go to enforcement. People return: protected in one incident, suspect in another, spelt otherwise.
Versions come late, twice and in the wrong order; counter-allegations name each other; a stated share of lines is broken.

Memory is bounded whatever `n`: people who may return and versions still to come are kept in short lists. The first
lines of a large set are the lines of a small one with the same seed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import msgspec

from pipelines.sources import sentences as say
from pipelines.sources.faults import broken
from pipelines.sources.people import Profile, draw_address, draw_culture, draw_person, names_of, respelt

Record = dict[str, Any]

_START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
_EVERY = 20  # seconds between two incidents: a large country's forces together
_THIS_YEAR = 2026
_REMEMBERED = 512
_NOTE_CHARS = 7500


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FORCES = _words("01 05 06 07 10 12 13 14 16 17 20 22 30 31 33 35 36 40 43 44 45 46 52 53 55 60 61 62 63")
_SYSTEMS = ("NICHE", "NICHE", "NICHE", "CONNECT", "CONNECT", "ATHENA", "SOH", "CAD")
_CHANNELS = ("999", "999", "101", "101", "FRONT_DESK", "ONLINE", "THIRD_PARTY", "PARTNER_AGENCY", "OFFICER_GENERATED")

_SECTIONS = _words("24(1)(b)(i) 24(1)(a) 24(1)(b)(ii) 24A(1)(a) 24B(1) 25(1) 25A(1)(a) 25B(1) 26(1)(c) 24(D1) 24(B1)")
_ABUSE_OFFENCES = (
    ("8N", "Assault with injury"),
    ("8N", "Assault occasioning actual bodily harm"),
    ("105A", "Assault without injury"),
    ("8U", "Controlling or coercive behaviour"),
    ("8L", "Harassment"),
    ("8Q", "Stalking"),
    ("3B", "Threats to kill"),
    ("58A", "Criminal damage to a dwelling"),
    ("8R", "Malicious communications"),
    ("5D", "Assault with intent to cause serious harm"),
    ("19C", "Rape of a female aged 16 or over"),
)
_THEFTS = (
    ("28E", "Burglary in a dwelling"),
    ("44", "Theft of a pedal cycle"),
    ("45", "Theft from a motor vehicle"),
    ("46", "Theft from a shop"),
    ("34B", "Robbery of personal property"),
    ("39", "Theft from the person"),
)
_VIOLENCE = (
    ("8N", "Assault with injury"),
    ("105A", "Assault without injury"),
    ("8M", "Racially aggravated harassment"),
)
_DISORDER = (
    ("66", "Affray"),
    ("125", "Public order"),
    ("92D", "Possession of cannabis"),
    ("802", "Driving without insurance"),
    ("10D", "Possession of an article with a blade"),
)
_ASSESSMENTS = _words(
    "NOT_ASSESSED NONE_RECORDED NONE_RECORDED CITIZEN_OR_SETTLED CITIZEN_OR_SETTLED CITIZEN_OR_SETTLED "
    "LEAVE_TIME_LIMITED LEAVE_TIME_LIMITED LEAVE_TIME_LIMITED INSECURE_KNOWN INSECURE_KNOWN "
    "CONCERN_OR_DOUBT CONCERN_OR_DOUBT CONCERN_OR_DOUBT CONCERN_OR_DOUBT EVIDENCE_OF_OFFENCE CHARGED "
    "CONVICTED"
)
_SOURCES = _words("SELF OFFICER_OBSERVATION THIRD_PARTY DOCUMENT_SEEN PNC_MARKER HO_CHECK PERPETRATOR FAMILY UNKNOWN")
_FACTUAL = ("HO_CHECK", "HO_CHECK", "DOCUMENT_SEEN", "PNC_MARKER", "SELF")
_ETHNICITIES = _words("W1 W1 W1 W1 W9 A1 A2 A3 A9 B1 B2 B9 M1 M9 O9 NS")
_INTIMATE = _words("SPOUSE SPOUSE PARTNER PARTNER EX_PARTNER EX_PARTNER EX_SPOUSE FIANCE COPARENT CIVIL_PARTNER")


def generate(n: int, seed: int, faults: float = 0.01, kilobytes: float = 3.0) -> Iterator[bytes]:
    """Made-up lines, without line ends.

    Args:
        n: how many records; a record is one version of one incident, and one line.
        seed: the same number gives the same bytes, on any machine.
        faults: the share of lines to break on purpose, 0 to 1.
        kilobytes: about how large a sound record is; notes are written until it is.
    """
    rng = Random(seed)  # noqa: S311 # repeatable on purpose; nothing here is secret
    maker = _Maker(rng, int(kilobytes * 1024))
    due: list[tuple[int, int, bytes]] = []
    for line in range(n):
        if due and due[0][0] <= line:
            record = heapq.heappop(due)[2]
        else:
            first, *later = maker.story()
            record = first.line
            for number, version in enumerate(later):
                heapq.heappush(due, (line + version.after, line * 8 + number, version.line))
        yield broken(record, rng) if rng.random() < faults else record


class _Line(NamedTuple):
    """A record, and how many lines after the story's first it is sent."""

    after: int
    line: bytes


class _Known(NamedTuple):
    """Someone who may return."""

    profile: Profile
    force: str
    victim: bool


class _Maker:
    """Invents one story after another."""

    def __init__(self, rng: Random, size: int) -> None:
        self.rng = rng
        self.size = size
        self.incidents = 0
        self.people = 0
        self.known: list[_Known] = []
        self._kinds = tuple(kind for kind, weight in _KINDS.items() for _ in range(weight))

    # ---- drawing ------------------------------------------------------------------------------------------------

    def pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.rng.random() * len(options))]

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def someone(self, low: int = 18, high: int = 70, **like: Any) -> Profile:
        self.people += 1
        return draw_person(self.rng, self.people, ages=(low, high), this_year=_THIS_YEAR, **like)

    def someone_known(self, force: str, *, victim: bool) -> Profile:
        """Someone from an earlier incident, often written otherwise; of another force, known there under another id."""
        at = int(self.rng.random() * (len(self.known) + 1))
        in_turn = [other for other in self.known[at:] + self.known[:at] if other.victim is victim]
        if not in_turn:
            return self.someone()
        # Most people stay where they are known.
        near = (other for other in in_turn if other.force == force)
        known = next(near, in_turn[0]) if self.chance(0.6) else in_turn[0]
        profile = known.profile if self.chance(0.4) else respelt(self.rng, known.profile)
        if known.force != force or self.chance(0.2):
            self.people += 1
            profile = profile._replace(nominal=f"N{self.people:07d}")
        return profile

    def remember(self, profile: Profile, force: str, *, victim: bool) -> None:
        known = _Known(profile, force, victim)
        if len(self.known) < _REMEMBERED:
            self.known.append(known)
        else:
            self.known[int(self.rng.random() * _REMEMBERED)] = known

    # ---- stories ------------------------------------------------------------------------------------------------

    def story(self) -> list[_Line]:
        """What one turn of events sends: one record, several versions of it, or two incidents that name each other."""
        kind = self.pick(self._kinds)
        draft = _Draft(self, kind)
        if kind == "counter":
            return self._both_sides(draft)
        first = draft.record()
        lines = [_Line(0, self.written(draft, first))]
        if self.chance(0.025):
            lines.append(_Line(1 + int(self.rng.random() * 40), lines[0].line))
        if self.chance(0.1):
            lines += self._versions(draft, first)
        elif self.chance(0.003):
            lines.append(_Line(1 + int(self.rng.random() * 40), self.written(draft, self._contradicted(first))))
        if len(lines) > 1 and self.chance(0.25):
            lines[0], lines[-1] = lines[0]._replace(line=lines[-1].line), lines[-1]._replace(line=lines[0].line)
        return lines

    def _versions(self, draft: _Draft, first: Record) -> list[_Line]:
        lines = []
        record, after = first, 0
        for version in range(2, 3 + int(self.rng.random() * 2)):
            record = msgspec.json.decode(msgspec.json.encode(record))
            header = record["header"]
            after += 1 + int(self.rng.random() ** 3 * 400)
            header["version"] = version
            header["change_type"] = "UPDATE"
            header["recorded_ts"] = _instant(draft.recorded + timedelta(hours=7 * version))
            self._change(draft, record)
            lines.append(_Line(after, self.written(draft, record)))
        return lines

    def _contradicted(self, first: Record) -> Record:
        """The same version with something else in it."""
        record: Record = msgspec.json.decode(msgspec.json.encode(first))
        self.pick(record["persons"])["dob"] = "1979-05-06"
        return record

    def _change(self, draft: _Draft, record: Record) -> None:
        persons = record["persons"]
        person = self.pick(persons)
        how = self.rng.random()
        if how < 0.08:
            record["header"]["change_type"] = "RETRACT"
        elif how < 0.3:
            person["consent"] = [*person.get("consent", ()), draft.consent("SAFEGUARDING_REFERRAL", draft.event)]
        elif how < 0.45 and "VICTIM" in person["roles"]:
            person["risk"] = draft.risk()
        elif how < 0.6:
            person["immigration"] = draft.immigration(persons, self.chance(0.3))
        elif how < 0.7:
            record["header"]["change_type"] = "CORRECT"
            person["dob"] = f"{1950 + int(self.rng.random() * 50)}-{1 + int(self.rng.random() * 12):02d}-11"
        elif how < 0.78 and "VICTIM" not in person["roles"]:
            person["roles"] = [*person["roles"], "VICTIM"]
        elif how < 0.84 and len(persons) > 2:
            record["persons"] = persons[:-1]
            gone = persons[-1]["person_ref"]
            record["relations"] = [r for r in record["relations"] if gone not in (r["from_ref"], r["to_ref"])]
        else:
            record["flags"] = {**record["flags"], "domestic_abuse": "TRUE" if draft.abuse else "UNKNOWN"}

    def _both_sides(self, draft: _Draft) -> list[_Line]:
        """A says it of B, then B says it of A; each record names the other."""
        mine = draft.record()
        other = _Draft(self, "counter", around=draft)
        theirs = other.record()
        mine["linked_incidents"] = [{"id": theirs["header"]["incident_id"], "reason": "COUNTER_ALLEGATION"}]
        theirs["linked_incidents"] = [{"id": mine["header"]["incident_id"], "reason": "COUNTER_ALLEGATION"}]
        lines = [
            _Line(0, self.written(draft, mine)),
            _Line(1 + int(self.rng.random() * 200), self.written(other, theirs)),
        ]
        if self.chance(0.5):
            lines[0], lines[1] = lines[0]._replace(line=lines[1].line), lines[1]._replace(line=lines[0].line)
        return lines

    # ---- writing ------------------------------------------------------------------------------------------------

    def written(self, draft: _Draft, record: Record) -> bytes:
        """The record as a line, with notes as long as its size asks."""
        record["narrative"] = []
        wanted = int(self.size * (0.75 + self.rng.random() / 2)) - len(msgspec.json.encode(record)) - 90
        notes = draft.notes(wanted)
        record["narrative"] = [
            {"type": "MO" if at == 0 else "OFFICER_NOTES", "author_id": f"C{self.incidents % 9000:04d}", "text": text}
            for at, text in enumerate(notes)
        ]
        return msgspec.json.encode(record)


_KINDS = {
    "couple": 205,
    "family": 45,
    "non_crime": 45,
    "unsaid": 30,
    "counter": 12,
    "slavery": 20,
    "theft": 260,
    "violence": 120,
    "disorder": 213,
    "enforcement": 32,
    "concern": 18,
}
_ABUSIVE = frozenset({"couple", "family", "non_crime", "unsaid", "counter"})
_OPENINGS = {
    "couple": say.ABUSE,
    "family": say.FAMILY + say.ABUSE,
    "non_crime": say.ABUSE,
    "unsaid": say.VIOLENCE[2:],
    "counter": say.ABUSE,
    "slavery": say.SLAVERY,
    "theft": say.THEFT,
    "violence": say.VIOLENCE,
    "disorder": say.DISORDER,
    "enforcement": say.OFFENDER,
    "concern": say.CONCERN,
}


class _Draft:
    """One incident while it is being invented."""

    def __init__(self, maker: _Maker, kind: str, around: _Draft | None = None) -> None:
        self.maker, self.rng, self.kind = maker, maker.rng, kind
        self.pick, self.chance = maker.pick, maker.chance
        maker.incidents += 1
        self.number = maker.incidents
        self.force: str = around.force if around else self.pick(_FORCES)
        self.abuse = kind in _ABUSIVE
        self.event = _START + timedelta(seconds=_EVERY * self.number, minutes=-int(self.rng.random() * 300))
        self.recorded = self.event + timedelta(minutes=5 + int(self.rng.random() ** 3 * 2000))
        self.persons: list[Record] = []
        self.profiles: list[Profile] = []
        self.relations: list[Record] = []
        self.locations: list[Record] = []
        self.refuge = False
        self.status = False
        self.around = around

    # ---- people -------------------------------------------------------------------------------------------------

    def place(self, premise: str = "DWELLING") -> str:
        ref = f"l{len(self.locations) + 1}"
        self.locations.append(draw_address(self.rng, ref, premise))
        return ref

    def add(self, profile: Profile, *roles: str, home: str | None = None, plain: bool = False) -> str:
        """Writes a person into the record. `plain` keeps to what is certain: a legal name and a full date of birth."""
        rng, chance = self.rng, self.rng.random
        ref = f"p{len(self.persons) + 1}"
        person: Record = {"person_ref": ref}
        if plain or chance() < 0.8:
            person["nominal_id"] = profile.nominal
        suspect = roles[0] in ("SUSPECT", "ARRESTED", "CHARGED")
        if suspect and chance() < 0.3:
            digits = int(profile.nominal[1:])
            person["pnc_id"] = f"{profile.year % 100:02d}/{digits:07d}{'ABCDEFGHJKLMNPQRTUVWXYZ'[digits % 23]}"
        person["roles"] = list(roles)
        person["names"] = names_of(rng, profile)
        how = 0.0 if plain else chance()
        if how < 0.94:
            person["dob"] = profile.dob
            person["age_basis"] = "DOCUMENT" if suspect else "STATED"
        elif how < 0.96:
            person["age"] = _THIS_YEAR - profile.year
        elif how < 0.98:
            person.update(
                age_from=_THIS_YEAR - profile.year - 3, age_to=_THIS_YEAR - profile.year + 4, age_basis="ESTIMATED"
            )
        person["gender"] = "F" if profile.female else "M"
        person["ethnicity_self"] = self.pick(_ETHNICITIES)
        if chance() < 0.7:
            person["nationality"] = profile.culture.country if chance() < 0.6 else "GBR"
        if profile.culture.language != "ENG" and chance() < 0.4:
            person["language"] = profile.culture.language
            person["interpreter_needed"] = chance() < 0.5
        if not plain and chance() < 0.06:
            kind, value = self.pick(
                (("PASSPORT", "{:09d}"), ("NINO", "TN{:06d}M"), ("BRP", "ZU{:07d}"), ("NHS", "999{:07d}"))
            )
            person["identifiers"] = [{"type": kind, "value": value.format(self.maker.people % 1_000_000)}]
        if chance() < 0.45:
            phone: Record = {"value": profile.phone}
            safe = chance()
            if safe < 0.75:
                phone["safe_to_use"] = safe < (0.35 if self.abuse else 0.6)
            if safe < 0.1:
                phone["safe_times"] = "weekdays 10:00-14:00"
            person["phones"] = [phone]
        if chance() < 0.25:
            person["emails"] = [{"value": profile.email, "safe_to_use": chance() < 0.6}]
        if home:
            person["addresses"] = [{"location_ref": home, "type": "HOME"}]
        if not suspect and chance() < 0.08:
            person["vulnerability"] = [self.pick(("PREGNANT", "DISABILITY", "MENTAL_HEALTH", "NRPF", "NO_ENGLISH"))]
        if chance() < 0.2:
            person["occupation"] = self.pick(
                ("CARE ASSISTANT", "DRIVER", "STUDENT", "CHEF", "WAREHOUSE", "NURSE", "NONE")
            )
        self.persons.append(person)
        self.profiles.append(profile)
        return ref

    def relate(self, one: str, other: str, kind: str, *, current: bool = True) -> None:
        self.relations.append({"from_ref": one, "to_ref": other, "type": kind, "current": current})

    def consent(self, scope: str, when: datetime) -> Record:
        how = self.rng.random()
        state = "GIVEN" if how < 0.5 else self.pick(("REFUSED", "WITHDRAWN", "NOT_ASKED", "UNABLE"))
        answer = {
            "scope": scope,
            "state": state,
            "ts": _instant(when + timedelta(minutes=int(how * 600))),
            "method": "VERBAL",
        }
        if how > 0.97:
            del answer["method"]
        return answer

    def risk(self) -> Record:
        score = int(self.rng.random() * 22)
        level = "HIGH" if score >= 14 else "MEDIUM" if score >= 10 else "STANDARD"
        if self.chance(0.05):
            level = self.pick(("STANDARD", "HIGH", "NOT_DONE"))
        tool = "DASH" if self.chance(0.7) else "DARA"
        return {"tool": tool, "score": score, "level": level, "marac": "REFERRED" if score >= 14 else "NONE"}

    def immigration(self, persons: Sequence[Record], offence: bool) -> Record:
        """A section of any assessment; with `offence`, one that is all that evidence needs."""
        self.status = True
        if offence:
            return {
                "assessment": "EVIDENCE_OF_OFFENCE" if self.chance(0.8) else self.pick(("CHARGED", "CONVICTED")),
                "source": self.pick(_FACTUAL),
                "basis": "FACT",
                "recorded_by": f"C{self.number % 9000:04d}",
                "statute_ref": f"IA1971 s.{self.pick(_SECTIONS)}",
                "supervisor_id": f"S{100 + self.number % 400}",
                "evidence_refs": [f"E{self.number}"],
            }
        section: Record = {"assessment": self.pick(_ASSESSMENTS), "source": self.pick(_SOURCES)}
        section["basis"] = "FACT" if self.chance(0.3) else "ASSESSMENT"
        if self.chance(0.15):
            section["statute_ref"] = self.pick(
                ("IA1971 s.24(1)(b)(i)", "IA1971 s.24", "ia1971 s24(1)", "UK Borders Act s.1")
            )
        if self.chance(0.15):
            section["supervisor_id"] = self.pick((f"S{100 + self.number % 400}", "-", " "))
        if self.chance(0.2):
            section.update(
                leave_type=self.pick(("SPOUSE", "STUDENT", "SKILLED_WORKER", "VISITOR")), leave_expiry="2027-03-31"
            )
        if self.chance(0.04):
            del section["assessment"]
        if len(persons) > 1 and self.chance(0.2):
            tie = "sponsor_person_ref" if self.chance(0.5) else "dependant_of_ref"
            section[tie] = self.pick(persons)["person_ref"]
        return section

    # ---- what happened ------------------------------------------------------------------------------------------

    def record(self) -> Record:
        """The incident's first version, without notes."""
        offences, flags, extra = getattr(self, f"_{self.kind}")()
        for person in self.persons:
            if "immigration" not in person and self.chance(0.028):
                person["immigration"] = self.immigration(self.persons, self.chance(0.08))
        for person, profile in zip(self.persons, self.profiles, strict=True):
            if self.chance(0.3):
                self.maker.remember(profile, self.force, victim="VICTIM" in person["roles"])
        header = {
            "schema_version": "1.0",
            "source_system": self.pick(_SYSTEMS),
            "source_force": self.force,
            "incident_id": f"{self.force}/{self.number:07d}/26",
            "crime_ref": f"{self.force}CR{self.number:08d}",
            "version": 1,
            "change_type": "CREATE",
            "event_ts": _instant(self.event),
            "recorded_ts": _instant(self.recorded),
            "report_channel": self.pick(_CHANNELS),
        }
        if "reported_by" in extra:
            header["reported_by_person_ref"] = extra.pop("reported_by")
        return {
            "header": header,
            "offences": [
                {"ho_class": code, "title": title, "attempted": self.chance(0.04), "is_principal": at == 0}
                for at, (code, title) in enumerate(offences)
            ],
            "flags": flags,
            "persons": self.persons,
            "relations": self.relations,
            "locations": self.locations,
            "handling": {"gsc": "OFFICIAL-SENSITIVE" if self.abuse else "OFFICIAL", "retention_group": "G2"},
            **extra,
        }

    def _pair(self) -> tuple[str, str]:
        """Victim and suspect of domestic abuse, with the home they share or shared."""
        rng = self.rng
        home = self.place()
        if self.around:
            suspect, victim = self.around.profiles[:2]
        else:
            culture = draw_culture(rng)
            female = self.chance(0.78)
            known = self.chance(0.04)
            victim = (
                self.maker.someone_known(self.force, victim=False)
                if known
                else self.maker.someone(culture=culture, female=female)
            )
            surname = victim.surname if self.chance(0.5) else None
            suspect = self.maker.someone(culture=culture, female=not female, surname=surname)
        roles = ("VICTIM", "REPORTER") if self.chance(0.4) else ("VICTIM",)
        safe_home = home
        if self.chance(0.06):
            safe_home = self.place("REFUGE")
            self.refuge = True
        v = self.add(victim, *roles, home=safe_home)
        if self.refuge:
            self.persons[0]["addresses"][0]["type"] = "REFUGE"
        s = self.add(suspect, "SUSPECT" if self.chance(0.6) else "ARRESTED", home=home if self.chance(0.7) else None)
        if self.chance(0.8):
            self.persons[0]["consent"] = [self.consent("SAFEGUARDING_REFERRAL", self.event)]
        if self.chance(0.03):
            self.persons[0].setdefault("consent", []).append(self.consent("IE_SHARING", self.event))
        if self.chance(0.07):
            self.persons[0]["immigration"] = self.immigration(self.persons, self.chance(0.06))
        return v, s

    def _children(self, parents: Sequence[str]) -> None:
        like = self.profiles[0]
        for _ in range(1 + int(self.rng.random() * 3)):
            child = self.maker.someone(0, 17, culture=like.culture, surname=like.surname)
            ref = self.add(child, "CHILD_IN_HOUSEHOLD" if self.chance(0.8) else "WITNESS")
            self.relate(ref, parents[0], "CHILD")
            if self.chance(0.7):
                self.relate(ref, parents[1], "CHILD" if self.chance(0.7) else "STEP_CHILD")

    def _couple(self) -> tuple[Any, Record, Record]:
        v, s = self._pair()
        if self.chance(0.9):
            kind = self.pick(_INTIMATE)
            self.relate(v, s, kind, current=not kind.startswith("EX_"))
        if self.chance(0.75):
            self.persons[0]["risk"] = self.risk()
        flags = {"domestic_abuse": "TRUE" if self.chance(0.85) else self.pick(("FALSE", "UNKNOWN"))}
        if self.chance(0.35):
            self._children((v, s))
            flags["child_present"] = "TRUE"
        if self.chance(0.1):
            flags["coercive_control"] = "TRUE"
        if self.chance(0.04):
            flags["so_called_immigration_abuse"] = "TRUE"
        if self.chance(0.15):
            w = self.add(self.maker.someone(), "WITNESS")
            self.relate(w, v, "NEIGHBOUR")
        return [self.pick(_ABUSE_OFFENCES)], flags, {}

    _counter = _couple

    def _family(self) -> tuple[Any, Record, Record]:
        culture = draw_culture(self.rng)
        home = self.place()
        victim = self.maker.someone(15, 27, culture=culture, female=self.chance(0.85))
        v = self.add(victim, "VICTIM", home=home)
        for _ in range(1 + int(self.rng.random() * 4)):
            relative = self.maker.someone(20, 65, culture=culture, surname=victim.surname)
            r = self.add(relative, "SUSPECT", home=home)
            self.relate(v, r, self.pick(("SIBLING", "CHILD", "OTHER_RELATIVE", "IN_LAW")))
        self.persons[0]["consent"] = [self.consent("SAFEGUARDING_REFERRAL", self.event)]
        if self.chance(0.6):
            self.persons[0]["risk"] = self.risk()
        kind = self.pick(("hba", "hba", "forced_marriage", "fgm"))
        w = self.add(self.maker.someone(), "THIRD_PARTY_REPORTER", "PROFESSIONAL") if self.chance(0.4) else None
        return [self.pick(_ABUSE_OFFENCES)], {kind: "TRUE"}, {"reported_by": w} if w else {}

    def _non_crime(self) -> tuple[Any, Record, Record]:
        v, s = self._pair()
        self.relate(v, s, self.pick(_INTIMATE))
        return [], {"domestic_abuse": "UNKNOWN"}, {"non_crime_da_incident": True, "nsir_codes": ["D1"]}

    def _unsaid(self) -> tuple[Any, Record, Record]:
        """Domestic abuse that no flag says: only the relation, only an unknown one in a shared home, only the notes."""
        home = self.place()
        culture = draw_culture(self.rng)
        v = self.add(self.maker.someone(culture=culture), "VICTIM", home=home)
        how = self.rng.random()
        s = self.add(self.maker.someone(culture=culture), "SUSPECT", home=home if how < 0.6 else None)
        if how < 0.3:
            self.relate(v, s, "UNKNOWN")
        elif how < 0.6:
            self.relate(v, s, self.pick(("EX_PARTNER", "SIBLING", "IN_LAW")))
        return [self.pick(_VIOLENCE)], {"domestic_abuse": "FALSE"} if how > 0.8 else {}, {}

    def _slavery(self) -> tuple[Any, Record, Record]:
        work = self.place("WORK")
        young = self.chance(0.3)
        victim = self.maker.someone(15, 19) if young else self.maker.someone(18, 45)
        arrested = self.chance(0.35)
        v = self.add(victim, "ARRESTED" if arrested else self.pick(("VICTIM", "POSSIBLE_VICTIM")), home=work)
        person = self.persons[0]
        person["nrm"] = {"indicator": True, "state": self.pick(("NONE", "REFERRED", "RG_POSITIVE", "DTN_ANON"))}
        if arrested:
            person["nrm"]["claims_s45"] = self.chance(0.7)
        if young:
            person.pop("dob", None)
            person.update(age_from=16, age_to=20, age_basis="PRESUMED_CHILD")
        if self.chance(0.5):
            person["immigration"] = self.immigration(self.persons, self.chance(0.2))
        s = self.add(self.maker.someone(25, 60), "SUSPECT")
        self.relate(v, s, "TRAFFICKER" if self.chance(0.5) else "EMPLOYER")
        offence = ("61A", "Possession of false documents") if arrested else ("106", "Modern slavery")
        return [offence], {"modern_slavery": "TRUE" if self.chance(0.7) else "UNKNOWN"}, {}

    def _theft(self) -> tuple[Any, Record, Record]:
        home = self.place()
        known = self.chance(0.04)
        victim = self.maker.someone_known(self.force, victim=False) if known else self.maker.someone(18, 85)
        v = self.add(victim, "VICTIM", home=home)
        if self.chance(0.4):
            self.add(self.maker.someone(), "WITNESS")
        if self.chance(0.45):
            culprit = (
                self.maker.someone_known(self.force, victim=True) if self.chance(0.06) else self.maker.someone(14, 50)
            )
            s = self.add(culprit, "SUSPECT")
            self.relate(v, s, "STRANGER")
        return [self.pick(_THEFTS)], {}, {}

    def _violence(self) -> tuple[Any, Record, Record]:
        self.place("PUBLIC")
        v = self.add(self.maker.someone(16, 50), "VICTIM")
        s = self.add(self.maker.someone(16, 50), "ARRESTED" if self.chance(0.5) else "SUSPECT")
        self.relate(v, s, self.pick(("STRANGER", "NEIGHBOUR", "EMPLOYER")))
        for _ in range(int(self.rng.random() * 3)):
            self.add(self.maker.someone(), "WITNESS")
        return [self.pick(_VIOLENCE)], {"domestic_abuse": "FALSE"}, {}

    def _disorder(self) -> tuple[Any, Record, Record]:
        self.place("PUBLIC")
        for _ in range(1 + int(self.rng.random() ** 2 * 3)):
            known = self.chance(0.05)
            person = self.maker.someone_known(self.force, victim=True) if known else self.maker.someone(15, 60)
            self.add(person, self.pick(("SUSPECT", "ARRESTED", "CHARGED", "CONVICTED")))
        if self.chance(0.5):
            self.add(self.maker.someone(), self.pick(("WITNESS", "REPORTER", "MENTIONED", "PROFESSIONAL")))
        vehicle = {"kind": "VEHICLE", "vrm": f"ZZ{self.number % 70:02d} QQQ", "person_ref": "p1"}
        return [self.pick(_DISORDER)], {}, {"objects": [vehicle]}

    def _enforcement(self) -> tuple[Any, Record, Record]:
        """Someone suspected of an immigration offence, in an incident without a victim. Most may be released."""
        self.place("PUBLIC")
        for _ in range(1 if self.chance(0.85) else 2):
            known = self.chance(0.05)
            suspect = self.maker.someone_known(self.force, victim=True) if known else self.maker.someone(20, 60)
            certain = self.chance(0.85)
            self.add(suspect, self.pick(("SUSPECT", "ARRESTED", "CHARGED")), plain=certain)
            self.persons[-1]["immigration"] = self.immigration((), self.chance(0.85))
        return [self.pick((("78", "Immigration Act offence"), ("61A", "Possession of false documents")))], {}, {}

    def _concern(self) -> tuple[Any, Record, Record]:
        home = self.place()
        v = self.add(self.maker.someone(5, 80), "POSSIBLE_VICTIM", home=home)
        w = self.add(
            self.maker.someone(25, 65), "THIRD_PARTY_REPORTER", *(("PROFESSIONAL",) if self.chance(0.6) else ())
        )
        self.relate(w, v, "NEIGHBOUR")
        return (
            [("11A", "Cruelty to a child")] if self.chance(0.4) else [],
            {"child_present": "UNKNOWN"},
            {"reported_by": w},
        )

    # ---- notes --------------------------------------------------------------------------------------------------

    def notes(self, chars: int) -> list[str]:
        """Notes of about so many characters in all, each short enough for the source systems. At least a sentence."""
        rng = self.rng
        first, last = self.profiles[0], self.profiles[-1]
        of = {
            "v": first.given[0] if self.chance(0.6) else first.full,
            "s": self.profiles[1].full if len(self.profiles) > 1 else first.full,
            "w": last.full,
            "a": self.locations[0]["line1"],
            "p": first.phone.replace("+44", "0", 1),
            "n": str(1 + int(rng.random() * 30)),
        }
        texts: list[str] = []
        parts = [self.pick(_OPENINGS[self.kind]).format_map(of)]
        if self.status and self.chance(0.5):
            parts.append(self.pick(say.STATUS).format_map(of))
        if self.kind == "unsaid" and self.chance(0.5):
            parts.append(self.pick(say.ABUSE).format_map(of))
        length, total = sum(map(len, parts)), 0
        # Each pool is gone through from a place of its own, so that nothing is said twice until all was said.
        plain, own, denied = (int(rng.random() * 100) for _ in range(3))
        while total + length < chars:
            how = rng.random()
            if how < 0.04:
                denied += 1
                sentence = say.NEGATED[denied % len(say.NEGATED)].format_map(of)
            elif how < 0.2:
                own += 1
                sentence = _OPENINGS[self.kind][own % len(_OPENINGS[self.kind])].format_map(of)
            else:
                plain += 7
                sentence = say.PLAIN[plain % len(say.PLAIN)].format_map(of)
            parts.append(sentence)
            length += len(sentence)
            if length > _NOTE_CHARS:
                texts.append("".join(parts).rstrip())
                total += length
                parts, length = [], 0
        if parts:
            texts.append("".join(parts).rstrip())
        return texts


def _instant(moment: datetime) -> str:
    return f"{moment.isoformat()[:19]}Z"
