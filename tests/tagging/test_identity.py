"""When two records are about one person: the table of spec 6.14, and properties of comparison and blocking."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.contracts.incident import Location, Person
from pipelines.stores.keys import Keys
from pipelines.tagging.identity import (
    RULES,
    Identity,
    address_of,
    blocking,
    dob_of,
    email_of,
    identity_of,
    identity_of_raw,
    phone_of,
    pnc_of,
    same_person,
)

KEY = Keys.from_seed(7).registry_tokens
HOME = [Location(location_ref="l1", line1="12 Acacia Road", postcode="LS6 2AB")]


def person(name: str = "", dob: str | None = None, force: str = "13", **more: Any) -> Identity:
    """Somebody whose name is written "surname, given"."""
    surname, _, givens = name.partition(", ")
    raw = {"person_ref": "p", "roles": ["VICTIM"], **more}
    if name:
        raw["names"] = [{"surname": surname or None, "given": givens.split() or None, "type": "LEGAL"}]
    if dob:
        raw["dob"] = dob
    return identity_of(msgspec.convert(raw, Person), force, HOME)


PHONE = [{"value": "+447700900123"}]
MAIL = [{"value": "a.yusuf@example.org"}]
AT_HOME = [{"location_ref": "l1", "type": "HOME"}]
PASSPORT = [{"type": "PASSPORT", "value": "533 380 006"}]

SAME = [
    (
        "R-LINK-NOMINAL",
        person("Achieng, Mercy", "1994-03-03", nominal_id="N841"),
        person("Akinyi, Mary", nominal_id="N841"),
    ),
    (
        "R-LINK-PNC",
        person("Lima, Rosa", pnc_id="2003/0012345A"),
        person("Brandt, Oskar", "1980-01-02", "43", pnc_id="03/12345a"),
    ),
    (
        "R-LINK-PNC",
        person("Lima, Rosa", pnc_id="2003/0012345A"),
        person("Brandt, Oskar", identifiers=[{"type": "PNC", "value": "03/12345A"}]),
    ),
    (
        "R-LINK-DOCUMENT",
        person("Lima, Rosa", "1980-05-06", identifiers=PASSPORT),
        person("Brandt, Oskar", "1990-05-06", "43", identifiers=[{"type": "BRP", "value": "533380006"}]),
    ),
    (
        "R-LINK-PHONE",
        person("Yusuf, Amina", "1991-04-03", phones=PHONE),
        person("Yousef, Amena", "1980-09-09", "43", phones=[{"value": "07700 900123"}]),
    ),
    (
        "R-LINK-EMAIL",
        person("Yusuf, Amina", "1991-04-03", emails=MAIL),
        person("Yusuf, Amina", "1980-09-09", emails=[{"value": "A.Yusuf@Example.org "}]),
    ),
    ("R-LINK-DOB", person("Rahman, Mohammed", "1989-07-15"), person("Rahman, Muhammad", "1989-07-15")),
    ("R-LINK-DOB", person("Yusuf, Amina", "1991-04-03"), person("Yusuf, A", "1991-04-03")),
    ("R-LINK-DOB", person("Amina, Yusuf", "1991-04-03"), person("YUSUF, AMINA", "1991-04-03")),
    ("R-LINK-DOB", person("Suharto", "1991-04-03"), person("Soeharto", "1991-04-03")),
    ("R-LINK-DOB-SWAPPED", person("Yusuf, Amina", "1991-04-03"), person("Yusuf, Amina", "1991-03-04")),
    ("R-LINK-DOB-PLACEHOLDER", person("Yusuf, Amina", "1991-04-03"), person("Yusuf, Amina", "1991-01-01")),
    ("R-LINK-DOB-MISSING", person("Yusuf, Amina", "1991-04-03"), person("Yusuf, Amina")),
    ("R-LINK-DOB-MISSING", person("Yusuf, Amina"), person("Yousuf, Aminah")),
    ("R-LINK-DOB-MISSING", person("Yusuf, Amina", "1991-04-03"), person("Yusuf, Amina", "1991-02-30")),
    (
        "R-LINK-ADDRESS",
        person("Yusuf, Amina", "1991-04-03", addresses=AT_HOME),
        person("Yusuf, Amina", "1980-09-09", addresses=AT_HOME),
    ),
]
DIFFERENT = [
    (person("Chaudhry, Imran", "1979-11-12"), person("Chaudhry, Imran", "1985-05-05")),
    (
        person("Lima, Rosa", "1990-04-04", nominal_id="N3301"),
        person("Brandt, Oskar", "1983-02-02", "43", nominal_id="N3301"),
    ),
    (person("Yusuf, Amina", "1991-04-03", phones=PHONE), person("Yusuf, Omar", "1988-01-30", phones=PHONE)),
    (person("Yusuf, Amina", "1991-04-03", emails=MAIL), person("Khan, Omar", "1991-04-03", emails=MAIL)),
    (person("Yusuf, Amina", "1991-04-03", addresses=AT_HOME), person("Yusuf, Omar", "1988-01-30", addresses=AT_HOME)),
    (person("Yusuf, Amina", "1991-04-03"), person("Yusuf, Omar", "1991-04-03")),
    (person("Yusuf", "1991-04-03"), person("Yusuf, Amina", "1991-04-03")),
    (person("Yusuf, Amina", "1991-04-03"), person("Yusuf, Amina", "1992-01-01")),
    (person("Yusuf, Amina", "1991-04-03"), person("Yusuf, A")),
    (person("Khan, Hassan", "1991-04-03"), person("Khan, Hussain", "1991-04-03")),
    (person("", "1991-04-03"), person("", "1991-04-03")),
    (person("UNKNOWN, FEMALE", "1991-04-03"), person("UNKNOWN, FEMALE", "1991-04-03")),
    (
        person("Yusuf, Amina", "1991-04-03", phones=[{"value": "00000000000"}]),
        person("Khan, Omar", phones=[{"value": "00000000000"}]),
    ),
    (
        person("Lima, Rosa", identifiers=[{"type": "PASSPORT", "value": "UNKNOWN"}]),
        person("Brandt, Oskar", identifiers=[{"type": "PASSPORT", "value": "UNKNOWN"}]),
    ),
    (person(), person()),
]


@pytest.mark.parametrize(("rule", "a", "b"), SAME)
def test_one_person_is_known_again(rule: str, a: Identity, b: Identity) -> None:
    """Each rule of spec 6.14 links, both ways, under its own id, and blocking brings the two together."""
    assert same_person(a, b) == same_person(b, a) == rule
    assert rule in RULES
    assert set(blocking(a, KEY).filed) & set(blocking(b, KEY).sought)
    assert set(blocking(b, KEY).filed) & set(blocking(a, KEY).sought)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_people_are_not_linked(a: Identity, b: Identity) -> None:
    """What spec 6.14 keeps apart stays apart: namesakes, spouses, twins, other forces' nominals, the unknown."""
    assert same_person(a, b) is None
    assert same_person(b, a) is None


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (phone_of, "+44 (0)7700 900123", "700900123"),
        (phone_of, "07700-900123", "700900123"),
        (phone_of, "0044 7700 900123 ext 4", "700900123"),
        (phone_of, "٠٧٧٠٠٩٠٠١٢٣", "700900123"),
        (phone_of, 7700900123, "700900123"),
        (phone_of, "999", ""),
        (phone_of, None, ""),
        (email_of, "First.Last+police@GMail.com", "firstlast@gmail.com"),
        (email_of, "none@none.com", ""),
        (email_of, "not an address", ""),
        (dob_of, "1991-04-03", "19910403"),
        (dob_of, "1991-04-31", ""),
        (dob_of, "1900-01-01", ""),
        (dob_of, "2023-02-29", ""),
        (dob_of, "2024-02-29", "20240229"),
        (dob_of, 19910403, ""),
        (pnc_of, "1999/0123456X", "PNC:99/123456X"),
        (pnc_of, "99/123456X", "PNC:99/123456X"),
    ],
)
def test_values_are_read_in_one_way(read: Any, value: object, expected: str) -> None:
    """Phones, e-mail addresses, dates and ids mean the same however they are written, and placeholders mean nothing."""
    assert read(value) == expected


