"""The account of an incident that a safeguarding referral may carry (spec 3.4, 6.27).

Built, never subtracted: sentences are taken over one by one, each only if it states no immigration fact, and in each every
word must be explained: an ordinary word, the subject's own name, or somebody or something said as a role. What the
independent second look still finds afterwards costs the whole account.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import NamedTuple

import yaml
from rapidfuzz import process
from rapidfuzz.distance import OSA

from pipelines.contracts.incident import Location, Person
from pipelines.masking.clean import clean
from pipelines.masking.names import FOLDED, TITLES, WORD, Names, fold, is_contraction, is_joined, skeleton, words_of
from pipelines.masking.patterns import has_digit, has_sign, states_immigration, without_identifiers

#: The longest account a referral carries, in characters.
MOST_CHARACTERS = 8000
#: How much of one narrative is read; the contract allows 8000 characters, and nothing unread is carried.
MOST_READ = 40_000

_CHILD = "a child"
_ROLE_WORDS = (
    ({"SUSPECT", "ARRESTED", "CHARGED", "CONVICTED"}, "the suspect"),
    ({"CHILD_IN_HOUSEHOLD"}, _CHILD),
    ({"VICTIM", "COMPLAINANT", "POSSIBLE_VICTIM"}, "another victim"),
    ({"WITNESS", "REPORTER", "THIRD_PARTY_REPORTER"}, "a witness"),
)


def role_word(person: Person) -> str:
    """What an account calls somebody else. A reporter is a witness: that the report came from them is theirs to tell."""
    for roles, word in _ROLE_WORDS:
        if roles.intersection(person.roles):
            return word
    return "another person"


# --- sentences ---------------------------------------------------------------------------------------------------

_ABBREVIATION_DOTS = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|St|No|no|s|ss|art|para|approx|Rd|mr|mrs|PC)\.\Z|(?:\b|\.)[A-Za-z]\.\Z"
)
#: The last two letters before the dot of each abbreviation of more than one.
_ABBREVIATED = frozenset("Mr rs Ms Dr St No no ss rt ra ox Rd mr PC".split())  # noqa: SIM905 - endings read as words
#: "He said "Go." and left" is one sentence.
_QUOTED_STOP = re.compile(r"([.!?;][\"')]+) (?![a-z])")


def _may_abbreviate(stopped: str) -> bool:
    """Whether the stop at the end may be that of an abbreviation: two letters tell of most that it is not."""
    return stopped[-3:-1] in _ABBREVIATED or (len(stopped) > 1 and not stopped[-3:-2].isalnum())


def _sentences(text: str) -> list[str]:
    """A text in sentences. A stop after an initial, a title or an abbreviation ends none."""
    for stop in (".", "!", "?", ";"):
        text = text.replace(f"{stop} ", f"{stop}\n")
    if '"' in text or "'" in text or ")" in text:
        text = _QUOTED_STOP.sub("\\1\n", text)
    sentences: list[str] = []
    held = ""
    for piece in text.split("\n"):
        stripped = piece.strip()
        if not stripped:
            continue
        held = f"{held} {stripped}" if held else stripped
        if stripped[-1] == "." and _may_abbreviate(stripped) and _ABBREVIATION_DOTS.search(stripped[-8:]):
            continue
        sentences.append(held)
        held = ""
    return [*sentences, held] if held else sentences


# --- words -------------------------------------------------------------------------------------------------------


@cache
def _vocabulary(of: str = "words") -> frozenset[str]:
    document = yaml.safe_load(Path(__file__).with_name("vocabulary.yaml").read_text("utf-8"))
    return frozenset(document[of].split())


_ENDINGS = ("'s", "s", "es", "d", "ed", "r", "er", "ers", "est", "ing", "ly", "n", "en", "ment", "ments", "ness", "ful", "less", "able", "y", "al", "ally", "or", "ors", "ion", "ions", "ation", "ations", "ity", "ive", "ence", "ance")  # fmt: skip
_FORMED = ("tion", "tions", "sion", "sions", "ments", "ness", "ingly", "ously", "fully", "ically", "iously")


def _is_ordinary(word: str) -> bool:
    """Whether a small-letter word is in the vocabulary, is built from one that is, or is built as none of names are."""
    return _is_known(word) or (len(word) > 7 and word.endswith(_FORMED) and not _is_nearly_immigration(word))


@lru_cache(maxsize=32768)
def _is_known(word: str) -> bool:
    """Whether a small-letter word is in the vocabulary, or is built from one that is."""
    vocabulary = _vocabulary()
    if word in vocabulary or len(word) == 1 or is_contraction(word):
        return True
    for ending in _ENDINGS:
        if word.endswith(ending):
            stem = word[: -len(ending)]
            if len(stem) < 3:
                continue
            if stem in vocabulary or stem + "e" in vocabulary or (stem[-1] == "i" and stem[:-1] + "y" in vocabulary):
                return True
            if stem[-1] == stem[-2] and stem[:-1] in vocabulary:
                return True
    for opening in ("un", "re", "over", "out", "non", "under", "mis", "dis"):
        if word.startswith(opening) and len(word) - len(opening) > 3 and _is_known(word[len(opening) :]):
            return True
    return False


#: Words of immigration that are also looked for misspelt by a letter, or written in two.
_IMMIGRATION = (
    *(
        "visa",
        "visas",
        "asylum",
        "immigration",
        "immigrant",
        "immigrants",
        "migrant",
        "refugee",
        "overstay",
        "overstayer",
        "overstayed",
    ),
    *(
        "overstaying",
        "deport",
        "deported",
        "deporting",
        "deportation",
        "passport",
        "passports",
        "sponsor",
        "sponsorship",
        "undocumented",
    ),
    *("biometric", "citizenship", "nationality", "residency", "illegal", "illegally", "homeoffice", "ukvi", "nrpf"),
)


_IMMIGRATION_IN_TWO = frozenset((word[:at], word[at:]) for word in _IMMIGRATION for at in range(len(word) + 1))
#: The half of each that fewer sentences have: "a" is a word, "sylum" is none.
_LONGER_HALVES = frozenset(max(halves, key=len) for halves in _IMMIGRATION_IN_TWO)


@lru_cache(maxsize=32768)
def _is_nearly_immigration(folded: str) -> bool:
    """Whether a word no vocabulary knows is one of immigration with a letter wrong, missing, too many or out of place."""
    return (
        len(folded) > 3
        and not _is_known(folded)
        and process.extractOne(folded, _IMMIGRATION, scorer=OSA.distance, score_cutoff=1) is not None
    )


#: Words that carry a capital within a sentence without being anybody's or anywhere's name.
_CAPITALISED = frozenset(
    [
        "i",
        "police",
        "officer",
        "officers",
        "victim",
        "suspect",
        "witness",
        "child",
        "children",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "christmas",
        "easter",
        "eid",
        "ramadan",
        "diwali",
        "facebook",
        "iphone",
        "ipad",
        "ebay",
        "youtube",
        "whatsapp",
        "instagram",
        "snapchat",
        "tiktok",
        "google",
        "english",
        "ambulance",
        "hospital",
        "idva",
        "marac",
        "dash",
        "dara",
        "cctv",
        "bwv",
        "abh",
        "gbh",
        "dv",
        "da",
        "hba",
        "fgm",
        "nrm",
        "mash",
        "nhs",
        "gp",
        "tv",
        "vic",
        "ip",
        "sus",
        "oic",
        "aggrieved",
        "complainant",
        "male",
        "female",
        "mother",
        "father",
        "mum",
        "dad",
        "domestic",
        "violence",
        "abuse",
        "stalking",
        "harassment",
        "assault",
        "adult",
        "social",
        "services",
        "council",
        "court",
        "crown",
        "magistrates",
        "restraining",
        "order",
        "non-molestation",
        "dob",
        "cad",
        "nfa",
        "ref",
        "urn",
        "vrm",
        "uk",
        "email",
        "tel",
        "mob",
    ]
)
#: After these a name of nobody on the record is dropped rather than said as somebody: "her friend Sarah" is her friend.
_SAID_ALREADY = frozenset(
    [
        "friend",
        "friends",
        "neighbour",
        "neighbours",
        "sister",
        "brother",
        "mother",
        "father",
        "mum",
        "dad",
        "son",
        "daughter",
        "aunt",
        "uncle",
        "cousin",
        "partner",
        "husband",
        "wife",
        "boyfriend",
        "girlfriend",
        "ex",
        "witness",
        "suspect",
        "victim",
        "child",
        "baby",
        "male",
        "female",
        "man",
        "woman",
        "boy",
        "girl",
        "officer",
        "pc",
        "manager",
        "boss",
        "landlord",
        "employer",
        "colleague",
        "doctor",
        "nurse",
        "teacher",
        "called",
        "named",
        "relative",
        "person",
        "offender",
        "caller",
        "informant",
        "named",
        "aka",
        "alias",
    ]
)
_RANKS = frozenset("pc ps dc ds di dci insp sgt pcso wpc tdc supt sergeant inspector constable officer".split())  # noqa: SIM905
_PLACE_BEFORE = frozenset(
    [
        "in",
        "at",
        "near",
        "to",
        "from",
        "on",
        "outside",
        "inside",
        "around",
        "into",
        "towards",
        "behind",
        "opposite",
        "off",
        "through",
        "via",
    ]
)
_STREETLIKE = frozenset(
    [
        "road",
        "rd",
        "street",
        "st",
        "avenue",
        "ave",
        "lane",
        "ln",
        "close",
        "drive",
        "court",
        "place",
        "way",
        "crescent",
        "terrace",
        "gardens",
        "grove",
        "hill",
        "park",
        "square",
        "row",
        "view",
        "walk",
        "mews",
        "house",
        "flat",
        "the",
        "estate",
        "mount",
        "rise",
        "parade",
        "wharf",
        "green",
        "north",
        "south",
        "east",
        "west",
        "great",
        "upper",
        "lower",
        "old",
        "new",
        "high",
        "station",
        "church",
        "refuge",
        "hotel",
        "farm",
        "centre",
    ]
)


#: What stands before the name of a street.
_HOUSE_NUMBER = re.compile(r"(?<![\w.:])(?:(?:flat|room|unit|apartment|apt) \d{1,4}[a-z]?,? )?\d{1,4}[a-z]?,? \Z", re.I)
_VOWELS = frozenset("AEIOUY")
#: After these "will" is no name: "Will he come back?".
_PRONOUNS = frozenset({"he", "she", "it", "they", "we", "you", "i", "the", "there", "this", "that", "not"})
#: With a capital, after another word with a capital, these make an address of both.
_STREETS = frozenset(
    [
        *(
            "road",
            "rd",
            "street",
            "avenue",
            "ave",
            "lane",
            "close",
            "drive",
            "crescent",
            "terrace",
            "gardens",
            "grove",
            "mews",
        ),
        *("parade", "walk", "row", "square", "wharf"),
    ]
)
_ARTICLES = frozenset({"the", "a", "an", "another", "her", "his", "their"})
_ROLE_NOUNS = frozenset({"suspect", "witness", "offender", "perpetrator", "reporter"})
_ROLE_PHRASES = frozenset({"the suspect", "a witness"})


def _place_words(locations: Sequence[Location]) -> frozenset[str]:
    """The words by which the addresses on the record would be known."""
    found: set[str] = set()
    for location in locations:
        for line in (location.line1, location.line2, location.line3, location.line4, location.line5):
            if line:
                found.update(
                    folded for word in WORD.findall(line) if len(folded := fold(word)) > 2 and folded not in _STREETLIKE
                )
    return frozenset(found)


#: Small words found plain before: the vocabulary as texts use it. Bounded; holds nothing that is not an ordinary word.
_KNOWN_PLAIN: set[str] = set()
#: The same with capitals, each with its folded form.
_KNOWN_CAPITALISED: dict[str, str] = {}
_MOST_KNOWN = 50_000


def _is_plain(word: str) -> bool:
    """Whether a word as it stands is ordinary, and neither an initial nor a title."""
    if not word.isascii():
        return False
    if len(word) == 1:
        return word.islower() or word in "AI"
    small = word.lower()
    if small not in _vocabulary():
        small = small.removesuffix("'s")
    return small not in TITLES and (small in _CAPITALISED or _is_ordinary(small))


#: Words and what stands between them, in turn.
_IN_WORDS = re.compile(f"({WORD.pattern})")
_IN_ASCII_WORDS = re.compile("([A-Za-z]+(?:'[A-Za-z]+)*)")


class _Sentence(NamedTuple):
    """A sentence in which somebody or something has to be said otherwise, or may have to be."""

    text: str
    parts: list[str]
    """What stands before a word, and the word, in turn; and what stands after the last."""
    words: list[str]
    folded: list[str]
    gaps: list[str]
    masks: list[int]
    """Whose name each word may be, by bit; 0 for nobody's."""
    one_case: bool
    """Whether capitals tell nothing of it."""
    doubtful: Sequence[int]
    """The places of the words that do not stand as they are before having been asked about."""


