"""Words in a narrative or an offence title that raise protection; they never lower it (spec 3.2, 6.12).

The list, its negations and its cases are `keywords.yaml`. One Aho-Corasick automaton holds the beginnings of all
phrases. Most texts hold none and cost one folding and one scan; only where it fires are the rest of the phrase, the
word boundaries and the negations looked at.

A hit is negated only where the text says so plainly. In doubt it stands: an unread "no" costs a review, an unread
"domestic violence" costs a person.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import islice, product
from pathlib import Path
from typing import Any, NamedTuple

import ahocorasick
import numpy as np
import yaml

DA = 1
MS = 2
_SIGNALS = {"DA": DA, "MS": MS}
#: A phrase is held as literals up to this many; what follows becomes a regular expression.
_MOST_LITERALS = 600
_PLACE = "\x01"


class Hit(NamedTuple):
    """One keyword in a text: its id, where it stands in the text as given, and whether the text negates it."""

    id: str
    start: int
    end: int
    negated: bool


class _Ending(NamedTuple):
    """What must follow the beginning that the automaton found."""

    keyword: str
    signal: int
    acronym: bool
    stem: bool
    rest: re.Pattern[str] | None


class _Rules(NamedTuple):
    version: int
    automaton: Any
    before: re.Pattern[str]
    after: re.Pattern[str]


# --- folding -----------------------------------------------------------------------------------------------------

#: Letters of other scripts that look like Latin ones. NFKD has already undone accents, full width and ligatures.
_LOOK_ALIKE = dict(
    zip(
        "абвеіјкмнорсѕтухһԁԛԝѵгпаеоαβεηικνορτυχωγıɩɡɑօոսցհⅼοϲꞵℓðøđħłŧƅɗ",
        "abbeijkmhopcstyxhdqwvrnaeoabenikvoptuxwyiigaonucghlocblodhhltbd",
        strict=False,
    )
)
_LOOK_ALIKE |= {
    "в": "b",
    "н": "h",
    "ø": "o",
    "đ": "d",
    "ħ": "h",
    "ł": "l",
    "ŧ": "t",
    "ð": "d",
    "ι": "i",
    "ν": "v",
    "ρ": "p",
}
_AS_SPACE = frozenset('-/_"*~|\\<>=+“”«»„')
_APOSTROPHES = frozenset("'`´‘’ʼ′ʹ＇")


def _folded_character(character: str) -> str:
    if character in _APOSTROPHES:
        return "'"
    category = unicodedata.category(character)
    if category in {"Cf", "Mn", "Me"}:
        return ""
    if category[0] in {"Z", "C"} or category in {"Pd", "Pc"} or character in _AS_SPACE:
        return " "
    folded = unicodedata.normalize("NFKD", character).casefold()
    folded = "".join(_LOOK_ALIKE.get(each, each) for each in folded if unicodedata.category(each) != "Mn")
    return folded if folded != "…" else "..."


class _Scan(dict[int, str]):
    """A translation table: letters and digits stay, all else is a space."""

    def __missing__(self, code: int) -> str:
        self[code] = kept = chr(code) if chr(code).isalnum() else " "
        return kept


class _Fold(dict[int, str]):
    """A translation table that works out a character's folding when it first meets it."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded_character(chr(code))
        return folded


_FOLD = _Fold()
_SCANNED_ALL = _Scan()
_ASCII = {code: _FOLD[code] for code in range(128)}
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
#: For the automaton every character that is no letter and no digit is a space, so that a word's ends are spaces.
_ODD = "\x00"
_SCANNED = {
    code: _ODD
    if chr(code) in "<&\x7f" or (code < 32 and chr(code) not in "\t\n\r")
    else chr(code).lower()
    if chr(code).isalnum()
    else " "
    for code in range(128)
}
#: What may stand inside a word to hide it, or between two words: read both as nothing and as a space.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+|-[ \t]*\r?\n[ \t]*"
)
_MARKUP = re.compile(r"<[^<>]{0,120}>|&#?[A-Za-z0-9]{2,8};")


def _scanned(text: str) -> str:
    """The text's words alone, in one case and one alphabet, each between single spaces; `_ODD` where it needs a second look."""
    if not text.isascii():
        text = _FOREIGN.sub(_scan_foreign, text)
    text = f" {text} ".translate(_SCANNED)
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def _scan_foreign(found: re.Match[str]) -> str:
    run = found.group()
    return _ODD if _INVISIBLE.search(run) else run.translate(_FOLD)


