"""`cordon explain`: why each decision about a record was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.errors import CordonError


def command(
    incident_id: Annotated[str, typer.Argument(help="As in the record's header.")],
    person_ref: Annotated[str | None, typer.Argument(help="Only this person of it.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="State folder of `cordon run`; the settings' home if not given.")
    ] = None,
    force: Annotated[str | None, typer.Option(help="Source force, where several use the same id.")] = None,
    seed: Annotated[int | None, typer.Option(help="The seed the state was made with, if any.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON lines.")] = False,
) -> None:
    """Why each decision about a record was made, in plain words, from receipts.

    Example: cordon explain 13/0001234/26 p1 --state state
    """
    from pipelines.cli.settings import settings_for
    from pipelines.context import open_context
    from pipelines.explain import explain

    with open_context(settings_for(state), seed=seed) as ctx:
        found = explain(ctx, incident_id, person_ref, force)
    if not found:
        raise CordonError("no receipt about such a record: is it the right state, seed and force?")
    for one in found:
        typer.echo(json.dumps(one._asdict()) if as_json else one.text + "\n")
