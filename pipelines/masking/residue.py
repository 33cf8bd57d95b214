"""The second look: is anything protected still in a text that is about to leave (spec 6.23)?

Written without the masker and knowing none of its rules: it squeezes a text to its letters and digits and asks whether a
whole identity, or an identifier that is no name, is in there. A lone part of a name is no finding: spouses share surnames.
Both sides are worked out once: a text is read once however much is looked for in it, and what must not be found is made
ready once per incident however many texts leave.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import filterfalse
from typing import NamedTuple

from anyascii import anyascii

from pipelines.contracts.incident import Location, Person


class Forbidden(NamedTuple):
    """One thing that must not be in a text: `kind` is name, phone, email, document, nominal, postcode, address or dob."""

    kind: str
    value: str
    #: For a name, its other half.
    given: str = ""


# ---- reading ----------------------------------------------------------------------------------------------------

#: Apostrophes are left out before this is asked.
_MARKS = bytes(ord(chr(code).lower()) if chr(code).isalnum() else ord(" ") for code in range(128)) + bytes(128)


class _Latin(dict[int, str]):
    """Characters as small Latin letters: accents, joiners and formatting gone, scripts transliterated; by code, remembered."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = [each for each in unicodedata.normalize("NFKD", character) if unicodedata.category(each)[0] not in "MC"]
        self[code] = latin = character if code < 128 else str(anyascii("".join(plain)))
        return latin


_LATIN = _Latin()


def _marked(text: str) -> str:
    """Small Latin letters and digits, and a space for everything else but apostrophes."""
    if not text.isascii():
        text = text.translate(_LATIN)
    return text.encode().translate(_MARKS, b"'").decode()


def _plain(name: str) -> str:
    """Small Latin letters, digits, and single spaces for everything else."""
    return " ".join(_marked(name).split())


def squeezed(text: str) -> str:
    """Small Latin letters and digits, and nothing between them."""
    return _marked(text).replace(" ", "")


_DIGIT_LIKE = str.maketrans("oil", "011")
_LETTERS_FOR_DIGITS = frozenset({"o", "i", "l", "oo", "il", "li", "ll", "ol", "lo", "io", "oi", "ii"})


class Reading:
    """A text as the guard reads it, once."""

    __slots__ = ("_dates", "digits", "numbers", "squeezed", "states_immigration", "words")

    def __init__(self, text: str) -> None:
        """Takes any text."""
        marked = _marked(text)
        tokens = marked.split()
        #: Its words between single spaces, and without any.
        self.words = f" {' '.join(tokens)} "
        self.squeezed = marked.replace(" ", "")
        #: The words that have a digit in them.
        self.numbers = "" if self.squeezed.isalpha() else " ".join(filterfalse(str.isalpha, tokens))
        #: All digits in a row, with the letters that are written for them; nothing where they are too few for a phone.
        self.digits = ""
        if len(self.numbers) >= _SHORTEST_PHONE:
            alike = self.numbers
            if not _LETTERS_FOR_DIGITS.isdisjoint(tokens):
                alike = "".join([each for each in tokens if not each.isalpha() or each in _LETTERS_FOR_DIGITS])
            self.digits = "".join(filter(str.isdecimal, alike.translate(_DIGIT_LIKE)))
        self._dates: set[tuple[str, int, int]] | None = None
        #: What was found when it was asked for phrases of immigration; nothing before.
        self.states_immigration: bool | None = None

    @property
    def dates(self) -> set[tuple[str, int, int]]:
        """Everything in it that could be a date: (year as written, month, day)."""
        if self._dates is None:
            self._dates = _dates(self.words) if self.numbers else set()
        return self._dates


_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905 - months read as words
_NAMED = rf"({'|'.join(_MONTHS)})[a-z]*"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(\d{4}|\d{2})(?![a-z0-9])"
#: Each looks ahead only, so that one candidate never hides the next: "flat 12, 30 01 1988".
_DAY_NAMED = re.compile(rf"(?<![a-z0-9])(?={_DAY} ?(?:of )?{_NAMED} ?{_YEAR})")
_NAMED_DAY = re.compile(rf"(?<![a-z0-9])(?={_NAMED} ?{_DAY} {_YEAR})")
_IN_FIGURES = re.compile(rf"(?<![a-z0-9])(?={_DAY} {_DAY} {_YEAR})")
_YEAR_FIRST = re.compile(r"(?<![a-z0-9])(?=(\d{4}) (\d{1,2}) (\d{1,2})(?![a-z0-9]))")
_EIGHT = re.compile(r"(?<![a-z0-9])\d{8}(?![a-z0-9])")


def _dates(words: str) -> set[tuple[str, int, int]]:
    found: set[tuple[str, int, int]] = set()
    for day, month, year in _DAY_NAMED.findall(words):
        found.add((year, _MONTHS.index(month) + 1, int(day)))
    for month, day, year in _NAMED_DAY.findall(words):
        found.add((year, _MONTHS.index(month) + 1, int(day)))
    for one, two, year in _IN_FIGURES.findall(words):
        found.update([(year, int(one), int(two)), (year, int(two), int(one))])
    for year, month, day in _YEAR_FIRST.findall(words):
        found.update([(year, int(month), int(day)), (year, int(day), int(month))])
    for run in _EIGHT.findall(words):
        found.add((run[:4], int(run[4:6]), int(run[6:])))
        found.update([(run[4:], int(run[2:4]), int(run[:2])), (run[4:], int(run[:2]), int(run[2:4]))])
    return found


# ---- what must not be found -------------------------------------------------------------------------------------


