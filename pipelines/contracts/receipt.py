"""`cordon.receipt.v1`, `cordon.quarantine.v1` and a checkpoint: what the internal topics carry. No values in any."""

from __future__ import annotations

from typing import Literal

import msgspec


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One decision, disclosure, run or word of a named person, with the fields of DPA 2018 s.62 and of product policy.

    Which of the optional fields are there depends on `op`: a decision has the decision's, a disclosure the message's, an
    approval or refusal those of the hold it is about, a replay those of the record, or counts.
    """

    schema: Literal["cordon.receipt.v1"]
    op: Literal["decision", "disclosure", "release", "approval", "refusal", "replay"]
    at: str
    actor: str
    unit: str
    coordinate: str | None = None
    person_ref: str | None = None
    recipient: str | None = None
    decision: str | None = None
    standing: list[str] | None = None
    protections: list[str] | None = None
    evidence: str | None = None
    reasons: list[str] | None = None
    rules: list[str] | None = None
    regime: str | None = None
    policy_digest: str | None = None
    msg_id: str | None = None
    purpose: str | None = None
    legal_basis: str | None = None
    value_sha256: str | None = None
    subjects: int | None = None
    withdrawals: int | None = None
    waiting: int | None = None
    review_id: str | None = None
    reason_code: str | None = None
    approvals: int | None = None
    needed: int | None = None
    fate: str | None = None
    records: int | None = None
    changed: int | None = None


class Quarantine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record that was set aside: where, at which stage, by which rules, when."""

    schema: Literal["cordon.quarantine.v1"]
    coordinate: str
    stage: str
    rules: list[str]
    at: str


class SignedCheckpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    r"""The root of the audit log at a size, signed with Ed25519 over `cordon.audit.v1\nsize\nroot\nat\n`."""

    size: int
    root: str
    at: str
    signature: str