class _Looked(NamedTuple):
    """What the words of an incident are, once each was looked at."""

    rare: set[str]
    """Small words, as they stand, that are not ordinary: where a text has capitals they are nobody's name."""
    close: dict[str, int]
    """Folded words that are somebody's name misspelt, and whose."""
    unsayable: set[str]
    """Folded words that may be one of immigration misspelt: no sentence with one is carried."""
    hot: set[str]
    """Folded words that are somebody's name, as it is or misspelt, or of an address."""


class _Plain(NamedTuple):
    """A sentence that by itself names nobody and nothing: ordinary words, no number but counts, no immigration fact."""

    told: str
    folded: tuple[str, ...]
    words: frozenset[str]
    """The same, to be compared with the names of an incident."""
    capitals: frozenset[str]
    """Those with a capital, which might be a name misspelt."""


#: Sentences found plain before: what is written in many narratives is looked at once. Bounded; holds nothing that could be
#: anybody's name, place or number, and only sentences that `_sentences_of` hands on as they are: to pass over one there
#: changes nothing.
_PLAIN_SENTENCES: dict[str, _Plain] = {}
_MOST_SENTENCES = 20_000


def _remember_plain(text: str, words: list[str]) -> None:
    """Remembers a sentence of ordinary words, if it is one that is handed on as it is."""
    if has_digit(text) or has_sign(text) or _sentences_of(text) != [text]:
        return
    if len(_PLAIN_SENTENCES) >= _MOST_SENTENCES:
        _PLAIN_SENTENCES.clear()
    folded = tuple([FOLDED[word] for word in words])
    capitals = frozenset(
        each for each, word in zip(folded, words, strict=True) if not word.islower() and _may_be_misspelt(each)
    )
    _PLAIN_SENTENCES[text] = _Plain(_finished(text), folded, frozenset(folded), capitals)


