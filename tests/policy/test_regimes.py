"""The regimes as they are checked in: complete, honest about doubt, and none chosen in silence."""

from __future__ import annotations

import sys
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from pipelines import cli
from pipelines.context import accept_regime
from pipelines.contracts.codes import PROTECTIVENESS, Decision, Evidence, Recipient
from pipelines.errors import UsageError
from pipelines.settings import Settings
from pipelines.stores.database import open_database
from policy import regimes, weaker
from policy.bundle import ALWAYS, Bundle
from policy.cells import EnforcementCell, whole
from policy.engine import Engine
from policy.errors import PolicyError
from policy.proof import HOME, failed_cases
from policy.stored import StoredTable
from policy.table import decisions_of

ALL = [
    "es_31bis",
    "eu_vrd",
    "nl_free_in_out",
    "uk_consent_2025",
    "uk_lords_am96",
    "uk_npcc_2020",
    "uk_safe_to_share_2020",
    "uk_strict_firewall",
    "us_1367",
]
FOREIGN = ["es_31bis", "eu_vrd", "nl_free_in_out", "us_1367"]


def test_these_regimes_and_no_others_can_be_chosen() -> None:
    """Every regime that is promised is there, and nothing else is."""
    assert sorted(regimes()) == ALL


@pytest.mark.parametrize("regime", ALL)
def test_a_regime_says_where_it_comes_from_and_what_is_unsettled(regime: str) -> None:
    """Metadata names citations, what is unsettled and dates in order; who is not in force has no start."""
    metadata = regimes()[regime]
    assert metadata.citations
    assert metadata.unsettled
    assert len(metadata.summary) > 100
    if metadata.effective_to is not None:
        assert metadata.effective_from is not None
        assert metadata.effective_from < metadata.effective_to
    if metadata.status.startswith(("proposed", "provisional")):
        assert metadata.effective_from is None


@pytest.mark.parametrize("regime", ALL)
def test_a_regime_loads_and_every_policy_has_a_case(regime: str) -> None:
    """Named cases come out as they say, under a table proved for these very bytes, and leave no policy untried."""
    engine = Engine.load(regime, allow_replay_only=True)
    bundle = Bundle.read(regime)
    assert failed_cases(engine, bundle) is None
    assert set(ALWAYS) <= {Path(path).stem for path in bundle.policy_files}


def test_only_the_historic_regime_is_for_replay_only() -> None:
    """The guidance of April 2020 is the one that cannot be in force, and its time is over."""
    assert [name for name, metadata in regimes().items() if metadata.replay_only] == ["uk_npcc_2020"]
    assert regimes()["uk_npcc_2020"].effective_to == date(2020, 12, 17)
    with pytest.raises(PolicyError, match="replay only"):
        Engine.load("uk_npcc_2020")


