"""Clause to test: every clause that a policy or a tag rule cites, what it says, what rests on it, and what tests it.

What a clause says and which tests show it kept is written down in `clauses.yaml`. What rests on it is worked out from
the `@source` of every policy and the source of every tag rule, so that neither list can fall behind the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from policy import regimes
from policy.bundle import PACKAGE, Bundle
from policy.errors import PolicyError
from policy.stored import StoredTable

FILE = "clauses.yaml"


class Clause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of `clauses.yaml`."""

    clause: str
    kind: str
    says: str
    tests: list[str]


class Row(NamedTuple):
    """A clause and all that rests on it."""

    clause: Clause
    policies: dict[str, list[str]]
    """Policy id to the regimes whose bundles contain it."""
    rules: list[str]
    cells: int
    """Cells, over all regimes, that one of the policies decides."""
    cases: int
    """Named cases that one of the policies decides."""


def citations(source: str) -> list[str]:
    """The clauses that a source names; they are set apart by semicolons."""
    return [part.strip() for part in source.split(";")]


def read_clauses() -> list[Clause]:
    """The entries of `clauses.yaml`.

    Raises:
        PolicyError: if it is not of that shape, or lists a clause twice.
    """
    import yaml

    try:
        clauses = msgspec.convert(yaml.safe_load((PACKAGE / FILE).read_bytes()), list[Clause])
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise PolicyError(f"`{FILE}` cannot be read: {error}") from None
    names = [entry.clause for entry in clauses]
    if len(set(names)) != len(names):
        raise PolicyError(f"`{FILE}` lists a clause twice")
    return clauses


def index(rules: Mapping[str, str]) -> list[Row]:
    """Every clause with what rests on it.

    Args:
        rules: the source of each tag rule, by id.

    Raises:
        PolicyError: if a bundle or the list of clauses cannot be read.
    """
    cited = _policies()
    bundles = [Bundle.read(regime) for regime in regimes()]
    by_rule = [row for bundle in bundles for row in StoredTable.read(bundle).by_rule]
    cases = {path: bundle.json(path) for bundle in bundles for path in bundle.cases}
    rows = []
    for clause in read_clauses():
        policies = {name: where for name, (source, where) in cited.items() if clause.clause in citations(source)}
        rows.append(
            Row(
                clause,
                policies,
                [rule for rule, source in rules.items() if clause.clause in citations(source)],
                sum(row["cells"] for row in by_rule if not policies.keys().isdisjoint(row["reasons"])),
                sum(not policies.keys().isdisjoint(case["reasons"]) for found in cases.values() for case in found),
            )
        )
    return rows


def unlisted(rules: Mapping[str, str]) -> dict[str, list[str]]:
    """Clauses that are cited and not listed, by the policies and rules that cite them."""
    listed = {clause.clause for clause in read_clauses()}
    found: dict[str, list[str]] = {}
    for name, source in ({name: source for name, (source, _) in _policies().items()} | dict(rules)).items():
        for clause in citations(source):
            if clause not in listed:
                found.setdefault(clause, []).append(name)
    return found


def _policies() -> dict[str, tuple[str, list[str]]]:
    """Every policy of every regime: its source, and the regimes whose bundles contain it."""
    found: dict[str, tuple[str, list[str]]] = {}
    for regime in regimes():
        for name, policy in Bundle.read(regime).policies.items():
            found.setdefault(name, (policy.source, []))[1].append(regime)
    return found


def page(rows: list[Row]) -> str:
    """The index as a page of Markdown."""
    return "\n".join(_page(rows)) + "\n"


def _page(rows: list[Row]) -> Iterator[str]:
    yield "# Clause to test"
    yield ""
    yield "Every clause that a policy or a tag rule cites: what it says here, what rests on it, and which tests show it kept."
    yield "`cordon policy clauses --out docs/clauses.md` writes this page from `policy/clauses.yaml`, the policies and the tag"
    yield "rules; a test fails when it is not current, when a policy or rule cites a clause that is not listed, and when a clause"
    yield "has no test. Cells are counted over all regimes: those that one of the policies decides."
    for kind in dict.fromkeys(row.clause.kind for row in rows):
        yield ""
        yield f"## {kind.capitalize()}"
        for row in rows:
            if row.clause.kind == kind:
                yield from _section(row)


def _section(row: Row) -> Iterator[str]:
    yield ""
    yield f"### {row.clause.clause}"
    yield ""
    yield row.clause.says
    yield ""
    all_regimes = len(regimes())
    for name, where in row.policies.items():
        yield f"- policy `{name}`: {'every regime' if len(where) == all_regimes else ', '.join(where)}"
    for rule in row.rules:
        yield f"- tag rule `{rule}`"
    if row.policies:
        yield f"- decides {row.cells:,} cells and {row.cases} named cases"
    for test in row.clause.tests:
        yield f"- test `{test}`"