def _may_be_misspelt(folded: str) -> bool:
    """Whether a folded word is long enough to be a name with a letter wrong, and no contraction."""
    return len(folded) > 3 and folded.isalpha()


class Telling:
    """What is told of one incident, made ready once for the accounts of everybody in it."""

    def __init__(
        self, narratives: Sequence[str], persons: Sequence[Person], locations: Sequence[Location] = ()
    ) -> None:
        """Reads an incident.

        Args:
            narratives: its texts, in order.
            persons: everybody on the record; each is said as a role in the accounts of the others (`role_word`).
            locations: every address of the incident; none of them is carried.
        """
        self.names = Names(persons)
        self.roles = [role_word(person) for person in persons]
        self.places = _place_words(locations)
        #: Words, as they stand, that need a second look.
        self.odd: set[str] = set()
        self._told: list[str | _Sentence] = []
        sentences = [each for narrative in narratives for each in _sentences_of(narrative)]
        if sentences:
            self._read(sentences)

    def about(self, subject: int) -> str:
        """The account for a referral about a person, by place in `persons`; empty where there is none to give.

        The person's own name may stay; their contacts and numbers do not.
        """
        teller = _Teller(self, subject)
        taken: list[str] = []
        for each in self._told:
            if isinstance(each, str):
                taken.append(each)
            elif (built := teller.built(each)) is not None:
                if built != each.text:
                    built = _once(_tidy(built))
                if len(built) > 1:
                    taken.append(_finished(built))
        account = " ".join(taken)
        if len(account) > MOST_CHARACTERS:
            account = account[: account.rfind(". ", 0, MOST_CHARACTERS) + 1]
        return account

    def _read(self, sentences: list[str]) -> None:
        """Finds the words that need a second look, and keeps every sentence that may be carried."""
        plain = [_PLAIN_SENTENCES.get(each) for each in sentences]
        worded = [[] if known else words_of(text) for text, known in zip(sentences, plain, strict=True)]
        distinct = set().union(*worded)
        capitals = set().union(*[known.capitals for known in plain if known])
        looked = self._look_at(distinct, capitals)
        asked = looked.hot | self.names.openings
        strange = looked.rare | self.odd
        strange.update([word for word in distinct if FOLDED[word] in asked])
        for text, known, words in zip(sentences, plain, worded, strict=True):
            if known:
                if known.words.isdisjoint(looked.hot) and not self._may_have_halves(known):
                    self._told.append(known.told)
                    continue
            elif not words:
                continue
            elif strange.isdisjoint(words):
                _remember_plain(text, words)
                self._told.append(_finished(text))
                continue
            if (told := self._closely_read(text, looked)) is not None:
                self._told.append(told)

    def _closely_read(self, text: str, looked: _Looked) -> str | _Sentence | None:
        """A sentence in which some word needs a second look; nothing if it may not be carried."""
        names, close = self.names, looked.close
        parts = (_IN_ASCII_WORDS if text.isascii() else _IN_WORDS).split(text)
        words = parts[1::2]
        folded = [FOLDED[word] for word in words]
        has_rare, has_odd = not looked.rare.isdisjoint(words), not self.odd.isdisjoint(words)
        if not looked.unsayable.isdisjoint(folded) or ((has_rare or has_odd) and _immigration_in_two(folded)):
            return None
        whispered = text.islower()
        pairs = self._halves(folded, parts)
        if not (pairs or has_odd or (has_rare and whispered)) and looked.hot.isdisjoint(folded):
            if not has_rare and text not in _PLAIN_SENTENCES:
                _remember_plain(text, words)
            return _finished(text)
        masks = [names.words.get(each, 0) for each in folded]
        if close:
            for at, each in enumerate(folded):
                if each in close and not masks[at] and not (words[at].islower() and _is_ordinary(each)):
                    masks[at] = close[each]
        for at, mask in pairs:
            masks[at] |= mask
            masks[at + 1] |= mask
        one_case = whispered or text.isupper()
        doubtful = range(len(words)) if one_case else self._doubtful(words, folded, masks)
        return _Sentence(text, parts, words, folded, parts[0::2], masks, one_case, doubtful)

    def _doubtful(self, words: list[str], folded: list[str], masks: list[int]) -> list[int]:
        """The places of words that are nobody's small plain word.

        A plain word with a capital before a small plain word explains itself ("Officers attended").
        """
        places, odd = self.places, self.odd
        found = [
            at for at, word in enumerate(words) if masks[at] or folded[at] != word or word in odd or word in TITLES
        ]
        return [
            at
            for at, following in zip_longest(found, found[1:])
            if following == at + 1
            or masks[at]
            or words[at] not in _KNOWN_CAPITALISED
            or words[at].isupper()
            or words[at].lower() != folded[at]
            or folded[at] in places
        ]

    def _look_at(self, words: set[str], capitals: set[str]) -> _Looked:
        """Fills `odd` from the words as they stand; `capitals` are folded ones of sentences known to be plain."""
        names = self.names
        strange = capitals
        rare: set[str] = set()
        for word in words - _KNOWN_PLAIN:
            folded = _KNOWN_CAPITALISED.get(word, "")
            if not folded:
                plain, small = _is_plain(word), word.islower() and word.isascii()
                if plain and small:
                    if len(_KNOWN_PLAIN) < _MOST_KNOWN:
                        _KNOWN_PLAIN.add(word)
                    continue
                folded = FOLDED[word]
                if not plain:
                    (rare if small else self.odd).add(word)
                elif folded in _STREETS:
                    self.odd.add(word)
                elif len(_KNOWN_CAPITALISED) < _MOST_KNOWN:
                    _KNOWN_CAPITALISED[word] = folded
            if _may_be_misspelt(folded):
                strange.add(folded)
        strange.difference_update(names.words)
        close = names.lookalikes(strange)
        for folded in strange:
            if folded not in close and len(folded) > 4 and not _is_ordinary(folded):
                mask = names.skeletons.get(skeleton(folded), 0) or names.within(folded)
                if mask:
                    close[folded] = mask
        unsayable = {each for each in map(FOLDED.__getitem__, rare | self.odd) if _is_nearly_immigration(each)}
        return _Looked(rare, close, unsayable, names.words.keys() | self.places | close.keys())

    def _may_have_halves(self, known: _Plain) -> bool:
        openings, names = self.names.openings, self.names
        return not known.words.isdisjoint(openings) and any(
            one in openings and names.written_in_two(one, two) for one, two in pairwise(known.folded)
        )

    def _halves(self, folded: list[str], parts: list[str]) -> list[tuple[int, int]]:
        """Where two words, read as one, are somebody's name: the place of the first, and whose."""
        names = self.names
        if names.openings.isdisjoint(folded):
            return []
        return [
            (at, mask)
            for at, (one, two) in enumerate(pairwise(folded))
            if one in names.openings
            and (mask := names.written_in_two(one, two))
            and len(parts[2 * at + 2]) <= _WITHIN_A_NAME
        ]


