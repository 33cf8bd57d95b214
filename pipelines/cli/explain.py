"""`cordon explain`: why each decision about a record was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.errors import CordonError


def command(
    incident_id: Annotated[str, typer.Argument(help="As in the record's header; or a coordinate.")],
    person_ref: Annotated[str | None, typer.Argument(help="Only this person of it.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="State folder of `cordon run`; the settings' home if not given.")
    ] = None,
    force: Annotated[str | None, typer.Option(help="Source force, where several use the same id.")] = None,
    seed: Annotated[int | None, typer.Option(help="The seed the state was made with, if any.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON lines.")] = False,
) -> None:
    """Why each decision about a record was made, in plain words, from receipts.

    Each decision is told with the tag rules that fired, the policies that decided, why, and from which source; then
    where it stands now. What is quarantined is told with the rules it broke.

    Example: cordon explain 13/0001234/26 p1 --state state

    Example: cordon explain 'in.jsonl[0]@17' --state state --json

    Exit codes: 0 explained; 1 nothing is known of such a record; 2 there is no such state.
    """
    from pipelines.cli.settings import settings_for
    from pipelines.context import open_context
    from pipelines.explain import explain

    with open_context(settings_for(state), seed=seed) as ctx:
        found = explain(ctx, incident_id, person_ref, force)
    if not found:
        raise CordonError("nothing is known of such a record: is it the right state, seed and force?")
    for one in found:
        typer.echo(json.dumps(one._asdict()) if as_json else one.text + "\n")
