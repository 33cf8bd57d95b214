"""`incident` v1: what a police records system sends, one incident version per message (spec 3.1).

Strict where identity and order depend on it (the header, references, roles); elsewhere `null` is absent and absent is
UNKNOWN. Codes stay strings here: what an unknown one means is a rule of tagging, not of decoding. Fields that no rule
reads are not declared; msgspec skips them, and nothing that is not declared can be forwarded.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

#: A flag as sent: TRUE, FALSE, UNKNOWN, a JSON boolean, or something on no list (which counts as TRUE).
Flag = Any


#: A number that fits a column. What does not is unreadable, not large.
Number = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]


class _Section(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Common settings: immutable, out of the garbage collector's sight (no cycles are possible), sparse when encoded."""


class Header(_Section, frozen=True):
    """Who sent which version of what, and when. Timestamps are RFC 3339 with a zone."""

    schema_version: str
    source_system: str
    source_force: str
    incident_id: str
    version: Number
    change_type: str
    recorded_ts: str
    event_ts: str | None = None
    reported_by_person_ref: str | None = None


class Offence(_Section, frozen=True):
    ho_class: str | None = None
    title: str | None = None


class Name(_Section, frozen=True):
    surname: str | None = None
    given: list[str] | None = None
    type: str | None = None


class Identifier(_Section, frozen=True):
    type: str | None = None
    value: str | None = None


class Contact(_Section, frozen=True):
    """A phone number, e-mail address or account. Safe only when `safe_to_use` is true."""

    value: str | None = None
    safe_to_use: bool | None = None
    safe_times: str | None = None


class Address(_Section, frozen=True):
    location_ref: str | None = None
    type: str | None = None


class Immigration(_Section, frozen=True):
    assessment: str | None = None
    source: str | None = None
    basis: str | None = None
    statute_ref: str | None = None
    supervisor_id: str | None = None
    sponsor_person_ref: str | None = None
    dependant_of_ref: str | None = None


class Risk(_Section, frozen=True):
    tool: str | None = None
    score: Number | None = None
    level: str | None = None
    marac: str | None = None


class ConsentAnswer(_Section, frozen=True):
    scope: str | None = None
    state: str | None = None
    ts: str | None = None
    method: str | None = None


class Nrm(_Section, frozen=True):
    """The National Referral Mechanism (modern slavery)."""

    indicator: bool | None = None
    state: str | None = None
    claims_s45: bool | None = None


class Person(_Section, frozen=True):
    """One person in one incident version. `person_ref` is local to the incident."""

    person_ref: str
    roles: list[str]
    nominal_id: str | None = None
    pnc_id: str | None = None
    names: list[Name] | None = None
    dob: str | None = None
    age: Number | None = None
    age_from: Number | None = None
    age_to: Number | None = None
    age_basis: str | None = None
    identifiers: list[Identifier] | None = None
    phones: list[Contact] | None = None
    emails: list[Contact] | None = None
    addresses: list[Address] | None = None
    vulnerability: list[str] | None = None
    language: str | None = None
    interpreter_needed: bool | None = None
    immigration: Immigration | None = None
    risk: Risk | None = None
    consent: list[ConsentAnswer] | None = None
    nrm: Nrm | None = None


class Relation(_Section, frozen=True):
    from_ref: str
    to_ref: str
    type: str | None = None


class Location(_Section, frozen=True):
    location_ref: str | None = None
    uprn: str | int | None = None
    line1: str | None = None
    line2: str | None = None
    line3: str | None = None
    line4: str | None = None
    line5: str | None = None
    postcode: str | None = None
    premise_type: str | None = None


class Narrative(_Section, frozen=True):
    text: str | None = None
    type: str | None = None


class Link(_Section, frozen=True):
    """Another incident this one is linked to."""

    id: str | None = None
    reason: str | None = None


class Incident(_Section, frozen=True):
    """One version of one incident."""

    header: Header
    persons: list[Person] = []
    offences: list[Offence] | None = None
    non_crime_da_incident: Flag = None
    flags: dict[str, Flag] | None = None
    relations: list[Relation] | None = None
    locations: list[Location] | None = None
    narrative: list[Narrative] | None = None
    linked_incidents: list[Link] | None = None
