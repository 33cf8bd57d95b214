"""The rules of every gate, read from `suites/*.yaml`: one id used in code, ledger, quarantine, audit and report.

A rule is a *row* rule (the rows that break it are quarantined), a *table* rule (the whole batch stops) or a *warning*
(counted, decides nothing; spec 6.3). Great Expectations skips nulls in row rules, so `nulls: fail` gives the column a
rule of its own, `<suite>|<column>_not_null`: a missing value is then a fault and not a row nobody looked at.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any, Literal, NamedTuple

import msgspec

#: In the arguments of a rule: the number of rows that the caller expects.
EXPECTED_ROWS = "$expected_rows"

Kind = Literal["row", "table", "warning"]
SUITES = ("landed_incidents", "landed_persons", "tagged_persons", "outgoing_referrals", "outgoing_subjects")


class Rule(NamedTuple):
    """One rule of a suite. `kwargs` are those of the expectation, `expectation` its name in Great Expectations."""

    id: str
    meaning: str
    owner: str
    kind: Kind
    expectation: str
    kwargs: dict[str, Any]


class Suite(NamedTuple):
    """The rules one stage holds a frame to. `counted` says that the caller must give the number of rows expected."""

    name: str
    stage: str
    frame: str
    columns: tuple[str, ...]
    rules: tuple[Rule, ...]
    counted: bool


class _RuleText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    meaning: str
    owner: str
    kind: Kind
    expectation: str
    kwargs: dict[str, Any]
    nulls: Literal["skip", "fail"] = "skip"


class _SuiteText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    suite: str
    stage: str
    frame: str
    columns: list[str]
    rules: list[_RuleText]


@lru_cache(maxsize=len(SUITES))
def suite(name: str) -> Suite:
    """Reads a suite.

    Raises:
        KeyError: if there is no suite of that name.
        ValueError: if the file contradicts itself (a rule of another suite, a repeated id, an unknown column).
    """
    if name not in SUITES:
        raise KeyError(name)
    raw = resources.files("expectations").joinpath("suites", f"{name}.yaml").read_bytes()
    text = msgspec.yaml.decode(raw, type=_SuiteText)
    rules: dict[str, Rule] = {}
    not_null: dict[str, Rule] = {}
    counted = False
    for rule in text.rules:
        if rule.id in rules or not rule.id.startswith(f"{name}|"):
            raise ValueError(f"suite `{name}`: rule `{rule.id}` is repeated or belongs elsewhere")
        kwargs = dict(rule.kwargs)
        for key, value in kwargs.items():
            if value == "$columns":
                kwargs[key] = list(text.columns)
            elif value == EXPECTED_ROWS:
                counted = True
        named = kwargs.get("column_list", [kwargs["column"]] if "column" in kwargs else [])
        if not set(named) <= set(text.columns):
            raise ValueError(f"suite `{name}`: rule `{rule.id}` names a column the frame does not have")
        rules[rule.id] = Rule(rule.id, rule.meaning, rule.owner, rule.kind, rule.expectation, kwargs)
        if rule.nulls == "fail":
            column = kwargs["column"]
            not_null[f"{name}|{column}_not_null"] = Rule(
                f"{name}|{column}_not_null",
                f"`{column}` is there in every row.",
                rule.owner,
                rule.kind,
                "expect_column_values_to_not_be_null",
                {"column": column},
            )
    if rules.keys() & not_null.keys():
        raise ValueError(f"suite `{name}`: a null rule is written twice")
    return Suite(
        text.suite, text.stage, text.frame, tuple(text.columns), (*rules.values(), *not_null.values()), counted
    )
