"""A readable table is the whole table: what its lines and headings say is what is decided, in every cell."""

from __future__ import annotations

import random
from typing import Any

import pytest

from pipelines.contracts.codes import Protection, Recipient
from policy import regimes
from policy.bundle import Bundle
from policy.cells import AXES, PROTECTION_SETS, rows, whole
from policy.stored import StoredTable
from policy.summary import Summary, summarise
from policy.table import decisions_of


def _expanded(summary: Summary) -> list[Any]:
    """The outcomes of every cell, read back out of a summary."""
    column = {mask: place for place, masks in enumerate(summary.sets) for mask in masks}
    out = []
    for row in rows(summary.recipient):
        fitting = [line for line in summary.lines if all(row[axis] in values for axis, values in line.where.items())]
        assert len(fitting) == 1
        out += [fitting[0].outcomes[column[mask]] for mask in PROTECTION_SETS]
    return out


def _means(heading: str, mask: int) -> bool:
    """What a heading says about a set of protections, read as a person would."""
    return any(_part_means(part, mask) for part in heading.split("; or "))


def _part_means(part: str, mask: int) -> bool:
    if part in ("any", "no protection"):
        return part == "any" or mask == 0
    only = part.startswith("only ")
    there, _, absent = part.removeprefix("only ").partition(", none of ")
    if there.startswith("none of "):
        there, absent = "", there.removeprefix("none of ")
    groups = [group.removeprefix("any of ") for group in there.split(" and ")] if there else []
    masks = [_mask(group) for group in groups]
    allowed = not only or not mask & ~sum(masks)
    return allowed and all(mask & group for group in masks) and not mask & (_mask(absent) if absent else 0)


def _mask(names: str) -> int:
    return sum(int(Protection[name]) for name in names.split(" | "))


@pytest.mark.parametrize("recipient", list(Recipient))
@pytest.mark.parametrize("regime", sorted(regimes()))
def test_a_summary_says_what_every_cell_says(regime: str, recipient: Recipient) -> None:
    """Read back, lines and headings give every cell its decision, each cell once, and in fewer lines than a page."""
    decisions = decisions_of(StoredTable.read(Bundle.read(regime)), recipient)
    summary = summarise(recipient, decisions)
    assert _expanded(summary) == decisions
    assert sum(line.rows for line in summary.lines) * len(PROTECTION_SETS) == len(whole(recipient))
    for place, heading in enumerate(summary.columns):
        assert [mask for mask in PROTECTION_SETS if _means(heading, mask)] == sorted(
            summary.sets[place], key=PROTECTION_SETS.index
        )
    assert len(summary.lines) <= 20
    assert len(summary.columns) <= 4


@pytest.mark.parametrize("seed", range(12))
def test_a_summary_of_anything_leaves_nothing_out(seed: int) -> None:
    """Outcomes drawn by chance, alike or not, are described whole."""
    chance = random.Random(seed)
    recipient = list(Recipient)[seed % 2]
    flag, axis = chance.choice(list(Protection)), chance.choice(list(AXES[recipient]))
    value = chance.choice(AXES[recipient][axis])
    few = chance.sample(range(len(whole(recipient))), seed)
    outcomes = [bool(cell.protections & flag) and getattr(cell, axis) == value for cell in whole(recipient)]
    for place in few:
        outcomes[place] = not outcomes[place]
    assert _expanded(summarise(recipient, outcomes)) == outcomes


def test_what_is_the_same_everywhere_is_one_line() -> None:
    """A table with one outcome has one line, without conditions, and one heading."""
    summary = summarise(Recipient.SAFEGUARDING, ["x"] * len(whole(Recipient.SAFEGUARDING)))
    assert (summary.axes, summary.columns, len(summary.lines)) == ((), ("any",), 1)
    assert summary.where(summary.lines[0]) == "always"