def test_home_addresses() -> None:
    """A home is its post code and house number, however the street is written."""
    assert address_of("12 Acacia Road", "LS6 2AB") == address_of("12, ACACIA RD.", "ls62ab") == ("LS62AB|12",)
    assert address_of("14 Acacia Road", "LS6 2AB") != address_of("12 Acacia Road", "LS6 2AB")
    assert address_of("No fixed abode", None) == ()


def test_aliases_and_half_names_count() -> None:
    """Every recorded name of a person counts, and a maiden name without a given name takes that of the others."""
    given_twice = {
        "names": [{"surname": "Khan", "given": ["Amina"]}, {"surname": "Yusuf", "type": "MAIDEN"}],
        "dob": "1991-04-03",
    }
    assert same_person(identity_of_raw(given_twice, "13"), person("Yusuf, Amina", "1991-04-03")) == "R-LINK-DOB"


def test_a_name_of_one_letter_or_a_placeholder_like_surname_is_kept() -> None:
    """Short real names are not taken for placeholders: the bearer is as protected as anybody."""
    assert same_person(person("Na, Yeon", "1991-04-03"), person("NA, YEON", "1991-04-03")) == "R-LINK-DOB"
    assert same_person(person("O, Min", "1991-04-03"), person("O, Min", "1991-04-03")) == "R-LINK-DOB"


