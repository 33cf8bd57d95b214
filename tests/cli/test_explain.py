"""`cordon explain` tells why, of whatever became of a record, from a state that `cordon run` left behind."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines import cli
from pipelines.explain import _OTHER_REASONS
from policy.bundle import Bundle
from tests.stages.world import SUSPECT, VICTIM, World, domestic, incident, person

DOUBT = {"assessment": "CONCERN_OR_DOUBT", "source": "OFFICER_OBSERVATION", "basis": "ASSESSMENT"}
CANARIES = ("Oyelaran", "Temitope", "Marlowe", "Edwin", "1991-04-03", "1988-01-30", "N100", "N200", "Quillon")

Run = Any


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state under the strict regime: withheld, held, released, quarantined and undecodable records."""
    world = World(tmp_path_factory.mktemp("explain"), CORDON_REGIME="uk_strict_firewall")
    minor = person(
        SUSPECT, nominal_id="N201", dob="2010-05-05", names=[{"surname": "Quillon", "given": ["Ivo"], "type": "LEGAL"}]
    )
    broken = domestic(4, person(VICTIM, nominal_id="N9"))
    broken["header"]["change_type"] = "INVENT"
    source = world.folder / "in0.jsonl"
    world.run(
        domestic(1, person(VICTIM, immigration=DOUBT)),
        incident(2, minor),
        incident(3, person(SUSPECT)),
        broken,
    )
    assert source.is_file()
    return world.folder / "state"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `cordon` in this process: (exit code, output, errors)."""

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cordon", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


def _explained(run: Run, state: Path, *words: str) -> list[dict[str, Any]]:
    code, out, _ = run("explain", *words, "--state", str(state), "--seed", "7", "--json")
    assert code == 0
    return [json.loads(line) for line in out.splitlines()]


def test_who_is_withheld_and_referred_is_told_with_policy_and_source(run: Run, state: Path) -> None:
    """A victim with doubt: the decision, the tag rules, the policy's own words and source, and where it stands."""
    code, out, _ = run("explain", "13/0000001/26", "p1", "--state", str(state), "--seed", "7")
    assert code == 0
    policy = Bundle.read("uk_strict_firewall").policies["rule1_refer"]
    for said in (
        "enforcement: WITHHOLD_AND_REFER",
        "a victim of domestic abuse",
        "da|flag: A domestic abuse flag is TRUE",
        "[Domestic Abuse Act 2021 s.1]",
        policy.why,
        policy.source,
        "Now: it is withheld.",
        "safeguarding: RELEASE",
        "Now: it was sent, as message ",
    ):
        assert said in out


@pytest.mark.parametrize(
    ("number", "decision", "reason", "state_now"),
    [
        (1, "WITHHOLD_AND_REFER", "rule1_refer", "withheld"),
        (2, "HOLD_FOR_HUMAN", "caution_minor", "held"),
        (3, "RELEASE_MINIMISED", "rule3_suspect_only", "released"),
    ],
)
def test_each_fate_is_explained(number: int, decision: str, reason: str, state_now: str, run: Run, state: Path) -> None:
    """Withheld, held and released: the last decision is there with its policy, in words, and its present state."""
    rows = [r for r in _explained(run, state, f"13/{number:07}/26") if r["recipient"] == "enforcement"]
    assert rows[-1]["decision"] == decision
    assert rows[-1]["state"] == state_now
    assert [policy["id"] for policy in rows[-1]["policies"]] == [reason]
    policy = Bundle.read("uk_strict_firewall").policies[reason]
    assert (rows[-1]["policies"][0]["why"], rows[-1]["policies"][0]["source"]) == (policy.why, policy.source)
    assert all(rule["meaning"] and rule["source"] for rule in rows[-1]["rules"])


def test_what_is_quarantined_is_told_with_the_rules_it_broke(run: Run, state: Path) -> None:
    """A quarantined record has no decision; the rule it broke is told in words, and that its people are protected."""
    rows = _explained(run, state, "13/0000004/26")
    assert [(r["decision"], r["state"]) for r in rows] == [("QUARANTINED", "quarantined")]
    assert rows[0]["policies"] == [
        {"id": "header|change_type", "why": "the change type is on no list", "source": "fail closed"}
    ]
    assert "Everyone who could be read in it is protected" in rows[0]["text"]
    assert _explained(run, state, "13/0000004/26", "p1") == rows


def test_a_coordinate_will_do(run: Run, state: Path) -> None:
    """A record is found by its coordinate as well, which is all there is of one that nobody could read."""
    by_name = _explained(run, state, "13/0000003/26")
    assert _explained(run, state, "in0.jsonl[0]@2") == by_name


def test_nothing_personal_is_printed(run: Run, state: Path) -> None:
    """No explanation holds a name, a date of birth or a number of anybody."""
    for number in (1, 2, 3, 4):
        _, out, err = run("explain", f"13/{number:07}/26", "--state", str(state), "--seed", "7")
        assert out
        assert not [canary for canary in CANARIES if canary in out + err]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["13/9999999/26"], 1),
        (["13/0000001/26", "p9"], 1),
        (["13/0000001/26", "--force", "99"], 1),
        (["in0.jsonl[0]@99"], 1),
    ],
)
def test_what_is_not_known_ends_with_1(words: list[str], code: int, run: Run, state: Path) -> None:
    """An incident, a person, a force or a coordinate that is not there: exit 1, and the id is not repeated."""
    found, out, err = run("explain", *words, "--state", str(state), "--seed", "7")
    assert (found, out) == (code, "")
    assert "nothing is known" in err
    assert words[0] not in err


def test_no_state_ends_with_2(run: Run, tmp_path: Path) -> None:
    """A folder that is no state is refused, and stays as it was."""
    code, _, err = run("explain", "13/0000001/26", "--state", str(tmp_path))
    assert code == 2
    assert "no state" in err
    assert list(tmp_path.iterdir()) == []


def test_reading_does_not_change_the_regime_of_a_state(run: Run, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state is explained under the regime it was made with, even where the environment names a weaker one."""
    monkeypatch.setenv("CORDON_REGIME", "uk_consent_2025")
    monkeypatch.setenv("CORDON_ACKNOWLEDGE_WEAKENING", "1")
    for _ in range(2):
        rows = _explained(run, state, "13/0000001/26")
        assert {p["id"] for r in rows for p in r["policies"]} >= {"rule1_refer"}
    code, _, _ = run("explain", "13/0000001/26", "--state", str(state), "--seed", "7")
    assert code == 0


def test_every_rule_of_the_contract_has_words() -> None:
    """No rule that can quarantine a record is told by its id alone."""
    import re

    text = (Path(cli.__file__).parents[1] / "contracts" / "decode.py").read_text()
    rules = set(re.findall(r'"((?:land|header|persons|relations)\|\w+)"', text))
    assert rules
    assert rules <= set(_OTHER_REASONS)
