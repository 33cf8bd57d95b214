"""Names of records and batches: what is written can be read, and nothing else can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.batches import Batch, Coordinate
from pipelines.errors import UsageError

TOPICS = st.text(st.characters(exclude_characters="[]@", exclude_categories=["Cs"]), min_size=1, max_size=30)
NUMBERS = st.integers(0, 10**9 - 1)


@given(topic=TOPICS, partition=NUMBERS, first=NUMBERS, more=NUMBERS)
def test_a_name_is_read_as_it_was_written(topic: str, partition: int, first: int, more: int) -> None:
    """Every coordinate and every batch is what its name says."""
    batch = Batch(topic, partition, first, first + more)
    assert Batch.parse(str(batch)) == batch
    assert Coordinate.parse(batch.coordinate(first)) == (topic, partition, first)


@pytest.mark.parametrize(
    "name", ["", "topic", "topic[0]", "topic[0]@", "[0]@1", "topic[0]@1-2", "topic[-1]@1", "a[0]@1 ", "a[0]@" + "9" * 19, "a[١]@1"]
)  # fmt: skip
def test_what_is_no_coordinate_is_refused(name: str) -> None:
    """A name that a database could not hold, or that means something else, is an error that says what was expected."""
    assert Coordinate.read(name) is None
    with pytest.raises(UsageError, match=r"expected `topic\[partition\]@offset`"):
        Coordinate.parse(name)
