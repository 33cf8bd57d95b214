"""Stores and folders that are full, spoilt, foreign or in the way: one clear line, the documented code, nothing half-written."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.stores.keys import Keys
from tests.faults.dying import dies
from tests.faults.test_kill import FIRST, differences, outputs
from tests.world import Called, World, cheap, cordon, encoded, incident, name, suspect, victim


@pytest.fixture(scope="module", autouse=True)
def _cheaply(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with cheap(tmp_path_factory.mktemp("template")):
        yield


def call(folder: Path, *, file: str = "in.jsonl", out: str = "out0", now: str = "2026-11-23T09:00:00Z", seed: int | None = 7, more: tuple[str, ...] = ()) -> Called:  # fmt: skip
    """`cordon run` over the first records and a state in the folder."""
    source = folder / file
    if not source.exists():
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(b"".join(encoded(record) + b"\n" for record in FIRST))
    keys = ("--seed", seed) if seed is not None else ()
    return cordon(
        "run",
        "--input",
        source,
        "--out",
        folder / out,
        "--state",
        folder / "state",
        "--now",
        now,
        "--batch-size",
        2,
        *keys,
        *more,
    )


def one_line(ended: Called) -> bool:
    """Whether the command said one line on stderr, as `cordon: ...`, and nothing of a person."""
    personal = ("Yusuf", "Omar", "Amini", "Leila", "1988", "13/A/26")
    return (
        ended.stderr.startswith("cordon: ")
        and ended.stderr.count("\n") == 1
        and not any(p in ended.stderr for p in personal)
    )


@pytest.mark.slow
@pytest.mark.parametrize("limit", [3_000, 40_000, 200_000, 300_000])
def test_a_full_disk_ends_with_4_and_is_gone_on_with(
    tmp_path: Path, limit: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """No file may grow beyond a limit: one line and 4; with room again the same command ends as if nothing had been."""
    assert call(tmp_path / "alone").code == 0

    def cramped() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        ended = call(tmp_path / "full")
        os.write(2, ended.stderr.encode())
        raise SystemExit(ended.code)

    shutil.copy(tmp_path / "alone" / "in.jsonl", _made(tmp_path / "full") / "in.jsonl")
    code, _ = dies(cramped)
    said = capfd.readouterr().err
    assert code == 4, said
    assert one_line(Called(code, "", said)), said
    assert call(tmp_path / "full").code == 0
    assert differences(outputs(tmp_path / "full"), outputs(tmp_path / "alone")) == []


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("where", ["out0", "out0/deeper"])
def test_an_output_folder_that_is_a_file_is_refused(tmp_path: Path, where: str) -> None:
    """An output folder that is none ends with 2 before anything is written."""
    (tmp_path / "out0").write_text("mine")
    ended = call(tmp_path, out=where)
    assert (ended.code, one_line(ended)) == (2, True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jsonl", "out0"]
    assert (tmp_path / "out0").read_text() == "mine"


def test_a_state_that_is_a_file_ends_with_4(tmp_path: Path) -> None:
    """A state folder that is none is a store that cannot be used."""
    (tmp_path / "state").write_text("mine")
    ended = call(tmp_path)
    assert (ended.code, one_line(ended)) == (4, True)
    assert not (tmp_path / "out0").exists()


def test_a_database_that_is_none_ends_with_4(tmp_path: Path) -> None:
    """A database file full of something else is damaged, and stays as it is."""
    (_made(tmp_path / "state") / "cordon.db").write_bytes(b"not a database at all" * 500)
    ended = call(tmp_path)
    assert (ended.code, one_line(ended)) == (4, True)
    assert (tmp_path / "state" / "cordon.db").read_bytes() == b"not a database at all" * 500


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "swap"])
@pytest.mark.parametrize("stage", ["landed", "valid"])
def test_a_spoilt_vault_object_ends_with_4(tmp_path: Path, stage: str, damage: str) -> None:
    """An object of the vault that is not what was sealed there stops the run; whole again, it is gone on with."""

    def die() -> None:
        call(tmp_path)

    assert dies(die, "commit", {"landed": 3, "valid": 4}[stage])[0] == -signal.SIGKILL
    (path,) = (tmp_path / "state" / "vault" / stage).glob("*%400-1")
    sealed = path.read_bytes()
    other = _made(tmp_path / "other") and call(tmp_path / "other", file="in.jsonl")
    assert other is not None
    foreign = next(
        (tmp_path / "other" / "state" / "vault" / ("valid" if stage == "landed" else "landed")).glob("*%400-1")
    )
    path.write_bytes(
        {"flip": sealed[:-1] + bytes([sealed[-1] ^ 1]), "cut": sealed[:-7], "empty": b"", "swap": foreign.read_bytes()}[
            damage
        ]
    )
    ended = call(tmp_path)
    assert (ended.code, one_line(ended)) == (4, True), ended
    assert not (tmp_path / "out0" / "enforcement.subjects.v1.jsonl").exists()
    path.write_bytes(sealed)
    assert call(tmp_path).code == 0
    assert differences(outputs(tmp_path), outputs(tmp_path / "other")) == []


def _protected_then_accused(folder: Path, first: int | None, then: int | None) -> Called:
    """A victim in one run and the same man as a suspect in the next, under two sets of keys."""
    (_made(folder / "a") / "one.jsonl").write_bytes(
        encoded(incident("A", victim(names=[name("Yusuf", "Omar")], dob="1988-01-30")))
    )
    (folder / "a" / "two.jsonl").write_bytes(encoded(incident("B", suspect())))
    assert call(folder / "a", file="one.jsonl", seed=first).code == 0
    if first is None and then is None:
        (folder / "a" / "state" / "keys.json").unlink()
        Keys.load(folder / "a" / "state" / "keys.json")
    return call(folder / "a", file="two.jsonl", out="out1", seed=then)


@pytest.mark.parametrize(("first", "then"), [(7, 8), (7, None), (None, 7), (None, None)])
def test_other_keys_are_refused(tmp_path: Path, first: int | None, then: int | None) -> None:
    """Under other keys nobody protected would be recognised, so a state takes only those it was made with."""
    ended = _protected_then_accused(tmp_path, first, then)
    assert ended.code in (2, 4)
    assert one_line(ended)
    assert not (tmp_path / "a" / "out1").exists()


def test_a_lost_key_file_is_not_made_anew(tmp_path: Path) -> None:
    """A state whose key file is gone says so."""
    assert call(tmp_path, seed=None).code == 0
    (tmp_path / "state" / "keys.json").unlink()
    ended = call(tmp_path, seed=None, out="out1")
    assert (ended.code, one_line(ended)) == (4, True)
    assert not (tmp_path / "out1").exists()


@pytest.mark.parametrize("text", ["", "{}", '{"format": 2}', "not json", '{"format": 1, "secrets": {"vault": "00"}}'])
def test_a_key_file_that_is_none_ends_with_4(tmp_path: Path, text: str) -> None:
    """A key file that holds no keys is never replaced by new ones."""
    file = _made(tmp_path / "state") / "keys.json"
    file.write_text(text)
    file.chmod(0o600)
    ended = call(tmp_path, seed=None)
    assert (ended.code, one_line(ended)) == (4, True)
    assert file.read_text() == text


def test_a_key_file_others_may_read_ends_with_4(tmp_path: Path) -> None:
    """Keys that others may read are known keys."""
    assert call(tmp_path, seed=None).code == 0
    (tmp_path / "state" / "keys.json").chmod(0o644)
    ended = call(tmp_path, seed=None, out="out1")
    assert (ended.code, one_line(ended)) == (4, True)


def test_a_fault_in_the_program_tells_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that quotes a record ends in its kind and place, and in 70."""
    from pipelines.stages import tag

    def fails(*_: object) -> None:
        raise KeyError("Omar Yusuf")

    monkeypatch.setattr(tag, "facts", fails)
    ended = call(tmp_path)
    assert (ended.code, one_line(ended)) == (70, True)
    assert "KeyError" in ended.stderr
    assert not list((tmp_path / "out0").glob("*.jsonl"))
    monkeypatch.undo()
    assert call(tmp_path).code == 0


def test_the_summary_says_what_the_files_say(tmp_path: Path) -> None:
    """`--json` prints the counts of the files it wrote."""
    ended = call(tmp_path, more=("--json",))
    said = json.loads(ended.stdout)
    found = World(tmp_path)
    assert found.runs == []
    lines = (tmp_path / "out0" / "enforcement.subjects.v1.jsonl").read_bytes().splitlines()
    assert said["subjects"] == len(lines) == 3
    assert said["landed"] == len(FIRST)