_WITHIN_A_NAME = 2


def _immigration_in_two(folded: list[str]) -> bool:
    """Whether two words that follow each other are a word of immigration written in two."""
    return not _LONGER_HALVES.isdisjoint(folded) and not _IMMIGRATION_IN_TWO.isdisjoint(pairwise(folded))


def _finished(sentence: str) -> str:
    """A sentence with a capital and a stop."""
    return sentence[0].upper() + sentence[1:] + ("" if sentence.rstrip("\"')")[-1:] in {".", "!", "?"} else ".")


#: What is written to a name and is no part of it: "Omar's", "Omar'll".
_ENDING = re.compile(r"'(?:s|d|ll|ve|re)\Z", re.I)


class _Teller:
    """Says other people's names and places as roles, in the account about one person."""

    def __init__(self, telling: Telling, subject: int) -> None:
        self.names = telling.names
        self.places = telling.places
        self.roles = telling.roles
        self.subject = 1 << subject
        self.others = (1 << len(telling.roles)) - 1 - self.subject

    def built(self, sentence: _Sentence) -> str | None:  # noqa: PLR0915 - one pass over the words, each case beside the others
        """A sentence as an account may carry it, or nothing if a word in it cannot be explained."""
        _, parts, words, folded, gaps, _, one_case, doubtful = sentence
        places = self.places
        pieces: list[str] = []
        done = 0  # words before this one are in `pieces`, or left out
        lead_of_done = gaps[0]
        at = 0  # words before this one have been asked about
        count = len(words)
        repeated, who_before = "", 0
        for each in doubtful:
            if each < at:
                continue
            at = each
            word = words[at]
            stop, mask = self._run(sentence, at)
            start = at
            who = 0
            if mask and self._counts(sentence, at, stop, one_case):
                if mask == self.subject:
                    at = stop
                    continue
                said, who = self._role(mask), mask
                while stop < count and not one_case and self._belongs(sentence, stop):
                    stop += 1
            elif folded[at] in places and (one_case or not word.islower()):
                stop = at + 1
                while stop < count and self._is_place(sentence, stop):
                    stop += 1
                while start > done and folded[start - 1] in _STREETLIKE and words[start - 1][0].isupper():
                    start -= 1
                said = "an address"
            elif not word.isascii() and not folded[at].isascii():
                return None
            elif one_case:
                if is_joined(word) or (not _is_ordinary(folded[at]) and folded[at] not in _CAPITALISED):
                    return None
                at += 1
                continue
            elif not word.islower() and not self._explained(sentence, at):
                stop, start, explained = self._stranger(sentence, at)
                if explained is None:
                    return None
                start, said = max(start, done), explained
            else:
                if not word.isascii() and _script(word) != "LATIN":
                    return None
                at += 1
                continue
            lead = lead_of_done
            if start > done:
                lead += "".join(parts[2 * done + 1 : 2 * start + 1])
            if said in {"an address", "a place"} and lead[-1:] == " ":
                lead = _HOUSE_NUMBER.sub("", lead)
            if said and start > done and start == at and lead.endswith(words[start - 1] + " "):
                before = folded[start - 1]
                if before in _ARTICLES:
                    lead = lead[: -len(words[start - 1]) - 1]
                elif before in _ROLE_NOUNS and said in _ROLE_PHRASES:
                    said = ""
            last = words[stop - 1]
            at = done = stop
            lead_of_done = gaps[stop]
            ending = _ENDING.search(last) if "'" in last and fold(last) not in self.names.words else None
            owning = ending[0].lower() if ending else ""
            if said and said == repeated and len(lead) < 7 and lead.strip(" ,/.-'") in {"", "and"}:
                if who and who_before and not who & who_before:
                    said = f"another {said.split()[1]}"
                elif said in _THINGS or ("and" not in lead and not owning):
                    continue
            else:
                repeated = said
            who_before = who
            if said:
                said += owning
            if said and not pieces and not lead.strip(" \"'(-*.,"):
                said = said[0].upper() + said[1:]
                lead = lead.lstrip(" -*.,")
            if not said:
                lead = lead.rstrip(" ,")
                if lead[-1:] == "(":
                    lead_of_done = lead_of_done.lstrip(" ,")
                elif lead[-3:].lower() in {" an", "an"} and stop < count and words[stop][0] not in "aeiou":
                    lead = lead[:-1]
            pieces += [lead, said]
            if len(last) == 1:
                lead_of_done = lead_of_done.removeprefix(".")
        return "".join([*pieces, lead_of_done, *parts[2 * done + 1 :]])

    def _role(self, mask: int) -> str:
        """What to say of the person, or of whichever person, a run of names could mean."""
        if mask & self.subject:
            return "a person"
        roles = {role for number, role in enumerate(self.roles) if mask >> number & 1}
        return roles.pop() if len(roles) == 1 else "another person"

    def _run(self, sentence: _Sentence, at: int) -> tuple[int, int]:
        """From a word on, the words that are one person's name, with titles and initials; the end and whose it may be."""
        words, folded, gaps, masks = sentence.words, sentence.folded, sentence.gaps, sentence.masks
        mask = 0
        stop = at
        while stop < len(words):
            if mask and not mask & self.subject and _is_nickname(sentence, stop):
                after = masks[stop + 1] if stop + 1 < len(words) else 0
                if mask & after:
                    mask &= after
                    stop += 2
                    continue
            own: int | None = masks[stop] or self._title_or_initial(sentence, stop, mask)
            if own is None:
                break
            if stop > at and not _joined(gaps[stop]):
                break
            if own and mask and not own & mask:
                break
            mask = (mask & own if mask else own) if own else mask
            stop += 1
        while stop > at and not masks[stop - 1] and folded[stop - 1] in TITLES:
            stop -= 1
        if stop == at or (not any(masks[at:stop]) and (stop - at == 1 or not mask)):
            return at + 1, self._signed(words[at], folded[at])
        return stop, mask

    def _signed(self, word: str, folded: str) -> int:
        """Two initials written as one word."""
        if len(word) == 2 and word.isupper() and folded not in _CAPITALISED and not _is_ordinary(folded):
            return self.names.signs.get(folded, 0) & self.others
        return 0

    def _title_or_initial(self, sentence: _Sentence, at: int, mask: int) -> int | None:
        words, folded, masks = sentence.words, sentence.folded, sentence.masks
        if folded[at] in TITLES:
            return 0 if at + 1 < len(words) and (masks[at + 1] or len(words[at + 1]) == 1) else None
        if len(words[at]) == 1 and words[at].isupper():
            signs = self.names.signs
            by_initial = self.names.initials.get(folded[at], 0)
            initial_follows = at + 1 < len(words) and len(words[at + 1]) == 1
            beside = (masks[at + 1] if at + 1 < len(words) else 0) | mask
            further = masks[at + 2] if at + 2 < len(words) and initial_follows else 0
            signed = signs.get(folded[at] + folded[at + 1], 0) if initial_follows else 0
            before = signs.get(folded[at - 1] + folded[at], 0) if at and len(words[at - 1]) == 1 else 0
            if by_initial & (beside | further | signed):
                return by_initial & (beside | further | signed)
            if before & mask:
                return before & mask
            if (beside | further) & self.others:
                return 0  # some initial beside another's name
        return None

    def _counts(self, sentence: _Sentence, at: int, stop: int, one_case: bool) -> bool:
        """Whether a run is surely meant as a name: everyday words only with a capital, or beside a name that is none."""
        everyday = self.names.everyday
        named = [n for n in range(at, stop) if sentence.masks[n]]
        if not named:
            return True  # initials alone, found as such
        folded = {sentence.folded[n] for n in named}
        if len(folded) > 1 or not folded <= everyday:
            return True
        return (
            not one_case
            and any(not sentence.words[n].islower() for n in named)
            and all(len(each) > 1 for each in folded)
        )

    def _belongs(self, sentence: _Sentence, at: int) -> bool:
        """Whether a word with a capital right after a name is more of that name: one misspelt into an ordinary word."""
        return (
            sentence.gaps[at] in {" ", "-"}
            and not sentence.masks[at]
            and sentence.words[at][0].isupper()
            and sentence.folded[at] not in _CAPITALISED
        )

    def _is_place(self, sentence: _Sentence, at: int) -> bool:
        folded = sentence.folded[at]
        return sentence.gaps[at].strip(" ,-") == "" and (folded in self.places or folded in _STREETLIKE)

    def _explained(self, sentence: _Sentence, at: int) -> bool:
        """Whether a capital needs no name to explain it."""
        words, folded = sentence.words, sentence.folded
        word = words[at]
        if folded[at] in _CAPITALISED or (len(word) == 1 and folded[at] in "ai"):
            return True
        if sentence.masks[at] == self.subject:
            return True
        if is_joined(word) or (folded[at] in _RANKS and words[at + 1 : at + 2] and words[at + 1][0].isupper()):
            return False
        if at == 0 and folded[0] == "will" and folded[1:2] and folded[1] in _PRONOUNS:
            return True
        if (
            word.isupper() and len(word) <= 3 and (len(word) == 1 or _VOWELS.isdisjoint(word))
        ):  # "BMW": an abbreviation, unless it stands in a name
            beside = [n for n in (at - 1, at + 1) if 0 <= n < len(words)]
            return all(words[n].islower() or _is_ordinary(folded[n]) or folded[n] in _CAPITALISED for n in beside)
        if at + 1 < len(words) and folded[at + 1] in _STREETS and words[at + 1][0].isupper():
            return False
        if at and at + 1 < len(words):
            following = words[at + 1]
            if following[0].isupper() and not following.isupper() and folded[at + 1] not in _CAPITALISED:
                # "Grant Chen": an ordinary word before a strange capital is part of a name.
                return _is_ordinary(folded[at]) and _is_ordinary(folded[at + 1])
        return _is_ordinary(folded[at])

    def _stranger(self, sentence: _Sentence, at: int) -> tuple[int, int, str | None]:
        """A name of nobody on the record: where it ends, where it begins, and what to say instead, if that can be said."""
        words, folded, gaps, masks = sentence.words, sentence.folded, sentence.gaps, sentence.masks
        stop = at + 1
        if folded[at] in _vocabulary("origins"):
            described = stop < len(words) and gaps[stop] == " " and words[stop].islower()
            return stop, at, "" if described and (at == 0 or folded[at - 1] in _ARTICLES) else None
        while (
            stop < len(words)
            and _joined(gaps[stop])
            and "," not in gaps[stop]
            and not masks[stop]
            and words[stop][0].isupper()
            and folded[stop] not in _CAPITALISED
        ):
            stop += 1
        before = folded[at - 1] if at else ""
        if before in _RANKS:
            return stop, at - 1, "an officer"
        if folded[at] in _RANKS:
            return stop, at, "an officer"
        if before in {"aka", "alias"} or folded[max(at - 2, 0) : at] == ["known", "as"]:
            return stop, at - 1 - (before == "as"), ""
        if stop == at + 1 and _is_nickname(sentence, at):
            return stop, at, ""
        if before == "address" or folded[stop : stop + 2] == ["an", "address"]:
            return stop, at, "an address"
        if stop - at > 1 and folded[stop - 1] in _STREETLIKE:
            return stop, at, "an address"
        if before in TITLES:
            return stop, at - 1, "another person"
        if before in _SAID_ALREADY and _joined(gaps[at].rstrip("(\"'")):
            return stop, at, ""
        if before in _PLACE_BEFORE:
            return stop, at, "a place"
        return stop, at, "another person"


