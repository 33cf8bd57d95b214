"""Reading by offset: where each lane stands, and the records of one batch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError
from kafka.protocol.consumer import IsolationLevel

from pipelines.batches import Batch
from pipelines.errors import StoreError, UpstreamError, UsageError
from pipelines.streams import clients

#: Seconds without a new record, while some must come, after which a read gives up.
STALLED = 60.0


class Lane(NamedTuple):
    """Where one partition stands.

    `committed` is the next offset to process, `end` the offset after the last record that committed readers see, and
    `begin` the first one the broker still has. `lost` counts records deleted before they were processed.
    """

    partition: int
    committed: int
    end: int
    begin: int = 0
    lost: int = 0

    @property
    def lag(self) -> int:
        """Offsets not processed yet; some may be markers rather than records."""
        return max(0, self.end - self.committed)


class Position:
    """Watches where the lanes of a topic stand. Keeps its connection; usable from any thread, one at a time."""

    def __init__(self, bootstrap: str, topic: str, group: str, *, seconds: float = clients.PATIENCE) -> None:
        """Describes what to watch; connects when first asked."""
        self._bootstrap, self._topic, self._group, self._seconds = bootstrap, topic, group, seconds
        self._admin: KafkaAdminClient | None = None

    def lanes(self) -> list[Lane]:
        """Every lane, in order of partition.

        The committed offset is the last one known to be stable: while a transaction is closing it may be one batch
        old, which repeats harmless work and loses nothing.

        Raises:
            UsageError: if there is no such topic.
            UpstreamError: if the broker does not answer.
        """
        try:
            if self._admin is None:
                self._admin = clients.admin(self._bootstrap, seconds=self._seconds)
            admin = self._admin
            return clients.patiently(lambda: self._ask(admin), self._seconds)
        except clients.FAILURES as error:
            self.close()
            raise clients.translated(error, f"ask where the lanes of `{self._topic}` stand") from None

    def _ask(self, admin: KafkaAdminClient) -> list[Lane]:
        described = admin.describe_topics([self._topic])
        partitions = sorted(p["partition_index"] for topic in described for p in topic["partitions"])
        if not partitions:
            raise UsageError(f"there is no topic `{self._topic}`: create it with `cordon stack topics`")
        parts = [TopicPartition(self._topic, number) for number in partitions]
        committed = admin.list_group_offsets({self._group: parts})[self._group]
        # Asked in this order, so that `end` is never before what was committed meanwhile.
        begins = admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.EARLIEST), IsolationLevel.READ_COMMITTED)
        ends = admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.LATEST), IsolationLevel.READ_COMMITTED)
        return [_lane(p, committed.get(p), begins[p].offset, ends[p].offset) for p in parts]

    def close(self) -> None:
        """Ends the connection."""
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()

    def __enter__(self) -> Position:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _lane(part: TopicPartition, committed: Any, begin: int, end: int) -> Lane:
    known = committed is not None and committed.offset >= 0
    if not known:
        # Nothing of this lane was ever processed, so what was deleted before was never ours to process.
        return Lane(part.partition, begin, end, begin)
    position = int(committed.offset)
    return Lane(part.partition, max(position, begin), end, begin, lost=max(0, begin - position))


def lanes(bootstrap: str, topic: str, group: str) -> list[Lane]:
    """Where every lane of a topic stands; see `Position.lanes`."""
    with Position(bootstrap, topic, group) as position:
        return position.lanes()


def plan(topic: str, standing: list[Lane], size: int) -> list[Batch]:
    """The next batch of each lane that has lag: from where it stands, at most `size` offsets."""
    return [
        Batch(topic, lane.partition, lane.committed, min(lane.end, lane.committed + size) - 1)
        for lane in standing
        if lane.lag
    ]


def read(bootstrap: str, batch: Batch) -> Iterator[tuple[int, bytes]]:
    """The records of a batch, by offset, in order. Offsets that hold no record (markers, aborted ones) are skipped.

    A record without a value is given as empty bytes: its coordinate exists and has to be accounted for.

    Raises:
        StoreError: if the broker no longer has the first of them: they were deleted before they were read.
        UpstreamError: if the broker does not answer, or nothing more comes though it should.
    """
    part = TopicPartition(batch.topic, batch.partition)
    try:
        with clients.consumer(bootstrap, auto_offset_reset="none") as consumer:
            begin, end = consumer.beginning_offsets([part])[part], consumer.end_offsets([part])[part]
            if batch.first < begin:
                raise StoreError(f"`{batch.coordinate(batch.first)}` was deleted from the broker before it was read")
            if batch.last >= end:
                raise UpstreamError(f"`{batch.coordinate(batch.last)}` is not there yet: the lane ends at {end}")
            consumer.assign([part])
            consumer.seek(part, batch.first)
            deadline = time.monotonic() + STALLED
            position = batch.first
            while position <= batch.last:
                for record in consumer.poll(timeout_ms=500, max_records=2000).get(part, ()):
                    if record.offset > batch.last:
                        return
                    yield record.offset, record.value or b""
                now = consumer.position(part)
                if now is not None and now > position:
                    position, deadline = now, time.monotonic() + STALLED
                elif time.monotonic() > deadline:
                    raise UpstreamError(f"no record of `{batch}` came for {STALLED:.0f} s after offset {position}")
    except (OffsetOutOfRangeError, NoOffsetForPartitionError):
        raise StoreError(f"records of `{batch}` were deleted from the broker before they were read") from None
    except clients.FAILURES as error:
        raise clients.translated(error, f"read `{batch}`") from None
