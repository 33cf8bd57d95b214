"""Other people's names, in every spelling the record lets us expect, become their role.

Two tables per incident: words that are somebody's name, and skeletons (consonants as they sound) of the longer ones. A run
of name words is one person as long as somebody bears all of them; a surname shared with the person the account is about
stays only beside a name of theirs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from anyascii import anyascii
from rapidfuzz import process
from rapidfuzz.distance import OSA

from pipelines.contracts.incident import Person

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")

_PLACEHOLDERS = frozenset(
    {
        "unknown",
        "male",
        "female",
        "person",
        "nk",
        "victim",
        "suspect",
        "witness",
        "mr",
        "mrs",
        "ms",
        "miss",
        "dr",
        "anonymous",
        "withheld",
        "unborn",
    }
)
TITLES = frozenset(
    {
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "sir",
        "lady",
        "lord",
        "rev",
        "prof",
        "professor",
        "imam",
        "sheikh",
        "shaikh",
        "haji",
        "hajji",
    }
    | {"auntie", "aunty", "master", "madam", "mme", "sra", "sr", "pan", "pani", "nana"}
)
#: Names that are everyday words: taken for a name only with a capital, or beside another name of the same person.
_EVERYDAY = frozenset(
    {
        "son",
        "daughter",
        "wife",
        "husband",
        "baby",
        "child",
        "woman",
        "none",
        "not",
        "known",
        "the",
        "of",
        "na",
        "partner",
        "brother",
        "sister",
    }
    | {
        "will",
        "mark",
        "rose",
        "grace",
        "grant",
        "hope",
        "may",
        "june",
        "april",
        "august",
        "joy",
        "bill",
        "jack",
        "rob",
        "pat",
        "sue",
        "art",
        "miles",
    }
    | {
        "faith",
        "dawn",
        "ray",
        "max",
        "victor",
        "rich",
        "young",
        "brown",
        "black",
        "white",
        "green",
        "long",
        "short",
        "day",
        "king",
        "bird",
        "wood",
    }
    | {
        "hill",
        "field",
        "house",
        "stone",
        "rivers",
        "brook",
        "lane",
        "street",
        "cook",
        "baker",
        "carter",
        "mason",
        "hunter",
        "page",
        "price",
        "case",
    }
    | {
        "best",
        "good",
        "hall",
        "park",
        "read",
        "reed",
        "moon",
        "snow",
        "frost",
        "love",
        "power",
        "strong",
        "swift",
        "small",
        "man",
        "major",
        "bell",
    }
    | {
        "penny",
        "jean",
        "gene",
        "drew",
        "chase",
        "lee",
        "so",
        "an",
        "to",
        "do",
        "le",
        "he",
        "she",
        "her",
        "ho",
        "hu",
        "in",
        "on",
        "no",
        "my",
        "me",
        "us",
    }
    | {
        "can",
        "is",
        "it",
        "was",
        "at",
        "be",
        "by",
        "as",
        "we",
        "a",
        "i",
        "or",
        "if",
        "up",
        "go",
        "all",
        "one",
        "any",
        "and",
        "but",
        "his",
        "him",
        "had",
    }
    | {
        "van",
        "der",
        "den",
        "da",
        "de",
        "di",
        "du",
        "la",
        "al",
        "el",
        "bin",
        "ibn",
        "abu",
        "von",
        "ben",
        "san",
        "st",
        "mac",
        "mc",
        "o",
        "ul",
        "ur",
        "bint",
    }
    | {
        "door",
        "flower",
        "summer",
        "winter",
        "sky",
        "angel",
        "star",
        "gift",
        "blessing",
        "precious",
        "patience",
        "mercy",
        "comfort",
        "honour",
        "song",
    }
    | {
        "ford",
        "shaw",
        "cross",
        "church",
        "knight",
        "bishop",
        "abbot",
        "pope",
        "judge",
        "law",
        "lord",
        "post",
        "sharp",
        "savage",
        "blood",
        "gun",
        "guy",
    }
    | {
        "old",
        "new",
        "little",
        "self",
        "friend",
        "neighbour",
        "banks",
        "bush",
        "rice",
        "bean",
        "pepper",
        "salt",
        "berry",
        "wolf",
        "fox",
        "lamb",
    }
)
_NICKNAMES = {
    "michael": "mike mick micky mickey", "mohammed": "mo moh mohd md", "mohamed": "mo moh mohd md", "muhammad": "mo moh mohd md", "mohammad": "mo moh mohd md",
    "william": "bill billy will liam", "robert": "rob bob bobby robbie", "richard": "rick dick richie", "james": "jim jimmy jamie", "john": "jack johnny jon",
    "elizabeth": "liz lizzie beth betty", "katherine": "kate katie kathy", "catherine": "kate katie cathy", "margaret": "maggie peggy meg", "anthony": "tony",
    "edward": "ed eddie ted", "joseph": "joe joey", "thomas": "tom tommy", "daniel": "dan danny", "matthew": "matt", "andrew": "andy", "david": "dave davey",
    "patricia": "pat tricia trish", "jennifer": "jen jenny", "rebecca": "becky becca", "victoria": "vicky vikki tori", "stephen": "steve", "steven": "steve",
    "abdul": "abdi abdo", "aleksander": "olek alek sasha", "alexander": "alex sandy sasha", "vladimir": "vova volodya", "dmitri": "dima", "ekaterina": "katya",
    "susan": "sue susie", "deborah": "deb debbie", "theresa": "terry tess", "terence": "terry", "lawrence": "larry", "samuel": "sam", "samantha": "sam",
}  # fmt: skip

_OTHER_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ı": "i", "þ": "th", "ð": "d"}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})


@lru_cache(maxsize=32768)
def fold(word: str) -> str:
    """A word in plain small letters: accents off, other scripts romanised, apostrophes closed up."""
    word = word.casefold().replace("'", "")
    if word.isascii():
        return word
    plain = "".join(
        each
        for each in unicodedata.normalize("NFKD", word.translate(_OTHER_LETTERS))
        if not unicodedata.combining(each)
    )
    return plain if plain.isascii() else "".join(filter(str.isalpha, anyascii(plain).casefold()))


_SOUNDS = (("ph", "f"), ("gh", "g"), ("kh", "h"), ("sch", "s"), ("sh", "s"), ("ch", "s"), ("zh", "s"), ("dh", "d"), ("th", "t"), ("ck", "k"), ("cz", "s"), ("sz", "s"), ("dj", "j"), ("ts", "s"), ("tz", "s"), ("qu", "k"), ("x", "ks"), ("wr", "r"))  # fmt: skip
_SOUND = str.maketrans(
    {"q": "k", "c": "k", "w": "v", "z": "s", "g": "j", "a": "", "e": "", "i": "", "o": "", "u": "", "y": "", "h": ""}
)
_DOUBLED = re.compile(r"(.)\1+")


@lru_cache(maxsize=32768)
def skeleton(folded: str) -> str:
    """The consonants of a name as they sound, so that one name romanised twice is one skeleton."""
    lead = folded[:1]
    for spelling, sound in _SOUNDS:
        if spelling in folded:
            folded = folded.replace(spelling, sound)
    kept = _DOUBLED.sub(r"\1", folded.translate(_SOUND))
    return ("a" if lead in "aeiouyhj" else "") + kept


class Names:
    """The names of one incident: the subject's own (kept) and the others' (said as a role)."""

    def __init__(self, subject: Person, others: Sequence[tuple[Person, str]]) -> None:
        """Collect every form of every name; bit 0 is the subject, bit n the n-th of `others`."""
        self.roles = [""] + [word for _, word in others]
        self.words: dict[str, int] = {}
        self.splits: dict[str, dict[str, int]] = {}
        self.skeletons: dict[str, int] = {}
        self.initials: dict[str, int] = {}
        self.signs: dict[str, int] = {}
        self.everyday: set[str] = set()
        self.subject = 1
        for number, person in enumerate([subject, *(other for other, _ in others)]):
            self._add(person, 1 << number)
        self.others = (1 << len(self.roles)) - 2
        theirs = [word for word, mask in self.words.items() if len(word) > 3 and word not in self.everyday]
        self.fuzzy = theirs
        self.lengths = {len(word) + shift for word in theirs for shift in (-1, 0, 1)}
        self.firsts = {word[:1] for word in theirs} | {word[1:2] for word in theirs}

    def _add(self, person: Person, bit: int) -> None:
        for name in person.names or ():
            given = tuple(part for each in name.given or () if each for part in _parts(each))
            surname = tuple(_parts(name.surname or ""))
            for word in _spellings(given, surname):
                self._word(word, bit)
            for letter in {fold(part)[:1] for part in given}:
                self.initials[letter] = self.initials.get(letter, 0) | bit
            letters = "".join(fold(part)[:1] for part in given[:1] + surname[-1:])
            if len(letters) == 2:
                self.signs[letters] = self.signs.get(letters, 0) | bit

    def _word(self, folded: str, bit: int) -> None:
        self.words[folded] = self.words.get(folded, 0) | bit
        if folded in _EVERYDAY or len(folded) < 3:
            self.everyday.add(folded)
            return
        bones, halves = _bones(folded)
        if bones:
            self.skeletons[bones] = self.skeletons.get(bones, 0) | bit
        if bit != self.subject:
            for first, second in halves:
                seconds = self.splits.setdefault(first, {})
                seconds[second] = seconds.get(second, 0) | bit

    def role(self, mask: int) -> str:
        """What to say of the person, or of whichever person, a run of names could mean."""
        if mask & self.subject:
            return "a person"
        roles = {role for number, role in enumerate(self.roles) if mask >> number & 1}
        return roles.pop() if len(roles) == 1 else "another person"

    def lookalikes(self, words: Iterable[str]) -> dict[str, int]:
        """Of words that are no name as they stand, those that are one misspelt by a letter."""
        asked = [
            word
            for word in words
            if len(word) in self.lengths and len(word) > 3 and (word[:1] in self.firsts or word[1:2] in self.firsts)
        ]
        if not asked or not self.fuzzy:
            return {}
        near = process.cdist(asked, self.fuzzy, scorer=OSA.distance, score_cutoff=1, dtype=np.uint8) <= 1
        found: dict[str, int] = {}
        for row, column in zip(*near.nonzero(), strict=True):
            word, name = asked[row], self.fuzzy[column]
            if max(len(word), len(name)) > 4:
                found[word] = found.get(word, 0) | self.words[name]
        return found


@lru_cache(maxsize=8192)
def _parts(name: str) -> list[str]:
    return WORD.findall(name.replace("’", "'"))


@lru_cache(maxsize=8192)
def _spellings(given: tuple[str, ...], surname: tuple[str, ...]) -> frozenset[str]:
    """Every word, folded, by which a name may stand in a text: its parts, joined parts, short forms and umlauts written out."""
    found = {fold(part) for part in given + surname}
    found |= {fold(part.translate(_UMLAUTS)) for part in given + surname}
    found |= {fold("".join(surname)), fold("".join(given))}
    for part in map(fold, given):
        found.update(_NICKNAMES.get(part, "").split())
        found.update(part[:size] for size in (4, 5) if len(part) > size + 1 + (size == 4) * 3)
    return frozenset(word for word in found if len(word) > 1 and word not in _PLACEHOLDERS)


@lru_cache(maxsize=8192)
def _bones(folded: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The skeleton of a name, if it has enough of one, and the ways of writing the name in two."""
    bones = skeleton(folded) if len(folded) >= 5 else ""
    halves = tuple((folded[:at], folded[at:]) for at in range(2, len(folded) - 1)) if len(folded) > 4 else ()
    return bones if len(bones) >= 3 else "", halves
