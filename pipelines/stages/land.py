"""land: raw bytes of a range of offsets, strictly decoded, sealed in the vault, recorded in the ledger.

Order of work, each step durable before the next: vault, then ledger. A crash between them means landing again, which
overwrites the same object with the same bytes.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from pipelines.batches import Batch
from pipelines.context import Context
from pipelines.contracts import decode
from pipelines.stores import ledger
from pipelines.stores.database import writing

#: What `land` leaves in the vault: every record of the batch, the broken ones too, so that they can be replayed.
Landed = list[tuple[int, bytes]]


def land(ctx: Context, batch: Batch, records: Iterable[tuple[int, bytes]]) -> dict[str, int]:
    """Lands a batch. Records that are not strict JSON of a known version are quarantined; their neighbours go on.

    Returns:
        Counts of records landed, new and quarantined.

    Raises:
        UsageError: if a coordinate was landed before with other bytes; nothing is written.
    """
    started = ctx.timer()
    landed: Landed = list(records)
    digests = {offset: digest(ctx, raw) for offset, raw in landed}
    with ctx.db.connect() as conn:
        known = ledger.known_digests(conn, batch.topic, batch.partition, batch.first, batch.last)
        ledger.refuse_other_bytes(batch, known, digests)
        if ledger.is_done(conn, batch, "land") and known.keys() >= digests.keys():
            return {"landed": len(landed), "new": 0, "quarantined": len(ledger.quarantined_offsets(conn, batch))}
        elsewhere = ledger.landed_elsewhere(conn, batch)
    if elsewhere:
        landed = [record for record in landed if record[0] not in elsewhere]
    rejected, unknown = _judge(landed)
    ctx.vault.put(f"landed/{batch}", landed)
    with writing(ctx.db) as conn:
        new = ledger.record_landed(conn, batch, digests)
        now = ctx.now()
        ledger.quarantine(conn, batch, "land", rejected, now)
        ledger.raise_alerts(conn, alerts_on(batch, rejected, dict(landed)), now)
        counts = {"landed": len(landed), "new": new, "quarantined": len(rejected), "unknown_fields": unknown}
        ledger.set_done(conn, batch, "land", now, ctx.timer() - started, counts)
    return counts


def digest(ctx: Context, raw: bytes) -> bytes:
    """The keyed hash by which the ledger knows a record's bytes."""
    return hmac.digest(ctx.keys.reference, raw, "sha256")[:16]


def _judge(landed: Landed) -> tuple[dict[int, tuple[str, ...]], int]:
    """(rules broken by offset, fields on no list in the others)."""
    unknown = 0
    rejected: dict[int, tuple[str, ...]] = {}
    for offset, raw in landed:
        verdict = decode.strict(raw)
        if isinstance(verdict, decode.Rejected):
            rejected[offset] = verdict.rules
        else:
            unknown += decode.count_unknown(verdict)
    return rejected, unknown


def alerts_on(batch: Batch, rejected: Iterable[int], raws: dict[int, bytes]) -> list[tuple[str, str]]:
    """Alerts (rule, coordinate) on quarantined records: risk that can still be read, bytes that cannot (spec 6.5, 6.6)."""
    found = []
    for offset in rejected:
        document = decode.what_can_be_read(raws[offset])
        if document is None and raws[offset].strip():
            found.append(("alert|undecodable", batch.coordinate(offset)))
        elif decode.shows_high_risk(document):
            found.append(("alert|high_risk_in_quarantine", batch.coordinate(offset)))
    return found
