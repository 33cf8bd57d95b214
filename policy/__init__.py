"""The policy: which decision each case gets, under which regime. Decides and does no I/O but reading its own bundle."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pipelines.contracts.codes import Recipient
    from policy.bundle import Metadata


def regimes() -> dict[str, Metadata]:
    """Every regime there is, with its metadata, those for replay only included.

    Raises:
        PolicyError: if one of them cannot be read.
    """
    from policy.bundle import PACKAGE, files_of, read_metadata, regimes_in

    files = files_of(PACKAGE)
    return {name: read_metadata(name, files[f"regimes/{name}/regime.yaml"]) for name in regimes_in(files)}


def weaker(than_id: str, new_id: str) -> bool:
    """Whether `new_id` newly releases or holds any cell that `than_id` treats more protectively (spec 6.20).

    Or lets fewer named people release what is held. Read from metadata and the stored tables, once per process.
    `Engine.load` and `cordon policy verify` prove those.

    Raises:
        PolicyError: if a regime is unknown or its stored table is broken.
    """
    from pipelines.contracts.codes import Recipient
    from policy.stored import less_protective

    before, after = _read(than_id), _read(new_id)
    return any(
        less_protective(before.letters[recipient], after.letters[recipient])
        or fewer_approvals(before.approvals[recipient], after.approvals[recipient])
        for recipient in Recipient
    )


def fewer_approvals(before: int | None, after: int | None) -> bool:
    """Whether fewer named people are enough than before. Some where nobody was is a release more: the cells show it."""
    return before is not None and after is not None and after < before


class _Read(NamedTuple):
    """What is compared of a regime, by recipient."""

    letters: dict[Recipient, str]
    approvals: dict[Recipient, int | None]


@cache
def _read(regime: str) -> _Read:
    from pipelines.contracts.codes import Recipient
    from policy.bundle import Bundle
    from policy.engine import approvals_needed
    from policy.stored import StoredTable

    bundle = Bundle.read(regime)
    stored = StoredTable.read(bundle)
    needed = {
        recipient: approvals_needed(bundle.metadata, stored.releases(recipient), recipient) for recipient in Recipient
    }
    return _Read(stored.letters, needed)
