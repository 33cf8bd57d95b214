"""The index of tokens: whoever is filed under a token is found under it, however many runs and merges lie between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from pipelines.errors import StoreError
from pipelines.stores import registry_index
from pipelines.stores.database import writing
from pipelines.stores.registry_index import file_tokens, find_people
from tests.stores.test_registry import make


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.e2e)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty index in each kind of database."""
    url = f"sqlite:///{tmp_path / 'i.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = make(url)
    yield engine
    engine.dispose()


def ints(values: object) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """An array as the index takes it."""
    return np.array(values, dtype=np.int64)


def find(db: Engine, tokens: list[int], seekers: list[int]) -> set[tuple[int, int]]:
    """Pairs found, as a set; each must be there once."""
    with db.connect() as conn:
        ones, others = find_people(conn, ints(tokens), ints(seekers))
    pairs = list(zip(ones.tolist(), others.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    return set(pairs)


def test_many_runs_become_few_and_lose_nothing(db: Engine) -> None:
    """After hundreds of batches there are few runs, and every token still leads to its people, a common one to all."""
    rng = np.random.default_rng(1)
    expected: dict[int, set[int]] = {}
    for batch in range(150):
        tokens = rng.integers(-(2**63), 2**63, 40)
        tokens[:3] = (7, -1, 2**63 - 1)
        people = rng.integers(1, 2**32, 40)
        for token, person in zip(tokens.tolist(), people.tolist(), strict=True):
            expected.setdefault(token, set()).add(person)
        with writing(db) as conn:
            file_tokens(conn, tokens, people)
        if batch == 100:
            with writing(db) as conn:
                file_tokens(conn, rng.integers(-(2**63), 2**63, 60_000), rng.integers(1, 2**32, 60_000))
    with db.connect() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM registry_run").scalar() < 30
        orphans = "SELECT count(*) FROM registry_block WHERE run NOT IN (SELECT id FROM registry_run)"
        assert conn.exec_driver_sql(orphans).scalar() == 0
    wanted = list(expected)
    assert find(db, wanted, list(range(len(wanted)))) == {(n, p) for n, t in enumerate(wanted) for p in expected[t]}
    assert find(db, wanted[:2], [5, 5]) == {(5, p) for t in wanted[:2] for p in expected[t]}
    assert find(db, [8, 9], [1, 2]) == set()


@given(
    st.lists(st.lists(st.tuples(st.integers(-5, 5), st.integers(1, 4)), max_size=6), max_size=12),
    st.lists(st.tuples(st.integers(-6, 6), st.integers(0, 3)), max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_it_finds_what_a_list_of_all_would(filed: list[list[tuple[int, int]]], sought: list[tuple[int, int]]) -> None:
    """Whatever is filed in whatever batches, what is found is exactly what equal tokens say."""
    engine = make("sqlite://")
    # tokens over the whole range, in blocks of two, so that there are many blocks and merges
    with patch.object(registry_index, "_IN_BLOCK", 2), patch.object(registry_index, "_FAN", 3):
        for batch in filed:
            with writing(engine) as conn:
                file_tokens(conn, ints([t * 2**60 for t, _ in batch]), ints([p for _, p in batch]))
        found = find(engine, [t * 2**60 for t, _ in sought], [s for _, s in sought])
    assert found == {(s, p) for t, s in sought for batch in filed for other, p in batch if t == other}
    engine.dispose()


def test_a_merge_in_slices_is_a_merge() -> None:
    """Runs too large to be merged at once are merged slice by slice, to the same blocks."""
    engine = make("sqlite://")
    rng = np.random.default_rng(2)
    tokens, people = rng.integers(-(2**63), 2**63, (8, 140_000)), rng.integers(1, 2**32, (8, 140_000))
    for run in range(8):
        with writing(engine) as conn:
            file_tokens(conn, tokens[run], people[run])
    with engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT count(*), max(tokens) FROM registry_run").fetchone() == (1, 8 * 140_000)
        ones, others = find_people(conn, tokens.reshape(-1), np.arange(8 * 140_000))
    assert (ones == np.arange(8 * 140_000)).all()
    assert (others == people.reshape(-1)).all()
    engine.dispose()


def test_a_number_too_large_is_refused(db: Engine) -> None:
    """A person's number that does not fit is an error, not another person's."""
    with writing(db) as conn, pytest.raises(StoreError, match="full"):
        file_tokens(conn, ints([1]), ints([2**32]))
