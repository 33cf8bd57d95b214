"""Airflow on this machine: four processes with pids and logs of their own, on loopback, talked to by its REST API."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import msgspec

from pipelines.stack.bootstrap import ROOT
from pipelines.stack.errors import StackError
from pipelines.stack.processes import Program, require_free

#: The four, in the order they are started; the others ask the API server for their work.
COMPONENTS = ("api-server", "scheduler", "triggerer", "dag-processor")
#: What the health answer calls them.
_HEALTH = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class _Secrets(msgspec.Struct):
    """Made at the first start, kept for the next ones."""

    fernet_key: str
    secret_key: str
    jwt_secret: str
    password: str


class Airflow:
    """Airflow whose settings, database, pids and logs are under `home`."""

    def __init__(
        self, home: Path, port: int, *, database_url: str = "", settings: Mapping[str, str] | None = None
    ) -> None:
        """Describes it; nothing happens yet.

        Args:
            home: where everything of it is kept.
            port: of the API server, which is also the web page.
            database_url: of its metadata; SQLite under `home` if empty.
            settings: the `CORDON_*` variables its tasks see.
        """
        self._home = home
        self._folder = home / "airflow"
        self.port = port
        self._database = database_url or f"sqlite:///{self._folder / 'airflow.db'}"
        self._settings = dict(settings or {})
        self._token: tuple[str, float] | None = None
        self.programs = {
            name: Program(f"airflow {name}", home / "run" / f"{name}.pid", home / "log" / f"{name}.log")
            for name in COMPONENTS
        }

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def password_file(self) -> Path:
        """Holds the password of the user `admin`; only its owner can read it."""
        return self._folder / "passwords.json"

    @property
    def logs(self) -> Path:
        """Where tasks log to."""
        return self._folder / "logs"

    # ---- start and stop -------------------------------------------------------------------------------------------

    def start(self, seconds: float = 120.0) -> None:
        """Starts what does not run of it and waits until all four say they are healthy.

        Raises:
            StackError: if the port is taken, or one of them ends or is not ready within the bound.
        """
        if not self.programs["api-server"].running():
            require_free(self.port, "Airflow's page", "AIRFLOW_PORT")
        if not all(program.running() for program in self.programs.values()):
            self.configure()
            self._migrate()
        for name, program in self.programs.items():
            # The log servers of scheduler and triggerer would listen on every interface. Whoever reads logs here reads
            # the files.
            extra = ["--skip-serve-logs"] if name in ("scheduler", "triggerer") else []
            program.start([*_COMMAND, name, *extra], self.environment(), self._home)
        deadline = time.monotonic() + seconds
        for program in self.programs.values():
            program.wait(self.healthy, max(1.0, deadline - time.monotonic()), f"health: {self._health_words()}")

    def stop(self) -> bool:
        """Stops all of it; returns whether any of it ran."""
        # The scheduler first, so that no task starts while the API server it needs goes away.
        order = sorted(self.programs, key=lambda name: name == "api-server")
        stopped = [self.programs[name].stop() for name in order]  # every one of them, before looking
        return any(stopped)

    def running(self) -> bool:
        """Whether all four are alive."""
        return all(program.running() for program in self.programs.values())

    def healthy(self) -> bool:
        """Whether all four say they are well."""
        return all(status == "healthy" for status in self.health().values())

    def health(self) -> dict[str, str]:
        """What each says of itself; `unreachable` where the API server does not answer."""
        try:
            with urlopen(f"{self.url}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310 - our own address
                said = msgspec.json.decode(answer.read())
        except (OSError, msgspec.DecodeError):
            return dict.fromkeys(_HEALTH, "unreachable")
        return {name: str((said.get(name) or {}).get("status")) for name in _HEALTH}

    def _health_words(self) -> str:
        return ", ".join(f"{name} {status}" for name, status in self.health().items())

    def environment(self) -> dict[str, str]:
        """What its processes are started with."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "CORDON_"))}
        return {
            **inherited,
            **self._settings,
            "AIRFLOW_HOME": str(self._folder),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "docker" / "airflow"), str(ROOT / "dags"), str(ROOT)]),
            "TQDM_DISABLE": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def configure(self) -> None:
        """Writes its settings, and makes its secrets the first time."""
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = self._secrets()
        template = (ROOT / "docker" / "airflow" / "airflow.cfg").read_text()
        values = {
            "dags": ROOT / "dags",
            "logs": self.logs,
            "database": self._database,
            "passwords": self.password_file,
            "port": self.port,
            "fernet_key": kept.fernet_key,
            "secret_key": kept.secret_key,
            "jwt_secret": kept.jwt_secret,
        }
        for name, value in values.items():
            template = template.replace(f"{{{name}}}", str(value).replace("%", "%%"))
        _write_private(self._folder / "airflow.cfg", template.encode())
        _write_private(self.password_file, msgspec.json.encode({"admin": kept.password}))

    def _secrets(self) -> _Secrets:
        path = self._folder / "secrets.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Secrets)
        except FileNotFoundError:
            made = _Secrets(
                fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                secret_key=secrets.token_hex(32),
                jwt_secret=secrets.token_hex(32),
                password=secrets.token_urlsafe(15),
            )
            _write_private(path, msgspec.json.encode(made))
            return made
        except msgspec.DecodeError:
            raise StackError(f"`{path}` is damaged: remove it and start again; new secrets are made") from None

    def _migrate(self) -> None:
        """Brings the metadata database to the installed version, once for each version."""
        from importlib.metadata import version

        stamp = self._folder / "migrated"
        wanted = f"{version('apache-airflow')} {self._database}"
        present = not self._database.startswith("sqlite") or (self._folder / "airflow.db").exists()
        if present and stamp.exists() and stamp.read_text() == wanted:
            return
        done = subprocess.run(
            [*_COMMAND, "db", "migrate"],
            env=self.environment(),
            cwd=self._home,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"Airflow's database could not be made:\n  {(done.stderr or done.stdout)[-800:]}")
        stamp.write_text(wanted)

    # ---- its API --------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One request to the REST API as `admin`; returns the decoded answer.

        Raises:
            StackError: if it does not answer, or says no.
        """
        headers = {"Authorization": f"Bearer {self._login()}", "Content-Type": "application/json"}
        return _request(method, f"{self.url}/api/v2/{path}", body, headers)

    def _login(self) -> str:
        if self._token is None or time.monotonic() - self._token[1] > 600:
            password = msgspec.json.decode(self.password_file.read_bytes())["admin"]
            body = {"username": "admin", "password": password}
            said = _request("POST", f"{self.url}/auth/token", body, {"Content-Type": "application/json"})
            self._token = (said["access_token"], time.monotonic())
        return self._token[0]


_COMMAND = (sys.executable, "-m", "airflow")


def _request(method: str, url: str, body: object, headers: dict[str, str]) -> Any:
    data = None if body is None else msgspec.json.encode(body)
    request = Request(url, data=data, headers=headers, method=method)  # noqa: S310 - our own address
    try:
        with urlopen(request, timeout=15) as answer:  # noqa: S310 - as above
            text = answer.read()
    except HTTPError as error:
        raise StackError(f"Airflow answered {error.code} to `{method} {url}`") from None
    except (URLError, OSError) as error:
        raise StackError(f"Airflow does not answer at `{url}`: {type(error).__name__}") from None
    return msgspec.json.decode(text) if text else None


def _write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    partial.replace(path)
