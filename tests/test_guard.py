"""The guard over what leaves: it knows the record, and trusts nothing about how a document was built."""

from __future__ import annotations

import gc
import re
from types import ModuleType

import msgspec
import pytest

from pipelines import guard, referrals
from pipelines.contracts.incident import Address, Contact, Header, Identifier, Incident, Location, Name, Person
from pipelines.contracts.referral import Contacts, Referral, Referred, RiskInBrief
from pipelines.contracts.subject import Content, SubjectName, SubjectOffence
from pipelines.guard import RecordGuard, objections_to_draft, rest_of
from pipelines.masking import clean, names, narrative, patterns, residue
from pipelines.masking.narrative import Telling
from pipelines.masking.residue import Reading

AMINA = Person(
    person_ref="p1",
    roles=["VICTIM"],
    nominal_id="N100",
    names=[Name(surname="Yusuf", given=["Amina"], type="LEGAL")],
    dob="1991-04-03",
    phones=[Contact(value="+447700900123", safe_to_use=True), Contact(value="+447700900456", safe_to_use=False)],
    emails=[Contact(value="amina.old@example.com")],
    identifiers=[Identifier(type="BRP", value="ZX1234567")],
    addresses=[Address(location_ref="l2", type="REFUGE")],
)
OMAR = Person(
    person_ref="p2",
    roles=["SUSPECT"],
    nominal_id="N200",
    names=[Name(surname="Yusuf", given=["Omar"], type="LEGAL")],
    dob="1988-01-30",
    phones=[Contact(value="07700 900789")],
    identifiers=[Identifier(type="PASSPORT", value="533401372")],
    addresses=[Address(location_ref="l1", type="HOME")],
)
RECORD = Incident(
    header=Header(
        schema_version="1.0",
        source_system="NICHE",
        source_force="13",
        incident_id="13/0001234/26",
        version=1,
        change_type="CREATE",
        recorded_ts="2026-11-20T22:05:00Z",
    ),
    persons=[AMINA, OMAR],
    locations=[
        Location(location_ref="l1", line1="12 Acacia Road", postcode="LS6 2AB", premise_type="DWELLING"),
        Location(location_ref="l2", line1="Orchard House", line2="7 Nettle Lane", postcode="BD1 3QQ"),
    ],
)
GUARD = RecordGuard(RECORD)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Amina Yusuf called. The suspect left.", []),
        ("Omar Yusuf left.", ["residue.name"]),
        ("YUSUF, OMAR left.", ["residue.name"]),
        ("Yusuf left with Omar.", []),
        ("She rang o77oo 9oo789.", ["residue.phone"]),
        ("Her old number is 07700-900-456.", ["residue.phone"]),
        ("Mail amina.old@example.com.", ["residue.email"]),
        ("Born 3 April 1991.", ["residue.dob"]),
        ("He was born on 30.01.88.", ["residue.dob"]),
        ("BRP z x 1234567 was seen.", ["residue.document", "residue.immigration"]),
        ("Seen at LS62AB.", ["residue.postcode"]),
        ("She is at Orchard  House now.", ["residue.address"]),
        ("She is at 7 nettle-lane.", ["residue.address"]),
        ("Sent to BD1 3QQ.", ["residue.address", "residue.postcode"]),
        ("Her v\u200bisa is gone.", ["residue.immigration"]),
        ("She claimed ÁSYLUM.", ["residue.immigration"]),
        ("Nominal n 200.", ["residue.nominal"]),
    ],
)
def test_the_account_of_one_person_says_nothing_of_the_others(text: str, found: list[str]) -> None:
    """In an account the person's own name may stand; no other identity, identifier, address or status may."""
    assert GUARD.objections_to_account(0, Reading(text)) == found


def referral(**changes: object) -> Referral:
    """A plain referral of Amina."""
    plain = Referral(
        schema="safeguarding.referral.v1",
        referral_id="r",
        incident_id="13/0001234/26",
        source_force="13",
        reason="DOMESTIC_ABUSE",
        legal_basis="CONSENT",
        person=Referred(name="Amina Yusuf", dob="1991-04-03", contacts=Contacts(phones=["+447700900123"])),
        risk=RiskInBrief(level="HIGH"),
        account="BD1 3QQ is not looked for here: the account is read by itself.",
    )
    return msgspec.structs.replace(plain, **changes)


