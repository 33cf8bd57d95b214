"""What is read is what Kafka's offsets say, record by record; markers and aborted records are none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kafka import TopicPartition

from pipelines.batches import Batch
from pipelines.errors import StoreError, UpstreamError, UsageError
from pipelines.stack.broker import Broker
from pipelines.streams import clients, consumer
from pipelines.streams.consumer import Lane

pytestmark = pytest.mark.e2e


def _send(broker: Broker, topic: str, *values: bytes | None, commit: bool | None = None) -> None:
    """Sends records to partition 0; with `commit` in a transaction that ends so."""
    options = {} if commit is None else {"transactional_id": f"t-{topic}"}
    producer = clients.producer(broker.bootstrap, **options)
    try:
        if commit is not None:
            producer.init_transactions()
            producer.begin_transaction()
        for value in values:
            producer.send(topic, value=value, key=b"k", partition=0).get(
                timeout=20
            ) if commit is None else producer.send(topic, value=value, key=b"k", partition=0)
        if commit is not None:
            producer.flush(timeout=20)
            (producer.commit_transaction if commit else producer.abort_transaction)()
    finally:
        producer.close(timeout=5)


def test_every_record_and_nothing_else(broker: Broker, new_topic: Callable[..., str]) -> None:
    """Committed records come with their offsets, aborted ones and markers never do, and an empty value is a record."""
    topic = new_topic()
    _send(broker, topic, b"a", None)
    _send(broker, topic, b"lost", commit=False)
    _send(broker, topic, b"b", commit=True)
    lane = consumer.lanes(broker.bootstrap, topic, "nobody")[0]
    assert (lane.committed, lane.begin, lane.lag) == (0, 0, lane.end)
    found = list(consumer.read(broker.bootstrap, Batch(topic, 0, 0, lane.end - 1)))
    assert [value for _, value in found] == [b"a", b"", b"b"]
    assert [offset for offset, _ in found][:2] == [0, 1]
    assert found[2][0] > 2


def test_a_batch_of_markers_holds_nothing(broker: Broker, new_topic: Callable[..., str]) -> None:
    """Offsets that hold no record end a read instead of blocking it."""
    topic = new_topic()
    _send(broker, topic, b"lost", b"lost too", commit=False)
    end = consumer.lanes(broker.bootstrap, topic, "nobody")[0].end
    assert end > 2
    assert list(consumer.read(broker.bootstrap, Batch(topic, 0, 0, end - 1))) == []


def test_what_was_deleted_is_not_silently_skipped(broker: Broker, new_topic: Callable[..., str]) -> None:
    """A batch whose first records the broker no longer has is an error that names the coordinate."""
    topic = new_topic()
    _send(broker, topic, b"a", b"b", b"c")
    with clients.admin(broker.bootstrap) as admin:
        admin.delete_records({TopicPartition(topic, 0): 2})
    assert consumer.lanes(broker.bootstrap, topic, "nobody")[0].begin == 2
    with pytest.raises(StoreError, match=r"\[0\]@0"):
        list(consumer.read(broker.bootstrap, Batch(topic, 0, 0, 2)))
    assert [v for _, v in consumer.read(broker.bootstrap, Batch(topic, 0, 2, 2))] == [b"c"]


def test_the_future_is_not_read(broker: Broker, new_topic: Callable[..., str]) -> None:
    """A batch that ends after the lane's end is refused, so that no batch is ever called whole that is not."""
    topic = new_topic()
    _send(broker, topic, b"a")
    with pytest.raises(UpstreamError, match="not there yet"):
        list(consumer.read(broker.bootstrap, Batch(topic, 0, 0, 5)))


def test_no_topic_is_said(broker: Broker) -> None:
    """A topic nobody made is named together with the command that makes it."""
    with pytest.raises(UsageError, match="cordon stack topics"):
        consumer.lanes(broker.bootstrap, "nobody.made.this", "nobody")


def test_no_broker_is_said() -> None:
    """A broker that is not there is an error that may be tried again, within a bound."""
    with (
        pytest.raises(UpstreamError, match="reach a broker"),
        consumer.Position("127.0.0.1:1", "t", "g", seconds=1.0) as position,
    ):
        position.lanes()


@pytest.mark.parametrize(
    ("standing", "size", "planned"),
    [
        ([Lane(0, 0, 0)], 10, []),
        ([Lane(0, 0, 5)], 10, [(0, 0, 4)]),
        ([Lane(0, 3, 25)], 10, [(0, 3, 12)]),
        ([Lane(0, 3, 4), Lane(1, 7, 7), Lane(2, 0, 30)], 10, [(0, 3, 3), (2, 0, 9)]),
    ],
)
def test_plan(standing: list[Lane], size: int, planned: list[tuple[int, int, int]]) -> None:
    """Each lane with lag gets one batch from where it stands, of the size allowed."""
    assert [(b.partition, b.first, b.last) for b in consumer.plan("t", standing, size)] == planned
