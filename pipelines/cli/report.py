"""`cordon report`: the compliance page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The compliance report.", no_args_is_help=True)
app.callback()(lambda: None)


@app.command()
def build(
    out: Annotated[Path, typer.Argument(help="Folder for index.html and summary.json.")],
    state: Annotated[
        Path | None, typer.Option(help="State folder of `cordon run`; the settings' home if not given.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The seed the state was made with, if any.")] = None,
) -> None:
    """Writes the page. It holds counts, rule ids and hashes, and needs nothing from anywhere else.

    Example: cordon report build report --state state
    """
    from pipelines.cli.settings import settings_for
    from pipelines.context import open_context
    from pipelines.reports.build import build_report

    with open_context(settings_for(state), seed=seed) as ctx, ctx.db.connect() as conn:
        build_report(ctx, conn, out)
    typer.echo(f"open {out / 'index.html'}")
