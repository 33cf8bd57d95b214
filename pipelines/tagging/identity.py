"""When two records are about one person, for protection only: nothing is merged (spec 6.14, domain edge cases 13 and 14).

`identity_of` reads what identifies a person out of a record; `same_person` says whether two such identities are one
person and by which rule; `blocking_tokens` gives keyed numbers such that identities that could be the same share one.
Everything tolerates anything: what cannot be read is missing, and missing information never keeps two records apart
where the rules allow a match without it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from pipelines.contracts.incident import Location, Person
from pipelines.tagging import names

Ints = npt.NDArray[np.int64]
Unsigned = npt.NDArray[np.uint64]

#: The rules that link, by id, strongest first.
RULES = {
    "R-LINK-ANCHOR": "the same nameless person of one incident",
    "R-LINK-NOMINAL": "the same nominal id within one force",
    "R-LINK-PNC": "the same PNC id",
    "R-LINK-DOCUMENT": "the same document number",
    "R-LINK-PHONE": "the same phone number with a similar name",
    "R-LINK-EMAIL": "the same e-mail address with a similar name",
    "R-LINK-DOB": "a similar name and the same date of birth",
    "R-LINK-DOB-SWAPPED": "a similar name and the same date of birth with day and month exchanged",
    "R-LINK-DOB-PLACEHOLDER": "a similar name and 1 January of the year of birth on one side",
    "R-LINK-DOB-MISSING": "two name parts agree and a date of birth is missing",
    "R-LINK-ADDRESS": "a similar name and the same home address",
}

#: How much of one record is read: a hostile record must not cost a batch its time.
MOST_NAMES = 8
MOST_CONTACTS = 8
#: Birth years before this are default values of systems, not dates.
FIRST_YEAR = 1900

_DOB = re.compile(r"^(\d{4})-(\d{2})-(\d{2})$")
_DAYS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NO_VALUE = names.listed(
    "UNKNOWN UNK NONE NIL NULL NA N NOTKNOWN NOTGIVEN NOTRECORDED TBC TBA REFUSED WITHHELD NOFIXEDABODE NFA NOFIXED TEST X XX XXX XXXX"
)
#: Addresses where people do not live: sharing one says nothing.
_NO_HOME = frozenset({"WORK", "SCHOOL", "REFUGE"})
_NO_MAILBOX = names.listed("none unknown noemail nomail na nil no test noreply donotreply notprovided notgiven email")
_NO_DIGIT = re.compile(r"[^0-9]+")
_EXTENSION = re.compile(r"[x#;]|ext")
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_WORDS = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"^\d+[a-z]?$")
_STREETS = {
    "rd": "road", "st": "street", "str": "street", "ave": "avenue", "av": "avenue", "ln": "lane", "dr": "drive", "cl": "close",
    "ct": "court", "cres": "crescent", "gdns": "gardens", "gdn": "garden", "pl": "place", "sq": "square", "ter": "terrace",
    "terr": "terrace", "hse": "house", "apt": "flat", "apartment": "flat", "unit": "flat", "gr": "grove", "pk": "park",
}  # fmt: skip


class Identity(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What identifies one person in one record, in comparison form: folded, sorted, nothing that is not compared.

    Attributes:
        names: recorded names as parts (`names.parts`), surname first as recorded, each name once, in sorted order.
        dob: YYYYMMDD, or empty when missing or impossible.
        nominal: force and nominal id, or empty.
        documents: document numbers, with "PNC:" in front of PNC ids.
        phones: the last nine digits of each number.
        emails: folded addresses.
        addresses: home addresses (post code and house number, or UPRN).
        anchor: where the person was met, only when nothing else is known of him; such people are never compared.
    """

    names: tuple[tuple[str, ...], ...] = ()
    dob: str = ""
    nominal: str = ""
    documents: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    anchor: str = ""

    @property
    def bare(self) -> bool:
        """Whether nothing here can link this person to another record."""
        return not (self.names or self.nominal or self.documents or self.phones or self.emails)


