"""What is missing on a machine is named together with the command that installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.stack import bootstrap
from pipelines.stack.bootstrap import SetupError

SCRIPT = Path(bootstrap.__file__)


def _with_path(monkeypatch: pytest.MonkeyPatch, folder: Path, **programs: str) -> None:
    """A PATH with these programs only, each a shell script of one line."""
    folder.mkdir()
    for name, line in programs.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        ({}, "Java is missing.*apt-get install openjdk-17-jre-headless"),
        ({"java": "echo 'openjdk version \"11.0.2\"' >&2"}, "Java 11 is too old"),
        ({"java": "echo nonsense; exit 3"}, "does not work here"),
    ],
)
def test_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: dict[str, str], said: str) -> None:
    """A missing, old or broken Java is told apart, and each message says what to install."""
    _with_path(monkeypatch, tmp_path / "bin", **programs)
    with pytest.raises(SetupError, match=f"(?s){said}"):
        bootstrap.check_java()


def test_a_new_java_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any Java from 17 on is taken."""
    _with_path(monkeypatch, tmp_path / "bin", java="echo 'openjdk version \"21\" 2023-09-19' >&2")
    bootstrap.check_java()


def test_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing Maven is named with its package."""
    _with_path(monkeypatch, tmp_path / "bin")
    with pytest.raises(SetupError, match="apt-get install maven"):
        bootstrap.check_maven()


def test_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old Python is named with the version needed."""
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SetupError, match=r"Python 3\.9\.2 is too old: Cordon needs 3\.11"):
        bootstrap.check_python()


def test_disk(tmp_path: Path) -> None:
    """A full disk is named with what is free and what is needed, also for a folder that is not there yet."""
    with pytest.raises(SetupError, match=r"(?s)GiB free.*needed.*make clean"):
        bootstrap.check_disk(tmp_path / "not" / "yet", 1 << 60)
    bootstrap.check_disk(tmp_path / "not" / "yet", 1)


def test_jars_that_cannot_be_fetched_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Maven that fails ends in one message, and no half-filled folder is taken for whole the next time."""
    (tmp_path / "docker" / "broker").mkdir(parents=True)
    (tmp_path / "docker" / "broker" / "pom.xml").write_text("<project/>")
    _with_path(monkeypatch, tmp_path / "bin", java="echo 'version \"17\"' >&2", mvn="exit 1")
    with pytest.raises(SetupError, match="could not be fetched"):
        bootstrap.ensure_jars(lambda _: None, tmp_path)
    assert list((tmp_path / "var" / "kafka").glob("*") if (tmp_path / "var" / "kafka").exists() else []) == []


def test_the_script_speaks_plainly(tmp_path: Path) -> None:
    """Run as `make` runs it, a missing program is two lines on stderr and exit code 2, not a traceback."""
    root = tmp_path / "clone"
    (root / "pipelines" / "stack").mkdir(parents=True)
    shutil.copy(SCRIPT, root / "pipelines" / "stack" / "bootstrap.py")
    (root / "docker" / "broker").mkdir(parents=True)
    (root / "docker" / "broker" / "pom.xml").write_text("<project/>")
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [sys.executable, str(root / "pipelines" / "stack" / "bootstrap.py"), "jars"],
        env={**os.environ, "PATH": str(tmp_path / "empty")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("cordon: Java is missing")
    assert "Traceback" not in done.stderr
