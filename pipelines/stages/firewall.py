"""firewall: a decision per person and recipient, and what may go built field by field.

`settle` is the heart of it and `release` uses it too: it decides whole incidents anew from facts, registry and policy,
compares with what was decided before, and moves each person to the state that follows. One transaction of the one
writer: decisions, their receipts, drafts and outgoing messages exist together or not at all.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import uuid
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, select, update

from expectations.gate import judge
from pipelines.approvals import heed
from pipelines.batches import Batch
from pipelines.context import Context
from pipelines.contracts.codes import Decision, Recipient, State
from pipelines.contracts.incident import Incident, Person
from pipelines.contracts.referral import EVENT_TYPE, ONWARD_SHARING
from pipelines.contracts.subject import Content, SubjectName, SubjectOffence
from pipelines.guard import RecordGuard, objections_to_draft, rest_of, states_immigration
from pipelines.masking.residue import Reading
from pipelines.receipts import decision_receipts
from pipelines.referrals import build_referral, encode, telling_of
from pipelines.resolve import Effective, Outcome, Rows, decide, effective, load
from pipelines.sinks import REFERRALS
from pipelines.stages.validate import Valid
from pipelines.stores import audit, ledger
from pipelines.stores.bulk import chunks, fetched, insert_rows, update_rows
from pipelines.stores.database import writing
from pipelines.stores.tables import coordinate, draft, incident, mention, outbox, policy
from pipelines.tagging.facts import legal_name, offence_of
from policy import weaker

_NONCE = 12


def firewall(ctx: Context, batch: Batch) -> dict[str, int]:
    """Decides on a tagged batch, and on whatever else its facts have touched.

    Returns:
        Counts of decisions by kind, of distinct combinations the policy was asked about, of older decisions changed.
    """
    started = ctx.timer()
    unit = Unit(f"lane/{batch.lane}", batch.last + 1, str(batch), "firewall")
    with writing(ctx.db) as conn:
        if ledger.is_done(conn, batch, "firewall"):
            return {}
        records = Records(ctx, conn, batch)
        rows = without_those_on_their_way(load(conn, "i.dirty"), records.own)
        counts = settle(ctx, conn, rows, unit, records)
        ledger.set_done(conn, batch, "firewall", ctx.now(), ctx.timer() - started, counts)
    return counts


class Unit(NamedTuple):
    """The atomic unit of sending that what is decided now belongs to."""

    mark: str
    sequence: int
    name: str
    stage: str


def without_those_on_their_way(rows: Rows, own: set[int]) -> Rows:
    """Leaves out incidents with someone tagged but not decided in another batch: that batch's firewall decides them."""
    waiting = {
        incident_id
        for incident_id, record, state, quarantined in zip(
            rows["incident_id"].tolist(),
            rows["coordinate_id"].tolist(),
            rows.text("enforcement_state"),
            rows["quarantined"].tolist(),
            strict=True,
        )
        if state is None and not quarantined and record not in own
    }
    return rows if not waiting else rows.only(~np.isin(rows["incident_id"], sorted(waiting)))


class Records:
    """Typed incidents by coordinate, from the vault: those of the batch in hand, others when they are needed."""

    def __init__(self, ctx: Context, conn: Connection, batch: Batch | None = None) -> None:
        """`batch` is the batch in hand, if any."""
        self._ctx, self._conn = ctx, conn
        self._found: dict[int, Incident] = {}
        self.own: set[int] = set()
        if batch is not None:
            ids = ledger.coordinate_ids(conn, batch)
            self.own = set(ids.values())
            valid = ctx.vault.get(f"valid/{batch}", Valid)
            self._found = {ids[offset]: record for offset, record in zip(valid.offsets, valid.incidents, strict=True)}

    def add(self, incidents: Mapping[int, Incident]) -> None:
        """Makes incidents known that are in hand, by coordinate."""
        self._found |= incidents

    def fetch(self, coordinate_ids: Iterable[int]) -> None:
        """Makes sure these can be asked for: one visit to the vault per batch they are in."""
        missing = set(coordinate_ids) - self._found.keys()
        by_batch: dict[str, dict[int, int]] = defaultdict(dict)
        for part in chunks(sorted(missing)):
            query = select(coordinate.c.batch, coordinate.c.offset, coordinate.c.id).where(coordinate.c.id.in_(part))
            for batch, offset, identifier in self._conn.execute(query):
                by_batch[batch][offset] = identifier
        for batch, ids in by_batch.items():
            found = self._ctx.vault.read(f"valid/{batch}", Valid, _places_of(ids))
            wanted = [ids[offset] for offset in found.offsets if offset in ids]
            self._found.update(zip(wanted, found.incidents, strict=True))

    def __getitem__(self, coordinate_id: int) -> Incident:
        return self._found[coordinate_id]

    def person(self, coordinate_id: int, ref: str) -> Person:
        """A person of a record."""
        return next(p for p in self._found[coordinate_id].persons if p.person_ref == ref)


