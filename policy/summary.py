"""Tables that a person can read: cells that are decided alike are described together, exactly and without exception.

Nothing is sampled or left out. A line stands for every combination of the values it names, and a column for every set
of protections that its heading describes; together they cover each cell once.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.contracts.codes import Protection, Recipient
from policy.cells import AXES, PROTECTION_SETS, rows

#: More axes than this are not tried in every order to find the shortest description.
_TRIED = 5
Cube = tuple[frozenset[Any], ...]


class Line(NamedTuple):
    """Combinations of the axes other than protections that come out alike."""

    where: dict[str, tuple[Any, ...]]
    """The values of each axis that matters; an axis left out may have any."""
    outcomes: tuple[Any, ...]
    """What comes out, per column."""
    rows: int
    """How many combinations of all axes the line stands for."""


class Summary(NamedTuple):
    """Every cell of a recipient, described."""

    recipient: Recipient
    axes: tuple[str, ...]
    columns: tuple[str, ...]
    sets: tuple[tuple[int, ...], ...]
    """The sets of protections that each column stands for."""
    lines: tuple[Line, ...]

    def where(self, line: Line) -> str:
        """A line's conditions in words."""
        parts = [
            f"{axis} {in_words(self.recipient, axis, line.where[axis])}" for axis in self.axes if axis in line.where
        ]
        return ", ".join(parts) or "always"


def summarise(recipient: Recipient, outcomes: Sequence[Hashable]) -> Summary:
    """Describes what comes out of every cell of a recipient, given in enumeration order."""
    width = len(PROTECTION_SETS)
    by_row = [tuple(outcomes[start : start + width]) for start in range(0, len(outcomes), width)]
    columns: dict[tuple[Hashable, ...], list[int]] = defaultdict(list)
    for mask, column in zip(PROTECTION_SETS, zip(*by_row, strict=True), strict=True):
        columns[column].append(mask)
    order = sorted(columns, key=lambda column: (bin(columns[column][0]).count("1"), columns[column][0]))
    labels = _in_words(order, columns)
    points = [tuple(row.values()) for row in rows(recipient)]
    vectors = list(zip(*order, strict=True))
    names = tuple(AXES[recipient])
    mattering = [place for place in range(len(names)) if _matters(place, points, vectors)]
    groups: dict[tuple[Hashable, ...], set[tuple[Any, ...]]] = defaultdict(set)
    for point, vector in zip(points, vectors, strict=True):
        groups[vector].add(tuple(point[place] for place in mattering))
    domains = [AXES[recipient][names[place]] for place in mattering]
    repeats = len(points) // max(1, len(set().union(*groups.values())))
    lines = []
    for vector, found in groups.items():
        for cube in _cubes(found, [frozenset(domain) for domain in domains]):
            where = {
                names[place]: tuple(value for value in domain if value in chosen)
                for place, domain, chosen in zip(mattering, domains, cube, strict=True)
                if len(chosen) < len(domain)
            }
            size = repeats
            for chosen in cube:
                size *= len(chosen)
            lines.append(Line(where, vector, size))
    axes = tuple(names[place] for place in mattering)
    lines.sort(
        key=lambda line: [AXES[recipient][axis].index(line.where.get(axis, AXES[recipient][axis])[0]) for axis in axes]
    )
    return Summary(recipient, axes, tuple(labels), tuple(tuple(columns[column]) for column in order), tuple(lines))


def in_words(recipient: Recipient, axis: str, values: tuple[Any, ...]) -> str:
    """Some values of an axis: `OFFENCE`, `NONE or DOUBT`, `not NONE`, `yes`."""
    domain = AXES[recipient][axis]
    if isinstance(domain[0], bool):
        return "yes" if values == (True,) else "no" if values == (False,) else "any"
    if len(values) == len(domain):
        return "any"
    left_out = [value for value in domain if value not in values]
    if len(left_out) == 1 and len(domain) > 2:
        return f"not {left_out[0].name}"
    return " or ".join(value.name for value in values)


def _matters(place: int, points: Sequence[tuple[Any, ...]], vectors: Sequence[Hashable]) -> bool:
    seen: dict[tuple[Any, ...], Hashable] = {}
    for point, vector in zip(points, vectors, strict=True):
        rest = point[:place] + point[place + 1 :]
        if seen.setdefault(rest, vector) != vector:
            return True
    return False


def _cubes(points: Iterable[tuple[Any, ...]], domains: Sequence[frozenset[Any]]) -> list[Cube]:
    """Covers points by few disjoint cubes: in whichever order of the axes merging leaves the fewest."""
    start = [tuple(frozenset({value}) for value in point) for point in points]
    orders: Iterable[Sequence[int]] = [range(len(domains))]
    if len(domains) <= _TRIED:
        orders = itertools.permutations(range(len(domains)))
    return min((_merged(start, order) for order in orders), key=len)


def _merged(cubes: list[Cube], order: Sequence[int]) -> list[Cube]:
    for place in order:
        alike: dict[Cube, frozenset[Any]] = defaultdict(frozenset)
        for cube in cubes:
            alike[cube[:place] + cube[place + 1 :]] |= cube[place]
        cubes = [(*rest[:place], values, *rest[place:]) for rest, values in alike.items()]
    return cubes


# ---- sets of protections ----------------------------------------------------------------------------------------


def _in_words(order: Sequence[Any], columns: Mapping[Any, Sequence[int]]) -> list[str]:
    """A heading for each class of protection sets, exact."""
    of = {mask: number for number, column in enumerate(order) for mask in columns[column]}
    groups = _interchangeable(of)
    pattern = {mask: tuple(bool(mask & group) for group in groups) for mask in of}
    classes: dict[tuple[bool, ...], set[int]] = defaultdict(set)
    for mask, number in of.items():
        classes[pattern[mask]].add(number)
    if any(len(numbers) > 1 for numbers in classes.values()):
        # How many of a group there are makes a difference: no regime is like that, and none could be called readable.
        return [f"one of {len(columns[column])} sets" for column in order]
    domains = [frozenset((True, False))] * len(groups)
    labels = []
    for number in range(len(order)):
        found = [shape for shape, numbers in classes.items() if numbers == {number}]
        labels.append("; or ".join(_heading(cube, groups) for cube in _cubes(found, domains)) or "any")
    return labels


def _heading(cube: Cube, groups: Sequence[int]) -> str:
    there = [group for chosen, group in zip(cube, groups, strict=True) if chosen == {True}]
    absent = sum(group for chosen, group in zip(cube, groups, strict=True) if chosen == {False})
    if not there:
        return "any" if not absent else "no protection" if absent == sum(Protection) else f"none of {_names(absent)}"
    heading = " and ".join(f"any of {_names(group)}" if group & (group - 1) else _names(group) for group in there)
    if not absent:
        return heading
    return f"only {heading}" if absent | sum(there) == sum(Protection) else f"{heading}, none of {_names(absent)}"


def _names(mask: int) -> str:
    return " | ".join(flag.name or "" for flag in Protection if mask & flag)


def _interchangeable(of: Mapping[int, int]) -> list[int]:
    """Masks of protections that may be exchanged for each other without changing any set's class."""
    groups: list[list[Protection]] = []
    for flag in Protection:
        for group in groups:
            if all(of.get(_swapped(mask, group[0], flag)) == number for mask, number in of.items()):
                group.append(flag)
                break
        else:
            groups.append([flag])
    return [sum(int(flag) for flag in group) for group in groups]


def _swapped(mask: int, one: int, other: int) -> int:
    if bool(mask & one) == bool(mask & other):
        return mask
    return mask ^ one ^ other
