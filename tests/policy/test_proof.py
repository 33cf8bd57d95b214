"""The proof over the whole space, and proof that the checks see what they are for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipelines.contracts.codes import Caution, Consent, Decision, Evidence, Protection, Recipient
from policy import model, regimes
from policy.bundle import Bundle, Metadata
from policy.cells import Cell, EnforcementCell, Record, Risk, SafeguardingCell, whole
from policy.engine import Engine
from policy.proof import (
    INVARIANTS,
    Decided,
    broken_invariants,
    disagreement_with_model,
    disagreement_with_stored,
    failed_cases,
    faults_of_space,
    prove,
)
from policy.stored import StoredTable
from policy.table import Table, enumerate_tables
from policy.translate import FAILED, Verdict

HOME = "uk_safe_to_share_2020"
#: Every axis with all its values, and a few sets of protections; the whole is for the slow test.
SETS = [
    0,
    *map(int, (Protection.DA_VICTIM, Protection.MS_VICTIM, Protection.WITNESS, Protection.INDETERMINATE)),
    int(Protection.DA_VICTIM | Protection.WITNESS),
]
PART: list[Cell] = [cell for recipient in Recipient for cell in whole(recipient) if cell.protections in SETS]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_regime_is_proved_over_the_whole_space() -> None:
    """Asked about every cell, Cedar keeps every invariant and agrees with the model, the cases and the stored table."""
    bundles = [Bundle.read(regime) for regime in regimes()]
    engines = [Engine(bundle) for bundle in bundles]
    tables = enumerate_tables(engines)
    wrong = []
    for bundle, engine, table in zip(bundles, engines, tables, strict=True):
        assert [len(table.verdicts[recipient]) for recipient in Recipient] == [73_728, 12_288]
        found = [*prove(engine, bundle, table), disagreement_with_stored(table, StoredTable.read(bundle))]
        wrong += [f"{bundle.regime}: {finding}" for finding in found if finding is not None]
    assert wrong == []


@pytest.fixture(scope="module")
def decided() -> Decided:
    """What the default regime decides, over part of the space."""
    return _decided(HOME)


def _decided(regime: str) -> Decided:
    engine = Engine(Bundle.read(regime))
    return Decided(engine.metadata, dict(zip(PART, engine.decide(PART), strict=True)))


@pytest.mark.parametrize("regime", sorted(regimes()))
def test_part_of_the_space_is_proved_at_once(regime: str) -> None:
    """Over part of the space, in a second, every regime keeps the invariants and agrees with the model."""
    found = _decided(regime)
    assert broken_invariants(found) == []
    assert disagreement_with_model(found) is None


E, S = EnforcementCell, SafeguardingCell
PLAIN = E(0, True, Evidence.OFFENCE, Caution.NONE, Consent.NONE, False, Record.CURRENT)
VICTIM = PLAIN._replace(protections=int(Protection.DA_VICTIM), accused=False)
HER = S(int(Protection.DA_VICTIM), Risk.NOT_HIGH, False, Consent.NONE, True, Record.CURRENT)
RELEASED = Verdict(Decision.RELEASE_MINIMISED, ("made_up",), False)
SENT = Verdict(Decision.RELEASE, ("made_up",), False)
HELD = Verdict(Decision.HOLD_FOR_HUMAN, ("made_up",), False)
REFERRED = Verdict(Decision.WITHHOLD_AND_REFER, ("made_up",), False)
WITHHELD = Verdict(Decision.WITHHOLD, ("made_up",), False)

#: One wrong decision in an otherwise sound table, and the invariant that must say so.
WRONG: dict[str, tuple[Cell, Verdict]] = {
    "protected_never_automatic": (VICTIM._replace(ie_consent=Consent.GIVEN), RELEASED),
    "evidence_below_offence_never_releases": (PLAIN._replace(evidence=Evidence.DOUBT), RELEASED),
    "nothing_recorded_is_withheld": (PLAIN._replace(evidence=Evidence.NONE), HELD),
    "doubt_alone_is_withheld": (PLAIN._replace(evidence=Evidence.DOUBT), HELD),
    "only_the_accused_are_released": (PLAIN._replace(accused=False), RELEASED),
    "caution_never_automatic": (PLAIN._replace(caution=Caution.MINOR), RELEASED),
    "retracted_is_withheld": (PLAIN._replace(record=Record.RETRACTED), HELD),
    "more_protection_never_releases_more": (VICTIM, RELEASED),
    "less_evidence_never_releases_more": (VICTIM._replace(evidence=Evidence.NONE, accused=True), RELEASED),
    "refusing_never_releases_more": (VICTIM._replace(ie_consent=Consent.REFUSED), RELEASED),
    "missing_assessment_never_releases_more": (PLAIN._replace(assessed=True), HELD),
    "caution_never_releases_more": (PLAIN._replace(accused=False, caution=Caution.LINKED), HELD),
    "retraction_never_releases_more": (VICTIM._replace(record=Record.RETRACTED), RELEASED),
    "suspects_are_served": (PLAIN, WITHHELD),
    "referral_is_for_those_helped": (VICTIM._replace(protections=int(Protection.WITNESS)), REFERRED),
    "only_those_helped_are_referred": (HER._replace(protections=int(Protection.WITNESS)), HELD),
    "vital_interests_always_help": (HER._replace(risk=Risk.HIGH, consent=Consent.REFUSED), WITHHELD),
    "no_consent_no_referral": (HER, SENT),
    "refusal_is_kept": (HER._replace(consent=Consent.REFUSED), SENT),
    "only_standing_records_are_sent": (HER._replace(record=Record.RETRACTED), SENT),
    "refusing_never_refers_more": (HER._replace(consent=Consent.REFUSED), SENT),
    "withholding_obliges_help": (HER, WITHHELD),
    "every_decision_has_a_reason": (PLAIN, RELEASED._replace(reasons=())),
    "no_cell_is_an_error": (PLAIN._replace(accused=False), FAILED),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_invariant_sees_one_wrong_cell(name: str, decided: Decided) -> None:
    """One decision changed in an otherwise sound table breaks the invariant that is about it."""
    cell, verdict = WRONG[name]
    tampered = Decided(decided.metadata, {**decided.verdicts, cell: verdict})
    assert name in {finding.check.split(" ")[0] for finding in broken_invariants(tampered)}


def test_every_invariant_is_shown_to_see() -> None:
    """No invariant is without a table that breaks it; the one about other countries has a test of its own."""
    assert set(INVARIANTS) == {*WRONG, "abroad_nothing_is_automatic"}


def test_abroad_one_release_is_seen(decided: Decided) -> None:
    """The table of the default regime, called one of another country, is no longer sound."""
    import msgspec

    abroad: Metadata = msgspec.structs.replace(decided.metadata, jurisdiction="Spain")
    names = {finding.check.split(" ")[0] for finding in broken_invariants(Decided(abroad, decided.verdicts))}
    assert names == {"abroad_nothing_is_automatic", "suspects_are_served"}


def test_a_reason_for_not_helping_must_be_a_recorded_one(decided: Decided) -> None:
    """Somebody who is owed help and withheld by nothing in particular is a finding; a refusal on record is a reason."""
    refused = HER._replace(consent=Consent.REFUSED)
    assert decided.verdicts[refused].decision is Decision.WITHHOLD
    silent = Decided(
        decided.metadata, {**decided.verdicts, refused: Verdict(Decision.WITHHOLD, ("default_deny",), False)}
    )
    assert "withholding_obliges_help" in {f.check.split(" ")[0] for f in broken_invariants(silent)}


def test_the_model_sees_one_wrong_cell(decided: Decided) -> None:
    """A single cell decided otherwise than the specification says is found and named, without any person's data."""
    tampered = Decided(decided.metadata, {**decided.verdicts, PLAIN: HELD})
    finding = disagreement_with_model(tampered)
    assert finding is not None
    assert finding.cells == 1
    assert "evidence=OFFENCE" in finding.examples[0]


