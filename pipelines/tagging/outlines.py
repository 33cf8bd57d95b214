"""Outlines of names: a few numbers by which most pairs of people are seen to be no match, many pairs at a time.

Comparing two names letter by letter costs twenty microseconds, and so do opening and reading the form of somebody filed
long ago. An outline says of each part of a name only what a comparison of whole columns can use: which letters it has,
which sounds, how long it is. `may_agree` answers "perhaps" for every pair that `names.similar` accepts, and for some that
it does not; only the former is a promise. An outline is as personal as the name it is of: it is never stored in the clear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt

from pipelines.tagging import names
from pipelines.tagging.identity import Identity

Ints = npt.NDArray[np.int64]
Unsigned = npt.NDArray[np.uint64]
Small = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

#: Numbers in an outline at most. Of people with more we only know that they have to be compared.
MOST = 32
#: Parts of one name at most: so many rows and columns fit into the 64 squares on which two names are compared.
_MOST_PARTS = 8

# One spelling of one part is 64 bits, from the lowest: letters (21), consonants that are heard (15), how many are compared
# where vowels are not written (3), length (4), length of the sound (4), class or shape (7), first letter (4), how it follows
# what stands before it (2), and flags.
_LETTERS = (1 << 21) - 1
_CONSONANTS_AT = 21
_CONSONANTS = ((1 << 15) - 1) << _CONSONANTS_AT
_SKELETON, _LENGTH, _HEARD, _SHAPE, _FIRST, _PLACE = 36, 39, 43, 47, 54, 58
_SHAPES = 127
#: Another spelling of the same; the first of another part, of two parts as one word, of another name.
_AGAIN, _PART, _JOINED, _NAME = (place << _PLACE for place in range(4))
#: Not in Latin letters, or not all that was recorded; a syllable; without vowels; on a line of the table of variants.
_CHANGED, _SYLLABLE, _VOWELLESS, _KNOWN = (1 << at for at in range(60, 64))
#: A part in characters that are read in many ways is no syllable in Latin letters, so that both flags say this.
_EASTERN = _CHANGED | _SYLLABLE


def _places(groups: str) -> dict[str, int]:
    """The place of each letter; letters of one group, which are rarely in each other's way, share one."""
    return {letter: at for at, group in enumerate(groups.split()) for letter in group}


_LETTER = _places("a b c d e f g h i jy kqx l m n o p r s t u vwz")
_SOUND = _places("b d f g h j k l m n p r sS t v")
#: An h is silent to those who compare consonants: it stands for whatever is none.
_SILENT = _SOUND["h"]
#: First letters that may stand for each other as initials share a place.
_BEGINNING = _places("a b ckqx d eijy fp g h l m n ou r sz t vw")
#: How many letters `names` lets be wrong, by length.
_MAY_BE_WRONG = np.array([names.letters_allowed(length) for length in range(16)], dtype=np.int8)
#: A consonant of each class that consonants are compared by, and the classes of any consonants.
_OF_CLASS = dict(zip("PTKSMNLR", "bdgjmnlr", strict=True))
_BY_CLASS = [sum(1 << _SOUND[letter] for letter in group) for group in ("bfpv", "dt", "gk", "js", "m", "n", "l", "r")]
_CLASSES_OF = np.array(
    [sum(1 << at for at, group in enumerate(_BY_CLASS) if bits & group) for bits in range(1 << 15)], dtype=np.uint8
)


