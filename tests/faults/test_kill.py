"""A run killed at any instant and run again ends as one that was left alone: each output once, byte for byte (spec 1, exactly-once effect)."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.dying import KINDS, dies
from tests.properties.histories import MANY
from tests.world import DOUBT, Document, World, cheap, encoded, incident, name, suspect, victim

GIVEN = {"scope": "SAFEGUARDING_REFERRAL", "state": "GIVEN", "ts": "2026-11-20T21:40:00Z", "method": "VERBAL"}
DA = {"domestic_abuse": "TRUE"}
RUI = suspect("p5", names=[name("Silva", "Rui")], dob="1970-10-11")
JAN = suspect("p7", names=[name("Kowalski", "Jan")], dob="1979-05-06")
#: Of everything something: a referral by consent and one by risk, subjects, a broken line, a line nobody can read.
FIRST: list[Document | bytes] = [
    incident("A", victim(consent=[GIVEN], immigration=DOUBT), suspect(), flags=DA),
    b"{",
    incident("B", RUI),
    incident("C", victim("p6", names=[name("Grün", "Eva")], dob="1960-01-09", risk={"level": "HIGH"}), JAN, flags=DA),
    incident("D", victim("p8", names=[name("Ivanova", "Olga")], dob="1955-02-03"))
    | {"relations": [{"from_ref": "x", "to_ref": "p8"}]},
]
#: Takes back one subject by a retraction, one by late protection, and adds one.
SECOND: list[Document | bytes] = [
    incident("B", RUI, version=2, change="RETRACT"),
    incident("E", victim("p1", names=[name("Kowalski", "Jan")], dob="1979-05-06")),
    incident("F", suspect("p9", names=[name("Haddad", "Sami")], dob="1969-08-09")),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Cheap runs, and a world whose first run is over."""
    home = tmp_path_factory.mktemp("template")
    with cheap(home):
        World(home / "begun").run(FIRST, now="2026-11-01T09:00:00Z", batch_size=2)
        yield home / "begun"


def whole(template: Path, folder: Path) -> None:
    """A first run over a fresh state."""
    World(folder).run(FIRST, file="in.jsonl", batch_size=2)


def second(template: Path, folder: Path) -> None:
    """A second run over a state with things to take back."""
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(template, partial)
        partial.rename(folder)
    world = World(folder)
    world.run(SECOND, now="2026-11-09T09:00:00Z", file="more.jsonl", batch_size=2)


def outputs(folder: Path) -> dict[str, bytes]:
    """Every file of the output folder, by name."""
    out = folder / "out0"
    return (
        {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()} if out.is_dir() else {}
    )


def differences(got: dict[str, bytes], wanted: dict[str, bytes]) -> list[str]:
    """Files that are not what they should be. The log of receipts may also say what was undone and done again."""
    wrong = [
        file
        for file in got.keys() | wanted.keys()
        if not file.startswith("audit/") and got.get(file) != wanted.get(file)
    ]
    if not set(wanted["audit/receipts.jsonl"].splitlines()) <= set(got.get("audit/receipts.jsonl", b"").splitlines()):
        wrong.append("audit/receipts.jsonl")
    return wrong


def half_written(got: dict[str, bytes], before: dict[str, bytes], wanted: dict[str, bytes]) -> list[str]:
    """Files a reader may see in the folder of a run that died, that are neither as before nor as they will be."""
    seen = [file for file in got if not Path(file).name.startswith(".") and not file.startswith((".sending", "audit/"))]
    return [file for file in seen if got[file] not in (before.get(file), wanted.get(file))]