def _fold(text: str) -> tuple[str, Sequence[int]]:
    """The text as keywords are written, with its punctuation, and the place in the given text of every character and of the end."""
    if text.isascii():  # character for character
        folded = text.translate(_ASCII)
        if "  " not in folded:
            return folded, range(len(text) + 1)
        spaces = np.frombuffer(folded.encode(), dtype=np.uint8) == 32
        spaces[1:] &= spaces[:-1].copy()
        spaces[0] = False
        places = np.flatnonzero(~spaces)
        return "".join(map(folded.__getitem__, places)), [*places.tolist(), len(text)]
    kept: list[str] = []
    origin: list[int] = []
    last = ""
    for place, character in enumerate(text):
        for each in _FOLD[ord(character)]:
            if each != " " or last != " ":
                kept.append(each)
                origin.append(place)
            last = each
    origin.append(len(text))
    return "".join(kept), origin


def _readings(text: str) -> list[tuple[str, list[int] | None]]:
    """The text, and where something in it could hide a word, the text read otherwise with the places in the original."""
    readings: list[tuple[str, list[int] | None]] = [(text, None)]
    for pattern in (_INVISIBLE, _MARKUP):
        for reading, origin in list(readings):
            if pattern is _MARKUP and "<" not in reading and "&" not in reading:
                continue
            if pattern.search(reading):
                for blank in (" ", ""):
                    other, places = _without(reading, pattern, blank)
                    readings.append((other, places if origin is None else [origin[place] for place in places]))
    return readings


def _without(text: str, pattern: re.Pattern[str], blank: str) -> tuple[str, list[int]]:
    kept: list[str] = []
    places: list[int] = []
    end = 0
    for found in [*pattern.finditer(text), None]:
        start = found.start() if found else len(text)
        kept.append(text[end:start])
        places.extend(range(end, start))
        if found:
            entity = html.unescape(found.group()) if found.group()[0] == "&" else found.group()
            instead = entity if entity != found.group() and not entity.isspace() else blank
            kept.append(instead)
            places.extend([start] * len(instead))
            end = found.end()
    places.append(len(text))
    return "".join(kept), places


# --- the list ----------------------------------------------------------------------------------------------------

_PART = re.compile(r"\{(\w+)\}|\(([^()]*)\)|~(\d+)(!?)|(\S+)")
_GAP_BEFORE = r"[,:()]{0,2}"
#: Not after a form of "to be": "her husband was hit" says nothing about what her husband did.
_ACTIVE = "".join(rf"(?<!\b{word} )" for word in ("was", "were", "been", "being", "is", "be", "got", "getting"))


def _alternatives(part: re.Match[str], words: dict[str, list[str]]) -> list[str]:
    macro, group, _, _, word = part.groups()
    if macro is not None:
        return [str(each) for each in words[macro]]
    return group.split("|") if group is not None else [word]


def _expression(alternatives: list[str]) -> str:
    parts = [re.escape(each).replace(r"\*", r"\w*") for each in sorted(alternatives, key=len, reverse=True)]
    return "(?:" + "|".join(parts) + ")"


def _compile_phrase(phrase: str, words: dict[str, list[str]]) -> tuple[list[str], str | None]:
    """The literal beginnings of a phrase, and the expression of what follows, if anything."""
    heads = [""]
    parts = list(_PART.finditer(phrase))
    taken = 0
    for part in parts:
        if part[3] is not None:
            break
        alternatives = _alternatives(part, words)
        if len(heads) * len(alternatives) > _MOST_LITERALS:
            break
        heads = [" ".join(filter(None, pair)) for pair in product(heads, alternatives)]
        taken += 1
    if taken == len(parts):
        return heads, None
    rest, open_gap = "", False
    for part in parts[taken:]:
        if part[3] is not None:
            rest += rf"{_GAP_BEFORE} (?:[^\s.!?;]+ ){{0,{part[3]}}}" + (_ACTIVE if part[4] else "")
            open_gap = True
            continue
        alternatives = _alternatives(part, words)
        group = _expression([each for each in alternatives if each])
        lead = "" if open_gap else " "
        rest += f"(?:{lead}{group})?" if "" in alternatives else lead + group
        open_gap = False
    return heads, rest + r"(?!\w)"


