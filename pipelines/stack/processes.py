"""Long-running programs of ours: started in a session of their own, known by pid file, stopped by that alone.

A pid file holds the pid and the moment the process began, so that a number the system has given to another program
since is never signalled.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil

from pipelines.stack.errors import StackError

#: Seconds a process gets to end by itself before it is killed.
GRACE = 15.0


class Mark(msgspec.Struct, frozen=True):
    """What a pid file holds."""

    pid: int
    started: float


class Program(NamedTuple):
    """A program of the stack: its name, its pid file and its log."""

    name: str
    pid_file: Path
    log: Path

    def start(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        """Starts it unless it runs. Its output is appended to its log.

        Raises:
            StackError: if it cannot be started at all.
        """
        if self.running():
            return
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # An interrupt between starting and writing the pid file would leave a program nobody knows of.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            with self.log.open("ab") as log:
                process = subprocess.Popen(
                    command,
                    env=dict(environment),
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    # The block is inherited through exec: without this the program could never be asked to stop.
                    preexec_fn=_unblock,  # noqa: PLW1509 - one call, and nothing else runs threads here yet
                )
            mark = Mark(process.pid, psutil.Process(process.pid).create_time())
            partial = self.pid_file.with_suffix(".partial")
            partial.write_bytes(msgspec.json.encode(mark))
            partial.replace(self.pid_file)
        except OSError as error:
            raise StackError(f"`{self.name}` cannot be started: {error.strerror or type(error).__name__}") from None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def process(self) -> psutil.Process | None:
        """The running process, or None."""
        try:
            mark = msgspec.json.decode(self.pid_file.read_bytes(), type=Mark)
            process = psutil.Process(mark.pid)
            if abs(process.create_time() - mark.started) > 1 or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except (OSError, msgspec.DecodeError, psutil.Error):
            return None
        return process

    def running(self) -> bool:
        """Whether the process of the pid file is alive."""
        return self.process() is not None

    def stop(self, grace: float = GRACE) -> bool:
        """Asks the process and its children to end, kills them after `grace` seconds; returns whether it ran."""
        process = self.process()
        if process is None:
            self.pid_file.unlink(missing_ok=True)
            return False
        family = [process, *_children(process)]
        _signal_group(process.pid, signal.SIGTERM)
        _, alive = psutil.wait_procs(family, timeout=grace)
        for one in {*alive, *(c for a in alive for c in _children(a))}:
            try:
                one.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(alive, timeout=5)
        self.pid_file.unlink(missing_ok=True)
        return True

    def kill(self) -> None:
        """Kills the process and its children at once, as a crash would."""
        process = self.process()
        if process is None:
            return
        family = [process, *_children(process)]
        for one in family:
            try:
                one.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(family, timeout=10)

    def wait(self, ready: Callable[[], bool], seconds: float, hint: str = "") -> None:
        """Waits until `ready()`.

        Raises:
            StackError: if the program ends first, or is not ready within the bound; with the end of its log.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running():
                raise StackError(
                    f"`{self.name}` ended while it started; its log `{self.log}` ends with:\n{self.tail()}"
                )
            if time.monotonic() > deadline:
                more = f"; {hint}" if hint else ""
                raise StackError(f"`{self.name}` was not ready after {seconds:.0f} s{more}; see `{self.log}`")
            time.sleep(0.1)

    def tail(self, lines: int = 12) -> str:
        """The last lines of its log, indented."""
        try:
            text = self.log.read_text(errors="replace").splitlines()[-lines:]
        except OSError:
            return "  (no log)"
        return "\n".join(f"  {line[:200]}" for line in text)


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = process.children(recursive=True)
    except psutil.Error:
        return []
    return found


def _signal_group(pid: int, what: signal.Signals) -> None:
    """Signals a session we made: its group has the number of its first process."""
    try:
        os.killpg(pid, what)
    except ProcessLookupError:
        return


# ---- ports ------------------------------------------------------------------------------------------------------


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Ports of loopback that are free now and differ from each other."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def require_free(port: int, what: str, variable: str) -> None:
    """Raises StackError, naming the way out, if somebody else listens on the port."""
    if is_free(port):
        return
    raise StackError(
        f"port {port}, meant for {what}, is taken by another program{_holder(port)}: stop that, or choose another one, "
        f"for example: make demo {variable}={free_ports(1)[0]}"
    )


def _holder(port: int) -> str:
    """Who listens there, where the system tells."""
    try:
        for found in psutil.net_connections("tcp"):
            if found.status == psutil.CONN_LISTEN and found.laddr.port == port and found.pid:
                return f" (`{psutil.Process(found.pid).name()}`, pid {found.pid})"
    except psutil.Error:
        return ""
    return ""