@pytest.mark.parametrize("story", [whole, pytest.param(second, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow) if kind != "unlink" else kind for kind in KINDS]
)
def test_a_run_killed_at_an_instant_is_gone_on_with(
    tmp_path: Path, template: Path, kind: str, story: Callable[[Path, Path], None]
) -> None:
    """Killed before or after any commit, move, removal, opening or flush, and run again: the outputs of a run left alone."""
    status, instants = dies(lambda: story(template, tmp_path / "alone"), kind)
    assert status == 0
    assert instants > 3
    wanted = outputs(tmp_path / "alone")
    before = outputs(template) if story is second else {}
    every = [sign * number for number in range(1, instants + 1) for sign in (-1, 1)]
    # Always the last ones, where a run ends; of the others a few, or all of them if asked.
    chosen = every if MANY > 1 else [*every[: -2 * 2 : max(1, len(every) // 6)], *every[-2 * 2 :]]
    for instant in chosen:
        folder = tmp_path / "killed"
        assert dies(lambda: story(template, folder), kind, instant)[0] == -signal.SIGKILL  # noqa: B023 - called at once
        assert half_written(outputs(folder), before, wanted) == [], f"{kind} {instant}"
        assert dies(lambda: story(template, folder))[0] == 0, f"{kind} {instant}"  # noqa: B023 - as above
        assert differences(outputs(folder), wanted) == [], f"{kind} {instant}"
        shutil.rmtree(folder)


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_the_same(tmp_path: Path, template: Path) -> None:
    """Killed at every commit in turn, each time a little further: the outputs are those of one run."""
    dies(lambda: whole(template, tmp_path / "alone"))
    folder = tmp_path / "killed"
    for _ in range(60):
        status, _count = dies(lambda: whole(template, folder), "commit", 1)
        if status == 0:
            break
        assert status == -signal.SIGKILL
    dies(lambda: whole(template, folder))
    assert differences(outputs(folder), outputs(tmp_path / "alone")) == []


# ---- real processes ----------------------------------------------------------------------------------------------


def command(folder: Path) -> list[str]:
    """`cordon run` as a process."""
    run = [
        sys.executable,
        "-c",
        "from pipelines.cli import main; main()",
        "run",
        "--seed",
        "7",
        "--now",
        "2026-11-23T09:00:00Z",
    ]
    return [
        *run,
        "--input",
        str(folder.parent / "in.jsonl"),
        "--out",
        str(folder / "out0"),
        "--state",
        str(folder / "state"),
        "--batch-size",
        "200",
    ]


@pytest.mark.slow
def test_a_process_that_is_interrupted_and_killed_goes_on(tmp_path: Path) -> None:
    """Ctrl-C ends with 130 and one line; after it, and after kill -9, the same command ends what was begun."""
    people = [
        [
            victim(
                "p1",
                names=[name("Amini", "Leila")],
                dob=f"19{50 + n % 40}-{1 + n % 12:02d}-{1 + n % 28:02d}",
                risk={"level": "HIGH"},
            ),
            RUI,
        ]
        for n in range(400)
    ]
    lines = [encoded(incident(f"L{n}", *each, flags=DA)) for n, each in enumerate(people)]
    (tmp_path / "in.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    alone = subprocess.run(command(tmp_path / "alone"), capture_output=True, check=False)
    assert alone.returncode == 0, alone.stderr

    folder = tmp_path / "killed"
    for units, sign, code in ((1, signal.SIGINT, 130), (2, signal.SIGKILL, -signal.SIGKILL)):
        begun = subprocess.Popen(command(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 120
        # One batch's messages are in place, the next is on its way.
        while len(list(folder.glob("out0/.sending/*/*.unit"))) < units and time.monotonic() < deadline:
            assert begun.poll() is None
            time.sleep(0.01)
        begun.send_signal(sign)
        _, said = begun.communicate(timeout=60)
        assert begun.returncode == code
        if sign == signal.SIGINT:
            assert said == b"cordon: interrupted; run the same command again to go on\n"
        assert not (folder / "out0" / "enforcement.subjects.v1.jsonl").exists()
    again = subprocess.run(command(folder), capture_output=True, check=False)
    assert again.returncode == 0, again.stderr
    assert differences(outputs(folder), outputs(tmp_path / "alone")) == []
    ids = [
        json.loads(line)["value"]["referral_id"]
        for line in outputs(folder)["safeguarding.referrals.v1.jsonl"].splitlines()
    ]
    assert len(ids) == len(set(ids)) == len(lines)