def _places_of(offsets: Container[int]) -> Callable[[Valid], list[int]]:
    """Where in a batch the records of some offsets are."""
    return lambda valid: [place for place, offset in enumerate(valid.offsets) if offset in offsets]


# ---- settling ---------------------------------------------------------------------------------------------------


def settle(ctx: Context, conn: Connection, rows: Rows, unit: Unit, records: Records) -> dict[str, int]:
    """Decides whole incidents anew and moves everyone in them to the state that follows."""
    policy_id = _policy_id(ctx, conn)
    within, outcome = judged(ctx, conn, rows)
    heed(ctx, conn, rows, outcome)
    plan = _plan(rows, outcome)
    _refer_once(rows, outcome, plan, records)
    records.fetch(rows["coordinate_id"][[*plan.new_drafts, *plan.referrals]].tolist())
    _draft(ctx, conn, rows, plan, outcome, records)
    sent = _refer(ctx, conn, rows, within.protections, plan, outcome, unit, records)
    changed = _changed(rows, plan, outcome)  # after the guard, which may have held what the policy would release
    _store(ctx, conn, rows, outcome, plan, changed, policy_id)
    receipts = _receipts(ctx, conn, rows, outcome, changed, unit)
    audit.append_segment(conn, f"{unit.stage}/{unit.name}", receipts, ctx.now(), signing_key(ctx))
    if outcome.errors:
        ledger.raise_alerts(conn, [("alert|policy_error", unit.name)], ctx.now())
    for part in chunks(sorted(set(rows["incident_id"].tolist()))):
        conn.execute(update(incident).where(incident.c.id.in_(part)).values(dirty=False))
    kinds: dict[str, int] = defaultdict(int)
    for decision in outcome.enforcement:
        kinds[f"enforcement_{decision.lower()}"] += 1
    for decision in outcome.safeguarding:
        kinds[f"safeguarding_{decision.lower()}"] += 1
    return {"decided": len(outcome.rows), "changed": len(changed), "cells": outcome.cells, "referrals": sent, **kinds}


def signing_key(ctx: Context) -> Ed25519PrivateKey:
    """The key that signs checkpoints of the audit log."""
    return Ed25519PrivateKey.from_private_bytes(ctx.keys.audit)


def judged(ctx: Context, conn: Connection, rows: Rows) -> tuple[Effective, Outcome]:
    """What the policy says of whole incidents today, before any human word; nothing is written."""
    within = effective(rows)
    carried = ctx.registry.protections(conn, rows["component"])
    mine = ctx.policy.regime
    earlier = conn.execute(select(policy.c.id, policy.c.regime).where(policy.c.regime != mine)).all()
    stricter = {identifier for identifier, regime in earlier if weaker(regime, mine)}
    return within, decide(rows, within, carried, ctx.policy, stricter)


def _policy_id(ctx: Context, conn: Connection) -> int:
    """The id of the policy in force."""
    ids: dict[str, int] = {d: identifier for identifier, d in conn.execute(select(policy.c.id, policy.c.digest))}
    if ctx.policy.digest not in ids:
        ids[ctx.policy.digest] = max(ids.values(), default=0) + 1
        insert_rows(
            conn, policy, ("id", "regime", "digest"), [(ids[ctx.policy.digest], ctx.policy.regime, ctx.policy.digest)]
        )
    return ids[ctx.policy.digest]


