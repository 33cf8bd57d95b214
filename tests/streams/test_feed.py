"""Sending to the raw topic: in order for each incident, whatever the bytes."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pipelines.batches import Batch
from pipelines.stack.broker import Broker
from pipelines.streams import consumer
from pipelines.streams.feed import feed
from pipelines.streams.topics import TOPICS, create_topics

pytestmark = pytest.mark.e2e


def _record(number: int, version: int) -> bytes:
    return json.dumps({"header": {"source_force": "13", "incident_id": f"i{number}", "version": version}}).encode()


def test_versions_of_an_incident_stay_in_order(broker: Broker, new_topic: Callable[..., str]) -> None:
    """All versions of one incident are in one lane, in the order they were sent, and bytes nobody can read go too."""
    topic = new_topic(4)
    hostile = [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"header":7}',
        b'{"header":{"source_force":[],"incident_id":{}}}',
        b"{" * 5000,
    ]
    lines = [_record(n, v) for v in range(1, 4) for n in range(20)]
    counted: list[int] = []
    assert feed(broker.bootstrap, topic, [*lines, *hostile], counted.append) == len(lines) + len(hostile)
    assert sum(counted) == len(lines) + len(hostile)
    seen: list[bytes] = []
    where: dict[str, set[int]] = {}
    for lane in consumer.lanes(broker.bootstrap, topic, "nobody"):
        versions: dict[str, int] = {}
        records = consumer.read(broker.bootstrap, Batch(topic, lane.partition, 0, lane.end - 1)) if lane.end else ()
        for _, value in records:
            seen.append(value)
            if value in lines:
                header = json.loads(value)["header"]
                where.setdefault(header["incident_id"], set()).add(lane.partition)
                assert header["version"] == versions.get(header["incident_id"], 0) + 1
                versions[header["incident_id"]] = header["version"]
    assert sorted(seen) == sorted([*lines, *hostile])
    assert all(len(lanes) == 1 for lanes in where.values())


def test_topics_are_made_once(broker: Broker) -> None:
    """What is missing is created, what is there stays as it is."""
    create_topics(broker.bootstrap)
    assert create_topics(broker.bootstrap) == []
    for topic in TOPICS:
        assert len(consumer.lanes(broker.bootstrap, topic.name, "nobody")) == topic.partitions
