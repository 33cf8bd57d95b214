"""`cordon audit`: the Merkle log of receipts, checked offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The log of receipts: export it, and check it offline.", no_args_is_help=True)


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
def verify(
    folder: Annotated[Path, typer.Argument(help="A folder that `export` or `cordon run` wrote.")],
    key: Annotated[str, typer.Option(help="The public key in hex, from somewhere else than the folder.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Checks every checkpoint's signature and root against the receipts. Needs nothing but the folder and the key.

    Example: cordon audit verify out/audit --key 3b6a27...
    """
    import msgspec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from pipelines.errors import StoreError
    from pipelines.stores.audit import Checkpoint, verify_log

    try:
        public = bytes.fromhex(key or (folder / "public_key").read_text().strip())
        receipts = (folder / "receipts.jsonl").read_bytes().splitlines()
        checkpoints = [
            Checkpoint(**msgspec.json.decode(line)) for line in (folder / "checkpoints.jsonl").read_bytes().splitlines()
        ]
        verify_log(receipts, checkpoints, Ed25519PublicKey.from_public_bytes(public))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"the log cannot be read: {type(error).__name__}") from None
    result = {
        "receipts": len(receipts),
        "checkpoints": len(checkpoints),
        "root": checkpoints[-1].root if checkpoints else "",
    }
    typer.echo(
        json.dumps(result)
        if as_json
        else f"{len(receipts):,} receipts under {len(checkpoints):,} signed checkpoints: sound"
    )
    if not key:
        typer.echo("the key came with the log: give --key from elsewhere to prove who signed it", err=True)
