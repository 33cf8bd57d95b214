"""SQLite and PostgreSQL hold the same: one schema, and the same outputs byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from pipelines.context import open_context
from pipelines.contracts.codes import Recipient, Role
from pipelines.flow import run
from pipelines.replay import replay
from pipelines.review import approve, holds, refuse
from pipelines.settings import Settings
from pipelines.sources.synthetic import generate
from pipelines.stores.database import open_database
from pipelines.stores.tables import metadata
from tests.stages.test_replay import INTERPRETER, record, refused, roles_unknown
from tests.stages.world import VICTIM, World, domestic, incident, person

pytestmark = pytest.mark.e2e


@pytest.fixture
def empty_postgres(postgres_url: str) -> str:
    """The URL of a database without a table in it."""
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(text("DROP SCHEMA public CASCADE"))
        conn.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return postgres_url


def test_the_migrations_make_the_tables_the_code_uses(empty_postgres: str, tmp_path: Path) -> None:
    """A database brought up by the migrations differs in nothing from what the code declares, on either kind."""
    for url in (empty_postgres, f"sqlite:///{tmp_path / 'new.db'}"):
        engine = open_database(url)
        with engine.connect() as conn:
            assert compare_metadata(MigrationContext.configure(conn), metadata) == []
        engine.dispose()


def test_the_same_outputs_byte_for_byte(empty_postgres: str, tmp_path: Path) -> None:
    """The same records give the same messages, decisions, ledger and audit log, whichever database keeps the state."""
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"".join(line + b"\n" for line in generate(400, 9, faults=0.03)))
    for name, url in (("postgres", empty_postgres), ("sqlite", "")):
        variables = {"CORDON_HOME": str(tmp_path / name), "CORDON_BATCH_SIZE": "150"}
        settings = Settings.from_env({**variables, **({"CORDON_DATABASE_URL": url} if url else {})})
        run(settings, source, tmp_path / f"out-{name}", now=datetime(2026, 11, 24, 9, tzinfo=UTC), seed=3)
    ours, theirs = tmp_path / "out-postgres", tmp_path / "out-sqlite"
    files = sorted(path.relative_to(ours) for path in ours.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(theirs) for path in theirs.rglob("*") if path.is_file())
    assert len(files) >= 10
    for path in files:
        assert (ours / path).read_bytes() == (theirs / path).read_bytes(), str(path)


def test_reviews_and_replays_are_alike(empty_postgres: str, tmp_path: Path) -> None:
    """What named people and replays do has the same receipts, decisions and states on either kind."""
    outcomes = []
    for name, url in (("postgres", empty_postgres), ("sqlite", "")):
        folder = tmp_path / name
        folder.mkdir()
        world = World(folder, **({"CORDON_DATABASE_URL": url} if url else {}))
        with roles_unknown(Role.INTERPRETER), refused("SPLIT"):
            world.run(
                incident(1, INTERPRETER),
                record(2),
                domestic(3, person(VICTIM, risk=None, nominal_id="N3")),
                release=False,
            )
        with open_context(world.settings, seed=7) as opened:
            ctx = opened.at(datetime(2026, 11, 23, 10, tzinfo=UTC))
            replay(ctx, ["in0.jsonl[0]@0", "in0.jsonl[0]@2"])
            replay(ctx, quarantined=True)
            found = holds(ctx)
            for hold in found:
                reason = "CONSENT_OBTAINED"
                approve(
                    ctx,
                    hold.coordinate,
                    hold.person_ref,
                    Recipient(hold.recipient),
                    by="S1",
                    reason=reason,
                    review_id=hold.review_id,
                )
            refuse(ctx, "in0.jsonl[0]@0", "p2", Recipient.ENFORCEMENT, by="S2", reason="DUPLICATE")
        out = world.run(now="2026-11-28T09:00:00+00:00")
        files = ("audit/receipts.jsonl", "ledger.json", "decisions.jsonl", "safeguarding.referrals.v1.jsonl")
        outcomes.append((found, [(out.folder / file).read_bytes() for file in files]))
    assert outcomes[0][0]
    assert outcomes[0] == outcomes[1]
