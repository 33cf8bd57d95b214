"""Clause to test: nothing is cited that is not listed, listed that is not tested, or tested by what does not exist."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from pipelines.contracts.codes import REFERRED, Caution, Consent, Decision, Evidence, Recipient
from pipelines.tagging.rules import RULES
from policy import regimes
from policy.bundle import SCHEMA, Bundle
from policy.cells import EnforcementCell, Record, whole
from policy.clauses import citations, index, page, read_clauses, unlisted
from policy.engine import Engine
from policy.proof import Decided, broken_invariants
from policy.stored import StoredTable
from policy.table import decisions_of
from tests.policy.mutation import FILES, LAX, LAX_FILES

ROOT = Path(__file__).parents[2]
SOURCES = {name: rule.source for name, rule in RULES.items()}
NAMES = [clause.clause for clause in read_clauses()]


def test_nothing_is_cited_that_is_not_listed() -> None:
    """Every clause that a policy or a tag rule cites stands in the list, under that very name."""
    assert unlisted(SOURCES) == {}


def test_nothing_is_listed_that_is_not_cited() -> None:
    """Every clause in the list has a policy or a tag rule that rests on it."""
    assert [row.clause.clause for row in _index() if not row.policies and not row.rules] == []


def test_no_policy_and_no_rule_is_without_a_clause() -> None:
    """Every policy of every regime and every tag rule cites at least one clause."""
    sources = {p.id: p.source for regime in regimes() for p in Bundle.read(regime).policies.values()} | SOURCES
    assert [name for name, source in sources.items() if not set(citations(source)) & set(NAMES)] == []


@cache
def _functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("name", NAMES)
def test_a_clause_has_tests_that_exist(name: str) -> None:
    """Each clause names at least one test, and every test it names is there."""
    clause = next(clause for clause in read_clauses() if clause.clause == name)
    assert clause.tests
    for test in clause.tests:
        path, _, function = test.partition("::")
        assert path.startswith("tests/")
        assert (ROOT / path).is_file(), test
        assert function.startswith("test_"), test
        assert function in _functions(path), test


@pytest.mark.parametrize("name", NAMES)
def test_a_clause_decides_something(name: str) -> None:
    """Each clause that policies cite decides cells and named cases: it is no ornament."""
    row = next(row for row in _index() if row.clause.clause == name)
    if row.policies:
        assert row.cells > 0
        assert row.cases > 0


@cache
def _index() -> list:  # type: ignore[type-arg]
    return index(SOURCES)


def test_the_page_is_current() -> None:
    """The page in the documentation is what `cordon policy clauses` writes today."""
    assert (ROOT / "docs" / "clauses.md").read_text() == page(_index())


# ---- what single clauses promise --------------------------------------------------------------------------------


@cache
def _decided(regime: str) -> dict[EnforcementCell, Decision]:
    decisions = decisions_of(StoredTable.read(Bundle.read(regime)), Recipient.ENFORCEMENT)
    return {
        cell: decision
        for cell, decision in zip(whole(Recipient.ENFORCEMENT), decisions, strict=True)
        if isinstance(cell, EnforcementCell)
    }


WITHHELD = {Decision.WITHHOLD, Decision.WITHHOLD_AND_REFER}
IN_FORCE = [name for name, metadata in regimes().items() if not metadata.replay_only]


@pytest.mark.parametrize("regime", IN_FORCE)
def test_doubt_about_a_victim_is_never_shared_and_help_is_owed(regime: str) -> None:
    """With only doubt nothing goes automatically; where recommendation 1 is included it is withheld, and help is owed."""
    includes = "rule1" in regimes()[regime].include
    for cell, decision in _decided(regime).items():
        if cell.evidence is Evidence.DOUBT:
            assert decision is not Decision.RELEASE_MINIMISED
            if includes:
                owed = bool(cell.protections & int(REFERRED))
                assert decision is (Decision.WITHHOLD_AND_REFER if owed else Decision.WITHHOLD)


def test_the_complete_firewall_holds_nobody_protected() -> None:
    """Under the strict firewall nobody protected reaches a human, and victims of abuse or slavery are referred."""
    for cell, decision in _decided("uk_strict_firewall").items():
        if cell.protections:
            assert decision in WITHHELD
            owed = bool(cell.protections & int(REFERRED)) and cell.evidence is not Evidence.NONE
            assert (decision is Decision.WITHHOLD_AND_REFER) == owed


@pytest.mark.parametrize("regime", ["uk_lords_am96", "uk_consent_2025"])
def test_consent_opens_the_way_to_a_human_and_refusal_closes_it(regime: str) -> None:
    """With evidence, consent leads to a human and never to a release; a refusal, or consent taken back, withholds."""
    for cell, decision in _decided(regime).items():
        if cell.protections and cell.evidence is Evidence.OFFENCE and cell.record is Record.CURRENT:
            if cell.ie_consent is Consent.GIVEN:
                assert decision is Decision.HOLD_FOR_HUMAN
            if cell.ie_consent is Consent.REFUSED or (cell.ie_consent is Consent.NONE and regime == "uk_lords_am96"):
                assert decision in WITHHELD


@pytest.mark.parametrize("regime", ["us_1367", "nl_free_in_out", "es_31bis"])
def test_abroad_nobody_named_by_the_law_is_released_or_held(regime: str) -> None:
    """Where the law forbids use of a victim's data, nobody protected is released or held, whatever else is known."""
    assert {decision for cell, decision in _decided(regime).items() if cell.protections} == {Decision.WITHHOLD}


