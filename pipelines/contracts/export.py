"""Exports the contracts as JSON Schema: `python -m pipelines.contracts.export [--check]`.

The files are what consumers code against. A test compares them with the structs, so neither drifts from the other.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from pipelines.contracts.incident import Incident
from pipelines.contracts.receipt import Quarantine, Receipt, SignedCheckpoint
from pipelines.contracts.referral import Referral
from pipelines.contracts.subject import Subject, Withdrawal

FOLDER = Path(__file__).parent / "schemas"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
CONTRACTS: dict[str, Any] = {
    "incident.v1": Incident,
    "safeguarding.referral.v1": Referral,
    "enforcement.subject.v1": Subject | Withdrawal,
    "cordon.receipt.v1": Receipt,
    "cordon.quarantine.v1": Quarantine,
    "cordon.checkpoint.v1": SignedCheckpoint,
}


def schemas() -> dict[str, str]:
    """Every contract's JSON Schema as text, by name."""
    found = {}
    for name, contract in CONTRACTS.items():
        if name == "enforcement.subject.v1":
            # Two shapes without a tag in the sense of msgspec: each is told by its `kind`.
            (one, other), components = msgspec.json.schema_components(
                [Subject, Withdrawal], ref_template="#/$defs/{name}"
            )
            schema: dict[str, Any] = {"oneOf": [one, other], "$defs": components}
        else:
            schema = msgspec.json.schema(contract)
        found[name] = json.dumps({"$schema": _DIALECT, "title": name, **schema}, indent=1, sort_keys=True) + "\n"
    return found


def drift() -> list[str]:
    """The names of contracts whose file is not what the code says, and of files without a contract."""
    wanted = schemas()
    have = {path.name.removesuffix(".json"): path.read_text() for path in FOLDER.glob("*.json")}
    return sorted(name for name in wanted.keys() | have.keys() if wanted.get(name) != have.get(name))


def main() -> int:
    """Writes the files, or with --check says which have drifted."""
    if "--check" in sys.argv[1:]:
        for name in (found := drift()):
            sys.stderr.write(
                f"`{name}` has drifted: run `python -m pipelines.contracts.export`, and mark it in CHANGELOG\n"
            )
        return 1 if found else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / f"{name}.json").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
