"""The cheap questions that come before an expression or a closer look: none of them ever loses what would be found."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from pipelines.contracts.incident import Name, Person
from pipelines.masking import narrative, patterns
from pipelines.masking.clean import clean
from pipelines.masking.names import WORD, words_of
from pipelines.masking.narrative import Telling
from pipelines.masking.patterns import RECOGNISERS, Recogniser, small_words
from pipelines.masking.residue import Forbidden, Guard, Reading
from pipelines.tagging.narrative import plain_words

ASCII_CHARACTERS = st.characters(max_codepoint=127)
ASCII = st.text(ASCII_CHARACTERS, max_size=60)
BY_NAME = {each.name: each for each in RECOGNISERS}


@settings(deadline=None)
@pytest.mark.parametrize("recogniser", [each for each in RECOGNISERS if each.signs], ids=lambda each: each.name)
@given(data=st.data())
def test_no_address_is_without_its_words(recogniser: Recogniser, data: st.DataObject) -> None:
    """Whatever ASCII text an expression with signs matches, one of them is among its small words."""
    words = small_words(data.draw(st.from_regex(recogniser.pattern, alphabet=ASCII_CHARACTERS)))
    assert words is not None
    assert recogniser.signs is not None
    assert not recogniser.signs.isdisjoint(words)


@settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.from_regex(BY_NAME["email"].pattern) | st.from_regex(BY_NAME["handle"].pattern))
@example("x(AT)y.com")
@example("x [ at ] y.com")
@example("x at y dot com")
def test_no_contact_is_without_a_sign(text: str) -> None:
    """Every e-mail address and every name on a platform shows that it may be one."""
    assume("\n" not in text and text.isprintable())
    assert patterns.may_have_contact(text)


@settings(deadline=None)
@given(st.from_regex(BY_NAME["url"].pattern))
@example("HTTP : //x")
@example("WWW.1")
def test_no_site_is_without_a_sign(text: str) -> None:
    """Every website shows that it may be one."""
    assert patterns.may_have_site(text)


@settings(deadline=None)
@given(st.from_regex(patterns._PHONE))
def test_no_telephone_number_has_too_few_digits(text: str) -> None:
    """Every telephone number as most people write one has digits enough for one."""
    assume("0" in text)  # a "+" and nine others is for the rule for numbers
    assert patterns.may_have_phone(text, re.findall(r"\d+", text))


@settings(deadline=None)
@given(st.from_regex(narrative._SPELT_OUT) | st.from_regex(narrative._SPELT_OUT, alphabet=ASCII_CHARACTERS))
@example("v.i.s.a")
@example("О-м-а-р")
@example("a b_c_d")
@example("a  b  c!")
def test_every_word_spelt_out_has_a_second_letter_and_a_third(text: str) -> None:
    """A word written letter by letter is looked for wherever it is."""
    assert narrative._may_spell_out(text)


@settings(deadline=None)
@given(st.text("MrsDtNoapxRdPC. éa_1-", max_size=12).map(lambda text: text + "."))
def test_no_abbreviation_is_taken_for_the_end_of_a_sentence(text: str) -> None:
    """Where a stop is an abbreviation's, the last two letters let it be one."""
    if narrative._ABBREVIATION_DOTS.search(text[-8:]):
        assert narrative._may_abbreviate(text)


@settings(deadline=None)
@given(ASCII | st.text(max_size=60) | st.text("aZ' é1-_", max_size=20))
def test_words_are_the_same_however_they_are_found(text: str) -> None:
    """Words found without the expression are the words of the expression, and what stands between them too."""
    assert words_of(text) == WORD.findall(text)
    if text.isascii():
        assert narrative._IN_ASCII_WORDS.split(text) == narrative._IN_WORDS.split(text)


@settings(deadline=None)
@given(ASCII | st.text("19820/-. 7x", max_size=12))
def test_no_date_is_without_a_sign(text: str) -> None:
    """The sign of a date in figures is one digit, a stroke and another, or eight digits that begin like a year."""
    signs = re.search(r"\d\s?[/.-]\s?\d|(?:18|19|20)\d{6}", text)
    assert (patterns._DATE_SIGN.search(text) is None) == (signs is None)


