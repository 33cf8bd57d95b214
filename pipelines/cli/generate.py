"""`cordon generate`: made-up incidents, with edge cases and deliberate faults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    incidents: Annotated[
        int,
        typer.Option(help="How many records; each is one version of one incident, and one line.", min=0, metavar="N"),
    ],
    seed: Annotated[int, typer.Option(help="The same number gives the same bytes.", metavar="S")] = 1,
    faults: Annotated[
        float, typer.Option(help="The share of lines to break on purpose.", min=0.0, max=1.0, metavar="SHARE")
    ] = 0.01,
    kilobytes: Annotated[
        float, typer.Option(help="About how large a record is.", min=0.5, max=900.0, metavar="K")
    ] = 3.0,
    out: Annotated[Path | None, typer.Option(help="Write to a file instead of stdout.", metavar="FILE")] = None,
) -> None:
    """Realistic made-up incidents, one `incident` v1 a line, with edge cases and deliberate faults.

    For example:

      cordon generate --incidents 1000 --seed 1 > in.jsonl

      cordon generate --incidents 1000000 --seed 7 --faults 0 --out big.jsonl

      cordon generate --incidents 100 --seed 1 --kilobytes 20 | head -3
    """
    from pipelines.sources.output import write_lines
    from pipelines.sources.synthetic import generate

    write_lines(generate(incidents, seed, faults, kilobytes), out, total=incidents, doing="inventing")
