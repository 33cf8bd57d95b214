"""release: what may go to enforcement goes, at a fixed cadence, after the embargo; what should not have gone is taken back.

Every draft is decided again with today's registry and policy. Withdrawals come first and look alike whatever caused
them. A run that has nothing to say is still a run with a receipt: the cadence tells nothing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import pandas as pd
from sqlalchemy import Connection, func, insert, select, update

from expectations.gate import judge
from pipelines.context import Context
from pipelines.contracts.codes import Decision, State
from pipelines.contracts.subject import HEADERS, Content, Quality, Subject, Withdrawal
from pipelines.receipts import work_receipt
from pipelines.resolve import load
from pipelines.sinks import SUBJECTS, Sink
from pipelines.stages.firewall import (
    Outgoing,
    Records,
    Unit,
    keyed_uuid,
    seal,
    settle,
    signing_key,
    unseal,
    without_those_on_their_way,
)
from pipelines.stages.publish import audit_messages, mark_sent, waiting_messages
from pipelines.stores import audit
from pipelines.stores.bulk import chunks, insert_rows
from pipelines.stores.database import writing
from pipelines.stores.tables import draft, mention, outbox, release_run, subject

MARK = "release"


def release(ctx: Context, sink: Sink) -> dict[str, int]:
    """Runs one release.

    A run that died after it was prepared is sent first, unless the sink says that it was.

    Returns:
        Counts of subjects and withdrawals of this run, and of drafts that still wait.
    """
    _finish_earlier(ctx, sink)
    started = ctx.timer()
    with writing(ctx.db) as conn:
        number = int(conn.execute(select(func.coalesce(func.max(release_run.c.number), 0))).scalar_one()) + 1
        counts = _prepare(ctx, conn, number)
        counts["milliseconds"] = int((ctx.timer() - started) * 1000)
    _send(ctx, sink, number)
    return counts


def _finish_earlier(ctx: Context, sink: Sink) -> None:
    with ctx.db.connect() as conn:
        unsent = [
            n
            for (n,) in conn.execute(
                select(release_run.c.number).where(release_run.c.sent.is_(False)).order_by(release_run.c.number)
            )
        ]
    for number in unsent:
        _send(ctx, sink, number)


def _send(ctx: Context, sink: Sink, number: int) -> None:
    sent = sink.committed(MARK)
    if sent is None or sent < number:
        with ctx.db.connect() as conn:
            messages = list(waiting_messages(ctx, conn, MARK, number))
            for name in (f"release/run {number} decisions", f"release/run {number}"):
                messages += audit_messages(conn, name)
        sink.send(MARK, number, messages)
    with writing(ctx.db) as conn:
        mark_sent(conn, MARK, number)
        conn.execute(update(release_run).where(release_run.c.number == number).values(sent=True))


# ---- preparing a run --------------------------------------------------------------------------------------------


class _Waiting(NamedTuple):
    """A draft whose embargo is over, or that stands for a subject already sent."""

    mention_id: int
    person: tuple[int, str]
    subject_key: bytes
    content_key: bytes
    sealed: bytes
    recorded_ts: str
    due: str
    msg_id: str | None


def _prepare(ctx: Context, conn: Connection, number: int) -> dict[str, int]:
    now = ctx.now()
    unit = Unit(MARK, number, f"run {number} decisions", "release")
    condition = "(i.dirty OR i.id IN (SELECT incident_id FROM mention WHERE id IN (SELECT mention_id FROM draft)))"
    settle(ctx, conn, without_those_on_their_way(load(conn, condition), set()), unit, Records(ctx, conn))

    drafts = _drafts(conn)
    standing = _standing(conn)
    supported = {d.content_key for d in drafts}
    withdrawn = {msg_id: keys for msg_id, keys in standing.items() if keys[1] not in supported}
    messages: list[tuple[str, bytes]] = []
    for msg_id in sorted(withdrawn):
        messages.append(_withdraw(ctx, conn, msg_id, now))
    messages.sort()
    if withdrawn and ctx.settings.embargo_duration:
        drafts = _postpone(ctx, conn, drafts, withdrawn, now)
    still = {keys[1]: msg_id for msg_id, keys in standing.items() if msg_id not in withdrawn}
    by_subject = {keys[0]: msg_id for msg_id, keys in standing.items() if msg_id not in withdrawn}

    standing_ids = set(still.values())
    due = [d for d in drafts if d.msg_id not in standing_ids and d.due <= now.isoformat()]
    new: list[_New] = []
    for group in _same_subject(due):
        sent_as = next((m for d in group if (m := still.get(d.content_key) or by_subject.get(d.subject_key))), None)
        if sent_as is not None:
            _set_released(conn, [d.mention_id for d in group], sent_as)
        else:
            new.append(_subject_of(ctx, conn, group, now))
    fresh = _through_the_gate(conn, new, number)
    messages += sorted(fresh)
    _put_out(ctx, conn, number, messages)
    receipts = [
        work_receipt(
            "disclosure",
            "release",
            now,
            f"run {number}",
            msg_id=msg_id,
            recipient="enforcement",
            purpose="IMMIGRATION_OFFENCE_INVESTIGATION",
            legal_basis="IAA1999_S20",
            value_sha256=hashlib.sha256(value).hexdigest(),
            regime=ctx.policy.regime,
            policy_digest=ctx.policy.digest,
        )
        for msg_id, value in messages
    ]
    waiting = len(drafts) - len(due)
    counts = {"subjects": len(fresh), "withdrawals": len(withdrawn), "waiting": waiting}
    receipts.append(work_receipt("release", "release", now, f"run {number}", **counts))
    audit.append_segment(conn, f"release/run {number}", receipts, now, signing_key(ctx))
    conn.execute(
        insert(release_run).values(
            number=number, at=now.isoformat(), subjects=len(fresh), withdrawals=len(withdrawn), sent=False
        )
    )
    return counts


def _drafts(conn: Connection) -> list[_Waiting]:
    query = (
        select(
            draft.c.mention_id,
            mention.c.incident_id,
            mention.c.person_ref,
            draft.c.subject_key,
            draft.c.content_key,
            draft.c.sealed,
            draft.c.recorded_ts,
            draft.c.due,
            mention.c.msg_id,
        )
        .join(mention, mention.c.id == draft.c.mention_id)
        .where(mention.c.enforcement == Decision.RELEASE_MINIMISED)
    )
    return [
        _Waiting(i, (incident_id, ref), bytes(sk), bytes(ck), bytes(sealed), recorded, due, msg_id)
        for i, incident_id, ref, sk, ck, sealed, recorded, due, msg_id in conn.execute(query)
    ]


def _standing(conn: Connection) -> dict[str, tuple[bytes, bytes]]:
    """(subject key, content key) of every subject that was sent and not taken back, by msg_id."""
    query = select(subject.c.msg_id, subject.c.subject_key, subject.c.content_key).where(
        subject.c.withdrawn_by.is_(None)
    )
    return {msg_id: (bytes(sk), bytes(ck)) for msg_id, sk, ck in conn.execute(query)}


def _withdraw(ctx: Context, conn: Connection, msg_id: str, now: datetime) -> tuple[str, bytes]:
    own_id = keyed_uuid(ctx, b"withdrawal|" + msg_id.encode())
    conn.execute(update(subject).where(subject.c.msg_id == msg_id).values(withdrawn_by=own_id))
    conn.execute(update(mention).where(mention.c.msg_id == msg_id).values(enforcement_state=State.WITHDRAWN))
    message = Withdrawal(msg_id=own_id, issued_day=now.date().isoformat(), withdraws=msg_id)
    return own_id, msgspec.json.encode(message)


def _postpone(
    ctx: Context, conn: Connection, drafts: list[_Waiting], withdrawn: dict[str, tuple[bytes, bytes]], now: datetime
) -> list[_Waiting]:
    """A correction is a new subject after a new embargo, never in the run of its withdrawal (spec 6.21)."""
    keys = {subject_key for subject_key, _ in withdrawn.values()}
    people: set[tuple[int, str]] = set()
    for part in chunks(sorted(withdrawn)):
        query = select(mention.c.incident_id, mention.c.person_ref).where(mention.c.msg_id.in_(part))
        people |= {(incident_id, ref) for incident_id, ref in conn.execute(query)}
    later = (now + ctx.settings.embargo_duration).isoformat()
    kept = []
    for waiting in drafts:
        if waiting.subject_key in keys or waiting.person in people:
            conn.execute(update(draft).where(draft.c.mention_id == waiting.mention_id).values(due=later))
            kept.append(waiting._replace(due=later))
        else:
            kept.append(waiting)
    return kept


def _same_subject(drafts: Iterable[_Waiting]) -> list[list[_Waiting]]:
    """Groups drafts of one person and offence: by strict key, by content, and by person of an incident."""
    parent: dict[Any, Any] = {}

    def root(node: Any) -> Any:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    drafts = list(drafts)
    for d in drafts:
        a, b = sorted((root(("subject", d.subject_key)), root(("content", d.content_key))))
        parent[b] = a
    groups: dict[Any, list[_Waiting]] = defaultdict(list)
    for d in drafts:
        groups[root(("subject", d.subject_key))].append(d)
    return [sorted(group, key=lambda d: (d.recorded_ts, d.content_key), reverse=True) for group in groups.values()]


class _New(NamedTuple):
    """A subject about to be sent, and the drafts it stands for."""

    message: Subject
    group: list[_Waiting]


def _subject_of(ctx: Context, conn: Connection, group: list[_Waiting], now: datetime) -> _New:
    """The one subject of a group: the content recorded last."""
    chosen = group[0]
    text = unseal(ctx, f"draft/{chosen.mention_id}", chosen.sealed)
    content = msgspec.json.decode(text, type=Content)
    earlier = conn.execute(
        select(func.count()).select_from(subject).where(subject.c.content_key == chosen.content_key)
    ).scalar_one()
    message = Subject(
        msg_id=keyed_uuid(ctx, b"subject|" + text + b"|" + str(int(earlier)).encode()),
        issued_day=now.date().isoformat(),
        subject=content.subject,
        offence=content.offence,
        quality=Quality(),
    )
    return _New(message, group)


def _through_the_gate(conn: Connection, new: list[_New], number: int) -> list[tuple[str, bytes]]:
    """Judges all new subjects at once; those that break a rule are quarantined, the others recorded and returned."""
    if not new:
        return []
    stopped: dict[int, list[str]] = defaultdict(list)
    for rule, rows in judge("outgoing_subjects", pd.DataFrame([_gate_row(n.message) for n in new])).failed.items():
        for row in rows.tolist():
            stopped[row].append(rule)
    passed = []
    for place, (message, group) in enumerate(new):
        ids = [d.mention_id for d in group]
        if place in stopped:
            why = " ".join(sorted(stopped[place]))
            conn.execute(
                update(mention)
                .where(mention.c.id.in_(ids))
                .values(enforcement_state=State.QUARANTINED, enforcement_why=why)
            )
            continue
        chosen = group[0]
        conn.execute(
            insert(subject).values(
                msg_id=message.msg_id,
                subject_key=chosen.subject_key,
                content_key=chosen.content_key,
                release_run=number,
            )
        )
        _set_released(conn, ids, message.msg_id)
        passed.append((message.msg_id, msgspec.json.encode(message)))
    return passed


def _gate_row(message: Subject) -> dict[str, str]:
    return {
        "msg_id": message.msg_id,
        "surname": message.subject.surname,
        "given_names": "|".join(message.subject.given_names),
        "dob": message.subject.dob,
        "statute": message.offence.statute,
        "section": message.offence.section,
        "basis": message.basis,
        "purpose": message.purpose,
        "legal_basis": message.legal_basis,
        "completeness": message.quality.completeness,
        "accuracy": message.quality.accuracy,
        "keys": ",".join(sorted(msgspec.to_builtins(message))),
    }


def _set_released(conn: Connection, mention_ids: list[int], msg_id: str) -> None:
    for part in chunks(mention_ids):
        conn.execute(
            update(mention).where(mention.c.id.in_(part)).values(enforcement_state=State.RELEASED, msg_id=msg_id)
        )


def _put_out(ctx: Context, conn: Connection, number: int, messages: list[tuple[str, bytes]]) -> None:
    rows = []
    for msg_id, value in messages:
        outgoing = Outgoing(msg_id.encode(), value, list(HEADERS), ctx.policy.digest, hashlib.sha256(value).digest())
        sealed = seal(ctx, f"outbox/{msg_id}", msgspec.msgpack.encode(outgoing))
        rows.append((msg_id, MARK, number, SUBJECTS, sealed, False))
    insert_rows(conn, outbox, ("message_id", "mark", "sequence", "topic", "sealed", "sent"), rows)
