"""The whole table of a regime: every cell's verdict, what it sums up to by rule, and what a change to it would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from pipelines.contracts.codes import PROTECTIVENESS, Decision, Recipient
from policy.cells import Cell, whole
from policy.engine import Engine
from policy.stored import LETTERS, StoredTable, decision_of, encode
from policy.translate import Verdict

#: Cells decided between two reports of progress.
_STEP = 2048


class Table(NamedTuple):
    """The verdict of every cell of both recipients, in enumeration order."""

    regime: str
    digest: str
    verdicts: dict[Recipient, list[Verdict]]

    def decisions(self, recipient: Recipient) -> list[Decision]:
        """The decision of every cell of a recipient."""
        return [verdict.decision for verdict in self.verdicts[recipient]]

    def letters(self, recipient: Recipient) -> str:
        """The decisions as one letter per cell."""
        return "".join(LETTERS[verdict.decision] for verdict in self.verdicts[recipient])

    def by_rule(self) -> list[dict[str, Any]]:
        """How many cells each combination of recipient, decision and reasons has."""
        counts = Counter(
            (recipient.value, verdict.decision.value, verdict.reasons)
            for recipient, verdicts in self.verdicts.items()
            for verdict in verdicts
        )
        return [
            {"recipient": recipient, "decision": decision, "reasons": list(reasons), "cells": cells}
            for (recipient, decision, reasons), cells in sorted(counts.items())
        ]

    def stored(self) -> dict[str, Any]:
        """The table in the form in which it is checked in."""
        return {
            "regime": self.regime,
            "digest": self.digest,
            "letters": {
                "R": "RELEASE_MINIMISED (enforcement) or RELEASE (safeguarding)",
                "H": "HOLD_FOR_HUMAN",
                "W": "WITHHOLD",
                "F": "WITHHOLD_AND_REFER",
            },
            **{recipient.value: encode(recipient, self.letters(recipient)) for recipient in Recipient},
            "by_rule": self.by_rule(),
        }


def enumerate_tables(engines: Sequence[Engine], progress: Callable[[int], None] = lambda _: None) -> list[Table]:
    """Asks Cedar about every cell there is, under several regimes side by side: cells are parsed once for all.

    86,016 cells and some 246,000 questions a regime, about ten seconds.

    Args:
        engines: the regimes.
        progress: called with the number of cells decided since the last call.
    """
    tables = [Table(engine.regime, engine.digest, {recipient: [] for recipient in Recipient}) for engine in engines]
    for recipient in Recipient:
        cells = whole(recipient)
        for start in range(0, len(cells), _STEP):
            part = cells[start : start + _STEP]
            for engine, table in zip(engines, tables, strict=True):
                table.verdicts[recipient].extend(engine.decide(part))
                progress(len(part))
    return tables


def decisions_of(stored: StoredTable, recipient: Recipient) -> list[Decision]:
    """The decisions in a stored table, in enumeration order."""
    return [decision_of(recipient, letter) for letter in stored.letters[recipient]]


class Change(NamedTuple):
    """One cell that is decided differently."""

    cell: Cell
    before: Decision
    after: Decision

    @property
    def weakens(self) -> bool:
        """Whether the new decision is less protective."""
        return PROTECTIVENESS[self.after] < PROTECTIVENESS[self.before]


def diff(recipient: Recipient, before: Iterable[Decision], after: Iterable[Decision]) -> list[Change]:
    """Exactly the cells of a recipient that are decided differently, in enumeration order."""
    return [
        Change(cell, old, new) for cell, old, new in zip(whole(recipient), before, after, strict=True) if old is not new
    ]