def _plain(value: object) -> str:
    """Letters and digits of a value, upper case; empty for anything that is no text or number or names nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)[:200]
    if text.isascii() and text.isalnum():
        text = text.upper()
        return "" if text in _NO_VALUE or len(set(text)) <= 1 < len(text) else text
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in unicodedata.normalize("NFKC", text))
    text = "".join(c for c in text.upper() if c.isalnum())
    return "" if text in _NO_VALUE or len(set(text)) <= 1 < len(text) else text


@lru_cache(maxsize=20_000)
def dob_of(value: object) -> str:
    """A date of birth as YYYYMMDD; empty when it is missing, impossible or a system's default."""
    if not isinstance(value, str):
        return ""
    match = _DOB.match(value.strip()[:10]) if len(value) < 40 else None
    if not match or not value.isascii():
        return ""
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if not FIRST_YEAR < year < 2200 or not 1 <= month <= 12 or not 1 <= day <= _DAYS[month]:
        return ""
    if month == 2 and day == 29 and (year % 4 or (year % 100 == 0 and year % 400)):
        return ""
    return f"{year:04}{month:02}{day:02}"


def phone_of(value: object) -> str:
    """The last nine digits of a phone number: the part that no way of writing changes. Empty when it is too short."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = _EXTENSION.split(str(value)[:60].casefold(), maxsplit=1)[0]
    if text.isascii():
        digits = _NO_DIGIT.sub("", text)
    else:
        digits = "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())
    digits = digits.lstrip("0")
    if len(digits) < 7 or len(set(digits[-7:])) <= 1 or digits in ("123456789", "1234567890", "1234567"):
        return ""
    return digits[-9:]


def email_of(value: object) -> str:
    """A folded e-mail address: no case, no +tag, one spelling for the same mailbox. Empty when it is none."""
    if not isinstance(value, str) or len(value) > 320:
        return ""
    text = unicodedata.normalize("NFKC", value).casefold().strip().removeprefix("mailto:").strip("<> \t.,;")
    local, at, domain = text.rpartition("@")
    if not at or not local or "." not in domain or any(c.isspace() for c in text):
        return ""
    local = local.split("+", 1)[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    return "" if local in _NO_MAILBOX else f"{local}@{domain}"


@lru_cache(maxsize=50_000)
def pnc_of(value: object) -> str:
    """A PNC id with a two-digit year and no leading zeros (2003/0012345A and 03/12345a are one)."""
    text = _plain(value)
    if not text:
        return ""
    if isinstance(value, str):
        match = (
            re.match(r"^\s*(?:\d{2})?(\d{2})\s*[/\\ -]\s*0*(\d{1,7})\s*([A-Za-z])\s*$", value)
            if value.isascii()
            else None
        )
        if match:
            return f"PNC:{match[1]}/{match[2]}{match[3].upper()}"
    match = re.match(r"^(?:19|20)(\d{2})0*(\d{1,7})([A-Z])$", text)
    return f"PNC:{match[1]}/{match[2]}{match[3]}" if match else f"PNC:{text}"


def document_of(kind: object, value: object) -> str:
    """A document number. Long ones count whatever kind of document was ticked; short ones within their kind."""
    plain_kind = _plain(kind)
    if plain_kind == "PNC":
        return pnc_of(value) if isinstance(value, str | int) else ""
    text = _plain(value)
    if len(text) < 3:
        return ""
    return text if len(text) >= 6 else f"{plain_kind}:{text}"


@lru_cache(maxsize=50_000)
def _address_of(line1: str | None, postcode: object, uprn: object) -> tuple[str, ...]:
    return address_of(line1, postcode, uprn)


def address_of(line1: object, postcode: object, uprn: object = None) -> tuple[str, ...]:
    """Keys of one home address: post code with the house numbers (or the words, where it has none), and the UPRN."""
    found = []
    number = _plain(uprn)
    if number:
        found.append("U:" + number.lstrip("0"))
    words = _WORDS.findall(unicodedata.normalize("NFKC", line1[:200]).casefold()) if isinstance(line1, str) else []
    words = [_STREETS.get(word, word) for word in words]
    code = _plain(postcode)
    numbers = sorted(word for word in words if _NUMBER.match(word))
    if code and words:
        found.append(f"{code}|{' '.join(numbers or words)}")
    elif words and numbers and len(words) > len(numbers):
        found.append("|" + " ".join(words))
    return tuple(found)


@lru_cache(maxsize=100_000)
def _half(text: str, given: bool, alone: bool) -> tuple[tuple[str, ...], bool]:
    """The parts of a surname or of one given name, and whether the text stands where nobody knew one."""
    parts: tuple[str, ...] = ()
    if not names.nobody(text):
        parts = names.given_parts(text, alone) if given else names.parts(text, alone)
    return parts, names.placeholder(text)


def _names_of(recorded: Iterable[tuple[object, object]]) -> tuple[tuple[str, ...], ...]:
    """Comparison form of recorded (surname, given) pairs. A half name is completed with the other half of the others."""
    halves: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for surname, given in recorded:
        texts = (
            [text for text in given if isinstance(text, str) and text]
            if isinstance(given, list | tuple)
            else [given]
            if isinstance(given, str) and given
            else []
        )
        family = surname if isinstance(surname, str) else ""
        alone = bool(family) != bool(texts) and len(texts) <= 1
        first: tuple[str, ...] = ()
        rest: tuple[str, ...] = ()
        unknown = True
        if family:
            first, unknown = _half(family, False, alone)
        for index, text in enumerate(texts):
            parts, nothing = _half(text, True, alone)
            unknown = unknown and nothing
            if index < names.MOST_PARTS:
                rest = rest + parts if rest else parts
        if not unknown and (first or rest):
            halves.append((first, rest))
    if len(halves) == 1:
        first, rest = halves[0]
        return (_whole(first + rest),)
    families = [first for first, rest in halves if first and rest]
    givens = [rest for first, rest in halves if first and rest]
    found: dict[tuple[str, ...], None] = {}
    for first, rest in halves[:MOST_NAMES]:
        if first and not rest and givens:
            whole = [first + given for given in givens]
        elif rest and not first and families:
            whole = [family + rest for family in families]
        else:
            whole = [first + rest]
        for name in whole:
            found[_whole(name)] = None
    return tuple(sorted(found)[:MOST_NAMES])


def _whole(name: tuple[str, ...]) -> tuple[str, ...]:
    return names.whole(name[:3] + name[-3:] if len(name) > names.MOST_PARTS else name)


def _contacts(values: Iterable[object], reader: Any) -> tuple[str, ...]:
    found = {reader(value) for value in values}
    found.discard("")
    return tuple(sorted(found)[:MOST_CONTACTS])


def identity_of(person: Person, force: str, locations: Sequence[Location] | None = None, anchor: str = "") -> Identity:
    """The identity in a decoded record.

    Args:
        person: one person of an incident.
        force: the force that recorded it: nominal ids count within it.
        locations: the incident's locations, to which addresses refer.
        anchor: a keyed mark of incident and person, kept only when nothing else is known, so that each nameless person
            is somebody of his own, and the same one when the record is read again.
    """
    recorded = _names_of((name.surname, name.given) for name in person.names or ())
    numbers = {document_of(item.type, item.value) for item in person.identifiers or ()}
    numbers.add(pnc_of(person.pnc_id))
    numbers.discard("")
    homes: set[str] = set()
    if person.addresses and locations:
        refs = {item.location_ref for item in person.addresses if item.type not in _NO_HOME and item.location_ref}
        for place in locations:
            if place.location_ref in refs and place.premise_type != "REFUGE":
                homes.update(_address_of(place.line1, place.postcode, place.uprn))
    nominal = _plain(person.nominal_id)
    found = Identity(
        recorded,
        dob_of(person.dob),
        f"{force}|{nominal}" if nominal else "",
        tuple(sorted(numbers)[:MOST_CONTACTS]),
        _contacts((item.value for item in person.phones), phone_of) if person.phones else (),
        _contacts((item.value for item in person.emails), email_of) if person.emails else (),
        tuple(sorted(homes)[:MOST_CONTACTS]),
    )
    return Identity(anchor=anchor) if found.bare else found


def _items(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; of a lone object, that one."""
    if isinstance(value, Mapping):
        return [value]
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _texts(value: object, field: str) -> list[object]:
    """What may be meant by a list of objects with a value in `field`: those, and texts or numbers in their place."""
    listed = value if isinstance(value, list) else [value]
    return [item.get(field) if isinstance(item, Mapping) else item for item in listed]