def _changed(rows: Rows, plan: _Plan, outcome: Outcome) -> list[int]:
    """Positions in the outcome of decisions that are new or not what they were. Who is quarantined has none."""
    enforcement, safeguarding, protections = (rows.text(n) for n in ("enforcement", "safeguarding", "protections"))
    found = []
    for i, n in plan.position.items():
        if (
            enforcement[i] != outcome.enforcement[n]
            or safeguarding[i] != outcome.safeguarding[n]
            or protections[i] != int(outcome.protections[n])
        ):
            found.append(n)
    return found


class _Plan(NamedTuple):
    """What to do, by row."""

    position: dict[int, int]
    """Row to its place in the outcome."""
    new_drafts: list[int]
    drop_drafts: list[int]
    referrals: list[int]
    referred_with: dict[int, int]
    """The row whose referral is also that of another: the same person of another record under the same version."""
    superseded: list[int]
    enforcement_state: dict[int, str]
    safeguarding_state: dict[int, str]
    referral_id: dict[int, str]
    why: dict[tuple[int, str], str]
    """Reasons that replace the policy's: what the guard found."""


_DISCLOSED = (State.RELEASED, State.WITHDRAWN)
_REFERRED = (State.RELEASED, State.PENDING)
_STATE_OF = {
    Decision.HOLD_FOR_HUMAN: State.HELD,
    Decision.WITHHOLD: State.WITHHELD,
    Decision.WITHHOLD_AND_REFER: State.WITHHELD,
}


def _unless_disclosed(was: str | None, state: str) -> str:
    """The state that follows: what was disclosed stays released or withdrawn in the ledger for ever (spec 6.26)."""
    return was if was in _DISCLOSED else state


def _plan(rows: Rows, outcome: Outcome) -> _Plan:
    plan = _Plan({}, [], [], [], {}, [], {}, {}, {}, {})
    was_e, was_s = rows.text("enforcement_state"), rows.text("safeguarding_state")
    had, protections = rows.text("enforcement"), rows.text("protections")
    incidents = rows["incident_id"].tolist()
    # What a referral says of risk and children comes from all records of its incident, also from one that came late.
    told_more = {
        incident_id
        for incident_id, state, quarantined in zip(incidents, was_s, rows["quarantined"].tolist(), strict=True)
        if state is None and not quarantined
    }
    for n, i in enumerate(outcome.rows.tolist()):
        if was_e[i] == State.QUARANTINED:
            continue
        plan.position[i] = n
        decision = outcome.enforcement[n]
        if decision is Decision.RELEASE_MINIMISED:
            if had[i] != Decision.RELEASE_MINIMISED:
                plan.new_drafts.append(i)
            plan.enforcement_state[i] = _unless_disclosed(was_e[i], State.PENDING)
        else:
            if had[i] == Decision.RELEASE_MINIMISED:
                plan.drop_drafts.append(i)
            plan.enforcement_state[i] = _unless_disclosed(was_e[i], _STATE_OF[decision])
        decision = outcome.safeguarding[n]
        if decision is Decision.RELEASE:
            if was_s[i] not in _REFERRED or protections[i] != int(outcome.protections[n]) or incidents[i] in told_more:
                plan.referrals.append(i)
            plan.safeguarding_state[i] = _unless_disclosed(was_s[i], State.PENDING)
        else:
            plan.safeguarding_state[i] = _unless_disclosed(was_s[i], _STATE_OF[decision])
    current = rows.current
    for i in np.flatnonzero(~current & (rows["quarantined"] == 0)).tolist():
        if was_e[i] == State.QUARANTINED:
            continue
        plan.superseded.append(i)
        if had[i] == Decision.RELEASE_MINIMISED:
            plan.drop_drafts.append(i)
    return plan


def _refer_once(rows: Rows, outcome: Outcome, plan: _Plan, records: Records) -> None:
    """Of records under one version, the one with the smallest digest refers a person, whichever of them came first.

    The digest is of what the record says, without a key: another state of the same records refers the same.
    """
    due = set(plan.referrals)
    people, record_ids, was = rows.who.tolist(), rows["coordinate_id"].tolist(), rows.text("safeguarding_state")
    released: dict[int, list[int]] = defaultdict(list)
    for i, n in plan.position.items():
        if outcome.safeguarding[n] is Decision.RELEASE:
            released[people[i]].append(i)
    several = [found for found in released.values() if len(found) > 1 and not due.isdisjoint(found)]
    ids = {record_ids[i] for found in several for i in found}
    records.fetch(ids)
    digests = {i: hashlib.sha256(msgspec.json.encode(records[i])).digest() for i in ids}
    for found in several:
        chosen, *others = sorted(found, key=lambda i: (digests[record_ids[i]], i))
        plan.referred_with.update((i, chosen) for i in others if was[i] not in _REFERRED)
        due.difference_update(others)
        due.add(chosen)
    plan.referrals[:] = sorted(due)