def _is_nickname(sentence: _Sentence, at: int) -> bool:
    """Whether a word stands alone in quotes or brackets after a name: 'Omar "Oz" Yusuf'."""
    words, gaps, masks = sentence.words, sentence.gaps, sentence.masks
    return (
        0 < at < len(words)
        and masks[at - 1] != 0
        and masks[at] == 0
        and gaps[at].strip() in {'"', "'", "("}
        and gaps[at + 1].strip()[:1] in {'"', "'", ")"}
        and words[at][0].isupper()
        and sentence.folded[at] not in _CAPITALISED
        and not _is_ordinary(sentence.folded[at])
    )


def _joined(between: str) -> bool:
    return len(between) <= 3 and between.strip(" .,'-/") == ""


@lru_cache(maxsize=4096)
def _script(word: str) -> str:
    scripts = {unicodedata.name(each, "?").split()[0] for each in word if each.isalpha()}
    return scripts.pop() if len(scripts) == 1 else "MIXED"


# --- the account -------------------------------------------------------------------------------------------------

_EMPTY = re.compile(r"(?<!\w)'\s*'(?!\w)|\(\s*[,;:./-]*\s*\)|\[\s*\]|\"\s*\"|\*+")
_BEFORE_STOP = re.compile(r" +([.,;:!?)])")
_STOPS = re.compile(r"([,;:])(?:\s*[,;:])+")
_PEOPLE = ("the suspect", "a witness", "a child", "another person", "another victim", "an officer", "a person")
_THINGS = ("an address", "a place", "a reference", "a number", "a vehicle", "a date")
_NOUNS = tuple(said.split()[1] for said in (*_PEOPLE, *_THINGS))
#: "An address and an address" is said once; "a witness and a witness" are two, and "the suspect's" is somebody else's.
_TWICE = re.compile(
    rf"(?i)\b(?:({'|'.join(_PEOPLE)})(?:[,/]? \1\b(?!'))+|({'|'.join(_THINGS)})(?:[,/]? ?(?:and )?\2\b)+)"
)
_BRACKETED_TWICE = re.compile(rf"(?i)\b({'|'.join((*_PEOPLE, *_THINGS))}) [(\[\"]\1[)\]\"]")


