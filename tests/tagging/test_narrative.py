"""Keywords in narratives and offence titles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.tagging import narrative

CASES = [(case["text"], sorted(case["ids"])) for case in narrative.document()["cases"]]
RAISING = [text for text, ids in CASES if ids]
QUIET = [text for text, ids in CASES if not ids and text]


def raised(text: str) -> list[str]:
    """The ids of the keywords that raise."""
    return sorted({hit.id for hit in narrative.hits(text) if not hit.negated})


@pytest.mark.parametrize(("text", "ids"), CASES)
def test_the_list_keeps_its_own_cases(text: str, ids: list[str]) -> None:
    """Every case beside the keyword list raises exactly the keywords it names."""
    assert raised(text) == ids


@pytest.mark.parametrize(("text", "ids"), CASES)
def test_the_mask_says_what_the_hits_say(text: str, ids: list[str]) -> None:
    """The fast answer for a batch and the full answer for one text agree."""
    expected = (1 if any(each.startswith("da.") for each in ids) else 0) | (
        2 if any(each.startswith("ms.") for each in ids) else 0
    )
    assert narrative.signals([text, "", text]).tolist() == [expected, 0, expected]


@pytest.mark.parametrize(
    "text",
    [
        "there's not been any history of domestic violence",
        "There was no evidence of any domestic abuse.",
        "NO PREVIOUS DOMESTIC ABUSE REPORTED",
        "Nil DV markers at the address",
        "nothing to suggest modern slavery",
        "Incident is not domestic-related, parties are strangers.",
        "no known history of domestic abuse or violence",
        "Modern slavery: none",
        "Two males unknown to each other. Not a domestic incident.",
        "She states there is no history of domestic violence.",
        "DA: N/A",
        "There are no domestic abuse concerns.",
        "no domestic abuse",
        "No stalking, no domestic abuse and no forced marriage.",
    ],
)
def test_a_plain_negation_does_not_raise(text: str) -> None:
    """A phrase that the record itself negates does not raise protection."""
    assert raised(text) == []
    assert [hit for hit in narrative.hits(text) if hit.negated]


@pytest.mark.parametrize(
    "text",
    [
        "denies domestic violence",
        "Victim denied any history of domestic abuse",
        "not only domestic violence",
        "There is not no domestic violence here",
        "She would not say there was no domestic abuse",
        "Not without domestic abuse",
        "No weapons used; domestic violence",
        "no arrests made. DOMESTIC ABUSE. victim upset",
        "no witnesses to the domestic violence",
        "Male says no domestic violence took place",
        "no one reported the domestic violence",
        "No. Domestic violence is what happened",
        "No, domestic violence is what happened",
        "There was no history of domestic violence before tonight",
        "no history of domestic violence other than last week",
        "no domestic abuse reported but she disclosed it today",
        "not sure if domestic abuse",
        "no formal complaint of domestic abuse",
        "if no history of domestic violence then close",
        "No history of domestic violence. Her husband strangled her.",
        "Prior domestic abuse: No\nDomestic abuse now: yes",
        "No statement taken\nDomestic violence victim",
        "Injuries: No\nDomestic abuse",
        "she was told to say there was no domestic abuse",
        "Suspect Mr. Smith states there is no domestic violence.",
        "family state there is no honour based abuse",
        "NO INJURIES DOMESTIC VIOLENCE DISCLOSED",
    ],
)
def test_in_doubt_a_keyword_raises(text: str) -> None:
    """Denials, other clauses, double negations, exceptions and other people's word for it negate nothing."""
    assert raised(text) != []


@pytest.mark.parametrize("text", RAISING)
@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: text.replace(" ", "\n"),
        lambda text: text.replace(" ", "  "),
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: text.replace("e", "\u0435").replace("a", "\u0430").replace("o", "\u043e"),
        lambda text: text.replace("e", "\u03b5").replace("a", "\u03b1").replace("o", "\u03bf").replace("v", "\u03bd"),
        lambda text: text.replace("d", "\u0501").replace("i", "\u0456").replace("s", "\u0455").replace("c", "\u03f2"),
        lambda text: text.replace("h", "\u0570").replace("o", "\u0585").replace("u", "\u057d").replace("g", "\u0581"),
        "\u200b".join,
        "\u00ad".join,
        "\ufeff".join,
        "\u2060".join,
        lambda text: text.replace("i", "i\u0301"),
        lambda text: text.replace("'", "\u2019"),
        lambda text: text.replace("'", "\u02bc"),
        lambda text: text.replace("'", "`"),
        lambda text: text.replace(" ", "</b> <b>"),
        lambda text: text.replace(" ", "&nbsp;"),
        lambda text: "x" * 5000 + ". " + text + " " + "y" * 5000,
    ],
    ids=[
        "lines",
        "spaces",
        "no-break",
        "cyrillic",
        "greek",
        "more-alike",
        "armenian",
        "zero-width",
        "soft-hyphen",
        "bom",
        "word-joiner",
        "accents",
        "curly",
        "modifier",
        "backtick",
        "markup",
        "entities",
        "long",
    ],
)
def test_a_disguise_hides_no_signal(text: str, disguise: object) -> None:
    """Look-alike letters, invisible characters, markup and layout do not keep a keyword from raising."""
    before = int(narrative.signals([text])[0])
    after = int(narrative.signals([disguise(text)])[0])  # type: ignore[operator]
    assert after & before == before


