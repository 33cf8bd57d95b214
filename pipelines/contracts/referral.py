"""`safeguarding.referral.v1`: what a safeguarding partner needs to help one person (spec 3.4).

Built field by field. Immigration status appears only as the support need IMMIGRATION_ADVICE; of the suspect only what
managing the risk needs; other people appear as their role; a refuge address appears nowhere.
"""

from __future__ import annotations

from typing import Literal

import msgspec

SCHEMA = "safeguarding.referral.v1"


class Contacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Only those marked safe to use."""

    phones: list[str] = []
    emails: list[str] = []
    safe_times: list[str] = []


class Referred(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The person who is offered help."""

    name: str | None = None
    dob: str | None = None
    age: int | None = None
    child: bool = False
    language: str | None = None
    interpreter_needed: bool = False
    contacts: Contacts = Contacts()
    vulnerability: list[str] = []


class SuspectInBrief(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What managing the risk needs: who, and what they are to the person referred."""

    name: str | None = None
    relation: str | None = None


class RiskInBrief(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The risk as assessed."""

    level: str
    tool: str | None = None
    score: int | None = None


class Referral(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One person, one incident. A later one for the same person and incident replaces it."""

    schema: Literal["safeguarding.referral.v1"]  # no default: `omit_defaults` would leave it out
    referral_id: str
    incident_id: str
    source_force: str
    reason: str
    legal_basis: str
    person: Referred
    risk: RiskInBrief
    support_needs: list[str] = []
    children_present: bool = False
    suspects: list[SuspectInBrief] = []
    account: str = ""


#: Constant headers beside the CloudEvents attributes.
ONWARD_SHARING = ("onward_sharing", b"PROHIBITED_IMMIGRATION_ENFORCEMENT")
EVENT_TYPE = b"cordon.safeguarding.referral.v1"
