"""`cordon import`: other people's records as `incident` v1."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.errors import CordonError, UsageError

if TYPE_CHECKING:
    from pipelines.sources.nibrs import Counts

app = typer.Typer(help="Other people's records as `incident` v1.", no_args_is_help=True)

#: Malformed lines that are named one by one; the rest are counted.
_NAMED = 20


@app.callback()
def _group() -> None:
    """Other people's records as `incident` v1, one a line."""


@app.command("nibrs")
def nibrs(
    file: Annotated[Path, typer.Argument(help="A NIBRS flat file (fixed width).", metavar="FILE")],
    out: Annotated[Path | None, typer.Option(help="Write to a file instead of stdout.", metavar="FILE")] = None,
    zone: Annotated[str, typer.Option(help="The agencies' time zone; NIBRS times are local.")] = "America/New_York",
    group_b: Annotated[bool, typer.Option("--group-b", help="Also write each Group B arrest, as an incident.")] = False,
    retract_unknown: Annotated[
        bool,
        typer.Option(
            "--retract-unknown", help="Also retract deleted reports this file does not hold (an earlier did)."
        ),
    ] = False,
) -> None:
    """Incident reports of the FBI's NIBRS, one `incident` v1 a line; what was read and what not goes to stderr.

    Malformed lines are named by number and rule, and an incident with one is left out: then the exit code is 1.

    For example:

      cordon import nibrs VT-2014.txt > in.jsonl

      cordon import nibrs OR-2022.txt --zone America/Los_Angeles --group-b --out in.jsonl
    """
    from zoneinfo import ZoneInfo

    from pipelines.sources.nibrs import Counts, read
    from pipelines.sources.output import write_lines

    try:
        place = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise UsageError("`--zone` is no time zone: expected a name such as America/Chicago") from None
    counts = Counts()
    try:
        lines = file.open("rb")
    except OSError:
        raise UsageError(f"`{file}` cannot be read: give a file that exists and that you may read") from None
    with lines:
        documents = read(lines, counts, zone=place, group_b=group_b, retract_unknown=retract_unknown)
        try:
            write_lines(documents, out, total=None, doing="importing")
        finally:
            _report(counts)
    if counts.malformed or counts.left_out:
        raise CordonError(
            f"{len(counts.malformed)} malformed lines, {counts.left_out} reports left out: the others were written"
        )


def _report(counts: Counts) -> None:
    from pipelines.sources.nibrs import LEVELS

    def say(text: str) -> None:
        print(text, file=sys.stderr)  # noqa: T201 # stdout is for the documents

    for line, rule in counts.malformed[:_NAMED]:
        say(f"line {line}: {rule}")
    if len(counts.malformed) > _NAMED:
        say(f"and {len(counts.malformed) - _NAMED} more malformed lines")
    say(f"{'segments':<18}{'read':>9}{'used':>9}{'ignored':>9}")
    for level, name in LEVELS.items():
        if counts.read[level]:
            ignored = sum(n for reason, n in counts.ignored.items() if reason.startswith(f"{name}: "))
            say(f"{level} {name:<16}{counts.read[level]:>9}{counts.used[level]:>9}{ignored:>9}")
    for reason, n in sorted(counts.ignored.items()):
        say(f"ignored {n:>9}  {reason}")
    say(
        f"incidents {counts.incidents}, arrests {counts.arrests}, retracted {counts.retracted}, "
        f"left out {counts.left_out}, malformed lines {len(counts.malformed)}, blank lines {counts.blank}"
    )
