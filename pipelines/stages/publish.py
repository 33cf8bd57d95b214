"""publish: referrals to safeguarding, receipts and quarantine notes to their topics, in one transaction per batch.

Receipts were committed with the decisions, before anything is sent. The batch's transaction carries its messages and the
input offset behind it, so a crash at any instant leaves both or neither; `Sink.committed` tells which.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, delete, select, update

from pipelines.batches import Batch
from pipelines.context import Context
from pipelines.contracts.codes import State
from pipelines.errors import StoreError
from pipelines.sinks import AUDIT, QUARANTINE, Message, Sink
from pipelines.stages.firewall import Outgoing, firewall, unseal
from pipelines.stores import audit, ledger
from pipelines.stores.bulk import chunks
from pipelines.stores.database import writing
from pipelines.stores.tables import audit_segment, incident, mention, outbox, stage_done

#: Receipts per message of the audit topic: lines of JSON, well under a broker's usual limit of 1 MB.
_RECEIPTS_PER_MESSAGE = 500


def publish(ctx: Context, batch: Batch, sink: Sink) -> dict[str, int]:
    """Publishes what the firewall made of a batch.

    A batch whose drafts were made under another policy than the one in force is decided again first.

    Returns:
        Counts of referrals and of messages in all.

    Raises:
        StoreError: if a message in the outbox is not what was put there.
    """
    started = ctx.timer()
    mark, sequence = f"lane/{batch.lane}", batch.last + 1
    with ctx.db.connect() as conn:
        if ledger.is_done(conn, batch, "publish"):
            return {}
        waiting = list(waiting_messages(ctx, conn, mark, sequence))
    sent = sink.committed(mark)
    if (sent is None or sent < sequence) and any(digest != ctx.policy.digest for digest, _ in waiting):
        _undo_firewall(ctx, batch, mark, sequence)
        firewall(ctx, batch)
        with ctx.db.connect() as conn:
            waiting = list(waiting_messages(ctx, conn, mark, sequence))
    referrals = [message for _, message in waiting]
    with ctx.db.connect() as conn:
        messages = [
            *referrals,
            *quarantine_messages(ledger.quarantine_rows_of(conn, batch)),
            *audit_messages(conn, f"firewall/{batch}"),
        ]
    if sent is None or sent < sequence:
        sink.send(mark, sequence, messages)
    counts = {"referrals": len(referrals), "messages": len(messages)}
    with writing(ctx.db) as conn:
        mark_sent(conn, mark, sequence)
        ledger.set_done(conn, batch, "publish", ctx.now(), ctx.timer() - started, counts)
    return counts


def waiting_messages(ctx: Context, conn: Connection, mark: str, sequence: int) -> Iterator[tuple[str, Message]]:
    """The messages of a unit, in the order they were put in the outbox, each checked against its seal and hash.

    Each comes with the digest of the policy it was made under.
    """
    query = (
        select(outbox.c.message_id, outbox.c.topic, outbox.c.sealed)
        .where(outbox.c.mark == mark, outbox.c.sequence == sequence)
        .order_by(outbox.c.id)
    )
    for message_id, topic, sealed in conn.execute(query):
        outgoing = _open(ctx, message_id, sealed)
        message = Message(topic, outgoing.key, outgoing.value, tuple(outgoing.headers), None)
        yield outgoing.policy_digest, message


def _open(ctx: Context, message_id: str, sealed: bytes) -> Outgoing:
    try:
        outgoing = msgspec.msgpack.decode(unseal(ctx, f"outbox/{message_id}", sealed), type=Outgoing)
    except (InvalidTag, msgspec.DecodeError):
        raise StoreError(
            f"message `{message_id}` in the outbox does not open: another key, or not what was put there"
        ) from None
    if hashlib.sha256(outgoing.value).digest() != outgoing.value_sha256:
        raise StoreError(f"message `{message_id}` in the outbox is not what the firewall made")
    return outgoing


def _undo_firewall(ctx: Context, batch: Batch, mark: str, sequence: int) -> None:
    """Takes back what was decided for a batch and not yet sent, so that the firewall decides it again."""
    with writing(ctx.db) as conn:
        take_back(conn, mark, sequence, [f"firewall/{batch}"])
        conn.execute(delete(stage_done).where(stage_done.c.batch == str(batch), stage_done.c.stage == "firewall"))


def take_back(conn: Connection, mark: str, sequence: int, segments: Iterable[str]) -> None:
    """Undoes what a unit made ready and did not send: who was to be referred is decided again, receipts stay as undone."""
    unit = (outbox.c.mark == mark) & (outbox.c.sequence == sequence) & outbox.c.sent.is_(False)
    unsent = [message_id for (message_id,) in conn.execute(select(outbox.c.message_id).where(unit))]
    conn.execute(delete(outbox).where(unit))
    for part in chunks(unsent):
        conn.execute(
            update(mention)
            .where(mention.c.referral_id.in_(part), mention.c.safeguarding_state == State.PENDING)
            .values(safeguarding=None, safeguarding_state=None)
        )
        conn.execute(
            update(incident)
            .where(incident.c.id.in_(select(mention.c.incident_id).where(mention.c.referral_id.in_(part))))
            .values(dirty=True)
        )
    for name in segments:
        conn.execute(
            update(audit_segment).where(audit_segment.c.name == name).values(name=f"{name}/undone-{audit.size(conn)}")
        )


def mark_sent(conn: Connection, mark: str, sequence: int) -> None:
    """Remembers that a unit was sent: its referrals are released now."""
    unit = (outbox.c.mark == mark) & (outbox.c.sequence == sequence)
    conn.execute(update(outbox).where(unit).values(sent=True))
    conn.execute(
        update(mention)
        .where(
            mention.c.referral_id.in_(select(outbox.c.message_id).where(unit)),
            mention.c.safeguarding_state == State.PENDING,
        )
        .values(safeguarding_state=State.RELEASED)
    )


def quarantine_messages(rows: Iterable[dict[str, Any]]) -> Iterator[Message]:
    """Notes of records that were set aside."""
    for row in rows:
        yield Message(QUARANTINE, row["coordinate"].encode(), msgspec.json.encode(row), (), None)


def audit_messages(conn: Connection, name: str) -> Iterator[Message]:
    """A segment of receipts for the audit topic, and the checkpoint after it."""
    for receipts, checkpoint in audit.segment(conn, name):
        for start in range(0, len(receipts), _RECEIPTS_PER_MESSAGE):
            lines = b"\n".join(receipts[start : start + _RECEIPTS_PER_MESSAGE])
            yield Message(AUDIT, name.encode(), lines, (("kind", b"receipts"),), 0)
        yield Message(AUDIT, name.encode(), msgspec.json.encode(checkpoint._asdict()), (("kind", b"checkpoint"),), 0)
