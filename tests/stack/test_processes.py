"""Programs are known by their own pid, stopped with their children, and nothing else is ever touched."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil
import pytest

from pipelines.stack.errors import StackError
from pipelines.stack.processes import Mark, Program, free_ports, is_free, require_free

_SLEEPER = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('up', flush=True); time.sleep(60)"
_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def _program(folder: Path, code: str) -> Program:
    program = Program("sleeper", folder / "run" / "sleeper.pid", folder / "log" / "sleeper.log")
    program.start([sys.executable, "-c", code], os.environ, folder)
    program.wait(lambda: program.log.exists() and "up" in program.log.read_text(), 20)
    return program


def test_stop_ends_the_children_too(tmp_path: Path) -> None:
    """A program and what it started end together, and the pid file goes with them."""
    program = _program(tmp_path, _SLEEPER)
    process = program.process()
    assert process is not None
    family = [process, *process.children(recursive=True)]
    assert len(family) == 2
    assert program.stop(grace=5.0)
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family)
    assert not program.pid_file.exists()
    assert not program.stop()


def test_who_does_not_listen_is_killed(tmp_path: Path) -> None:
    """A program that ignores the request to end is killed when its grace is over."""
    program = _program(tmp_path, _DEAF)
    started = time.monotonic()
    assert program.stop(grace=0.5)
    assert time.monotonic() - started < 10
    assert not program.running()


def test_a_pid_that_was_given_to_another_is_never_touched(tmp_path: Path) -> None:
    """A pid file whose number now belongs to another program stops nobody."""
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        program = Program("ours", tmp_path / "ours.pid", tmp_path / "ours.log")
        program.pid_file.write_bytes(msgspec.json.encode(Mark(stranger.pid, time.time() - 5000)))
        assert not program.running()
        assert not program.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_start_that_fails_shows_the_end_of_the_log(tmp_path: Path) -> None:
    """A program that ends while it starts is reported with where its log is and how it ends."""
    program = Program("broken", tmp_path / "b.pid", tmp_path / "b.log")
    program.start([sys.executable, "-c", "import sys; sys.exit('no such thing as a setting')"], os.environ, tmp_path)
    with pytest.raises(StackError, match="no such thing as a setting"):
        program.wait(lambda: False, 20)


def test_not_ready_in_time_is_said(tmp_path: Path) -> None:
    """A program that runs and is never ready ends the wait at its bound, with the hint given."""
    program = _program(tmp_path, _DEAF)
    try:
        with pytest.raises(StackError, match="not ready after 1 s; look there"):
            program.wait(lambda: False, 1.0, "look there")
    finally:
        program.stop(grace=0.1)


def test_a_second_start_starts_nothing(tmp_path: Path) -> None:
    """Starting what runs leaves it alone."""
    program = _program(tmp_path, _DEAF)
    try:
        first = program.process()
        program.start([sys.executable, "-c", "raise SystemExit"], os.environ, tmp_path)
        assert program.process() == first
    finally:
        program.stop(grace=0.1)


def test_a_taken_port_is_named_with_the_way_out() -> None:
    """A port somebody else holds is refused with what it was for, who holds it, and a command that works."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(StackError, match=rf"port {port}, meant for Kafka, .*make demo KAFKA_PORT=\d+"):
            require_free(port, "Kafka", "KAFKA_PORT")
    assert is_free(port)


def test_free_ports_differ() -> None:
    """Ports handed out together are free and differ."""
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert all(map(is_free, ports))
