"""Which state a command works on."""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import UsageError
from pipelines.settings import Settings


def settings_for(state: Path | None) -> Settings:
    """The settings of the environment, or those of a state folder of `cordon run`, under the regime it was made with.

    Raises:
        UsageError: if there is no state there.
    """
    settings = Settings.from_env()
    if state is not None:
        settings = Settings.from_env({"CORDON_HOME": str(state), "CORDON_REGIME": settings.regime})
        if not (Path(settings.home) / "cordon.db").is_file():
            raise UsageError(f"there is no state in `{state}`")
    return settings
