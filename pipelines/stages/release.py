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
from sqlalchemy import Connection, case, delete, func, insert, select, update

from expectations.gate import judge
from pipelines.context import Context
from pipelines.contracts.codes import Decision, State
from pipelines.contracts.decode import instant
from pipelines.contracts.subject import HEADERS, Content, Quality, Subject, Withdrawal
from pipelines.receipts import service, work_receipt
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
    utc,
    without_those_on_their_way,
)
from pipelines.stages.publish import audit_messages, mark_sent, take_back, waiting_messages
from pipelines.stores import audit
from pipelines.stores.bulk import chunks, insert_rows, update_rows
from pipelines.stores.database import writing
from pipelines.stores.tables import draft, mention, outbox, release_run, subject

MARK = "release"


def release(ctx: Context, sink: Sink) -> dict[str, int]:
    """Runs one release.

    A run that died after it was prepared is sent first, unless the sink says that it was.

    Returns:
        Counts of subjects and withdrawals of this run, and of drafts that still wait.
    """
    finish_earlier(ctx, sink)
    started = ctx.timer()
    with writing(ctx.db) as conn:
        number = int(conn.execute(select(func.coalesce(func.max(release_run.c.number), 0))).scalar_one()) + 1
        counts = _prepare(ctx, conn, number)
        counts["milliseconds"] = int((ctx.timer() - started) * 1000)
    _send(ctx, sink, number)
    return counts


def finish_earlier(ctx: Context, sink: Sink) -> None:
    """Settles runs that were prepared and may not have been sent: only the sink knows.

    One that was not sent is taken back and prepared anew: who became protected meanwhile, or was decided under another
    policy, does not leave because a process died.
    """
    with ctx.db.connect() as conn:
        query = select(release_run.c.number).where(release_run.c.sent.is_(False)).order_by(release_run.c.number)
        unsent = [number for (number,) in conn.execute(query)]
    sent = sink.committed(MARK)
    for number in unsent:
        with writing(ctx.db) as conn:
            if sent is not None and sent >= number:
                _mark_sent(conn, number)
            else:
                _take_back(conn, number)


def _take_back(conn: Connection, number: int) -> None:
    """Undoes a run that nobody was told of; its receipts stay, under a name that says so."""
    unit = select(outbox.c.message_id).where(outbox.c.mark == MARK, outbox.c.sequence == number)
    m, s = mention.c, subject.c
    made = select(s.msg_id).where(s.release_run == number)
    conn.execute(update(mention).where(m.msg_id.in_(made)).values(enforcement_state=_UNDISCLOSED, msg_id=None))
    conn.execute(delete(subject).where(s.release_run == number))
    taken = select(s.msg_id).where(s.withdrawn_by.in_(unit))
    conn.execute(
        update(mention)
        .where(m.msg_id.in_(taken), m.enforcement_state == State.WITHDRAWN)
        .values(enforcement_state=State.RELEASED)
    )
    conn.execute(update(subject).where(s.withdrawn_by.in_(unit)).values(withdrawn_by=None))
    conn.execute(delete(release_run).where(release_run.c.number == number))
    take_back(conn, MARK, number, _segments(number))


#: The state of what was decided and never disclosed: decided otherwise meanwhile, it is not pending any more.
_UNDISCLOSED = case(
    (mention.c.enforcement == Decision.RELEASE_MINIMISED, State.PENDING),
    (mention.c.enforcement == Decision.HOLD_FOR_HUMAN, State.HELD),
    (mention.c.enforcement.is_(None), State.SUPERSEDED),
    else_=State.WITHHELD,
)


def _segments(number: int) -> tuple[str, str]:
    """The names under which a run's receipts are: of what it decided, and of what it disclosed."""
    return f"release/run {number} decisions", f"release/run {number}"


def _send(ctx: Context, sink: Sink, number: int) -> None:
    sent = sink.committed(MARK)
    if sent is None or sent < number:
        with ctx.db.connect() as conn:
            messages = [message for _, message in waiting_messages(ctx, conn, MARK, number)]
            for name in _segments(number):
                messages += audit_messages(conn, name)
        sink.send(MARK, number, messages)
    with writing(ctx.db) as conn:
        _mark_sent(conn, number)


