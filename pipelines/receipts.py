"""Receipts and decision rows: the same words for the audit log, the decisions file and the explanation.

What many rows share is encoded once: a batch has thousands of decisions and a few hundred distinct ones.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from pipelines.contracts.codes import Evidence, Protection, Recipient, Standing, names
from pipelines.tagging.rules import rule_ids

SCHEMA = "cordon.receipt.v1"
_encode = msgspec.json.Encoder().encode

_PURPOSE = {
    Recipient.ENFORCEMENT: ("IMMIGRATION_OFFENCE_INVESTIGATION", "IAA1999_S20"),
    Recipient.SAFEGUARDING: ("SAFEGUARDING", "DPA2018_SCH8_SAFEGUARDING"),
}


@lru_cache(maxsize=65536)
def _shared(
    recipient: str,
    decision: str,
    standing: int,
    protections: int,
    evidence: int,
    why: str,
    fired: int,
    regime: str,
    digest: str,
) -> bytes:
    """Everything of a decision row after coordinate and person, as JSON members."""
    return _encode(
        {
            "recipient": recipient,
            "decision": decision,
            "standing": names(standing, Standing),
            "protections": names(protections, Protection),
            "evidence": Evidence(evidence).name,
            "reasons": why.split(),
            "rules": list(rule_ids(fired)),
            "regime": regime,
            "policy_digest": digest,
        }
    )[1:]


@lru_cache(maxsize=4096)
def _ref(person_ref: str) -> bytes:
    return _encode(person_ref)


class Decisions:
    """The decision rows of records, one after the other: what records and rows share is encoded once (spec 4)."""

    __slots__ = ("_coordinate", "_opening", "_record")

    def __init__(self, opening: bytes = b"{") -> None:
        """`opening` comes before the members of every row: an open brace, or a receipt's own members."""
        self._opening = opening
        self._record = b""
        self._coordinate = ""

    def row(
        self,
        coordinate: str,
        person_ref: str,
        recipient: str,
        decision: str,
        standing: int,
        protections: int,
        evidence: int,
        why: str,
        fired: int,
        regime: str,
        digest: str,
    ) -> bytes:
        """One row: a line of `decisions.jsonl`, or the receipt of that decision."""
        if coordinate != self._coordinate:
            self._coordinate = coordinate
            self._record = b'%s"coordinate":%s,"person_ref":' % (self._opening, _encode(coordinate))
        shared = _shared(recipient, decision, standing, protections, evidence, why, fired, regime, digest)
        return b"%s%s,%s" % (self._record, _ref(person_ref), shared)


@lru_cache(maxsize=64)
def _opening(op: str, actor: str, at: str, unit: str) -> bytes:
    return _encode({"schema": SCHEMA, "op": op, "at": at, "actor": actor, "unit": unit})[:-1]


def decision_receipts(stage: str, at: datetime, unit: str) -> Decisions:
    """The receipts of decisions: who decided, when, as part of what, and the row itself."""
    return Decisions(_opening("decision", service(stage), at.isoformat(), unit) + b",")


def work_receipt(op: str, actor: str, at: datetime, unit: str, **facts: Any) -> bytes:
    """The receipt of a piece of work (disclosure, release, approval, ...): ids and counts only."""
    return _opening(op, actor, at.isoformat(), unit) + b"," + _encode(facts)[1:]


def service(stage: str) -> str:
    """The actor of what the pipeline does by itself."""
    return f"service:cordon/{stage}"


def named_person(staff_id: str) -> str:
    """The actor of what somebody decides."""
    return f"person:{staff_id}"


def purpose_of(recipient: Recipient) -> tuple[str, str]:
    """(purpose, legal basis) of a disclosure to a recipient."""
    return _PURPOSE[recipient]