def identity_of_raw(person: object, force: str, locations: object = None, anchor: str = "") -> Identity:
    """The identity that can be read in a person of a record that broke its contract; anything may be anything.

    Args:
        person: a decoded JSON value, with luck an object.
        force: the force, if the header could be read.
        locations: the decoded `locations`, with luck a list of objects.
        anchor: as in `identity_of`.
    """
    if not isinstance(person, Mapping):
        return Identity(anchor=anchor)
    named = person.get("names")
    written = [text for text in _texts(named, "") if isinstance(text, str)]
    recorded = _names_of(
        [*((name.get("surname"), name.get("given")) for name in _items(named)), *((text, None) for text in written)]
    )
    numbers = {document_of(item.get("type"), item.get("value")) for item in _items(person.get("identifiers"))}
    pnc = person.get("pnc_id")
    numbers.add(pnc_of(pnc if isinstance(pnc, str | int) else None))
    numbers.discard("")
    homes: set[str] = set()
    refs = [
        item.get("location_ref") for item in _items(person.get("addresses")) if item.get("type") not in tuple(_NO_HOME)
    ]
    for place in _items(locations):
        if (
            place.get("location_ref") in refs
            and place.get("location_ref") is not None
            and place.get("premise_type") != "REFUGE"
        ):
            homes.update(address_of(place.get("line1"), place.get("postcode"), place.get("uprn")))
    nominal = _plain(person.get("nominal_id"))
    dob = person.get("dob")
    found = Identity(
        recorded,
        dob_of(dob) if isinstance(dob, str) else "",
        f"{force}|{nominal}" if nominal else "",
        tuple(sorted(numbers)[:MOST_CONTACTS]),
        _contacts(_texts(person.get("phones"), "value"), phone_of),
        _contacts(_texts(person.get("emails"), "value"), email_of),
        tuple(sorted(homes)[:MOST_CONTACTS]),
    )
    return Identity(anchor=anchor) if found.bare else found