#: What no tidy sentence begins or ends with, and what in a text of sentences shows that more of one may have to be put right.
_EDGES = " ,;:-/"
_UNTIDY = (
    "  ",
    " ,",
    " .",
    " ;",
    " :",
    " )",
    " ?",
    " !",
    "(",
    "[",
    '"',
    "*",
    "''",
    "' '",
    *(a + b for a in ",;:" for b in ",;:"),
)


def _may_be_untidy(text: str) -> bool:
    """Whether any sentence of a text may be other when tidied, but for its edges."""
    for sign in _UNTIDY:  # noqa: SIM110 - asked of every narrative, and `any` costs more than it asks
        if sign in text:
            return True
    return False


def _once(text: str) -> str:
    """A tidy sentence in which something was said otherwise, without the same said twice."""
    for noun in _NOUNS:
        if text.count(noun) > 1:
            return _TWICE.sub(lambda found: found[1] or found[2], _BRACKETED_TWICE.sub(r"\1", text))
    return text


def _tidy(text: str) -> str:
    """A sentence without the traces of what is not in it: empty brackets, doubled stops and spaces."""
    if "(" in text or "[" in text or '"' in text or "*" in text or "'" in text:
        text = _EMPTY.sub("", text)
    if " ," in text or " ." in text or " ;" in text or " :" in text or " )" in text or " ?" in text or " !" in text:
        text = _BEFORE_STOP.sub(r"\1", text)
    if "," in text or ";" in text or ":" in text:
        text = _STOPS.sub(r"\1", text)
    while "  " in text:
        text = text.replace("  ", " ")
    return text.strip(_EDGES)


