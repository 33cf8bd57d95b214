"""Settings are read in one place, and a value that cannot be read names its variable and stops everything."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.batches import Batch
from pipelines.errors import UsageError
from pipelines.settings import Settings, duration


def test_everything_follows_from_home(tmp_path: Path) -> None:
    """One folder is enough: database, vault and key file are in it unless said otherwise."""
    settings = Settings.from_env({"CORDON_HOME": str(tmp_path), "CORDON_BATCH_SIZE": "7"})
    assert settings.batch_size == 7
    assert settings.regime == "uk_safe_to_share_2020"
    for where in (settings.database_url, settings.vault_url, settings.key_file):
        assert str(tmp_path) in where


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CORDON_BATCH_SIZE", "many"),
        ("CORDON_BATCH_SIZE", ""),
        ("CORDON_ACKNOWLEDGE_WEAKENING", "perhaps"),
        ("CORDON_BATCH_SIZE", "0"),
        ("CORDON_EMBARGO", "soon"),
    ],
)
def test_a_bad_value_names_its_variable(variable: str, value: str) -> None:
    """What cannot be read is refused, never replaced by a default."""
    with pytest.raises(UsageError, match=variable):
        Settings.from_env({variable: value})


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("PT72H", timedelta(hours=72)),
        ("P5D", timedelta(days=5)),
        ("P1WT1S", timedelta(weeks=1, seconds=1)),
        ("PT0S", timedelta(0)),
    ],
)
def test_durations(text: str, read: timedelta) -> None:
    """ISO 8601 durations of fixed length are read."""
    assert duration(text) == read


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "72h", "P1M", "P1Y", "PT1.5H", "-PT1H", "P5DT", "PT1H ", "P99999999999D"]
)
def test_no_other_durations(text: str) -> None:
    """A duration that is not one, or has no fixed length, is refused: an embargo is never guessed."""
    with pytest.raises(UsageError):
        duration(text)


@pytest.mark.parametrize("name", ["", "t", "t[0]", "t[0]@1", "t[0]@1-2 ", "t[x]@1-2", "a[0]@1-2[0]@1-2", "t[0]@-1-2"])
def test_batch_names(name: str) -> None:
    """Only the name of a range of one partition is a batch's name."""
    with pytest.raises(UsageError):
        Batch.parse(name)
    assert str(Batch.parse("a.b[3]@1200-5199")) == "a.b[3]@1200-5199"


def test_no_other_reader_of_the_environment() -> None:
    """Only the settings read `CORDON_*` variables; other modules are given what they need."""
    root = Path(__file__).parents[1]
    reading = re.compile(r"environ(?:\.get\(|\[)\s*[\"']CORDON_|getenv\(")
    found = [
        path.relative_to(root).as_posix()
        for folder in ("pipelines", "policy", "expectations", "dags")
        for path in (root / folder).rglob("*.py")
        if reading.search(path.read_text())
    ]
    assert found == []
