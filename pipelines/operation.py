"""The pipeline in operation: the same stages between Kafka topics, one call for each task, each safe to repeat.

A call opens what it needs, does one stage of one batch, and closes it again. `flow.py` does the same over a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from pipelines.acts import send_acts
from pipelines.batches import Batch
from pipelines.context import Context, open_context
from pipelines.errors import CordonError, UsageError
from pipelines.settings import Settings
from pipelines.stages.firewall import firewall
from pipelines.stages.land import land
from pipelines.stages.publish import publish
from pipelines.stages.release import release
from pipelines.stages.tag import tag
from pipelines.stages.validate import validate
from pipelines.stores import ledger
from pipelines.stores.database import writing
from pipelines.streams import consumer
from pipelines.streams.producer import KafkaSink

#: The stages of a batch, in order.
STAGES = ("land", "validate", "tag", "firewall", "publish")


class Operation:
    """Stages between topics over one open context. Close it, or use it as a context manager through `operating`."""

    def __init__(self, ctx: Context) -> None:
        """Takes an open context; connects to the broker when first needed."""
        self._ctx = ctx
        self._sink: KafkaSink | None = None
        self._stages: dict[str, Callable[[Batch], dict[str, int]]] = {
            "land": self._land,
            "validate": lambda batch: validate(ctx, batch),
            "tag": lambda batch: tag(ctx, batch),
            "firewall": lambda batch: firewall(ctx, batch),
            "publish": lambda batch: publish(ctx, batch, self._outward()),
        }

    def plan(self) -> list[Batch]:
        """The next batch of every lane that has one: what was begun and not published first, else what Kafka holds.

        Raises:
            UpstreamError: if the broker does not answer.
        """
        settings = self._ctx.settings
        standing = consumer.lanes(settings.kafka_bootstrap, settings.raw_topic, settings.group)
        with self._ctx.db.connect() as conn:
            begun = ledger.unpublished(conn, settings.raw_topic)
        fresh = consumer.plan(settings.raw_topic, standing, settings.batch_size)
        by_lane = {batch.partition: batch for batch in [*fresh, *reversed(begun)]}
        return [by_lane[partition] for partition in sorted(by_lane)]

    def stage(self, name: str, batch: Batch) -> dict[str, int]:
        """Does one stage of one batch; one that was done before changes nothing. Returns its counts.

        Raises:
            CordonError: what the stage raises; an alert with the batch's name is recorded where trying again won't help,
                or a note on the error says that it could not be.
        """
        try:
            return self._stages[name](batch)
        except CordonError as error:
            if not error.retriable:
                try:
                    with writing(self._ctx.db) as conn:
                        ledger.raise_alerts(conn, [(f"alert|{name}_failed", str(batch))], self._ctx.now())
                except SQLAlchemyError as failure:  # the stage's error is the one to be seen
                    error.add_note(f"no alert was recorded: the database failed too ({type(failure).__name__})")
            raise

    def release(self) -> dict[str, int]:
        """Runs one release; returns its counts."""
        return release(self._ctx, self._outward())

    def send_acts(self) -> dict[str, int]:
        """Sends what named people released, or replays made ready; returns its counts."""
        return send_acts(self._ctx, self._outward())

    def close(self) -> None:
        """Ends the connection to the broker."""
        if self._sink is not None:
            self._sink.close()

    def _land(self, batch: Batch) -> dict[str, int]:
        return land(self._ctx, batch, consumer.read(self._ctx.settings.kafka_bootstrap, batch))

    def _outward(self) -> KafkaSink:
        if self._sink is None:
            self._sink = KafkaSink(self._ctx.settings.kafka_bootstrap, group=self._ctx.settings.group)
        return self._sink


@contextmanager
def operating(settings: Settings | None = None) -> Iterator[Operation]:
    """An `Operation` under the settings of the environment, or those given.

    Raises:
        UsageError: for settings that cannot be used; StoreError if a store cannot be opened.
    """
    with open_context(settings or Settings.from_env()) as ctx:
        operation = Operation(ctx)
        try:
            yield operation
        finally:
            operation.close()


def plan() -> list[str]:
    """The names of the next batches, one for each lane that has work."""
    with operating() as operation:
        return [str(batch) for batch in operation.plan()]


def run_stage(name: str, batch: str) -> dict[str, int]:
    """Does one stage of the batch of that name.

    Raises:
        UsageError: if it is no batch's name.
    """
    if name not in STAGES:
        raise UsageError(f"there is no stage `{name[:20]}`")
    with operating() as operation:
        return operation.stage(name, Batch.parse(batch))


def run_release() -> dict[str, int]:
    """Runs one release."""
    with operating() as operation:
        return operation.release()


def run_acts() -> dict[str, int]:
    """Sends what was done between batches and waits to be sent."""
    with operating() as operation:
        return operation.send_acts()
