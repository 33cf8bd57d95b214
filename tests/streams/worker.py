"""Runs every stage of every batch until nothing waits: what tests kill. Run as a script; settings are in the environment."""

from __future__ import annotations

from pipelines.errors import CordonError
from pipelines.operation import STAGES, operating


def main() -> None:
    """Plans and works until there is no more; a broker that fences the predecessor's transaction is asked again."""
    while True:
        try:
            with operating() as operation:
                batches = operation.plan()
                for batch in batches:
                    for name in STAGES:
                        operation.stage(name, batch)
            if not batches:
                return
        except CordonError as error:
            if not error.retriable:
                raise


if __name__ == "__main__":
    main()