def test_places_are_those_of_the_text_as_given() -> None:
    """A reviewer is shown the very characters that raised."""
    text = "Café –  she said: dоmestic\u00a0 VIOLENCE, then left."
    (hit,) = narrative.hits(text)
    assert text[hit.start : hit.end] == "dоmestic\u00a0 VIOLENCE"


@given(st.text(max_size=60) | st.text(alphabet="ab -/\n\t<\0\u200b–—|\r&.A", max_size=40))
def test_every_character_read_has_its_place(text: str) -> None:
    """Whatever is folded away, each character that keywords are found in still knows where it stood."""
    marked = narrative._marked(narrative._spelt(text))
    places = narrative._places(text)
    assert len(places) == len(marked) + 1
    assert places == sorted(places)
    assert places[-1] == len(text)


@given(
    st.lists(
        st.sampled_from(
            [*RAISING, *QUIET, "No", "not", "-", "--", "/", "\n", ",", ".", "\u00e9", "\u200b", "\u2013", "&"]
        ),
        max_size=6,
    ),
    st.sampled_from(["", " ", "  ", "\t", "\n", " - "]),
)
def test_the_fast_answer_is_the_full_answer(parts: list[str], joint: str) -> None:
    """The signals of a text are exactly those of its hits that are not negated."""
    text = joint.join(parts)
    signal_of = {each["id"]: {"DA": 1, "MS": 2}[each["signal"]] for each in narrative.document()["keywords"]}
    mask = 0
    for hit in narrative.hits(text):
        mask |= 0 if hit.negated else signal_of[hit.id]
    assert narrative.signals([text]).tolist() == [mask]


@pytest.mark.parametrize(
    ("text", "raises"),
    [
        ("MARIA DA.", False),
        ("CALLER MARIA DA SILVA", False),
        ("DASH DARA.", True),
        ("MARIA\nDA", True),
        ("MARIA/DA", True),
        ("MARIA - DA", True),
        ("DA - Smith attended", True),
        ("DA Smith attended", False),
        ("DA/DV history", True),
        ("DA.", True),
        ("da.", False),
        ("Da.", False),
    ],
)
def test_an_acronym_is_no_part_of_a_name(text: str, raises: bool) -> None:
    """DA, DASH and DARA raise in capitals, unless they stand in somebody's name."""
    assert ("da.acronym" in raised(text)) == raises


def test_the_list_has_a_version_sources_and_unique_ids() -> None:
    """Each keyword names its meaning and its source, and the list its version."""
    keywords = narrative.document()["keywords"]
    assert narrative.version() >= 1
    assert len({each["id"] for each in keywords}) == len(keywords)
    assert all(
        each["meaning"] and each["source"] and each["signal"] in {"DA", "MS"} and each["phrases"] for each in keywords
    )


@pytest.mark.parametrize("phrase", narrative.document()["negation"]["do_not_negate"])
def test_what_looks_like_a_negation_and_is_none(phrase: str) -> None:
    """The words listed as no negation indeed negate nothing."""
    assert raised(f"{phrase} domestic abuse") != []


@given(st.lists(st.sampled_from(RAISING + QUIET), min_size=1, max_size=3), st.sampled_from([". ", ".\n", "! "]))
def test_another_sentence_never_lowers_a_signal(texts: list[str], joint: str) -> None:
    """A signal raised by one sentence survives any sentence put before or after it."""
    whole = int(narrative.signals([joint.join(texts)])[0])
    for text in texts:
        if not text.rstrip().endswith("?"):
            alone = int(narrative.signals([text])[0])
            assert whole & alone == alone


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece",
    [
        "no domestic violence ",
        "nothing known domestic violence ",
        "no domestic violence, ",
        "DA ",
        "DA, ",
        "a" * 5000 + "( domestic violence ",
        "no " * 500 + "domestic violence ",
        "works " * 9 + "x" * 9000 + " ",
        " -",
        "- /",
        "\n-\n",
        "&amp; <b> no \u200b domestic violence ",
        "coerciv" + "e" * 5000,
        "domestic violence? ",
    ],
)
def test_a_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    """Half a megabyte of whatever repeats worst is read in seconds: nothing is looked at again for every hit."""
    whole = int(narrative.signals([piece * (500_000 // len(piece))])[0])
    assert whole in (0, 1, 2, 3)


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    """No text, however hostile, makes the reader raise an error."""
    assert isinstance(narrative.signals([text]), np.ndarray)
    for hit in narrative.hits(text):
        assert 0 <= hit.start < hit.end <= len(text)
