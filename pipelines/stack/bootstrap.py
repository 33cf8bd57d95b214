"""Makes the environment `make` needs, from nothing but a Python: checks the machine, fills .venv, fetches the broker.

Runs before anything is installed, so it uses the standard library only and imports nothing of the project; it is a
script, and its functions are also what `cordon stack` uses later. Every step looks first whether it was done already.

    python3 pipelines/stack/bootstrap.py env     the virtual environment, from the locks
    python3 pipelines/stack/bootstrap.py jars    the broker's jars, by Maven
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements/tools.lock", "requirements/run.lock", "requirements/dev.lock", "pyproject.toml")
MIN_PYTHON = (3, 11)
MIN_JAVA = 17
#: What a first set-up takes: the environment, a cache of the same size beside it, the jars, and room for logs.
DISK_FIRST = 3 * 1024**3
#: What a later start takes.
DISK_LATER = 512 * 1024**2


class SetupError(Exception):
    """Something is missing on this machine; the message says what and which command mends it."""


# ---- the machine ------------------------------------------------------------------------------------------------


def check_python() -> None:
    """Raises SetupError unless this interpreter is new enough and can make virtual environments."""
    if sys.version_info < MIN_PYTHON:
        have = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(
            f"Python {have} is too old: Cordon needs 3.11 or newer.\n"
            "  Debian/Ubuntu: sudo apt-get install python3.11 python3.11-venv\n"
            "  macOS:         brew install python@3.11\n"
            "  then:          make PYTHON=python3.11 <target>"
        )
    try:
        import ensurepip  # noqa: F401 - Debian splits it off; without it no environment can be made
    except ImportError:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(
            "this Python cannot make virtual environments: its `ensurepip` is missing.\n"
            f"  Debian/Ubuntu: sudo apt-get install python{version}-venv"
        ) from None


def check_java() -> None:
    """Raises SetupError unless a Java of version 17 or newer is on the path."""
    install = (
        "  Debian/Ubuntu: sudo apt-get install openjdk-17-jre-headless\n"
        "  Fedora:        sudo dnf install java-17-openjdk-headless\n"
        "  macOS:         brew install openjdk@17"
    )
    if shutil.which("java") is None:
        raise SetupError(f"Java is missing: the broker needs version {MIN_JAVA} or newer.\n{install}")
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    match = re.search(r'version "(\d+)', said.stderr + said.stdout)
    if match is None:
        raise SetupError(f"`java -version` does not work here: the broker needs Java {MIN_JAVA} or newer.\n{install}")
    if int(match[1]) < MIN_JAVA:
        raise SetupError(f"Java {match[1]} is too old: the broker needs version {MIN_JAVA} or newer.\n{install}")


def check_maven() -> None:
    """Raises SetupError unless Maven is on the path."""
    if shutil.which("mvn") is None:
        raise SetupError(
            "Maven is missing: it fetches the broker's jars.\n"
            "  Debian/Ubuntu: sudo apt-get install maven\n"
            "  Fedora:        sudo dnf install maven\n"
            "  macOS:         brew install maven"
        )


def check_disk(folder: Path, needed: int) -> None:
    """Raises SetupError unless `needed` bytes are free where `folder` is or will be."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SetupError(
            f"the disk of `{folder}` has {free / 1024**3:.1f} GiB free and {needed / 1024**3:.1f} GiB are needed.\n"
            "  Free some room, for example: make clean"
        )


# ---- the environment --------------------------------------------------------------------------------------------


def _digest(paths: Sequence[Path]) -> str:
    state = hashlib.sha256(sys.version.encode())
    for path in paths:
        state.update(path.read_bytes())
    return state.hexdigest()


def ensure_environment(say: Callable[[str], None], root: Path = ROOT) -> bool:
    """Fills `.venv` from the locks if they changed since it was filled; returns whether anything was done."""
    venv = root / ".venv"
    stamp = venv / ".cordon-stamp"
    wanted = _digest([root / name for name in LOCKS])
    python = venv / "bin" / "python"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return False
    check_python()
    check_disk(venv, DISK_FIRST)
    if not python.exists() or _works(python) is False:
        say("making .venv")
        shutil.rmtree(venv, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(venv)], root, "the virtual environment could not be made")
    stamp.unlink(missing_ok=True)
    say("installing what the locks name (a few minutes the first time)")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
    offline = "the packages could not be installed: is a package index reachable (see pip's configuration)?"
    _run([*pip, "-r", "requirements/tools.lock"], root, offline)
    uv = [str(python), "-m", "uv", "--quiet", "pip", "install", "--python", str(python)]
    locks = ["-r", "requirements/run.lock", "-r", "requirements/dev.lock"]
    _run([*uv, "--compile-bytecode", "--require-hashes", *locks], root, offline)
    _run([*uv, "--no-deps", "--no-build-isolation", "-e", "."], root, "the project itself could not be installed")
    partial = stamp.with_suffix(".partial")
    partial.write_text(wanted)
    partial.replace(stamp)
    return True


def _works(python: Path) -> bool:
    """Whether an environment's interpreter still starts and is new enough (its base may have been upgraded away)."""
    test = f"import sys, pip; sys.exit(sys.version_info[:2] < {MIN_PYTHON!r})"
    return subprocess.run([str(python), "-c", test], capture_output=True, check=False).returncode == 0


def _run(command: Sequence[str], root: Path, failure: str) -> None:
    done = subprocess.run(command, cwd=root, check=False)
    if done.returncode != 0:
        raise SetupError(f"{failure}\n  This command failed: {' '.join(command)}")


# ---- the broker's jars ------------------------------------------------------------------------------------------


def ensure_jars(say: Callable[[str], None], root: Path = ROOT) -> Path:
    """Fetches the jars that docker/broker/pom.xml names, once for each version of that file; returns their folder."""
    pom = root / "docker" / "broker" / "pom.xml"
    folder = root / "var" / "kafka" / f"libs-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    check_java()
    check_maven()
    check_disk(folder, DISK_LATER)
    say("fetching the broker's jars with Maven")
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "-Dstyle.color=never", "--file", str(pom)]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={partial}"]
    try:
        _run(command, root, "the broker's jars could not be fetched: is a Maven repository reachable?")
        if not any(partial.glob("kafka_*.jar")):
            raise SetupError("Maven ended well but brought no broker: see docker/broker/pom.xml")
        if folder.is_dir():  # another process was faster
            return folder
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def main(arguments: Sequence[str]) -> int:
    """Runs the named steps; a SetupError becomes a message and exit code 2."""

    def say(text: str) -> None:
        print(f"cordon: {text}", flush=True)  # noqa: T201 - this script runs before anything else is installed

    steps: dict[str, Callable[[], object]] = {
        "python": check_python,
        "env": lambda: ensure_environment(say),
        "jars": lambda: ensure_jars(say),
    }
    if not arguments or any(word not in steps for word in arguments):
        say(f"usage: bootstrap.py {' | '.join(steps)} ...")
        return 2
    try:
        check_python()
        for word in arguments:
            steps[word]()
    except SetupError as error:
        print(f"cordon: {error}", file=sys.stderr)  # noqa: T201 - as above
        return 2
    except KeyboardInterrupt:
        print("cordon: interrupted; run the same command again to go on", file=sys.stderr)  # noqa: T201 - as above
        return 130
    except OSError as error:
        print(f"cordon: {error.strerror or type(error).__name__}: `{error.filename}`", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
