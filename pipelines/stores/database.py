"""Opening the database: SQLite by default, PostgreSQL by URL, the schema brought up to date by Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from pipelines.errors import StoreError

_MIGRATIONS = Path(__file__).parent / "migrations"
#: Any number, the same in every process: the PostgreSQL advisory lock of the one writer at a time.
_WRITER_LOCK = 0x0C0D0_0001


def open_database(url: str) -> Engine:
    """Opens the database and migrates it to the newest schema.

    Raises:
        StoreError: if it cannot be opened or migrated.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql" and parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    try:
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, hide_parameters=True)
        if parsed.get_backend_name() == "sqlite":
            _prepare_sqlite(engine)
        migrate(engine)
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(
            f"the database cannot be opened: {type(error).__name__}; check `CORDON_DATABASE_URL`"
        ) from None
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions on its own: `writing` does, before the first read.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 60000")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA cache_size = -131072")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.close()


def migrate(engine: Engine) -> None:
    """Brings the schema to the newest revision; safe when several processes start at once."""
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect() as conn:
        if MigrationContext.configure(conn).get_current_revision() == newest:
            return
    with writing(engine) as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, "head")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction of the one writer at a time: what it reads cannot change before it commits."""
    with engine.connect() as conn:
        if engine.dialect.name == "sqlite":
            conn.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield conn
            except BaseException:
                conn.exec_driver_sql("ROLLBACK")
                raise
            conn.exec_driver_sql("COMMIT")
        else:
            with conn.begin():
                conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITER_LOCK})
                yield conn