def _spaced(words: Sequence[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _compile_negation(cues: dict[str, list[str]]) -> re.Pattern[str]:
    """A cue, words of its own list only, then a hit, or hits in a list that ends in "or" or "nor"."""
    trail = r"(?: (?:history|concerns?|issues?|markers?|incidents?|related|reports?|element))?"
    hits = rf"{_PLACE}{trail}(?:(?:, {_PLACE}{trail})*,? (?:or|nor|and or) (?:any |other |a )?{_PLACE}{trail})*"
    options = [
        rf"{re.escape(cue)}(?: (?:{_spaced(fillers)}))*" if fillers else re.escape(cue)
        for cue, fillers in sorted(cues.items(), key=lambda item: -len(item[0]))
    ]
    return re.compile(rf"(?<![\w'])(?:{'|'.join(options)}) (?P<hits>{hits})")


_NEGATED_AFTER = re.compile(
    rf"(?P<hits>{_PLACE})(?: (?:history|concerns?|issues?|markers?|related|element))?"
    r"(?: (?:is|was|are|were|has been|have been)(?: (?:ruled out|discounted|excluded)"
    r"| not (?:suspected|identified|apparent|present|believed|applicable|relevant|an issue|a factor|a concern|indicated|evident|involved))"
    r"| (?:ruled out|discounted)"
    r"| not (?:suspected|identified|apparent|applicable|relevant|indicated|evident)"
    r"| ?: ?(?:no|none|nil|n a|na|false|negative|not applicable)(?= ?(?:[.,;)\n]|$)))"
)


def _build(document: dict[str, Any]) -> _Rules:
    endings: dict[str, list[_Ending]] = {}
    words = document["words"]
    for keyword in document["keywords"]:
        for phrase in keyword["phrases"]:
            heads, rest = _compile_phrase(phrase, words)
            for head in heads:
                stem = rest is None and head.endswith("*")
                ending = _Ending(
                    keyword["id"],
                    _SIGNALS[keyword["signal"]],
                    bool(keyword.get("acronym")),
                    stem,
                    re.compile(rest) if rest else None,
                )
                literal = " " + head.translate(_SCANNED).strip() + ("" if stem else " ")
                endings.setdefault(literal, []).append(ending)
    automaton = ahocorasick.Automaton()
    for head, found in endings.items():
        automaton.add_word(head, (len(head), tuple(found)))
    automaton.make_automaton()
    return _Rules(document["version"], automaton, _compile_negation(document["negation"]["cues"]), _NEGATED_AFTER)


def literals(phrases: Sequence[str]) -> Any:
    """An automaton over `plain_words` that fires on any of some phrases; gaps and endings but the last are not for it."""
    automaton = ahocorasick.Automaton()
    for phrase in phrases:
        heads, rest = _compile_phrase(phrase, {})
        if rest is not None:
            message = f"phrase `{phrase}` has a gap or too many alternatives"
            raise ValueError(message)
        for head in heads:
            automaton.add_word(" " + head.translate(_SCANNED).strip() + ("" if head.endswith("*") else " "), 1)
    automaton.make_automaton()
    return automaton


def plain_words(text: str) -> str:
    """The text's words alone, in one case and one alphabet, each between single spaces."""
    plain = _scanned(text).replace(_ODD, " ")
    while "  " in plain:
        plain = plain.replace("  ", " ")
    return plain


@cache
def document() -> dict[str, Any]:
    """`keywords.yaml` as it stands: version, words, keywords, negation, cases."""
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("keywords.yaml").read_text("utf-8"))
    return loaded


@cache
def _rules() -> _Rules:
    return _build(document())


def version() -> int:
    """The version of the keyword list."""
    return _rules().version


# --- finding -----------------------------------------------------------------------------------------------------


class _Found(NamedTuple):
    ending: _Ending
    start: int
    end: int


def _find(folded: str, automaton: Any) -> list[_Found]:
    """Every keyword in a folded text, acronyms by their letters only."""
    found: list[_Found] = []
    scanned = f" {folded} ".translate(_SCANNED_ALL)
    for last, (length, endings) in automaton.iter(scanned):
        start = last + 1 - length  # in `scanned` the space before the word, in `folded` the word
        end = last if length and scanned[last] != " " else last - 1
        for ending in endings:
            if ending.stem:
                stem_end = last
                while stem_end < len(folded) and folded[stem_end].isalnum():
                    stem_end += 1
                found.append(_Found(ending, start, stem_end))
            elif ending.rest is None:
                found.append(_Found(ending, start, end))
            elif match := ending.rest.match(folded, end):
                found.append(_Found(ending, start, match.end()))
    return found


_WORD = re.compile(r"\w+")


def _is_acronym(text: str, start: int, end: int) -> bool:
    """Whether a word stands in capitals and is no part of a name: not beside a capitalised word that is none itself."""
    if not text[start:end].isupper():
        return False
    following = _WORD.search(text, end)
    if following is None or re.search(r"[.,;:!?()\n/&-]", text[end : following.start()]):
        shouted = text[max(0, start - 40) : start].split()[-1:]
        return not (shouted and shouted[0].isalpha() and shouted[0].isupper() and len(shouted[0]) > 3)  # "MARIA DA."
    word = following.group()
    return not word[0].isupper() or word.lower() in _AFTER_ACRONYM


#: What may follow "DA" in capitals without making it somebody's name.
_AFTER_ACRONYM_WORDS = """
incident incidents history markers marker related flag flagged case victim suspect log risk form book offence
crime concerns job call reports report completed complete assessment score scored done high medium standard dv
dash dara hba or and is was not no yes ra ric refused declined submitted stalking marac i
"""
_AFTER_ACRONYM = frozenset(re.findall(r"\w+", _AFTER_ACRONYM_WORDS))

_TITLES = "".join(rf"(?<!\b{title})" for title in ("mr", "mrs", "ms", "dr", "pc", "ps", "dc", "ds", "sgt", "approx"))
_SENTENCE_START = re.compile(rf"{_TITLES}[.](?=[ \n])|[!?;](?=[ \n])|\n")
#: A second negation, a claim, a doubt: what follows it is not the record's own plain "no".
_VOID = re.compile(
    r"(?<![\w'])(?:no|not|never|nor|neither|none|nobody|without|cannot|can't|couldn't|don't|didn't|doesn't|isn't|wasn't|won't"
    r"|den(?:y|ies|ied|ying|ial)|doubt\w*|disput\w*|refut\w*|untrue|false\w*|lie[sd]?|lying|incorrect\w*|wrong\w*|claim\w*"
    r"|alleg(?:e[sd]?|ing|edly)|insist\w*|maintain\w*|unclear|unknown|unsure|unable|whether|if|pretend\w*|forced|pressur\w*|coach\w*"
    r"|rehearsed|told to|asked to|made to|supposed\w*|might|may|could|possibl[ey]|until|before|question\w*|ask(?:ed|ing|s)?)(?![\w'])"
)
_SAID_BY_OTHERS = re.compile(
    r"(?<!\w)(?:suspect|susp|sus|offender|perpetrator|perp|male|accused|defendant|detainee|he|husband|wife|partner|boyfriend"
    r"|girlfriend|ex|both|both parties|parties|family|relatives|in laws|mother|father|brother|interpreter|p2)(?: [\w.,']+){0,4}"
    r" (?:say|says|said|saying|state|states|stated|stating|tell|tells|told|report|reports|reported|confirm\w*|advise[sd]?|explain\w*"
    r"|assure[sd]?|assert\w*|replied|answered|account)(?!\w)"
)
_CLAUSE_START = re.compile(r"[,:()|]| (?:and|but|with|or) ")
_EXCEPTION = re.compile(
    r"(?<!\w)(?:until|till|other than|except|apart from|besides|aside from|bar (?:this|the|one)|so far|up to now|thus far|this time"
    r"|first (?:time|incident|report|occasion|instance)|(?:before|prior to|previous to) (?:this|today|tonight|now|that|then|the)"
    r"|(?:but|however|although|though|yet)(?: [^.!?;\n]*)? (?:disclos\w*|admit\w*|stat\w*|said|told|alleg\w*|tonight|today|now|she|he|they|her|him))(?!\w)"
)
_AFFIRMED = re.compile(rf"{_PLACE}(?: history)?[ :=]{{0,3}}(?:yes|y|true|confirmed|admitted)(?!\w)")


#: How far before and after a negation its sentence is read, in characters.
_REACH = 500
#: A text of more negations than this is nobody's account of an incident; the rest of its keywords stand.
_MOST_NEGATIONS = 200


def _plainly_negated(reduced: str, start: int, hits: tuple[int, int]) -> bool:
    """Whether the negation that begins at `start` and covers `hits` is the record's own, single and without exception."""
    sentence = reduced[max(0, start - _REACH) : start].replace(_WRAP, " ")
    sentence = sentence[max((found.end() for found in _SENTENCE_START.finditer(sentence)), default=0) :]
    clause_from = max((found.end() for found in _CLAUSE_START.finditer(sentence)), default=0)
    if _VOID.search(sentence[clause_from:]) or _SAID_BY_OTHERS.search(sentence):
        return False
    rest = reduced[hits[1] - 1 : hits[1] + _REACH].replace(_WRAP, " ")
    closing = _SENTENCE_START.search(rest)
    rest = rest[: closing.end()] if closing else rest
    return not (rest.rstrip().endswith("?") or _EXCEPTION.search(rest) or _AFFIRMED.match(rest))


#: A line break before a small letter: most likely one sentence, but no place to read a "no" across.
_WRAP = "\v"
_WRAPPED = re.compile(r"\b(of|any|to|a|the|or|for|previous|prior)[\n\v](?!\|)|\b(no|not)\v(?!\|)")
_ANSWERED = re.compile(r"[:|?][ \n\v]?(?:no|not|nil|none)[\n\v]")


def _negated(folded: str, places: Sequence[int], text: str, found: list[_Found]) -> list[bool]:
    """For each keyword whether the text negates it."""
    spans: list[tuple[int, int]] = []
    for _, start, end in sorted(found, key=lambda each: each.start):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    pieces: list[str] = []
    last = 0
    for start, end in spans:
        pieces += [_with_lines(folded, places, text, last, start), _PLACE]
        last = end
    pieces.append(_with_lines(folded, places, text, last, len(folded)))
    reduced = "".join(pieces)
    # A line that ends in an answer ("Injuries: no") is over; a line that ends in "history of" was only wrapped.
    if "\n" in reduced or _WRAP in reduced:
        reduced = _ANSWERED.sub(lambda match: match.group() + "|", reduced)
        reduced = _WRAPPED.sub(lambda match: match.group()[:-1] + " ", reduced)
    origin = {match.start(): number for number, match in enumerate(re.finditer(_PLACE, reduced))}
    negated: set[int] = set()
    for pattern in (_rules().before, _rules().after):
        for match in islice(pattern.finditer(reduced), _MOST_NEGATIONS):
            if _plainly_negated(reduced, match.start(), match.span("hits")):
                negated |= {origin[match.start("hits") + at] for at, each in enumerate(match["hits"]) if each == _PLACE}
    starts = [start for start, _ in spans]
    return [bisect_right(starts, each.start) - 1 in negated for each in found]


def _with_lines(folded: str, places: Sequence[int], text: str, start: int, end: int) -> str:
    """A stretch of folded text in which line breaks and spaced dashes are seen again."""
    stretch = folded[start:end]
    given = text[places[start] : places[end]]
    if "\n" not in given and " -" not in given and "–" not in given and "—" not in given:
        return stretch
    kept: list[str] = []
    for at, character in enumerate(stretch, start):
        run = text[places[at] : places[at + 1]] if character == " " else ""
        if "\n" in run:
            following = text[places[at + 1] : places[at + 1] + 1]
            kept.append(_WRAP if following.islower() else "\n")
        else:
            kept.append("|" if len(run) > 1 and any(dash in run for dash in "-–—") else character)
    return "".join(kept)


def hits(text: str) -> list[Hit]:
    """Every keyword in a text, in order, negated or not; places are counted in the text as given."""
    seen: dict[tuple[str, int, int], bool] = {}
    rules = _rules()
    for reading, origin in _readings(text):
        if next(iter(rules.automaton.iter(_scanned(reading).replace(_ODD, " "))), None) is None:
            continue
        folded, places = _fold(reading)
        found = [
            each
            for each in _find(folded, rules.automaton)
            if not each.ending.acronym or _is_acronym(reading, places[each.start], places[each.end])
        ]
        for each, negated in zip(found, _negated(folded, places, reading, found), strict=True):
            start, end = places[each.start], places[each.end - 1] + 1
            if origin is not None:
                start, end = origin[start], origin[end - 1] + 1
            key = (each.ending.keyword, start, end)
            # Read in two ways, a hit is negated only if it is in both.
            seen[key] = negated and seen.get(key, True)
    return sorted((Hit(*key, negated) for key, negated in seen.items()), key=lambda hit: (hit.start, hit.end, hit.id))


_SIGNAL_OF: dict[str, int] = {}


def _mask(text: str) -> int:
    if not _SIGNAL_OF:
        _SIGNAL_OF.update({each["id"]: _SIGNALS[each["signal"]] for each in document()["keywords"]})
    mask = 0
    for hit in hits(text):
        if not hit.negated:
            mask |= _SIGNAL_OF[hit.id]
    return mask


def signals(texts: Sequence[str]) -> np.ndarray:
    """For each text the signals it raises: 1 domestic abuse, 2 modern slavery, 3 both; shape (len(texts),), uint8.

    Source: domain rules of domestic-abuse derivation ("keyword list in narrative, raises only"), spec 6.12.
    """
    masks = np.zeros(len(texts), dtype=np.uint8)
    automaton = _rules().automaton
    for row, text in enumerate(texts):
        scanned = _scanned(text)
        broken = _ODD in scanned or "-\n" in text or "-\r" in text
        if broken or next(automaton.iter(scanned), None) is not None:
            masks[row] = _mask(text)
    return masks
