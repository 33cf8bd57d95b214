"""Outlines of names: a few numbers by which most pairs of people are seen to be no match, many pairs at a time.

Comparing two names letter by letter costs twenty microseconds, and so do opening and reading the form of somebody filed
long ago. An outline says of each part of a name only what a comparison of whole columns can use: which letters it has,
which sounds, how long it is. `may_agree` answers "perhaps" for every pair that `names.similar` accepts, and for some that
it does not; only the former is a promise. An outline is as personal as the name it is of: it is never stored in the clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pipelines.tagging import names
from pipelines.tagging.identity import Identity

Unsigned = npt.NDArray[np.uint64]
Small = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

#: Parts (and pairs of parts written as one) in an outline. Of people with more we only know that they have to be compared.
MOST = 8

# A part is 64 bits, from the lowest: letters (21), sounds (15 consonants, 3 vowels), length (4), length of the sound (4),
# class or shape (6), first letter (4), which part of the person's (3), kind (2), syllable, of his only name.
_LETTERS = (1 << 21) - 1
_CONSONANTS = ((1 << 15) - 1) << 21
_SOUNDS = ((1 << 18) - 1) << 21
_LENGTH, _HEARD, _SHAPE, _FIRST, _PART, _KIND = 39, 43, 47, 53, 57, 60
_SHAPES = 63
_SYLLABLE, _ONLY = 1 << 62, 1 << 63
_PLAIN, _KNOWN, _INITIAL, _JOINED = range(4)


def _places(groups: str) -> dict[str, int]:
    """The place of each letter; letters of one group, which are rarely in each other's way, share one."""
    return {letter: at for at, group in enumerate(groups.split()) for letter in group}


_LETTER = _places("a b c d e f g h i jy kqx l m n o p r s t u vwz")
_SOUND = _places("b d f g h j k l m n p r sS t v a i u")
_BEGINNING = _places("a b cpx dq ey fu gi hz jo kw l m nv r s t")
#: How many letters `names` lets be wrong, by length.
_MAY_BE_WRONG = np.array([names.letters_allowed(length) for length in range(16)], dtype=np.uint8)


@lru_cache(maxsize=50_000)
def _outlines_of(text: str) -> tuple[int, ...]:
    """A part in each of its spellings, without its number; empty when it is too odd to be outlined."""
    known = names.part(text)
    if not text.isascii() or known.vowelless or known.eastern or len(known.classes) > 1:
        return ()
    kind = _INITIAL if known.initial else _KNOWN if known.classes else _PLAIN
    found: dict[int, None] = {}
    for form in known.forms:
        sound = names.sound_of(form)
        shape = next(iter(known.classes)) if known.classes else _hash(names.shape_of(sound))
        for spelling in {form, names.scanned(form)}:
            bits = 0
            for letter in spelling:
                bits |= 1 << _LETTER.get(letter, 0)
            for letter in sound:
                bits |= 1 << _SOUND.get(letter, 0) + 21
            bits |= min(len(spelling), 15) << _LENGTH | min(len(sound), 15) << _HEARD
            bits |= (shape & _SHAPES) << _SHAPE | _BEGINNING.get(text[0], 0) << _FIRST | kind << _KIND
            found[bits | (_SYLLABLE if known.syllable else 0)] = None
    return tuple(found)


def _hash(text: str) -> int:
    number = 0
    for byte in text.encode():
        number = (number * 31 + byte) & _SHAPES
    return number


def outline(identity: Identity) -> tuple[int, ...]:
    """The outline of everything a person is called, at most `MOST` numbers; empty when he has to be compared anyway."""
    if len(identity.names) == 1 and len(name := identity.names[0]) == 2:
        one, other = _outlines_of(name[0]), _outlines_of(name[1])
        if len(one) == 1 == len(other):
            return (one[0] | _ONLY, other[0] | 1 << _PART | _ONLY)
    found: list[int] = []
    number: dict[str, int] = {}
    only = _ONLY if len(identity.names) == 1 else 0
    for name in identity.names:
        # a part said twice, or a lone name beside others, would have to be counted otherwise
        if len(set(name)) < len(name) or len(name) == 1 < len(identity.names):
            return ()
        for text in name:
            outlines = _outlines_of(text)
            if not outlines:
                return ()
            at = number.setdefault(text, len(number))
            found += [bits | at << _PART | only for bits in outlines]
        if len(name) > 2:
            # neighbours that another record may write as one word: of that word we know its beginning and its length
            found += [
                1 | min(len(one) + len(other), 15) << _LENGTH | _BEGINNING.get(one[0], 0) << _FIRST | _JOINED << _KIND
                for one, other in pairwise(name)
            ]
    return tuple(found) if len(found) <= MOST else ()


def table(outlines: Sequence[tuple[int, ...]]) -> Unsigned:
    """Outlines as rows of `MOST` numbers, filled up with zeros."""
    rows = np.zeros((len(outlines), MOST), dtype=np.uint64)
    for at, found in enumerate(outlines):
        rows[at, : len(found)] = found
    return rows


