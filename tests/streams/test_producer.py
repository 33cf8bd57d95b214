"""A unit's messages and its mark become visible together or not at all, whatever is killed when."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.batches import Batch
from pipelines.errors import UpstreamError, UsageError
from pipelines.sinks import SUBJECTS, Message
from pipelines.stack.broker import Broker
from pipelines.streams import clients, consumer
from pipelines.streams.clients import RefusedError
from pipelines.streams.producer import KafkaSink
from pipelines.streams.topics import create_topics

pytestmark = pytest.mark.e2e


def _values(broker: Broker, topic: str) -> list[str]:
    """What a committed reader sees of partition 0."""
    lane = consumer.lanes(broker.bootstrap, topic, "nobody")[0]
    if lane.end == 0:
        return []
    return [value.decode() for _, value in consumer.read(broker.bootstrap, Batch(topic, 0, 0, lane.end - 1))]


def _unit(topic: str, *values: str) -> list[Message]:
    return [Message(topic, b"k", value.encode(), (("h", b"v"),), 0) for value in values]


def test_messages_and_mark_move_together(broker: Broker, new_topic: Callable[..., str]) -> None:
    """After a send the mark is the lane's committed offset; the same unit again sends nothing."""
    raw, out = new_topic(), new_topic()
    mark, group = f"lane/{raw}/0", f"g-{raw}"
    with KafkaSink(broker.bootstrap, group=group) as sink:
        assert sink.committed(mark) is None
        sink.send(mark, 5, _unit(out, "a", "b"))
        assert sink.committed(mark) == 5
        sink.send(mark, 5, _unit(out, "a", "b"))
    with KafkaSink(broker.bootstrap, group=group) as again:
        again.send(mark, 5, _unit(out, "a", "b"))
    assert _values(broker, out) == ["a", "b"]


def test_an_empty_unit_moves_the_mark(broker: Broker, new_topic: Callable[..., str]) -> None:
    """A batch that has nothing to say is finished all the same."""
    raw = new_topic()
    with KafkaSink(broker.bootstrap, group=f"g-{raw}") as sink:
        sink.send(f"lane/{raw}/0", 9, [])
        assert sink.committed(f"lane/{raw}/0") == 9


def test_who_was_fenced_sends_nothing(broker: Broker, new_topic: Callable[..., str]) -> None:
    """A worker that was given up for dead and wakes cannot send its unit a second time."""
    raw, out = new_topic(), new_topic()
    mark, group = f"lane/{raw}/0", f"g-{raw}"
    with KafkaSink(broker.bootstrap, group=group) as old, KafkaSink(broker.bootstrap, group=group) as new:
        assert old.committed(mark) is None
        new.send(mark, 3, _unit(out, "once"))
        with pytest.raises(UpstreamError):
            old.send(mark, 3, _unit(out, "once"))
    assert _values(broker, out) == ["once"]


def test_what_the_broker_refuses_is_refused_whole(broker: Broker, new_topic: Callable[..., str]) -> None:
    """A message too large takes its whole unit with it, says so without its text, and the mark stays."""
    raw, out = new_topic(), new_topic(1, **{"max.message.bytes": "2000"})
    mark = f"lane/{raw}/0"
    with KafkaSink(broker.bootstrap, group=f"g-{raw}") as sink:
        with pytest.raises(RefusedError) as caught:
            sink.send(mark, 1, _unit(out, "secret" * 5000))
        assert "secret" not in str(caught.value)
        with pytest.raises(UpstreamError) as caught_two:
            sink.send(mark, 1, _unit(out, "small", "secret" * 5000))
        assert "secret" not in str(caught_two.value)
        assert sink.committed(mark) is None
    assert _values(broker, out) == []


def test_enforcement_sees_a_day_and_no_time(broker: Broker) -> None:
    """The record time on the enforcement topic is midnight: no time of day links a message to a call."""
    create_topics(broker.bootstrap)
    before = consumer.lanes(broker.bootstrap, SUBJECTS, "nobody")[0].end
    with KafkaSink(broker.bootstrap, group=f"g-{time.monotonic_ns()}") as sink:
        sink.send("release", 1, [Message(SUBJECTS, b"id", b"{}", (), None)])
    with clients.consumer(broker.bootstrap, auto_offset_reset="earliest") as reader:
        from kafka import TopicPartition

        part = TopicPartition(SUBJECTS, 0)
        reader.assign([part])
        reader.seek(part, before)
        seen = [r for _ in range(40) for r in reader.poll(timeout_ms=250).get(part, ())]
    assert [record.timestamp % 86_400_000 for record in seen] == [0]


@pytest.mark.parametrize("mark", ["", "lane/", "lane/a", "release/1", "lane/a/b/c/0x"])
def test_no_other_marks(mark: str) -> None:
    """A mark nobody knows is refused before anything is connected."""
    with KafkaSink("127.0.0.1:1") as sink, pytest.raises(UsageError):
        sink.committed(mark)


@pytest.mark.slow
def test_killed_at_any_moment_each_unit_is_there_once(broker: Broker, new_topic: Callable[..., str]) -> None:
    """A sender killed with -9 again and again leaves each unit exactly once, whole and in order, for a committed reader."""
    raw, out = new_topic(), new_topic()
    last = 150
    rng = random.Random(7)
    command = [
        sys.executable,
        str(Path(__file__).with_name("sender.py")),
        broker.bootstrap,
        f"g-{raw}",
        raw,
        out,
        str(last),
    ]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"}
    kills = 0
    deadline = time.monotonic() + 200
    while True:
        process = subprocess.Popen(command, env=environment)
        try:
            process.wait(timeout=rng.uniform(0.6, 1.6) if kills < 12 else 150)
            assert process.returncode == 0
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        assert time.monotonic() < deadline
    assert kills >= 5
    assert _values(broker, out) == [f"{number}.{n}" for number in range(1, last + 1) for n in range(3)]
