"""Names: loosely alike to protect, plainly a name to release."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stores.keys import Keys
from pipelines.tagging import names
from pipelines.tagging.identity import Identity, blocking, same_person

KEY = Keys.from_seed(7).registry_tokens
PAIRS = yaml.safe_load((Path(__file__).parent / "pairs.yaml").read_text(encoding="utf-8"))
#: Pairs that are known to be judged wrongly; mending each would cost more than it is worth.
MISSED = {
    ("Liu, Yang", "Lui, Yang"),
    ("Tjahjadi, Hendra", "Cahyadi, Hendra"),
    # linked though they are two people
    ("Choi, Young-ho", "Choi, Young-ja"),
    ("Clark, Dandre", "Clark, Deandra"),
}


def recorded(text: str) -> tuple[str, ...]:
    """The parts of a name written "surname, given names"."""
    surname, _, given_names = text.partition(", ")
    return names.whole(names.parts(surname, not given_names) + names.given_parts(given_names))


CASES = [
    pytest.param(row["same"], *pair, id=f"{row['culture']}: {pair[0]} / {pair[1]}")
    for row in PAIRS
    for pair in row["pairs"]
]


@pytest.mark.parametrize(("same", "one", "other"), CASES)
def test_pairs(same: bool, one: str, other: str) -> None:
    """One name spelt in two ways is recognised in every culture, and two names that look alike are not one."""
    agrees = bool(names.likeness(recorded(one), recorded(other))) is same
    assert agrees is ((one, other) not in MISSED), "judged otherwise than stated; if it is right now, it is no loss"


def script(pair: list[str]) -> str:
    """The script of a pair: that of its first letter that is not Latin."""
    found = (unicodedata.name(letter, "?").split()[0] for letter in "".join(pair) if letter.isalpha())
    return next((name for name in found if name not in ("LATIN", "FULLWIDTH")), "LATIN")


#: Of the pairs that are one person, in each script and culture, at least this share is recognised.
FLOOR = 0.95
SCRIPTS = sorted({script(pair) for row in PAIRS if row["same"] for pair in row["pairs"]})


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_is_protected_less(name: str) -> None:
    """In every script alike, the same person is known again by name and found by blocking, and others are not."""
    positive = [pair for row in PAIRS if row["same"] for pair in row["pairs"] if script(pair) == name]
    known = [pair for pair in positive if found_again(*pair)]
    assert len(known) >= FLOOR * len(positive)
    negative = [pair for row in PAIRS if not row["same"] for pair in row["pairs"] if script(pair) == name]
    wrong = [pair for pair in negative if names.likeness(recorded(pair[0]), recorded(pair[1]))]
    assert len(wrong) <= (1 - FLOOR) * len(negative)


@pytest.mark.parametrize("culture", sorted({row["culture"] for row in PAIRS}))
def test_no_culture_is_protected_less(culture: str) -> None:
    """In every culture alike, the same person is known again by name and found by blocking."""
    positive = [pair for row in PAIRS if row["same"] and row["culture"] == culture for pair in row["pairs"]]
    lost = [pair for pair in positive if not found_again(*pair)]
    assert len(lost) <= max(1, (1 - FLOOR) * len(positive))


def found_again(one: str, other: str) -> bool:
    """Whether two recorded names with equal dates of birth are linked and brought together."""
    a, b = (Identity(names=(recorded(text),), dob="19900523") for text in (one, other))
    return same_person(a, b) is not None and bool(set(blocking(a, KEY).filed) & set(blocking(b, KEY).sought))


WORDS = sorted({word for row in PAIRS for pair in row["pairs"] for text in pair for word in recorded(text)})


@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)
)
@settings(max_examples=400, deadline=None)
def test_who_is_first_makes_no_difference(one: list[str], other: list[str]) -> None:
    """Likeness is the same both ways, between names of any two cultures and between a name and its own parts."""
    assert names.likeness(tuple(one), tuple(other)) == names.likeness(tuple(other), tuple(one))
    mixed = (one[0], *other[1:])
    assert names.likeness(tuple(one), mixed) == names.likeness(mixed, tuple(one))


@pytest.mark.parametrize(("one", "other"), [(("jeong", "yejun"), ("young", "예준")), (("un", "sokha"), ("អ៊ុន", "សុខា"))])
def test_likeness_is_symmetric_where_lengths_of_writing_differ(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """A name is not short because its script writes a syllable with one sign."""
    assert names.likeness(one, other) == names.likeness(other, one) > 0


def test_there_are_pairs_enough() -> None:
    """What is asserted of scripts and cultures rests on hundreds of pairs in two dozen scripts."""
    assert sum(len(row["pairs"]) for row in PAIRS) >= 700
    assert len(SCRIPTS) >= 22


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Khan", "Khan, Imran"),
        ("Yusuf", "Yusuf, Amina"),
        ("Yusuf, Amina", "Yusuf, Omar"),
        ("Begum, Amina", "Begum, Salma"),
        ("Singh", "Singh, Harpreet"),
        ("Ali, Mohammed", "Khan, Mohammed"),
        ("Li", "Li, Na"),
        ("", "Khan, Imran"),
        ("", ""),
    ],
)
def test_a_lone_shared_name_is_no_identity(one: str, other: str) -> None:
    """A shared surname or a shared given name alone never makes two people similar: spouses share surnames."""
    assert not names.likeness(recorded(one), recorded(other))


@pytest.mark.parametrize(
    ("one", "other", "quality"),
    [
        ("mohammed", "muhamad", names.SAME),
        ("hassan", "hussein", names.NOT),
        ("yousef", "yusuf", names.SAME),
        ("ivanov", "ivanoff", names.SAME),
        ("kowalski", "kowalska", names.SAME),
        ("lee", "lou", names.NOT),
        ("ana", "ena", names.NOT),
        ("okonkwo", "okonwko", names.ALIKE),
        ("thornley", "tornlye", names.SAME),
        ("drummond", "drumnond", names.ALIKE),
        ("a", "amina", names.INITIAL),
        ("b", "amina", names.NOT),
        ("محمد", "mohammed", names.SAME),
        ("حسن", "hussein", names.NOT),
    ],
)
def test_agreement_of_parts(one: str, other: str, quality: int) -> None:
    """Parts agree by sound, by a letter or two in proportion to their length, or as an initial, whichever comes first."""
    assert names.agreement(one, other) == names.agreement(other, one) == quality


PLAIN = """
Yusuf;Al-Hussaini;O'Rourke;D’Souza;Anne-Marie;da Silva;de la Cruz;van der Berg;Nguyễn;Ó Briain;Łukasz;Son Heung Min;Żółć;Li;Ng
Щербакова;Παπαδοπούλου;ბერიძე;Հակոբյան;رحمن;כהן;शर्मा;রহমান;ਗੁਰਪ੍ਰੀਤ;முருகன்;王;佐藤;さくら;佐々木;김;ተስፋዬ;สมชาย;Victor;Dashiell;Abuja;Rape-Smith
""".replace("Rape-Smith", "Raper").replace("\n", ";")
NOT_PLAIN = """
|UNKNOWN|UNKNOWN FEMALE|N/A|BABY|Baby|TBC|none|Not Known|XXX|??|-|'|X|Mr Khan|Mrs Begum|Petrov (husband of complainant)|RAHMAN - DV OFFENDER
|wife of Ali|Khan wife of Ali|Ali's wife|ALIS WIFE|Begum nee Khan|KHAN AKA ALI|Smith-Victim|Victim|Complainant|WITNESS A|Khan (victim)|Khan/Ali|Khan, Ali
|Khan; Ali|Khan.|Khan1|Khan 2|K.|Ali & Omar|"Ali"|‘Ali|Ali  Khan| Ali|Ali |Al--i|-Ali|Ali-|O''Rourke|Аli|Ali Хан|Ali\tKhan|Ali\u200bKhan|Ali\u202eKhan
|SMITH DA|KHAN HBA|esposa de Omar|épouse Traoré|Ehefrau Müller|жена Иванова|زوجة علي|Refuge|Domestic Violence|Offender|suspect|Brother of Ali|ex partner|Ex-wife
|Ali 😀|Ｋhan|ﬁona|A\u0301li|Abcdefghijklmnopqrstuvwxyzabcdefghij|same as above|see notes|unidentified male|Jane Doe Unknown|immigrant|illegal|overstayer|mother|Mother of child
"""


@pytest.mark.parametrize("text", [text for text in PLAIN.split(";") if text])
def test_plain_names_may_be_released(text: str) -> None:
    """A name in the letters of one script, with joints between them, is plainly a name whatever its culture."""
    assert names.plainly_a_name(text)


@pytest.mark.parametrize("text", [*NOT_PLAIN.strip().replace("\n|", "|").split("|"), "Ali\n", "\nAli"])
def test_what_is_not_plainly_a_name_waits_for_a_human(text: str) -> None:
    """Placeholders, titles, remarks about somebody, foreign letters and signs are never released by themselves."""
    assert not names.plainly_a_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "UNKNOWN",
        "Unknown Female",
        "N/A",
        "n.a.",
        "",
        " ",
        "BABY",
        "baby girl",
        "XXX",
        "---",
        "not known",
        "неизвестно",
        "مجهول",
        "不明",
    ],
)
def test_placeholders(text: str) -> None:
    """What stands where nobody knew the name is no name."""
    assert names.placeholder(text)


@pytest.mark.parametrize("text", ["Na Yeon", "Babette", "Mann", "Nilsson", "Unnati", "Ann", "Ali", "Testino"])
def test_names_that_look_like_placeholders(text: str) -> None:
    """A real name is not taken for a placeholder because of some of its letters."""
    assert not names.placeholder(text)


anything = st.text(max_size=60)


@given(anything, anything)
@settings(max_examples=200, deadline=None)
def test_anything_is_read_and_compared_alike_both_ways(one: str, other: str) -> None:
    """No text breaks reading or comparison, and comparison does not depend on who is first."""
    a, b = names.parts(one), names.parts(other)
    assert names.likeness(a, b) == names.likeness(b, a)
    assert names.plainly_a_name(one) in (True, False)
    assert names.placeholder(one) in (True, False)
    if len([text for text in a if len(text) > 1]) >= 2:
        assert names.likeness(a, a) == 2


@given(anything)
@settings(max_examples=200, deadline=None)
def test_what_is_plainly_a_name_is_letters_and_joints(text: str) -> None:
    """Nothing passes as a name that holds more than 35 characters, or any but letters, marks, spaces, hyphens and apostrophes."""
    if names.plainly_a_name(text):
        assert len(text) <= 35
        assert not any(c.isdigit() or c in '()[]{}<>/\\,.;:"\n\t' for c in text)
