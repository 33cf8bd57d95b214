"""validate: typed decoding and the contract, then the gates over incidents and persons.

A record that breaks the contract or a row rule is quarantined by rule id and the rest go on. A table rule that fails, or
an expectation that raises, fails the whole batch (spec 2, 6.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from expectations.gate import judge
from pipelines.batches import Batch
from pipelines.context import Context
from pipelines.contracts import decode
from pipelines.contracts.codes import Role
from pipelines.contracts.decode import Accepted, Rejected, instant
from pipelines.contracts.incident import Incident
from pipelines.stages.land import Landed, alerts_on
from pipelines.stores import ledger
from pipelines.stores.database import writing
from pipelines.tagging.facts import DOB_ABSENT, DOB_OK, read_dob


class Valid(msgspec.Struct, frozen=True):
    """What `validate` leaves in the vault: the accepted records of a batch."""

    offsets: list[int]
    incidents: list[Incident]
    faults: dict[int, dict[int, tuple[str, ...]]]
    """By position in `incidents`, then by person: the rules their data broke."""

    def accepted(self) -> list[Accepted]:
        """The accepted records, with their faults."""
        return [Accepted(incident, self.faults.get(i, {})) for i, incident in enumerate(self.incidents)]


def validate(ctx: Context, batch: Batch) -> dict[str, int]:
    """Validates a landed batch.

    Returns:
        Counts of records valid and quarantined here, of faulty persons, and of warnings.

    Raises:
        GateError: if a table rule failed or an expectation raised; nothing of the batch goes on.
    """
    started = ctx.timer()
    with ctx.db.connect() as conn:
        if ledger.is_done(conn, batch, "validate"):
            return {}
        quarantined = ledger.quarantined_offsets(conn, batch)
    before = {offset for offset, _rules in quarantined.items()}
    landed = ctx.vault.get(f"landed/{batch}", Landed)

    valid, rejected, warnings = valid_of(batch, ((offset, raw) for offset, raw in landed if offset not in before))
    ctx.vault.put(f"valid/{batch}", valid, apart="incidents")
    counts = {
        "valid": len(valid.offsets),
        "quarantined": len(rejected),
        "faulty_persons": sum(len(f) for f in valid.faults.values()),
        "warnings": warnings,
    }
    with writing(ctx.db) as conn:
        now = ctx.now()
        ledger.quarantine(conn, batch, "validate", rejected, now)
        ledger.raise_alerts(conn, alerts_on(batch, rejected, dict(landed)) if rejected else (), now)
        ledger.set_done(conn, batch, "validate", now, ctx.timer() - started, counts)
    return counts


def valid_of(batch: Batch, records: Iterable[tuple[int, bytes]]) -> tuple[Valid, dict[int, tuple[str, ...]], int]:
    """Judges records that are strict JSON, by offset: (those valid, the rules broken by the others, how many warnings).

    Raises:
        GateError: if a table rule failed or an expectation raised.
    """
    rejected: dict[int, tuple[str, ...]] = {}
    offsets: list[int] = []
    accepted: list[Accepted] = []
    for offset, raw in records:
        verdict = decode.typed(raw)
        if isinstance(verdict, Rejected):
            rejected[offset] = verdict.rules
        else:
            offsets.append(offset)
            accepted.append(verdict)
    failed, warnings = _through_the_gates(batch, offsets, accepted)
    for position, rules in failed.items():
        rejected[offsets[position]] = rules
    kept = [i for i in range(len(accepted)) if i not in failed]
    valid = Valid(
        offsets=[offsets[i] for i in kept],
        incidents=[accepted[i].incident for i in kept],
        faults={n: accepted[i].faults for n, i in enumerate(kept) if accepted[i].faults},
    )
    return valid, rejected, warnings


def _through_the_gates(
    batch: Batch, offsets: Sequence[int], records: Sequence[Accepted]
) -> tuple[dict[int, tuple[str, ...]], int]:
    """(rules failed by position of the record, how many warnings)."""
    incidents, persons, owner = _frames(batch, offsets, records)
    failed: dict[int, list[str]] = {}
    landed = judge("landed_incidents", incidents, expected_rows=len(records))
    for rule, rows in landed.failed.items():
        for row in rows.tolist():
            failed.setdefault(row, []).append(rule)
    people = judge("landed_persons", persons, expected_rows=len(owner))
    for rule, rows in people.failed.items():
        for row in sorted(set(owner[rows].tolist())):
            failed.setdefault(row, []).append(rule)
    warnings = sum(result.failed for result in (*landed.results, *people.results) if not result.success)
    return {position: tuple(rules) for position, rules in failed.items()}, warnings


_ROLES = frozenset(Role)
_DOB_STATES = {DOB_OK: "OK", DOB_ABSENT: "ABSENT"}


def _frames(
    batch: Batch, offsets: Sequence[int], records: Sequence[Accepted]
) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray[Any, np.dtype[np.int64]]]:
    """The frames the gates judge, and for each person the position of their record."""
    where = [batch.coordinate(offset) for offset in offsets]
    incidents = [record.incident for record in records]
    headers = [incident.header for incident in incidents]
    recorded = pd.to_datetime([instant(h.recorded_ts) for h in headers], utc=True).as_unit("us")
    event = pd.to_datetime([instant(h.event_ts) for h in headers], utc=True).as_unit("us")
    frame = pd.DataFrame(
        {
            "coordinate": where,
            "schema_version": [h.schema_version for h in headers],
            "source_system": [h.source_system for h in headers],
            "source_force": [h.source_force for h in headers],
            "version": np.array([h.version for h in headers], dtype=np.int64),
            "change_type": [h.change_type for h in headers],
            "recorded_ts": recorded,
            "event_ts": event,
            "recorded_before_event_s": np.clip(
                np.nan_to_num((event - recorded).total_seconds().to_numpy(dtype=float)), 0, None
            ),
            "persons": np.array([len(i.persons) for i in incidents], dtype=np.int64),
            "offences": np.array([len(i.offences or ()) for i in incidents], dtype=np.int64),
            "relations": np.array([len(i.relations or ()) for i in incidents], dtype=np.int64),
            "narrative_chars": np.array(
                [sum(len(n.text or "") for n in i.narrative or ()) for i in incidents], dtype=np.int64
            ),
        }
    )
    owner = np.repeat(np.arange(len(records)), [len(i.persons) for i in incidents]) if records else np.zeros(0, int)
    persons = [person for incident in incidents for person in incident.persons]
    faults = np.zeros(len(persons), dtype=np.int64)
    first = 0
    for record in records:
        for index, broken in record.faults.items():
            faults[first + index] = len(broken)
        first += len(record.incident.persons)
    people = pd.DataFrame(
        {
            "coordinate": [where[i] for i in owner.tolist()],
            "person_ref": [p.person_ref for p in persons],
            "roles": np.array([len(p.roles) for p in persons], dtype=np.int64),
            "known_roles": np.array([sum(r in _ROLES for r in p.roles) for p in persons], dtype=np.int64),
            "dob_state": [_DOB_STATES.get(read_dob(p.dob)[0], "INVALID") for p in persons],
            "faults": faults,
            "risk_score": np.array(
                [np.nan if p.risk is None or p.risk.score is None else float(p.risk.score) for p in persons],
                dtype=float,
            ),
            "risk_level": pd.Series([p.risk.level if p.risk else None for p in persons], dtype="str"),
            "assessment": pd.Series(
                [p.immigration.assessment if p.immigration else None for p in persons], dtype="str"
            ),
        }
    )
    return frame, people, owner
