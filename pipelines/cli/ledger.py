"""`cordon ledger`: conservation, checked from outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.errors import CordonError

app = typer.Typer(help="The ledger: what became of every coordinate.", no_args_is_help=True)
app.callback()(lambda: None)


@app.command()
def check(
    state: Annotated[
        Path | None, typer.Option(help="State folder of `cordon run`; the settings' home if not given.")
    ] = None,
    kafka: Annotated[bool, typer.Option("--kafka/--no-kafka", help="Compare with the broker's own offsets.")] = True,
    seed: Annotated[int | None, typer.Option(help="The seed the state was made with, if any.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Checks that every coordinate, person and recipient is in exactly one state, and that none is missing.

    With a broker, the coordinates are those Kafka itself says were committed. Exit 1 when something does not add up.

    Example: cordon ledger check --state state --no-kafka
    """
    from pipelines.cli.settings import settings_for
    from pipelines.conservation import check_ledger, kafka_offsets
    from pipelines.context import open_context

    settings = settings_for(state)
    with open_context(settings, seed=seed) as ctx:
        expected = kafka_offsets(settings) if kafka and state is None else None
        findings, counts = check_ledger(ctx, expected)
    if as_json:
        typer.echo(json.dumps({"findings": findings, **counts}))
    else:
        for finding in findings[:50]:
            typer.echo(finding)
        typer.echo(", ".join(f"{name} {value:,}" for name, value in counts.items()))
    if findings:
        raise CordonError(f"{len(findings)} findings: the ledger does not add up")
