"""Words in a narrative or an offence title that raise protection; they never lower it (spec 3.2, 6.12).

The list, its negations and its cases are `keywords.yaml`. One Aho-Corasick automaton holds the beginnings of all
phrases. Most texts hold none and cost one folding and one scan; only where it fires are the rest of the phrase, the
word boundaries and the negations looked at.

A hit is negated only where the text says so plainly. In doubt it stands: an unread "no" costs a review, an unread
"domestic violence" costs a person.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import product
from operator import attrgetter
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
    negation: re.Pattern[str]
    cues: frozenset[str]
    """The first words of all cues, and below them every word of a cue or its fillers."""
    negating: frozenset[str]
    signal_of: dict[str, int]


# --- folding -----------------------------------------------------------------------------------------------------

#: Letters of other scripts that look like Latin ones, each with the Latin one. NFKD has already undone accents, full
#: width and ligatures; a capital counts by its own shape where it has an entry, else by its small letter's.
_ALIKE = (
    "аa вb еe ёe іi јj кk мm нh оo рp сc ѕs тt уy үy хx һh ԁd ԛq ԝw ѵv гr пn ӏl ԍg ԏt ьb "  # Cyrillic
    "αa βb εe ηn ιi κk νv οo ρp τt υu χx ωw γy ϲc σo μu ΗH ΜM ΝN ΥY ΖZ "  # Greek
    "օo ոn սu ցg հh ռn զq ՏS ԼL "  # Armenian
    "ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz "  # small capitals
    "ıi ɩi ɡg ɑa ꞵb ƅb ɓb ɗd ɖd ðd øo đd ħh łl ŧt ƭt ɵo ꝺd ƒf ʋv"
)
_LOOK_ALIKE: dict[str, str] = {pair[0]: pair[1] for pair in _ALIKE.split()}
_AS_SPACE = frozenset('/_"*~|\\>=+“”«»„')
_APOSTROPHES = frozenset("'`´‘’ʼ′ʹ＇")
#: What may stand inside a word to hide it, or between two words: read both as nothing and as a space.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+|-[ \t]*\r?\n[ \t]*"
)
_MARKUP = re.compile(r"<[^<>]{0,120}>|&#?[A-Za-z0-9]{2,8};")
_HIDDEN = "\0"
#: In a marked text: a line break, one before a small letter (most likely one sentence, but no place to read a "no"
#: across), a dash between spaces, and what else holds more than one dash or space: it ends what a "no" reaches and begins
#: no clause.
_BREAK, _WRAP, _DASH, _DASHES = "\n", "\v", "|", "\f"
#: What parts words: between two words stands one of these or a mark, and only one.
_PARTING = " /-\n<"


def _spell(character: str) -> str:
    """How a character is read, in ASCII and in its case.

    What parts words is one of `_PARTING`; a letter of an alphabet that no keyword is written in is a 0, another sign a
    #, and what cannot be seen `_HIDDEN`.
    """
    if character in _APOSTROPHES:
        return "'"
    if character in "-–—":
        return "-"
    if character in "\n<":
        return character
    category = unicodedata.category(character)
    if category == "Cf" or _INVISIBLE.match(character):
        return _HIDDEN
    if category in {"Mn", "Me"}:
        return ""
    if category[0] in {"Z", "C"}:
        return " "
    if category in {"Pd", "Pc"} or character in _AS_SPACE:
        return "/"
    folded = _LOOK_ALIKE.get(character) or unicodedata.normalize("NFKD", character).casefold()
    folded = "".join(_LOOK_ALIKE.get(each, each) for each in folded if unicodedata.category(each) != "Mn")
    spelt = "".join(each if each.isascii() else "0" if each.isalnum() else "#" for each in folded)
    return spelt.upper() if character.isupper() else spelt


class _Spelling(dict[int, str]):
    """A translation table that works a character out when it first meets it."""

    def __missing__(self, code: int) -> str:
        self[code] = spelt = _spell(chr(code))
        return spelt


def _table(read: Callable[[str], str]) -> bytes:
    """A translation table for ASCII."""
    return bytes(ord(read(chr(code))) for code in range(128)) + bytes(128)


_SPELLING = _Spelling()
_SPELT = _table(_spell)
_FOLDED = _table(lambda each: " " if each in _PARTING + "\v|\f" else each.lower())
_LINES = _table(lambda each: " " if each in "/-" else each.lower())
#: For the automaton every character that is no letter and no digit is a space, so that a word's ends are spaces.
_WORDS = _table(lambda each: each.lower() if each.isalnum() else " ")
_UNSEEN = bytes(code for code in range(128) if _spell(chr(code)) == _HIDDEN)


def _spell_run(error: UnicodeError) -> tuple[str, int]:
    """Spells a run of characters that are not ASCII, for `str.encode`, which passes over the others at no cost."""
    assert isinstance(error, UnicodeEncodeError)
    return error.object[error.start : error.end].translate(_SPELLING), error.end


codecs.register_error("cordon.spelling", _spell_run)


def _spelt(text: str) -> bytes:
    """The text in ASCII, one space at a time."""
    return _one_space(text.encode("ascii", "cordon.spelling").translate(_SPELT))


def _one_space(text: bytes) -> bytes:
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text


def _may_hide(spelt: bytes) -> bool:
    """Whether something in a text could hide a word."""
    return (
        b"\0" in spelt or b"<" in spelt or b"&" in spelt or (b"\n" in spelt and (b"-\n" in spelt or b"- \n" in spelt))
    )


_SLASHES = (
    (b" /", b"/"),
    (b"/ ", b"/"),
    (b"//", b"/"),
    (b"-/", b"--"),
    (b"/-", b"--"),
    (b"/\n", b"\n"),
    (b"\n/", b"\n"),
)
_SPACED = ((b" -", b"|"), (b"| ", b"|"), (b"|-", b"|"), (b"-|", b"|"), (b"||", b"|"))
_DOUBLED = ((b"--", b"\f"), (b"- ", b"\f"), (b"\f ", b"\f"), (b"\f-", b"\f"), (b"\f\f", b"\f"))


def _marked(spelt: bytes) -> bytes:
    """The text with whatever parts two words as one character: a space, a slash, a dash, or a mark."""
    if b"\0" in spelt or b"<" in spelt:
        spelt = _one_space(spelt.replace(b"\0", b"").replace(b"<", b"/"))
    if b"/" in spelt:
        spelt = _squeezed(spelt, _SLASHES)
    if b"\n" in spelt:
        first, *rest = spelt.split(b"\n")
        lines = [first.rstrip(b" -"), *(line.strip(b" -") for line in rest[:-1]), rest[-1].lstrip(b" -")]
        kept = [line for line in lines[1:-1] if line] + lines[-1:]
        spelt = b"".join([lines[0], *((b"\v" if line[:1].islower() else b"\n") + line for line in kept)])
    if b"-" in spelt:
        first, *rest = spelt.split(b"-")
        if first[-1:] == b" " or any(part[:1] in b" " or part[-1:] in b" " for part in rest):
            spelt = _squeezed(_squeezed(spelt, _SPACED), _DOUBLED)
    return spelt


def _squeezed(text: bytes, runs: Iterable[tuple[bytes, bytes]]) -> bytes:
    before = b""
    while text != before:
        before = text
        for run, mark in runs:
            text = text.replace(run, mark)
    return text


def _places(text: str) -> list[int]:
    """The place in the given text of every character of its `_marked` spelling, and of the end."""
    origin: list[int] = []
    parted = False
    for place, character in enumerate(text):
        for each in _SPELLING[ord(character)]:
            if each == _HIDDEN:
                continue
            parts = each in _PARTING
            if not (parts and parted):
                origin.append(place)
            parted = parts
    return [*origin, len(text)]


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
                endings.setdefault(_literal(head), []).append(ending)
    automaton = ahocorasick.Automaton()
    for head, found in endings.items():
        automaton.add_word(head, (len(head), tuple(found)))
    automaton.make_automaton()
    cues = document["negation"]["cues"]
    words = {word for fillers in cues.values() for each in fillers or () for word in str(each).split()}
    begins = {str(cue).split()[0] for cue in cues}
    words |= {word for cue in cues for word in str(cue).split()}
    return _Rules(
        document["version"],
        automaton,
        _compile_negation(cues),
        frozenset(begins),
        frozenset(words),
        _signal_of(document),
    )


def _literal(head: str) -> str:
    """The beginning of a phrase as the automaton sees it; without a space at the end, any ending will do."""
    return " " + _words(head.encode()).strip() + ("" if head.endswith("*") else " ")


def _signal_of(document: dict[str, Any]) -> dict[str, int]:
    return {each["id"]: _SIGNALS[each["signal"]] for each in document["keywords"]}


def literals(phrases: Sequence[str]) -> Any:
    """An automaton over `plain_words` that fires on any of some phrases; gaps and endings but the last are not for it."""
    automaton = ahocorasick.Automaton()
    for phrase in phrases:
        heads, rest = _compile_phrase(phrase, {})
        if rest is not None:
            message = f"phrase `{phrase}` has a gap or too many alternatives"
            raise ValueError(message)
        for head in heads:
            automaton.add_word(_literal(head), 1)
    automaton.make_automaton()
    return automaton


def plain_words(text: str) -> str:
    """The text's words alone, in one case and one alphabet, each between single spaces."""
    if text.isascii():  # the same in one step: nothing to spell, and whatever parts two words is a space
        return _one_space(b" " + text.encode().translate(_WORDS, _UNSEEN) + b" ").decode()
    return _one_space(f" {_words(_marked(_spelt(text)))} ".encode()).decode()


