"""tag: what each person is, who they may be, and what protects them.

Facts of the batch are recorded, everyone is looked up in the registry, and protections are passed on: to the same person
in other records, to other versions, to those they are tied to. Whatever is touched is marked dirty, and the next
firewall decides it again. All of it is one transaction of the one writer, so that lanes cannot miss each other.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from sqlalchemy import Connection, bindparam, func, select, update

from expectations.gate import judge
from pipelines.batches import Batch
from pipelines.context import Context
from pipelines.contracts.codes import Protection
from pipelines.contracts.decode import what_can_be_read
from pipelines.contracts.incident import Incident, Person
from pipelines.resolve import LIFTED, Ints, Rows, effective, load_incidents
from pipelines.stages.land import Landed
from pipelines.stages.validate import Valid
from pipelines.stores import ledger
from pipelines.stores.bulk import chunks, insert_rows, next_id
from pipelines.stores.database import writing
from pipelines.stores.registry import Linked
from pipelines.stores.tables import FACTS, counter_allegation, incident, mention
from pipelines.tagging.facts import Facts, counter_allegations, facts, raw_counter_allegations
from pipelines.tagging.identity import Identity, identity_of, identity_of_raw
from pipelines.tagging.rules import BIT

_encode = msgspec.msgpack.Encoder().encode
_INDETERMINATE = int(Protection.INDETERMINATE)


class Shadow(msgspec.Struct, frozen=True):
    """Someone who can be read in a quarantined record, protected until a valid record of it comes (spec 6.5)."""

    offset: int
    incident_key: str | None
    """Force and incident id, or None where they cannot be read: then nothing but a named human lifts the protection."""
    link_key: str
    version: int
    person_ref: str
    identity: Identity
    accused_back: tuple[str, ...]
    """The ids of incidents that the record is, or may be, a counter-allegation to."""


def tag(ctx: Context, batch: Batch) -> dict[str, int]:
    """Tags a validated batch.

    Returns:
        Counts of persons, of those protected, of indeterminate ones, of those named in quarantined records.

    Raises:
        GateError: if the tagged persons break a table rule.
    """
    started = ctx.timer()
    with ctx.db.connect() as conn:
        if ledger.is_done(conn, batch, "tag"):
            return {}
        rejected = ledger.quarantined_offsets(conn, batch)
    valid = ctx.vault.get(f"valid/{batch}", Valid)
    raws = dict(ctx.vault.get(f"landed/{batch}", Landed)) if rejected or valid.faults else {}
    tagged = tagged_of(ctx, batch, valid, raws, rejected)
    with writing(ctx.db) as conn:
        if ledger.is_done(conn, batch, "tag"):
            return {}
        linked = ctx.registry.link(conn, tagged.identities)
        of_record, of_shadow = record_incidents(ctx, conn, tagged)
        people = linked.person_ids.tolist()
        columns = mention_columns(ledger.coordinate_ids(conn, batch), tagged, people, of_record, of_shadow)
        insert_mentions(conn, columns)
        counts = _protect(ctx, conn, tagged.found, people, np.array(of_record, dtype=np.int64), of_shadow)
        touch_people(conn, linked.gaining)
        now = ctx.now()
        ledger.raise_alerts(conn, alerts_on_chains(linked), now)
        if tagged.quarantined:
            _quarantine_persons(conn, batch, tagged.quarantined)
        counts["quarantined"] = len(tagged.quarantined)
        counts["named_in_quarantine"] = len(tagged.shadows)
        ledger.set_done(conn, batch, "tag", now, ctx.timer() - started, counts)
    return counts


class Tagged(msgspec.Struct, frozen=True):
    """What can be said of records by themselves, before anything is compared with what is known."""

    valid: Valid
    found: Facts
    persons: list[Person]
    quarantined: dict[tuple[int, str], str]
    """Persons (by offset and ref) whose tags break a row rule, and the rules."""
    macs: list[bytes]
    """The incident of each record."""
    identities: list[Identity]
    """Those of the persons, then those of the shadows."""
    contents: list[int]
    shadows: list[Shadow]


def tagged_of(ctx: Context, batch: Batch, valid: Valid, raws: Mapping[int, bytes], rejected: Collection[int]) -> Tagged:
    """Tags valid records, and reads who is named in those rejected.

    Args:
        ctx: an open context.
        batch: what the records are of.
        valid: the valid ones.
        raws: the bytes by offset, of those rejected and of those with somebody who could not be read, at least.
        rejected: the offsets of records that are quarantined.

    Raises:
        GateError: if the tagged persons break a table rule.
    """
    found = facts(valid.accepted())
    persons = [person for record in valid.incidents for person in record.persons]
    macs = [incident_mac(ctx, incident_key(record)) for record in valid.incidents]
    as_sent = _as_sent(valid, raws)
    shadows = _shadows(batch, [(offset, raw) for offset, raw in raws.items() if offset in rejected])
    identities = [
        identity_of_raw(as_sent[n, i], record.header.source_force, as_sent[n, -1], f"{mac.hex()}|{person.person_ref}")
        if (n, i) in as_sent
        else identity_of(person, record.header.source_force, record.locations, f"{mac.hex()}|{person.person_ref}")
        for n, (record, mac) in enumerate(zip(valid.incidents, macs, strict=True))
        for i, person in enumerate(record.persons)
    ]
    contents = [
        int.from_bytes(hmac.digest(ctx.keys.reference, _encode(p), "sha256")[:8], "big", signed=True) for p in persons
    ]
    return Tagged(
        valid=valid,
        found=found,
        persons=persons,
        quarantined=_through_the_gate(batch, valid, persons, found),
        macs=macs,
        identities=[*identities, *(shadow.identity for shadow in shadows)],
        contents=contents,
        shadows=shadows,
    )


def alerts_on_chains(linked: Linked) -> Iterator[tuple[str, str]]:
    """Alerts (rule, what) on people who are too many to be one."""
    return (("alert|long_chain", f"component {c} of {n} people") for c, n in linked.long_chains.items())


def _as_sent(valid: Valid, raws: Mapping[int, bytes]) -> dict[tuple[int, int], Any]:
    """People of whom something could not be read, as they were sent, by positions of record and person; under -1 the locations.

    A name of the wrong type is a fault, and still the name of somebody who is protected.
    """
    found: dict[tuple[int, int], Any] = {}
    for position, faulty in valid.faults.items():
        document = what_can_be_read(raws[valid.offsets[position]]) or {}
        found[position, -1] = document.get("locations")
        found |= {(position, index): document["persons"][index] for index in faulty}
    return found


def incident_key(record: Incident) -> str:
    """What makes two records versions of one incident: the key of the topic, source force and incident id."""
    return f"{record.header.source_force}|{record.header.incident_id}"


def incident_mac(ctx: Context, text: str) -> bytes:
    """The keyed hash of an `incident_key`, by which the incident is known outside the vault."""
    return hmac.digest(ctx.keys.reference, b"incident|" + text.encode("utf-8", "surrogatepass"), "sha256")[:16]


def link_mac(ctx: Context, incident_id: str) -> bytes:
    """Links name an incident by its id alone, whatever force it belongs to."""
    return hmac.digest(ctx.keys.reference, b"link|" + incident_id.encode("utf-8", "surrogatepass"), "sha256")[:16]


# ---- the gate ---------------------------------------------------------------------------------------------------


def _through_the_gate(
    batch: Batch, valid: Valid, persons: Sequence[Person], found: Facts
) -> dict[tuple[int, str], str]:
    """Persons (by offset and ref) whose tags break a row rule, and the rules."""
    owner = found.incident.tolist()
    where = [batch.coordinate(offset) for offset in valid.offsets]
    frame = pd.DataFrame(
        {
            "coordinate": [where[i] for i in owner],
            "person_ref": [person.person_ref for person in persons],
            "standing": found.standing,
            "protections": found.own,
            "evidence": found.evidence,
            "caution": found.caution,
            "child": found.child,
            "high_risk": found.high_risk,
            "consent": found.consent,
            "victim_unprotected": ((found.standing & 4) != 0) & (found.own == 0),
        }
    )
    failed: dict[tuple[int, str], list[str]] = defaultdict(list)
    for rule, rows in judge("tagged_persons", frame, expected_rows=len(persons)).failed.items():
        for row in rows.tolist():
            failed[valid.offsets[owner[row]], persons[row].person_ref].append(rule)
    return {key: " ".join(rules) for key, rules in failed.items()}


def _quarantine_persons(conn: Connection, batch: Batch, rules: dict[tuple[int, str], str]) -> None:
    ids = ledger.coordinate_ids(conn, batch)
    for (offset, ref), names in rules.items():
        conn.execute(
            update(mention)
            .where(mention.c.coordinate_id == ids[offset], mention.c.person_ref == ref)
            .values(
                enforcement_state="quarantined",
                safeguarding_state="quarantined",
                enforcement_why=names,
                safeguarding_why=names,
            )
        )


# ---- people of quarantined records ------------------------------------------------------------------------------


def _shadows(batch: Batch, raws: Sequence[tuple[int, bytes]]) -> list[Shadow]:
    found = []
    for offset, raw_record in raws:
        document = what_can_be_read(raw_record)
        header = document.get("header") if isinstance(document, dict) else None
        header = header if isinstance(header, dict) else {}
        force, incident_id, version = (header.get(name) for name in ("source_force", "incident_id", "version"))
        force = force if isinstance(force, str) else ""
        key = f"{force}|{incident_id}" if isinstance(incident_id, str) and incident_id and force else None
        locations = document.get("locations") if isinstance(document, dict) else None
        number = version if isinstance(version, int) and not isinstance(version, bool) and 1 <= version < 2**31 else 0
        people = document.get("persons") if isinstance(document, dict) else None
        readable = [p for p in people if isinstance(p, dict)] if isinstance(people, list) else []
        # That there is a version which names nobody readable is known all the same.
        for index, raw in enumerate(readable or ([{}] if key is not None else [])):
            ref = raw.get("person_ref")
            anchor = f"{batch.coordinate(offset)}|{index}"
            found.append(
                Shadow(
                    offset=offset,
                    incident_key=key,
                    link_key=incident_id if isinstance(incident_id, str) else "",
                    version=number,
                    person_ref=ref if isinstance(ref, str) else f"?{index}",
                    identity=identity_of_raw(raw, force, locations, anchor),
                    accused_back=raw_counter_allegations(document),
                )
            )
    return found


# ---- recording --------------------------------------------------------------------------------------------------


def record_incidents(ctx: Context, conn: Connection, tagged: Tagged) -> tuple[list[int], list[tuple[Shadow, int]]]:
    """Adds incidents, widens those known, spreads counter-allegations.

    Returns:
        The incident of each record, and each shadow with its own: 0 where it cannot be read.
    """
    ids = _record_incidents(ctx, conn, tagged.valid, tagged.found, tagged.macs, tagged.shadows)
    of_shadow = [(s, 0 if s.incident_key is None else ids[incident_mac(ctx, s.incident_key)]) for s in tagged.shadows]
    return [ids[mac] for mac in tagged.macs], of_shadow


def _record_incidents(
    ctx: Context,
    conn: Connection,
    valid: Valid,
    found: Facts,
    macs: Sequence[bytes],
    shadows: Sequence[Shadow],
) -> dict[bytes, int]:
    """See `record_incidents`; returns ids by mac."""
    top: dict[bytes, int] = {}
    signals: dict[bytes, int] = {}
    linked: dict[bytes, bool] = {}
    link: dict[bytes, bytes] = {}
    targets: set[bytes] = set()
    for record, mac, bits, is_linked in zip(
        valid.incidents, macs, found.signals.tolist(), found.linked.tolist(), strict=True
    ):
        top[mac] = max(top.get(mac, 0), record.header.version)
        signals[mac] = signals.get(mac, 0) | bits
        linked[mac] = linked.get(mac, False) or is_linked
        if mac not in link:
            link[mac] = link_mac(ctx, record.header.incident_id)
        if is_linked:
            targets |= {link_mac(ctx, target) for target in counter_allegations(record)}
    for shadow in shadows:
        if shadow.incident_key is not None:
            mac = incident_mac(ctx, shadow.incident_key)
            top.setdefault(mac, 0)
            signals.setdefault(mac, 0)
            linked.setdefault(mac, False)
            link.setdefault(mac, link_mac(ctx, shadow.link_key))
            linked[mac] = linked[mac] or bool(shadow.accused_back)
        targets |= {link_mac(ctx, target) for target in shadow.accused_back}
    known: dict[bytes, tuple[int, int, int, bool]] = {}
    for part in chunks(top):
        widths = select(incident.c.mac, incident.c.id, incident.c.top_version, incident.c.signals, incident.c.linked)
        for mac, identifier, version, bits, is_linked in conn.execute(widths.where(incident.c.mac.in_(part))):
            known[bytes(mac)] = (identifier, version, bits, is_linked)
    named: set[bytes] = set()
    for part in chunks(set(link.values())):
        query = select(counter_allegation.c.link_mac).where(counter_allegation.c.link_mac.in_(part))
        named |= {bytes(mac) for (mac,) in conn.execute(query)}
    ids = {mac: row[0] for mac, row in known.items()}
    first = next_id(conn, incident)
    new: list[tuple[int, bytes, bytes, int, int, bool, bool]] = []
    changed = []
    for mac, version in top.items():
        is_linked = linked[mac] or link[mac] in named
        if mac in known:
            identifier, old_version, old_signals, old_linked = known[mac]
            changed.append(
                {
                    "key": identifier,
                    "top": max(version, old_version),
                    "bits": signals[mac] | old_signals,
                    "ties": is_linked or old_linked,
                }
            )
        else:
            ids[mac] = first + len(new)
            new.append((ids[mac], mac, link[mac], version, signals[mac], is_linked, True))
    insert_rows(conn, incident, ("id", "mac", "link_mac", "top_version", "signals", "linked", "dirty"), new)
    if changed:
        conn.execute(
            update(incident)
            .where(incident.c.id == bindparam("key"))
            .values(top_version=bindparam("top"), signals=bindparam("bits"), linked=bindparam("ties"), dirty=True),
            changed,
        )
    if targets:
        insert_rows(conn, counter_allegation, ("link_mac",), [(mac,) for mac in sorted(targets)], ignore=True)
        for part in chunks(sorted(targets)):
            conn.execute(
                update(incident)
                .where(incident.c.link_mac.in_(part), incident.c.linked.is_(False))
                .values(linked=True, dirty=True)
            )
    return ids


def mention_columns(
    coordinates: Mapping[int, int],
    tagged: Tagged,
    people: Sequence[int],
    of_record: Sequence[int],
    of_shadow: Sequence[tuple[Shadow, int]],
) -> dict[str, Sequence[Any]]:
    """What is said of each person, and then of each shadow, as a column for each fact; all but the mention's id.

    Args:
        coordinates: the id of each offset.
        tagged: what the records say.
        people: the registry's number of each person, then of each shadow.
        of_record: the incident of each record.
        of_shadow: each shadow and its incident.
    """
    valid, found = tagged.valid, tagged.found
    owner, count, others = found.incident.tolist(), len(tagged.persons), len(of_shadow)
    no, none = [False] * others, [0] * others
    columns: dict[str, Sequence[Any]] = {
        "coordinate_id": [coordinates[valid.offsets[i]] for i in owner] + [coordinates[s.offset] for s, _ in of_shadow],
        "incident_id": [of_record[i] for i in owner] + [incident_id for _, incident_id in of_shadow],
        "version": [valid.incidents[i].header.version for i in owner] + [s.version for s, _ in of_shadow],
        "person_ref": [person.person_ref for person in tagged.persons] + [s.person_ref for s, _ in of_shadow],
        "person_id": people,
        "content": [*tagged.contents, *none],
        "quarantined": [False] * count + [True] * others,
        "retracted": found.retracted[found.incident].tolist() + no,
        "rules": found.rules.tolist() + [BIT["indeterminate|quarantined"]] * others,
        "ties": [msgspec.json.encode(found.ties[i]).decode() if i in found.ties else None for i in range(count)]
        + [None] * others,
        "replayed": [0] * (count + others),
    }
    for name in ("standing", "own", "if_da", "if_ms", "evidence", "caution", "consent", "ie_consent"):
        columns[name] = getattr(found, name).tolist() + none
    for name in ("child", "high_risk", "assessed"):
        columns[name] = getattr(found, name).tolist() + no
    return columns


def insert_mentions(conn: Connection, columns: Mapping[str, Sequence[Any]]) -> None:
    """Adds mentions given by fact."""
    first = next_id(conn, mention)
    count = len(columns["person_ref"])
    every = {"id": range(first, first + count), **columns}
    insert_rows(conn, mention, FACTS, list(zip(*(every[name] for name in FACTS), strict=True)))


# ---- passing protection on --------------------------------------------------------------------------------------


def _protect(
    ctx: Context,
    conn: Connection,
    found: Facts,
    people: Any,
    incident_ids: Any,
    shadows: Sequence[tuple[Shadow, int]],
) -> dict[str, int]:
    """Gives everyone of the batch, and of other versions of its incidents, the protections they are due."""
    count = len(found.standing)
    people = np.asarray(people)
    several = _with_other_records(conn, incident_ids.tolist(), [i for _, i in shadows])
    rows = load_incidents(conn, several)
    within = effective(rows)
    if rows.count:
        unite_versions(ctx, conn, rows)
        _lift_replaced(ctx, conn, rows, within.protections)
    alone = ~np.isin(incident_ids[found.incident], np.fromiter(several, dtype=np.int64, count=len(several)))
    masks = np.where(alone, found.own, 0)
    unlinked = [n for n, (_, incident_id) in enumerate(shadows) if incident_id == 0]
    grown = ctx.registry.protect(
        conn,
        np.concatenate([people[:count], people[count:][unlinked], rows["person_id"]]),
        np.concatenate([masks, np.full(len(unlinked), _INDETERMINATE), within.passed_on]),
    )
    touch_people(conn, ctx.registry.members(conn, grown))
    return {
        "persons": count,
        "protected": int(np.count_nonzero(found.own)),
        "indeterminate": int(np.count_nonzero(found.own & _INDETERMINATE)),
    }


def _with_other_records(conn: Connection, incident_ids: Sequence[int], of_shadows: Sequence[int]) -> set[int]:
    """Of the batch's incidents, those with more than one record, or with someone named in a quarantined one."""
    seen: set[int] = set()
    several = {i for i in of_shadows if i}
    for i in incident_ids:
        (several if i in seen else seen).add(i)
    for part in chunks(seen - several):
        query = (
            select(mention.c.incident_id)
            .where(mention.c.incident_id.in_(part))
            .group_by(mention.c.incident_id)
            .having(
                (func.count(mention.c.coordinate_id.distinct()) > 1)
                | (func.max(mention.c.version) != func.min(mention.c.version))
            )
        )
        several |= {i for (i,) in conn.execute(query)}
    return several


