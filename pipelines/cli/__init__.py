"""The `cordon` command. One file per group; heavy libraries load only when a command needs them.

Exit codes: 0 everything was accounted for (quarantine included); 1 a check failed; 2 refused, nothing was written;
3 a gate failed a batch; 4 a store is missing or damaged; 5 something upstream did not answer, trying again may help;
130 interrupted.
"""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module

os.environ.setdefault("TQDM_DISABLE", "1")

#: Command group to module; a module gives `app` (a group) or `command` (a single command).
_GROUPS = {
    "run": "run",
    "explain": "explain",
    "generate": "generate",
    "import": "import_",
    "policy": "policy",
    "ledger": "ledger",
    "audit": "audit",
    "report": "report",
    "demo": "demo",
    "stack": "stack",
}


def main() -> None:
    """Runs the command line; errors we know end in one line on stderr, never in a traceback with data in it."""
    import typer

    from pipelines.errors import CordonError

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    app = typer.Typer(
        name="cordon",
        help="Police incident records in; safeguarding referrals, and the little that may lawfully go to enforcement, out.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        epilog="Exit codes: 0 done, 1 a check failed, 2 refused, 3 gate, 4 store, 5 try again, 130 interrupted.",
    )
    app.callback()(lambda: None)  # a group even when one command is loaded
    wanted = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    for name, module in _GROUPS.items():
        # Only the group that is called is loaded whole; for `--help` all of them are, and they are light.
        if wanted in _GROUPS and name != wanted:
            continue
        loaded = import_module(f"pipelines.cli.{module}")
        if hasattr(loaded, "app"):
            app.add_typer(loaded.app, name=name)
        else:
            app.command(name)(loaded.command)
    try:
        app(prog_name="cordon")
    except CordonError as error:
        print(f"cordon: {error}", file=sys.stderr)  # noqa: T201 - the one place errors are printed
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("cordon: interrupted; run the same command again to go on", file=sys.stderr)  # noqa: T201 - as above
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
