"""Tables of the registry: keyed numbers and sealed forms, nothing readable (spec 6.15)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table

from pipelines.stores.metadata import metadata

#: SQLite gives a row number of its own only to a column of type INTEGER.
_ID = BigInteger().with_variant(Integer(), "sqlite")

#: One row per distinct comparison form. `component` is the smallest id of those linked with it, directly or by a chain.
registry_person = Table(
    "registry_person",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("form_mac", LargeBinary(16), nullable=False, unique=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("component", BigInteger, nullable=False),
    Column("protections", Integer, nullable=False, default=0, server_default="0"),
    Index("ix_registry_person_component", "component"),
)

#: Where a form is filed: truncated HMACs of its blocking labels. No foreign key: rows are written with their person, only then,
#: and a check per row is what a batch of a hundred thousand cannot afford.
registry_token = Table(
    "registry_token",
    metadata,
    Column("mac", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", _ID, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