def _mark_sent(conn: Connection, number: int) -> None:
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
    due = [d for d in drafts if d.msg_id not in standing_ids and d.due <= utc(now)]
    groups: list[list[_Waiting]] = []
    released: list[tuple[int, str]] = []
    for group in _same_subject(due):
        sent_as = next((m for d in group if (m := still.get(d.content_key) or by_subject.get(d.subject_key))), None)
        if sent_as is not None:
            released += [(d.mention_id, sent_as) for d in group]
        else:
            groups.append(group)
    earlier = _earlier(conn, [group[0].content_key for group in groups])
    new = [_subject_of(ctx, group, earlier.get(group[0].content_key, 0), now) for group in groups]
    fresh, of_fresh = _through_the_gate(conn, new, number)
    _set_released(conn, [*released, *of_fresh])
    messages += sorted(fresh)
    _put_out(ctx, conn, number, messages)
    receipts = [
        work_receipt(
            "disclosure",
            service("release"),
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
    receipts.append(work_receipt("release", service("release"), now, f"run {number}", **counts))
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
    later = utc(now + ctx.settings.embargo_duration)
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
    return [sorted(group, key=_recorded, reverse=True) for group in groups.values()]


def _recorded(waiting: _Waiting) -> tuple[float, bytes]:
    moment = instant(waiting.recorded_ts)
    return (moment.timestamp() if moment else 0.0, waiting.content_key)


class _New(NamedTuple):
    """A subject about to be sent, and the drafts it stands for."""

    message: Subject
    group: list[_Waiting]


def _earlier(conn: Connection, content_keys: Iterable[bytes]) -> dict[bytes, int]:
    """How often each content was sent before."""
    found: dict[bytes, int] = {}
    for part in chunks(content_keys):
        key = subject.c.content_key
        query = select(key, func.count()).where(key.in_(part)).group_by(key)
        found |= {bytes(content_key): int(count) for content_key, count in conn.execute(query)}
    return found


def _subject_of(ctx: Context, group: list[_Waiting], earlier: int, now: datetime) -> _New:
    """The one subject of a group: the content recorded last."""
    chosen = group[0]
    text = unseal(ctx, f"draft/{chosen.mention_id}", chosen.sealed)
    content = msgspec.json.decode(text, type=Content)
    message = Subject(
        msg_id=keyed_uuid(ctx, b"subject|" + text + b"|" + str(earlier).encode()),
        issued_day=now.date().isoformat(),
        subject=content.subject,
        offence=content.offence,
        quality=Quality(),
    )
    return _New(message, group)


def _through_the_gate(
    conn: Connection, new: list[_New], number: int
) -> tuple[list[tuple[str, bytes]], list[tuple[int, str]]]:
    """Judges all new subjects at once; those that break a rule are quarantined, the others recorded.

    Returns:
        (msg_id, value) of those that go, and (mention id, msg_id) of the drafts they stand for.
    """
    if not new:
        return [], []
    stopped: dict[int, list[str]] = defaultdict(list)
    for rule, rows in judge("outgoing_subjects", pd.DataFrame([_gate_row(n.message) for n in new])).failed.items():
        for row in rows.tolist():
            stopped[row].append(rule)
    passed = [each for place, each in enumerate(new) if place not in stopped]
    insert_rows(
        conn,
        subject,
        ("msg_id", "subject_key", "content_key", "release_run"),
        [(n.message.msg_id, n.group[0].subject_key, n.group[0].content_key, number) for n in passed],
    )
    quarantined = [
        (State.QUARANTINED, " ".join(sorted(rules)), d.mention_id) for n, rules in stopped.items() for d in new[n].group
    ]
    update_rows(conn, mention, ("enforcement_state", "enforcement_why"), "id", quarantined)
    return (
        [(n.message.msg_id, msgspec.json.encode(n.message)) for n in passed],
        [(d.mention_id, n.message.msg_id) for n in passed for d in n.group],
    )


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


def _set_released(conn: Connection, released: list[tuple[int, str]]) -> None:
    """Marks mentions as released with a message: (mention id, msg_id)."""
    rows = [(State.RELEASED, msg_id, mention_id) for mention_id, msg_id in released]
    update_rows(conn, mention, ("enforcement_state", "msg_id"), "id", rows)


def _put_out(ctx: Context, conn: Connection, number: int, messages: list[tuple[str, bytes]]) -> None:
    rows = []
    for msg_id, value in messages:
        outgoing = Outgoing(msg_id.encode(), value, list(HEADERS), ctx.policy.digest, hashlib.sha256(value).digest())
        sealed = seal(ctx, f"outbox/{msg_id}", msgspec.msgpack.encode(outgoing))
        rows.append((msg_id, MARK, number, SUBJECTS, sealed, False))
    insert_rows(conn, outbox, ("message_id", "mark", "sequence", "topic", "sealed", "sent"), rows)