# --- comparison -------------------------------------------------------------------------------------------------------


def _swapped(dob: str) -> str:
    return dob[:4] + dob[6:8] + dob[4:6]


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two short sorted tuples have a member in common."""
    return bool(one) and bool(other) and any(value in other for value in one)


def same_person(a: Identity, b: Identity) -> str | None:
    """The id of the rule (`RULES`) by which two identities are one person for protection, or None. Symmetric."""
    if a.anchor or b.anchor:
        return "R-LINK-ANCHOR" if a.anchor == b.anchor else None
    if a.nominal and a.nominal == b.nominal:
        return "R-LINK-NOMINAL"
    if _meet(a.documents, b.documents):
        shared = set(a.documents) & set(b.documents)
        return "R-LINK-PNC" if all(value.startswith("PNC:") for value in shared) else "R-LINK-DOCUMENT"
    if not a.names or not b.names:
        return None
    phone = _meet(a.phones, b.phones)
    email = _meet(a.emails, b.emails)
    home = _meet(a.addresses, b.addresses)
    if a.dob and b.dob:
        if a.dob == b.dob:
            dated = "R-LINK-DOB"
        elif a.dob == _swapped(b.dob):
            dated = "R-LINK-DOB-SWAPPED"
        elif a.dob[:4] == b.dob[:4] and "0101" in (a.dob[4:], b.dob[4:]):
            dated = "R-LINK-DOB-PLACEHOLDER"
        else:
            dated = ""
    else:
        dated = "R-LINK-DOB-MISSING"
    if not (dated or phone or email or home):
        return None
    likeness = names.similar(a.names, b.names)
    if not likeness:
        return None
    if phone:
        return "R-LINK-PHONE"
    if email:
        return "R-LINK-EMAIL"
    if dated and (dated != "R-LINK-DOB-MISSING" or likeness == 2):
        return dated
    return "R-LINK-ADDRESS" if home else None


# --- blocking ---------------------------------------------------------------------------------------------------------


class Blocking(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Where an identity is filed and where it is looked for, as signed 64-bit numbers.

    Two identities that may be one person have a number in common between the `filed` of the one and the `sought` of the
    other, whichever came first.
    """

    filed: tuple[int, ...]
    sought: tuple[int, ...]