def _store(
    ctx: Context, conn: Connection, rows: Rows, outcome: Outcome, plan: _Plan, changed: Sequence[int], policy_id: int
) -> None:
    names = [
        "protections",
        "fired",
        "policy_id",
        "enforcement",
        "enforcement_why",
        "enforcement_state",
        "safeguarding",
        "safeguarding_why",
        "safeguarding_state",
        "run",
        "referral_id",
    ]
    ids = rows["id"].tolist()
    touched = set(changed)
    was_e, was_s = rows.text("enforcement_state"), rows.text("safeguarding_state")
    runs, referral_ids, policies = rows.text("run"), rows.text("referral_id"), rows.text("policy_id")
    was_why = list(zip(rows.text("enforcement_why"), rows.text("safeguarding_why"), rows.text("fired"), strict=True))
    values = []
    for i, n in plan.position.items():
        same = plan.enforcement_state[i] == was_e[i] and plan.safeguarding_state[i] == was_s[i]
        # The same decision for other reasons: who looks into a hold is to see those that hold now.
        same = same and was_why[i] == (outcome.enforcement_why[n], outcome.safeguarding_why[n], int(outcome.fired[n]))
        if n not in touched and same and i not in plan.referral_id:
            continue
        values.append(
            (
                int(outcome.protections[n]),
                int(outcome.fired[n]),
                # What a stricter regime said stays its word, so that it stays said.
                policies[i] if n in outcome.kept else policy_id,
                str(outcome.enforcement[n]),
                plan.why.get((i, Recipient.ENFORCEMENT), outcome.enforcement_why[n]),
                plan.enforcement_state[i],
                str(outcome.safeguarding[n]),
                plan.why.get((i, Recipient.SAFEGUARDING), outcome.safeguarding_why[n]),
                plan.safeguarding_state[i],
                ctx.run if n in touched else runs[i],
                plan.referral_id.get(i, referral_ids[i]),
                ids[i],
            )
        )
    update_rows(conn, mention, names, "id", values)
    superseded = []
    for i in plan.superseded:
        e = _unless_disclosed(was_e[i], State.SUPERSEDED)
        s = _unless_disclosed(was_s[i], State.SUPERSEDED)
        superseded.append((None, None, e, s, ids[i]))
    update_rows(
        conn, mention, ("enforcement", "safeguarding", "enforcement_state", "safeguarding_state"), "id", superseded
    )
    for part in chunks([ids[i] for i in plan.drop_drafts]):
        conn.execute(delete(draft).where(draft.c.mention_id.in_(part)))


def _receipts(
    ctx: Context, conn: Connection, rows: Rows, outcome: Outcome, changed: Sequence[int], unit: Unit
) -> list[bytes]:
    ids = rows["coordinate_id"]
    where = coordinate_names(conn, ids[outcome.rows[changed]].tolist())
    refs = rows.text("person_ref")
    records, standing, evidence = (rows[name].tolist() for name in ("coordinate_id", "standing", "evidence"))
    regime, digest = ctx.policy.regime, ctx.policy.digest
    receipt = decision_receipts(unit.stage, ctx.now(), unit.name).row
    protections, all_fired = outcome.protections.tolist(), outcome.fired.tolist()
    row_of = outcome.rows.tolist()
    found: list[bytes] = []
    for n in changed:
        i = row_of[n]
        where_it_is, ref = where[records[i]], refs[i]
        facts = (standing[i], protections[n], evidence[i])
        fired = all_fired[n]
        decision, why = outcome.enforcement[n], outcome.enforcement_why[n]
        found.append(receipt(where_it_is, ref, Recipient.ENFORCEMENT, decision, *facts, why, fired, regime, digest))
        decision, why = outcome.safeguarding[n], outcome.safeguarding_why[n]
        found.append(receipt(where_it_is, ref, Recipient.SAFEGUARDING, decision, *facts, why, fired, regime, digest))
    return found


