"""Writes lines to a file or to stdout: whole lines or none, progress only where somebody is looking."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from pipelines.errors import UsageError

_CHUNK = 1 << 20
#: What a shell reports of a program whose reader went away.
READER_GONE = 141


def write_lines(lines: Iterable[bytes], out: Path | None, *, total: int | None, doing: str) -> int:
    """Writes each line and a line end; returns how many.

    A file appears under its name when it is complete. Interrupted, the whole lines so far are left beside it in
    `<name>.part`, and a file that was there before is untouched.

    Raises:
        UsageError: if the file cannot be written.
        SystemExit: with 141 if the reader of stdout went away.
    """
    if out is None:
        return _to_stdout(_watched(lines, total, doing))
    part = out.with_name(out.name + ".part")
    try:
        with part.open("wb") as file:
            count = _write(file, _watched(lines, total, doing))
        part.replace(out)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "unknown"
        raise UsageError(f"`{out}` cannot be written: {reason.lower()}: choose another `--out`") from None
    except KeyboardInterrupt:
        print(f"the lines written so far are in {part}", file=sys.stderr)  # noqa: T201 # the answer to Ctrl-C
        raise
    return count


def _to_stdout(lines: Iterable[bytes]) -> int:
    try:
        count = _write(sys.stdout.buffer, lines)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        with suppress(OSError, ValueError):  # stdout has no number under a test runner
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(READER_GONE) from None
    return count


def _write(file: BinaryIO, lines: Iterable[bytes]) -> int:
    count = size = 0
    waiting: list[bytes] = []
    try:
        for line in lines:
            waiting.append(line)
            size += len(line) + 1
            count += 1
            if size >= _CHUNK:
                file.write(_joined(waiting))
                waiting, size = [], 0
    finally:
        if waiting:
            file.write(_joined(waiting))
    return count


def _joined(lines: list[bytes]) -> bytes:
    return b"\n".join([*lines, b""])


def _watched(lines: Iterable[bytes], total: int | None, doing: str) -> Iterable[bytes]:
    """The same lines, with a progress bar on stderr when that is a terminal."""
    return _with_bar(lines, total, doing) if sys.stderr.isatty() else lines


def _with_bar(lines: Iterable[bytes], total: int | None, doing: str) -> Iterator[bytes]:
    from rich.console import Console
    from rich.progress import Progress

    step = 500
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=total)
        for number, line in enumerate(lines):
            if number % step == 0:
                progress.update(task, completed=number)
            yield line