class _NameLabels(NamedTuple):
    """What blocking says of one recorded name. Each label once."""

    #: The beginning of the sound of each part, and the first sounds of two parts: used with a date of birth and with a home.
    dated: Collection[str]
    #: The sound of one part and the first sound of another: used with a year of birth.
    yearly: Collection[str]
    #: The sounds of two parts, in order: used without a date.
    undated: Collection[tuple[str, str]]


def _labels_of_name(name: tuple[str, ...]) -> _NameLabels:
    if len(name) == 2:
        one, other = names.part(name[0]).labels, names.part(name[1]).labels
        if one and other:
            key, start = one
            other_key, other_start = other
            short, other_short = key[:4], other_key[:4]
            if short != other_short:
                both = start + other_start if start <= other_start else other_start + start
                return _NameLabels(
                    ("1" + short, "1" + other_short, "2" + both),
                    (short + other_start, other_short + start),
                    ((key, other_key) if key <= other_key else (other_key, key),),
                )
    return _labels_of_odd_name(name)


def _labels_of_odd_name(name: tuple[str, ...]) -> _NameLabels:
    """Labels of a name of any number of parts, each of which may be read in several ways."""
    known = [names.part(text) for text in name]
    plain = [found.labels for found in known if found.labels]
    if len(plain) == len(known) > 2 and not any(one.syllable and other.syllable for one, other in pairwise(known)):
        return _labels_of_plain_name(plain)
    views = [known]
    for at in range(len(name) - 1):
        # two syllables that another record may write as one name
        if len(name) > 2 and known[at].syllable and known[at + 1].syllable:
            views.append([*known[:at], names.part(name[at] + name[at + 1]), *known[at + 2 :]])
    dated = {"1" + key[:4] for found in known for key in found.keys}
    yearly: set[str] = set()
    undated: set[tuple[str, str]] = set()
    starts: set[str] = set()
    if len(known) == 1:
        yearly = {key[:4] + "." for key in known[0].keys}
        starts = set(known[0].starts)
    for one, other in (pair for view in views for pair in combinations(view, 2)):
        for start in one.starts:
            for other_start in other.starts:
                starts.add(start + other_start if start <= other_start else other_start + start)
            for key in other.keys:
                yearly.add(key[:4] + start)
        for key in one.keys:
            for start in other.starts:
                yearly.add(key[:4] + start)
            for other_key in other.keys:
                undated.add((key, other_key) if key <= other_key else (other_key, key))
    dated.update(["2" + pair for pair in starts])
    return _NameLabels(dated, yearly, undated)


def _labels_of_plain_name(parts: Sequence[tuple[str, str]]) -> _NameLabels:
    """Labels of a name whose parts, given as key and start, can each be read in one way: most of the longer ones."""
    pairs = list(combinations([(key, key[:4], start) for key, start in parts], 2))
    starts = {one[2] + other[2] if one[2] <= other[2] else other[2] + one[2] for one, other in pairs}
    return _NameLabels(
        {"1" + key[:4] for key, _ in parts} | {"2" + both for both in starts},
        {one[1] + other[2] for one, other in pairs} | {other[1] + one[2] for one, other in pairs},
        {(one[0], other[0]) if one[0] <= other[0] else (other[0], one[0]) for one, other in pairs},
    )


class Tokens(NamedTuple):
    """Tokens of many identities as columns: `filed[i]` belongs to identity number `filers[i]`, and so on. All int64.

    `wanting[i]` says what is yet wanting when somebody is found by `sought[i]`: `NOTHING`, `ALIKE` or `FULLY`.
    """

    filed: Ints
    filers: Ints
    sought: Ints
    seekers: Ints
    wanting: Ints


#: What two people who share a token must have before they can be one: nothing more (a number is the same), similar names
#: (a date, phone or address may be the same), or names of which two parts agree (a date is missing).
NOTHING, ALIKE, FULLY = range(3)