def coordinate_names(conn: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The names of coordinates by id."""
    c = coordinate.c
    found: dict[int, str] = {}
    for part in chunks(sorted(set(ids)), 5000):
        query = select(c.id, c.topic, c.partition, c.offset).where(c.id.in_(part))
        found |= {i: f"{topic}[{partition}]@{offset}" for i, topic, partition, offset in fetched(conn, query)}
    return found


# ---- enforcement drafts -----------------------------------------------------------------------------------------


def _draft(ctx: Context, conn: Connection, rows: Rows, plan: _Plan, outcome: Outcome, records: Records) -> None:
    """Builds the drafts of those who may be released after the embargo, and guards each."""
    due = utc(ctx.now() + ctx.settings.embargo_duration)
    built = []
    refs, ids, was = rows.text("person_ref"), rows["id"].tolist(), rows.text("enforcement_state")
    protected = _protected_by_record(rows, outcome)
    for i in plan.new_drafts:
        record_id = int(rows["coordinate_id"][i])
        record = records[record_id]
        person = records.person(record_id, refs[i])
        content = build_content(person)
        text = msgspec.json.encode(content)
        others = [p for p in record.persons if p is not person and p.person_ref in protected[record_id]]
        objections = objections_to_draft(text.decode(), content, record, others)
        if objections:
            plan.enforcement_state[i] = _unless_disclosed(was[i], State.HELD)
            plan.why[i, Recipient.ENFORCEMENT] = " ".join(objections)
            n = plan.position[i]
            outcome.enforcement[n] = Decision.HOLD_FOR_HUMAN
            outcome.enforcement_why[n] = " ".join(objections)
            continue
        built.append(
            (
                ids[i],
                _subject_key(ctx, record, person, content),
                hmac.digest(ctx.keys.reference, b"content|" + text, "sha256")[:16],
                seal(ctx, f"draft/{ids[i]}", text),
                record.header.recorded_ts,
                due,
            )
        )
    insert_rows(conn, draft, ("mention_id", "subject_key", "content_key", "sealed", "recorded_ts", "due"), built)


def build_content(person: Person) -> Content:
    """What enforcement may be told of a person: LEGAL name, date of birth, immigration offence; nothing else."""
    legal = legal_name(person)
    offence = offence_of(person.immigration.statute_ref if person.immigration else None)
    if legal is None or offence is None or person.dob is None:  # the decision would have been another
        raise AssertionError("a draft without name, date of birth or offence")
    return Content(
        subject=SubjectName(surname=legal[0], given_names=list(legal[1]), dob=person.dob),
        offence=SubjectOffence(statute=offence[0], section=offence[1]),
    )


def _subject_key(ctx: Context, record: Incident, person: Person, content: Content) -> bytes:
    """Who, matched strictly: nominal within its force, PNC id, or this person of this incident; and which offence."""
    if person.nominal_id and person.nominal_id.strip():
        who = f"nominal|{record.header.source_force}|{person.nominal_id.strip()}"
    elif person.pnc_id and person.pnc_id.strip():
        who = f"pnc|{person.pnc_id.strip()}"
    else:
        who = f"person|{record.header.source_force}|{record.header.incident_id}|{person.person_ref}"
    what = f"{content.offence.statute}|{content.offence.section}"
    return hmac.digest(ctx.keys.reference, f"subject|{who}|{what}".encode("utf-8", "surrogatepass"), "sha256")[:16]


def _protected_by_record(rows: Rows, outcome: Outcome) -> dict[int, set[str]]:
    """The refs of protected persons by record: whose identity the guard looks for."""
    found: dict[int, set[str]] = defaultdict(set)
    refs, records = rows.text("person_ref"), rows["coordinate_id"].tolist()
    for n, i in enumerate(outcome.rows.tolist()):
        if outcome.protections[n]:
            found[records[i]].add(refs[i])
    return found


def utc(moment: datetime) -> str:
    """A moment in the one form in which moments are compared as texts."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def seal(ctx: Context, name: str, text: bytes) -> bytes:
    """Seals bytes for the database, bound to a name."""
    nonce = os.urandom(_NONCE)
    return nonce + _cipher(ctx.keys.vault).encrypt(nonce, text, name.encode())


@lru_cache(maxsize=4)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def unseal(ctx: Context, name: str, sealed: bytes) -> bytes:
    """Opens what `seal` closed.

    Raises:
        cryptography.exceptions.InvalidTag: if it is not what was sealed under that name.
    """
    return _cipher(ctx.keys.vault).decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())