def forbidden_of(person: Person, locations: Sequence[Location] = ()) -> list[Forbidden]:
    """What identifies a person: whole names, numbers, contacts, date of birth, and the postcodes of their addresses."""
    found: list[Forbidden] = []
    for name in person.names or ():
        if name.surname and name.given:
            found.append(Forbidden("name", name.surname, " ".join(filter(None, name.given))))
            if len(name.given) > 1 and name.given[0]:
                found.append(Forbidden("name", name.surname, name.given[0]))
    found += [Forbidden("phone", each.value) for each in person.phones or () if each.value]
    found += [Forbidden("email", each.value) for each in person.emails or () if each.value]
    found += [Forbidden("document", each.value) for each in person.identifiers or () if each.value]
    found += [Forbidden("nominal", each) for each in (person.nominal_id, person.pnc_id) if each]
    if person.dob:
        found.append(Forbidden("dob", person.dob))
    theirs = {each.location_ref for each in person.addresses or ()}
    found += [
        Forbidden("postcode", each.postcode) for each in locations if each.postcode and each.location_ref in theirs
    ]
    return found


_SHORTEST_SQUEEZED = 9
_SHORTEST_MARK = 3
_LONG_MARK = 6
_SHORTEST_PHONE = 6
#: The last digits of a telephone number, without the codes of country and area that come and go.
_DIALLED = 9
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


class Guard:
    """Things that must not be found, made ready to be looked for in many texts."""

    __slots__ = ("_dobs", "_marks", "_names", "_phones", "_unknown")

    def __init__(self, forbidden: Iterable[Forbidden]) -> None:
        """Works out how each would look in a `Reading`."""
        self._names: set[tuple[str, str]] = set()
        self._phones: set[str] = set()
        self._marks: set[tuple[str, str]] = set()
        self._dobs: set[tuple[str, int, int]] = set()
        self._unknown: set[str] = set()
        for kind, value, given in forbidden:
            match kind:
                case "name":
                    first, last = _plain(given), _plain(value)
                    if len(first) > 1 and len(last) > 1:
                        self._names.add((first, last))
                case "phone":
                    number = _national(value)
                    if len(number) >= _SHORTEST_PHONE:
                        self._phones.add(number)
                case "email" | "document" | "nominal" | "postcode" | "address":
                    mark = squeezed(value)
                    if len(mark) >= _SHORTEST_MARK:
                        self._marks.add((kind, mark))
                case "dob":
                    date = _ISO.match(value)
                    if date is not None:
                        self._dobs.add((date[1], int(date[2]), int(date[3])))
                case _:
                    self._unknown.add(kind)  # a kind nobody taught this guard: it cannot say that a text is free of it

    @classmethod
    def over(cls, guards: Iterable[Guard]) -> Guard:
        """All that several guards look for, looked for as one."""
        whole = cls(())
        for each in guards:
            whole._names |= each._names
            whole._phones |= each._phones
            whole._marks |= each._marks
            whole._dobs |= each._dobs
            whole._unknown |= each._unknown
        return whole

    def has_name(self, reading: Reading) -> bool:
        """Whether a whole name is found."""
        return any(_has_name(reading.words, reading.squeezed, first, last) for first, last in self._names)

    def objections(self, reading: Reading, *, names: bool = True, dates: bool = True) -> set[str]:
        """The ids of the rules that find something in a text; never the thing itself.

        Args:
            reading: the text.
            names: whether to look for whole names.
            dates: whether to look for dates of birth.
        """
        found = {f"residue.{kind}" for kind in self._unknown}
        words, run_on = reading.words, reading.squeezed
        if names and self.has_name(reading):
            found.add("residue.name")
        if dates and reading.numbers:
            for dob in self._dobs:
                if _has_date(reading, *dob):
                    found.add("residue.dob")
        if reading.digits and any(number in reading.digits for number in self._phones):
            found.add("residue.phone")
        for kind, mark in self._marks:
            if mark in run_on and (len(mark) >= _LONG_MARK or _stands_alone(words, mark)):
                found.add(f"residue.{kind}")
        return found


def _has_name(words: str, run_on: str, first: str, last: str) -> bool:
    one, two = first.replace(" ", ""), last.replace(" ", "")
    if one not in run_on or two not in run_on:
        return False
    if f" {first} {last} " in words or f" {last} {first} " in words:
        return True
    return len(one) + len(two) >= _SHORTEST_SQUEEZED and (one + two in run_on or two + one in run_on)


def _national(value: str) -> str:
    """The digits of a number that stay however it is dialled."""
    number = "".join(filter(str.isdecimal, squeezed(value)))
    if number.startswith(("44", "0")):
        number = number.removeprefix("00").removeprefix("44").lstrip("0")
    return number[-_DIALLED:]


def _stands_alone(words: str, mark: str) -> bool:
    """Whether a short code stands between word ends, with or without spaces in it."""
    return any(each in words for each in _spacings(mark))


def _spacings(mark: str) -> tuple[str, ...]:
    spaced = [mark[0]]
    for character in mark[1:]:
        spaced = [each + joint + character for each in spaced for joint in ("", " ")]
    return tuple(f" {each} " for each in spaced)


def _has_date(reading: Reading, year: str, month: int, day: int) -> bool:
    if year[2:] not in reading.numbers or str(day) not in reading.numbers:
        return False
    return not reading.dates.isdisjoint([(year, month, day), (year[2:], month, day)])


def residue(text: str, forbidden: Iterable[Forbidden]) -> list[str]:
    """The ids of the rules that find something forbidden in a text, in order and once each."""
    return sorted(Guard(forbidden).objections(Reading(text)))
