"""`cordon review`: what is listed, what is said, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stages.world import SUSPECT, VICTIM, World, domestic, incident, person
from tests.world import Called, cordon

pytestmark = pytest.mark.slow  # about a second for each run of the real pipeline

CANARIES = ("Oyelaran", "Temitope", "Marlowe", "Edwin", "1991-04-03", "1988-01-30", "N100", "N200", "0000001")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state in which a suspect waits because he is a witness elsewhere, and a victim because nobody has asked her."""
    world = World(tmp_path)
    witness = person(SUSPECT, person_ref="q1", roles=["WITNESS"], immigration=None)
    world.run(incident(1, SUSPECT), incident(2, witness), domestic(3, person(VICTIM, risk=None)))
    return tmp_path / "state"


def review(state: Path, *words: object) -> Called:
    """The command on that state."""
    return cordon("review", *words, "--state", state, "--seed", 7)


def listed(state: Path, *words: str) -> list[dict[str, object]]:
    """What `list` tells a program."""
    found = review(state, "list", *words, "--json")
    assert found.code == 0
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_the_list_is_one_line_each_and_says_nothing_personal(state: Path) -> None:
    """Record, person, recipient, approvals so far and needed, review id, since when, why: for people and for programs."""
    enforcement, safeguarding = listed(state)
    assert (enforcement["coordinate"], enforcement["person_ref"]) == ("in0.jsonl[0]@0", "p2")
    assert (safeguarding["recipient"], safeguarding["needed"]) == ("safeguarding", 1)
    found = review(state, "list")
    assert found.stderr == "2 wait for a named human\n"
    (line, _other) = found.stdout.splitlines()
    assert line == (
        f"in0.jsonl[0]@0 p2 enforcement  0/2  {enforcement['review_id']}  since 2026-11-23T09:00:00  rule2_protected_held"
    )
    assert [row["recipient"] for row in listed(state, "--recipient", "safeguarding")] == ["safeguarding"]
    assert [row["recipient"] for row in listed(state, "--reason", "safeguarding_ask")] == ["safeguarding"]
    assert listed(state, "--reason", "caution_linked") == []
    assert not [canary for canary in CANARIES if canary in found.stdout + json.dumps([enforcement, safeguarding])]


def test_saying_ends_with_0_and_tells_what_follows(state: Path) -> None:
    """Two approvals, a third that is refused, and a refusal that wins: exit codes and words."""
    review_id = listed(state)[0]["review_id"]
    about = ("in0.jsonl[0]@0", "p2", "--recipient", "enforcement", "--reason")
    yes = (*about, "NECESSARY_AND_PROPORTIONATE", "--review-id", review_id)
    first = review(state, "approve", *yes, "--by", "S77")
    assert (first.code, first.stdout) == (
        0,
        f"recorded as act 1, of {review_id}: 1 of 2 approvals\nnow held: HOLD_FOR_HUMAN\n",
    )
    again = review(state, "approve", *yes, "--by", "S77")
    assert (again.code, again.stdout) == (2, "")
    assert "somebody else" in again.stderr
    second = json.loads(review(state, "approve", *yes, "--by", "S78", "--json").stdout)
    assert (second["approvals"], second["state"], second["decision"]) == (2, "pending", "RELEASE_MINIMISED")
    no = review(state, "refuse", *about, "MAY_BE_A_VICTIM", "--by", "S79")
    assert (no.code, no.stdout.splitlines()[1]) == (0, "now withheld: WITHHOLD")
    told = cordon("explain", "in0.jsonl[0]@0", "p2", "--state", state, "--seed", 7).stdout
    for said in (
        "enforcement: APPROVED by S77",
        "That made 2 of 2 approvals.",
        "enforcement: REFUSED by S79",
        "MAY_BE_A_VICTIM: the person is, or may be, a victim",
        "human_refused: a named person refused it",
    ):
        assert said in told
    assert not [canary for canary in CANARIES if canary in told]


@pytest.mark.parametrize("word", ["list", "approve", "refuse"])
def test_help_shows_an_example_and_the_exit_codes(word: str) -> None:
    """Each says how it is called and how it ends."""
    said = cordon("review", word, "--help")
    assert said.code == 0
    assert f"Example: cordon review {word}" in said.stdout
    assert "Exit codes: 0" in said.stdout + cordon("review", "--help").stdout


def test_no_state_ends_with_2(tmp_path: Path) -> None:
    """A folder that is no state is refused, and stays as it was."""
    assert review(tmp_path, "list").code == 2
    assert list(tmp_path.iterdir()) == []
