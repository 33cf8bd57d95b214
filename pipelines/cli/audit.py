"""`cordon audit`: the Merkle log of receipts, checked offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from pipelines.errors import CordonError, StoreError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from pipelines.stores.audit import Checkpoint

app = typer.Typer(
    help="The log of receipts: export it, prove one receipt, and check both offline.", no_args_is_help=True
)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="Folder for receipts.jsonl, checkpoints.jsonl and public_key.")],
    state: Annotated[
        Path | None, typer.Option(help="State folder of `cordon run`; the settings' home if not given.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The seed the state was made with, if any.")] = None,
) -> None:
    """Writes the whole log with its signed checkpoints and the key that checks them.

    Example: cordon audit export audit --state state
    """
    from pipelines.cli.settings import settings_for
    from pipelines.context import open_context
    from pipelines.flow import write_audit

    with open_context(settings_for(state), seed=seed) as ctx, ctx.db.connect() as conn:
        count = write_audit(ctx, conn, out)
    typer.echo(f"{count:,} receipts written to {out}")


@app.command()
def prove(
    folder: Annotated[Path, typer.Argument(help="A folder that `export` or `cordon run` wrote.")],
    coordinate: Annotated[str, typer.Argument(help="The record, as in `incidents.raw.v1[3]@1042`.")],
    person_ref: Annotated[str | None, typer.Argument(help="Only receipts about this person of it.")] = None,
) -> None:
    """Proofs, a line each, that the receipts about one record are in the signed log. Whoever has one needs nothing else.

    A proof shows its receipt and hashes, and nothing of the other receipts.

    Example: cordon audit prove out/audit 'in.jsonl[0]@12' p1 > proofs.jsonl; cordon audit verify proofs.jsonl --key 3b6a27...
    """
    from pipelines.stores.audit import proofs

    receipts, checkpoints = _read(folder)
    signed = checkpoints[-1].size if checkpoints else 0
    wanted = []
    for index, line in enumerate(receipts[:signed]):
        said = msgspec.json.decode(line)
        if said.get("coordinate") == coordinate and person_ref in (None, said.get("person_ref")):
            wanted.append(index)
    if not wanted:
        raise CordonError("no receipt about that record: is the coordinate spelt as in the ledger?")
    for proof in proofs(receipts, checkpoints[-1], wanted):
        typer.echo(msgspec.json.encode(proof))


@app.command()
def verify(
    what: Annotated[Path, typer.Argument(help="A folder that `export` or `cordon run` wrote, or a file of proofs.")],
    key: Annotated[str, typer.Option(help="The public key in hex, from somewhere else than the folder.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Checks every checkpoint's signature and root against the receipts, or each proof. Needs no state and no network.

    Exit 4 if something does not hold; the message says what.

    Example: cordon audit verify out/audit --key 3b6a27...
    """
    from pipelines.stores.audit import Proof, verify_log, verify_proof

    try:
        if what.is_dir():
            receipts, checkpoints = _read(what)
            verify_log(receipts, checkpoints, _public(key or (what / "public_key").read_text()))
            result = {
                "receipts": len(receipts),
                "checkpoints": len(checkpoints),
                "root": checkpoints[-1].root if checkpoints else "",
            }
            said = f"{len(receipts):,} receipts under {len(checkpoints):,} signed checkpoints: sound"
        else:
            if not key:
                raise StoreError("a proof is checked with the public key: give it with --key")
            found = [msgspec.json.decode(line, type=Proof) for line in what.read_bytes().splitlines()]
            for proof in found:
                verify_proof(proof, _public(key))
            result = {"proofs": len(found)}
            said = f"{len(found):,} proofs: sound"
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"`{what}` cannot be read: {type(error).__name__}") from None
    typer.echo(json.dumps(result) if as_json else said)
    if not key:
        typer.echo("the key came with the log: give --key from elsewhere to prove who signed it", err=True)


def _read(folder: Path) -> tuple[list[bytes], list[Checkpoint]]:
    """(receipts, checkpoints in order) of an exported log."""
    from pipelines.stores.audit import Checkpoint

    try:
        receipts = (folder / "receipts.jsonl").read_bytes().splitlines()
        lines = (folder / "checkpoints.jsonl").read_bytes().splitlines()
        checkpoints = [Checkpoint(**msgspec.json.decode(line)) for line in lines]
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"the log in `{folder}` cannot be read: {type(error).__name__}") from None
    return receipts, sorted(checkpoints, key=lambda c: c.size)


def _public(text: str) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text.strip()))