@lru_cache(maxsize=50_000)
def _outlines_of(text: str, place: int = _PART) -> tuple[int, ...]:
    """A part, or two written as one (`_JOINED`), in each of its spellings; the first says that it is another one."""
    known = names.part(text)
    flags = _VOWELLESS if known.vowelless else 0
    flags |= _KNOWN if known.classes else 0
    found: dict[int, None] = {}
    for spelling, sound, skeleton, shape in _spellings(known):
        bits = (
            flags
            | min(len(skeleton), 7) << _SKELETON
            | min(len(spelling), 15) << _LENGTH
            | min(len(sound), 15) << _HEARD
        )
        bits |= _BEGINNING.get(spelling[:1], 0) << _FIRST
        for letter in spelling:
            bits |= 1 << _LETTER.get(letter, 0)
        for letter in sound:
            if letter not in "aiu":
                bits |= 1 << _SOUND.get(letter, _SILENT) + _CONSONANTS_AT
        if spelling != text:
            bits |= _CHANGED | (_SYLLABLE if known.eastern else 0)
        elif known.syllable:
            bits |= _SYLLABLE
        for line in known.classes or (shape,):
            found[bits | (line & _SHAPES) << _SHAPE] = None
    first_of_all, *others = found
    return (first_of_all | place, *others)


def _spellings(known: names.Part) -> Iterator[tuple[str, str, str, int]]:
    """How a part may be spelt and heard, its consonants as those compare them who write no vowels, and what shape it has."""
    for form in known.forms:
        if known.vowelless:
            for skeleton in known.heard:
                yield form, "".join(_OF_CLASS[letter] for letter in skeleton), skeleton, 0
            continue
        sound = names.sound_of(form)
        skeleton = names.skeleton_of(sound)
        shape = _hash(names.shape_of(sound))
        yield form, sound, skeleton, shape
        scanned = names.scanned(form)
        if scanned != form and len(scanned) > 2:
            yield scanned, sound, skeleton, shape
        if "ch" in form:
            # a throaty h, as it may be for those who write no vowels
            throaty = names.sound_of(form.replace("ch", "h"))
            yield form, throaty, names.skeleton_of(throaty), shape


def _hash(text: str) -> int:
    number = 0
    for byte in text.encode():
        number = (number * 31 + byte) & _SHAPES
    return number


def _joined(one: str, other: str) -> tuple[int, ...]:
    """Neighbours that another record may write as one word.

    Of a word in Latin letters we know its beginning and its length. How each sounds would cost more than it saves: there
    are as many such words as people.
    """
    if not one.isascii() or not other.isascii():
        return _outlines_of(one + other, _JOINED)
    return (_JOINED | min(len(one) + len(other), 15) << _LENGTH | _BEGINNING.get(one[0], 0) << _FIRST,)


def outline(identity: Identity) -> tuple[int, ...]:
    """The outline of everything a person is called, at most `MOST` numbers; empty when he has to be compared anyway."""
    found: list[int] = []
    for name in filter(None, identity.names):
        start = len(found)
        for text in name:
            found += _outlines_of(text)
        if len(name) > 2:
            for one, other in pairwise(name):
                found += _joined(one, other)
        found[start] |= _NAME
    return tuple(found) if len(found) <= MOST and max(map(len, identity.names), default=0) <= _MOST_PARTS else ()


class Table:
    """Outlines of many people in columns: a person has names one after the other, a name has spellings of its parts."""

    def __init__(self, spellings: Unsigned, counts: Ints) -> None:
        """Takes what `outline` gives for each person, one after the other, and how many numbers each has."""
        place = spellings & np.uint64(_NAME)
        is_name, is_joined = place == _NAME, place == _JOINED
        begun, joined = np.cumsum(place != _AGAIN), np.cumsum(is_joined)
        #: Every spelling, and which part, or which two neighbours, of its name it is.
        self.spellings = spellings
        #: Where the spellings of each name begin, and those of neighbours as one word; and how many there are of either.
        self.starts = np.flatnonzero(is_name)
        sizes = np.diff(np.append(self.starts, spellings.size))
        name = np.repeat(np.arange(sizes.size), sizes)
        in_joined = joined > (joined - is_joined)[self.starts][name]
        self.joined_sizes = np.bincount(name, in_joined, sizes.size).astype(np.int64)
        self.sizes = sizes - self.joined_sizes
        self.joined_starts = self.starts + self.sizes
        #: Parts of each name.
        self.lengths = np.bincount(name, (place & np.uint64(_PART)) != 0, sizes.size).astype(np.int64)
        number = begun - begun[self.starts][name]
        self.numbers = (number - in_joined * self.lengths[name]).astype(np.uint64)
        #: The first name of each person, and how many he has.
        names_before = np.append(0, np.cumsum(is_name))
        ends = np.cumsum(counts)
        self.first_names = names_before[ends - counts]
        self.names = names_before[ends] - self.first_names


