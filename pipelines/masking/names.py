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
from typing import NamedTuple

from anyascii import anyascii
from rapidfuzz.distance import OSA

from pipelines.contracts.incident import Person

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")

_ASCII_LETTERS = bytes(code if chr(code).isalpha() else ord(" ") for code in range(128)) + bytes(128)


def words_of(text: str) -> list[str]:
    """The words of a text: letters, and apostrophes between them."""
    if text.isascii() and "'" not in text:
        return text.encode().translate(_ASCII_LETTERS).decode().split()
    return WORD.findall(text)


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


#: What English writes as one word with an apostrophe, but for what ends in 's as a possessive does. Nobody is called so:
#: "O'Neill", "D'Souza" and "Omar's" are not here.
_CONTRACTION = re.compile(
    r"(?:ai|are|ca|could|dare|did|do|does|had|has|have|is|may|might|must|need|ought|sha|should|was|were|wo|would)n't(?:'ve)?"
    r"|(?:i|you|he|she|it|we|they|this|that|these|those|there|who|what|where|when|why|how|(?:some|any|every|no)(?:one|body))"
    r"'(?:m|d|re|ll|ve)|(?:could|should|would|might|must)'ve|o'clock|ma'am|y'all|d'you|c'mon",
    re.I | re.A,
)


#: What is written to any word and is no part of it; no name ends so. ("Sa'd" is a name, and "Omar'd" is one misspelt.)
_ENDING = re.compile(r"'(?:s|ll|ve|re)\Z", re.I | re.A)


def is_contraction(word: str) -> bool:
    """Whether a word as it stands is a contraction: "Don't", "they've"."""
    return "'" in word and _CONTRACTION.fullmatch(word) is not None


def is_joined(word: str) -> bool:
    """Whether a word has an apostrophe that English does not explain: "D'Arcy", "Sa'd" (which is not "sad")."""
    return "'" in word and "'" in _ENDING.sub("", word) and not is_contraction(word)


class _Table(dict[str, str]):
    """`fold` of words as they stand in texts, endings off, remembered; bounded.

    A contraction keeps its apostrophe: folded, "can't" would be a name and "I'll" another word.
    """

    def __missing__(self, word: str) -> str:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[word] = folded = word.lower() if is_contraction(word) else fold(_ENDING.sub("", word))
        return folded


_MOST_REMEMBERED = 65_536
FOLDED = _Table()


class Names:
    """The names of everybody on one record, for all accounts of it: person n is bit n."""

    def __init__(self, persons: Sequence[Person]) -> None:
        """Collects every form of every name."""
        #: Folded words that are, or shorten, somebody's name, and whose.
        self.words: dict[str, int] = {}
        #: Beginnings of longer names: where one stands before the rest of it, a name was written in two.
        self.openings: set[str] = set()
        self.skeletons: dict[str, int] = {}
        self.initials: dict[str, int] = {}
        self.signs: dict[str, int] = {}
        for number, person in enumerate(persons):
            self._add(person, 1 << number)
        self.everyday = {word for word in self.words if word in _EVERYDAY or len(word) < _SHORTEST_SURE}
        self.fuzzy = [word for word in self.words if len(word) > 3 and word not in self.everyday]

    def _add(self, person: Person, bit: int) -> None:
        words, initials, signs, skeletons = self.words, self.initials, self.signs, self.skeletons
        for name in person.names or ():
            given = [part for each in name.given or () if each for part in _parts(each)]
            surname = _parts(name.surname or "")
            forms = [_given(part) for part in given] + [_forms(part) for part in surname]
            for form in forms[: len(given)]:
                initials[form.initial] = initials.get(form.initial, 0) | bit
            if given and surname:
                sign = forms[0].initial + forms[-1].initial
                signs[sign] = signs.get(sign, 0) | bit
            for several in (given, surname):
                if len(several) > 1:
                    forms.append(_forms("".join(several)))
            for form in forms:
                for word in form.words:
                    words[word] = words.get(word, 0) | bit
                for bones in form.skeletons:
                    skeletons[bones] = skeletons.get(bones, 0) | bit
                self.openings.update(form.openings)

    def written_in_two(self, first: str, second: str) -> int:
        """Whose name two words are when read as one: 0 for nobody's."""
        whole = first + second
        return self.words.get(whole, 0) if len(whole) > 4 and whole not in self.everyday else 0

    def within(self, word: str) -> int:
        """Whose name is part of a word that is no ordinary one: "omaryusuf", "Omarito"."""
        mask = 0
        for name in self.fuzzy:
            if name in word:
                mask |= self.words[name]
        return mask

    def lookalikes(self, words: Iterable[str]) -> dict[str, int]:
        """Of words that are no name as they stand, those that are one misspelt by a letter."""
        found: dict[str, int] = {}
        for word in words:
            length = len(word)
            for name in self.fuzzy if length > 3 else ():
                if (
                    -2 < length - len(name) < 2
                    and max(length, len(name)) > 4
                    and OSA.distance(word, name, score_cutoff=1) < 2
                ):
                    found[word] = found.get(word, 0) | self.words[name]
        return found


class _Forms(NamedTuple):
    """One part of a name as it may stand in a text, folded."""

    words: tuple[str, ...]
    initial: str
    skeletons: tuple[str, ...]
    openings: frozenset[str]


_SHORTEST_SURE = 3


@lru_cache(maxsize=16384)
def _forms(part: str) -> _Forms:
    """A part of any name."""
    return _forms_of(part, ())


@lru_cache(maxsize=16384)
def _given(part: str) -> _Forms:
    """A part of a given name, which is also shortened."""
    folded = fold(part)
    shortened = [folded[:size] for size in (4, 5) if len(folded) > size + 1 + (size == 4) * 3]
    return _forms_of(part, [*_NICKNAMES.get(folded, "").split(), *shortened])


def _forms_of(part: str, shortened: Iterable[str]) -> _Forms:
    folded = fold(part)
    words = {folded, fold(part.translate(_UMLAUTS)), *shortened}
    words = {word for word in words if len(word) > 1 and word not in _PLACEHOLDERS}
    longer = [word for word in words if len(word) > 4 and word not in _EVERYDAY]
    return _Forms(
        tuple(words),
        folded[:1],
        tuple({bones for word in longer if len(bones := skeleton(word)) > 2}),
        frozenset(word[:at] for word in longer for at in range(2, len(word) - 1)),
    )


def _parts(name: str) -> list[str]:
    return words_of(name.replace("’", "'"))
