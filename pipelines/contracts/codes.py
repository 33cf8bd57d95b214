"""The vocabulary: every closed list the pipeline reasons with, and how an unknown code is read.

Sets of categories are bit masks (`IntFlag`), so that a batch holds them as one integer column and a union is `|`.
A code is never folded: `"suspect"` is not SUSPECT (spec 6.2). A code on no list is UNKNOWN, and UNKNOWN protects.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag, StrEnum
from functools import lru_cache


class Standing(IntFlag):
    """The categories of DPA 2018 s.38(3). A person may be in several at once."""

    SUSPECT = 1
    CONVICTED = 2
    VICTIM = 4
    WITNESS = 8
    OTHER = 16


class Protection(IntFlag):
    """Why a person's data may not go to immigration enforcement by itself. Zero means no protection."""

    DA_VICTIM = 1
    DA_CHILD = 2
    MS_VICTIM = 4
    OTHER_VICTIM = 8
    POSSIBLE_VICTIM = 16
    WITNESS = 32
    REPORTER = 64
    INDETERMINATE = 128


#: The protections whose holder is offered help when data is withheld ("Safe to share?", recommendation 1).
REFERRED = Protection.DA_VICTIM | Protection.DA_CHILD | Protection.MS_VICTIM


class Evidence(IntEnum):
    """How sure the record is of an immigration offence."""

    NONE = 0
    DOUBT = 1
    OFFENCE = 2


class Caution(IntEnum):
    """Why an unprotected suspect still waits for a human (spec 6.16). The lowest number that applies is shown."""

    NONE = 0
    LINKED = 1
    MINOR = 2
    IDENTITY = 3


class Consent(IntEnum):
    """An answer about sharing: asked-and-given, refused or withdrawn, or none of these."""

    NONE = 0
    GIVEN = 1
    REFUSED = 2


class Recipient(StrEnum):
    """Whom a decision is about."""

    ENFORCEMENT = "enforcement"
    SAFEGUARDING = "safeguarding"


class Decision(StrEnum):
    """What may happen to one person's data for one recipient."""

    RELEASE_MINIMISED = "RELEASE_MINIMISED"
    RELEASE = "RELEASE"
    HOLD_FOR_HUMAN = "HOLD_FOR_HUMAN"
    WITHHOLD = "WITHHOLD"
    WITHHOLD_AND_REFER = "WITHHOLD_AND_REFER"


#: From the least to the most protective; where rules disagree the most protective wins.
PROTECTIVENESS = {decision: rank for rank, decision in enumerate(Decision)}


class State(StrEnum):
    """Where one person's data stands for one recipient. Exactly one at any time (conservation)."""

    QUARANTINED = "quarantined"
    RELEASED = "released"
    WITHHELD = "withheld"
    HELD = "held"
    PENDING = "pending"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class Role(StrEnum):
    """What a person is in an incident."""

    VICTIM = "VICTIM"
    POSSIBLE_VICTIM = "POSSIBLE_VICTIM"
    COMPLAINANT = "COMPLAINANT"
    CHILD_IN_HOUSEHOLD = "CHILD_IN_HOUSEHOLD"
    WITNESS = "WITNESS"
    REPORTER = "REPORTER"
    THIRD_PARTY_REPORTER = "THIRD_PARTY_REPORTER"
    SUSPECT = "SUSPECT"
    ARRESTED = "ARRESTED"
    CHARGED = "CHARGED"
    CONVICTED = "CONVICTED"
    PARENT_GUARDIAN = "PARENT_GUARDIAN"
    INTERPRETER = "INTERPRETER"
    PROFESSIONAL = "PROFESSIONAL"
    MENTIONED = "MENTIONED"
    UNKNOWN = "UNKNOWN"


class ChangeType(StrEnum):
    """Why a version was sent. Not folded to UNKNOWN: an unknown one is a contract fault (spec 6.1)."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    CORRECT = "CORRECT"
    RETRACT = "RETRACT"
    MERGE = "MERGE"
    SPLIT = "SPLIT"


#: Relations that make two people "personally connected": Domestic Abuse Act 2021 s.2. Present or past.
PERSONALLY_CONNECTED = frozenset(
    [
        "SPOUSE",
        "EX_SPOUSE",
        "CIVIL_PARTNER",
        "FIANCE",
        "PARTNER",
        "EX_PARTNER",
        "COPARENT",
        "PARENT",
        "CHILD",
        "STEP",
        "STEP_PARENT",
        "STEP_CHILD",
        "STEP_SIBLING",
        "STEPPARENT",
        "STEPCHILD",
        "STEPSIBLING",
        "SIBLING",
        "IN_LAW",
        "GRANDPARENT",
        "OTHER_RELATIVE",
    ]
)
#: Relations that connect nobody in the sense of s.2.
NOT_CONNECTED = frozenset(["CARER", "COHABITANT", "EMPLOYER", "SPONSOR", "TRAFFICKER", "NEIGHBOUR", "STRANGER"])
#: Offence classes (Home Office Counting Rules) that are not abuse of a person: false documents, perverting justice.
NOT_ABUSE = frozenset({"61A", "79"})
#: The class of modern slavery offences.
MODERN_SLAVERY_CLASS = "106"

ASSESSMENTS_OF_OFFENCE = frozenset({"EVIDENCE_OF_OFFENCE", "CHARGED", "CONVICTED"})
ASSESSMENTS_OF_DOUBT = frozenset({"INSECURE_KNOWN", "CONCERN_OR_DOUBT"})
ASSESSMENTS_OF_NOTHING = frozenset({"NOT_ASSESSED", "NONE_RECORDED", "CITIZEN_OR_SETTLED", "LEAVE_TIME_LIMITED"})
#: Sources that can stand behind evidence: not the perpetrator, not his family, not nobody (domain edge case 15).
SOURCES_OF_EVIDENCE = frozenset(
    {"SELF", "OFFICER_OBSERVATION", "THIRD_PARTY", "DOCUMENT_SEEN", "PNC_MARKER", "HO_CHECK"}
)

#: Flags that make an incident domestic abuse when TRUE (spec 6.8).
DOMESTIC_ABUSE_FLAGS = (
    "domestic_abuse",
    "hba",
    "forced_marriage",
    "fgm",
    "stalking",
    "coercive_control",
    "so_called_immigration_abuse",
)


def names(mask: int, kind: type[IntFlag]) -> list[str]:
    """The names in a bit mask, in the order of their declaration."""
    return list(_names(mask, kind))


@lru_cache(maxsize=4096)
def _names(mask: int, kind: type[IntFlag]) -> tuple[str, ...]:
    return tuple(flag.name or "" for flag in kind if mask & flag)
