"""Writing exactly once: each unit of messages is one transaction that also moves the mark behind it.

The mark is a committed offset. For a lane it is the input offset itself, so input and output move together or not at
all: of group `cordon` on the input's partition. For releases it is the number of the run, of group `cordon-release` on
partition 0 of the enforcement topic; for acts that of the act, of group `cordon-acts` on partition 0 of the referrals.

Order of work of a unit: (1) take the lane's transactional id, which fences whoever held it and closes what it left
open; (2) read the mark, which is exact from now on; (3) begin, send all, await every one; (4) add the mark; (5) commit.
A crash before 5 leaves nothing that a committed reader sees; after 5, whoever tries again reads the new mark at 2.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Sequence
from typing import NamedTuple

from kafka import KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from pipelines.errors import UpstreamError, UsageError
from pipelines.sinks import REFERRALS, SUBJECTS, Message
from pipelines.streams import clients

#: Seconds a broker step of a transaction may take before the outcome counts as unknown.
STEP = 60.0
_DAY = 24 * 3600 * 1000
_LANE = re.compile(r"lane/(?P<topic>[^/]+)/(?P<partition>\d+)")


class _Mark(NamedTuple):
    """Where a mark is kept: the committed offset of a group on a partition."""

    group: str
    part: TopicPartition


class KafkaSink:
    """A `Sink` on Kafka. One transactional id for each mark; not for use by several threads at once."""

    def __init__(self, bootstrap: str, *, group: str = "cordon") -> None:
        """Describes it; connects when first used.

        Args:
            bootstrap: the broker's address.
            group: the consumer group whose offsets say where the lanes stand.
        """
        self._bootstrap = bootstrap
        self._group = group
        self._producers: dict[str, KafkaProducer] = {}
        #: What this sink has sent itself. The broker may tell of it a moment later only: a commit is answered before
        #: the offset in it can be read.
        self._sent: dict[str, int] = {}

    def committed(self, mark: str) -> int | None:
        """The highest sequence durably sent under this mark, or None.

        Takes the mark's transactional id first: from then on nobody else can move the mark, so the answer stays true.

        Raises:
            UsageError: if it is no mark.
            UpstreamError: if the broker does not answer.
        """
        where = self._where(mark)
        self._take(mark)
        return max((n for n in (self._read(where), self._sent.get(mark)) if n is not None), default=None)

    def send(self, mark: str, sequence: int, messages: Sequence[Message]) -> None:
        """Sends all the messages and moves the mark to `sequence`, or does neither. Does nothing if it was done before.

        Raises:
            UpstreamError: if that failed, or its outcome is unknown; `committed` then tells. Trying again is safe.
            RefusedError: if the broker will never take one of the messages.
        """
        where = self._where(mark)
        sent = self._sent.get(mark) if mark in self._producers else self.committed(mark)
        if sent is not None and sent >= sequence:
            return
        producer = self._producers[mark]
        try:
            self._transact(producer, where, sequence, messages)
            self._sent[mark] = sequence
        except BaseException as error:
            # The mark's id is taken anew before the next unit, which closes whatever this one left open.
            self._drop(mark)
            if isinstance(error, clients.FAILURES):
                raise clients.translated(error, f"send `{mark}` up to {sequence}") from None
            raise

    def close(self) -> None:
        """Ends every connection; what was not committed is aborted."""
        for mark in list(self._producers):
            self._drop(mark)

    def __enter__(self) -> KafkaSink:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # ---- one unit ---------------------------------------------------------------------------------------------------

    def _transact(self, producer: KafkaProducer, where: _Mark, sequence: int, messages: Sequence[Message]) -> None:
        producer.begin_transaction()
        try:
            now = int(time.time() * 1000)
            futures = [
                producer.send(
                    message.topic,
                    key=message.key,
                    value=message.value,
                    headers=list(message.headers),
                    partition=message.partition,
                    timestamp_ms=_timestamp(message.topic, now),
                )
                for message in messages
            ]
            producer.flush(timeout=STEP)
            for future in futures:  # a failed one is raised here, before the commit
                future.get(timeout=0.001)
        except clients.FAILURES:
            with contextlib.suppress(UpstreamError, *clients.FAILURES):
                clients.bounded(producer.abort_transaction, 5.0, "abort")
            raise
        offsets = {where.part: OffsetAndMetadata(sequence, "", -1)}
        clients.bounded(lambda: producer.send_offsets_to_transaction(offsets, where.group), STEP, "add the mark")
        clients.bounded(producer.commit_transaction, STEP, "commit")

    # ---- marks ------------------------------------------------------------------------------------------------------

    def _where(self, mark: str) -> _Mark:
        lane = _LANE.fullmatch(mark)
        if lane is not None:
            return _Mark(self._group, TopicPartition(lane["topic"], int(lane["partition"])))
        if mark == "release":
            return _Mark(f"{self._group}-release", TopicPartition(SUBJECTS, 0))
        if mark == "acts":
            return _Mark(f"{self._group}-acts", TopicPartition(REFERRALS, 0))
        raise UsageError("not a mark: expected `lane/<topic>/<partition>`, `release` or `acts`")

    def _take(self, mark: str) -> None:
        """Takes the mark's transactional id: fences its former holder, closes what that left open."""
        if mark in self._producers:
            return
        producer = clients.producer(self._bootstrap, transactional_id=f"{self._group}/{mark}")
        try:
            producer.init_transactions()
        except clients.FAILURES as error:
            _discard(producer)
            raise clients.translated(error, f"take `{mark}`") from None
        self._producers[mark] = producer

    def _read(self, where: _Mark) -> int | None:
        try:
            with clients.admin(self._bootstrap) as admin:
                asked = {where.group: [where.part]}
                found = clients.patiently(lambda: admin.list_group_offsets(asked))[where.group].get(where.part)
        except clients.FAILURES as error:
            raise clients.translated(error, "read what was sent before") from None
        return None if found is None or found.offset < 0 else int(found.offset)

    def _drop(self, mark: str) -> None:
        self._sent.pop(mark, None)
        producer = self._producers.pop(mark, None)
        if producer is not None:
            _discard(producer)


def _discard(producer: KafkaProducer) -> None:
    """Closes a producer without waiting for what it could not send."""
    with contextlib.suppress(UpstreamError, *clients.FAILURES):
        clients.bounded(lambda: producer.close(timeout=1), 5.0, "close")


def _timestamp(topic: str, now: int) -> int:
    """A record's time in milliseconds. What enforcement can see of it is the day, which the message says anyway."""
    return now - now % _DAY if topic == SUBJECTS else now