def test_nothing_of_a_victim_goes_before_the_first_assessment() -> None:
    """Before the individual assessment everyone protected is withheld; after it the most that happens is a hold."""
    decided = {(cell.assessed, decision) for cell, decision in _decided("eu_vrd").items() if cell.protections}
    assert decided == {
        (False, Decision.WITHHOLD),
        (True, Decision.WITHHOLD),
        (True, Decision.HOLD_FOR_HUMAN),
    }


@pytest.mark.parametrize("regime", sorted(regimes()))
def test_what_was_taken_back_or_is_uncertain_does_not_go_by_itself(regime: str) -> None:
    """A retracted record is withheld; a suspect who is linked, may be a minor or is not named for certain is held."""
    for cell, decision in _decided(regime).items():
        if cell.record is Record.RETRACTED:
            assert decision in WITHHELD
        elif cell.caution is not Caution.NONE and cell.accused and not cell.protections:
            assert decision is (Decision.HOLD_FOR_HUMAN if cell.evidence is Evidence.OFFENCE else Decision.WITHHOLD)


def test_no_policy_can_ask_about_origin() -> None:
    """The schema has no nationality, ethnicity, language or birthplace, so that no policy could be triggered by one."""
    schema = FILES[SCHEMA].decode().lower()
    assert not [word for word in ("national", "ethnic", "language", "birth", "religion", "gender") if word in schema]


def test_the_floor_holds_under_a_regime_that_permits_everything() -> None:
    """Even if a regime permitted everything, nobody protected, unaccused, uncertain or without evidence is released."""
    engine = Engine(Bundle(LAX, {**FILES, **LAX_FILES}))
    part = [cell for cell in whole(Recipient.ENFORCEMENT) if cell.protections in (0, 1, 8, 32, 64, 128, 255)]
    verdicts = dict(zip(part, engine.decide(part), strict=True))
    released = [cell for cell, verdict in verdicts.items() if verdict.decision is Decision.RELEASE_MINIMISED]
    assert released
    for cell in released:
        assert isinstance(cell, EnforcementCell)
        assert (cell.protections, cell.accused, cell.evidence) == (0, True, Evidence.OFFENCE)
        assert (cell.caution, cell.record) == (Caution.NONE, Record.CURRENT)
    assert broken_invariants(Decided(engine.metadata, verdicts)) == []
