"""Replay: records that were landed before, through the full gate again with today's code, codes and policy.

What a record says is made anew from its own bytes. Protections only grow, but for INDETERMINATE that came of a code nobody
knew, or of the whole record not being readable: a replay of that very record lifts it (spec 6.5, 6.13). Whatever only a
replay would release to enforcement waits for named humans (`resolve.decide`; domain 6, threat 26).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
import numpy as np
from sqlalchemy import Connection, delete, insert, select, update

from pipelines.acts import Act, begin
from pipelines.batches import Batch, Coordinate
from pipelines.context import Context
from pipelines.contracts import decode
from pipelines.contracts.codes import Caution, Decision, Evidence, Protection, Standing, State
from pipelines.errors import StoreError, UsageError
from pipelines.flow import runs_finished
from pipelines.receipts import service, work_receipt
from pipelines.resolve import NEWS_OF_A_REPLAY, Replayed, Rows, effective, load_incidents
from pipelines.stages.firewall import Records, judged, settle, signing_key, without_those_on_their_way
from pipelines.stages.land import Landed, alerts_on, digest
from pipelines.stages.tag import (
    Tagged,
    alerts_on_chains,
    insert_mentions,
    mention_columns,
    recompute,
    record_incidents,
    tagged_of,
    touch_people,
    unite_versions,
)
from pipelines.stages.validate import Valid, valid_of
from pipelines.stores import audit, ledger
from pipelines.stores.bulk import chunks
from pipelines.stores.database import writing
from pipelines.stores.tables import coordinate, draft, incident, mention, stage_done
from pipelines.tagging.rules import BIT

_INDETERMINATE = int(Protection.INDETERMINATE)
#: Rules whose protection is carried for good, also where today's rules would not give it.
_PROTECTING = sum(
    bit for rule, bit in BIT.items() if rule.partition("|")[0] in ("da", "ms", "protect", "indeterminate")
)
#: INDETERMINATE of these alone is lifted by a replay that reads the record: an unknown code, or a record that did not pass.
_LIFTED_WHEN_READ = BIT["indeterminate|role"] | BIT["indeterminate|replay"]
_BY_ANY_RULE = sum(bit for rule, bit in BIT.items() if rule.startswith("indeterminate|"))
#: What is made anew of a person; who they are to the ledger stays.
_ANEW = (
    "standing", "own", "if_da", "if_ms", "evidence", "caution", "child", "high_risk", "assessed", "consent", "ie_consent", "retracted",
    "rules", "ties", "person_id", "replayed",
)  # fmt: skip


class Fate(StrEnum):
    """What a replay made of a record."""

    LEFT_QUARANTINE = "left_quarantine"
    STILL_QUARANTINED = "still_quarantined"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed_todays_rules"
    """It was processed, and today's rules would not let it pass: everyone in it is INDETERMINATE."""


class Result(NamedTuple):
    """One record, what became of it, and today's rules that it breaks."""

    coordinate: str
    fate: Fate
    rules: list[str]


class Replay(NamedTuple):
    """What a replay did."""

    results: list[Result]
    decisions_changed: int
    referrals: int
    held_for_humans: int
    """Whom only a replay would release to enforcement, and who wait for `cordon review`."""


class _Record(NamedTuple):
    """A record of the ledger."""

    id: int
    topic: str
    partition: int
    offset: int
    batch: str
    stage: str | None
    rules: str | None
    digest: bytes

    @property
    def name(self) -> str:
        return str(Coordinate(self.topic, self.partition, self.offset))


# ---- choosing ---------------------------------------------------------------------------------------------------