def table(outlines: Sequence[tuple[int, ...]]) -> Table:
    """Outlines in columns."""
    counts = np.fromiter(map(len, outlines), dtype=np.int64, count=len(outlines))
    return Table(np.fromiter(chain.from_iterable(outlines), dtype=np.uint64, count=int(counts.sum())), counts)


#: Pairs of people looked at together, so that columns stay in the processor's cache.
_AT_A_TIME = 1024


def may_agree(ones: Table, one_at: Ints, others: Table, other_at: Ints, fully: Flags) -> Flags:
    """Whether `names.similar` may accept pairs of people: false only where it surely gives 0 (below 2, if `fully`).

    Args:
        ones: outlines of some people; one who has none may agree with anybody.
        one_at: who of them is in each pair.
        others: outlines of the people they may be.
        other_at: who of those is in each pair.
        fully: per pair, whether two parts have to agree in full.
    """
    found: Flags = (ones.names[one_at] == 0) | (others.names[other_at] == 0)
    for start in range(0, one_at.size, _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        one, other = one_at[part], other_at[part]
        pair, name, other_name = _all_with_all(
            ones.first_names[one], ones.names[one], others.first_names[other], others.names[other]
        )
        agree = _names_may_agree(ones, name, others, other_name, fully[part][pair])
        found[start + pair[agree]] = True
    return found


def _all_with_all(starts: Ints, sizes: Ints, other_starts: Ints, other_sizes: Ints) -> tuple[Ints, Ints, Ints]:
    """Every member of a range with every member of the other range, for many pairs of ranges: which pair, and the two."""
    counts = sizes * other_sizes
    pair = np.repeat(np.arange(counts.size), counts)
    within = np.arange(pair.size) - np.repeat(np.cumsum(counts) - counts, counts)
    at, other_at = np.divmod(within, other_sizes[pair])
    return pair, starts[pair] + at, other_starts[pair] + other_at


def _names_may_agree(ones: Table, one_at: Ints, others: Table, other_at: Ints, fully: Flags) -> Flags:
    """`may_agree` for pairs of single names."""
    length, other_length = ones.lengths[one_at], others.lengths[other_at]
    wanted = np.minimum(length, other_length)
    pair, at, other = _all_with_all(
        ones.starts[one_at], ones.sizes[one_at], others.starts[other_at], others.sizes[other_at]
    )
    # which part of the one name, a row, agrees with which of the other, a column: eight rows of eight bits
    square = np.uint64(1) << (ones.numbers[at] * np.uint64(8) + others.numbers[other])
    alikes, sames = (
        _together(square * agree, pair, wanted.size)
        for agree in _agreement(ones.spellings[at], others.spellings[other])
    )
    found: Flags = (_rows(alikes) >= wanted) & (_columns(alikes) >= wanted)
    # a lone name is compared with a lone name, and must be the same
    found &= (wanted > 1) | ((length == other_length) & (sames != 0))
    found &= ~fully | ((_rows(sames) >= 2) & (_columns(sames) >= 2))
    for turned in (False, True):
        rest = np.flatnonzero(~found & (wanted > 1) & ((other_length if turned else length) > 2))
        a, b, a_at, b_at = (others, ones, other_at, one_at) if turned else (ones, others, one_at, other_at)
        found[rest] = _agree_joined(a, a_at[rest], b, b_at[rest], alikes[rest], sames[rest], fully[rest], turned)
    return found


def _agree_joined(
    ones: Table,
    one_at: Ints,
    others: Table,
    other_at: Ints,
    alikes: Unsigned,
    sames: Unsigned,
    fully: Flags,
    turned: bool,
) -> Flags:
    """Whether the one name may agree with the other when two of its parts are written as one word.

    Args:
        ones: the outlines of the one name.
        one_at: which name it is.
        others: the outlines of the other name.
        other_at: which name it is.
        alikes: which parts may agree, in squares.
        sames: which may agree in full.
        fully: whether two parts have to.
        turned: whether the one name's parts are columns.
    """
    wanted = np.minimum(ones.lengths[one_at] - 1, others.lengths[other_at]) - 1
    places = np.zeros(one_at.size, dtype=np.uint64)
    for place in range(_MOST_PARTS - 1):
        # what is beside them has to agree as before
        beside = ~np.uint64((_TWO_COLUMNS << place if turned else _TWO_ROWS << place * 8) & _SQUARES)
        agree = (_rows(alikes & beside) >= wanted) & (_columns(alikes & beside) >= wanted)
        agree &= (~fully | ((sames & beside) != 0)) & (place < ones.lengths[one_at] - 1)
        places |= agree.astype(np.uint64) << np.uint64(place)
    some = np.flatnonzero(places)
    pair, at, other = _all_with_all(
        ones.joined_starts[one_at[some]],
        ones.joined_sizes[one_at[some]],
        others.starts[other_at[some]],
        others.sizes[other_at[some]],
    )
    joined, word = ones.spellings[at], others.spellings[other]
    may_be = (places[some][pair] >> ones.numbers[at] & np.uint64(1) != 0) & _may_be_joined(joined, word)
    heard = np.flatnonzero(may_be & _is(joined, _CHANGED, _CHANGED))
    may_be[heard], _ = _agreement(joined[heard], word[heard])
    found = np.zeros(one_at.size, dtype=bool)
    found[some[pair[may_be]]] = True
    return found


def _together(bits: Unsigned, owner: Ints, size: int) -> Unsigned:
    """The bits of each owner, who are ascending, as one number."""
    found = np.zeros(size, dtype=np.uint64)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    if starts.size:
        found[owner[starts]] = np.bitwise_or.reduceat(bits, starts)
    return found


_SQUARES = (1 << 64) - 1
_TWO_ROWS, _TWO_COLUMNS = 0xFFFF, 0x0303030303030303
_FIRST_COLUMN = np.uint64(0x0101010101010101)


def _rows(squares: Unsigned) -> Small:
    """How many rows have anything in them."""
    for step in (4, 2, 1):
        squares = squares | squares >> np.uint64(step)
    found: Small = np.bitwise_count(squares & _FIRST_COLUMN)
    return found


def _columns(squares: Unsigned) -> Small:
    """How many columns have anything in them."""
    for step in (32, 16, 8):
        squares = squares | squares >> np.uint64(step)
    found: Small = np.bitwise_count(squares & np.uint64(0xFF))
    return found


# ---- two spellings -----------------------------------------------------------------------------------------------------


def _field(part: Unsigned, at: int) -> npt.NDArray[np.int8]:
    return ((part >> np.uint64(at)) & np.uint64(15)).astype(np.int8)


def _is(part: Unsigned, mask: int, value: int) -> Flags:
    found: Flags = (part & np.uint64(mask)) == np.uint64(value)
    return found


def _agreement(one: Unsigned, other: Unsigned) -> tuple[Flags, Flags]:
    """Whether two spellings may agree in any way, an initial included, and whether they may agree in full."""
    differ, either, both = one ^ other, one | other, one & other
    length, other_length = _field(one, _LENGTH), _field(other, _LENGTH)
    spelt = _few_apart(one, other, _LETTERS, length, other_length)
    heard = _few_apart(one, other, _CONSONANTS, _field(one, _HEARD), _field(other, _HEARD))
    shaped = _is(differ, _SHAPES << _SHAPE, 0)
    # only who is no known name has a shape
    same = _is(differ, _CONSONANTS | 7 << _SKELETON, 0) & (shaped | _is(either, _KNOWN, _KNOWN))
    alike = spelt | heard | same
    eastern = _is(one, _EASTERN, _EASTERN) | _is(other, _EASTERN, _EASTERN)
    spoken = np.flatnonzero((eastern & ~same) | (_is(both, _SYLLABLE, _SYLLABLE) & ~alike))
    romanised = _may_be_romanised(one[spoken], other[spoken])
    alike[spoken] |= romanised
    same[spoken] |= romanised & eastern[spoken]
    odd = np.flatnonzero(either & np.uint64(_VOWELLESS))
    alike[odd], same[odd] = _agreement_of_consonants(one[odd], other[odd])
    known = np.flatnonzero(both & np.uint64(_KNOWN))
    alike[known] = same[known] = shaped[known]
    initial = (length == 1) & _is(one, _CHANGED, 0), (other_length == 1) & _is(other, _CHANGED, 0)
    short = np.flatnonzero(initial[0] | initial[1])
    alike[short] = _is(differ[short], 15 << _FIRST, 0)
    same[short] = alike[short] & initial[0][short] & initial[1][short]
    return alike, same


def _may_be_joined(one: Unsigned, other: Unsigned) -> Flags:
    """Whether `names` looks at two spellings at all, of which one is two neighbours written as one word."""
    found: Flags = np.abs(_field(one, _LENGTH) - _field(other, _LENGTH)) <= 2
    found &= _is(one ^ other, 15 << _FIRST, 0)
    return found | _is(one | other, _CHANGED, _CHANGED)


def _few_apart(
    one: Unsigned, other: Unsigned, letters: int, length: npt.NDArray[np.int8], other_length: npt.NDArray[np.int8]
) -> Flags:
    """Whether so few letters may differ as `names` lets be wrong."""
    allowed = _MAY_BE_WRONG[np.maximum(length, other_length)]
    longer = length - other_length
    # each wrong letter takes one away, or brings one, or both; those that make a word longer take none away
    lost = np.bitwise_count(one & ~other & np.uint64(letters)).astype(np.int8)
    gained = np.bitwise_count(other & ~one & np.uint64(letters)).astype(np.int8)
    found: Flags = (lost <= allowed + np.minimum(longer, 0)) & (gained <= allowed - np.maximum(longer, 0))
    return found


def _agreement_of_consonants(one: Unsigned, other: Unsigned) -> tuple[Flags, Flags]:
    """`_agreement` where one side at least is written without vowels: what is compared are classes of consonants."""
    classes, other_classes = (
        _CLASSES_OF[(bits & np.uint64(_CONSONANTS)) >> np.uint64(_CONSONANTS_AT)] for bits in (one, other)
    )
    count, other_count = ((bits >> np.uint64(_SKELETON) & np.uint64(7)).astype(np.int8) for bits in (one, other))
    same = (classes == other_classes) & (count == other_count)
    # or letter by letter, as two may be spelt who are read differently
    same |= _is(one ^ other, _LETTERS | 15 << _LENGTH, 0)
    lost, gained = np.bitwise_count(classes & ~other_classes), np.bitwise_count(other_classes & ~classes)
    one_wrong = (lost <= 1) & (gained <= 1) & (np.minimum(count, other_count) >= 3) & (np.abs(count - other_count) <= 1)
    return same | one_wrong, same


#: What a romanisation of Chinese or Korean is sure to keep: letters, those after which they may be lost, and into what they turn.
_KEPT = tuple(
    tuple(sum(1 << _LETTER[letter] for letter in letters) for letters in group)
    for group in (
        ("f", "", "f"),
        ("l", "", "l"),
        ("m", "", "m"),
        ("bp", "", "bp"),
        ("d", "", "dt"),
        ("t", "sz", "dt"),
        ("n", "g", "n"),
    )
)


def _may_be_romanised(one: Unsigned, other: Unsigned) -> Flags:
    """Whether two spellings may be one name in two romanisations."""
    found = np.ones(one.size, dtype=bool)
    for kept, lost, turned in _KEPT:
        for left, right in ((one, other), (other, one)):
            sure = (left & np.uint64(kept) != 0) & (left & np.uint64(lost) == 0)
            found &= ~sure | (right & np.uint64(turned) != 0)
    return found
