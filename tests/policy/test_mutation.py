"""The checks are strong enough: whatever small change alters a decision, one of them says so."""

from __future__ import annotations

import sys
import time
from functools import cache

import pytest

from tests.policy.mutation import (
    HOME,
    Mutant,
    judge,
    judge_code,
    judge_schema,
    judge_translation,
    mutants_of_code,
    mutants_of_policies,
    mutants_of_schema,
    run,
    score,
)


@cache
def _of_policies() -> list[Mutant]:
    return list(mutants_of_policies())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_mutant_that_changes_a_decision_is_caught(capsys: pytest.CaptureFixture[str]) -> None:
    """Of all mutants of policies, schema and translation, not one changes a decision unseen; the score is printed."""
    started = time.process_time()
    results = run()
    with capsys.disabled():
        sys.stdout.write("\n" + score(results, time.process_time() - started) + "\n")
    assert [result.name for result in results if result.outcome == "missed"] == []
    outcomes = {kind: [r.outcome for r in results if r.kind == kind] for kind in {r.kind for r in results}}
    assert set(outcomes) == {"policy", "schema", "translation", "cells"}
    assert all(outcome.count("caught") >= 5 for outcome in outcomes.values())
    assert len(results) > 800


def test_some_mutants_of_each_kind_are_caught() -> None:
    """A sample of every kind, in seconds: each is refused, caught, or changes nothing."""
    results = [judge(mutant) for mutant in [each for each in _of_policies() if HOME in each.regimes][::60]]
    results += [judge_schema(mutant) for mutant in list(mutants_of_schema())[::40]]
    results += [judge_translation(*mutant) for mutant in list(mutants_of_code("translate"))[::30]]
    results += [judge_code("cells", *mutant) for mutant in list(mutants_of_code("cells"))[::30]]
    assert "missed" not in {result.outcome for result in results}
    assert sum(result.outcome == "caught" for result in results) > 5


def test_code_that_is_not_changed_changes_nothing() -> None:
    """The code as it is, judged like a mutant, is equivalent: it is the change that is caught, not the judging."""
    from policy.bundle import PACKAGE

    assert judge_code("cells", "unchanged", (PACKAGE / "cells.py").read_text()).outcome == "equivalent"
    assert judge_translation("unchanged", (PACKAGE / "translate.py").read_text()).outcome == "equivalent"


def test_every_policy_has_mutants() -> None:
    """No policy of any regime is left out of the mutation."""
    from policy import regimes
    from policy.bundle import Bundle

    named = {mutant.name.split(":")[0] for mutant in _of_policies()}
    assert named == {name for regime in regimes() for name in Bundle.read(regime).policies}