def replay(
    ctx: Context,
    coordinates: Sequence[str] = (),
    *,
    quarantined: bool = False,
    rule: str = "",
    since: datetime | None = None,
    dry_run: bool = False,
) -> Replay:
    """Sends records through the full gate again, one transaction for each batch of one lane; safe to repeat.

    Args:
        ctx: an open context.
        coordinates: which records; those of batches that are still on their way are refused.
        quarantined: all quarantined records instead, and those in which a gate set somebody aside.
        rule: of the quarantined, only those that broke this rule.
        since: of the quarantined, only those quarantined at or after this moment.
        dry_run: tells what would become of them, and writes nothing.

    Raises:
        UsageError: if a record is unknown or still on its way; nothing of its batch is written.
        StoreError: if the vault no longer holds a record's bytes, or other ones.
        GateError: if a table rule failed or an expectation raised.
    """
    # What changes now is told by the next run over this state.
    ctx = msgspec.structs.replace(ctx, run=runs_finished(ctx) + 1)
    with ctx.db.connect() as conn:
        chosen = list(_quarantined(conn, rule, since)) if quarantined else _named(conn, coordinates)
    found = Replay([], 0, 0, 0)
    for (topic, partition), of_lane in groupby(chosen, lambda record: (record.topic, record.partition)):
        for part in chunks(of_lane, ctx.settings.batch_size):
            batch = Batch(topic, partition, part[0].offset, part[-1].offset)
            done = _Again(ctx, batch, part).do(dry_run=dry_run)
            found = Replay(found.results + done[0], *(a + b for a, b in zip(found[1:], done[1:], strict=True)))
    return found


_COLUMNS = [coordinate.c[name] for name in ("id", "topic", "partition", "offset", "batch", "stage", "rules", "digest")]


def _named(conn: Connection, names: Sequence[str]) -> list[_Record]:
    c, found = coordinate.c, {}
    for name in names:
        asked = Coordinate.parse(name)
        where = c.topic == asked.topic, c.partition == asked.partition, c.offset == asked.offset
        row = conn.execute(select(*_COLUMNS).where(*where)).first()
        if row is None:
            raise UsageError(f"`{name}` was never landed here: is the coordinate spelt as in the ledger?")
        record = _Record(*row)
        if not _published(conn, record.batch):
            raise UsageError(f"`{name}` is still on its way: replay it when its batch is published")
        found[record.id] = record
    return sorted(found.values(), key=_place)


def _quarantined(conn: Connection, rule: str, since: datetime | None) -> Iterator[_Record]:
    c, m = coordinate.c, mention.c
    aside = select(m.coordinate_id).where(
        m.quarantined.is_(False),
        (m.enforcement_state == State.QUARANTINED) | (m.safeguarding_state == State.QUARANTINED),
    )
    whys: dict[int, set[str]] = defaultdict(set)
    for where, *texts in conn.execute(
        select(m.coordinate_id, m.enforcement_why, m.safeguarding_why).where(m.coordinate_id.in_(aside))
    ):
        whys[where].update(rule for text in texts for rule in (text or "").split())
    query = select(*_COLUMNS, c.quarantined_at).where(c.stage.is_not(None) | c.id.in_(aside))
    published: dict[str, bool] = {}
    for *row, at in sorted(conn.execute(query), key=lambda row: _place(_Record(*row[:-1]))):
        record = _Record(*row)
        if record.batch not in published:
            published[record.batch] = _published(conn, record.batch)
        early = since is not None and at is not None and datetime.fromisoformat(at) < since
        if (
            published[record.batch]
            and not early
            and (not rule or rule in whys[record.id].union((record.rules or "").split()))
        ):
            yield record


def _place(record: _Record) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


def _published(conn: Connection, batch: str) -> bool:
    query = select(stage_done.c.at).where(stage_done.c.batch == batch, stage_done.c.stage == "publish")
    return conn.execute(query).first() is not None


#: Someone in a record: the record, their ref, whether it was quarantined when they were read, and which of several so called.
_Key = tuple[int, str, bool, int]


def _keyed(mentions: Iterable[dict[str, Any]]) -> dict[_Key, dict[str, Any]]:
    """Mentions by whom they are of."""
    found: dict[_Key, dict[str, Any]] = {}
    several: dict[tuple[int, str, bool], int] = defaultdict(int)
    for each in mentions:
        who = each["coordinate_id"], each["person_ref"], bool(each["quarantined"])
        found[*who, several[who]] = each
        several[who] += 1
    return found


# ---- one batch --------------------------------------------------------------------------------------------------


class _DryRun(Exception):
    """Ends a transaction without a trace."""


@contextmanager
def _undone() -> Iterator[None]:
    try:
        yield
    except _DryRun:
        return


