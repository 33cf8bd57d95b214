"""The doorbell: watches where the lanes stand and rings while something waits. An event is a hint and holds offsets only.

It is level-triggered. Airflow may lose an event, double it, or start no run for one that came while a run was active;
so the bell rings again for as long as there is lag, ever more slowly while nothing changes, and what a run processes is
read from Kafka's offsets and not from the event.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from pipelines.errors import CordonError
from pipelines.streams.consumer import Lane, Position


class Doorbell:
    """Decides when to ring. Pure: it is told where the lanes stand and what time it is.

    Rings at once when something new waits, and again after `again` seconds if it still does, then after twice as long,
    up to `longest`. Several records that come within `gap` seconds of a ring are one more ring.
    """

    def __init__(self, *, gap: float = 1.0, again: float = 5.0, longest: float = 300.0) -> None:
        """All in seconds."""
        self._gap, self._again, self._longest = gap, again, longest
        self._rung_at = float("-inf")
        self._wait = again
        self._ends: dict[int, int] = {}
        self._committed: dict[int, int] = {}

    def hear(self, lanes: Sequence[Lane], now: float) -> dict[str, list[int]] | None:
        """Whether to ring now: `[committed, end]` by partition of every lane with lag, or None.

        Args:
            lanes: where every lane stands.
            now: a monotonic time in seconds.
        """
        waiting = {lane.partition: lane for lane in lanes if lane.lag}
        moved = any(self._committed.get(lane.partition, lane.committed) != lane.committed for lane in lanes)
        self._committed = {lane.partition: lane.committed for lane in lanes}
        if moved:
            self._wait = self._again
        if not waiting:
            self._ends = {}
            return None
        news = any(self._ends.get(p, -1) < lane.end for p, lane in waiting.items())
        if now - self._rung_at < (self._gap if news else self._wait):
            return None
        self._wait = self._again if news else min(self._longest, self._wait * 2)
        self._rung_at = now
        self._ends = {p: lane.end for p, lane in waiting.items()}
        return {str(p): [lane.committed, lane.end] for p, lane in sorted(waiting.items())}


class LagTrigger(BaseEventTrigger):
    """Rings for one topic and group. Knows names and offsets; never reads a record."""

    def __init__(self, bootstrap: str, topic: str, group: str, every: float = 0.5) -> None:
        """`every` is how often it looks, in seconds."""
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow has no types there
        self.bootstrap, self.topic, self.group, self.every = bootstrap, topic, group, every

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How Airflow stores it."""
        arguments = {"bootstrap": self.bootstrap, "topic": self.topic, "group": self.group, "every": self.every}
        return "pipelines.streams.doorbell.LagTrigger", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Looks for ever; a broker that does not answer is asked again."""
        bell = Doorbell()
        position = Position(self.bootstrap, self.topic, self.group, seconds=5.0)
        quiet = False
        try:
            while True:
                try:
                    lanes = await asyncio.to_thread(position.lanes)
                    quiet = False
                except CordonError as error:
                    if not quiet:
                        self.log.warning("%s; trying again", error)
                    quiet = True
                    lanes = []
                ring = bell.hear(lanes, time.monotonic())
                if ring is not None:
                    yield TriggerEvent({"topic": self.topic, "lanes": ring})
                await asyncio.sleep(self.every)
        finally:
            position.close()