@pytest.mark.parametrize(
    ("contacts", "found"),
    [
        (Contacts(phones=["+447700900123"]), []),
        (Contacts(phones=["+447700900123", "07700900456"]), ["residue.phone"]),
        (Contacts(phones=["07700900789"]), ["residue.phone"]),
        (Contacts(emails=["amina.old@example.com"]), ["residue.email"]),
        (Contacts(safe_times=["after 6 at Orchard House"]), ["residue.address"]),
        (Contacts(safe_times=["after 6 at bd13qq"]), ["residue.address"]),
    ],
)
def test_the_other_fields_hold_no_unsafe_contact_and_no_refuge(contacts: Contacts, found: list[str]) -> None:
    """Whatever field it got into, an unsafe contact, somebody else's identifier or a refuge is found."""
    person = Referred(name="Amina Yusuf", dob="1991-04-03", contacts=contacts)
    assert GUARD.objections_to_rest(0, Reading(rest_of(referral(person=person)))) == found


def test_a_contact_that_nobody_marked_safe_is_counted() -> None:
    """The gate is told of contacts that the record does not call safe, also of those it does not know at all."""
    person = Referred(contacts=Contacts(phones=["+447700900123", "+447700900456", "+15550100"]))
    assert GUARD.unsafe_contacts(0, referral(person=person)) == 2


def _kept(module: ModuleType) -> set[str]:
    """Every text in the tables of a module, those of its cached functions included."""
    found: list[object] = [each for each in vars(module).values() if isinstance(each, dict | set)]
    found += [gc.get_referents(each) for each in vars(module).values() if hasattr(each, "cache_info")]
    kept: set[str] = set()
    while found:
        match found.pop():
            case str(text):
                kept.add(text)
            case dict() as table:
                found += [*table.keys(), *table.values()]
            case set() | frozenset() | list() | tuple() as several:
                found += several
    return kept


def test_no_whole_name_and_no_number_outlives_its_record() -> None:
    """Neither masker nor guard keeps what identifies anybody when a record is done: words, never whole names or numbers."""
    places = [
        Location(location_ref="l1", line1="12 Cobalt Rise", line2="Zephyr House", postcode="ZE9 7QX"),
        Location(location_ref="l2", line1="Quillon Refuge", postcode="ZE9 8QX", premise_type="REFUGE"),
    ]
    vesna = Person(
        person_ref="p3",
        roles=["WITNESS"],
        nominal_id="Q77",
        names=[Name(surname="Van Zephyrine", given=["Vesna Maria", "王小明"], type="LEGAL")],
        dob="1977-07-17",
        phones=[Contact(value="٠٧٧٠٠٩٠٠٩٩٩")],
        emails=[Contact(value="vesna.z@example.com")],
        identifiers=[Identifier(type="PASSPORT", value="977401372")],
        addresses=[Address(location_ref="l1", type="HOME")],
    )
    record = msgspec.structs.replace(RECORD, persons=[AMINA, vesna], locations=places)
    text = "Vesna Maria Van Zephyrine of 12 Cobalt Rise, ZE9 7QX rang 977401372 or ٠٧٧٠٠٩٠٠٩٩٩. 王小明 left. Q77 came. He left."
    account = Telling([text], record.persons, places).about(0)
    assert "He left." in account
    RecordGuard(record).objections_to_account(0, Reading(f"{account} {text}"))
    words = {"Vesna", "Maria", "Van", "Zephyrine", "王小明"}  # a name of one word is a word
    for module in (clean, names, narrative, patterns, residue, guard, referrals):
        for kept in _kept(module):
            assert " " not in kept or not words.intersection(kept.split())
            assert not re.search(
                r"977401372|9900999|٩٩٠٠٩٩٩|q77|ze9.?[78]qx|vesna.z|quillon.?refuge|1977.07|cobalt.?rise", kept, re.I
            )


@pytest.mark.parametrize(
    ("surname", "given", "dob", "found"),
    [
        ("Yusuf", "Omar", "1988-01-30", []),
        ("Yusuf", "Amina", "1991-04-03", ["guard|protected_identity"]),
        ("AMINA", "yusuf", "1991-04-03", ["guard|protected_identity"]),
        ("Yusuf", "Amina", "1990-04-03", []),
        ("Yusuf", "N100", "1988-01-30", ["residue.nominal"]),
        ("ZX 1234567", "Omar", "1988-01-30", ["residue.document"]),
    ],
)
def test_a_draft_holds_nothing_of_a_protected_person(surname: str, given: str, dob: str, found: list[str]) -> None:
    """Whole identities and identifiers that are no names are compared; a shared surname is no finding (spec 6.23)."""
    content = Content(
        subject=SubjectName(surname=surname, given_names=[given], dob=dob),
        offence=SubjectOffence(statute="IA1971", section="24(1)(b)(i)"),
    )
    assert objections_to_draft(msgspec.json.encode(content).decode(), content, RECORD, [AMINA]) == found
