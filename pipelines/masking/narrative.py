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
from pathlib import Path
from typing import NamedTuple

import yaml

from pipelines.contracts.incident import Location, Person
from pipelines.masking.clean import clean
from pipelines.masking.names import TITLES, WORD, Names, fold, skeleton
from pipelines.masking.patterns import has_digit, has_sign, states_immigration, without_identifiers
from pipelines.masking.residue import Forbidden, forbidden_of, residue

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


class Account(NamedTuple):
    """The account, or nothing and the rules that kept it back."""

    text: str
    reasons: tuple[str, ...]


# --- sentences ---------------------------------------------------------------------------------------------------

_ABBREVIATION_DOTS = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|St|No|no|s|ss|art|para|approx|Rd|mr|mrs|PC)\.\Z|(?:\b|\.)[A-Za-z]\.\Z"
)
_QUOTED_STOP = re.compile(r"([.!?;][\"')]+) ")


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
        if stripped[-1] == "." and len(stripped) > 1 and _ABBREVIATION_DOTS.search(stripped[-8:]):
            continue
        sentences.append(held)
        held = ""
    return [*sentences, held] if held else sentences


# --- words -------------------------------------------------------------------------------------------------------


@cache
def _vocabulary() -> frozenset[str]:
    document = yaml.safe_load(Path(__file__).with_name("vocabulary.yaml").read_text("utf-8"))
    return frozenset(document["words"].split())


_ENDINGS = ("'s", "s", "es", "d", "ed", "r", "er", "ers", "est", "ing", "ly", "n", "en", "ment", "ments", "ness", "ful", "less", "able", "y", "al", "ally", "or", "ors", "ion", "ions", "ation", "ations", "ity", "ive", "ence", "ance")  # fmt: skip
_FORMED = ("tion", "tions", "sion", "sions", "ments", "ness", "ingly", "ously", "fully", "ically", "iously")


@lru_cache(maxsize=32768)
def _is_ordinary(word: str) -> bool:
    """Whether a small-letter word is in the vocabulary, or is built from one that is."""
    vocabulary = _vocabulary()
    if word in vocabulary or len(word) == 1:
        return True
    if word.endswith(_FORMED) and len(word) > 7:
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
        if word.startswith(opening) and len(word) - len(opening) > 3 and _is_ordinary(word[len(opening) :]):
            return True
    return False


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


#: Words found plain before: the vocabulary as texts use it. Bounded; holds nothing that is not an ordinary word.
_KNOWN_PLAIN: set[str] = set()
_MOST_KNOWN = 50_000
_CAPITAL = re.compile(r"(?<![^\W_])[A-Z][^\W\d_]+(?:'[^\W\d_]+)*")


def _is_plain(word: str) -> bool:
    """Whether a small-letter word needs no second look: ordinary, and neither an initial nor a possessive."""
    if (
        not word.isascii()
        or (word.endswith("'s") and word not in _vocabulary())
        or (len(word) == 1 and word not in "ai")
    ):
        return False
    if word in TITLES or not (word in _CAPITALISED or _is_ordinary(word)):
        return False
    if len(_KNOWN_PLAIN) < _MOST_KNOWN:
        _KNOWN_PLAIN.add(word)
    return True


class _Letters(dict[int, str]):
    """A translation table: letters and apostrophes stay, all else is a space."""

    def __missing__(self, code: int) -> str:
        self[code] = kept = chr(code) if chr(code).isalpha() or chr(code) == "'" else " "
        return kept


_LETTERS = _Letters()


def _small_words(text: str) -> list[str]:
    """The words of a text in small letters, with their apostrophes."""
    return text.lower().translate(_LETTERS).split()


class _Word(NamedTuple):
    start: int
    end: int
    text: str
    folded: str


