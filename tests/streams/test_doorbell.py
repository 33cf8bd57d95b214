"""The doorbell rings while something waits, and never says more than offsets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from pipelines.stack.broker import Broker
from pipelines.streams.consumer import Lane
from pipelines.streams.doorbell import Doorbell, LagTrigger
from pipelines.streams.feed import feed


def _lane(committed: int, end: int, partition: int = 0) -> Lane:
    return Lane(partition, committed, end)


def test_rings_at_once_for_news_and_only_with_offsets() -> None:
    """What waits is announced at the first look, as offsets by partition."""
    assert Doorbell().hear([_lane(3, 9), _lane(4, 4, 1), _lane(0, 2, 2)], 0.0) == {"0": [3, 9], "2": [0, 2]}


def test_silent_without_lag() -> None:
    """Nothing waits, nothing rings, however long it looks."""
    bell = Doorbell()
    assert [bell.hear([_lane(5, 5)], float(t)) for t in range(0, 1000, 50)] == [None] * 20


def test_rings_again_while_lag_remains_and_ever_more_slowly() -> None:
    """An event that started no run is not the last one: the bell rings on, at growing distances up to the longest."""
    bell = Doorbell(gap=1.0, again=5.0, longest=40.0)
    rung = [t for t in range(200) if bell.hear([_lane(0, 7)], float(t)) is not None]
    assert rung == [0, 5, 15, 35, 75, 115, 155, 195]


def test_news_during_a_run_rings_after_the_gap() -> None:
    """Records that arrive after a ring are announced without waiting for the repetition."""
    bell = Doorbell(gap=1.0, again=60.0)
    assert bell.hear([_lane(0, 7)], 0.0) is not None
    assert bell.hear([_lane(0, 8)], 0.5) is None
    assert bell.hear([_lane(0, 9)], 1.0) == {"0": [0, 9]}


def test_progress_makes_it_patient_again() -> None:
    """While runs commit, the distance between rings stays short, so that the rest is never stranded."""
    bell = Doorbell(gap=1.0, again=5.0, longest=1000.0)
    assert bell.hear([_lane(0, 100)], 0.0) is not None
    assert bell.hear([_lane(0, 100)], 5.0) is not None
    assert bell.hear([_lane(50, 100)], 6.0) is None
    assert bell.hear([_lane(50, 100)], 10.0) is not None


def test_lag_that_ends_is_forgotten() -> None:
    """After everything was processed, the same end offset is no old news for a lane that was reset."""
    bell = Doorbell(gap=1.0)
    assert bell.hear([_lane(0, 7)], 0.0) is not None
    assert bell.hear([_lane(7, 7)], 2.0) is None
    assert bell.hear([_lane(0, 7)], 4.0) is not None


@pytest.mark.e2e
def test_the_trigger_rings_for_a_real_topic(broker: Broker, new_topic: Callable[..., str]) -> None:
    """A record in the topic becomes an event of topic and offsets, and nothing of the record is in it."""
    topic = new_topic(2)
    feed(broker.bootstrap, topic, [b'{"header":{"source_force":"13","incident_id":"x"}}', b"?"])
    kind, arguments = LagTrigger(broker.bootstrap, topic, f"group-{topic}", 0.1).serialize()
    assert kind == "pipelines.streams.doorbell.LagTrigger"

    async def first() -> object:
        events = LagTrigger(**arguments).run()
        try:
            return (await asyncio.wait_for(anext(events), 30)).payload
        finally:
            await events.aclose()

    said = asyncio.run(first())
    assert isinstance(said, dict)
    assert set(said) == {"topic", "lanes"}
    assert said["topic"] == topic
    assert sum(end - committed for committed, end in said["lanes"].values()) == 2