@pytest.mark.parametrize(
    ("regime", "said"),
    [("uk_npcc_2020", "replay only"), ("uk_nothing", "no such regime"), ("../regimes/eu_vrd", "no such regime")],
)
def test_a_run_under_a_regime_not_in_force_writes_nothing(
    regime: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A regime for replay only, or an unknown one, ends a run with exit code 2 and no file."""
    (tmp_path / "in.jsonl").write_text("{}\n")
    out, state = tmp_path / "out", tmp_path / "state"
    words = ["cordon", "run", "--input", str(tmp_path / "in.jsonl"), "--out", str(out), "--state", str(state)]
    monkeypatch.setattr(sys, "argv", [*words, "--regime", regime])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err
    assert not out.exists()
    assert not state.exists()


@cache
def _decisions(regime: str, recipient: Recipient) -> list[Decision]:
    return decisions_of(StoredTable.read(Bundle.read(regime)), recipient)


@pytest.mark.parametrize("regime", ALL)
def test_no_regime_releases_anyone_protected(regime: str) -> None:
    """Of every cell with a protection, under every regime, none is released automatically."""
    decisions = _decisions(regime, Recipient.ENFORCEMENT)
    released = [
        cell
        for cell, decision in zip(whole(Recipient.ENFORCEMENT), decisions, strict=True)
        if decision in (Decision.RELEASE_MINIMISED, Decision.RELEASE)
    ]
    assert not any(cell.protections for cell in released)
    assert bool(released) == (regime not in FOREIGN)


@pytest.mark.parametrize("regime", FOREIGN)
def test_abroad_a_plain_suspect_waits_for_a_human(regime: str) -> None:
    """Where section 20 is not law, a suspect who is nothing else is held, and nobody is released at all."""
    assert regimes()[regime].jurisdiction not in HOME
    decisions = dict(zip(whole(Recipient.ENFORCEMENT), _decisions(regime, Recipient.ENFORCEMENT), strict=True))
    plain = [
        decision
        for cell, decision in decisions.items()
        if isinstance(cell, EnforcementCell)
        and (cell.protections, cell.accused, cell.evidence) == (0, True, Evidence.OFFENCE)
        and cell.record.name == "CURRENT"
    ]
    assert set(plain) == {Decision.HOLD_FOR_HUMAN}
    assert Decision.RELEASE_MINIMISED not in decisions.values()


def test_who_needs_help_does_not_depend_on_the_regime() -> None:
    """Safeguarding decisions are the same in every cell of every regime."""
    tables = {tuple(_decisions(regime, Recipient.SAFEGUARDING)) for regime in ALL}
    assert len(tables) == 1


#: Which regimes are weaker than which: read as "the row is followed by these, and that must be acknowledged".
UK = {"uk_safe_to_share_2020", "uk_strict_firewall", "uk_lords_am96", "uk_consent_2025", "uk_npcc_2020"}
WEAKER: dict[str, set[str]] = {
    "uk_safe_to_share_2020": {"uk_consent_2025", "uk_npcc_2020"},
    "uk_strict_firewall": {*UK, "eu_vrd"} - {"uk_strict_firewall"},
    "uk_lords_am96": {"uk_safe_to_share_2020", "uk_consent_2025", "uk_npcc_2020", "eu_vrd"},
    "uk_consent_2025": {"uk_safe_to_share_2020", "uk_npcc_2020", "eu_vrd"},
    "uk_npcc_2020": set(),
    "us_1367": {*UK, "eu_vrd"},
    "nl_free_in_out": {*UK, "eu_vrd"},
    "es_31bis": {*UK, "eu_vrd"},
    "eu_vrd": UK,
}


@pytest.mark.parametrize("before", ALL)
def test_weaker_is_what_newly_releases_or_holds_somewhere(before: str) -> None:
    """`weaker` agrees, over all pairs, with a plain look at every cell, and with what people expect."""
    for after in ALL:
        plain = any(
            PROTECTIVENESS[new] < PROTECTIVENESS[old] and new not in (Decision.WITHHOLD, Decision.WITHHOLD_AND_REFER)
            for recipient in Recipient
            for old, new in zip(_decisions(before, recipient), _decisions(after, recipient), strict=True)
        )
        assert weaker(before, after) == plain, (before, after)
        assert plain == (after in WEAKER[before]), (before, after)


def test_a_weaker_regime_must_be_acknowledged_over_all_pairs(tmp_path: Path) -> None:
    """A state made under one regime takes a weaker one only when that is acknowledged, and then remembers it."""
    base = Settings.from_env({"CORDON_HOME": str(tmp_path)})
    db = open_database(base.database_url)
    refused = 0
    try:
        for before in ALL:
            for after in ALL:
                accept_regime(db, _under(tmp_path, before, True))
                plain = _under(tmp_path, after, False)
                if after in WEAKER[before]:
                    refused += 1
                    with pytest.raises(UsageError, match="acknowledge-weakening"):
                        accept_regime(db, plain)
                    accept_regime(db, _under(tmp_path, after, True))
                else:
                    accept_regime(db, plain)
                # The state remembers: coming back is judged from the regime it went to.
                if before in WEAKER[after]:
                    with pytest.raises(UsageError):
                        accept_regime(db, _under(tmp_path, before, False))
    finally:
        db.dispose()
    assert refused == sum(map(len, WEAKER.values()))


def _under(home: Path, regime: str, acknowledged: bool) -> Settings:
    return Settings.from_env(
        {
            "CORDON_HOME": str(home),
            "CORDON_REGIME": regime,
            "CORDON_ACKNOWLEDGE_WEAKENING": "1" if acknowledged else "0",
        }
    )