class _Masker:
    """Says other people's names and places as roles, for one incident and one subject."""

    def __init__(self, subject: Person, others: Sequence[tuple[Person, str]], locations: Sequence[Location]) -> None:
        self.names = Names(subject, others)
        self.places = _place_words(locations)

    def read(self, text: str) -> None:
        """Look over a whole text: which of its words need a second look, and which are somebody's name misspelt."""
        words = set(_small_words(text))
        names = self.names
        odd = {word for word in words - _KNOWN_PLAIN if not _is_plain(word)}
        capitals = {word.lower() for word in _CAPITAL.findall(text)}
        strange = {folded for word in odd | capitals if len(folded := fold(word.removesuffix("'s"))) > 3}
        strange = strange.difference(names.words)
        self.close = names.lookalikes(strange)
        for folded in strange:
            if folded not in self.close and len(folded) > 4 and not _is_ordinary(folded):
                mask = names.skeletons.get(skeleton(folded), 0)
                if mask:
                    self.close[folded] = mask
        self.interesting = odd | words.intersection(names.words) | words.intersection(names.splits)
        self.interesting.update(words.intersection(self.places), words.intersection(self.close))

    def sentence(self, text: str) -> str | None:
        """One sentence of what was read as an account may carry it, or nothing if a word in it cannot be explained."""
        lowered = _small_words(text)
        if self.interesting.isdisjoint(lowered):
            return text if lowered else None
        words = [
            _Word(*match.span(), match.group(), fold(match.group().removesuffix("'s").removesuffix("'S")))
            for match in WORD.finditer(text)
        ]
        if not words:
            return None
        shouted = text.isupper()
        whispered = text.islower()
        return self._built(text, words, self._masks(words), shouted, whispered)

    def _masks(self, words: list[_Word]) -> list[int]:
        """For every word the people whose name it may be: 0 for nobody."""
        known, close = self.names.words, self.close
        masks = [known.get(word.folded, 0) for word in words]
        if close:
            for at, word in enumerate(words):
                if not masks[at] and word.folded in close and not (word.text.islower() and _is_ordinary(word.folded)):
                    masks[at] = close[word.folded]
        for at, word in enumerate(words[:-1]):
            seconds = self.names.splits.get(word.folded)
            if seconds and (mask := seconds.get(words[at + 1].folded, 0)) and words[at + 1].start - word.end <= 2:
                masks[at] |= mask
                masks[at + 1] |= mask
        return masks

    def _built(  # noqa: PLR0915 - one pass over the words, each case beside the others
        self, text: str, words: list[_Word], masks: list[int], shouted: bool, whispered: bool
    ) -> str | None:
        pieces: list[str] = []
        end = 0
        at = 0
        count = len(words)
        interesting = self.interesting
        repeated = ""
        while at < count:
            word = words[at]
            if (
                not masks[at]
                and word.folded == word.text
                and word.folded not in interesting
                and word.folded not in TITLES
            ):
                at += 1
                continue
            stop, mask = self._run(text, words, masks, at)
            if mask and self._counts(words[at:stop], masks[at:stop], shouted or whispered):
                if mask == self.names.subject:
                    at = stop
                    continue
                start = word.start
                said = self.names.role(mask)
                while stop < count and not (shouted or whispered) and self._belongs(text, words, masks, stop):
                    stop += 1
            elif word.folded in self.places and (shouted or whispered or not word.text.islower()):
                stop = at + 1
                while stop < count and self._is_place(text, words, stop):
                    stop += 1
                start, said = word.start, "an address"
            elif not word.text.isascii() and not word.folded.isascii():
                return None
            elif shouted or whispered:
                if not _is_ordinary(word.folded) and word.folded not in _CAPITALISED:
                    return None
                at += 1
                continue
            elif word.text[0].isupper() and not self._explained(words, masks, at):
                stop, start, said = self._stranger(text, words, masks, at)
            else:
                if not word.text.isascii() and _script(word.text) != "LATIN":
                    return None
                at += 1
                continue
            last = words[stop - 1]
            lead = text[end:start]
            before = words[at - 1] if at and words[at - 1].start >= end and start == word.start else None
            if said and before is not None and lead.endswith(before.text + " "):
                if before.folded in _ARTICLES:
                    lead = lead[: -len(before.text) - 1]
                elif before.folded in _ROLE_NOUNS and said in _ROLE_PHRASES:
                    said = ""
            if said and said == repeated and lead.strip(" ,/.-'") in {"", "and"} and len(lead) < 7:
                end, at = last.end, stop
                continue
            repeated = said
            if said and last.text[-2:] in {"'s", "'S"}:
                said += "'s"
            if said and not pieces and not lead.strip(" \"'(-*.,"):
                said = said[0].upper() + said[1:]
                lead = ""
            if not said:
                lead = lead.rstrip(" ,(")
            pieces += [lead, said]
            end = last.end
            if end < len(text) and text[end] == "." and len(last.text) == 1:
                end += 1
            at = stop
        pieces.append(text[end:])
        return "".join(pieces)

    def _run(self, text: str, words: list[_Word], masks: list[int], at: int) -> tuple[int, int]:
        """From a word on, the words that are one person's name, with titles and initials; the end and whose it may be."""
        mask = 0
        stop = at
        while stop < len(words):
            word = words[stop]
            own: int | None = masks[stop] or self._title_or_initial(words, masks, stop, mask)
            if own is None:
                break
            if stop > at and not _joined(text[words[stop - 1].end : word.start]):
                break
            if own and mask and not own & mask:
                break
            mask = (mask & own if mask else own) if own else mask
            stop += 1
        while stop > at and not masks[stop - 1] and words[stop - 1].folded in TITLES:
            stop -= 1
        if stop == at:
            return at + 1, self._signed(words[at])
        if not any(masks[at:stop]) and (stop - at == 1 or not mask):
            return at + 1, self._signed(words[at])
        return stop, mask

    def _signed(self, word: _Word) -> int:
        """Two initials written as one word."""
        if (
            len(word.text) == 2
            and word.text.isupper()
            and word.folded not in _CAPITALISED
            and not _is_ordinary(word.folded)
        ):
            return self.names.signs.get(word.folded, 0) & self.names.others
        return 0

    def _title_or_initial(self, words: list[_Word], masks: list[int], at: int, mask: int) -> int | None:
        word = words[at]
        if word.folded in TITLES:
            return 0 if at + 1 < len(words) and (masks[at + 1] or len(words[at + 1].text) == 1) else None
        if len(word.text) == 1 and word.text.isupper():
            by_initial = self.names.initials.get(word.folded, 0)
            beside = (masks[at + 1] if at + 1 < len(words) else 0) | mask
            further = masks[at + 2] if at + 2 < len(words) and len(words[at + 1].text) == 1 else 0
            signed = (
                self.names.signs.get(word.folded + words[at + 1].folded, 0)
                if at + 1 < len(words) and len(words[at + 1].text) == 1
                else 0
            )
            before = (
                self.names.signs.get(words[at - 1].folded + word.folded, 0)
                if at and len(words[at - 1].text) == 1
                else 0
            )
            if by_initial & (beside | further | signed):
                return by_initial & (beside | further | signed)
            if before & mask:
                return before & mask
            if (beside | further) & self.names.others:
                return 0  # some initial beside another's name
        return None

    def _counts(self, words: list[_Word], masks: list[int], one_case: bool) -> bool:
        """Whether a run is surely meant as a name: everyday words only with a capital, or beside a name that is none."""
        named = [word for word, mask in zip(words, masks, strict=True) if mask]
        if not named:
            return True  # initials alone, found as such
        if any(word.folded not in self.names.everyday for word in named):
            return True
        if len({word.folded for word in named}) > 1:
            return True
        return (
            not one_case
            and any(not word.text.islower() for word in named)
            and all(len(word.folded) > 1 for word in named)
        )

    def _belongs(self, text: str, words: list[_Word], masks: list[int], at: int) -> bool:
        """Whether a word with a capital right after a name is more of that name: one misspelt into an ordinary word."""
        word = words[at]
        between = text[words[at - 1].end : word.start]
        return between in {" ", "-"} and not masks[at] and word.text[0].isupper() and word.folded not in _CAPITALISED

    def _is_place(self, text: str, words: list[_Word], at: int) -> bool:
        between = text[words[at - 1].end : words[at].start]
        return between.strip(" ,-") == "" and (words[at].folded in self.places or words[at].folded in _STREETLIKE)

    def _explained(self, words: list[_Word], masks: list[int], at: int) -> bool:
        """Whether a capital needs no name to explain it."""
        word = words[at]
        if word.folded in _CAPITALISED or (len(word.text) == 1 and word.folded in "ai"):
            return True
        if masks[at] == self.names.subject:
            return True
        if word.text.isupper() and len(word.text) <= 3:  # "BMW": an abbreviation, unless it stands in a name
            beside = words[max(0, at - 1) : at] + words[at + 1 : at + 2]
            return all(
                each.text.islower() or _is_ordinary(each.folded) or each.folded in _CAPITALISED for each in beside
            )
        following = words[at + 1] if at + 1 < len(words) else None
        if (
            following is not None
            and following.text[0].isupper()
            and not following.text.isupper()
            and following.folded not in _CAPITALISED
            and at
        ):
            # "Grant Chen": an ordinary word before a strange capital is part of a name.
            return _is_ordinary(word.folded) and _is_ordinary(following.folded)
        return _is_ordinary(word.folded)

    def _stranger(self, text: str, words: list[_Word], masks: list[int], at: int) -> tuple[int, int, str]:
        """A name of nobody on the record: where it ends, where it begins, and what to say instead."""
        stop = at + 1
        while stop < len(words):
            word = words[stop]
            gap = text[words[stop - 1].end : word.start]
            if (
                not _joined(gap)
                or "," in gap
                or masks[stop]
                or not word.text[0].isupper()
                or word.folded in _CAPITALISED
            ):
                break
            stop += 1
        before = words[at - 1].folded if at else ""
        start = words[at].start
        if before in _RANKS:
            return stop, words[at - 1].start, "an officer"
        if before == "address" or [each.folded for each in words[stop : stop + 2]] == ["an", "address"]:
            return stop, start, "an address"
        if stop - at > 1 and words[stop - 1].folded in _STREETLIKE:
            return stop, start, "an address"
        if before in TITLES:
            return stop, words[at - 1].start, "another person"
        if before in _SAID_ALREADY and _joined(text[words[at - 1].end : start]):
            return stop, start, ""
        if before in _PLACE_BEFORE:
            return stop, start, "a place"
        return stop, start, "another person"


