"""The demo a newcomer runs: starts everything, shows what became of it, stops all of it, and works again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipelines.stack.processes import free_ports, is_free

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

_CORDON = [sys.executable, "-c", "from pipelines.cli import main; main()"]


class _Demo:
    def __init__(self, home: Path) -> None:
        self.home = home
        kafka = next(port for port in iter(lambda: free_ports(1)[0], None) if is_free(port + 1))
        self.ports = (kafka, kafka + 1, free_ports(1)[0])

    def call(self, *arguments: str, code: int = 0) -> str:
        """Calls the command line; returns what it printed."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CORDON_")} | {"COLUMNS": "160"}
        done = subprocess.run(
            [*_CORDON, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=400
        )
        assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout + done.stderr

    def run(self, incidents: int) -> str:
        """Runs the demo."""
        kafka, _, airflow = self.ports
        ports = ("--kafka-port", str(kafka), "--airflow-port", str(airflow))
        return self.call("demo", "--home", str(self.home), "--incidents", str(incidents), *ports)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Demo]:
    """A demo of its own, stopped in the end whatever happened."""
    made = _Demo(tmp_path_factory.mktemp("demo"))
    try:
        yield made
    finally:
        made.call("stack", "down", "--home", str(made.home))


def test_from_nothing_to_a_table(demo: _Demo) -> None:
    """From nothing running: everything starts, every record is accounted for, and what is shown is where it says."""
    said = demo.run(300)
    assert "300 records landed" in said
    for word in ("withheld", "held", "pending", "released", "referrals", "Three decisions explained", "stop"):
        assert word in said
    assert (demo.home / "report" / "index.html").stat().st_size > 2000
    status = json.loads(demo.call("stack", "status", "--home", str(demo.home), "--json"))
    assert set(status.values()) <= {"running", "healthy"}
    assert len(status) == 5


def test_down_and_again(demo: _Demo) -> None:
    """Stopping leaves no process and no port behind, says so the second time, and the demo goes on where it was."""
    stopped = demo.call("stack", "down", "--home", str(demo.home))
    assert stopped.count(",") == 4
    assert all(is_free(port) for port in demo.ports)
    mine = str(demo.home)
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:
            continue
        assert mine not in line or process.pid == os.getpid(), line[:200]
    assert "nothing of it runs" in demo.call("stack", "down", "--home", str(demo.home))
    assert "400 records landed" in demo.run(100)


def test_what_is_wrong_is_said_before_anything_starts(demo: _Demo, tmp_path: Path) -> None:
    """A file that holds no incidents, or a taken port, is one clear sentence and exit code 2 or 5."""
    empty = tmp_path / "empty.txt"
    empty.write_text("no report\n")
    said = demo.call("demo", "--home", str(tmp_path / "home"), "--nibrs", str(empty), code=2)
    assert "holds no incident" in said
    assert not (tmp_path / "home").exists()
    said = demo.call("stack", "up", "--home", str(tmp_path / "home"), "--kafka-port", str(demo.ports[0]), code=5)
    assert f"port {demo.ports[0]}, meant for Kafka, is taken" in said
    assert "make demo KAFKA_PORT=" in said
