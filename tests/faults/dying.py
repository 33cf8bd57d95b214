"""A process that kills itself, as `kill -9` would, at a chosen instant of its work."""

from __future__ import annotations

import builtins
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy.event
from sqlalchemy import Engine

#: What may be counted: transactions committed, files moved into place, removed, opened for writing, forced to disk.
KINDS = ("commit", "replace", "unlink", "write", "fsync")


def dies(action: Callable[[], object], kind: str = "commit", number: int = 0) -> tuple[int, int]:
    """Does something in a process of its own, which is killed at an instant.

    Args:
        action: what the process does.
        kind: what is counted, one of `KINDS`.
        number: the process dies after so many of them; with a minus sign, just before; 0: never.

    Returns:
        How the process ended (0, or minus the signal, or the exit code), and how many instants it came through.
    """
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:  # the child: no way out of here but an end
        try:
            os.close(told)
            count = [0]
            _install(kind, number, count)
            try:
                action()
                code = 0
            except SystemExit as ended:
                code = int(ended.code or 0)
            os.write(tell, str(count[0]).encode())
            os._exit(code)
        except BaseException as error:
            print(f"child: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - a test's own diagnostics
            os._exit(70)
    os.close(tell)
    said = b""
    while part := os.read(told, 64):
        said += part
    os.close(told)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), int(said or b"0")


def _install(kind: str, number: int, count: list[int]) -> None:
    def begun() -> None:
        count[0] += 1
        if count[0] == -number:
            os.kill(os.getpid(), signal.SIGKILL)

    def done() -> None:
        if count[0] == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            begun()
            result = function(*args, **kwargs)
            done()
            return result

        return wrapped

    if kind == "commit":

        @sqlalchemy.event.listens_for(Engine, "before_cursor_execute")
        def _before(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement == "COMMIT":
                begun()

        @sqlalchemy.event.listens_for(Engine, "after_cursor_execute")
        def _after(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement == "COMMIT":
                done()

    elif kind == "replace":
        os.replace, os.rename = around(os.replace), around(os.rename)  # type: ignore[assignment]
    elif kind == "unlink":
        os.unlink, os.rmdir = around(os.unlink), around(os.rmdir)  # type: ignore[assignment]
    elif kind == "fsync":
        os.fsync = around(os.fsync)
    else:
        import io

        opened = io.open

        def opening(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            call = around(opened) if "w" in mode and isinstance(file, str | Path) else opened
            return call(file, mode, *args, **kwargs)

        io.open = builtins.open = opening  # type: ignore[assignment]