#: Sides of a label. Most have none. Where years are compared: that of full dates and that of placeholders. Where only names
#: are: that of people with a date and that of people without (which seeks both).
_CERTAIN, _NO_SIDE, _FULL, _VAGUE, _DATED, _NONE = range(6)
_WANTING = np.array([NOTHING, ALIKE, ALIKE, ALIKE, FULLY, FULLY], dtype=np.int64)


#: Labels whose numbers a blocker remembers; after that it begins anew.
_REMEMBERED = 400_000


class _Macs(dict[str, int]):
    """The first eight bytes of HMAC-SHA256 of a text, remembered."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        block = key.ljust(64, b"\0")
        # the two halves of HMAC, keyed once: an HMAC by the library costs three times as much
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def of(self, text: str) -> int:
        """The number of a text that is not worth remembering."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return int.from_bytes(outer.digest()[:8], "big")

    def __missing__(self, text: str) -> int:
        number = self[text] = self.of(text)
        return number


class Blocker:
    """Files identities under keyed numbers of what could bring two of them together.

    A label has two halves (a date of birth and a sound, two sounds). Each half becomes the first 64 bits of its HMAC-SHA256
    under the registry's key, and the two numbers one by SipHash-2-4 under a key of its own: halves repeat, so that each is
    worked out once, and all pairs of a batch are worked out in columns.

    Some labels have two sides: people with a full date of birth need not meet each other where only the year, or nothing,
    is compared, only people with a placeholder or none. A side is a second secret number on top of the label's own.
    """

    def __init__(self, key: bytes) -> None:
        """Takes the HMAC key of the registry's tokens (up to 64 bytes)."""
        self._macs = _Macs(key)
        self._pair_key = np.array([self._macs.of("pair|0"), self._macs.of("pair|1")], dtype=np.uint64)
        sides = np.array([0, self._macs.of("side|full"), self._macs.of("side|vague")], dtype=np.uint64).view(np.int64)
        nothing, full, vague = sides
        self._on_side = np.array([nothing, nothing, full, vague, full, vague], dtype=np.int64)
        self._off_side = np.array([nothing, nothing, vague, full, vague, full], dtype=np.int64)

    def tokens(self, identities: Sequence[Identity]) -> Tokens:
        """Where identities are filed and sought; no repeats within one identity."""
        if len(self._macs) > _REMEMBERED:
            self._macs.clear()
        halves = _Halves([], [], [], [], [])
        for owner, identity in enumerate(identities):
            self._add(halves, owner, identity)
        if not halves.lefts:
            nothing = np.empty(0, dtype=np.int64)
            return Tokens(nothing, nothing, nothing, nothing, nothing)
        counts = np.array(halves.counts)
        lefts = np.repeat(np.array(halves.lefts, dtype=np.uint64), counts)
        macs = _siphash(self._pair_key, lefts, np.array(halves.rights, dtype=np.uint64)).view(np.int64)
        side = np.repeat(np.array(halves.sides), counts)
        owners = np.repeat(np.array(halves.owners), counts)
        filed = macs ^ self._on_side[side]
        both = np.flatnonzero(side == _NONE)
        sought = np.concatenate([macs ^ self._off_side[side], macs[both] ^ self._on_side[_VAGUE]])
        wanting = _WANTING[np.concatenate([side, side[both]])]
        return Tokens(filed, owners, sought, np.concatenate([owners, owners[both]]), wanting)

    def _add(self, halves: _Halves, owner: int, identity: Identity) -> None:
        """Adds what to file and seek for one identity. The first letter of a left half keeps the kinds apart."""
        macs = self._macs
        if identity.anchor:
            halves.add(macs.of("A|" + identity.anchor), (0,), _CERTAIN, owner)
            return
        if identity.nominal:
            halves.add(macs.of("N|" + identity.nominal), (0,), _CERTAIN, owner)
        for value in identity.documents:
            halves.add(macs.of("D|" + value), (0,), _CERTAIN, owner)
        if not identity.names:
            return
        for value in identity.phones:
            halves.add(macs.of("P|" + value), (0,), _NO_SIDE, owner)
        for value in identity.emails:
            halves.add(macs.of("E|" + value), (0,), _NO_SIDE, owner)
        found = _labels_of_name(identity.names[0])
        if len(identity.names) > 1:
            every = [found, *(_labels_of_name(name) for name in identity.names[1:])]
            found = _NameLabels(
                {label for one in every for label in one.dated},
                {label for one in every for label in one.yearly},
                {label for one in every for label in one.undated},
            )
        dob = identity.dob
        dated = [macs[label] for label in found.dated] if dob or identity.addresses else []
        for value in identity.addresses:
            halves.add(macs.of("H|" + value), dated, _NO_SIDE, owner)
        side = _DATED if dob else _NONE
        for one, other in found.undated:
            halves.add(macs["M|" + one], (macs[other],), side, owner)
        if dob:
            halves.add(macs["B" + min(dob, _swapped(dob))], dated, _NO_SIDE, owner)
            side = _VAGUE if dob.endswith("0101") else _FULL
            halves.add(macs["Y" + dob[:4]], [macs[label] for label in found.yearly], side, owner)

    def of(self, identity: Identity) -> Blocking:
        """Where one identity is filed and sought."""
        found = self.tokens([identity])
        return Blocking(tuple(sorted(found.filed.tolist())), tuple(sorted(found.sought.tolist())))


