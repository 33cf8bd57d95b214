"""What identifies by its shape: numbers, addresses, codes; and sentences that state an immigration fact.

Numbers pass by an allow-list (ages, counts, times, sums, measures), not by failing to look like an identifier: a phone, a
passport, a plate or a reference in a form nobody thought of is caught too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pipelines.tagging import narrative


class Recogniser(NamedTuple):
    """One shape of identifier and the words an account says instead."""

    name: str
    pattern: re.Pattern[str]
    instead: str
    signs: frozenset[str] | None = None
    """Small words of which an ASCII text must have one for the pattern to match, where there are such words."""


_EDGE = r"(?<![^\W_])"
_END = r"(?![^\W_])"
_S = r"[ .\-/_]{0,3}"

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?"
    r"|dec(?:ember)?)"
)
_STREET_WORDS = (
    "road|rd|street|str|st|avenue|ave|lane|ln|close|cl|drive|dr|court|ct|place|pl|way|crescent|cres|terrace|gardens|gdns|grove|hill"
    "|park|square|sq|row|view|walk|mews|house|estate|mount|rise|parade|wharf|quay|heights|tower|towers|buildings|villas|mansions"
    "|lodge|cottage|cottages|farm|lea|croft|green"
)
_STREET = f"(?:{_STREET_WORDS})"
_STREETS = frozenset(_STREET_WORDS.split("|"))
_DOORS = frozenset({"flat", "apartment", "apt", "unit", "room", "number", "no"})
#: "2 men in the street" is no address.
_NO_STREET = r"(?:the|a|an|in|on|at|of|to|and|or|by|down|up|along|across|into|from|near|for|with|was|were|his|her|their|men|women|males|people|hours?|hrs|minutes?|mins|weeks?|months?|pounds|years?|times|days?)\b"
#: "The house" is none either; "The Avenue" is one.
_NO_NAME = r"(?:The|This|That|A|An|Her|His|Their|My|Our|Your|Its|No|Another|Victim's|Suspect's)"
_OFFICER = r"(?:PC|PS|DC|DS|DI|DCI|DCS|DSI|INSP|Insp|SGT|Sgt|PCSO|WPC|WDC|TDC|TDS|Supt|Ch Insp|Chief Inspector|Sergeant|Inspector|Constable)"

#: How reports number the people in them and say what they look like: "VIC1", "IC3".
_MENTION = rf"(?:VIC|SUS|WIT|IC)\d{_END}"

#: Shapes that need more than one glance, tried before the rule for numbers, in this order.
RECOGNISERS = (
    Recogniser(
        "email",
        re.compile(
            r"[\w.+%'&=-]{1,80}\s?(?:@|[(\[]\s?at\s?[)\]])\s?(?:[\w-]{1,63}\s?(?:\.|[(\[]\s?dot\s?[)\]])\s?){1,5}[A-Za-z]{2,24}(?![\w-])"
            r"|[\w.+-]{1,64}\s+at\s+[\w-]{1,63}(?:\s+dot\s+[\w-]{2,24}){1,3}|\"[^\"@\n]{1,60}\"@[\w.-]{2,80}|[\w.+%-]{1,64}@[\w.-]{1,80}",
            re.I,
        ),
        "an e-mail address",
    ),
    Recogniser("handle", re.compile(r"(?<!\w)@\s?[\w.]{2,40}"), "an account"),
    Recogniser(
        "url",
        re.compile(
            r"(?:https?|ftp|hxxps?)\s?:\s?//\S+|www\.\S+|(?<![\w.])[\w-]{2,60}(?:\.[\w-]{2,60}){0,3}\.(?:com|org|net|co\.uk|uk|info|io|me)(?:/\S*)?(?!\w)",
            re.I,
        ),
        "a website",
    ),
    Recogniser(
        "date",
        re.compile(
            rf"{_EDGE}(?<!\d[./-])(?:\d{{1,4}}\s?[/.\-]\s?\d{{1,2}}(?:\s?[/.\-]\s?\d{{1,4}})+(?:T[\d:.]+Z?)?|\d{{1,2}}\s?[/\-]\s?\d{{1,2}}|\d{{1,2}}(?:st|nd|rd|th)?(?: of)?[ \-/.]{{0,2}}{_MONTH}(?:[ ,\-/.]{{1,3}}'?\d{{2,4}})?"
            rf"|{_MONTH}[ .\-/]{{1,2}}\d{{1,2}}(?:st|nd|rd|th)?(?:[ ,\-/]{{1,3}}'?\d{{2,4}})?|{_MONTH}[ ,\-/]{{1,2}}'?\d{{4}}|(?:18|19|20)\d{{6}}){_END}",
            re.I,
        ),
        "a date",
    ),
    Recogniser(
        "iban",
        re.compile(rf"{_EDGE}[A-Z]{{2}}\d{{2}}(?:[ -]?[A-Z0-9]{{4}}){{2,7}}(?:[ -]?[A-Z0-9]{{1,3}})?{_END}"),
        "an account",
    ),
    Recogniser(
        "postcode",
        re.compile(
            rf"{_EDGE}(?:[A-Z]{{1,2}}[0-9OI][0-9A-Z]?{_S}[0-9OI][ABD-HJLNP-UW-Z]{{2}}|GIR{_S}0AA|BFPO\s?\d{{1,4}}|[A-Z]{{4}}{_S}1ZZ){_END}",
            re.I,
        ),
        "an address",
    ),
    Recogniser(
        "officer",
        re.compile(
            rf"(?<!\w){_OFFICER}\.?(?: ?(?:[A-Z]{{0,3}}\d{{2,6}}[A-Z]{{0,2}}))(?: (?:[A-Z]\. ?)?[A-Z][\w'-]+){{0,2}}|(?<!\w){_OFFICER}\.?(?: [A-Z][\w'-]+){{1,2}}(?:,? ?\(?[A-Z]{{0,2}}\d{{2,6}}\)?)?"
        ),
        "an officer",
    ),
    Recogniser(
        "nino",
        re.compile(rf"{_EDGE}[A-Z]{_S}[A-Z]{_S}\d{_S}\d{_S}\d{_S}\d{_S}\d{_S}\d(?:{_S}[A-D])?{_END}", re.I),
        "a document number",
    ),
    Recogniser(
        "driving_licence",
        re.compile(rf"{_EDGE}[A-Z9]{{5}}{_S}\d{{6}}{_S}[A-Z9]{{2}}{_S}\w{{3}}(?:{_S}\d{{2}})?{_END}", re.I),
        "a document number",
    ),
    Recogniser(
        "plate",
        re.compile(
            rf"{_EDGE}(?!{_MENTION})(?:[A-Z]{{2}}{_S}[0-9OI]{{2}}{_S}[A-Z]{{3}}|[A-Z]\d{{1,3}}{_S}[A-Z]{{3}}|[A-Z]{{3}}{_S}\d{{1,3}}[A-Z]"
            rf"|[A-Z]{{1,2}}[IZ][A-Z]? ?\d{{1,4}}|[A-Z]{{1,3}}\d{{1,4}}|\d{{1,4}}[A-Z]{{2,3}}(?<!HRS)|\d{{3}}{_S}[DX]{_S}\d{{3}}){_END}"
        ),
        "a vehicle",
    ),
    Recogniser(
        "plate_small",
        re.compile(
            rf"{_EDGE}(?:[a-z]{{2}}\d{{2}}{_S}[a-z]{{3}}|[a-z]\d{{1,3}} ?[a-z]{{3}}(?<![0-9](?:hrs|min)))" + _END, re.I
        ),
        "a vehicle",
    ),
    Recogniser(
        "address",
        re.compile(
            rf"(?<!\w)(?:(?:flat|apartment|apt|unit|room) ?\w{{1,4}},? ?)?\d{{1,4}}[a-z]?,? (?:(?!{_NO_STREET})[A-Za-z][\w'-]+ ){{1,3}}{_STREET}(?!\w)",
            re.I,
        ),
        "an address",
        _STREETS,
    ),
    Recogniser(
        "street",
        re.compile(rf"(?<!\w)(?!{_NO_NAME} [a-z])(?:[A-Z][\w'-]+ ){{1,3}}(?i:{_STREET})(?!\w)"),
        "an address",
        _STREETS,
    ),
    Recogniser(
        "door",
        re.compile(r"(?<!\w)(?:flat|apartment|apt|unit|room|house number|no\.?|number) ?\d{1,4}[a-z]?(?!\w)", re.I),
        "an address",
        _DOORS,
    ),
)

#: How many digits a number may have and still be an age, a count, a year or a time.
MOST_DIGITS = 4
_DIGITS = re.compile(r"\d")
#: From the first digit of a number, or the letters before it, to the last of what belongs to it.
_NUMBER = re.compile(
    r"(?:\+|\(\+?)?(?<![^\W_])[^\W_]*\d[^\W_]*(?:[ .\-/:_,#()\[\]*|=+]{0,3}[A-Z]{0,3}\d[^\W_]*)*", re.I
)
_ALLOWED_NUMBER = re.compile(
    r"(?:\d{1,4}"
    r"|\d{1,2}(?:st|nd|rd|th)"
    r"|[0-2]?\d[:.]?[0-5]\d ?(?:hrs|hours|h|hr|am|pm)?"
    r"|\d{1,2}(?:[.:]\d{2})? ?(?:am|pm)"
    r"|\d{1,3} ?(?:yo|yoa|yrs?|years?|mins?|m|cm|mm|ft|in|kg|lbs?|hrs?|x|k|p|ml|l|mg|s|secs?)"
    r"|\d{1,2}x\d{1,2}|\d{1,2}(?:ft|')\d{0,2}\"?"
    r"|\d{1,3}(?:,\d{3})|\d{1,4}\.\d{1,2}"
    r"|[0-2]?\d[:.]?[0-5]\d ?(?:hrs)? ?(?:-|to) ?[0-2]?\d[:.]?[0-5]\d(?:hrs)?|\d{1,2}-\d{1,2}"
    rf"|{_MENTION}"
    r"|24/7|50/50|\d/10|\d{1,2}/2\d)\Z",
    re.I,
)
_WORDED = re.compile(
    r"(?:(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|double|triple|plus|to|too|for)[\s,.-]{1,3}){5,}(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine)",
    re.I,
)
#: Words that already say what the identifier after them is: they stand alone instead of a second noun.
_LABEL = re.compile(
    r"((?<!\w)(?:phone|telephone|tel|mobile|mob|number|numbers|no|num|contact|e-?mail|address|postcode|post code|passport|document|licence"
    r"|reg|registration|vrm|plate|vehicle|car|account|iban|date of birth|d\.o\.b|dob|born|date|reference|ref|urn|crime|cad|log|incident|nhs|nino"
    r"|insurance|id|nominal|website|site|collar|shoulder)(?: number| no| ref(?:erence)?)?)[.:#]{0,2}[ ]?(?:on |is |was |of |in )?[:(]?\s?\Z",
    re.I,
)


_LABEL_SIGNS = frozenset(
    [
        *(
            "phone",
            "telephone",
            "tel",
            "mobile",
            "mob",
            "number",
            "numbers",
            "no",
            "num",
            "contact",
            "mail",
            "email",
            "address",
        ),
        *(
            "postcode",
            "code",
            "passport",
            "document",
            "licence",
            "reg",
            "registration",
            "vrm",
            "plate",
            "vehicle",
            "car",
            "account",
        ),
        *(
            "iban",
            "birth",
            "b",
            "dob",
            "born",
            "date",
            "reference",
            "ref",
            "urn",
            "crime",
            "cad",
            "log",
            "incident",
            "nhs",
            "nino",
        ),
        *("insurance", "id", "nominal", "website", "site", "collar", "shoulder"),
    ]
)
_LAST_WORDS = re.compile(r"[a-z]+")


def _instead(before: str, words: str) -> tuple[str, str]:
    """The text before an identifier and the words for it: none where a label has said them."""
    tail = before[-48:]
    label = _LABEL.search(tail) if not _LABEL_SIGNS.isdisjoint(_LAST_WORDS.findall(tail.lower())[-5:]) else None
    if label is None:
        return before, words
    return before[: len(before) - len(tail) + label.start()] + label[1], ""


def _replaced(text: str, pattern: re.Pattern[str], words: Callable[[str], str | None]) -> str:
    built = ""
    end = 0
    for found in pattern.finditer(text):
        instead = words(found.group())
        if instead is None:
            continue
        opened = found.group()[0] == "(" and ")" not in found.group()  # whatever closes it stays, so it does too
        built += text[end : found.start() + opened]
        built, instead = _instead(built, instead)
        built += instead
        end = found.end()
    return built + text[end:] if end else text


def _number(found: str) -> str | None:
    bare = found.strip(" .,-/:()+[]*|=_#").strip()
    if _ALLOWED_NUMBER.match(bare) and not found.startswith("+"):
        return None
    digits = len(_DIGITS.findall(found))
    if any(character.isalpha() for character in found) and digits <= MOST_DIGITS:
        return "a reference"
    return "a number" if digits >= 7 and "/" not in found else "a reference"


_DOTTED = re.compile(r"\.[a-z]{2}")
#: Signs of a telephone number in words. Nobody has one without any of these digits.
_WORDED_SIGNS = ("zero", "nought", "double ", "oh ", "seven")


def has_digit(text: str) -> bool:
    """Whether there is a digit, of any script, in a text."""
    return _DIGITS.search(text) is not None


def has_sign(text: str) -> bool:
    """Whether there is any sign of an identifier that has no digit."""
    return may_have_contact(text) or may_have_site(text) or _has_any(_WORDED_SIGNS, text.lower())


def _has_any(signs: Iterable[str], text: str) -> bool:
    for sign in signs:  # noqa: SIM110 - asked of every text, and `any` costs more than it asks
        if sign in text:
            return True
    return False


_BRACKETED_AT = re.compile(r"[(\[]\s?at")
_BY_NAME = {recogniser.name: recogniser for recogniser in RECOGNISERS}
_CONTACTS = (_BY_NAME["email"], _BY_NAME["handle"])
_WITH_DIGITS = RECOGNISERS[3:]
#: Where all numbers are short and stand alone, only these could make an identifier of them.
_WITH_FEW_DIGITS = tuple(_BY_NAME[name] for name in ("date", "officer", "plate", "address", "street", "door"))
#: A telephone number as most people write one; other ways of writing it are numbers that pass no allow-list.
_PHONE = re.compile(r"(?<![\w+/])(?:\+|\(?0)(?:[ ()-]{0,2}\d){9,14}(?![\w/])")
_FEWEST_OF_PHONE = 9
#: A number of one or two digits that counts or measures what follows it.
_COUNTING = re.compile(
    r" (?=\d)(?<!flat )(?<!apartment )(?<!apt )(?<!unit )(?<!room )(?<!number )(?<!\bno )(?<!no\. )\d{1,2} (?:minutes?|hours?|days?|weeks?"
    r"|months?|years?|times|pounds|people|men|women|children|miles|metres|seconds|items|occasions)\b",
    re.I,
)
# `\d\d*` and not `\d+`: an expression that begins with one character is looked for twice as fast.
_RUN_OF_DIGITS = re.compile(r"\d\d*")
_SHORT_NUMBER = re.compile(r"\d\d*(?:[:.]\d\d(?!\d))?")
#: Numbers closer than this may be parts of one.
_APART = 7
_CAPITALS_BEFORE = re.compile(r"[A-Z][A-Z]{1,2}[ .\-/_]{0,3}\d")
_MONTH_SIGNS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE_SIGN = re.compile(r"\d(?:\s?[/.-]\s?\d|(?<=1)[89]\d{6}|(?<=2)0\d{6})")
_RANK_SIGNS = ("PC", "PS", "DC", "DS", "DI", "INSP", "Insp", "SGT", "Sgt", "WDC", "TD", "Supt", "Ser", "Const")


def _only_short(text: str) -> bool:
    """Whether every number in a text stands alone and could be an age, a count, a year or a time: no code does."""
    before = -_APART
    for found in _SHORT_NUMBER.finditer(text):
        start, end = found.span()
        if end - start > MOST_DIGITS + 1 or start - before < _APART:
            return False
        if (start and text[start - 1] not in " (") or (end < len(text) and text[end] not in " ,.;!?)"):
            return False
        before = end
    return True


def _applied(text: str, recognisers: Iterable[Recogniser]) -> str:
    words = small_words(text)
    for recogniser in recognisers:
        if words is not None and recogniser.signs is not None and recogniser.signs.isdisjoint(words):
            continue
        told = _replaced(text, recogniser.pattern, lambda _, instead=recogniser.instead: instead)  # type: ignore[misc] # mypy infers no type for a default in a lambda
        if told is not text:
            text, words = told, small_words(told)
    return text


_LETTERS = bytes(ord(chr(code).lower()) if chr(code).isalpha() else ord(" ") for code in range(128)) + bytes(128)


def small_words(text: str) -> list[str] | None:
    """The runs of letters of an ASCII text, in small letters; nothing for another, where an expression finds "view" in "vıew"."""
    return text.encode().translate(_LETTERS).decode().split() if text.isascii() else None


def without_identifiers(text: str) -> str:
    """A cleaned sentence that says what kind of identifier stood where one did."""
    lowered = text.lower()
    if may_have_contact(text):
        text = _applied(text, _CONTACTS)
    if may_have_site(text):
        text = _applied(text, (_BY_NAME["url"],))
    numbers = _RUN_OF_DIGITS.findall(text)
    if may_have_phone(text, numbers):
        text = _replaced(text, _PHONE, lambda _: "a number")
        numbers = _RUN_OF_DIGITS.findall(text)
    if len(_COUNTING.findall(text)) < len(numbers):
        few = _only_short(text)
        recognisers = _WITH_FEW_DIGITS if few else _WITH_DIGITS
        unsigned = set()
        if few and not _CAPITALS_BEFORE.search(text):
            unsigned.add("plate")
        if not _has_any(_RANK_SIGNS, text):
            unsigned.add("officer")
        if not _has_any(_MONTH_SIGNS, lowered) and not _DATE_SIGN.search(text):
            unsigned.add("date")
        text = _applied(text, [each for each in recognisers if each.name not in unsigned])
        if not few:
            text = _replaced(text, _NUMBER, _number)
    if _has_any(_WORDED_SIGNS, lowered):
        text = _replaced(text, _WORDED, lambda _: "a number")
    return text


def may_have_contact(text: str) -> bool:
    """Whether there is any sign of an e-mail address or of a name on a platform."""
    lowered = text.lower()
    return (
        "@" in text or " dot" in lowered or (("(" in text or "[" in text) and _BRACKETED_AT.search(lowered) is not None)
    )


def may_have_phone(text: str, numbers: Iterable[str]) -> bool:
    """Whether the runs of digits in a text could make a telephone number."""
    return "0" in text and sum(map(len, numbers)) >= _FEWEST_OF_PHONE


def may_have_site(text: str) -> bool:
    """Whether there is any sign of a website; a text that is not ASCII may have one in letters no sign knows."""
    if "." not in text[:-1]:
        return "//" in text
    lowered = text.lower()
    return not text.isascii() or "//" in text or "www." in lowered or _DOTTED.search(lowered) is not None


# --- immigration facts -------------------------------------------------------------------------------------------


@cache
def immigration_phrases() -> Any:
    """The automaton of phrases that state an immigration fact, over small words between single spaces."""
    document = yaml.safe_load(Path(__file__).with_name("immigration.yaml").read_text("utf-8"))
    return narrative.literals(document["phrases"])


def states_immigration(sentence: str) -> bool:
    """Whether a sentence says, or may say, something of anybody's immigration status."""
    return next(immigration_phrases().iter(narrative.plain_words(sentence)), None) is not None