def _joined(between: str) -> bool:
    return len(between) <= 3 and between.strip(" .,'-/") == ""


@lru_cache(maxsize=4096)
def _script(word: str) -> str:
    scripts = {unicodedata.name(each, "?").split()[0] for each in word if each.isalpha()}
    return scripts.pop() if len(scripts) == 1 else "MIXED"


# --- the account -------------------------------------------------------------------------------------------------

_EMPTY = re.compile(r"\(\s*[,;:./-]*\s*\)|\[\s*\]|\"\s*\"|\*+")
_BEFORE_STOP = re.compile(r" +([.,;:!?)])")
_STOPS = re.compile(r"([,;:])(?:\s*[,;:])+")
_SAID = r"the suspect|a witness|a child|another person|another victim|an officer|a person|an address|a place|a reference|a number|a vehicle|a date"
_TWICE = re.compile(rf"(?i)\b({_SAID})(?:[,/]? ?(?:and )?\1\b)+")


def _tidy(text: str) -> str:
    """A built sentence without the traces of what is not in it: empty brackets, doubled stops, the same said twice."""
    if "(" in text or "[" in text or '"' in text or "*" in text:
        text = _EMPTY.sub("", text)
    if "address" in text or "number" in text or "reference" in text or "vehicle" in text:
        text = _TWICE.sub(r"\1", text)
    if " ," in text or " ." in text or " ;" in text or " :" in text or " )" in text or " ?" in text or " !" in text:
        text = _BEFORE_STOP.sub(r"\1", text)
    if "," in text or ";" in text or ":" in text:
        text = _STOPS.sub(r"\1", text)
    while "  " in text:
        text = text.replace("  ", " ")
    text = text.strip(" ,;:-\"'/")
    return text[:1].upper() + text[1:]


