"""The cells: everything a decision may depend on, as tuples of closed lists, and the whole product of them.

A decision is a function of a cell and of nothing else, so the decision space is finite and is enumerated whole. Each
axis stands in the order of `AXES`; protections vary fastest, and among them `DA_VICTIM` varies slowest.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from pipelines.contracts.codes import Caution, Consent, Evidence, Protection, Recipient, names


class Record(StrEnum):
    """Whether the source still stands by the record (spec 6.17)."""

    CURRENT = "CURRENT"
    RETRACTED = "RETRACTED"


class Risk(StrEnum):
    """Whether harm is so likely that vital interests replace consent (spec 3.3)."""

    HIGH = "HIGH"
    NOT_HIGH = "NOT_HIGH"


class EnforcementCell(NamedTuple):
    """What decides about one person's data for immigration enforcement."""

    protections: int
    accused: bool
    evidence: Evidence
    caution: Caution
    ie_consent: Consent
    assessed: bool
    record: Record


class SafeguardingCell(NamedTuple):
    """What decides about one person's referral to safeguarding partners."""

    protections: int
    risk: Risk
    child: bool
    consent: Consent
    referable: bool
    record: Record


Cell: TypeAlias = EnforcementCell | SafeguardingCell

_BOTH = (False, True)
#: Every set of protections, as masks: the product over the protections in the order of their declaration.
PROTECTION_SETS: tuple[int, ...] = tuple(
    sum(int(flag) for flag, there in zip(Protection, chosen, strict=True) if there)
    for chosen in itertools.product(_BOTH, repeat=len(Protection))
)
#: The other axes of each recipient's cells, slowest first.
AXES: dict[Recipient, dict[str, tuple[Any, ...]]] = {
    Recipient.ENFORCEMENT: {
        "record": tuple(Record),
        "accused": _BOTH,
        "evidence": tuple(Evidence),
        "caution": tuple(Caution),
        "ie_consent": tuple(Consent),
        "assessed": _BOTH,
    },
    Recipient.SAFEGUARDING: {
        "record": tuple(Record),
        "referable": _BOTH,
        "risk": tuple(Risk),
        "child": _BOTH,
        "consent": tuple(Consent),
    },
}
_KINDS: dict[Recipient, type[EnforcementCell] | type[SafeguardingCell]] = {
    Recipient.ENFORCEMENT: EnforcementCell,
    Recipient.SAFEGUARDING: SafeguardingCell,
}


def recipient_of(cell: Cell) -> Recipient:
    """Whom a cell is about."""
    return Recipient.ENFORCEMENT if isinstance(cell, EnforcementCell) else Recipient.SAFEGUARDING


def rows(recipient: Recipient) -> Iterator[dict[str, Any]]:
    """Every combination of the axes other than protections, slowest axis first."""
    axes = AXES[recipient]
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


@lru_cache(maxsize=2)
def whole(recipient: Recipient) -> tuple[Cell, ...]:
    """Every cell of a recipient: 73,728 for enforcement, 12,288 for safeguarding."""
    kind = _KINDS[recipient]
    return tuple(kind(protections=mask, **row) for row in rows(recipient) for mask in PROTECTION_SETS)


@lru_cache(maxsize=2)
def places(recipient: Recipient) -> Mapping[Cell, int]:
    """Where each cell stands in `whole`."""
    return {cell: place for place, cell in enumerate(whole(recipient))}


def attributes(cell: Cell) -> dict[str, Any]:
    """A cell as plain values: names of protections and codes, booleans.

    Raises:
        ValueError: if a field holds nothing that is on its list, so that nothing unknown is ever asked about.
    """
    if not isinstance(cell, EnforcementCell | SafeguardingCell):
        raise ValueError("neither an enforcement nor a safeguarding cell")
    if not 0 <= cell.protections < 1 << len(Protection):
        raise ValueError("protections are no set of known protections")
    out: dict[str, Any] = {"protections": names(cell.protections, Protection)}
    for axis, values in AXES[recipient_of(cell)].items():
        value = values[values.index(getattr(cell, axis))]
        out[axis] = value if isinstance(value, bool) else value.name
    return out


def cell_of(recipient: Recipient, given: Mapping[str, Any]) -> Cell:
    """The cell that `given` describes, in the form of `attributes`; an axis left out has its first value.

    Raises:
        ValueError: for an axis or a value on no list.
    """
    axes = AXES[recipient]
    unknown = set(given) - set(axes) - {"protections"}
    if unknown:
        raise ValueError(f"no such axis: {', '.join(f'`{axis}`' for axis in sorted(unknown))}")
    mask = 0
    for name in given.get("protections", ()):
        if name not in Protection.__members__:
            raise ValueError(f"no such protection: `{name}`; one of {', '.join(Protection.__members__)}")
        mask |= Protection[name]
    fields: dict[str, Any] = {"protections": mask}
    for axis, values in axes.items():
        by_name = {(value if isinstance(value, bool) else value.name): value for value in values}
        value = given.get(axis, next(iter(by_name)))
        if value not in by_name or isinstance(value, bool) != isinstance(values[0], bool):
            raise ValueError(f"`{axis}` is one of {', '.join(str(name) for name in by_name)}")
        fields[axis] = by_name[value]
    return _KINDS[recipient](**fields)


def label(axis: str, value: Any) -> str:
    """One value of one axis in a word, unmistakable beside the others."""
    if isinstance(value, bool):
        return axis if value else f"not_{axis}"
    if axis in ("evidence", "caution", "ie_consent", "consent"):
        return f"{axis}={value.name}"
    return str(value.name)
