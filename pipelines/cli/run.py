"""`cordon run`: the whole pipeline in one process."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.errors import UsageError
from pipelines.settings import Settings, duration


def command(
    source: Annotated[
        Path, typer.Option("--input", help="JSON lines, one `incident` v1 a line.", metavar="FILE.jsonl")
    ],
    out: Annotated[Path, typer.Option(help="Folder for this run's outputs.", metavar="DIR")],
    state: Annotated[
        Path | None,
        typer.Option(help="Folder where registry, ledger, pending and audit go on from run to run.", metavar="DIR"),
    ] = None,
    regime: Annotated[str, typer.Option(help="The policy in force (see `cordon policy table`).")] = "",
    now: Annotated[str, typer.Option(help="The moment of the run, ISO 8601 with a zone.")] = "",
    embargo: Annotated[str, typer.Option(help="How long enforcement drafts wait, as in PT72H.")] = "",
    seed: Annotated[int | None, typer.Option(help="Stands in for the secrets: every byte is repeatable.")] = None,
    no_release: Annotated[bool, typer.Option("--no-release", help="End without a release.")] = False,
    acknowledge_weakening: Annotated[
        bool, typer.Option("--acknowledge-weakening", help="Accept a regime weaker than the state's.")
    ] = False,
    batch_size: Annotated[int, typer.Option(help="Records per batch.", min=1)] = 8_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """The whole pipeline in one process, no broker, no Airflow: what-if, replay, tests.

    Example: cordon generate --incidents 1000 --seed 1 > in.jsonl; cordon run --input in.jsonl --out out
    """
    from pipelines.flow import run

    moment = moment_of(now, "--now")
    duration(embargo or "PT0S")
    settings = Settings.from_env()
    with _state_folder(state) as home:
        settings = Settings.from_env(
            {
                "CORDON_HOME": str(home),
                "CORDON_REGIME": regime or settings.regime,
                "CORDON_EMBARGO": embargo or settings.embargo,
                "CORDON_BATCH_SIZE": str(batch_size),
                "CORDON_ACKNOWLEDGE_WEAKENING": "1" if acknowledge_weakening or settings.acknowledge_weakening else "0",
            }
        )
        with _progress() as tell:
            summary = run(settings, source, out, now=moment, seed=seed, with_release=not no_release, progress=tell)
    _show(summary, out, as_json)


def moment_of(text: str, option: str) -> datetime | None:
    """Reads a moment that an option gives, in UTC; None if it is not given.

    Raises:
        UsageError: if it is none, or has no time zone.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"`{option}` is no ISO 8601 time: expected something like 2026-11-23T09:00:00Z") from None
    if moment.tzinfo is None:
        raise UsageError(f"`{option}` has no time zone: add `Z` or an offset")
    return moment.astimezone(UTC)


class _state_folder:
    """The state folder asked for, or one that lasts as long as the run."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._made: str | None = None

    def __enter__(self) -> Path:
        if self._folder is not None:
            return self._folder
        self._made = tempfile.mkdtemp(prefix="cordon-")
        return Path(self._made)

    def __exit__(self, *_: object) -> None:
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)


class _progress:
    """A line per stage on a terminal, nothing elsewhere."""

    def __enter__(self) -> Any:
        if not sys.stderr.isatty():
            return None
        from rich.console import Console

        console = Console(stderr=True)

        def tell(stage: str, batch: str, counts: dict[str, int]) -> None:
            shown = "  ".join(
                f"{name} {value:,}"
                for name, value in counts.items()
                if not name.startswith(("enforcement_", "safeguarding_"))
            )
            console.print(f"[bold]{stage:>9}[/]  {batch.replace('[', chr(92) + '[')}  [dim]{shown}[/]")

        return tell

    def __exit__(self, *_: object) -> None:
        return None


def _show(summary: dict[str, Any], out: Path, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(summary))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="What became of it", title_justify="left")
    table.add_column("")
    table.add_column("enforcement", justify="right")
    table.add_column("safeguarding", justify="right")
    for state in ("released", "pending", "held", "withheld", "withdrawn", "superseded", "quarantined"):
        table.add_row(state, f"{summary['enforcement'].get(state, 0):,}", f"{summary['safeguarding'].get(state, 0):,}")
    console = Console()
    console.print(
        f"{summary['landed']:,} records landed, {summary['quarantined']:,} quarantined, {summary['persons']:,} persons"
    )
    console.print(table)
    console.print(
        f"{summary['referrals']:,} referrals, {summary['subjects']:,} subjects, {summary['withdrawals']:,} withdrawals,"
        f" {summary['alerts']:,} alerts; written to {out}"
    )
