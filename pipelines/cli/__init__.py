"""The `cordon` command. One file per group; heavy libraries load only when a command needs them.

Exit codes: 0 everything was accounted for (quarantine included); 1 a check failed; 2 refused, nothing was written;
3 a gate failed a batch; 4 a store or folder is missing, damaged, full or not to be written; 5 something upstream did not
answer, trying again may help; 70 a fault in the program; 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import NoReturn

os.environ.setdefault("TQDM_DISABLE", "1")

#: Command group to module; a module gives `app` (a group) or `command` (a single command).
_GROUPS = {
    "run": "run",
    "explain": "explain",
    "generate": "generate",
    "import": "import_",
    "policy": "policy",
    "review": "review",
    "replay": "replay",
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
        if _was_interrupt(error):
            _interrupted()
        print(f"cordon: {error}", file=sys.stderr)  # noqa: T201 - the one place errors are printed
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as ended:
        if ended.code == 130:  # the command line's own way of telling
            _interrupted()
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if _was_interrupt(error):
            _interrupted()
        # What we did not foresee may quote a record: its kind and place are told, its words are not.
        disk = isinstance(error, OSError) or type(error).__module__.startswith("sqlalchemy")
        why = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
        what = "a store or folder cannot be used" if disk else "a fault in the program"
        print(f"cordon: {what}: {type(error).__name__}{why} at {_place(error)}", file=sys.stderr)  # noqa: T201 - as above
        sys.exit(4 if disk else 70)


def _was_interrupt(error: BaseException | None) -> bool:
    """Whether an error came of an interrupt: one that met a rollback or a clean-up on its way."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _interrupted() -> NoReturn:
    print("cordon: interrupted; run the same command again to go on", file=sys.stderr)  # noqa: T201 - as in `main`
    sys.exit(130)


def _place(error: Exception) -> str:
    """The innermost line of ours that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    here = str(Path(__file__).parents[2])
    ours = [f for f in frames if f.filename.startswith(here) and "site-packages" not in f.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
