"""The guard that reads what is about to leave."""

from __future__ import annotations

import pytest

from pipelines.contracts.incident import Address, Contact, Identifier, Location, Name, Person
from pipelines.masking.residue import Forbidden, forbidden_of, residue


@pytest.mark.parametrize(
    ("text", "forbidden", "found"),
    [
        ("Omar Yusuf left", Forbidden("name", "Yusuf", "Omar"), True),
        ("YUSUF, OMAR", Forbidden("name", "Yusuf", "Omar"), True),
        ("omar-yusuf", Forbidden("name", "Yusuf", "Omar"), True),
        ("Ómar Yúsuf", Forbidden("name", "Yusuf", "Omar"), True),
        ("Priya\u00a0Nair wala", Forbidden("name", "Nairwala", "Priya"), True),
        ("P r i y a N a i r w a l a", Forbidden("name", "Nairwala", "Priya"), True),
        ("Омар Юсуф", Forbidden("name", "Yusuf", "Omar"), True),
        ("Amina Yusuf left", Forbidden("name", "Yusuf", "Omar"), False),
        ("Omar, Yusuf", Forbidden("name", "Yusuf", "Omar"), True),
        ("Omar left and Yusuf came.", Forbidden("name", "Yusuf", "Omar"), False),
        ("the land", Forbidden("name", "Le", "An"), False),
        ("ring 07700 900-123", Forbidden("phone", "+447700900123"), True),
        ("ring +44 (0)7700900123", Forbidden("phone", "07700 900123"), True),
        ("ring o77oo 9oo123", Forbidden("phone", "07700 900123"), True),
        ("ring 07700 900124", Forbidden("phone", "07700 900123"), False),
        ("AMINA.Y @ example . com", Forbidden("email", "amina.y@example.com"), True),
        ("533 401 372", Forbidden("document", "533401372"), True),
        ("zx 123 4567", Forbidden("document", "ZX1234567"), True),
        ("nominal n 100", Forbidden("nominal", "N100"), True),
        ("n1000", Forbidden("nominal", "N100"), False),
        ("at LS62AB", Forbidden("postcode", "LS6 2AB"), True),
        ("born 3 April 1991", Forbidden("dob", "1991-04-03"), True),
        ("03/04/91", Forbidden("dob", "1991-04-03"), True),
        ("19910403", Forbidden("dob", "1991-04-03"), True),
        ("in April 1991", Forbidden("dob", "1991-04-03"), False),
        ("anything", Forbidden("a new kind", "x"), True),
    ],
)
def test_what_the_guard_finds(text: str, forbidden: Forbidden, found: bool) -> None:
    """Whole identities and numbers are found in any spacing, case and punctuation; a lone part of a name is not."""
    assert residue(text, [forbidden]) == ([f"residue.{forbidden.kind}"] if found else [])


def test_everything_that_identifies_a_person_is_forbidden() -> None:
    """The list is drawn from every identifier the record holds, and the postcodes of the person's own addresses."""
    person = Person(
        person_ref="p",
        roles=["VICTIM"],
        nominal_id="N100",
        pnc_id="88/1234A",
        names=[Name(surname="Yusuf", given=["Amina", "Noor"]), Name(surname="Ali", given=None)],
        dob="1991-04-03",
        phones=[Contact(value="07700900123")],
        emails=[Contact(value="a@example.com")],
        identifiers=[Identifier(type="BRP", value="ZX1234567")],
        addresses=[Address(location_ref="l1")],
    )
    places = [Location(location_ref="l1", postcode="LS6 2AB"), Location(location_ref="l2", postcode="BD1 3QQ")]
    kinds = sorted(each.kind for each in forbidden_of(person, places))
    assert kinds == ["dob", "document", "email", "name", "name", "nominal", "nominal", "phone", "postcode"]
