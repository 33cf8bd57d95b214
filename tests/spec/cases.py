"""How a worked case is written here: incidents in, and per person what must be decided."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tests.world import Document, Ran, World

R, H, W, WR, RL = "RELEASE_MINIMISED", "HOLD_FOR_HUMAN", "WITHHOLD", "WITHHOLD_AND_REFER", "RELEASE"


class Want(NamedTuple):
    """What a decision row must say; None is not asked. `prot` and `standing` are exact sets, `has` and `lacks` parts of them."""

    e: str | None = None
    s: str | None = None
    prot: set[str] | None = None
    standing: set[str] | None = None
    ev: str | None = None
    has: set[str] | None = None
    lacks: set[str] | None = None


class Case(NamedTuple):
    """Incidents of one run, and what is wanted of people: (line, ref) to `Want`."""

    name: str
    records: list[Document | bytes | str]
    wants: dict[tuple[int, str], Want]
    released: list[str] | None = None


def one(name: str, record: Document, released: list[str] | None = None, **wants: Want) -> Case:
    """A case of one incident; wants by person_ref."""
    return Case(name, [record], {(0, ref): want for ref, want in wants.items()}, released)


def several(
    name: str,
    records: Iterable[Document | bytes | str],
    wants: dict[tuple[int, str], Want],
    released: list[str] | None = None,
) -> Case:
    """A case of several incidents."""
    return Case(name, list(records), wants, released)


def differences(
    found: dict[tuple[str, str, str], Document], file: str, wants: dict[tuple[int, str], Want]
) -> list[str]:
    """How decision rows differ from what is wanted."""
    wrong = []
    for (line, ref), want in wants.items():
        where = f"{file}[0]@{line}"
        rows = {to: found.get((where, ref, to)) for to in ("enforcement", "safeguarding")}
        e, s = rows["enforcement"], rows["safeguarding"]
        if e is None or s is None:
            wrong.append(f"{where} {ref}: no decision")
            continue
        asked: list[tuple[str, Any, Any]] = [
            ("enforcement", want.e, e["decision"]),
            ("safeguarding", want.s, s["decision"]),
            ("evidence", want.ev, e["evidence"]),
            ("protections", want.prot, set(e["protections"])),
            ("standing", want.standing, set(e["standing"])),
        ]
        wrong += [
            f"{where} {ref} {what}: {got}, wanted {wish}"
            for what, wish, got in asked
            if wish is not None and wish != got
        ]
        if want.has and not want.has <= set(e["protections"]):
            wrong.append(f"{where} {ref}: {e['protections']} lacks {want.has}")
        if want.lacks and want.lacks & set(e["protections"]):
            wrong.append(f"{where} {ref}: {e['protections']} has {want.lacks}")
    return wrong


def judge_case(case: Case, folder: Path) -> list[str]:
    """Runs a case and says how it differs from what is wanted."""
    ran: Ran = World(folder).run(case.records)
    wrong = differences(ran.decisions, ran.file, case.wants)
    if case.released is not None and ran.surnames != sorted(case.released):
        wrong.append(f"released {ran.surnames}, wanted {sorted(case.released)}")
    return wrong