def unite_versions(ctx: Context, conn: Connection, rows: Rows) -> None:
    """The same person_ref in another version is the same person, whatever was corrected."""
    by_group: dict[int, int] = {}
    pairs = []
    for group, person in zip(rows.who.tolist(), rows["person_id"].tolist(), strict=True):
        other = by_group.setdefault(group, person)
        if other != person:
            pairs.append((other, person))
    if pairs:
        touch_people(conn, ctx.registry.unite(conn, pairs))


def _lift_replaced(ctx: Context, conn: Connection, rows: Rows, protections: Any) -> None:
    """Takes back INDETERMINATE from those named in a quarantined record that a valid one has replaced (spec 6.5)."""
    replaced = (rows["quarantined"] != 0) & ((protections & _INDETERMINATE) == 0)
    if not replaced.any():
        return
    groups = set(rows.who[replaced].tolist())
    people = sorted({int(p) for g, p in zip(rows.who.tolist(), rows["person_id"].tolist(), strict=True) if g in groups})
    recompute(ctx, conn, people)


def recompute(ctx: Context, conn: Connection, people: Iterable[int]) -> None:
    """Gives people exactly the protections that follow from all facts: what was taken back from them is gone."""
    for part in chunks(sorted(set(people))):
        of_them = {
            i for (i,) in conn.execute(select(mention.c.incident_id).where(mention.c.person_id.in_(part)).distinct())
        }
        all_rows = load_incidents(conn, of_them)
        everywhere = effective(all_rows).passed_on
        masks = dict.fromkeys(part, 0)
        for person, mask in zip(all_rows["person_id"].tolist(), everywhere.tolist(), strict=True):
            if person in masks:
                masks[person] |= mask
        unreadable = select(mention.c.person_id, mention.c.replayed).where(
            mention.c.person_id.in_(part), mention.c.incident_id == 0
        )
        for person, replayed in conn.execute(unreadable):
            masks[person] |= LIFTED if replayed else _INDETERMINATE
        components = np.unique(ctx.registry.components(conn, part))
        before = ctx.registry.protections(conn, components)
        ctx.registry.reset(conn, masks)
        lost = components[ctx.registry.protections(conn, components) != before]
        touch_people(conn, ctx.registry.members(conn, lost.tolist()))


def touch_people(conn: Connection, people: Ints) -> None:
    """Marks every incident dirty that names someone of whom more, or less, is known to be protected than before."""
    for part in chunks(people.tolist()):
        conn.execute(
            update(incident)
            .where(
                incident.c.dirty.is_(False),
                incident.c.id.in_(select(mention.c.incident_id).where(mention.c.person_id.in_(part))),
            )
            .values(dirty=True)
        )
