"""What a stage is given: the open stores, the keys, the policy in force, a clock. Opened once, closed once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Engine as Database
from sqlalchemy import select

from pipelines.errors import StoreError, UsageError
from pipelines.settings import Settings
from pipelines.stores.bulk import insert_rows
from pipelines.stores.database import open_database, writing
from pipelines.stores.keys import Keys
from pipelines.stores.registry import Registry
from pipelines.stores.tables import setting
from pipelines.stores.vault import Vault
from policy.engine import Engine


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a stage may touch."""

    settings: Settings
    db: Database
    vault: Vault
    registry: Registry
    keys: Keys
    policy: Engine
    now: Callable[[], datetime]
    timer: Callable[[], float]
    """Seconds, for durations. Stands still where the clock does, so that a run with a fixed moment repeats every byte."""
    run: int = 0
    """Number of this `cordon run` over its state; decisions made or changed by it carry it. 0 in operation."""

    def at(self, moment: datetime) -> Context:
        """The same context at a fixed moment."""
        return msgspec.structs.replace(self, now=lambda: moment)


def _clock() -> datetime:
    return datetime.now(UTC)


@contextmanager
def open_context(settings: Settings, *, now: datetime | None = None, seed: int | None = None) -> Iterator[Context]:
    """Opens the stores and loads the policy; closes them in the end.

    A fixed `now` and `seed` make every byte repeatable; the seed stands in for the secrets and is for tests and what-if
    runs only.

    Raises:
        UsageError: for an unknown regime, or a weaker one than the state was made with, not acknowledged.
        StoreError: if a store cannot be opened.
    """
    policy = load_policy(settings)
    db = open_database(settings.database_url)
    try:
        keys = _keys(db, settings, seed)
        accept_regime(db, settings)
        yield Context(
            settings=settings,
            db=db,
            vault=Vault(settings.vault_url, keys.vault),
            registry=Registry(keys),
            keys=keys,
            policy=policy,
            now=_clock if now is None else lambda: now,
            timer=time.monotonic if now is None else lambda: 0.0,
        )
    finally:
        db.dispose()


def _keys(db: Database, settings: Settings, seed: int | None) -> Keys:
    """The secrets, which must be those the state was made with: under others nobody protected would be known again."""
    with db.connect() as conn:
        before = conn.execute(select(setting.c.value).where(setting.c.name == "keys")).scalar()
    keys = Keys.from_seed(seed) if seed is not None else Keys.load(settings.key_file, create=before is None)
    mine = keys.fingerprint()
    if before is None:
        with writing(db) as conn:
            insert_rows(conn, setting, ("name", "value"), [("keys", mine)], ignore=True)
            before = conn.execute(select(setting.c.value).where(setting.c.name == "keys")).scalar()
    if before != mine:
        raise StoreError(
            "this state was made with other secrets: restore its key file (or give its `--seed`); under other secrets "
            "nobody who is protected would be known again"
        )
    return keys


def load_policy(settings: Settings) -> Engine:
    """Loads and proves the bundle of the regime in force.

    Raises:
        UsageError: if there is no such regime, or its bundle is broken.
    """
    from policy.errors import PolicyError

    try:
        return Engine.load(settings.regime)
    except PolicyError as error:
        raise UsageError(str(error)) from None


def accept_regime(db: Database, settings: Settings) -> None:
    """Compares the regime with the one this state was made with, and remembers it (spec 6.20)."""
    from policy import weaker

    with db.connect() as conn:
        before = conn.execute(select(setting.c.value).where(setting.c.name == "regime")).scalar()
    if before == settings.regime:
        return
    if before is not None and weaker(before, settings.regime) and not settings.acknowledge_weakening:
        raise UsageError(
            f"the regime `{settings.regime}` is weaker than `{before}`, which this state was made with: "
            "give --acknowledge-weakening (or CORDON_ACKNOWLEDGE_WEAKENING=1) if that is meant"
        )
    with writing(db) as conn:
        conn.execute(setting.delete().where(setting.c.name == "regime"))
        conn.execute(setting.insert().values(name="regime", value=settings.regime))