#: A sentence of up to this many words that does not begin like one is an answer to the sentence before: "Expired in May."
_FRAGMENT_WORDS = 3
_BEGINNINGS = re.compile(
    r"(?:he|she|they|it|i|we|the|a|an|his|her|their|this|that|there|then|both|police|officers?|victim|suspect|male|female)\b",
    re.I,
)


def _without_immigration(text: str) -> list[str]:
    """The sentences of a cleaned text that state no immigration fact, nor answer one that does: "Expired."."""
    sentences = _sentences(text)
    if not states_immigration(text):
        return sentences
    kept: list[str] = []
    unsaid = False
    for sentence in sentences:
        if states_immigration(sentence):
            unsaid = True
        elif not (unsaid and sentence.count(" ") < _FRAGMENT_WORDS and not _BEGINNINGS.match(sentence)):
            unsaid = False
            kept.append(sentence)
    return kept


def compose(
    narratives: Sequence[str],
    subject: Person,
    others: Sequence[tuple[Person, str]],
    locations: Sequence[Location] = (),
    forbidden: Sequence[Forbidden] = (),
) -> Account:
    """The account of an incident for a referral about `subject`, or none and why.

    Args:
        narratives: the texts of the incident, in order.
        subject: the person the referral is about; their name may stay, their contacts and numbers do not.
        others: everybody else on the record with the words that stand for them (`role_word`).
        locations: every address of the incident; none of them is carried.
        forbidden: what else must not be in it, beyond what `others` and `locations` say: identifiers of protected people.

    Returns:
        The text and no reasons; or an empty text with the rules of `residue` that objected.
    """
    masker = _Masker(subject, others, locations)
    taken: list[str] = []
    for narrative in narratives:
        sentences = _without_immigration(clean(narrative[:MOST_READ]))
        text = "\n".join(sentences)
        signed = has_sign(text)
        if signed or has_digit(text):
            sentences = [_tidy(without_identifiers(each)) if signed or has_digit(each) else each for each in sentences]
            text = "\n".join(sentences)
        masker.read(text)
        for sentence in sentences:
            built = masker.sentence(sentence)
            if built is not None and built is not sentence:
                built = _tidy(built)
            if built and len(built) > 1:
                taken.append((built[0].upper() + built[1:]) + ("" if built[-1] in ".!?" else "."))
    account_text = " ".join(taken)
    if len(account_text) > MOST_CHARACTERS:
        account_text = account_text[: account_text.rfind(". ", 0, MOST_CHARACTERS) + 1]
    if not account_text:
        return Account("", ())
    if states_immigration(account_text):
        return Account("", ("residue.immigration",))
    checks = list(forbidden)
    for person, _ in others:
        checks += forbidden_of(person, locations)
    checks += [each for each in forbidden_of(subject, locations) if each.kind not in {"name"}]
    checks += [Forbidden("postcode", location.postcode) for location in locations if location.postcode]
    found = residue(account_text, checks)
    return Account("", tuple(found)) if found else Account(account_text, ())


def account(
    narratives: Sequence[str],
    subject: Person,
    others: Sequence[tuple[Person, str]],
    locations: Sequence[Location] = (),
    forbidden: Sequence[Forbidden] = (),
) -> str:
    """The text of `compose`: empty where there is none to give."""
    return compose(narratives, subject, others, locations, forbidden).text
