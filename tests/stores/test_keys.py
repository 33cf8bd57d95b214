"""The secrets are made once, for one reader, and a state does not open under others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from pipelines.context import open_context
from pipelines.errors import StoreError
from pipelines.settings import Settings
from pipelines.stores.keys import Keys


def test_made_once_and_for_one_reader(tmp_path: Path) -> None:
    """Many that start at once use the same secrets, which only their owner can read."""
    path = tmp_path / "a" / "keys.json"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: Keys.load(path), range(16)))
    assert len({keys.fingerprint() for keys in found}) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["keys.json"]


def test_each_purpose_has_its_own() -> None:
    """No two purposes share a key, and no seed shares one with another."""
    held = [*msgspec.structs.astuple(Keys.from_seed(1)), *msgspec.structs.astuple(Keys.from_seed(2))]
    assert len(set(held)) == len(held)
    assert all(len(key) == 32 for key in held)


def test_never_printed() -> None:
    """A key that ends up in a message or a log shows nothing."""
    keys = Keys.from_seed(1)
    for text in (repr(keys), str(keys), f"{keys}", repr([keys])):
        assert "<secret>" in text
        assert repr(keys.vault)[2:10] not in text


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"format":1,"secrets":{"vault":"zz"}}', '{"format":9}', "\x00" * 50]
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: str) -> None:
    """A file that is no key file is never replaced by new secrets."""
    path = tmp_path / "keys.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(StoreError, match="restore it from its backup"):
        Keys.load(path)
    assert path.read_text() == content


def test_a_file_others_may_read_is_refused(tmp_path: Path) -> None:
    """Secrets that others may have read are no secrets."""
    path = tmp_path / "keys.json"
    Keys.load(path)
    path.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        Keys.load(path)


def test_a_state_opens_under_its_own_secrets_only(tmp_path: Path) -> None:
    """A lost or exchanged key file stops everything: under new secrets nobody protected would be known again."""
    settings = Settings.from_env({"CORDON_HOME": str(tmp_path)})
    with open_context(settings):
        pass
    with open_context(settings):
        pass
    path = Path(settings.key_file)
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(StoreError, match="no key file"), open_context(settings):
        pass
    assert not path.exists()
    Keys.load(path)
    with pytest.raises(StoreError, match="made with other secrets"), open_context(settings):
        pass
    with pytest.raises(StoreError, match="made with other secrets"), open_context(settings, seed=1):
        pass
    path.write_bytes(kept)
    with open_context(settings):
        pass