@settings(deadline=None)
@given(ASCII)
def test_plain_text_is_read_for_immigration_as_any_other(text: str) -> None:
    """An ASCII text has the same words as where a letter that is not ASCII makes the long way necessary."""
    assert plain_words(f"{text} é") == f"{plain_words(text)}e "


@settings(deadline=None)
@given(st.sampled_from(narrative._IMMIGRATION), st.integers(0, 12), st.lists(st.sampled_from(["a", "he", "visa"])))
def test_every_halving_of_a_word_of_immigration_is_known(word: str, at: int, around: list[str]) -> None:
    """A word of immigration in two is found wherever it is parted, and only such words are."""
    words = [*around, word[:at], word[at:], *around]
    assert narrative._immigration_in_two(words)
    assert narrative._immigration_in_two(around) == any(
        one + two in narrative._IMMIGRATION for one, two in pairwise(around)
    )


PERSONS = [
    Person(person_ref="v", roles=["VICTIM"], names=[Name(surname="Yusuf", given=["Amina"], type="LEGAL")]),
    Person(person_ref="s", roles=["SUSPECT"], names=[Name(surname="Will", given=["Omar", "Grant"], type="LEGAL")]),
]
SAID = (
    "Amina Yusuf omar Omar OMAR Will will Grant Gran t Officers He She I A BMW DASH CCTV Mr mr PC Sarah Chen Monday May Road Church"
    " Leeds müller Müller Don't don't o'clock HER the a in at called left with and house zxqv O Y OY Omer Yusuf's"
)
GAPS = [" ", " ", " ", ", ", "-", ". ", " (", "'"]


@settings(deadline=None)
@example([("Don't", " "), ("called", " "), ("Omar", " ")])
@example([("HER", " "), ("house", " "), ("Omar", " ")])
@example([("Church", " "), ("Road", " "), ("Omar", " ")])
@example([("I", " "), ("Omar", " ")])
@example([("Will", " "), ("called", " "), ("Omar", " ")])
@given(st.lists(st.tuples(st.sampled_from(SAID.split()), st.sampled_from(GAPS)), min_size=1, max_size=9))
def test_a_word_that_is_not_asked_about_needs_no_question(parts: list[tuple[str, str]]) -> None:
    """Asking about every word of a sentence builds the same as asking about the doubtful ones."""
    text = "".join(word + gap for word, gap in parts)
    telling = Telling([text], PERSONS)
    for subject in range(len(PERSONS)):
        teller = narrative._Teller(telling, subject)
        for each in telling._told:
            if not isinstance(each, str):
                assert teller.built(each) == teller.built(each._replace(doubtful=range(len(each.words))))