def test_a_regime_without_a_model_is_not_proved(decided: Decided) -> None:
    """Nobody may add a regime and forget to say, a second time and in other words, what it decides."""
    import msgspec

    unknown = msgspec.structs.replace(decided.metadata, id="uk_new")
    finding = disagreement_with_model(Decided(unknown, decided.verdicts))
    assert finding is not None
    assert "no model" in str(finding)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s._replace(digest="0"), "other bytes"),
        (lambda s: s._replace(by_rule=s.by_rule[1:]), "summary by rule"),
        (
            lambda s: s._replace(
                letters={**s.letters, Recipient.ENFORCEMENT: "H" + s.letters[Recipient.ENFORCEMENT][1:]}
            ),
            "1 cells",
        ),
    ],
)
def test_a_stored_table_that_is_not_this_one_is_seen(change: Callable[[StoredTable], StoredTable], said: str) -> None:
    """Another digest, another summary or one other letter: the stored table is not the one that was proved."""
    stored = StoredTable.read(Bundle.read(HOME))
    table = _as_table(stored)
    assert disagreement_with_stored(table, stored) is None
    finding = disagreement_with_stored(table, change(stored))
    assert finding is not None
    assert said in str(finding)


def _as_table(stored: StoredTable) -> Table:
    """The table that was stored: its decisions in order, its reasons dealt out from its own summary."""
    from policy.table import decisions_of

    dealt: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for row in stored.by_rule:
        dealt.setdefault((row["recipient"], row["decision"]), []).extend([tuple(row["reasons"])] * row["cells"])
    verdicts = {
        recipient: [
            Verdict(decision, dealt[recipient.value, decision.value].pop(), False)
            for decision in decisions_of(stored, recipient)
        ]
        for recipient in Recipient
    }
    return Table(HOME, stored.digest, verdicts)


def test_a_policy_that_no_case_shows_is_seen() -> None:
    """A regime whose cases leave a policy untried is not proved."""
    bundle = Bundle.read(HOME)
    engine = Engine(bundle)
    files = dict(bundle._files)
    files[bundle.cases[1]] = b"[]"
    finding = failed_cases(engine, Bundle(HOME, files))
    assert finding is not None
    assert "`rule1_refer`" in str(finding)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"NONE", "DOUBT", "OFFENCE"', '"NONE", "DOUBT", "OFFENCE", "PROVEN"'),
        ('"WITNESS", "REPORTER"', '"REPORTER", "WITNESS"'),
        ('"CURRENT", "RETRACTED"', '"CURRENT"'),
    ],
)
def test_a_schema_that_lists_other_codes_is_seen(old: str, new: str) -> None:
    """The cells are the product of what the schema lists: a code more, or fewer, or another order is a finding."""
    schema = Bundle.read(HOME).schema
    assert old in schema
    assert faults_of_space(schema.replace(old, new)) != []


def test_the_model_decides_every_cell_of_every_regime() -> None:
    """The model has an answer for each cell there is, under each regime there is."""
    for regime in regimes():
        assert {model.decide(regime, cell) for cell in PART} <= set(Decision)
