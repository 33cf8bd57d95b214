"""`enforcement.subject.v1`: all that enforcement is ever told (spec 3.5). A closed schema, built from an allow-list.

Nothing is optional that could speak by its absence: a SUBJECT always has every field, a WITHDRAWAL always the same six.
"""

from __future__ import annotations

from typing import Literal

import msgspec

SCHEMA = "enforcement.subject.v1"


class SubjectName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who: the LEGAL name and date of birth as recorded."""

    surname: str
    given_names: list[str]
    dob: str


class SubjectOffence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which immigration offence; never the incident's."""

    statute: str
    section: str


class Quality(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """DPA 2018 s.38(5)(b), the same on every message so that it tells nothing (domain threat 22)."""

    completeness: Literal["FILTERED_VIEW"] = "FILTERED_VIEW"
    accuracy: Literal["AS_RECORDED"] = "AS_RECORDED"


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What makes two subjects the same: person as named, and offence."""

    subject: SubjectName
    offence: SubjectOffence


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person of whom there is evidence of an immigration offence, and who is protected by nothing."""

    schema: Literal["enforcement.subject.v1"] = "enforcement.subject.v1"
    kind: Literal["SUBJECT"] = "SUBJECT"
    msg_id: str
    issued_day: str
    subject: SubjectName
    offence: SubjectOffence
    basis: Literal["EVIDENCE_OF_OFFENCE"] = "EVIDENCE_OF_OFFENCE"
    purpose: Literal["IMMIGRATION_OFFENCE_INVESTIGATION"] = "IMMIGRATION_OFFENCE_INVESTIGATION"
    legal_basis: Literal["IAA1999_S20"] = "IAA1999_S20"
    quality: Quality


class Withdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Takes a subject back. One shape and one reason for every cause (domain threat 7)."""

    schema: Literal["enforcement.subject.v1"] = "enforcement.subject.v1"
    kind: Literal["WITHDRAWAL"] = "WITHDRAWAL"
    msg_id: str
    issued_day: str
    withdraws: str
    reason: Literal["SOURCE_CORRECTION"] = "SOURCE_CORRECTION"


#: Kafka headers of every message on the topic: constants only.
HEADERS: tuple[tuple[str, bytes], ...] = (("content-type", b"application/json"),)
