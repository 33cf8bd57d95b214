"""What lies in the vault is readable by nobody without its key, under no name but its own, and not after a change."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipelines.errors import StoreError
from pipelines.stores.vault import Vault

KEY = b"k" * 32
NAME = "landed/incidents.raw.v1[3]@1200-5199"
VALUE = [(1, b"Qzxvara Begum"), (2, b"")]


def _file(folder: Path) -> Path:
    (path,) = (p for p in folder.rglob("*") if p.is_file())
    return path


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    """What was put is what another process gets, and it is there or it is not."""
    Vault(f"file://{tmp_path}", KEY).put(NAME, VALUE)
    vault = Vault(f"file://{tmp_path}", KEY)
    assert vault.has(NAME)
    assert not vault.has("valid/incidents.raw.v1[3]@1200-5199")
    assert vault.get(NAME, list[tuple[int, bytes]]) == VALUE


def test_nothing_is_readable_at_rest(tmp_path: Path) -> None:
    """No value is in the file, and the same value sealed twice looks different."""
    vault = Vault(f"file://{tmp_path}", KEY)
    vault.put(NAME, VALUE)
    first = _file(tmp_path).read_bytes()
    vault.put(NAME, VALUE)
    second = _file(tmp_path).read_bytes()
    assert b"Qzxvara" not in first
    assert first != second


def test_any_other_url_will_do() -> None:
    """The vault is wherever fsspec reaches."""
    Vault("memory://somewhere/else", KEY).put(NAME, VALUE)
    assert Vault("memory://somewhere/else", KEY).get(NAME, list[tuple[int, bytes]]) == VALUE


def test_a_changed_moved_cut_or_foreign_object_does_not_open(tmp_path: Path) -> None:
    """A flipped byte, a cut, another object's content under this name, or another key is refused and said."""
    vault = Vault(f"file://{tmp_path}", KEY)
    vault.put(NAME, VALUE)
    path = _file(tmp_path)
    sealed = path.read_bytes()
    for changed in (
        bytes([sealed[0] ^ 1]) + sealed[1:],
        sealed[:-1],
        sealed[:5],
        b"",
        sealed[:-1] + bytes([sealed[-1] ^ 1]),
    ):
        path.write_bytes(changed)
        with pytest.raises(StoreError, match="does not open"):
            Vault(f"file://{tmp_path}", KEY).get(NAME, list[tuple[int, bytes]])
    path.write_bytes(sealed)
    with pytest.raises(StoreError, match="does not open"):
        Vault(f"file://{tmp_path}", b"x" * 32).get(NAME, list[tuple[int, bytes]])
    path.rename(path.with_name(path.name.replace("1200", "1201")))
    with pytest.raises(StoreError, match="does not open"):
        Vault(f"file://{tmp_path}", KEY).get(NAME.replace("1200", "1201"), list[tuple[int, bytes]])


class Listing(msgspec.Struct, frozen=True):
    """An object with a long list."""

    title: str
    entries: list[tuple[int, str]]


LISTING = Listing("all of them", [(n, f"Qzxvara {n}") for n in range(100)])


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 100])
def test_of_a_list_that_was_put_apart_few_may_be_read(tmp_path: Path, count: int) -> None:
    """Whole or by places, the items are those that were put; whoever asks for few is told the rest of the value first."""
    listing = Listing("all of them", LISTING.entries[:count])
    Vault(f"file://{tmp_path}", KEY).put(NAME, listing, apart="entries")
    vault = Vault(f"file://{tmp_path}", KEY)
    assert vault.get(NAME, Listing) == listing
    for places in ([], [0], [count - 1], list(range(0, count, 7)), list(range(count))):
        known = [place for place in places if 0 <= place < count]
        told: list[Listing] = []
        found = vault.read(NAME, Listing, lambda rest, known=known, told=told: told.append(rest) or known)
        assert found == Listing("all of them", [listing.entries[place] for place in known])
        assert told == [Listing("all of them", [])]
    assert b"Qzxvara" not in _file(tmp_path).read_bytes()


def test_who_reads_few_opens_few(tmp_path: Path) -> None:
    """What is not asked for is not opened: another part may be broken, the one asked for may not."""
    Vault(f"file://{tmp_path}", KEY).put(NAME, LISTING, apart="entries")
    path = _file(tmp_path)
    sealed = path.read_bytes()
    path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    vault = Vault(f"file://{tmp_path}", KEY)
    assert vault.read(NAME, Listing, lambda _: [3]).entries == [LISTING.entries[3]]
    for only in (lambda _: [99], None):
        with pytest.raises(StoreError, match="does not open"):
            vault.read(NAME, Listing, only)


def test_a_part_is_bound_to_its_place_and_its_writing(tmp_path: Path) -> None:
    """Parts that were cut off, changed places, or came from another writing of the same object are refused."""
    vault = Vault(f"file://{tmp_path}", KEY)
    vault.put(NAME, LISTING, apart="entries")
    path = _file(tmp_path)
    first = path.read_bytes()
    vault.put(NAME, LISTING, apart="entries")
    second = path.read_bytes()
    size = len(msgspec.msgpack.encode(LISTING.entries[32:64])) + 12 + 16
    tail = len(msgspec.msgpack.encode(LISTING.entries[96:])) + 12 + 16
    start = len(first) - tail - 2 * size
    one, two = slice(start, start + size), slice(start + size, start + 2 * size)
    for changed in (
        first[:start] + first[two] + first[one] + first[two.stop :],
        first[:start] + second[one] + first[one.stop :],
        first[:-tail],
        first[:start],
    ):
        path.write_bytes(changed)
        with pytest.raises(StoreError, match="does not open"):
            Vault(f"file://{tmp_path}", KEY).get(NAME, Listing)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """An object nobody put is named, with the question that helps."""
    with pytest.raises(StoreError, match=r"no `landed/incidents.raw.v1\[3\]@1200-5199`: was the stage before it run"):
        Vault(f"file://{tmp_path}", KEY).get(NAME, list[tuple[int, bytes]])


def test_names_stay_inside(tmp_path: Path) -> None:
    """A name that tries to climb out of the vault stays a name in it."""
    vault = Vault(f"file://{tmp_path / 'vault'}", KEY)
    vault.put("landed/../../outside[0]@0-1", VALUE)
    assert _file(tmp_path).is_relative_to(tmp_path / "vault")