# ---- referrals --------------------------------------------------------------------------------------------------


class Outgoing(msgspec.Struct, frozen=True, array_like=True):
    """A message in the outbox, sealed at rest. `publish` sends it only under the policy it was made with."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    policy_digest: str
    value_sha256: bytes


class _Built(NamedTuple):
    """A referral that the guard had nothing against, and what the gate is told of it."""

    message_id: str
    outgoing: Outgoing
    gate: tuple[Any, ...]


def _refer(
    ctx: Context,
    conn: Connection,
    rows: Rows,
    within: Any,
    plan: _Plan,
    outcome: Outcome,
    unit: Unit,
    records: Records,
) -> int:
    """Builds the referrals due, guards each, sends them through the gate, and puts them in the outbox."""
    built = {each.message_id: each for each in _built_referrals(ctx, rows, within, plan, outcome, records)}
    frame = pd.DataFrame([each.gate for each in built.values()], columns=_GATE_COLUMNS)
    ids = list(built)
    stopped: dict[str, list[str]] = defaultdict(list)
    for rule, positions in (judge("outgoing_referrals", frame).failed if built else {}).items():
        for position in positions.tolist():
            stopped[ids[position]].append(rule)
    # The same referral again is the same message: sent once, and released with the first.
    known = dict(_known_messages(conn, ids))
    was = rows.text("safeguarding_state")
    for i, message_id in list(plan.referral_id.items()):
        if message_id in stopped:
            del plan.referral_id[i]
            plan.safeguarding_state[i] = _unless_disclosed(was[i], State.QUARANTINED)
            plan.why[i, Recipient.SAFEGUARDING] = " ".join(stopped[message_id])
        elif known.get(message_id):
            plan.safeguarding_state[i] = State.RELEASED
    _follow(plan, outcome)
    fresh = [
        (
            message_id,
            unit.mark,
            unit.sequence,
            REFERRALS,
            seal(ctx, f"outbox/{message_id}", msgspec.msgpack.encode(each.outgoing)),
            False,
        )
        for message_id, each in built.items()
        if message_id not in stopped and message_id not in known
    ]
    insert_rows(conn, outbox, ("message_id", "mark", "sequence", "topic", "sealed", "sent"), fresh)
    return len(fresh)


def _built_referrals(
    ctx: Context, rows: Rows, within: Any, plan: _Plan, outcome: Outcome, records: Records
) -> Iterator[_Built]:
    """The referrals due that pass the guard. What one record's referrals share is made ready once."""
    refs, record_ids, was = rows.text("person_ref"), rows["coordinate_id"].tolist(), rows.text("safeguarding_state")
    children = _incidents_with_children(rows)
    high = _high_risk(rows)
    for record_id, due in groupby(sorted(plan.referrals, key=record_ids.__getitem__), record_ids.__getitem__):
        record = records[record_id]
        telling, guard = telling_of(record), RecordGuard(record)
        places = {person.person_ref: place for place, person in enumerate(record.persons)}
        for i in due:
            n, place = plan.position[i], places[refs[i]]
            person = record.persons[place]
            referral = build_referral(
                record,
                place,
                telling,
                protections=int(within[i]),
                evidence=int(rows["evidence"][i]),
                child=bool(rows["child"][i]),
                high_risk=bool(high[rows.who[i]]),
                any_child=int(rows["incident_id"][i]) in children,
            )
            account = Reading(referral.account)
            kept_back = guard.objections_to_account(place, account)
            if kept_back:
                plan.why[i, Recipient.SAFEGUARDING] = " ".join((outcome.safeguarding_why[n], *kept_back))
                referral, account = msgspec.structs.replace(referral, account=""), Reading("")
            rest = Reading(rest_of(referral))
            objections = guard.objections_to_rest(place, rest)
            if objections:
                plan.safeguarding_state[i] = _unless_disclosed(was[i], State.HELD)
                outcome.safeguarding[n] = Decision.HOLD_FOR_HUMAN
                outcome.safeguarding_why[n] = plan.why[i, Recipient.SAFEGUARDING] = " ".join(objections)
                continue
            message_id = plan.referral_id[i] = _message_id(ctx, record, person, encode(referral))
            referral = msgspec.structs.replace(referral, referral_id=message_id)
            body = encode(referral)
            headers, key = _headers(ctx, message_id), _pseudonym(ctx, record, person)
            yield _Built(
                message_id,
                Outgoing(key, body, headers, ctx.policy.digest, hashlib.sha256(body).digest()),
                (
                    message_id,
                    key.decode(),
                    referral.reason,
                    referral.risk.level,
                    "|".join(referral.support_needs),
                    dict(headers)[ONWARD_SHARING[0]].decode(),
                    ",".join(sorted(msgspec.json.decode(body, type=dict[str, msgspec.Raw]))),
                    len(referral.account),
                    int(states_immigration(account)),
                    guard.refuges_in(account) + guard.refuges_in(rest),
                    guard.unsafe_contacts(place, referral),
                ),
            )


