"""Outlines never lose anybody whom a comparison of names would have known again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.tagging import names
from pipelines.tagging.identity import Identity
from pipelines.tagging.outlines import may_agree, outline, table

_WORDS = (
    "mohammed muhammad mohamed ahmed ahmad khan singh begum bernard bemard clark dark mei hua meihua li wang huang abdul "
    "rahman abdulrahman alrahman elena yelena ivanov ivanova smith smyth jon john sara sarah sho zia kim nguyen jurgen "
    "fernandes fernandez farhan maximilian xavier qadir kadir annamaria anna maria m k a richard chen charlotte michael "
    "alrashid rashid xasan axmed cabdi tran thao hung vu wei xiaoling ling kovalenko oksana mercer rn da "
    "иван петров оксана коваленко 王 黄 晓玲 伟 김 민준 محمد خالد رحمن حسن राजेश पटेल ਸਿੰਘ ਸਿਮਰਨ নুসরাত ሰናይት γιωργοσ მელაძე สมชาย"
)
WORDS = _WORDS.split()


@st.composite
def spellings(draw: st.DrawFn) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A name and another that may be it: parts dropped, joined, exchanged, cut to an initial or misspelt."""
    name = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5))
    other = list(draw(st.permutations(name))) if draw(st.booleans()) else list(name)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(other) - 1))
        text = other[at]
        how = draw(st.sampled_from(["drop", "join", "initial", "letter", "lost", "exchanged", "another"]))
        if how == "drop" and len(other) > 1:
            other.pop(at)
        elif how == "join" and at + 1 < len(other):
            other[at : at + 2] = [text + other[at + 1]]
        elif how == "initial":
            other[at] = text[0]
        elif how == "letter":
            place = draw(st.integers(0, len(text)))
            other[at] = text[:place] + draw(st.sampled_from("aeiouhnrsty")) + text[place:]
        elif how == "lost" and len(text) > 2:
            place = draw(st.integers(0, len(text) - 1))
            other[at] = text[:place] + text[place + 1 :]
        elif how == "exchanged" and len(text) > 2:
            place = draw(st.integers(0, len(text) - 2))
            other[at] = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        elif how == "another":
            other[at] = draw(st.sampled_from(WORDS))
    return tuple(name), tuple(other)


def agree(a: Identity, b: Identity) -> tuple[bool, bool]:
    """What outlines say of two people: whether their names may be similar, and whether they may agree fully."""
    one, other = table([outline(a)]), table([outline(b)])
    at, fully = np.array([0, 0]), np.array([False, True])
    found = may_agree(one, at, other, at, fully)
    assert found.tolist() == may_agree(other, at, one, at, fully).tolist()
    return bool(found[0]), bool(found[1])


@given(st.lists(spellings(), min_size=1, max_size=3), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))
@settings(max_examples=600, deadline=None)
def test_no_similar_name_is_lost(pairs: list[tuple[tuple[str, ...], tuple[str, ...]]], alias: list[str]) -> None:
    """Whatever names are found similar, or similar in two parts, outlines say that they may be; in either order."""
    a = Identity(tuple(sorted({one for one, _ in pairs})))
    for others in ({pairs[0][1]}, {pairs[-1][1], tuple(alias)}):
        b = Identity(tuple(sorted(others)))
        likeness = names.similar(a.names, b.names)
        similar, fully = agree(a, b)
        assert similar or likeness == 0
        assert fully or likeness < 2


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (("patel", "roderick"), ("patel", "susanna")),
        (("okafor", "blessing"), ("ivanova", "blessing")),
        (("kowalski", "jan", "piotr"), ("kowalski", "jan", "zbigniew")),
        (("khan",), ("khan", "sara")),
    ],
)
def test_most_others_are_told_apart(a: tuple[str, ...], b: tuple[str, ...]) -> None:
    """Names with a part in common and another that is not are no match by their outlines alone."""
    assert agree(Identity((a,)), Identity((b,))) == (False, False)


def test_two_spellings_of_one_part_are_no_full_agreement() -> None:
    """A misspelling that sounds otherwise may be similar, and cannot be what a missing date asks for."""
    assert agree(Identity((("khan", "sholto"),)), Identity((("khan", "sholko"),))) == (True, False)


@given(st.lists(st.sampled_from(WORDS), min_size=2, max_size=2), st.data())
@settings(max_examples=600, deadline=None)
def test_no_part_is_lost(words: list[str], data: st.DataObject) -> None:
    """Beside parts that agree, whatever spelling and script two others agree in, outlines say that they may."""
    one, other = words
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(one)))
        other = (
            one[:at] + data.draw(st.text("aeioughnrst", max_size=2)) + one[at + data.draw(st.integers(0, 2)) :] or "a"
        )
    for a, b in (
        (("roderick", one), ("roderick", other)),
        (("patel", "roderick", one), ("roderick", other, "patel")),
    ):
        similar, fully = agree(Identity((a,)), Identity((b,)))
        assert similar or names.likeness(a, b) == 0
        assert fully or names.likeness(a, b) < 2


def test_other_scripts_have_outlines() -> None:
    """A name is told apart from another in Arabic, Indic, Chinese and Cyrillic letters too, and known in Latin ones."""
    for name, same, another in (
        (("محمد", "خالد"), ("mohammed", "khaled"), ("خالد", "سميرة")),
        (("पटेल", "राजेश"), ("patel", "rajesh"), ("पटेल", "मीना")),
        (("王", "晓玲"), ("wang", "xiaoling"), ("王", "伟")),
        (("коваленко", "оксана"), ("kovalenko", "oksana"), ("коваленко", "тетяна")),
    ):
        assert agree(Identity((name,)), Identity((same,))) == (True, True)
        assert agree(Identity((name,)), Identity((another,)))[1] is False


def test_who_cannot_be_outlined_is_compared() -> None:
    """Somebody without an outline, as one with too many names is, may be anybody."""
    many = tuple(sorted((f"surname{letter}", f"given{other}", "third") for letter in "bcdf" for other in "gh"))
    for odd in (Identity(), Identity(many)):
        assert outline(odd) == ()
        assert agree(odd, Identity((("patel", "roderick"),))) == (True, True)
