"""The stored table of a regime: the decision of every cell, checked in beside the policies that were proved to give it.

It is a second opinion, not the decider: the engine asks Cedar, and where the two disagree answers WITHHOLD. It is also
what makes comparing two regimes instant. One line per combination of the other axes, run lengths over the sets of
protections in the order of `policy.cells.PROTECTION_SETS`: `1R 255H` is one release, then 255 held.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pipelines.contracts.codes import Decision, Recipient
from policy.bundle import Bundle
from policy.cells import PROTECTION_SETS, Cell, label, places, recipient_of, rows
from policy.errors import PolicyError
from policy.translate import RELEASES

#: The letter of each decision.
LETTERS: dict[Decision, str] = {
    Decision.RELEASE_MINIMISED: "R",
    Decision.RELEASE: "R",
    Decision.HOLD_FOR_HUMAN: "H",
    Decision.WITHHOLD: "W",
    Decision.WITHHOLD_AND_REFER: "F",
}
#: From the least to the most protective.
ORDER = "RHWF"
_RUN = re.compile(r"(\d{1,3})([RHWF])")


class StoredTable(NamedTuple):
    """A regime's decisions as one letter per cell, in enumeration order, and the digest they were proved for."""

    digest: str
    letters: dict[Recipient, str]
    by_rule: list[dict[str, Any]]

    @classmethod
    def read(cls, bundle: Bundle) -> StoredTable:
        """Reads the table stored with a bundle.

        Raises:
            PolicyError: if it is missing, or does not cover every cell exactly once.
        """
        raw = bundle.json(bundle.table)
        try:
            return cls(
                digest=str(raw["digest"]),
                letters={recipient: _decode(recipient, raw[recipient.value]) for recipient in Recipient},
                by_rule=list(raw["by_rule"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise PolicyError(f"the stored table of `{bundle.regime}` is broken: {error}") from None

    def releases(self, recipient: Recipient) -> bool:
        """Whether anything is ever released to a recipient."""
        return "R" in self.letters[recipient]

    def decision(self, cell: Cell) -> Decision | None:
        """What the table says of a cell; None if the cell is on no list."""
        recipient = recipient_of(cell)
        place = places(recipient).get(cell)
        return None if place is None else decision_of(recipient, self.letters[recipient][place])


def decision_of(recipient: Recipient, letter: str) -> Decision:
    """The decision a letter stands for."""
    if letter == "R":
        return RELEASES[recipient]
    return {"H": Decision.HOLD_FOR_HUMAN, "W": Decision.WITHHOLD, "F": Decision.WITHHOLD_AND_REFER}[letter]


def row_label(row: Mapping[str, Any]) -> str:
    """A combination of the axes other than protections, as the line's name."""
    return " ".join(label(axis, value) for axis, value in row.items())


def encode(recipient: Recipient, letters: str) -> dict[str, str]:
    """Lines of run lengths for the letters of every cell."""
    width = len(PROTECTION_SETS)
    return {
        row_label(row): " ".join(
            f"{len(list(run))}{letter}"
            for letter, run in itertools.groupby(letters[place * width : (place + 1) * width])
        )
        for place, row in enumerate(rows(recipient))
    }


def _decode(recipient: Recipient, lines: Mapping[str, str]) -> str:
    expected = [row_label(row) for row in rows(recipient)]
    if set(lines) != set(expected):
        raise ValueError(f"the lines of {recipient.value} are not those of its cells")
    out = []
    for name in expected:
        letters = ""
        for run in lines[name].split():
            match = _RUN.fullmatch(run)
            if match is None:
                raise ValueError(f"`{name}` holds something that is no run")
            letters += int(match[1]) * match[2]
        if len(letters) != len(PROTECTION_SETS) or (recipient is Recipient.SAFEGUARDING and "F" in letters):
            raise ValueError(f"`{name}` does not cover its cells")
        out.append(letters)
    return "".join(out)


def less_protective(before: str, after: str) -> bool:
    """Whether some cell is newly released or held: held or released after, and more protective before."""
    return any(new in "RH" and ORDER.index(new) < ORDER.index(old) for old, new in set(zip(before, after, strict=True)))