class _Again:
    """Some records of one lane, judged and tagged by today's rules; `do` compares that with what is kept of them."""

    def __init__(self, ctx: Context, batch: Batch, records: Sequence[_Record]) -> None:
        self._ctx, self._batch = ctx, batch
        self._records = {record.offset: record for record in records}
        self._offsets = {record.id: record.offset for record in records}
        self._raws = self._landed()
        self._broken: dict[int, tuple[str, tuple[str, ...]]] = {}
        for offset, raw in self._raws.items():
            verdict = decode.strict(raw)
            if isinstance(verdict, decode.Rejected):
                self._broken[offset] = "land", verdict.rules
        sound = ((offset, raw) for offset, raw in self._raws.items() if offset not in self._broken)
        valid, rejected, _warnings = valid_of(batch, sound)
        self._broken |= {offset: ("validate", rules) for offset, rules in rejected.items()}
        self._tagged: Tagged = tagged_of(ctx, batch, valid, self._raws, self._broken.keys())
        self._results: dict[int, Result] = {}

    def _landed(self) -> dict[int, bytes]:
        """The bytes of the records, from where they were landed."""
        ctx, found = self._ctx, {}
        for name in sorted({record.batch for record in self._records.values()}):
            if not ctx.vault.has(f"landed/{name}"):
                raise StoreError(
                    f"the vault no longer holds `landed/{name}`: its retention is over; get the records from their source"
                )
            raws = dict(ctx.vault.read(f"landed/{name}", Landed))
            for offset, record in self._records.items():
                if record.batch == name:
                    if offset not in raws or digest(ctx, raws[offset]) != record.digest:
                        raise StoreError(f"`{record.name}` in the vault is not what was landed")
                    found[offset] = raws[offset]
        return dict(sorted(found.items()))

    def do(self, *, dry_run: bool) -> Replay:
        """Everything in one transaction; a dry run undoes it."""
        ctx = self._ctx
        done = Replay([], 0, 0, 0)
        with _undone(), writing(ctx.db) as conn:
            dirty = {i for (i,) in conn.execute(select(incident.c.id).where(incident.c.dirty))}
            act = begin(ctx, conn, "replay")
            own = self._record(conn)
            self._receipts(conn, act)
            counts = self._settle(conn, act, dirty, own, dry_run)
            done = Replay(
                [self._results[o] for o in self._raws], counts["changed"], counts["referrals"], counts["held"]
            )
            if dry_run:
                raise _DryRun
        return done

    # ---- what the records say -----------------------------------------------------------------------------------

    def _record(self, conn: Connection) -> set[int]:
        """Puts what the records say today in the place of what they said; returns the incidents they are of."""
        ctx, tagged = self._ctx, self._tagged
        linked = ctx.registry.link(conn, tagged.identities)
        of_record, of_shadow = record_incidents(ctx, conn, tagged)
        self._refuse_busy(conn, {*of_record, *(i for _, i in of_shadow if i)})
        ids = {offset: record.id for offset, record in self._records.items()}
        columns = mention_columns(ids, tagged, linked.person_ids.tolist(), of_record, of_shadow)
        said = _keyed(dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        kept = self._kept(conn, ids.values())
        processed = {record.id for record in self._records.values() if record.stage is None}
        new: list[dict[str, Any]] = []
        united: list[tuple[int, int]] = []
        lifted: set[int] = set()
        changed: set[int] = set()
        for key, facts in said.items():
            before = kept.pop(key, None)
            if facts["quarantined"] and facts["coordinate_id"] in processed:
                continue  # who was processed stays who they are, and is protected below
            if before is None:
                new.append(facts | {"replayed": Replayed.NO if facts["quarantined"] else Replayed.NEWS})
                changed.add(facts["coordinate_id"])
            elif not facts["quarantined"]:
                merged, took = _merged(before, facts)
                united.append((before["person_id"], facts["person_id"]))
                if took:
                    lifted |= {before["person_id"], facts["person_id"]}
                if any(merged[name] != before[name] for name in _ANEW):
                    conn.execute(
                        update(mention).where(mention.c.id == before["id"]).values({n: merged[n] for n in _ANEW})
                    )
                    changed.add(facts["coordinate_id"])
        insert_mentions(conn, {name: [facts[name] for facts in new] for name in columns})
        for (record_id, ref, quarantined, _), before in kept.items():
            if self._now_valid(record_id) and quarantined:
                # The record itself is read now: who was named in it while it could not be is answered.
                if before["replayed"] == Replayed.NO:
                    conn.execute(update(mention).where(mention.c.id == before["id"]).values(replayed=Replayed.LIFTED))
                    changed.add(record_id)
                    lifted.add(before["person_id"])
                if (record_id, ref, False, 0) in said:
                    united.append((before["person_id"], said[record_id, ref, False, 0]["person_id"]))
            elif not self._now_valid(record_id) and not quarantined:
                changed |= self._protect(conn, before)
        self._reopen(conn, changed)
        self._tell(conn, changed)
        touch_people(conn, linked.gaining)
        if pairs := [(one, other) for one, other in united if one != other]:
            touch_people(conn, ctx.registry.unite(conn, pairs))
        incidents = {*of_record, *(i for _, i in of_shadow if i), *(b["incident_id"] for b in kept.values())} - {0}
        self._pass_on(conn, incidents, lifted, new)
        ledger.raise_alerts(conn, alerts_on_chains(linked), ctx.now())
        return incidents

    def _refuse_busy(self, conn: Connection, incidents: Iterable[int]) -> None:
        """A record of the same incident that is tagged and not decided is its own batch's to decide, together with these."""
        own, m = {record.id for record in self._records.values()}, mention.c
        for part in chunks(sorted(incidents)):
            query = select(m.coordinate_id).where(
                m.incident_id.in_(part), m.enforcement_state.is_(None), m.quarantined.is_(False)
            )
            if any(where not in own for (where,) in conn.execute(query)):
                raise UsageError(
                    f"a record of an incident in `{self._batch}` is still on its way: replay these when it is published"
                )

    def _kept(self, conn: Connection, ids: Iterable[int]) -> dict[_Key, dict[str, Any]]:
        """What is kept of everyone in the records."""
        found: list[dict[str, Any]] = []
        for part in chunks(ids):
            query = select(mention).where(mention.c.coordinate_id.in_(part)).order_by(mention.c.id)
            found += [dict(row) for row in conn.execute(query).mappings()]
        return _keyed(found)

    def _now_valid(self, record_id: int) -> bool:
        return self._offsets[record_id] not in self._broken

    def _protect(self, conn: Connection, before: Mapping[str, Any]) -> set[int]:
        """Of a record that was processed and would not pass today, everyone is INDETERMINATE."""
        own, rules = before["own"] | _INDETERMINATE, before["rules"] | BIT["indeterminate|replay"]
        if (own, rules) == (before["own"], before["rules"]):
            return set()
        conn.execute(update(mention).where(mention.c.id == before["id"]).values(own=own, rules=rules))
        return {before["coordinate_id"]}

    def _reopen(self, conn: Connection, changed: set[int]) -> None:
        """Whom a gate set aside is decided anew, unless it would again."""
        m = mention.c
        aside = {(self._records[offset].id, ref) for offset, ref in self._tagged.quarantined}
        query = select(m.id, m.coordinate_id, m.person_ref).where(
            m.coordinate_id.in_([record.id for record in self._records.values()]),
            m.quarantined.is_(False),
            m.enforcement_state == State.QUARANTINED,
        )
        for mention_id, record_id, ref in conn.execute(query).all():
            if (record_id, ref) not in aside and self._now_valid(record_id):
                conn.execute(delete(draft).where(draft.c.mention_id == mention_id))
                conn.execute(
                    update(mention)
                    .where(m.id == mention_id)
                    .values(enforcement=None, enforcement_state=None, safeguarding_state=None, replayed=Replayed.NEWS)
                )
                changed.add(record_id)
        for record_id, ref in aside:
            why = self._tagged.quarantined[self._offsets[record_id], ref]
            conn.execute(
                update(mention)
                .where(m.coordinate_id == record_id, m.person_ref == ref, m.enforcement_state.is_(None))
                .values(
                    enforcement_state=State.QUARANTINED,
                    safeguarding_state=State.QUARANTINED,
                    enforcement_why=why,
                    safeguarding_why=why,
                )
            )

    def _tell(self, conn: Connection, changed: set[int]) -> None:
        """What became of each record; the ledger's coordinates follow."""
        now = self._ctx.now()
        for offset, record in self._records.items():
            stage, rules = self._broken.get(offset, (None, ()))
            if record.stage is not None and stage is None:
                fate = Fate.LEFT_QUARANTINE
                values: dict[str, str | None] = {"stage": None, "rules": None, "quarantined_at": None}
                conn.execute(update(coordinate).where(coordinate.c.id == record.id).values(values))
                changed.add(record.id)
            elif record.stage is not None:
                fate = Fate.STILL_QUARANTINED
                if (stage, " ".join(rules)) != (record.stage, record.rules):
                    values = {"stage": stage, "rules": " ".join(rules), "quarantined_at": now.isoformat()}
                    conn.execute(update(coordinate).where(coordinate.c.id == record.id).values(values))
                    changed.add(record.id)
            elif stage is not None:
                fate = Fate.FAILED
                ledger.raise_alerts(conn, [("alert|fails_todays_rules", record.name)], now)
            else:
                fate = Fate.CHANGED if record.id in changed else Fate.UNCHANGED
            self._results[offset] = Result(record.name, fate, list(rules))
        self._changed = {offset for offset, record in self._records.items() if record.id in changed}
        quarantined = [o for o, r in self._results.items() if r.fate is Fate.STILL_QUARANTINED]
        ledger.raise_alerts(conn, alerts_on(self._batch, quarantined, self._raws), now)

    def _pass_on(
        self, conn: Connection, incidents: set[int], lifted: set[int], new: Sequence[Mapping[str, Any]]
    ) -> None:
        """Passes protections on, and takes back those lifted, to the same people in other records."""
        ctx = self._ctx
        rows = load_incidents(conn, incidents)
        unite_versions(ctx, conn, rows)
        if lifted:
            # What the versions of an incident give a person was filed for each of their forms.
            groups = rows.who[np.isin(rows["person_id"], sorted(lifted))]
            recompute(ctx, conn, lifted.union(rows["person_id"][np.isin(rows.who, groups)].tolist()))
        within = effective(load_incidents(conn, incidents))
        alone = [facts["person_id"] for facts in new if facts["quarantined"] and facts["incident_id"] == 0]
        grown = ctx.registry.protect(
            conn,
            [*rows["person_id"].tolist(), *alone],
            [*within.passed_on.tolist(), *[_INDETERMINATE] * len(alone)],
        )
        touch_people(conn, ctx.registry.members(conn, grown))

    # ---- what follows -------------------------------------------------------------------------------------------

    def _settle(self, conn: Connection, act: Act, dirty: set[int], own: set[int], dry_run: bool) -> dict[str, int]:
        """Decides anew what the replay has touched; whom that would newly release waits for a human."""
        ctx = self._ctx
        self._keep(conn, act, dry_run)
        now_dirty = {i for (i,) in conn.execute(select(incident.c.id).where(incident.c.dirty))}
        touched = (now_dirty - dirty) | own
        mine = {record.id for record in self._records.values()}
        rows = without_those_on_their_way(load_incidents(conn, touched), mine)
        if self._mark_news(conn, rows):
            rows = without_those_on_their_way(load_incidents(conn, touched), mine)
        records = Records(ctx, conn)
        valid = self._tagged.valid
        records.add({self._records[o].id: i for o, i in zip(valid.offsets, valid.incidents, strict=True)})
        counts = settle(ctx, conn, rows, act.unit, records)
        return {
            "changed": counts["changed"],
            "referrals": counts["referrals"],
            "held": self._held(conn, touched),
        }

    def _mark_news(self, conn: Connection, rows: Rows) -> list[int]:
        """Marks whom the policy of today would release and did not before: a replay under a laxer policy releases nobody."""
        _, outcome = judged(self._ctx, conn, rows)
        was, ids = rows.text("enforcement"), rows["id"].tolist()
        news = [
            ids[i]
            for n, i in enumerate(outcome.rows.tolist())
            if outcome.enforcement[n] is Decision.RELEASE_MINIMISED and was[i] != Decision.RELEASE_MINIMISED
        ]
        for part in chunks(news):
            conn.execute(update(mention).where(mention.c.id.in_(part)).values(replayed=Replayed.NEWS))
        return news

    def _held(self, conn: Connection, incidents: Iterable[int]) -> int:
        m, found = mention.c, 0
        for part in chunks(sorted(incidents)):
            query = select(m.id).where(m.incident_id.in_(part), m.enforcement_why == NEWS_OF_A_REPLAY)
            found += len(conn.execute(query).all())
        return found

    def _keep(self, conn: Connection, act: Act, dry_run: bool) -> None:
        """Hands the changed records over as a batch of the replay's own, as the stages do."""
        ctx, name = self._ctx, f"{self._batch}/replay-{act.number}"
        if not self._changed:
            return
        valid = self._tagged.valid
        places = [n for n, offset in enumerate(valid.offsets) if offset in self._changed]
        if not dry_run:
            ctx.vault.put(f"landed/{name}", [(o, raw) for o, raw in self._raws.items() if o in self._changed])
            ctx.vault.put(
                f"valid/{name}",
                Valid(
                    offsets=[valid.offsets[n] for n in places],
                    incidents=[valid.incidents[n] for n in places],
                    faults={k: valid.faults[n] for k, n in enumerate(places) if n in valid.faults},
                ),
                apart="incidents",
            )
        for part in chunks(self._records[offset].id for offset in sorted(self._changed)):
            conn.execute(update(coordinate).where(coordinate.c.id.in_(part)).values(batch=name))
        done = {"at": ctx.now().isoformat(), "seconds": "0.000", "counts": "{}", "batch": name}
        conn.execute(
            insert(stage_done), [done | {"stage": stage} for stage in ("validate", "tag", "firewall", "publish")]
        )

    def _receipts(self, conn: Connection, act: Act) -> None:
        """One of the replay, and one of each record that it changed."""
        ctx, actor = self._ctx, service("replay")
        told = [
            work_receipt("replay", actor, ctx.now(), act.name, coordinate=r.coordinate, fate=r.fate, rules=r.rules)
            for offset, r in sorted(self._results.items())
            if offset in self._changed
        ]
        counts = {"records": len(self._records), "changed": len(self._changed)}
        told.append(work_receipt("replay", actor, ctx.now(), act.name, policy_digest=ctx.policy.digest, **counts))
        audit.append_segment(conn, act.segment, told, ctx.now(), signing_key(ctx))


# ---- facts made anew --------------------------------------------------------------------------------------------


def _merged(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """What a record says of a person today, with the protections it gave before; and whether one was lifted."""
    merged = {name: now[name] for name in _ANEW}
    indeterminate = before["rules"] & _BY_ANY_RULE
    lifted = (
        bool(before["own"] & ~now["own"] & _INDETERMINATE)
        and indeterminate != 0
        and not indeterminate & ~_LIFTED_WHEN_READ
    )
    kept = before["own"] & ~(_INDETERMINATE if lifted else 0)
    for name, carried in (("own", kept), ("if_da", before["if_da"]), ("if_ms", before["if_ms"])):
        merged[name] = now[name] | carried
    if kept & ~now["own"]:
        merged["rules"] |= before["rules"] & _PROTECTING & ~(_LIFTED_WHEN_READ if lifted else 0)
    merged["replayed"] = max(
        before["replayed"],
        Replayed.LIFTED if lifted else Replayed.NEWS if _may_go(merged) and not _may_go(before) else Replayed.NO,
    )
    return merged, lifted


def _may_go(facts: Mapping[str, Any]) -> bool:
    """Whether nothing that the record itself says keeps the person from enforcement."""
    return (
        facts["evidence"] == Evidence.OFFENCE
        and facts["caution"] == Caution.NONE
        and bool(facts["standing"] & int(Standing.SUSPECT | Standing.CONVICTED))
        and not facts["retracted"]
        and not facts["own"]
    )
