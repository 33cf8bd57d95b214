"""publish: what the firewall made is sent once, as it was made, under the policy it was made under."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select, update

from pipelines.context import Context, open_context
from pipelines.errors import StoreError
from pipelines.flow import batches
from pipelines.sinks import AUDIT, REFERRALS, Message
from pipelines.stages.firewall import firewall
from pipelines.stages.land import land
from pipelines.stages.publish import publish
from pipelines.stages.tag import tag
from pipelines.stages.validate import validate
from pipelines.stores.database import writing
from pipelines.stores.tables import audit_segment, mention, outbox
from tests.stages.world import SUSPECT, VICTIM, World, domestic


class ListSink:
    """Keeps what was sent; dies before or after sending when told to."""

    def __init__(self) -> None:
        self.units: list[tuple[str, int, list[Message]]] = []
        self.die = ""

    def committed(self, mark: str) -> int | None:
        """The highest sequence sent under a mark."""
        return max((s for m, s, _ in self.units if m == mark), default=None)

    def send(self, mark: str, sequence: int, messages: list[Message]) -> None:
        """Keeps a unit, or dies before or after."""
        if self.die == "before":
            raise OSError("before")
        self.units.append((mark, sequence, list(messages)))
        if self.die == "after":
            raise OSError("after")

    @property
    def referrals(self) -> list[Message]:
        """All referrals sent."""
        return [m for _, _, messages in self.units for m in messages if m.topic == REFERRALS]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty state."""
    return World(tmp_path)


def decided(ctx: Context, folder: Path):
    """A batch through firewall."""
    source = folder / "in.jsonl"
    source.write_bytes(msgspec.json.encode(domestic(1, VICTIM, SUSPECT)) + b"\n")
    ((batch, records),) = batches(source, 10)
    land(ctx, batch, records)
    for stage in (validate, tag, firewall):
        stage(ctx, batch)
    return batch


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_publish_that_dies_sends_once(world: World, moment: str) -> None:
    """Killed before or after sending, and run again: each message is sent once, with the same id."""
    sink = ListSink()
    with open_context(world.settings, seed=7) as ctx:
        batch = decided(ctx, world.folder)
        sink.die = moment
        with pytest.raises(OSError, match=moment):
            publish(ctx, batch, sink)
        sink.die = ""
        publish(ctx, batch, sink)
        assert publish(ctx, batch, sink) == {}
        with ctx.db.connect() as conn:
            states = set(conn.execute(select(mention.c.safeguarding_state)).scalars())
    assert len(sink.referrals) == 1
    assert states == {"released", "withheld"}


def test_receipts_are_committed_before_anything_is_sent(world: World) -> None:
    """When the sink is asked to send, the decisions' receipts are already in the log, and go with the batch."""
    seen: list[int] = []

    class Watching(ListSink):
        def send(self, mark: str, sequence: int, messages: list[Message]) -> None:
            with ctx.db.connect() as conn:
                seen.extend(conn.execute(select(audit_segment.c.count)).scalars())
            super().send(mark, sequence, messages)

    sink = Watching()
    with open_context(world.settings, seed=7) as ctx:
        publish(ctx, decided(ctx, world.folder), sink)
    assert seen == [4]
    assert any(m.topic == AUDIT for m in sink.units[0][2])


def test_a_message_that_was_tampered_with_is_not_sent(world: World) -> None:
    """What lies in the outbox is opened with its name and compared with its hash: other bytes stop the batch."""
    sink = ListSink()
    with open_context(world.settings, seed=7) as ctx:
        batch = decided(ctx, world.folder)
        with writing(ctx.db) as conn:
            sealed = bytes(conn.execute(select(outbox.c.sealed)).scalar_one())
            conn.execute(update(outbox).values(sealed=sealed[:-1] + bytes([sealed[-1] ^ 1])))
        with pytest.raises(StoreError, match="does not open"):
            publish(ctx, batch, sink)
    assert sink.units == []


def test_what_was_decided_under_another_policy_is_decided_again(world: World) -> None:
    """Drafts of an earlier policy do not leave: the batch is decided again under the one in force, and sent once."""
    sink = ListSink()
    with open_context(world.settings, seed=7) as ctx:
        batch = decided(ctx, world.folder)
    strict = World(world.folder, CORDON_REGIME="uk_strict_firewall")
    with open_context(strict.settings, seed=7) as ctx:
        publish(ctx, batch, sink)
        with ctx.db.connect() as conn:
            names = list(conn.execute(select(audit_segment.c.name).order_by(audit_segment.c.first)).scalars())
    assert len(sink.referrals) == 1
    assert len(names) == 2
    assert "/undone-" in names[0]
    receipts = b"\n".join(m.value for m in sink.units[0][2] if m.topic == AUDIT)
    assert b"uk_strict_firewall" in receipts
    assert b"uk_safe_to_share_2020" in receipts  # what was decided first is told of too
