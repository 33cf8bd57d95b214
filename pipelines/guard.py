"""The guard over what leaves: what must not stand in a referral or in a draft for enforcement (spec 2, 6.23, 6.27).

It knows the record and nothing of how the outgoing document was built. Ready once per record, whatever leaves of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pipelines.contracts.incident import Incident, Location, Person
from pipelines.contracts.referral import Referral
from pipelines.contracts.subject import Content
from pipelines.masking.patterns import immigration_phrases
from pipelines.masking.residue import Forbidden, Guard, Reading, forbidden_of, residue, squeezed

#: Shorter lines of an address ("Leeds", "Flat 2") do not tell a refuge from any other place.
_SHORTEST_LINE = 6


class RecordGuard:
    """What identifies the people of one record, and its refuges."""

    def __init__(self, record: Incident) -> None:
        """Works out what to look for."""
        places = record.locations or ()
        self._persons = record.persons
        self._of = [Guard(forbidden_of(person, places)) for person in record.persons]
        postcodes = Guard([Forbidden("postcode", place.postcode) for place in places if place.postcode])
        self._everybody = Guard.over([*self._of, postcodes])
        self.refuge_lines = [line for line in map(squeezed, _refuge_lines(record)) if len(line) >= _SHORTEST_LINE]

    def objections_to_account(self, place: int, reading: Reading) -> list[str]:
        """What is found in the account about the person at `place`: anybody's identity but their own name, or status."""
        found = self._everybody.objections(reading, names=False)
        if any(n != place and guard.has_name(reading) for n, guard in enumerate(self._of)):
            found.add("residue.name")
        if self.refuges_in(reading):
            found.add("residue.address")
        if states_immigration(reading):
            found.add("residue.immigration")
        return sorted(found)

    def objections_to_rest(self, place: int, reading: Reading) -> list[str]:
        """What is found in the other fields: other people's identifiers, contacts that are not safe, a refuge.

        The suspect's name has a field of its own, and twins share a birthday.
        """
        found = Guard(_unsafe_contacts(self._persons[place])).objections(reading)
        for n, guard in enumerate(self._of):
            if n != place:
                found |= guard.objections(reading, names=False, dates=False)
        if self.refuges_in(reading):
            found.add("residue.address")
        return sorted(found)

    def refuges_in(self, reading: Reading) -> int:
        """How many lines of refuge addresses stand in a text."""
        return sum(line in reading.squeezed for line in self.refuge_lines)

    def unsafe_contacts(self, place: int, referral: Referral) -> int:
        """How many of the contacts in a referral the record does not mark as safe for that person."""
        person = self._persons[place]
        safe = {c.value for c in (*(person.phones or ()), *(person.emails or ())) if c.safe_to_use is True}
        unsafe = {c.value for c in (*(person.phones or ()), *(person.emails or ())) if c.safe_to_use is not True}
        contacts = referral.person.contacts
        return sum(each in unsafe or each not in safe for each in (*contacts.phones, *contacts.emails))


def rest_of(referral: Referral) -> str:
    """A referral's text without its account and the ids it carries by right."""
    bare = msgspec.structs.replace(referral, referral_id="", incident_id="", account="")
    return msgspec.json.encode(bare).decode()


def states_immigration(reading: Reading) -> bool:
    """Whether a text, as the guard reads it, says or may say something of anybody's immigration status."""
    if reading.states_immigration is None:
        reading.states_immigration = next(immigration_phrases().iter(reading.words), None) is not None
    return reading.states_immigration


def objections_to_draft(text: str, content: Content, record: Incident, others: Sequence[Person]) -> list[str]:
    """What is found in a draft for enforcement: identifiers of protected people, or one of them as its subject."""
    marks = [f for p in others for f in forbidden_of(p, record.locations or ()) if f.kind not in ("name", "dob")]
    return residue(text, marks) + _same_identity(content, others)


def _same_identity(content: Content, others: Iterable[Person]) -> list[str]:
    """Whether the subject is, letter for letter, somebody protected in the same record (spec 6.23)."""
    mine = _whole(content.subject.surname, content.subject.given_names)
    for other in others:
        for name in other.names or ():
            if _whole(name.surname or "", name.given or []) == mine and other.dob in (None, content.subject.dob):
                return ["guard|protected_identity"]
    return []


def _whole(surname: str, given: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(part.casefold() for text in (surname, *given) for part in text.split()))


def _unsafe_contacts(person: Person) -> list[Forbidden]:
    found = [Forbidden("phone", c.value) for c in person.phones or () if c.value and c.safe_to_use is not True]
    found += [Forbidden("email", c.value) for c in person.emails or () if c.value and c.safe_to_use is not True]
    return found


def _refuges(record: Incident) -> list[Location]:
    """Locations that are a refuge, by what the place is or what it is to someone."""
    refs = {a.location_ref for p in record.persons for a in p.addresses or () if a.type == "REFUGE"}
    return [place for place in record.locations or () if place.premise_type == "REFUGE" or place.location_ref in refs]


def _refuge_lines(record: Incident) -> list[str]:
    """The lines by which a refuge could be found: its name, its street, its postcode; towns are too large to tell."""
    return [line for place in _refuges(record) for line in (place.line1, place.line2, place.postcode) if line]