def _follow(plan: _Plan, outcome: Outcome) -> None:
    """Gives those referred with another row what became of that one."""
    for i, chosen in plan.referred_with.items():
        n, there = plan.position[i], plan.position[chosen]
        plan.safeguarding_state[i] = plan.safeguarding_state[chosen]
        outcome.safeguarding[n] = outcome.safeguarding[there]
        outcome.safeguarding_why[n] = outcome.safeguarding_why[there]
        if (chosen, Recipient.SAFEGUARDING) in plan.why:
            plan.why[i, Recipient.SAFEGUARDING] = plan.why[chosen, Recipient.SAFEGUARDING]
        if chosen in plan.referral_id:
            plan.referral_id[i] = plan.referral_id[chosen]


def _known_messages(conn: Connection, message_ids: Sequence[str]) -> Iterable[tuple[str, bool]]:
    for part in chunks(message_ids):
        query = select(outbox.c.message_id, outbox.c.sent).where(outbox.c.message_id.in_(part))
        for row in conn.execute(query):
            yield row[0], row[1]


#: What the gate judges of a referral: constants, field names and counts.
_GATE_COLUMNS = [
    "message_id",
    "key",
    "reason",
    "risk",
    "support_needs",
    "onward_sharing",
    "keys",
    "account_chars",
    "immigration_words",
    "refuge_hits",
    "unsafe_contacts",
]


def _incidents_with_children(rows: Rows) -> set[int]:
    return set(rows["incident_id"][rows.current & (rows["child"] != 0)].tolist())


def _high_risk(rows: Rows) -> Any:
    high = np.zeros(rows.groups, dtype=bool)
    np.logical_or.at(high, rows.who, (rows["high_risk"] != 0) & (rows["quarantined"] == 0))
    return high


def _message_id(ctx: Context, record: Incident, person: Person, body: bytes) -> str:
    """An id that depends on person, incident and content: the same referral again is the same message."""
    about = f"referral|{record.header.source_force}|{record.header.incident_id}|{person.person_ref}|"
    return keyed_uuid(ctx, about.encode("utf-8", "surrogatepass") + body)


def keyed_uuid(ctx: Context, about: bytes) -> str:
    """A uuid that only the holder of the secret can derive (spec 6.22)."""
    return str(uuid.UUID(bytes=hmac.digest(ctx.keys.messages, about, "sha256")[:16], version=4))


def _pseudonym(ctx: Context, record: Incident, person: Person) -> bytes:
    """The safeguarding recipient's own name for a person, so that one person's referrals stay in order."""
    if person.nominal_id and person.nominal_id.strip():
        who = f"nominal|{record.header.source_force}|{person.nominal_id.strip()}"
    else:
        who = f"person|{record.header.source_force}|{record.header.incident_id}|{person.person_ref}"
    mac = hmac.digest(ctx.keys.pseudonyms, b"safeguarding|" + who.encode("utf-8", "surrogatepass"), "sha256")
    return mac[:16].hex().encode()


def _headers(ctx: Context, message_id: str) -> list[tuple[str, bytes]]:
    """CloudEvents attributes (Kafka binding, binary mode) and the ban on onward sharing."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", message_id.encode()),
        ("ce_source", b"/cordon/safeguarding"),
        ("ce_type", EVENT_TYPE),
        ("ce_time", ctx.now().isoformat().encode()),
        ("content-type", b"application/json"),
        ONWARD_SHARING,
    ]
