"""`cordon review`: what waits for named humans, and what they say of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.contracts.codes import Recipient

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.review import Done

app = typer.Typer(
    help="Held records: who waits for a named human and why; approve or refuse. No values are shown.",
    no_args_is_help=True,
    epilog="Exit codes: 0 done; 2 refused, and nothing was written; 4 a store cannot be used.",
)

Where = Annotated[str, typer.Argument(help="The record, as in `incidents.raw.v1[3]@1042`.", metavar="COORDINATE")]
Ref = Annotated[str, typer.Argument(help="The person of it.", metavar="PERSON_REF")]
For = Annotated[Recipient, typer.Option("--recipient", help="For whom.")]
By = Annotated[str, typer.Option("--by", help="Your staff identifier, such as S77.", metavar="ID")]
State = Annotated[Path | None, typer.Option(help="State folder of `cordon run`; the settings' home if not given.")]
Seed = Annotated[int | None, typer.Option(help="The seed the state was made with, if any.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]


@app.command("list")
def list_(
    recipient: Annotated[Recipient | None, typer.Option(help="Only for this recipient.")] = None,
    reason: Annotated[
        str, typer.Option(help="Only where this policy, guard finding or tag rule is a reason.", metavar="RULE")
    ] = "",
    state: State = None,
    seed: Seed = None,
    as_json: Json = False,
) -> None:
    """Everyone who waits: record, person, recipient, why, since when, approvals so far, and the id of what is held.

    The review id names exactly what is held, and changes with it: `approve` asks for it.

    Example: cordon review list --recipient enforcement --state state

    Example: cordon review list --reason safeguarding_ask --json
    """
    from pipelines.review import holds

    with _opened(state, seed) as ctx:
        found = holds(ctx, recipient, reason or None)
    if as_json:
        for hold in found:
            typer.echo(json.dumps(hold._asdict()))
        return
    for hold in found:
        so_far = f"{hold.approvals}/{hold.needed}" if hold.needed else "-"
        more = f" ({hold.state})" if hold.state != "held" else ""
        stopped = f"; nobody can approve it: {hold.obstacle}" if hold.obstacle else ""
        typer.echo(
            f"{hold.coordinate} {hold.person_ref} {hold.recipient}{more}  {so_far}  {hold.review_id or '-'}"
            f"  since {hold.since[:19]}  {' '.join(hold.reasons)}{stopped}"
        )
    typer.echo(f"{len(found):,} wait for a named human", err=True)


@app.command()
def approve(
    coordinate: Where,
    person_ref: Ref,
    recipient: For,
    by: By,
    reason: Annotated[str, typer.Option(help="A code of docs/review.md, such as CONSENT_OBTAINED.", metavar="CODE")],
    review_id: Annotated[
        str, typer.Option("--review-id", help="What you have reviewed, as `list` shows it.", metavar="ID")
    ] = "",
    state: State = None,
    seed: Seed = None,
    as_json: Json = False,
) -> None:
    """Approves the release of one held person of one record to one recipient; how many people it takes is the regime's.

    It counts for exactly what was reviewed: when facts, protections or policies change, the person is held again. To
    enforcement it then waits its whole embargo and is decided again; a referral goes with the next run or sweep.

    Example: cordon review approve 'in.jsonl[0]@17' p2 --recipient enforcement --by S77 --reason NOT_A_VICTIM_CONFIRMED
    --review-id 3b6a27bc0011 --state state

    Exit codes: 0 recorded; 2 refused, and nothing was written: the message says what is to be done instead.
    """
    from pipelines.review import approve as say

    with _opened(state, seed) as ctx:
        done = say(ctx, coordinate, person_ref, recipient, by=by, reason=reason, review_id=review_id)
    _show(done, as_json)


@app.command()
def refuse(
    coordinate: Where,
    person_ref: Ref,
    recipient: For,
    by: By,
    reason: Annotated[str, typer.Option(help="A code of docs/review.md, such as NO_LAWFUL_BASIS.", metavar="CODE")],
    review_id: Annotated[
        str, typer.Option("--review-id", help="If given, refuses nothing else than this.", metavar="ID")
    ] = "",
    state: State = None,
    seed: Seed = None,
    as_json: Json = False,
) -> None:
    """Withholds one held person of one record from one recipient; one person is enough, and it wins over approvals.

    What was released already is not taken back by this: have its source correct or retract the record.

    Example: cordon review refuse 'in.jsonl[0]@17' p2 --recipient enforcement --by S77 --reason MAY_BE_A_VICTIM --state state

    Exit codes: 0 recorded; 2 refused, and nothing was written.
    """
    from pipelines.review import refuse as say

    with _opened(state, seed) as ctx:
        done = say(ctx, coordinate, person_ref, recipient, by=by, reason=reason, review_id=review_id)
    _show(done, as_json)


@contextmanager
def _opened(state: Path | None, seed: int | None) -> Iterator[Context]:
    from pipelines.cli.settings import settings_for
    from pipelines.context import open_context

    with open_context(settings_for(state), seed=seed) as ctx:
        yield ctx


def _show(done: Done, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(done._asdict()))
        return
    typer.echo(f"recorded as act {done.act}, of {done.review_id}: {done.approvals} of {done.needed} approvals")
    until = f", waits until {done.due[:19]} and is then decided again" if done.due else ""
    typer.echo(f"now {done.state}: {done.decision}{until}")
