"""The tables of ledger, decisions, pending, outbox and audit. Those of the registry are in `registry_tables`.

No column holds a personal value in the clear: incidents are keyed hashes, people are registry numbers, contents are
sealed. `person_ref` is local to its incident and means nothing outside it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from pipelines.stores.metadata import metadata
from pipelines.stores.registry_tables import registry_block, registry_outline, registry_person, registry_run

__all__ = ["metadata", "registry_block", "registry_outline", "registry_person", "registry_run"]

#: A 64-bit key; on SQLite plain INTEGER, so that it is the row id itself.
Key = BigInteger().with_variant(Integer(), "sqlite")


def _partial(name: str, column: str, condition: str) -> Index:
    """An index of the few rows that are looked for by it: the others cost nothing to insert."""
    return Index(name, column, sqlite_where=text(condition), postgresql_where=text(condition))


#: What this state was made with: regime, schema.
setting = Table(
    "setting", metadata, Column("name", String(64), primary_key=True), Column("value", Text, nullable=False)
)

#: Regimes in force when decisions were made, by digest.
policy = Table(
    "policy",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("regime", String(64), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
)

#: Every input record ever seen. `digest` is a keyed hash of its bytes.
coordinate = Table(
    "coordinate",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("topic", String(249), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("batch", String(320), nullable=False),
    Column("stage", String(16)),
    Column("rules", Text),
    Column("quarantined_at", String(32)),
    UniqueConstraint("topic", "partition", "offset"),
    Index("ix_coordinate_batch", "batch"),
)

#: Every incident ever seen, by keyed hash. `signals` and `linked` are unions over versions and only grow.
incident = Table(
    "incident",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("mac", LargeBinary, nullable=False, unique=True),
    Column("link_mac", LargeBinary, nullable=False, index=True),
    Column("top_version", Integer, nullable=False),
    Column("signals", SmallInteger, nullable=False),
    Column("linked", Boolean, nullable=False),
    Column("dirty", Boolean, nullable=False, server_default=false()),
    _partial("ix_incident_dirty", "id", "dirty"),
)

#: Counter-allegations that name an incident, which may not have arrived yet.
counter_allegation = Table(
    "counter_allegation",
    metadata,
    Column("link_mac", LargeBinary, primary_key=True),
)

_FACTS: tuple[Column[Any], ...] = (
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("coordinate_id", BigInteger, nullable=False, index=True),
    Column("incident_id", BigInteger, nullable=False, index=True),
    Column("version", BigInteger, nullable=False),
    Column("person_ref", Text, nullable=False),
    Column("person_id", BigInteger, nullable=False, index=True),
    Column("content", BigInteger, nullable=False),
    Column("quarantined", Boolean, nullable=False),
    Column("standing", SmallInteger, nullable=False),
    Column("own", SmallInteger, nullable=False),
    Column("if_da", SmallInteger, nullable=False),
    Column("if_ms", SmallInteger, nullable=False),
    Column("evidence", SmallInteger, nullable=False),
    Column("caution", SmallInteger, nullable=False),
    Column("child", Boolean, nullable=False),
    Column("high_risk", Boolean, nullable=False),
    Column("assessed", Boolean, nullable=False),
    Column("consent", SmallInteger, nullable=False),
    Column("ie_consent", SmallInteger, nullable=False),
    Column("retracted", Boolean, nullable=False),
    Column("rules", BigInteger, nullable=False),
    Column("ties", Text),
    Column("replayed", SmallInteger, nullable=False, server_default="0"),
)
#: What a record says of a person, in the order of the columns: written once, and changed by a replay of that record only.
FACTS = tuple(column.name for column in _FACTS)

#: A person in one record: first what the record says, then what follows from everything known.
mention = Table(
    "mention",
    metadata,
    *_FACTS,
    Column("protections", SmallInteger),
    Column("fired", BigInteger),
    Column("policy_id", Integer),
    Column("enforcement", String(20)),
    Column("enforcement_why", Text),
    Column("enforcement_state", String(12)),
    Column("safeguarding", String(20)),
    Column("safeguarding_why", Text),
    Column("safeguarding_state", String(12)),
    Column("msg_id", String(36)),
    Column("referral_id", String(36)),
    Column("run", Integer, nullable=False, server_default="0"),
    _partial("ix_mention_msg_id", "msg_id", "msg_id IS NOT NULL"),
    _partial("ix_mention_referral_id", "referral_id", "referral_id IS NOT NULL"),
)

#: Enforcement drafts: one for each current mention that may be released, through the embargo and while it stands.
#: `subject_key` names person and offence, `content_key` the exact content.
draft = Table(
    "draft",
    metadata,
    Column("mention_id", BigInteger, primary_key=True, autoincrement=False),
    Column("subject_key", LargeBinary, nullable=False),
    Column("content_key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("recorded_ts", String(32), nullable=False),
    Column("due", String(32), nullable=False),
)

#: What enforcement was told. It stands until `withdrawn_by` names the message that took it back.
subject = Table(
    "subject",
    metadata,
    Column("msg_id", String(36), primary_key=True),
    Column("subject_key", LargeBinary, nullable=False),
    Column("content_key", LargeBinary, nullable=False, index=True),
    Column("release_run", Integer, nullable=False),
    Column("withdrawn_by", String(36)),
)

#: Messages ready to be sent, each exactly once. `mark` and `sequence` name the atomic unit they belong to.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message_id", String(64), nullable=False, unique=True),
    Column("mark", String(300), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("topic", String(249), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("sent", Boolean, nullable=False, server_default=false()),
    Index("ix_outbox_mark", "mark", "sequence"),
)

#: One run of the release stage, also when there was nothing to release: cadence is the run and its receipt.
release_run = Table(
    "release_run",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("subjects", Integer, nullable=False),
    Column("withdrawals", Integer, nullable=False),
    Column("sent", Boolean, nullable=False, server_default=false()),
)

#: What is done between batches, at a named human's word, one row an act. Its receipts and messages are a unit of their own.
act = Table(
    "act",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sent", Boolean, nullable=False, server_default=false()),
    _partial("ix_act_unsent", "number", "NOT sent"),
)

#: What named people said of holds. It counts for exactly the `state` it was said of, a keyed digest of what was held.
review = Table(
    "review",
    metadata,
    Column("act", Integer, primary_key=True, autoincrement=False),
    Column("mention_id", BigInteger, nullable=False, index=True),
    Column("recipient", String(16), nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("person", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("state", LargeBinary, nullable=False),
)

#: What somebody must look at: rule and coordinate, no value.
alert = Table(
    "alert",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("coordinate", Text, nullable=False),
    UniqueConstraint("rule", "coordinate"),
)

#: Each stage of each batch that is done, with its counts (numbers by name, as JSON).
stage_done = Table(
    "stage_done",
    metadata,
    Column("batch", String(320), primary_key=True),
    Column("stage", String(16), primary_key=True),
    Column("at", String(32), nullable=False),
    Column("seconds", String(16), nullable=False),
    Column("counts", Text, nullable=False),
)

#: The Merkle log: one row per segment of receipts, with the tree after it (RFC 6962).
audit_segment = Table(
    "audit_segment",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
    Column("name", String(400), nullable=False, unique=True),
    Column("receipts", LargeBinary, nullable=False),
    Column("frontier", Text, nullable=False),
    Column("checkpoint", Text, nullable=False),
)