def _words(text: bytes) -> str:
    return text.translate(_WORDS).decode()


@cache
def document() -> dict[str, Any]:
    """`keywords.yaml` as it stands: version, words, keywords, negation, cases."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where libyaml is there
    loaded: dict[str, Any] = yaml.load(Path(__file__).with_name("keywords.yaml").read_text("utf-8"), Loader=loader)  # noqa: S506 - both are the safe one
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


def _find(marked: bytes) -> list[_Found]:
    """Every keyword in a marked text, acronyms in capitals only."""
    scanned = f" {_words(marked)} "
    candidates = list(_rules().automaton.iter(scanned))
    if not candidates:
        return []
    found: list[_Found] = []
    folded = marked.translate(_FOLDED).decode()
    cased = ""
    for last, (length, endings) in candidates:
        start = last + 1 - length  # in `scanned` the space before the word, in `folded` the word
        end = last if length and scanned[last] != " " else last - 1
        for ending in endings:
            if ending.stem:
                stem_end = last
                while stem_end < len(folded) and folded[stem_end].isalnum():
                    stem_end += 1
                found.append(_Found(ending, start, stem_end))
            elif ending.acronym:
                cased = cased or marked.decode()
                if _is_acronym(cased, start, end):
                    found.append(_Found(ending, start, end))
            elif ending.rest is None:
                found.append(_Found(ending, start, end))
            elif match := ending.rest.match(folded, end):
                found.append(_Found(ending, start, match.end()))
    return found


_WORD = re.compile(r"\w+")


#: After an acronym: what ends its phrase, and what may end it.
_STOP, _MAY_STOP = re.compile(r"[.,;:!?()\n\v&-]"), re.compile(r"[|\f/]")


def _is_acronym(marked: str, start: int, end: int) -> bool:
    """Whether a word stands in capitals and is no part of a name: not beside a capitalised word that is none itself."""
    if not marked[start:end].isupper():
        return False
    if following := _WORD.search(marked, end):
        word, between = following.group(), marked[end : following.start()]
        if not _STOP.search(between):
            if not word[0].isupper() or word.lower() in _AFTER_ACRONYM:
                return True
            if not _MAY_STOP.search(between):
                return False
    before = marked[max(0, start - 40) : start]
    if not before.endswith(" "):
        return True
    *_, word = ["", *before.split()]
    is_name = word.isalpha() and word.isupper() and len(word) > 3  # "MARIA DA."
    return not is_name or word.lower() in _AFTER_ACRONYM


#: What may follow "DA" in capitals without making it somebody's name.
_AFTER_ACRONYM_WORDS = """
incident incidents history markers marker related flag flagged case victim suspect log risk form book offence
crime concerns job call reports report completed complete assessment score scored done high medium standard dv
dash dara hba or and is was not no yes ra ric refused declined submitted stalking marac i
"""
_AFTER_ACRONYM = frozenset(re.findall(r"\w+", _AFTER_ACRONYM_WORDS))

_TITLES = "".join(rf"(?<!\b{title}[.])" for title in ("mr", "mrs", "ms", "dr", "pc", "ps", "dc", "ds", "sgt", "approx"))
_SENTENCE_START = re.compile(rf"[.]{_TITLES}(?=[ \n])|[!?;](?=[ \n])|\n")
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
    rest = reduced[hits[1] - 1 : hits[1] + _REACH].replace(_WRAP, " ")
    closing = _SENTENCE_START.search(rest)
    before = _last_sentence(reduced[max(0, start - _REACH) : start].replace(_WRAP, " "))
    return _is_plain(before, rest[: closing.end()] if closing else rest)


@lru_cache(maxsize=4096)
def _is_plain(before: str, rest: str) -> bool:
    """Whether nothing in a sentence before its negation or after it unsays it. Officers write it in stock phrases."""
    clause_from = max((found.end() for found in _CLAUSE_START.finditer(before)), default=0)
    if _VOID.search(before, clause_from) or _SAID_BY_OTHERS.search(before):
        return False
    return not (rest.rstrip().endswith("?") or _EXCEPTION.search(rest) or _AFFIRMED.match(rest))


def _last_sentence(text: str) -> str:
    end = len(text)
    while True:
        at = -1
        for mark in ".\n!?;":  # the commonest first: the others need be looked for only behind it
            at = max(at, text.rfind(mark, at + 1, end))
        if at < 0:
            return text
        if start := _SENTENCE_START.match(text, at):
            return text[start.end() :]
        end = at


_WRAPPED = re.compile(r"\b(of|any|to|a|the|or|for|previous|prior)[\n\v](?!\|)|\b(no|not)\v(?!\|)")
_ANSWERED = re.compile(r"[:|\f?][ \n\v]?(?:no|not|nil|none)[\n\v]")


def _judged(marked: bytes, found: list[_Found]) -> Iterator[tuple[list[_Found], bool]]:
    """The keywords found, in order and those that overlap together, each time with whether the text negates them."""
    found.sort(key=_start)
    groups: list[list[_Found]] = []
    lines = marked.translate(_LINES).decode()
    pieces: list[str] = []
    last = 0
    for each in found:
        if groups and each.start < last:
            groups[-1].append(each)
        else:
            groups.append([each])
            pieces += [lines[last : each.start], _PLACE]
        last = max(last, each.end)
    pieces.append(lines[last:])
    return zip(groups, _negated("".join(pieces)), strict=True)


_start = attrgetter("start")
_ANY_PLACE = re.compile(_PLACE)
_CLAUSE_END = re.compile(rf"[^\w',{_PLACE} ]")
_LAST_WORD = re.compile(r"[\w']+$")
_LONGEST_WORD = 40


def _negated(reduced: str) -> Iterator[bool]:
    """For each hit, of which only the place is left, whether the text negates it.

    A cue reaches its hit over single spaces and its own few words, so it is looked for backwards from the hit, and
    most hits have none.
    """
    # A line that ends in an answer ("Injuries: no") is over; a line that ends in "history of" was only wrapped.
    if _BREAK in reduced or _WRAP in reduced:
        reduced = _ANSWERED.sub(lambda match: match.group() + _DASH, reduced)
        reduced = _WRAPPED.sub(lambda match: match.group()[:-1] + " ", reduced)
    negation = _rules().negation
    negated: set[int] = set()
    judged = last = done = 0
    for at in [match.start() for match in _ANY_PLACE.finditer(reduced)]:
        if at >= done and judged < _MOST_NEGATIONS and (start := _cue(reduced, last, at)) is not None:
            close = _CLAUSE_END.search(reduced, at, at + _REACH)
            for match in negation.finditer(reduced, max(start, done), close.start() if close else at + _REACH):
                done = match.end()
                judged += 1
                if _plainly_negated(reduced, match.start(), match.span("hits")):
                    negated |= {place.start() for place in _ANY_PLACE.finditer(reduced, match.start("hits"), done)}
        last = at + 1
        if at not in negated and (after := _NEGATED_AFTER.match(reduced, at)):
            judged += 1
            if judged <= _MOST_NEGATIONS and _plainly_negated(reduced, at, after.span("hits")):
                negated.add(at)
        yield at in negated


def _cue(reduced: str, start: int, end: int) -> int | None:
    """Where before a hit the run of words begins that may hold a cue and what stands between it and the hit."""
    rules = _rules()
    found = False
    begin = at = end - 1
    while at > start:
        earliest = max(start, at - _LONGEST_WORD)
        before = reduced.rfind(" ", earliest, at)
        word = reduced[before + 1 if before >= 0 else earliest : at]
        inner = word if word in rules.negating else (m.group() if (m := _LAST_WORD.search(word)) else "")
        if inner not in rules.negating:
            break
        begin = at - len(inner)
        found = found or inner in rules.cues
        if len(inner) != len(word) or before < 0:
            break
        at = before
    return begin if found else None


def hits(text: str) -> list[Hit]:
    """Every keyword in a text, in order, negated or not; places are counted in the text as given."""
    seen: dict[tuple[str, int, int], bool] = {}
    for reading, origin in _readings(text):
        marked = _marked(_spelt(reading))
        found = _find(marked)
        if not found:
            continue
        places = _places(reading)
        for group, negated in _judged(marked, found):
            for each in group:
                start, end = places[each.start], places[each.end - 1] + 1
                if origin is not None:
                    start, end = origin[start], origin[end - 1] + 1
                key = (each.ending.keyword, start, end)
                # Read in two ways, a hit is negated only if it is in both.
                seen[key] = negated and seen.get(key, True)
    return sorted((Hit(*key, negated) for key, negated in seen.items()), key=lambda hit: (hit.start, hit.end, hit.id))


def _mask(text: str) -> int:
    """The signals of a text; once each keyword's signal was raised, the rest of the text is not asked."""
    spelt = _spelt(text)
    mask = 0
    if _may_hide(spelt):
        signal_of = _rules().signal_of
        for hit in hits(text):
            mask |= 0 if hit.negated else signal_of[hit.id]
        return mask
    marked = _marked(spelt)
    found = _find(marked)
    if not found:
        return 0
    possible = 0
    for each in found:
        possible |= each.ending.signal
    for group, negated in _judged(marked, found):
        if not negated:
            for each in group:
                mask |= each.ending.signal
            if mask == possible:
                break
    return mask


def signals(texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """For each text the signals it raises: 1 domestic abuse, 2 modern slavery, 3 both; shape (len(texts),), uint8.

    Source: domain rules of domestic-abuse derivation ("keyword list in narrative, raises only"), spec 6.12.
    """
    return np.fromiter(map(_mask, texts), dtype=np.uint8, count=len(texts))
