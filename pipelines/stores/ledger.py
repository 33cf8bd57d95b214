"""The ledger: every input coordinate, every person in it, per recipient, and the one state each is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, select

from pipelines.batches import Batch
from pipelines.contracts.codes import Recipient, State
from pipelines.errors import UsageError
from pipelines.stores.bulk import chunks, fetched, insert_rows, next_id, update_rows
from pipelines.stores.tables import alert, coordinate, mention, outbox, release_run, stage_done, subject


class Entry(NamedTuple):
    """One line of the ledger. Of a record as a whole, quarantined or naming nobody, `person_ref` and `recipient` are empty."""

    coordinate: str
    person_ref: str
    recipient: str
    state: str


# ---- coordinates ------------------------------------------------------------------------------------------------


def record_landed(conn: Connection, batch: Batch, digests: Mapping[int, bytes]) -> int:
    """Records the offsets of a batch with the keyed hash of their bytes; returns how many are new.

    Raises:
        UsageError: if a coordinate is known with other bytes: a source that rewrites its past cannot be trusted.
    """
    known = dict(_known(conn, batch.topic, batch.partition, batch.first, batch.last))
    refuse_other_bytes(batch, known, digests)
    first = next_id(conn, coordinate)
    new = [offset for offset in digests if offset not in known]
    topic, partition, name = batch.topic, batch.partition, str(batch)
    rows = [(first + n, topic, partition, offset, digests[offset], name) for n, offset in enumerate(new)]
    insert_rows(conn, coordinate, ("id", "topic", "partition", "offset", "digest", "batch"), rows)
    return len(rows)


def refuse_other_bytes(batch: Batch, known: Mapping[int, bytes], digests: Mapping[int, bytes]) -> None:
    """Raises UsageError, naming the first coordinate whose bytes are not those it was recorded with."""
    for offset, digest in digests.items():
        if offset in known and known[offset] != digest:
            raise UsageError(f"`{batch.coordinate(offset)}` was processed before with other bytes; nothing was written")


def landed_elsewhere(conn: Connection, batch: Batch) -> set[int]:
    """Offsets in the range of a batch that were landed as part of another one."""
    c = coordinate.c
    query = select(c.offset).where(
        c.topic == batch.topic,
        c.partition == batch.partition,
        c.offset >= batch.first,
        c.offset <= batch.last,
        c.batch != str(batch),
    )
    return {offset for (offset,) in conn.execute(query)}


def known_digests(conn: Connection, topic: str, partition: int, first: int, last: int) -> dict[int, bytes]:
    """The recorded digests of a range of offsets."""
    return dict(_known(conn, topic, partition, first, last))


def _known(conn: Connection, topic: str, partition: int, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    c = coordinate.c
    query = select(c.offset, c.digest).where(
        c.topic == topic, c.partition == partition, c.offset >= first, c.offset <= last
    )
    for offset, digest in conn.execute(query):
        yield offset, bytes(digest)


def coordinate_ids(conn: Connection, batch: Batch) -> dict[int, int]:
    """The id of each offset of a batch."""
    c = coordinate.c
    query = select(c.offset, c.id).where(
        c.topic == batch.topic, c.partition == batch.partition, c.offset >= batch.first, c.offset <= batch.last
    )
    return dict(fetched(conn, query))


def digests(conn: Connection, coordinate_ids: Iterable[int]) -> dict[int, bytes]:
    """The keyed hashes of the bytes of some records, by the ids of their coordinates."""
    found: dict[int, bytes] = {}
    for part in chunks(sorted(coordinate_ids)):
        query = select(coordinate.c.id, coordinate.c.digest).where(coordinate.c.id.in_(part))
        found |= {identifier: bytes(digest) for identifier, digest in conn.execute(query)}
    return found


def quarantine(conn: Connection, batch: Batch, stage: str, rules: Mapping[int, Sequence[str]], at: datetime) -> None:
    """Marks coordinates as quarantined at a stage by rules. The first stage that rejects a record is the one kept."""
    ids = coordinate_ids(conn, batch)
    update_rows(
        conn,
        coordinate,
        ("stage", "rules", "quarantined_at"),
        "id",
        [(stage, " ".join(names), at.isoformat(), ids[offset]) for offset, names in rules.items()],
    )


def quarantined_offsets(conn: Connection, batch: Batch) -> dict[int, list[str]]:
    """The quarantined offsets of a batch and the rules they broke."""
    c = coordinate.c
    query = select(c.offset, c.rules).where(
        c.topic == batch.topic,
        c.partition == batch.partition,
        c.offset >= batch.first,
        c.offset <= batch.last,
        c.stage.is_not(None),
    )
    return {offset: rules.split() for offset, rules in conn.execute(query)}


# ---- stages and alerts ------------------------------------------------------------------------------------------


def is_done(conn: Connection, batch: Batch, stage: str) -> bool:
    """Whether a stage of a batch was completed before."""
    query = select(stage_done.c.at).where(stage_done.c.batch == str(batch), stage_done.c.stage == stage)
    return conn.execute(query).first() is not None


def set_done(
    conn: Connection, batch: Batch, stage: str, at: datetime, seconds: float, counts: Mapping[str, int]
) -> None:
    """Records that a stage of a batch is complete, in the transaction that completes it."""
    insert_rows(
        conn,
        stage_done,
        ("batch", "stage", "at", "seconds", "counts"),
        [(str(batch), stage, at.isoformat(), f"{seconds:.3f}", msgspec.json.encode(dict(counts)).decode())],
        ignore=True,
    )


def unpublished(conn: Connection, topic: str) -> list[Batch]:
    """Batches of a topic that were landed and never published, oldest first: a run died or a gate stopped them."""
    done = stage_done.alias("published")
    query = (
        select(stage_done.c.batch)
        .outerjoin(done, (done.c.batch == stage_done.c.batch) & (done.c.stage == "publish"))
        .where(
            stage_done.c.stage == "land",
            stage_done.c.batch.startswith(f"{topic}[", autoescape=True),
            done.c.batch.is_(None),
        )
    )
    return sorted(Batch.parse(name) for (name,) in conn.execute(query))


def stage_rows(conn: Connection) -> list[dict[str, Any]]:
    """Every stage of every batch that is done, in order of time."""
    rows = conn.execute(select(stage_done).order_by(stage_done.c.at, stage_done.c.batch)).mappings()
    return [{**row, "counts": msgspec.json.decode(row["counts"])} for row in rows]


def raise_alerts(conn: Connection, alerts: Iterable[tuple[str, str]], at: datetime) -> None:
    """Records (rule, coordinate) pairs that somebody must look at; one that is known stays as it is."""
    insert_rows(
        conn,
        alert,
        ("at", "rule", "coordinate"),
        [(at.isoformat(), rule, where) for rule, where in alerts],
        ignore=True,
    )


def alert_rows(conn: Connection, after: int = 0) -> list[dict[str, Any]]:
    """Alerts with an id above `after`."""
    query = (
        select(alert.c.id, alert.c.at, alert.c.rule, alert.c.coordinate).where(alert.c.id > after).order_by(alert.c.id)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


# ---- the state of everything ------------------------------------------------------------------------------------


def entries(conn: Connection) -> Iterator[Entry]:
    """The whole ledger, by coordinate. What is of a batch that is still on its way has no state yet and no line.

    A record that names nobody is withheld as a whole: nothing can go of it.
    """
    c, m = coordinate.c, mention.c
    tagged = {batch for (batch,) in conn.execute(select(stage_done.c.batch).where(stage_done.c.stage == "tag"))}
    query = (
        select(
            c.topic, c.partition, c.offset, c.stage, c.batch, m.person_ref, m.enforcement_state, m.safeguarding_state
        )
        .select_from(coordinate.outerjoin(mention, (m.coordinate_id == c.id) & m.quarantined.is_(False)))
        .order_by(c.topic, c.partition, c.offset, m.id)
    )
    for topic, partition, offset, stage, batch, ref, enforcement, safeguarding in fetched(conn, query):
        where = f"{topic}[{partition}]@{offset}"
        if stage is not None:
            yield Entry(where, "", "", State.QUARANTINED)
        elif ref is None and batch in tagged:
            yield Entry(where, "", "", State.WITHHELD)
        elif ref is not None:
            if enforcement is not None:
                yield Entry(where, ref, Recipient.ENFORCEMENT, enforcement)
            if safeguarding is not None:
                yield Entry(where, ref, Recipient.SAFEGUARDING, safeguarding)


def quarantine_rows(conn: Connection) -> Iterator[dict[str, Any]]:
    """Every quarantined coordinate: where, at which stage, by which rules, when."""
    yield from _quarantined(conn, coordinate.c.stage.is_not(None))


def quarantine_rows_of(conn: Connection, batch: Batch) -> Iterator[dict[str, Any]]:
    """The quarantined coordinates of one batch."""
    yield from _quarantined(conn, coordinate.c.stage.is_not(None) & (coordinate.c.batch == str(batch)))


def quarantine_rows_of_replay(conn: Connection, number: int) -> Iterator[dict[str, Any]]:
    """The quarantined coordinates of which a replay, by the number of its act, had something new to say."""
    yield from _quarantined(conn, coordinate.c.stage.is_not(None) & coordinate.c.batch.endswith(f"/replay-{number}"))


def _quarantined(conn: Connection, condition: Any) -> Iterator[dict[str, Any]]:
    c = coordinate.c
    query = (
        select(c.topic, c.partition, c.offset, c.stage, c.rules, c.quarantined_at)
        .where(condition)
        .order_by(c.topic, c.partition, c.offset)
    )
    for topic, partition, offset, stage, rules, at in conn.execute(query):
        yield {
            "schema": "cordon.quarantine.v1",
            "coordinate": f"{topic}[{partition}]@{offset}",
            "stage": stage,
            "rules": rules.split(),
            "at": at,
        }


class Summary(NamedTuple):
    """Counts of the ledger. Landed and quarantined count records; the others persons, for one recipient or both."""

    landed: int
    quarantined: int
    persons: int
    enforcement: dict[str, int]
    safeguarding: dict[str, int]
    subjects: int
    withdrawals: int
    referrals: int
    release_runs: int
    alerts: int
    quarantine_rules: dict[str, int]


class Alike(NamedTuple):
    """Persons who stand alike: what was decided and why, where that stands, and how many they are."""

    policy_id: int | None
    fired: int | None
    enforcement: str | None
    enforcement_why: str | None
    enforcement_state: str | None
    safeguarding: str | None
    safeguarding_why: str | None
    safeguarding_state: str | None
    people: int


def persons(conn: Connection) -> list[Alike]:
    """Everybody in valid records, those who stand alike together: a few thousand kinds, however many people."""
    m = mention.c
    kinds = (
        m.policy_id,
        m.fired,
        m.enforcement,
        m.enforcement_why,
        m.enforcement_state,
        m.safeguarding,
        m.safeguarding_why,
        m.safeguarding_state,
    )
    query = select(*kinds, func.count()).where(m.quarantined.is_(False)).group_by(*kinds)
    return [Alike(*row) for row in fetched(conn, query)]


def counted(alike: Iterable[Alike], name: str) -> dict[Any, int]:
    """How many persons have each value of a column, in the order of the values; those without one are left out."""
    found: dict[Any, int] = {}
    for each in alike:
        value = getattr(each, name)
        if value is not None:
            found[value] = found.get(value, 0) + each.people
    return dict(sorted(found.items()))


def summary(conn: Connection, alike: Sequence[Alike] | None = None) -> Summary:
    """What became of everything, in numbers; `alike` if everybody's `persons` are known already."""
    if alike is None:
        alike = persons(conn)

    def count(query: Any) -> int:
        return int(conn.execute(query).scalar_one())

    rules: dict[str, int] = {}
    for (names,) in conn.execute(select(coordinate.c.rules).where(coordinate.c.rules.is_not(None))):
        for name in names.split():
            rules[name] = rules.get(name, 0) + 1
    return Summary(
        landed=count(select(func.count()).select_from(coordinate)),
        quarantined=count(select(func.count()).select_from(coordinate).where(coordinate.c.stage.is_not(None))),
        persons=sum(each.people for each in alike),
        enforcement=counted(alike, "enforcement_state"),
        safeguarding=counted(alike, "safeguarding_state"),
        subjects=count(select(func.count()).select_from(subject)),
        withdrawals=count(select(func.count()).select_from(subject).where(subject.c.withdrawn_by.is_not(None))),
        referrals=count(
            select(func.count())
            .select_from(outbox)
            .where(outbox.c.topic == "safeguarding.referrals.v1", outbox.c.sent.is_(True))
        ),
        release_runs=count(select(func.count()).select_from(release_run)),
        alerts=count(select(func.count()).select_from(alert)),
        quarantine_rules=dict(sorted(rules.items())),
    )


def mention_ids_of(conn: Connection, batch: Batch) -> list[int]:
    """The persons (by mention id) of a batch."""
    ids = coordinate_ids(conn, batch)
    found: list[int] = []
    for part in chunks(ids.values()):
        query = select(mention.c.id).where(mention.c.coordinate_id.in_(part), mention.c.quarantined.is_(False))
        found += [identifier for (identifier,) in conn.execute(query)]
    return found
