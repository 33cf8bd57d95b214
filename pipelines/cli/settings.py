"""Which state a command works on."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pipelines.errors import UsageError
from pipelines.settings import Settings


def settings_for(state: Path | None) -> Settings:
    """The settings of the environment, or those of a state folder of `cordon run`, under the regime it was made with.

    A command that only reads never changes the regime that a state remembers, whatever the environment says.

    Raises:
        UsageError: if there is no state there.
        StoreError: if it cannot be opened.
    """
    settings = Settings.from_env()
    if state is not None:
        settings = Settings.from_env({"CORDON_HOME": str(state), "CORDON_REGIME": settings.regime})
        if not (Path(settings.home) / "cordon.db").is_file():
            raise UsageError(f"there is no state in `{state}`")
        settings = msgspec.structs.replace(settings, regime=_regime_of(settings) or settings.regime)
    return settings


def _regime_of(settings: Settings) -> str | None:
    from sqlalchemy import select

    from pipelines.stores.database import open_database
    from pipelines.stores.tables import setting

    db = open_database(settings.database_url)
    try:
        with db.connect() as conn:
            return conn.execute(select(setting.c.value).where(setting.c.name == "regime")).scalar()
    finally:
        db.dispose()