#: A sentence of up to this many words that does not begin like one is an answer to the sentence before: "Expired in May."
_FRAGMENT_WORDS = 3
_BEGINNINGS = re.compile(
    r"(?:he|she|they|it|i|we|the|a|an|his|her|their|this|that|there|then|both|police|officers?|victim|suspect|male|female)\b",
    re.I,
)


def _without_immigration(sentences: list[str]) -> list[str]:
    """Those that state no immigration fact, nor answer one that does: "Expired."."""
    kept: list[str] = []
    unsaid = False
    for sentence in sentences:
        if sentence not in _PLAIN_SENTENCES and states_immigration(sentence):
            unsaid = True
        elif not (unsaid and sentence.count(" ") < _FRAGMENT_WORDS and not _BEGINNINGS.match(sentence)):
            unsaid = False
            kept.append(sentence)
    return kept


#: A word written letter by letter, to be read as the word: "v.i.s.a", "O-m-a-r".
_SPELT_OUT = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .\-_*/]{1,2}[^\W\d_](?![^\W_])){2,}\.?")
_BETWEEN_LETTERS = re.compile(r"[\W_]+")
_OUTLINE = bytes(
    ord("a") if chr(code).isalpha() else ord("0") if chr(code).isdigit() else ord(" ") for code in range(128)
) + bytes(128)


