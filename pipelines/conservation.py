"""Conservation, checked from outside the stages: sets are compared, not counts (spec 1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import select

from pipelines.context import Context
from pipelines.contracts.codes import Recipient, State
from pipelines.settings import Settings
from pipelines.stores import ledger
from pipelines.stores.tables import coordinate, mention

_STATES = frozenset(State)


class Held(NamedTuple):
    """The records of a lane that a broker holds and that were processed: from `begin`, what is before it was deleted."""

    begin: int
    end: int
    offsets: set[int]


def check_ledger(ctx: Context, expected: Mapping[tuple[str, int], Held] | None) -> tuple[list[str], dict[str, int]]:
    """Looks for anything lost, counted twice, or in no state or an unknown one.

    Args:
        ctx: an open context.
        expected: per (topic, partition) what the broker holds; None to check the ledger by itself.

    Returns:
        Findings, each naming rule and coordinate; and counts.
    """
    with ctx.db.connect() as conn:
        seen = find_anomalies(ledger.entries(conn))
        c, m = coordinate.c, mention.c
        on_the_way = conn.execute(
            select(c.topic, c.partition, c.offset, c.batch)
            .outerjoin(mention, m.coordinate_id == c.id)
            .where(c.stage.is_(None), m.id.is_(None) | (m.enforcement_state.is_(None) & m.quarantined.is_(False)))
            .distinct()
        ).all()
        findings = [*seen]
        findings += [
            f"unfinished {topic}[{p}]@{o}: no state yet"
            for topic, p, o, batch in on_the_way
            if not _empty(ctx, batch, o)
        ]
        known: dict[tuple[str, int], set[int]] = {}
        for topic, partition, offset in conn.execute(select(c.topic, c.partition, c.offset)):
            known.setdefault((topic, partition), set()).add(offset)
        for lane, (begin, end, wanted) in (expected or {}).items():
            have = {offset for offset in known.get(lane, set()) if begin <= offset < end}
            findings += [
                f"lost {lane[0]}[{lane[1]}]@{offset}: committed, not in the ledger" for offset in sorted(wanted - have)
            ]
            findings += [
                f"invented {lane[0]}[{lane[1]}]@{offset}: in the ledger, not in the topic"
                for offset in sorted(have - wanted)
            ]
        summary = ledger.summary(conn)
    counts = {"coordinates": summary.landed, "quarantined": summary.quarantined, "persons": summary.persons}
    return findings, counts


def _empty(ctx: Context, batch: str, offset: int) -> bool:
    """Whether a finished record simply names nobody."""
    from pipelines.stages.validate import Valid

    if not ctx.vault.has(f"valid/{batch}"):
        return False
    valid = ctx.vault.read(
        f"valid/{batch}", Valid, lambda valid: [n for n, found in enumerate(valid.offsets) if found == offset]
    )
    return any(not record.persons for record in valid.incidents)


def find_anomalies(entries: Iterable[ledger.Entry]) -> list[str]:
    """Entries that are there twice, in an unknown state, or for one recipient only. A checker with tests of its own."""
    found: list[str] = []
    states: dict[tuple[str, str, str], str] = {}
    recipients: dict[tuple[str, str], set[str]] = {}
    quarantined: set[str] = set()
    for entry in entries:
        key = (entry.coordinate, entry.person_ref, entry.recipient)
        if key in states:
            found.append(f"twice {entry.coordinate} {entry.person_ref} {entry.recipient}")
        states[key] = entry.state
        if entry.state not in _STATES:
            found.append(f"unknown_state {entry.coordinate} {entry.person_ref}")
        if entry.person_ref:
            recipients.setdefault((entry.coordinate, entry.person_ref), set()).add(entry.recipient)
        else:
            quarantined.add(entry.coordinate)
    for (where, ref), named in recipients.items():
        if named != set(Recipient):
            found.append(f"one_recipient {where} {ref}")
        if where in quarantined:
            found.append(f"quarantined_and_decided {where} {ref}")
    return found


def kafka_offsets(settings: Settings) -> dict[tuple[str, int], Held]:
    """What the broker itself holds of each lane, as committed readers see it, up to what the group committed.

    Raises:
        UpstreamError: if the broker does not answer.
    """
    from pipelines.batches import Batch
    from pipelines.streams.consumer import lanes, read

    found: dict[tuple[str, int], Held] = {}
    for lane in lanes(settings.kafka_bootstrap, settings.raw_topic, settings.group):
        offsets: set[int] = set()
        if lane.committed > lane.begin:
            batch = Batch(settings.raw_topic, lane.partition, lane.begin, lane.committed - 1)
            offsets = {offset for offset, _ in read(settings.kafka_bootstrap, batch)}
        found[settings.raw_topic, lane.partition] = Held(lane.begin, lane.committed, offsets)
    return found
