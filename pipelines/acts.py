"""Acts: what is done between batches, at somebody's word. Each is one transaction, with receipts and a unit of sending of its own.

An act decides through the same `settle` as a batch and puts what may leave into the outbox. `send_acts` sends it later, as
`publish` sends a batch: what was overtaken by newer facts meanwhile, or was made under another policy, does not leave.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from pipelines.context import Context
from pipelines.contracts.codes import Decision
from pipelines.resolve import load
from pipelines.sinks import REFERRALS, Sink
from pipelines.stages.firewall import Records, Unit, settle, without_those_on_their_way
from pipelines.stages.publish import audit_messages, mark_sent, quarantine_messages, take_back, waiting_messages
from pipelines.stores import ledger
from pipelines.stores.bulk import insert_rows, next_id
from pipelines.stores.database import writing
from pipelines.stores.tables import act, mention, outbox

MARK = "acts"


class Act(NamedTuple):
    """One act, by number and kind."""

    number: int
    kind: str

    @property
    def name(self) -> str:
        """The unit its own receipts are of."""
        return f"act {self.number}"

    @property
    def segment(self) -> str:
        """The segment of the audit log that holds its own receipts."""
        return f"{self.kind}/{self.name}"

    @property
    def unit(self) -> Unit:
        """What is decided because of it."""
        return Unit(MARK, self.number, f"{self.name} decisions", self.kind)

    @property
    def decisions(self) -> str:
        """The segment of the receipts of those decisions."""
        return f"{self.kind}/{self.unit.name}"


def begin(ctx: Context, conn: Connection, kind: str) -> Act:
    """A new act, in the transaction that does it."""
    number = next_id(conn, act, "number")
    insert_rows(conn, act, ("number", "at", "kind", "sent"), [(number, ctx.now().isoformat(), kind, False)])
    return Act(number, kind)


def send_acts(ctx: Context, sink: Sink) -> dict[str, int]:
    """Sends what acts have put out and nobody was told of yet, in order; safe to repeat.

    Returns:
        Counts of acts, of referrals and of messages in all; nothing if there was nothing to send.
    """
    with ctx.db.connect() as conn:
        query = select(act.c.number, act.c.kind).where(act.c.sent.is_(False)).order_by(act.c.number)
        unsent = [Act(number, kind) for number, kind in conn.execute(query)]
    if not unsent:
        return {}
    sent = sink.committed(MARK)
    counts = {"acts": len(unsent), "referrals": 0, "messages": 0}
    for each in unsent:
        if sent is None or sent < each.number:
            with writing(ctx.db) as conn:
                _drop_overtaken(ctx, conn, each)
                referrals = [message for _, message in waiting_messages(ctx, conn, MARK, each.number)]
                notes = list(quarantine_messages(ledger.quarantine_rows_of_replay(conn, each.number)))
                receipts = [m for name in (each.segment, each.decisions) for m in audit_messages(conn, name)]
            messages = [*referrals, *notes, *receipts]
            sink.send(MARK, each.number, messages)
            counts["referrals"] += len(referrals)
            counts["messages"] += len(messages)
        with writing(ctx.db) as conn:
            mark_sent(conn, MARK, each.number)
            conn.execute(update(act).where(act.c.number == each.number).values(sent=True))
    return counts


def _drop_overtaken(ctx: Context, conn: Connection, each: Act) -> None:
    """Takes out of an act's unit what would not be decided so today."""
    if any(digest != ctx.policy.digest for digest, _ in waiting_messages(ctx, conn, MARK, each.number)):
        take_back(conn, MARK, each.number, [each.decisions])
        rows = without_those_on_their_way(load(conn, "i.dirty"), set())
        settle(ctx, conn, rows, each.unit, Records(ctx, conn))
    standing = select(mention.c.referral_id).where(
        mention.c.referral_id.is_not(None), mention.c.safeguarding == Decision.RELEASE
    )
    unit = (outbox.c.mark == MARK) & (outbox.c.sequence == each.number) & (outbox.c.topic == REFERRALS)
    conn.execute(delete(outbox).where(unit, outbox.c.sent.is_(False), outbox.c.message_id.not_in(standing)))