class _Halves(NamedTuple):
    """Labels of many identities: one left half, its side and owner, and how many right halves go with it."""

    lefts: list[int]
    counts: list[int]
    sides: list[int]
    owners: list[int]
    rights: list[int]

    def add(self, left: int, rights: Collection[int], side: int, owner: int) -> None:
        self.lefts.append(left)
        self.counts.append(len(rights))
        self.sides.append(side)
        self.owners.append(owner)
        self.rights.extend(rights)


#: Pairs worked out at a time, so that they stay in the processor's cache.
_PAIRS_AT_A_TIME = 8192


def _siphash(key: Unsigned, lefts: Unsigned, rights: Unsigned) -> Unsigned:
    """SipHash-2-4 of two 64-bit numbers each, as an array."""
    out = np.empty(lefts.size, dtype=np.uint64)
    for start in range(0, lefts.size, _PAIRS_AT_A_TIME):
        part = slice(start, start + _PAIRS_AT_A_TIME)
        size = lefts[part].size
        # the constants of SipHash
        v0 = np.full(size, key[0] ^ np.uint64(0x736F6D6570736575))
        v1 = np.full(size, key[1] ^ np.uint64(0x646F72616E646F6D))
        v2 = np.full(size, key[0] ^ np.uint64(0x6C7967656E657261))
        v3 = np.full(size, key[1] ^ np.uint64(0x7465646279746573))
        for word in (lefts[part], rights[part], np.uint64(16 << 56)):
            v3 ^= word
            _sip_rounds(2, v0, v1, v2, v3)
            v0 ^= word
        v2 ^= np.uint64(0xFF)
        _sip_rounds(4, v0, v1, v2, v3)
        out[part] = v0 ^ v1 ^ v2 ^ v3
    return out


def _sip_rounds(times: int, v0: Unsigned, v1: Unsigned, v2: Unsigned, v3: Unsigned) -> None:
    """Rounds of SipHash in place."""
    spare = np.empty_like(v0)

    def turn(v: Unsigned, bits: int) -> None:
        np.right_shift(v, np.uint64(64 - bits), out=spare)
        np.left_shift(v, np.uint64(bits), out=v)
        np.bitwise_or(v, spare, out=v)

    for _ in range(times):
        v0 += v1
        turn(v1, 13)
        v1 ^= v0
        turn(v0, 32)
        v2 += v3
        turn(v3, 16)
        v3 ^= v2
        v0 += v3
        turn(v3, 21)
        v3 ^= v0
        v2 += v1
        turn(v1, 17)
        v1 ^= v2
        turn(v2, 32)


@lru_cache(maxsize=8)
def _blocker(key: bytes) -> Blocker:
    return Blocker(key)


def blocking(identity: Identity, key: bytes) -> Blocking:
    """`Blocker.of` for a key."""
    return _blocker(key).of(identity)
