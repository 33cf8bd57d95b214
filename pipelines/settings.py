"""Every setting, read from the environment in this one place."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import msgspec

from pipelines.errors import UsageError

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


def duration(text: str) -> timedelta:
    """Reads an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as `PT72H`.

    Raises:
        UsageError: if it is none.
    """
    match = _DURATION.fullmatch(text)
    if match is None or text in ("P", "PT") or text.endswith("T"):
        raise UsageError("not an ISO 8601 duration: expected something like `PT72H` or `P5D`")
    try:
        return timedelta(**{unit: int(value) for unit, value in match.groupdict().items() if value})
    except OverflowError:
        raise UsageError("the duration is too long") from None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a deployment may choose. Each field is read from `CORDON_<FIELD>`; paths may be relative."""

    home: str = "var/cordon"
    database_url: str = ""
    vault_url: str = ""
    key_file: str = ""
    kafka_bootstrap: str = "127.0.0.1:9092"
    regime: str = "uk_safe_to_share_2020"
    acknowledge_weakening: bool = False
    embargo: str = "PT72H"
    batch_size: int = 8_000
    raw_topic: str = "incidents.raw.v1"
    group: str = "cordon"
    release_cron: str = "*/15 * * * *"
    sweep_cron: str = "*/5 * * * *"

    @classmethod
    def from_env(cls, environment: dict[str, str] | None = None) -> Settings:
        """Reads the settings.

        Raises:
            UsageError: if one has a value that cannot be read, naming the variable.
        """
        env = os.environ if environment is None else environment
        chosen = {}
        for field in msgspec.structs.fields(cls):
            variable = f"CORDON_{field.name.upper()}"
            if variable in env:
                try:
                    chosen[field.name] = msgspec.convert(env[variable], field.type, strict=False)
                except msgspec.ValidationError:
                    raise UsageError(f"`{variable}` cannot be read: expected {field.type.__name__}") from None
        settings = cls(**chosen)
        if settings.batch_size < 1:
            raise UsageError("`CORDON_BATCH_SIZE` cannot be used: expected 1 or more")
        try:
            duration(settings.embargo)
        except UsageError as error:
            raise UsageError(f"`CORDON_EMBARGO` cannot be used: {error}") from None
        home = Path(settings.home).absolute()
        return msgspec.structs.replace(
            settings,
            home=str(home),
            database_url=settings.database_url or f"sqlite:///{home / 'cordon.db'}",
            vault_url=settings.vault_url or f"file://{home / 'vault'}",
            key_file=settings.key_file or str(home / "keys.json"),
        )

    @property
    def embargo_duration(self) -> timedelta:
        """How long an enforcement draft waits, so that a late victim tag can still catch it."""
        return duration(self.embargo)
