"""`cordon replay`: records through the full gate again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.errors import UsageError


def command(
    coordinates: Annotated[
        list[str] | None, typer.Argument(help="Records, as in `incidents.raw.v1[3]@1042`.", metavar="COORDINATE...")
    ] = None,
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="All that is quarantined, by record or by person.")
    ] = False,
    rule: Annotated[str, typer.Option(help="Of that, only what broke this rule.", metavar="RULE")] = "",
    since: Annotated[
        str, typer.Option(help="Of that, only records quarantined since then, ISO 8601 with a zone.", metavar="ISO")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would become of them, and write nothing.")
    ] = False,
    state: Annotated[
        Path | None, typer.Option(help="State folder of `cordon run`; the settings' home if not given.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The seed the state was made with, if any.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a record, then the counts.")] = False,
) -> None:
    """Sends landed records through validate, tag, firewall and publish again, with today's code, codes and policy.

    A record that is valid now leaves quarantine; one that is still broken stays, with today's rules. Protections only grow,
    but for those of a code that is known now. Whatever this would release to enforcement waits for `cordon review`;
    referrals go with the next run or sweep. Repeating it changes nothing.

    Example: cordon replay 'in.jsonl[0]@17' --state state

    Example: cordon replay --quarantined --rule 'header|change_type' --since 2026-11-20T00:00:00Z --dry-run

    Exit codes: 0 replayed; 2 refused; 3 a gate failed; 4 the vault no longer holds the bytes. One batch at a time is
    written whole or not at all.
    """
    from pipelines.cli.run import moment_of
    from pipelines.cli.settings import settings_for
    from pipelines.context import open_context
    from pipelines.replay import Fate, replay

    if bool(coordinates) == quarantined:
        raise UsageError("give coordinates, or --quarantined, and not both")
    if (rule or since) and not quarantined:
        raise UsageError("--rule and --since choose among what is --quarantined")
    with open_context(settings_for(state), seed=seed) as ctx:
        done = replay(
            ctx,
            coordinates or (),
            quarantined=quarantined,
            rule=rule,
            since=moment_of(since, "--since"),
            dry_run=dry_run,
        )
    fates = {str(fate): sum(result.fate is fate for result in done.results) for fate in Fate}
    counts = {**fates, **{name: value for name, value in done._asdict().items() if name != "results"}}
    if as_json:
        for result in done.results:
            typer.echo(json.dumps(result._asdict()))
        typer.echo(json.dumps(counts))
        return
    for result in done.results:
        typer.echo(f"{result.coordinate}  {result.fate}  {' '.join(result.rules)}".rstrip())
    said = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in counts.items() if value)
    typer.echo(("nothing was written; it would be: " if dry_run else "") + (said or "nothing to replay"), err=True)
