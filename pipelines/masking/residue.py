"""The second look: is anything protected still in a text that is about to leave (spec 6.23)?

Written without the masker and knowing none of its rules: it squeezes a text to its letters and digits and asks whether a
whole identity, or an identifier that is no name, is in there. A lone part of a name is no finding: spouses share surnames.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from anyascii import anyascii

from pipelines.contracts.incident import Location, Person


class Forbidden(NamedTuple):
    """One thing that must not be in a text: `kind` is name, phone, email, document, nominal, postcode or dob."""

    kind: str
    value: str
    #: For a name, its other half.
    given: str = ""


_MARKS = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)} | {39: None}


def _plain(text: str) -> str:
    """Small Latin letters, digits, and single spaces for everything else."""
    if not text.isascii():
        text = "".join(
            each for each in unicodedata.normalize("NFKD", text) if unicodedata.category(each)[0] not in "MC"
        )
        text = text if text.isascii() else anyascii(text)
    return " ".join(text.translate(_MARKS).split())


def _squeezed(text: str) -> str:
    return _plain(text).replace(" ", "")


def forbidden_of(person: Person, locations: Sequence[Location] = ()) -> list[Forbidden]:
    """What identifies a person: whole names, numbers, contacts, date of birth, and the postcodes of their addresses."""
    found: list[Forbidden] = []
    for name in person.names or ():
        if name.surname and name.given:
            found.append(Forbidden("name", name.surname, " ".join(filter(None, name.given))))
            found.extend(
                Forbidden("name", name.surname, each) for each in name.given[:1] if each and len(name.given) > 1
            )
    found.extend(Forbidden("phone", each.value) for each in person.phones or () if each.value)
    found.extend(Forbidden("email", each.value) for each in person.emails or () if each.value)
    found.extend(Forbidden("document", each.value) for each in person.identifiers or () if each.value)
    found.extend(Forbidden("nominal", each) for each in (person.nominal_id, person.pnc_id) if each)
    if person.dob:
        found.append(Forbidden("dob", person.dob))
    theirs = {each.location_ref for each in person.addresses or ()}
    found.extend(
        Forbidden("postcode", each.postcode) for each in locations if each.postcode and each.location_ref in theirs
    )
    return found


_SHORTEST_SQUEEZED = 9
_plain_value = lru_cache(maxsize=8192)(_plain)


def _has_name(words: str, squeezed: str, surname: str, given: str) -> bool:
    first, last = _plain_value(given), _plain_value(surname)
    if len(first) < 2 or len(last) < 2:
        return False
    for one, two in ((first, last), (last, first)):
        if f" {one} {two} " in words:
            return True
        whole = (one + two).replace(" ", "")
        if len(whole) >= _SHORTEST_SQUEEZED and whole in squeezed:
            return True
    return False


_DIGIT = re.compile(r"[0-9]")
_DIGIT_LIKE = str.maketrans("oil", "011")


def _has_phone(digits: str, value: str) -> bool:
    number = re.sub(r"\D", "", _plain(value))
    national = (
        number.removeprefix("00").removeprefix("44").lstrip("0") if number.startswith(("44", "0044", "0")) else number
    )
    return len(national) >= 6 and national in digits


def _has_mark(words: str, squeezed: str, value: str) -> bool:
    """A code of letters and digits: anywhere when it is long, between word ends when it is short."""
    mark = _squeezed(value)
    if len(mark) < 3:
        return False
    if len(mark) >= 6:
        return mark in squeezed
    if mark not in squeezed:
        return False
    return re.search(r"(?<![a-z0-9])" + r" ?".join(mark) + r"(?![a-z0-9])", words) is not None


_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905 - months read as words


def _has_date(words: str, digits: str, value: str) -> bool:
    date = _ISO.match(value)
    if date is None or date[1][2:] not in digits:
        return False
    year, month, day = date[1], int(date[2]), int(date[3])
    if not 1 <= month <= len(_MONTHS):
        return False
    years = f"(?:{year}|{year[2:]})"
    named = rf"{_MONTHS[month - 1]}[a-z]*"
    numbered = rf"0?{month}"
    days = rf"0?{day}(?:st|nd|rd|th)?"
    forms = (
        rf"{days} ?(?:of )?{named} ?{years}",
        rf"{named} {days} {years}",
        rf"{days} {numbered} {years}",
        rf"{numbered} {days} {years}",
        rf"{year} {numbered} {days}",
        rf"{year}{month:02}{day:02}",
        rf"{day:02}{month:02}{year}",
    )
    return re.search(rf"(?<![a-z0-9])(?:{'|'.join(forms)})(?![a-z0-9])", words) is not None


def residue(text: str, forbidden: Iterable[Forbidden]) -> list[str]:
    """The ids of the rules that find something forbidden in a text, in order and once each; never the thing itself."""
    words = f" {_plain(text)} "
    squeezed = words.replace(" ", "")
    digits = re.sub(r"[^0-9]+", "", squeezed.translate(_DIGIT_LIKE)) if _DIGIT.search(squeezed) else ""
    found: set[str] = set()
    for kind, value, given in forbidden:
        match kind:
            case "name":
                hit = _has_name(words, squeezed, value, given)
            case "phone":
                hit = bool(digits) and _has_phone(digits, value)
            case "email" | "document" | "nominal" | "postcode":
                hit = _has_mark(words, squeezed, value)
            case "dob":
                hit = _has_date(words, digits, value)
            case _:
                hit = True  # a kind nobody has taught this guard: it cannot say that the text is free of it
        if hit:
            found.add(f"residue.{kind}")
    return sorted(found)
