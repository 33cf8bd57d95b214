"""Tables of the registry: keyed numbers and sealed forms, nothing readable (spec 6.15)."""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Table, event

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
    # With the protections: what protects a component of thousands is read without reading its people.
    Index("ix_registry_person_component", "component", "protections"),
)

#: Where forms are filed, as `registry_index` keeps it: runs of sorted tokens (truncated HMACs of blocking labels).
registry_run = Table(
    "registry_run",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("bits", SmallInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
)

#: The blocks of a run: 64 bits of each token in order, then the 32-bit numbers of the people filed under them.
registry_block = Table(
    "registry_block",
    metadata,
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("entries", LargeBinary, nullable=False),
)

#: Sealed outlines of up to 256 people who follow one another, the number of the first, and that number by 256.
registry_outline = Table(
    "registry_outline",
    metadata,
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)

#: PostgreSQL would look for a shorter form of random bytes, and put them elsewhere.
for table, column in ((registry_block, "entries"), (registry_outline, "sealed")):
    event.listen(
        table,
        "after_create",
        DDL(f"ALTER TABLE {table.name} ALTER COLUMN {column} SET STORAGE MAIN").execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call] # SQLAlchemy leaves it untyped
    )

#: Every table of the registry.
TABLES = [registry_person, registry_run, registry_block, registry_outline]