def test_nameless_people_are_themselves_again() -> None:
    """A person of whom nothing is known is the same one only where the same incident is read again."""
    one = identity_of_raw({"names": [{"surname": "UNKNOWN", "given": ["FEMALE"]}]}, "13", anchor="a1")
    assert one.bare
    assert same_person(one, Identity(anchor="a1")) == "R-LINK-ANCHOR"
    assert same_person(one, Identity(anchor="a2")) is None


def words(text: str) -> st.SearchStrategy[str]:
    """One of some words."""
    return st.sampled_from(text.split())


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words("names surname given dob phones value type location_ref line1 postcode"), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(
    st.dictionaries(
        words("names dob phones emails identifiers addresses nominal_id pnc_id"),
        json_value,
        max_size=6,
    ),
    json_value,
)
@settings(max_examples=200, deadline=None)
def test_anything_readable_is_read(raw: dict[str, Any], locations: object) -> None:
    """People in a record that broke its contract are read as far as they can be, whatever stands there."""
    identity = identity_of_raw(raw, "13", locations)
    assert same_person(identity, identity) is not None or not (identity.nominal or identity.documents)
    blocking(identity, KEY)


def test_a_number_that_is_no_text_stops_nobody() -> None:
    """A document whose number is an object or a list is not read, and who has it is, whatever kind of document it is."""
    for kind in ("PNC", "PASSPORT"):
        for value in ({}, [], {"value": "2003/12345A"}, [1], None, True):
            raw = {"names": [{"surname": "Yusuf", "given": ["Amina"]}], "identifiers": [{"type": kind, "value": value}]}
            identity = identity_of_raw(raw, "13")
            assert identity.names
            assert not identity.documents


surnames = words(
    "Yusuf Yousef Rahman Rehman Khan Al-Hussaini Alhussaini Ivanov Ivanova Wang 王 محمد Kim 김 Begum O'Brien Garcia Smith Smyth"
)
givens = words(
    "Amina Amena Mohammed Muhammad Md Omar Umar Elena Yelena Mei-ling Meiling Li A M Maria Hassan Hussein John Jon فاطمة Fatima"
)
dobs = st.sampled_from([None, "1991-04-03", "1991-03-04", "1991-01-01", "1990-04-03", "bad"])


@st.composite
def identities(draw: st.DrawFn) -> Identity:
    """Somebody out of a small crowd in which many are alike."""
    raw: dict[str, Any] = {
        "names": draw(
            st.lists(st.fixed_dictionaries({"surname": surnames, "given": st.lists(givens, max_size=2)}), max_size=2)
        ),
        "dob": draw(dobs),
        "nominal_id": draw(st.sampled_from([None, None, "N1", "N2"])),
        "phones": draw(st.sampled_from([None, PHONE])),
        "addresses": draw(st.sampled_from([None, AT_HOME])),
    }
    return identity_of_raw(
        raw,
        draw(st.sampled_from(["13", "43"])),
        [{"location_ref": "l1", "line1": "12 Acacia Road", "postcode": "LS6 2AB"}],
    )


@example(
    Identity(names=(("محمد", "amina"),), addresses=("LS62AB|12",)),
    Identity(names=(("smith", "amina"),), addresses=("LS62AB|12",)),
)
@given(identities(), identities())
@settings(max_examples=600, deadline=None)
def test_comparison_is_symmetric_and_blocking_covers_it(a: Identity, b: Identity) -> None:
    """Who is first makes no difference, and people who are one share a token in either order of arrival."""
    rule = same_person(a, b)
    assert rule == same_person(b, a)
    first, second = blocking(a, KEY), blocking(b, KEY)
    assert bool(set(first.filed) & set(second.sought)) == bool(set(second.filed) & set(first.sought))
    if rule:
        assert set(first.filed) & set(second.sought)


def test_tokens_say_nothing_without_the_key() -> None:
    """The same person has other tokens under another key, and nothing of him is in them."""
    one = person("Yusuf, Amina", "1991-04-03", nominal_id="N100")
    other = Keys.from_seed(8).registry_tokens
    assert not set(blocking(one, KEY).filed) & set(blocking(one, other).filed)
    assert all(-(2**63) <= value < 2**63 for value in blocking(one, KEY).filed)