ODD = [
    *("He left.", "He  left.", " he left. ", "He\tleft .", "he left", "HE LEFT.", '"He left."', "(He left.)", "- He left,", "He left ()."),
    *("Omar left.", "Omar and the suspect.", "Call 07700 900777.", "See www.x.com.", "She has seven children.", "It was at 21:10."),
    *("Don't go, he said.", "Will called.", "She will go .", "an address an address", "A number and  a number.", "h e l p me", "H e l p."),
    *("Her visa ran out.", "Expired.", "In May.", "It was a b c d.", "She [] left", "an  officer", "%48e left.", "He left&nbsp;.", "\u200bHe left."),
]  # fmt: skip
PIECES = st.sampled_from(ODD) | st.sampled_from(SAID.split()) | st.text("He left. ,()aé\t\"'-;:", max_size=8)
TEXTS = st.lists(st.lists(PIECES, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=5)


def _forgotten() -> None:
    for memory in (narrative._PLAIN_SENTENCES, narrative._KNOWN_PLAIN, narrative._KNOWN_CAPITALISED, narrative.FOLDED):
        memory.clear()


@settings(deadline=None, max_examples=200)
@given(TEXTS)
@example(["He  left.", "He  left. See www.x.com."])
@example(["She has seven children.", "She has seven children. He  left ."])
@example(["It was at a  door ()", "It was at a  door () She rang 07700 900777."])
def test_an_account_does_not_depend_on_what_was_read_before(texts: list[str]) -> None:
    """What is remembered of other records never changes an account: with a full memory it is what it is with none."""
    _forgotten()
    warm = [Telling([text], PERSONS).about(0) for text in (*texts, *texts)]
    for text, known in zip(texts + texts, warm, strict=True):
        _forgotten()
        assert Telling([text], PERSONS).about(0) == known


@settings(deadline=None)
@given(TEXTS)
def test_a_remembered_sentence_is_handed_on_as_it_is(texts: list[str]) -> None:
    """A sentence is remembered only if reading it by itself, with nothing remembered, changes nothing."""
    _forgotten()
    Telling(texts, PERSONS)
    remembered = list(narrative._PLAIN_SENTENCES)
    _forgotten()
    for each in remembered:
        assert narrative._sentences_of(each) == [each]
        assert patterns.without_identifiers(each) == each


@settings(deadline=None)
@given(
    st.sampled_from(RECOGNISERS).flatmap(lambda each: st.from_regex(each.pattern))
    | st.from_regex(patterns._WORDED)
    | ASCII
    | st.text(max_size=40)
)
@example("a\u0131.\u0131o")
@example("x at y dot com")
@example("http: //x.a")
def test_no_identifier_is_without_a_digit_or_a_sign(text: str) -> None:
    """What has neither a digit nor a sign holds nothing that an account would say otherwise."""
    text = clean(text).replace("\n", " ")
    if not patterns.has_digit(text) and not patterns.has_sign(text):
        assert patterns.without_identifiers(text) == text


FORBIDDEN = st.builds(
    Forbidden,
    st.sampled_from(["name", "phone", "email", "document", "dob", "postcode", "other"]),
    st.sampled_from(["Yusuf", "07700 900777", "o.y@example.com", "AB1234", "1988-01-30", "LS6 2AB"]),
    st.sampled_from(["", "Omar"]),
)
IDENTIFYING = "Omar Yusuf o.y@example.com LS6 2AB ls 62ab AB1234 30/01/1988 oo7 77oo 9OO777 07700 900 777 I ill, he"
TEXT = st.lists(st.sampled_from(IDENTIFYING.split())).map(" ".join)


@settings(deadline=None)
@given(st.lists(st.lists(FORBIDDEN, max_size=4), max_size=3), TEXT)
def test_several_guards_as_one_find_what_each_finds(groups: list[list[Forbidden]], text: str) -> None:
    """What any of several guards objects to, the guard over all of them objects to, and to nothing else."""
    reading, guards = Reading(text), [Guard(each) for each in groups]
    found = set().union(*[each.objections(reading) for each in guards])
    assert Guard.over(guards).objections(reading) == found
    assert any(each.has_name(reading) for each in guards) == ("residue.name" in found)


@settings(deadline=None)
@given(TEXT | st.text("oil07 zé'-", max_size=30))
def test_every_digit_is_read(text: str) -> None:
    """A reading has every word with a digit, and every digit with the letters written for one, wherever they stand."""
    reading = Reading(text)
    words = reading.words.split()
    assert reading.numbers == " ".join(each for each in words if not each.isalpha())
    if len(reading.numbers) >= 6:
        alike = [each for each in words if not each.isalpha() or re.fullmatch("o|i|l|oo|il|li|ll|ol|lo|io|oi|ii", each)]
        assert reading.digits == re.sub("[a-z]", "", "".join(alike).translate(str.maketrans("oil", "011")))


@settings(deadline=None)
@given(st.text("a .,;:!?()[]\"'*-/", max_size=12) | st.text(max_size=20))
def test_no_untidy_sentence_is_without_a_sign(text: str) -> None:
    """What has no sign of being untidy is other when tidied at its edges only."""
    text = clean(text).replace("\n", " ")
    if not narrative._may_be_untidy(text):
        assert narrative._tidy(text) == text.strip(narrative._EDGES)
