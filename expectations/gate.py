"""Judges a frame with Great Expectations: which rows break which rule, and never what was in them.

Two passes. The first asks every rule for yes or no (`BOOLEAN_ONLY`, one validation). Only for the rules that said no
does the second ask which rows (`COMPLETE`, in memory), and only the row numbers are taken out.

Anything but a plain yes counts as no. A rule that could not be judged, because its expectation raised, has neither
yes nor rows: then nothing of the batch goes on.

Great Expectations is imported on first use; `warm()` does it ahead and makes every rule ready to be asked.
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

from expectations.suites import EXPECTED_ROWS, SUITES, Rule, Suite, suite
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
    unjudged = [rule.id for rule, result in zip(rules, said, strict=True) if result is None]
    broken = [
        rule for rule, result in zip(rules, said, strict=True) if result is not None and result.success is not True
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
        positions = result and (result.result or {}).get("unexpected_index_list")
        # A rule that said no a moment ago and now names nobody was not judged.
        if not isinstance(positions, list) or not positions:
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


# ---- great expectations -------------------------------------------------------------------------------------------

#: All gates share one engine, and an engine has one active batch.
_one_at_a_time = threading.Lock()


class _Question:
    """A rule made ready once: its expectation, and the graph of the metrics that answer it for whatever frame.

    The engine's own validator works both out anew for every frame, which is most of what it does (decision 0413).
    """

    def __init__(self, rule: Rule, detail: str, expected_rows: int | None) -> None:
        from great_expectations.validator.validation_graph import ValidationGraph

        self._asked = {"result_format": detail}
        kwargs = {key: expected_rows if value == EXPECTED_ROWS else value for key, value in rule.kwargs.items()}
        self._expectation = _quick(rule.expectation)(**kwargs)
        needed = self._expectation.get_validation_dependencies(_engine(), self._asked)
        self.graph = ValidationGraph(execution_engine=_engine())
        for metric in needed.get_metric_configurations():
            self.graph.build_metric_dependency_graph(metric, self._asked)

    def answer(self, metrics: dict[Any, Any], aborted: dict[Any, Any]) -> Any:
        """What the expectation says of the metrics of a frame; None if one of them, or it, raised."""
        if any(edge.left.id in aborted for edge in self.graph.edges):
            return None
        try:
            return self._expectation.metrics_validate(metrics, dict(self._asked), _engine())
        except Exception:
            return None  # its text may quote a value


class _Gate:
    """A suite and its questions: those of the first pass ready from the start, others when they are first asked."""

    def __init__(self, rules: Suite) -> None:
        self.suite = rules
        self._questions: dict[tuple[str, str], _Question] = {}
        for rule in rules.rules:
            self._question(rule, "BOOLEAN_ONLY", 0)

    def run(self, rules: Sequence[Rule], frame: pd.DataFrame, expected_rows: int | None, detail: str) -> list[Any]:
        """The answers to some rules, in their order; None for a rule that could not be judged.

        Raises:
            GateError: if the engine itself failed.
        """
        from great_expectations.validator.validation_graph import ValidationGraph

        engine = _engine()
        try:
            with _one_at_a_time, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a warning may quote a value
                questions = [self._question(rule, detail, expected_rows) for rule in rules]
                whole = ValidationGraph(execution_engine=engine)
                for question in questions:
                    for edge in question.graph.edges:
                        whole.add(edge)
                try:
                    engine.load_batch_data(self.suite.name, frame)
                    metrics, aborted = whole.resolve({"result_format": detail}, show_progress_bars=False)
                    return [question.answer(metrics, aborted) for question in questions]
                finally:
                    # The engine would otherwise keep the frame until the next one comes.
                    engine.batch_manager.batch_data_cache.clear()
        except Exception:
            # Whatever the engine raises may quote a value, so neither it nor its text goes on.
            raise _stopped(self.suite.name, [], [rule.id for rule in rules]) from None

    def _question(self, rule: Rule, detail: str, expected_rows: int | None) -> _Question:
        if EXPECTED_ROWS in rule.kwargs.values():
            return _Question(rule, detail, expected_rows)
        if (rule.id, detail) not in self._questions:
            self._questions[rule.id, detail] = _Question(rule, detail, None)
        return self._questions[rule.id, detail]


@lru_cache(maxsize=64)
def _quick(expectation: str) -> Any:
    """An expectation that judges as the named one does, and works out once what it is and which metrics it needs.

    The engine asks an expectation for its configuration some seventy times per validation, and each time it is made
    anew from the fields, which do not change.
    """
    from great_expectations.compatibility import pydantic
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.registry import get_expectation_impl

    kind: type[Expectation] = get_expectation_impl(expectation)

    def configuration(self: Any) -> Any:
        if self._configuration is None:
            self._configuration = kind.configuration.fget(self)
        return self._configuration

    def needed(self: Any, execution_engine: Any = None, runtime_configuration: Any = None) -> Any:
        if self._needed is None:
            self._needed = kind.get_validation_dependencies(self, execution_engine, runtime_configuration)
        return self._needed

    members = {
        "__module__": __name__,
        "__doc__": kind.__doc__,
        "__annotations__": {"_configuration": Any, "_needed": Any},
        "_configuration": pydantic.PrivateAttr(default=None),
        "_needed": pydantic.PrivateAttr(default=None),
        "configuration": property(configuration),
        "get_validation_dependencies": needed,
    }
    metaclass: Any = type(kind)
    return metaclass(f"Quick{kind.__name__}", (kind,), members)


@lru_cache(maxsize=len(SUITES))
def _prepared(name: str) -> _Gate:
    return _Gate(suite(name))


@lru_cache(maxsize=1)
def _engine() -> Any:
    """The engine all gates share. There is no context around it: nothing is stored, and nobody is told."""
    _silence()
    from great_expectations.execution_engine import PandasExecutionEngine

    # Its cache would keep what it computed of one frame, and offer it for the next.
    return PandasExecutionEngine(caching=False)


def _silence() -> None:
    """No progress bars, no telemetry, and no log line of the engine: its messages may quote what it stumbled over."""
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL + 1)