def may_agree(ones: Unsigned, others: Unsigned, fully: Flags) -> Flags:
    """Whether `names.similar` may accept pairs of people: false only where it surely gives 0 (below 2, if `fully`).

    Args:
        ones: outlines as rows, as `table` gives them; a row of zeros may agree with anybody.
        others: as many rows.
        fully: per pair, whether two parts have to agree in full.
    """
    size = len(ones)
    left, right, left_fully, right_fully, left_all, right_all = np.zeros((6, size), dtype=np.uint8)
    joined = np.zeros(size, dtype=bool)
    for at in range(MOST):
        present = np.flatnonzero(ones[:, at])
        if not present.size:
            break
        for other_at in range(MOST):
            rows = present[others[present, other_at] != 0]
            if not rows.size:
                break
            one, other = ones[rows, at], others[rows, other_at]
            kinds = _field(one, _KIND, 3), _field(other, _KIND, 3)
            part, other_part = (np.uint8(1) << _field(bits, _PART, 7) for bits in (one, other))
            alike = _may_be_alike(one, other, *kinds)
            same = alike & _may_be_the_same(one, other, *kinds)
            left[rows] |= alike * part
            right[rows] |= alike * other_part
            left_fully[rows] |= same * part
            right_fully[rows] |= same * other_part
            left_all[rows] |= (kinds[0] != _JOINED) * part
            right_all[rows] |= (kinds[1] != _JOINED) * other_part
            joined[rows] |= _may_be_joined(one, other, *kinds)
    count = np.bitwise_count
    parts, other_parts = count(left_all), count(right_all)
    # each part of the shorter name agrees with another; of people with several names we only know that two do
    wanted = np.minimum(
        np.where(ones[:, 0] & np.uint64(_ONLY), parts, 2), np.where(others[:, 0] & np.uint64(_ONLY), other_parts, 2)
    )
    agree: Flags = (count(left) >= wanted) & (count(right) >= wanted) & ((parts == 1) == (other_parts == 1))
    # two parts written as one agree with one part, and something beside them agrees too
    agree |= joined & (left != 0)
    agree &= ~fully | (np.minimum(count(left_fully), count(right_fully)) + joined >= 2)
    agree |= (ones[:, 0] == 0) | (others[:, 0] == 0)
    return agree


def _field(part: Unsigned, at: int, mask: int) -> Small:
    return ((part >> np.uint64(at)) & np.uint64(mask)).astype(np.uint8)


def _may_be_joined(one: Unsigned, other: Unsigned, one_kind: Small, other_kind: Small) -> Flags:
    """Whether one is two neighbours that, written as one word, may be the other."""
    lengths = _field(one, _LENGTH, 15).astype(np.int8) - _field(other, _LENGTH, 15).astype(np.int8)
    found: Flags = (((one ^ other) & np.uint64(15 << _FIRST)) == 0) & (np.abs(lengths) <= 2)
    found &= (one_kind != _INITIAL) & (other_kind != _INITIAL)
    found &= (one_kind == _JOINED) != (other_kind == _JOINED)
    return found


def _may_be_alike(one: Unsigned, other: Unsigned, one_kind: Small, other_kind: Small) -> Flags:
    """Whether two parts may agree in any way, an initial included."""
    differ = one ^ other
    spelt = _few_apart(one, other, _LETTERS, _LENGTH)
    heard = _few_apart(one, other, _SOUNDS, _HEARD) | ((differ & np.uint64(_CONSONANTS)) == 0)
    syllables = (one & other & np.uint64(_SYLLABLE)) != 0
    both_known = (one_kind == _KNOWN) & (other_kind == _KNOWN)
    found: Flags = np.where(both_known, _same_shape(differ), spelt | heard | syllables)
    found |= (one_kind == _INITIAL) | (other_kind == _INITIAL)
    found &= (one_kind != _JOINED) & (other_kind != _JOINED)
    return found


def _few_apart(one: Unsigned, other: Unsigned, letters: int, length: int) -> Flags:
    """Whether so few letters may differ as `names` lets be wrong."""
    one_length, other_length = _field(one, length, 15), _field(other, length, 15)
    allowed = _MAY_BE_WRONG[np.maximum(one_length, other_length)]
    apart = np.abs(one_length.astype(np.int8) - other_length.astype(np.int8))
    # a wrong letter takes one away and brings another
    found: Flags = (np.bitwise_count((one ^ other) & np.uint64(letters)) <= 2 * allowed) & (apart <= allowed)
    return found


def _may_be_the_same(one: Unsigned, other: Unsigned, one_kind: Small, other_kind: Small) -> Flags:
    """Whether two parts may agree in full."""
    differ = one ^ other
    heard = ((differ & np.uint64(_CONSONANTS)) == 0) & (one_kind != _INITIAL) & (other_kind != _INITIAL)
    return np.where(one_kind == other_kind, _same_shape(differ), heard)


def _same_shape(differ: Unsigned) -> Flags:
    found: Flags = (differ & np.uint64(_SHAPES << _SHAPE)) == 0
    return found
