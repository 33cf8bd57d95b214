"""Real incident files of the FBI's NIBRS (fixed-width, "flat file") as `incident` v1.

A file is lines; a line is one segment of a report, its length in the first four characters and its level in the fifth:
0 zero report, 1 administrative, 2 offence, 3 property, 4 victim, 5 offender, 6 arrestee, 7 arrest for a Group B offence.
The segments of one incident stand together. Positions are those of the FBI's "NIBRS Technical Specification" (flat
file), counted from 1 in `_Line.at`.

NIBRS is built for statistics: it holds no names and no dates of birth, so nothing that is imported can ever be released
by itself. What it does hold, who was what to whom, is what the tag rules need.

Whatever cannot be read is named by line number and rule, never by content; an incident of which a segment cannot be
read is left out whole, because the lost segment might have been the one that protects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from pipelines.sources.nibrs_codes import (
    DOMESTIC_CIRCUMSTANCE,
    NOT_A_PERSON,
    OFFENCES,
    OFFICER,
    OVER_98,
    RELATIONSHIPS,
    UNDER_ONE,
    UNKNOWN_AGE,
    VICTIM_WAS_OFFENDER,
)

#: Lengths a segment of each level may have; they grew over the years.
_LENGTHS = {
    "0": (43,),
    "1": (87, 88),
    "2": (63, 70, 71),
    "3": (307,),
    "4": (129, 141),
    "5": (45, 46),
    "6": (110,),
    "7": (66,),
}
_ACTIONS = "IADMRW"
LEVELS = {
    "0": "zero reports",
    "1": "administrative",
    "2": "offence",
    "3": "property",
    "4": "victim",
    "5": "offender",
    "6": "arrestee",
    "7": "Group B arrest",
}
_MOST_LINES = 100_000
DEFAULT_ZONE = ZoneInfo("America/New_York")


class Counts(msgspec.Struct):
    """What became of the lines of a file, for the person who ran the import. Numbers and rule ids only."""

    read: Counter[str] = msgspec.field(default_factory=Counter)
    """Segments by level."""
    used: Counter[str] = msgspec.field(default_factory=Counter)
    ignored: Counter[str] = msgspec.field(default_factory=Counter)
    """Segments by level and reason."""
    malformed: list[tuple[int, str]] = msgspec.field(default_factory=list)
    """Line numbers (from 1) and what is wrong with them; the first hundred thousand."""
    blank: int = 0
    incidents: int = 0
    retracted: int = 0
    arrests: int = 0
    left_out: int = 0

    def wrong(self, line: int, rule: str) -> None:
        """Notes a malformed line."""
        if len(self.malformed) < _MOST_LINES:
            self.malformed.append((line, rule))


class _Unreadable(Exception):  # says what is wrong with a line
    """A line that breaks the layout: its number, and the rule."""

    def __init__(self, line: int, rule: str) -> None:
        super().__init__(line, rule)
        self.line = line
        self.rule = rule


class _Line(NamedTuple):
    """One segment. `rule` is the layout rule it breaks, if any."""

    number: int
    text: str
    rule: str | None = None

    def at(self, first: int, last: int) -> str:
        """The field at these positions, counted from 1, both included."""
        return self.text[first - 1 : last].strip()

    @property
    def level(self) -> str:
        return self.text[4:5]

    @property
    def action(self) -> str:
        return self.text[5:6]

    @property
    def key(self) -> tuple[str, str]:
        """Agency and incident number (level 7: arrest transaction number)."""
        return self.at(17, 25), self.at(26, 37)

    @property
    def period(self) -> tuple[int, int]:
        """Year and month of the submission."""
        return int(self.text[8:12]), int(self.text[6:8])

    def sequence(self, first: int, last: int) -> int:
        """A sequence number."""
        text = self.text[first - 1 : last]
        if not text.isdigit():
            raise _Unreadable(self.number, "nibrs|sequence_number")
        return int(text)

    def day(self, first: int) -> date:
        """A date, written as eight digits."""
        text = self.text[first - 1 : first + 7]
        try:
            day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            raise _Unreadable(self.number, "nibrs|date") from None
        if not 1900 <= day.year <= 2100:
            raise _Unreadable(self.number, "nibrs|date")
        return day


def read(
    lines: Iterable[bytes],
    counts: Counts,
    *,
    zone: ZoneInfo = DEFAULT_ZONE,
    group_b: bool = False,
    retract_unknown: bool = False,
) -> Iterator[bytes]:
    """The incidents of a file, one `incident` v1 document each, in the file's order.

    Args:
        lines: the file's lines, with or without line ends.
        counts: filled while reading.
        zone: the agencies' time zone (NIBRS times are local).
        group_b: also write a document for each Group B arrest.
        retract_unknown: also write a RETRACT for a deleted report that this file does not hold.
    """
    reader = _Reader(counts, zone, group_b, retract_unknown)
    for (level, _key), segments in groupby(_segments(lines, counts), key=itemgetter(0)):
        group = [line for _, line in segments]
        if level == "0":
            reader.zero(group)
        elif level == "7":
            yield from reader.arrests(group)
        else:
            yield from reader.reports(group)


_Group = tuple[str, tuple[str, str]]


def _segments(lines: Iterable[bytes], counts: Counts) -> Iterator[tuple[_Group, _Line]]:
    """Each segment with the group it belongs to; a line that cannot be placed belongs to the group it stands in."""
    group: _Group = ("A", ("", ""))
    for number, raw in enumerate(lines, start=1):
        text = raw.rstrip(b"\r\n")
        if not text.strip():
            counts.blank += 1
            continue
        line = _Line(number, text.decode("ascii", "replace"))
        line = line._replace(rule=_broken_layout(line))
        if line.rule:
            counts.wrong(number, line.rule)
        if line.level in LEVELS:
            counts.read[line.level] += 1
        # A broken line goes where it stands, unless it is a head: its key may be what is broken.
        if line.level in LEVELS and (line.rule is None or line.level in "017"):
            group = (line.level if line.level in "07" else "A", line.key)
        yield group, line


def _broken_layout(line: _Line) -> str | None:
    declared = line.text[:4]
    if not line.text.isascii():
        return "nibrs|ascii"
    if line.level not in LEVELS:
        return "nibrs|level"
    if not declared.isdigit() or int(declared) not in _LENGTHS[line.level]:
        return "nibrs|length"
    if len(line.text) < int(declared) or line.text[int(declared) :].strip():
        return "nibrs|length"
    if line.action not in _ACTIONS:
        return "nibrs|action"
    if not (line.text[6:12].isdigit() and 1 <= int(line.text[6:8]) <= 12 and 1990 <= int(line.text[8:12]) <= 2100):
        return "nibrs|submission_period"
    return None if all(line.key) else "nibrs|key"


class _Reader:
    """Turns groups of segments into documents; remembers which reports it has seen, and nothing else of them."""

    def __init__(self, counts: Counts, zone: ZoneInfo, group_b: bool, retract_unknown: bool) -> None:
        self.counts = counts
        self.zone = zone
        self.group_b = group_b
        self.retract_unknown = retract_unknown
        self.seen: Counter[tuple[str, str]] = Counter()

    def ignore(self, lines: Iterable[_Line], why: str) -> None:
        """Counts lines of which nothing is written."""
        for line in lines:
            if line.rule is None:
                self.counts.ignored[f"{LEVELS[line.level]}: {why}"] += 1

    def zero(self, lines: Sequence[_Line]) -> None:
        """A month without incidents: nothing to write."""
        self.ignore(lines, "nothing happened in the month")

    # ---- incidents ------------------------------------------------------------------------------------------------

    def reports(self, lines: Sequence[_Line]) -> Iterator[bytes]:
        """The reports of one incident, each an administrative segment and what follows it."""
        starts = [i for i, line in enumerate(lines) if line.level == "1" or i == 0]
        parts = [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]
        for at, part in enumerate(parts):
            head, rest = part[0], part[1:]
            follows = parts[at + 1][0] if at + 1 < len(parts) else None
            if head.level == "1" and head.action == "D" and head.rule is None:
                if follows is not None and follows.action != "D":
                    self.ignore([head], "deleted and reported anew in this file")
                else:
                    yield from self.delete(head)
                self.ignore(rest, "of a deleted incident")
            elif any(line.rule for line in part):
                self.counts.left_out += 1
                self.ignore(part, "of an incident that is left out")
            elif head.level != "1":
                self.ignore(part, "of no incident in this file")
            else:
                yield from self.report(head, rest, replaces=at > 0)

    def report(self, head: _Line, rest: Sequence[_Line], *, replaces: bool) -> Iterator[bytes]:
        """One incident, unless one of its segments cannot be read."""
        try:
            document = _Draft(head, rest).document(self.zone)
        except _Unreadable as error:
            self.counts.wrong(error.line, error.rule)
            self.counts.left_out += 1
            self.ignore([head, *rest], "of an incident that is left out")
            return
        known = replaces or self.seen[head.key] > 0
        document["header"] |= {"version": self.version(head, head.key), "change_type": "UPDATE" if known else "CREATE"}
        self.counts.incidents += 1
        self.counts.used.update(line.level for line in (head, *rest) if line.level != "3")
        self.ignore([line for line in rest if line.level == "3"], "property is not asked for")
        yield msgspec.json.encode(document)

    def version(self, line: _Line, key: tuple[str, str]) -> int:
        """Later submissions count higher, and within a file later reports: NIBRS itself has no versions."""
        self.seen[key] += 1
        year, month = line.period
        return (year * 100 + month) * 100 + min(self.seen[key], 99)

    def delete(self, head: _Line, kind: str = "") -> Iterator[bytes]:
        """A deleted report is retracted if it was ever sent; nobody is in a RETRACT, so nobody is left of it."""
        agency, number = head.key
        key = (agency, kind + number)
        if not self.seen[key] and not self.retract_unknown:
            self.ignore([head], "deletes what is not in this file")
            return
        header = _header(agency, kind + number, _after(head))
        header |= {"version": self.version(head, key), "change_type": "RETRACT"}
        self.counts.retracted += 1
        self.counts.used[head.level] += 1
        yield msgspec.json.encode({"header": header, "persons": []})

    # ---- arrests for Group B offences -----------------------------------------------------------------------------

    def arrests(self, lines: Sequence[_Line]) -> Iterator[bytes]:
        """Arrests without an incident report; several arrestees may share a transaction number."""
        sound = [line for line in lines if line.rule is None]
        if not self.group_b:
            self.ignore(sound, "not asked for")
            return
        people = [line for line in sound if line.action != "D"]
        if len(sound) < len(lines):
            self.counts.left_out += 1
            self.ignore(sound, "of an arrest that is left out")
        elif people:
            self.ignore([line for line in sound if line.action == "D"], "deleted and reported anew in this file")
            yield from self.arrest(people)
        else:
            yield from self.delete(sound[0], "B/")
            self.ignore(sound[1:], "deleted twice")

    def arrest(self, lines: Sequence[_Line]) -> Iterator[bytes]:
        """One document for the arrestees of one transaction."""
        head = lines[0]
        try:
            happened = min(line.day(40) for line in lines)
            persons = {
                f"a{line.sequence(38, 39):02d}": _person("ARRESTED", line.at(58, 61), line.at(62, 62)) for line in lines
            }
            if len(persons) < len(lines):
                raise _Unreadable(head.number, "nibrs|repeated_sequence")
        except _Unreadable as error:
            self.counts.wrong(error.line, error.rule)
            self.counts.left_out += 1
            self.ignore(lines, "of an arrest that is left out")
            return
        agency, number = head.key
        key = (agency, f"B/{number}")
        event = datetime.combine(happened, time(), self.zone)
        known = self.seen[key] > 0
        header = _header(*key, max(_after(head), event), event)
        header |= {"version": self.version(head, key), "change_type": "UPDATE" if known else "CREATE"}
        self.counts.arrests += 1
        self.counts.used["7"] += len(lines)
        yield msgspec.json.encode(
            {
                "header": header,
                "offences": [
                    _offence(code, attempted=False) for code in dict.fromkeys(line.at(49, 51) for line in lines)
                ],
                "persons": [{"person_ref": ref, **person} for ref, person in persons.items()],
            }
        )


class _Draft:
    """One incident while its segments are read."""

    def __init__(self, head: _Line, rest: Sequence[_Line]) -> None:
        self.head = head
        self.offences: list[dict[str, Any]] = []
        self.people: dict[str, dict[str, Any]] = {}
        self.relations: list[dict[str, Any]] = []
        self.offenders: dict[int, str] = {}
        """The person each offender is: their own, or the victim who was the offender."""
        self.arrested: set[str] = set()
        self.domestic = False
        of = {level: [line for line in rest if line.level == level] for level in LEVELS}
        for line in of["2"]:
            self.offences.append(_offence(line.at(38, 40), attempted=line.at(41, 41) == "A"))
        victims = [(self.victim(line), line) for line in of["4"]]
        for ref, line in victims:
            self.victims_who_offended(ref, line)
        for line in of["5"]:
            self.offender(line)
        for ref, line in victims:
            self.relate(ref, line)
        for line in of["6"]:
            self.arrestee(line)

    def add(self, line: _Line, ref: str, person: dict[str, Any]) -> str:
        if ref in self.people:
            raise _Unreadable(line.number, "nibrs|repeated_sequence")
        self.people[ref] = person
        return ref

    def victim(self, line: _Line) -> str | None:
        """Writes a victim who is somebody. Circumstances count whoever the victim is."""
        self.domestic |= DOMESTIC_CIRCUMSTANCE in (line.at(80, 81), line.at(82, 83))
        number, kind = line.sequence(38, 40), line.at(71, 71)
        if kind in NOT_A_PERSON:
            return None
        person = _person("VICTIM", line.at(72, 75), line.at(76, 76))
        if kind == OFFICER:
            person["occupation"] = "POLICE"
        return self.add(line, f"v{number:03d}", person)

    @staticmethod
    def pairs(line: _Line) -> Iterator[tuple[int, str]]:
        """Up to ten offenders and what the victim was to each. Offender 00 is nobody known."""
        for first in range(90, 130, 4):
            if line.at(first, first + 1):
                offender = line.sequence(first, first + 1)
                if offender:
                    yield offender, line.at(first + 2, first + 3)

    def victims_who_offended(self, ref: str | None, line: _Line) -> None:
        """Victim and offender in one: both stand as one person, so that being a victim protects the suspect."""
        for offender, relationship in self.pairs(line):
            if ref and relationship == VICTIM_WAS_OFFENDER and offender not in self.offenders:
                self.offenders[offender] = ref
                if "SUSPECT" not in self.people[ref]["roles"]:
                    self.people[ref]["roles"].append("SUSPECT")

    def offender(self, line: _Line) -> None:
        number = line.sequence(38, 39)
        if number and number not in self.offenders:
            ref = self.add(line, f"o{number:02d}", _person("SUSPECT", line.at(40, 43), line.at(44, 44)))
            self.offenders[number] = ref

    def relate(self, ref: str | None, line: _Line) -> None:
        for offender, code in self.pairs(line):
            if not (ref and code):
                continue
            if offender not in self.offenders:  # named by the victim only
                self.offenders[offender] = self.add(line, f"o{offender:02d}", {"roles": ["SUSPECT"]})
            other = self.offenders[offender]
            if other == ref:
                continue
            known = RELATIONSHIPS.get(code)
            # A code on no list goes on as it is: to the tag rules an unknown relation is a signal.
            kind, turned = (known.type, known.turned) if known else (code, False)
            one, two = (other, ref) if turned else (ref, other)
            self.relations.append({"from_ref": one, "to_ref": two, "type": kind, "source_code": code})

    def arrestee(self, line: _Line) -> None:
        """Who was arrested. NIBRS does not say which offender that is; the first who could be is taken to be."""
        person = _person("ARRESTED", line.at(71, 74), line.at(75, 75))
        for ref in dict.fromkeys(self.offenders.values()):
            if ref not in self.arrested and _may_be_one(self.people[ref], person):
                self.arrested.add(ref)
                self.people[ref]["roles"].append("ARRESTED")
                return
        self.add(line, f"a{line.sequence(38, 39):02d}", person)

    def document(self, zone: ZoneInfo) -> dict[str, Any]:
        """The incident, but for version and change type."""
        day, hour = self.head.day(38), self.head.at(47, 48)
        if hour and not (hour.isdigit() and int(hour) < 24):
            raise _Unreadable(self.head.number, "nibrs|hour")
        event = datetime.combine(day, time(int(hour or 0)), zone)
        # "R": the day is that of the report, and when it happened nobody knows.
        happened = None if self.head.at(46, 46) == "R" else event
        document: dict[str, Any] = {
            "header": _header(*self.head.key, max(_after(self.head), event), happened),
            "offences": [{**offence, "is_principal": at == 0} for at, offence in enumerate(self.offences)],
            "persons": [{"person_ref": ref, **person} for ref, person in self.people.items()],
        }
        if self.relations:
            document["relations"] = self.relations
        if self.domestic:
            document["flags"] = {"domestic_abuse": "TRUE"}
        return document


def _header(agency: str, number: str, recorded: datetime, event: datetime | None = None) -> dict[str, Any]:
    header = {
        "schema_version": "1.0",
        "source_system": "OTHER",
        "source_force": agency,
        "incident_id": number,
        "recorded_ts": recorded.astimezone(UTC).isoformat(),
    }
    return header if event is None else header | {"event_ts": event.isoformat()}


def _after(line: _Line) -> datetime:
    """The end of the month the report was submitted for; when it was written NIBRS does not say."""
    year, month = line.period
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _offence(code: str, *, attempted: bool) -> dict[str, Any]:
    known = OFFENCES.get(code)
    offence: dict[str, Any] = {"ho_detail": f"UCR {code}", "attempted": attempted}
    if known is None:
        return offence | {"title": "Offence on no list"}
    return offence | {"title": known.title} | ({"ho_class": known.ho_class} if known.ho_class else {})


def _person(role: str, age: str, sex: str) -> dict[str, Any]:
    return {"roles": [role], **_age(age), **({"gender": sex} if sex in ("F", "M") else {})}


def _age(text: str) -> dict[str, Any]:
    """An age or a range of ages. What is neither goes on as it is: unreadable, so its person is INDETERMINATE."""
    first, second = text[:2].strip(), text[2:].strip()
    if first in UNKNOWN_AGE and not second:
        return {}
    if first in UNDER_ONE and not second:
        return {"age": 0}
    if first == OVER_98 and not second:
        return {"age_from": 99, "age_basis": "ESTIMATED"}
    if first.isdigit() and not second:
        return {"age": int(first)}
    if first.isdigit() and second.isdigit() and int(first) <= int(second):
        return {"age_from": int(first), "age_to": int(second), "age_basis": "ESTIMATED"}
    return {"age": text}


def _may_be_one(offender: dict[str, Any], arrested: dict[str, Any]) -> bool:
    """Whether an offender and an arrestee may be one person: nothing known of them disagrees by more than a year."""
    sexes = {person["gender"] for person in (offender, arrested) if "gender" in person}
    if len(sexes) > 1:
        return False
    (low, high), (least, most) = _between(offender), _between(arrested)
    return low - 1 <= most and least - 1 <= high


def _between(person: dict[str, Any]) -> tuple[int, int]:
    age = person.get("age")
    if isinstance(age, int):
        return age, age
    return person.get("age_from", 0), person.get("age_to", 200)
