"""The policy: which decision each case gets, under which regime. Decides and does no I/O but reading its own bundle."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

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

    Read from the stored tables, once per process. `Engine.load` and `cordon policy verify` prove those.

    Raises:
        PolicyError: if a regime is unknown or its stored table is broken.
    """
    from pipelines.contracts.codes import Recipient
    from policy.stored import less_protective

    before, after = _letters(than_id), _letters(new_id)
    return any(less_protective(before[recipient], after[recipient]) for recipient in Recipient)


@cache
def _letters(regime: str) -> dict[Recipient, str]:
    from policy.bundle import Bundle
    from policy.stored import StoredTable

    return StoredTable.read(Bundle.read(regime)).letters
