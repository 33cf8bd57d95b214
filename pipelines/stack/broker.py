"""The local Kafka broker: one KRaft node on loopback, from jars, without Docker."""

from __future__ import annotations

import base64
import os
import subprocess
import uuid
from pathlib import Path

from pipelines.errors import UpstreamError
from pipelines.stack import bootstrap
from pipelines.stack.errors import StackError
from pipelines.stack.processes import Program, require_free
from pipelines.streams import clients

#: What asking a broker may raise that is not there yet.
_AWAY: tuple[type[Exception], ...] = (UpstreamError, *clients.FAILURES)
_CONFIG = bootstrap.ROOT / "docker" / "broker"


class Broker:
    """A broker whose data, settings, pid and log are under `home`."""

    def __init__(self, home: Path, port: int, controller_port: int) -> None:
        """Describes it; nothing happens yet."""
        self._home = home
        self.port = port
        self._controller_port = controller_port
        self.program = Program("kafka", home / "run" / "kafka.pid", home / "log" / "kafka.log")

    @property
    def bootstrap(self) -> str:
        """The address clients use."""
        return f"127.0.0.1:{self.port}"

    def start(self, seconds: float = 60.0) -> None:
        """Starts it unless it runs, and waits until it answers a request.

        Raises:
            StackError: if a port is taken, Java or the jars are missing, or it is not ready within the bound.
        """
        if not self.program.running():
            require_free(self.port, "Kafka", "KAFKA_PORT")
            require_free(self._controller_port, "Kafka's controller", "KAFKA_PORT")
            libs = self._jars()
            properties = self._settings()
            self._format(libs, properties)
            self.program.start(self._java(libs, "kafka.Kafka", str(properties)), _environment(), self._home)
        self.program.wait(self.answers, seconds)

    def answers(self) -> bool:
        """Whether the broker answers a request for its topics now."""
        try:
            with clients.admin(self.bootstrap, seconds=1.0) as admin:
                admin.list_topics()
        except _AWAY:
            return False
        return True

    def stop(self) -> bool:
        """Stops it; returns whether it ran."""
        return self.program.stop()

    def _jars(self) -> Path:
        try:
            bootstrap.check_java()
            return bootstrap.ensure_jars(lambda text: None)
        except bootstrap.SetupError as error:
            raise StackError(str(error)) from None

    def _settings(self) -> Path:
        data = self._home / "kafka" / "data"
        data.mkdir(parents=True, exist_ok=True)
        text = (_CONFIG / "server.properties").read_text()
        for name, value in (("port", self.port), ("controller_port", self._controller_port), ("data", data)):
            text = text.replace(f"{{{name}}}", str(value))
        path = self._home / "kafka" / "server.properties"
        path.write_text(text)
        return path

    def _format(self, libs: Path, properties: Path) -> None:
        if (self._home / "kafka" / "data" / "meta.properties").exists():
            return
        cluster = "c" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
        tool = self._java(libs, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties))
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StackError(f"the broker's storage could not be formatted:\n  {(done.stderr or done.stdout)[-600:]}")

    def _java(self, libs: Path, *arguments: str) -> list[str]:
        options = ["-Xms128m", "-Xmx512m", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true"]
        options.append(f"-Dlog4j2.configurationFile={_CONFIG / 'log4j2.xml'}")
        return ["java", *options, "-cp", f"{libs}/*", *arguments]


def _environment() -> dict[str, str]:
    return dict(os.environ)
