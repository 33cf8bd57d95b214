"""Judges a frame with Great Expectations: which rows break which rule, and never what was in them.

Two passes. The first asks every rule for yes or no (`BOOLEAN_ONLY`, one validation). Only for the rules that said no
does the second ask which rows (`COMPLETE`, in memory, in an ephemeral context), and only the row numbers are taken out.

Anything but a plain yes counts as no. A rule that could not be judged, because its expectation raised, has neither
yes nor rows: then nothing of the batch goes on.

Great Expectations is imported on first use; `warm()` does it ahead.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from expectations.suites import SUITES, Rule, Suite, suite
from pipelines.errors import GateError

if TYPE_CHECKING:
    import pandas as pd

Rows = npt.NDArray[np.int64]
#: The one expectation that need not be asked where nothing is missing.
_NOT_NULL = "expect_column_values_to_not_be_null"


class RuleResult(NamedTuple):
    """What may be kept of a judgement: the rule, whether it held, and how many rows broke it."""

    rule: str
    success: bool
    failed: int


class Judgement(NamedTuple):
    """`failed` maps each row rule that failed to the positions (0..n-1) of its rows; warnings are in `results` only."""

    failed: dict[str, Rows]
    results: list[RuleResult]


def warm() -> None:
    """Imports Great Expectations and prepares every suite, so that the first batch does not pay for it."""
    for name in SUITES:
        _prepared(name)


def judge(name: str, frame: pd.DataFrame, *, expected_rows: int | None = None) -> Judgement:
    """Judges a frame by a suite.

    Args:
        name: the suite, for example `landed_incidents`.
        frame: the columns that suite's file lists; rows in the order their positions are to mean.
        expected_rows: how many rows there must be; needed by suites with a `row_count` rule.

    Raises:
        GateError: if a table rule failed, or a rule could not be judged; names suite and rules, never a value.
    """
    if name not in SUITES:
        raise GateError(f"gate `{name}`: there is no such suite")
    gate = _prepared(name)
    if gate.suite.counted and expected_rows is None:
        raise GateError(f"gate `{name}`: `expected_rows` is missing: say how many rows the ledger counts")
    if not frame.columns.is_unique:  # the engine compares columns as a set
        raise _stopped(name, [f"{name}|columns"], [])
    frame = frame.reset_index(drop=True)
    rules = [rule for rule in gate.suite.rules if not _cannot_fail(rule, frame)]

    said = gate.run(rules, frame, expected_rows, "BOOLEAN_ONLY")
    unjudged = [rule.id for rule, result in zip(rules, said, strict=True) if _raised(result)]
    broken = [
        rule for rule, result in zip(rules, said, strict=True) if result.success is not True and not _raised(result)
    ]
    tables = [rule.id for rule in broken if rule.kind == "table"]
    if tables or unjudged:
        raise _stopped(name, tables, unjudged)

    rows = _rows_of(gate, broken, frame, expected_rows) if broken else {}
    return Judgement(
        failed={rule.id: rows[rule.id] for rule in broken if rule.kind == "row"},
        results=[RuleResult(rule.id, rule.id not in rows, len(rows.get(rule.id, ()))) for rule in gate.suite.rules],
    )


def _cannot_fail(rule: Rule, frame: pd.DataFrame) -> bool:
    """Whether a null rule is about a column without nulls.

    Half of the rules are null rules, and each costs the engine some milliseconds however few the rows; one look at the
    column answers them by the same definition of null.
    """
    column = frame.get(rule.kwargs["column"]) if rule.expectation == _NOT_NULL else None
    return column is not None and not column.isna().any()


def _rows_of(gate: _Gate, broken: Sequence[Rule], frame: pd.DataFrame, expected_rows: int | None) -> dict[str, Rows]:
    rows: dict[str, Rows] = {}
    unjudged = []
    for rule, result in zip(broken, gate.run(broken, frame, expected_rows, "COMPLETE"), strict=True):
        positions = (result.result or {}).get("unexpected_index_list")
        # A rule that said no a moment ago and now names nobody was not judged.
        if _raised(result) or not isinstance(positions, list) or not positions:
            unjudged.append(rule.id)
        else:
            rows[rule.id] = np.unique(np.asarray(positions, dtype=np.int64))
    if unjudged:
        raise _stopped(gate.suite.name, [], unjudged)
    return rows


def _stopped(name: str, broken: Sequence[str], unjudged: Sequence[str]) -> GateError:
    what = [
        f"{verdict} {', '.join(f'`{rule}`' for rule in rules)}"
        for verdict, rules in (("broken", broken), ("not to be judged", unjudged))
        if rules
    ]
    return GateError(f"gate `{name}`: {'; '.join(what)}: nothing of the batch goes on; correct the frame or the rule")


def _raised(result: Any) -> bool:
    """Whether an expectation raised. The details come flat, or nested under the ids of the metrics that failed."""
    info = result.exception_info
    if not isinstance(info, dict):
        return info is not None
    parts = [info, *(part for part in info.values() if isinstance(part, dict))]
    return any(part.get("raised_exception") for part in parts) or any(part.get("exception_message") for part in parts)


# ---- great expectations -------------------------------------------------------------------------------------------

#: All gates share one engine, and an engine has one active batch.
_one_at_a_time = threading.Lock()


class _Gate:
    """A suite made ready once: the batch definition and the compiled configurations are used again for every frame."""

    def __init__(self, rules: Suite, asset: Any) -> None:
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

        self.suite = rules
        self._asset = asset
        self._whole = asset.add_batch_definition_whole_dataframe("whole")
        self._configurations = {
            rule.id: ExpectationConfiguration(type=_quick(rule.expectation), kwargs=rule.kwargs, meta={"rule": rule.id})
            for rule in rules.rules
        }

    def run(self, rules: Sequence[Rule], frame: pd.DataFrame, expected_rows: int | None, detail: str) -> list[Any]:
        """The results of some rules, in their order.

        Raises:
            GateError: if the engine itself failed, or did not answer for each rule once.
        """
        from great_expectations.core.expectation_suite import ExpectationSuite
        from great_expectations.validator.v1_validator import Validator

        name = self.suite.name
        parameters = None if expected_rows is None else {"expected_rows": expected_rows}
        try:
            with _one_at_a_time, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a warning may quote a value
                expectations = [self._configurations[rule.id] for rule in rules]
                asked = ExpectationSuite(name=f"{name}-{detail}", expectations=expectations)
                validator = Validator(
                    batch_definition=self._whole,
                    result_format=detail,
                    batch_parameters={"dataframe": frame},
                )
                try:
                    outcome = validator.validate_expectation_suite(asked, parameters)
                finally:
                    self._forget()
        except Exception:
            # Whatever the engine raises may quote a value, so neither it nor its text goes on.
            raise _stopped(name, [], [rule.id for rule in rules]) from None
        by_rule = {result.expectation_config.meta.get("rule"): result for result in outcome.results}
        missing = [rule.id for rule in rules if rule.id not in by_rule]
        if missing or len(outcome.results) != len(rules):
            raise _stopped(name, [], missing or [rule.id for rule in rules])
        return [by_rule[rule.id] for rule in rules]

    def _forget(self) -> None:
        """Drops the frame, which the engine would otherwise keep until the next one of this suite comes."""
        batches = self._asset.datasource.get_execution_engine().batch_manager
        batches.batch_cache.clear()
        batches.batch_data_cache.clear()


@lru_cache(maxsize=64)
def _quick(expectation: str) -> str:
    """The name of an expectation that judges as the named one does and works its own configuration out only once.

    The engine asks an expectation for its configuration some seventy times per validation, and each time it is made
    anew from the fields, which do not change: almost half of what a gate costs.
    """
    from great_expectations.compatibility import pydantic
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.registry import get_expectation_impl

    kind: type[Expectation] = get_expectation_impl(expectation)

    def configuration(self: Any) -> Any:
        if self._once is None:
            self._once = kind.configuration.fget(self)
        return self._once

    members = {
        "__module__": __name__,
        "__doc__": kind.__doc__,
        "__annotations__": {"_once": Any},
        "_once": pydantic.PrivateAttr(default=None),
        "configuration": property(configuration),
    }
    metaclass: Any = type(kind)
    return str(metaclass(f"Quick{kind.__name__}", (kind,), members).expectation_type)


@lru_cache(maxsize=len(SUITES))
def _prepared(name: str) -> _Gate:
    return _Gate(suite(name), _frames().add_dataframe_asset(name))


@lru_cache(maxsize=1)
def _frames() -> Any:
    """The data source all gates share, in a context that lives in memory and tells nobody of itself."""
    _silence()
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = {"globally": False}
    return context.data_sources.add_pandas("frames")


def _silence() -> None:
    """No progress bars, no telemetry, and no log line of the engine: its messages may quote what it stumbled over."""
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL + 1)