def _may_spell_out(text: str) -> bool:
    """Whether two letters stand by themselves one after the other, as the second and third of a word spelt out do."""
    if not text.isascii():
        return True
    outline = text.encode().translate(_OUTLINE) + b" "
    return b" a a " in outline or b" a  a " in outline


def _sentences_of(narrative: str) -> list[str]:
    """The sentences of a text without immigration facts, and without what identifies by its shape, tidied.

    Each is what it would be by itself; questions are asked of all of them at once only to see that nobody need ask each.
    """
    sentences = _sentences(clean(narrative[:MOST_READ]))
    text = "\n".join([each for each in sentences if each not in _PLAIN_SENTENCES])
    if _may_spell_out(text) and _SPELT_OUT.search(text):
        sentences = [_SPELT_OUT.sub(lambda found: _BETWEEN_LETTERS.sub("", found.group()), each) for each in sentences]
        text = "\n".join(sentences)
    if states_immigration(text):
        sentences = _without_immigration(sentences)
    signed, untidy = has_sign(text), _may_be_untidy(text)
    told: list[str] = []
    for each in sentences:
        if each in _PLAIN_SENTENCES:
            told.append(each)
        elif has_digit(each) or (signed and has_sign(each)):
            told.append(_unidentified(each))
        else:
            told.append(_tidy(each) if untidy else each.strip(_EDGES))
    return list(filter(None, told))


def _unidentified(sentence: str) -> str:
    """A tidy sentence without identifiers; one that shouted still does, so that its capitals tell no more than before."""
    told = without_identifiers(sentence)
    if told == sentence:
        return _tidy(sentence)
    return _once(_tidy(told.upper() if sentence.isupper() else told))
