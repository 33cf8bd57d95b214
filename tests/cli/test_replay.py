"""`cordon replay`: what is chosen, what is told, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stages.test_replay import refused
from tests.stages.world import SUSPECT, World, incident
from tests.world import Called, cordon

pytestmark = pytest.mark.slow  # about a second for each run of the real pipeline


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state with a record that was refused and is valid now, one that is broken, and one that is fine."""
    world = World(tmp_path)
    with refused("SPLIT"):
        world.run(
            incident(1, SUSPECT, change_type="SPLIT"),
            incident(2, SUSPECT, change_type="UPDATE") | {"relations": [{"from_ref": "x", "to_ref": "p2"}]},
            incident(3, SUSPECT),
        )
    return tmp_path / "state"


def replay(state: Path, *words: str) -> Called:
    """The command on that state."""
    return cordon("replay", *words, "--state", state, "--seed", 7)


def test_each_record_is_told_and_then_the_counts(state: Path) -> None:
    """One line a record with its fate and the rules it breaks; a dry run says that it was one."""
    dry = replay(state, "--quarantined", "--dry-run")
    done = replay(state, "--quarantined")
    assert dry.code == done.code == 0
    assert (
        dry.stdout
        == done.stdout
        == ("in0.jsonl[0]@0  left_quarantine\nin0.jsonl[0]@1  still_quarantined  relations|person_not_there\n")
    )
    assert dry.stderr.startswith("nothing was written; it would be: left quarantine 1, still quarantined 1")
    assert done.stderr.startswith("left quarantine 1, still quarantined 1")


def test_a_program_reads_it_line_by_line(state: Path) -> None:
    """As JSON: a line a record, then the counts, who waits for humans among them."""
    *records, counts = (
        json.loads(line) for line in replay(state, "in0.jsonl[0]@0", "in0.jsonl[0]@2", "--json").stdout.splitlines()
    )
    assert [(r["coordinate"], r["fate"]) for r in records] == [
        ("in0.jsonl[0]@0", "left_quarantine"),
        ("in0.jsonl[0]@2", "unchanged"),
    ]
    assert (counts["left_quarantine"], counts["unchanged"]) == (1, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give coordinates, or --quarantined"),
        (["in0.jsonl[0]@0", "--quarantined"], "not both"),
        (["in0.jsonl[0]@0", "--rule", "land|blank"], "--rule and --since"),
        (["--quarantined", "--since", "yesterday"], "`--since` is no ISO 8601 time"),
        (["--quarantined", "--since", "2026-11-20T00:00:00"], "`--since` has no time zone"),
        (["in0.jsonl[0]@9"], "never landed"),
    ],
)
def test_what_is_refused_ends_with_2(state: Path, words: list[str], said: str) -> None:
    """A command that is not clear, or about what is not there, changes nothing and says why."""
    found = replay(state, *words)
    assert (found.code, found.stdout) == (2, "")
    assert said in found.stderr


def test_help_shows_examples_and_exit_codes() -> None:
    """It says how it is called and how it ends."""
    said = cordon("replay", "--help")
    assert said.code == 0
    assert "Example: cordon replay" in said.stdout
    assert "Exit codes: 0 replayed" in said.stdout
