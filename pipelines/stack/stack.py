"""The whole local stack: a broker and Airflow under one folder, started together or not at all."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pipelines.settings import Settings
from pipelines.stack import bootstrap
from pipelines.stack.airflow import Airflow
from pipelines.stack.broker import Broker
from pipelines.stack.errors import StackError
from pipelines.stack.processes import Program
from pipelines.streams.topics import create_topics

#: What is told of progress: one short sentence at a time.
Say = Callable[[str], None]


class Ports(msgspec.Struct, frozen=True):
    """Where the parts listen, on loopback."""

    kafka: int = 9092
    controller: int = 9093
    airflow: int = 8080


class Stack:
    """Broker and Airflow under `home`, which also remembers their ports."""

    def __init__(self, home: Path, ports: Ports | None = None, settings: dict[str, str] | None = None) -> None:
        """Describes it; nothing happens yet.

        Args:
            home: where everything of it is kept.
            ports: where to listen; if None, where it listened last.
            settings: `CORDON_*` variables for the tasks, on top of those that follow from `home` and `ports`.
        """
        self.home = home.absolute()
        self.ports = ports or self._remembered()
        self.broker = Broker(self.home, self.ports.kafka, self.ports.controller)
        self.variables = {
            "CORDON_HOME": str(self.home / "cordon"),
            "CORDON_KAFKA_BOOTSTRAP": self.broker.bootstrap,
            **(settings or {}),
        }
        self.airflow = Airflow(self.home, self.ports.airflow, settings=self.variables)

    @property
    def settings(self) -> Settings:
        """The settings its tasks see."""
        return Settings.from_env(self.variables)

    def up(self, say: Say) -> None:
        """Starts what does not run. What this call started is stopped again if it fails or is interrupted.

        Raises:
            StackError: if something cannot start; the message says what mends it.
        """
        with self._alone():
            before = {program.name for program in self._programs() if program.running()}
            self._keep_ports(bool(before))
            try:
                bootstrap.check_disk(self.home, bootstrap.DISK_LATER)
                say("starting Kafka")
                self.broker.start()
                create_topics(self.broker.bootstrap)
                say("starting Airflow")
                self.airflow.start()
            except BaseException as error:
                for program in reversed(self._programs()):
                    if program.name not in before:
                        program.stop(grace=5.0)
                if isinstance(error, bootstrap.SetupError):
                    raise StackError(str(error)) from None
                raise

    def down(self) -> list[str]:
        """Stops what runs of it; returns the names of what was stopped."""
        with self._alone():
            return [program.name for program in reversed(self._programs()) if program.stop()]

    def status(self) -> dict[str, str]:
        """Each part and how it is: `running`, `healthy`, `unhealthy`, `stopped`."""
        health = self.airflow.health() if self.airflow.running() else {}
        said = {}
        for program in self._programs():
            word = program.name.removeprefix("airflow ").replace("-", "_")
            said[program.name] = health.get(word, "running") if program.running() else "stopped"
        return said

    def _programs(self) -> list[Program]:
        return [self.broker.program, *self.airflow.programs.values()]

    # ---- its own memory -------------------------------------------------------------------------------------------

    def _remembered(self) -> Ports:
        try:
            return msgspec.json.decode((self.home / "ports.json").read_bytes(), type=Ports)
        except FileNotFoundError:
            return Ports()
        except msgspec.DecodeError:
            raise StackError(f"`{self.home / 'ports.json'}` is damaged: remove it and start again") from None

    def _keep_ports(self, runs: bool) -> None:
        last = self._remembered()
        if runs and last != self.ports:
            raise StackError(
                f"it runs already, with Kafka at port {last.kafka} and Airflow at {last.airflow}: stop it first with "
                "`make down`, or name the same ports"
            )
        (self.home / "ports.json").write_bytes(msgspec.json.encode(self.ports))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One starts or stops at a time."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "stack.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StackError("another `cordon` is starting or stopping this stack: wait for it") from None
            yield
