"""`cordon policy`: the decision table, what a change newly releases, the proof, one case in words, clause to test."""

from __future__ import annotations

import csv
import html
import io
import json
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pipelines.errors import CordonError, UsageError

if TYPE_CHECKING:
    from pipelines.contracts.codes import Decision, Recipient
    from policy.bundle import Bundle
    from policy.cells import Cell
    from policy.engine import Engine
    from policy.stored import StoredTable
    from policy.summary import Summary

app = typer.Typer(
    help="What is decided about each case under a regime, proved over every case there is.",
    no_args_is_help=True,
    epilog="Exit codes: 0 done and sound, 1 something newly releases or is not proved, 2 refused.",
)

_WORDS = {
    "RELEASE_MINIMISED": "release, minimised",
    "RELEASE": "release",
    "HOLD_FOR_HUMAN": "hold for a human",
    "WITHHOLD": "withhold",
    "WITHHOLD_AND_REFER": "withhold and refer",
}
_STYLES = {"RELEASE_MINIMISED": "red", "RELEASE": "green", "HOLD_FOR_HUMAN": "yellow"}


@contextmanager
def _refusing() -> Iterator[None]:
    """A bundle that cannot be read is the user's to mend: exit 2 and one line, never a traceback."""
    from policy.errors import PolicyError

    try:
        yield
    except PolicyError as error:
        raise UsageError(str(error)) from None


# ---- table ------------------------------------------------------------------------------------------------------


class Format(StrEnum):
    """How a table is shown."""

    TERMINAL = "terminal"
    CSV = "csv"
    HTML = "html"


@app.command()
def table(
    regime: Annotated[str, typer.Option(help="A regime, or `all`; the one in force if not given.")] = "",
    form: Annotated[Format, typer.Option("--format", help="How to show it.")] = Format.TERMINAL,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead.", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a regime.")] = False,
) -> None:
    """The decision table of a regime: every case there is, those decided alike on one line.

    Example: cordon policy table --regime uk_strict_firewall --format html --out strict.html

    Exit codes: 0 shown; 2 no such regime, or its table is missing, broken or not of these policies.
    """
    with _refusing():
        shown = [_Shown.read(name) for name in _chosen(regime)]
    if as_json:
        text = "".join(json.dumps(one.as_json()) + "\n" for one in shown)
    elif form is Format.CSV:
        text = _csv(shown)
    elif form is Format.HTML:
        text = _html(shown)
    else:
        text = _terminal(shown, out is None)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


def _chosen(regime: str) -> list[str]:
    from pipelines.settings import Settings
    from policy import regimes

    known = regimes()
    if regime == "all":
        return list(known)
    name = regime or Settings.from_env().regime
    if name not in known:
        raise UsageError(f"no such regime: `{name[:64]}`; one of {', '.join(known)}, or `all`")
    return [name]


class _Shown(NamedTuple):
    """A regime and what its proved table says."""

    bundle: Bundle
    summaries: list[Summary]
    approvals: dict[Recipient, int | None]
    """How many different named people release what is held; None where nobody can."""

    @classmethod
    def read(cls, regime: str) -> _Shown:
        from pipelines.contracts.codes import Recipient
        from policy.bundle import Bundle
        from policy.engine import approvals_needed
        from policy.summary import summarise
        from policy.table import decisions_of

        bundle = Bundle.read(regime)
        stored = _proved(bundle)
        return cls(
            bundle,
            [summarise(recipient, decisions_of(stored, recipient)) for recipient in Recipient],
            {
                recipient: approvals_needed(bundle.metadata, stored.releases(recipient), recipient)
                for recipient in Recipient
            },
        )

    def as_json(self) -> dict[str, Any]:
        """The regime with its metadata and every line."""
        metadata = self.bundle.metadata
        return {
            "regime": metadata.id,
            "title": metadata.title,
            "status": metadata.status,
            "effective_from": str(metadata.effective_from or ""),
            "effective_to": str(metadata.effective_to or ""),
            "replay_only": metadata.replay_only,
            "approvals": {str(recipient): count for recipient, count in self.approvals.items()},
            "digest": self.bundle.digest,
            "lines": [line for summary in self.summaries for line in _lines(summary)],
        }


def _proved(bundle: Bundle) -> StoredTable:
    from policy.errors import PolicyError
    from policy.stored import StoredTable

    stored = StoredTable.read(bundle)
    if stored.digest != bundle.digest:
        raise PolicyError(
            f"the table of `{bundle.regime}` was proved for other policies: run `cordon policy verify --write`"
        )
    return stored


def _lines(summary: Summary) -> Iterator[dict[str, Any]]:
    for line in summary.lines:
        for column, sets, outcome in zip(summary.columns, summary.sets, line.outcomes, strict=True):
            yield {
                "recipient": summary.recipient.value,
                "where": {axis: [_plain(value) for value in values] for axis, values in line.where.items()},
                "protections": column,
                "decision": outcome.value,
                "cells": line.rows * len(sets),
            }


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool) else value.name


def _terminal(shown: list[_Shown], to_screen: bool) -> str:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    # A file, or a pipe, gets plain text as wide as a page; a terminal its own width and colours.
    live = to_screen and sys.stdout.isatty()
    buffer = io.StringIO()
    console = Console(file=buffer, force_terminal=live, width=None if live else 120)
    for one in shown:
        metadata = one.bundle.metadata
        console.print(f"[bold]{metadata.id}[/]: {escape(metadata.title)} ({metadata.status})", soft_wrap=True)
        console.print(escape(metadata.summary.strip()) + "\n", soft_wrap=True)
        for summary in one.summaries:
            grid = Table(title=f"recipient {summary.recipient.value}", title_justify="left", show_lines=True)
            for axis in summary.axes:
                grid.add_column(axis)
            for column in summary.columns:
                grid.add_column(escape(column))
            for line in summary.lines:
                grid.add_row(*_conditions(summary, line), *(_styled(outcome) for outcome in line.outcomes))
            console.print(grid)
            console.print(_people(summary.recipient, one.approvals[summary.recipient]) + "\n", soft_wrap=True)
        if metadata.unsettled:
            console.print("Unsettled:")
            for doubt in metadata.unsettled:
                console.print(f"- {escape(doubt)}", soft_wrap=True)
        console.print()
    return buffer.getvalue()


def _people(recipient: Recipient, needed: int | None) -> str:
    if needed is None:
        return f"What is held from {recipient}, nobody can release."
    return (
        f"What is held from {recipient}, {needed} different named {'person' if needed == 1 else 'people'} can release."
    )


def _conditions(summary: Summary, line: Any) -> Iterator[str]:
    from policy.cells import AXES
    from policy.summary import in_words

    for axis in summary.axes:
        yield in_words(summary.recipient, axis, line.where.get(axis, AXES[summary.recipient][axis]))


def _styled(decision: Decision) -> str:
    word, style = _WORDS[decision.value], _STYLES.get(decision.value)
    return f"[{style}]{word}[/]" if style else word


def _csv(shown: list[_Shown]) -> str:
    from policy.cells import AXES

    axes = list(dict.fromkeys(axis for lists in AXES.values() for axis in lists))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["regime", "recipient", *axes, "protections", "decision", "cells"])
    for one in shown:
        for summary in one.summaries:
            for line in summary.lines:
                known = dict(zip(summary.axes, _conditions(summary, line), strict=True))
                own = ["any" if axis in AXES[summary.recipient] else "" for axis in axes]
                conditions = [known.get(axis, default) for axis, default in zip(axes, own, strict=True)]
                for column, sets, outcome in zip(summary.columns, summary.sets, line.outcomes, strict=True):
                    cells = line.rows * len(sets)
                    writer.writerow(
                        [one.bundle.regime, summary.recipient.value, *conditions, column, outcome.value, cells]
                    )
    return buffer.getvalue()


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Cordon: decision tables</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1b1f24 }}
table {{ border-collapse: collapse; margin: 1rem 0 2rem }} caption {{ text-align: left; font-weight: 600 }}
th, td {{ border: 1px solid #c9ced6; padding: .35rem .6rem; text-align: left; vertical-align: top }}
th {{ background: #f2f4f7 }} .RELEASE_MINIMISED {{ background: #fbd9d3 }} .RELEASE {{ background: #d5efdc }}
.HOLD_FOR_HUMAN {{ background: #fdf0c4 }}
</style></head><body><h1>Decision tables</h1>
{body}</body></html>
"""


def _html(shown: list[_Shown]) -> str:
    say = html.escape
    body = []
    for one in shown:
        metadata = one.bundle.metadata
        body.append(f"<h2>{say(metadata.id)}: {say(metadata.title)}</h2>")
        body.append(f"<p>{say(metadata.status)}. {say(metadata.summary)}</p>")
        for summary in one.summaries:
            body.append(f"<table><caption>Recipient {summary.recipient.value}</caption><tr>")
            body += [f"<th scope=col>{say(name)}</th>" for name in (*summary.axes, *summary.columns)]
            body.append("</tr>")
            for line in summary.lines:
                conditions = "".join(f"<td>{say(words)}</td>" for words in _conditions(summary, line))
                outcomes = "".join(f"<td class={o.value}>{say(_WORDS[o.value])}</td>" for o in line.outcomes)
                body.append(f"<tr>{conditions}{outcomes}</tr>")
            body.append(f"</table><p>{say(_people(summary.recipient, one.approvals[summary.recipient]))}</p>")
        for heading, items in (("Citations", metadata.citations), ("Unsettled", metadata.unsettled)):
            body.append(f"<h3>{heading}</h3><ul>{''.join(f'<li>{say(item)}</li>' for item in items)}</ul>")
        body.append(f"<p>Digest <code>{one.bundle.digest}</code></p>")
    return _PAGE.format(body="\n".join(body))


# ---- diff -------------------------------------------------------------------------------------------------------


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="A regime, a policy folder, or a git revision: what was.")],
    b: Annotated[str, typer.Argument(help="A regime, a policy folder, or a git revision: what is to be.")],
    regime: Annotated[str, typer.Option(help="Of two revisions, only this regime.")] = "",
    acknowledge_weakening: Annotated[
        bool, typer.Option("--acknowledge-weakening", help="Exit 0 although something newly releases.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a regime.")] = False,
) -> None:
    """Exactly which cases are decided differently, and which of them newly release, hold or withhold.

    Example: cordon policy diff uk_strict_firewall uk_safe_to_share_2020

    Example: cordon policy diff HEAD policy --regime uk_lords_am96

    Exit codes: 0 nothing newly releases, or it is acknowledged; 1 something newly releases; 2 refused.
    """
    with _refusing():
        found = _compare(_Side.of(a), _Side.of(b), regime)
    for one in found:
        typer.echo(json.dumps(one.as_json()) if as_json else one.in_words())
    if any(one.newly("releases") or one.fewer_people for one in found) and not acknowledge_weakening:
        if not as_json:
            typer.echo(
                "something newly releases, or takes fewer people to: give --acknowledge-weakening if that is meant",
                err=True,
            )
        raise typer.Exit(1)


class _Side(NamedTuple):
    """One side of a comparison: files of a policy folder, and the one regime of them that is meant, if any."""

    name: str
    files: Mapping[str, bytes]
    regime: str

    @classmethod
    def of(cls, name: str) -> _Side:
        """A regime of this installation, a folder, or a git revision of the folder this installation runs from."""
        from policy.bundle import PACKAGE, files_of, regimes_in

        own = files_of(PACKAGE)
        if name in regimes_in(own):
            return cls(name, own, name)
        folder = Path(name)
        if folder.is_dir():
            for candidate in (folder, folder / "policy"):
                if (candidate / "regimes").is_dir():
                    return cls(name, files_of(candidate), "")
            raise UsageError(f"`{name}` is no policy folder: it has no `regimes`")
        return cls(name, _files_at(name), "")

    def names(self) -> list[str]:
        """The regimes meant."""
        from policy.bundle import regimes_in

        return [self.regime] if self.regime else regimes_in(self.files)


def _files_at(revision: str) -> dict[str, bytes]:
    from policy import regimes
    from policy.bundle import MEANING, PACKAGE, SCHEMA

    command = ["git", "-C", str(PACKAGE), "archive", "--format=tar", "--end-of-options", revision, "."]
    try:
        archive = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise UsageError(
            f"`{revision[:64]}` is no regime ({', '.join(regimes())}), no folder and no git revision of the policies"
        ) from None
    out = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar.getmembers():
            path = member.name.removeprefix("./")
            stream = tar.extractfile(member)
            if stream is not None and (path in (SCHEMA, *MEANING) or path.startswith("regimes/")):
                out[path] = stream.read()
    return out


class _Comparison(NamedTuple):
    """What one regime decides differently from another, or from itself at another revision."""

    before: str
    after: str
    cells: dict[str, dict[tuple[str, str], int]]
    """Recipient to (before, after) to how many cells."""
    where: list[tuple[Recipient, str, str, str, int]]
    """(recipient, before, after, in words, cells): together every cell that changed, each once."""
    note: str
    approvals: dict[str, tuple[int | None, int | None]]
    """Recipient to how many named people release what is held, before and after, where that differs."""

    @property
    def fewer_people(self) -> bool:
        """Whether somewhere fewer named people are enough."""
        from policy import fewer_approvals

        return any(fewer_approvals(before, after) for before, after in self.approvals.values())

    def newly(self, what: str) -> int:
        """How many cells newly `releases`, `holds` or `withholds`."""
        kinds = {
            "releases": {"RELEASE_MINIMISED", "RELEASE"},
            "holds": {"HOLD_FOR_HUMAN"},
            "withholds": {"WITHHOLD", "WITHHOLD_AND_REFER"},
        }[what]
        return sum(
            cells
            for changes in self.cells.values()
            for (old, new), cells in changes.items()
            if new in kinds and old not in kinds
        )

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "before": self.before,
            "after": self.after,
            "note": self.note,
            **{f"newly_{what}": self.newly(what) for what in ("releases", "holds", "withholds")},
            "approvals": {recipient: {"before": old, "after": new} for recipient, (old, new) in self.approvals.items()},
            "changes": [
                {"recipient": recipient.value, "before": old, "after": new, "where": where, "cells": cells}
                for recipient, old, new, where, cells in self.where
            ],
        }

    def in_words(self) -> str:
        """For people."""
        out = [f"{self.before} -> {self.after}" + (f" ({self.note})" if self.note else "")]
        if not self.where and not self.note and not self.approvals:
            out.append("  no case is decided differently")
        if self.where:
            newly = ", ".join(f"{self.newly(what):,} newly {what[:-1]}" for what in ("releases", "holds", "withholds"))
            out.append(f"  cells: {newly}")
        for name, (had, has) in self.approvals.items():
            out.append(
                f"  {name}: named people to release what is held: {had or 'nobody can'} -> {has or 'nobody can'}"
            )
        for recipient, old, new, where, cells in self.where:
            out.append(f"  {recipient.value}: {_WORDS[old]} -> {_WORDS[new]} ({cells:,} cells): {where}")
        return "\n".join(out)


def _compare(before: _Side, after: _Side, only: str) -> list[_Comparison]:
    if before.regime and after.regime:
        return [_compared(before, before.regime, after, after.regime)]
    wanted = only or before.regime or after.regime
    mine, theirs = (
        {wanted} & set(side.names() if not side.regime else [side.regime]) if wanted else set(side.names())
        for side in (before, after)
    )
    if not mine and not theirs:
        raise UsageError(f"neither `{before.name}` nor `{after.name}` has the regime `{wanted}`")
    found = []
    for name in sorted(mine | theirs):
        if name in mine and name in theirs:
            found.append(_compared(before, name, after, name))
        else:
            note = "is new" if name in theirs else "is gone"
            found.append(_Comparison(f"{before.name}: {name}", f"{after.name}: {name}", {}, [], note, {}))
    return found


def _compared(before: _Side, old: str, after: _Side, new: str) -> _Comparison:
    from pipelines.contracts.codes import Recipient
    from policy.stored import LETTERS, ORDER
    from policy.summary import summarise

    was, is_now = _decisions(before, old), _decisions(after, new)
    cells: dict[str, dict[tuple[str, str], int]] = {}
    where = []
    for recipient in Recipient:
        pairs = [None if x is y else (x.value, y.value) for x, y in zip(was[recipient], is_now[recipient], strict=True)]
        cells[recipient.value] = dict(Counter(pair for pair in pairs if pair is not None))
        for kind in cells[recipient.value]:
            summary = summarise(recipient, [pair == kind for pair in pairs])
            for line in summary.lines:
                for column, sets, changed in zip(summary.columns, summary.sets, line.outcomes, strict=True):
                    if changed:
                        words = f"{column}; {summary.where(line)}"
                        where.append((recipient, *kind, words, line.rows * len(sets)))
    letters = {decision.value: letter for decision, letter in LETTERS.items()}
    where.sort(key=lambda row: (row[0].value, ORDER.index(letters[row[2]]), ORDER.index(letters[row[1]]), row[3]))
    names = [side.name if side.regime else f"{side.name}: {regime}" for side, regime in ((before, old), (after, new))]
    had, has = _approvals(before, old, was), _approvals(after, new, is_now)
    approvals = {r.value: (had[r], has[r]) for r in Recipient if had[r] != has[r]}
    return _Comparison(names[0], names[1], cells, where, "", approvals)


def _approvals(side: _Side, regime: str, decided: Mapping[Recipient, list[Decision]]) -> dict[Recipient, int | None]:
    from policy.bundle import Bundle
    from policy.engine import approvals_needed
    from policy.translate import RELEASES

    metadata = Bundle(regime, side.files).metadata
    return {r: approvals_needed(metadata, RELEASES[r] in decisions, r) for r, decisions in decided.items()}


def _decisions(side: _Side, regime: str) -> dict[Recipient, list[Decision]]:
    """Of the stored table where it was proved for those very bytes; else by asking Cedar about every cell."""
    from pipelines.contracts.codes import Recipient
    from policy.bundle import MEANING, PACKAGE, Bundle
    from policy.cells import whole
    from policy.engine import Engine
    from policy.errors import PolicyError
    from policy.stored import StoredTable
    from policy.table import decisions_of, enumerate_tables

    bundle = Bundle(regime, side.files)
    try:
        stored = StoredTable.read(bundle)
    except PolicyError:
        stored = None
    if stored is not None and stored.digest == bundle.digest:
        return {recipient: decisions_of(stored, recipient) for recipient in Recipient}
    if any(side.files.get(name) != (PACKAGE / name).read_bytes() for name in MEANING):
        raise UsageError(
            f"`{side.name}` has no proved table for `{regime}` and reads its policies by other code than this:"
            " run `cordon policy verify --write` in it first"
        )
    engine = Engine(bundle)
    total = sum(len(whole(recipient)) for recipient in Recipient)
    with _progress(f"asking Cedar about {regime}", total) as advance:
        decided = enumerate_tables([engine], advance)[0]
    return {recipient: decided.decisions(recipient) for recipient in Recipient}


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda cells: bar.advance(task, cells)


# ---- verify -----------------------------------------------------------------------------------------------------


@app.command()
def verify(
    regime: Annotated[str, typer.Option(help="One regime, or `all`.")] = "all",
    write: Annotated[
        bool, typer.Option("--write", help="Store the tables of the regimes that are proved; say what newly releases.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a regime.")] = False,
) -> None:
    """Proves a regime: asks Cedar about every case there is, and holds the answers to everything known about them.

    Named invariants in every cell, the named cases, agreement with the plain-Python model, and agreement with the
    stored table. Some fifteen seconds a regime.

    Example: cordon policy verify --regime uk_safe_to_share_2020

    Example: cordon policy verify --write

    Exit codes: 0 proved; 1 not proved, or the stored table is of other policies; 2 a bundle is broken.
    """
    import time

    from pipelines.contracts.codes import Recipient
    from policy.bundle import Bundle
    from policy.cells import whole
    from policy.engine import Engine
    from policy.table import enumerate_tables

    started = time.monotonic()
    with _refusing():
        bundles = [Bundle.read(name) for name in _chosen(regime)]
        engines = [Engine(bundle) for bundle in bundles]
    cells = sum(len(whole(recipient)) for recipient in Recipient)
    with _progress("asking Cedar about every cell", cells * len(engines)) as advance:
        tables = enumerate_tables(engines, advance)
    sound = True
    for bundle, engine, found in zip(bundles, engines, tables, strict=True):
        result = _verified(bundle, engine, found, write)
        sound &= result["proved"]
        typer.echo(json.dumps(result) if as_json else _verdict(result))
    if not as_json:
        typer.echo(f"{cells * len(engines):,} cells in {time.monotonic() - started:.1f} s")
    if not sound:
        raise typer.Exit(1)


def _verified(bundle: Bundle, engine: Engine, found: Any, write: bool) -> dict[str, Any]:
    from pipelines.contracts.codes import Recipient
    from policy.bundle import PACKAGE
    from policy.errors import PolicyError
    from policy.proof import INVARIANTS, disagreement_with_stored, prove
    from policy.stored import StoredTable
    from policy.table import decisions_of

    with _refusing():
        findings = prove(engine, bundle, found)
    result: dict[str, Any] = {
        "regime": bundle.regime,
        "digest": bundle.digest,
        "cells": sum(len(verdicts) for verdicts in found.verdicts.values()),
        "policies": len(engine.policies),
        "invariants": len(INVARIANTS),
        "cases": sum(len(bundle.json(path)) for path in bundle.cases),
        "written": False,
    }
    try:
        stored = StoredTable.read(bundle)
        mismatch = disagreement_with_stored(found, stored)
        stale = None if mismatch is None else str(mismatch)
    except PolicyError as error:
        stored, stale = None, str(error)
    if write and stale is not None and not findings:
        before = {r: decisions_of(stored, r) for r in Recipient} if stored is not None else None
        result["newly_releases"], result["newly_holds"] = _newly(before, found)
        path = PACKAGE / bundle.table
        path.write_text(json.dumps(found.stored(), indent=1) + "\n", encoding="utf-8")
        result["written"], stale = True, None
    result["findings"] = [*map(str, findings), *([stale] if stale is not None else [])]
    result["proved"] = not result["findings"]
    return result


def _newly(before: dict[Recipient, list[Decision]] | None, found: Any) -> tuple[int | None, int | None]:
    """How many cells newly release and newly hold; None if there was no table to compare with."""
    from pipelines.contracts.codes import Decision, Recipient
    from policy.table import diff as changes
    from policy.translate import RELEASES

    if before is None:
        return None, None
    changed = [c for r in Recipient for c in changes(r, before[r], found.decisions(r)) if c.weakens]
    released = sum(change.after in RELEASES.values() for change in changed)
    return released, sum(change.after is Decision.HOLD_FOR_HUMAN for change in changed)


def _verdict(result: dict[str, Any]) -> str:
    head = f"{result['regime']}: " + (
        f"proved: {result['cells']:,} cells, {result['policies']} policies, {result['invariants']} invariants,"
        f" {result['cases']} cases; model and table agree"
        if result["proved"]
        else "NOT PROVED"
    )
    out = [head, *(f"  {finding}" for finding in result["findings"])]
    if result["written"]:
        released, held = result["newly_releases"], result["newly_holds"]
        said = "there was none before" if released is None else f"newly releases {released:,} cells, holds {held:,}"
        out.append(f"  table written: {said}")
    return "\n".join(out)


# ---- explain ----------------------------------------------------------------------------------------------------


@app.command()
def explain(
    protections: Annotated[
        str, typer.Option(help="Comma-separated, such as DA_VICTIM,WITNESS; none if left out.")
    ] = "",
    evidence: Annotated[str, typer.Option(help="NONE, DOUBT or OFFENCE.")] = "NONE",
    accused: Annotated[bool, typer.Option("--accused", help="Stands as suspect or convicted.")] = False,
    caution: Annotated[str, typer.Option(help="NONE, LINKED, MINOR or IDENTITY.")] = "NONE",
    ie_consent: Annotated[str, typer.Option(help="To sharing with enforcement: NONE, GIVEN or REFUSED.")] = "NONE",
    assessed: Annotated[bool, typer.Option("--assessed", help="An individual assessment is on record.")] = False,
    record: Annotated[str, typer.Option(help="CURRENT or RETRACTED.")] = "CURRENT",
    risk: Annotated[str, typer.Option(help="HIGH or NOT_HIGH.")] = "NOT_HIGH",
    child: Annotated[bool, typer.Option("--child", help="Under 18.")] = False,
    consent: Annotated[str, typer.Option(help="To a referral: NONE, GIVEN or REFUSED.")] = "NONE",
    elsewhere: Annotated[bool, typer.Option("--elsewhere", help="Not the one to help in this record.")] = False,
    regime: Annotated[str, typer.Option(help="A regime, or `all`; the one in force if not given.")] = "",
    recipient: Annotated[str, typer.Option(help="enforcement or safeguarding; both if not given.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a decision.")] = False,
) -> None:
    """One case in words: what is decided for each recipient, which policies say so, why, and from which source.

    Example: cordon policy explain --protections DA_VICTIM --evidence OFFENCE --accused

    Example: cordon policy explain --protections DA_VICTIM --evidence DOUBT --regime all --recipient enforcement

    Exit codes: 0 explained; 2 no such regime, value or recipient.
    """
    from pipelines.contracts.codes import Recipient
    from policy.cells import cell_of
    from policy.engine import Engine

    who = [name.strip() for name in protections.split(",") if name.strip()]
    given: dict[Recipient, dict[str, Any]] = {
        Recipient.ENFORCEMENT: {
            "accused": accused,
            "evidence": evidence,
            "caution": caution,
            "ie_consent": ie_consent,
            "assessed": assessed,
        },
        Recipient.SAFEGUARDING: {"risk": risk, "child": child, "consent": consent, "referable": not elsewhere},
    }
    try:
        wanted = [Recipient(recipient)] if recipient else list(Recipient)
        cells = [cell_of(one, {"protections": who, "record": record, **given[one]}) for one in wanted]
    except ValueError as error:
        raise UsageError(str(error)) from None
    for name in _chosen(regime):
        with _refusing():
            engine = Engine.load(name, allow_replay_only=True)
            for cell in cells:
                explained = _explained(engine, cell)
                typer.echo(json.dumps(explained) if as_json else _paragraph(explained))


def _explained(engine: Engine, cell: Cell) -> dict[str, Any]:
    from policy.cells import attributes, recipient_of

    verdict = engine.decide([cell])[0]
    if verdict.error:
        raise CordonError(f"the engine cannot decide this under `{engine.regime}`: it would be withheld")
    return {
        "regime": engine.regime,
        "title": engine.metadata.title,
        "digest": engine.digest,
        "recipient": recipient_of(cell).value,
        "case": attributes(cell),
        "decision": verdict.decision.value,
        "policies": [_told(engine, reason) for reason in verdict.reasons],
        "actions": {
            action: {"allowed": answer.allowed, "by": list(answer.reasons)}
            for action, answer in engine.answers(cell).items()
        },
    }


def _told(engine: Engine, reason: str) -> dict[str, str]:
    known = engine.policies.get(reason)
    if known is None:
        return {"id": reason, "effect": "none", "why": "no policy permits anything here", "source": "deny by default"}
    return {"id": reason, "effect": known.effect, "why": known.why, "source": known.source}


def _paragraph(explained: dict[str, Any]) -> str:
    case = dict(explained["case"])
    who = ", ".join(case.pop("protections")) or "no protection"
    facts = ", ".join(f"{axis} {_fact(value)}" for axis, value in case.items())
    out = [
        f"{explained['regime']} ({explained['title']}), recipient {explained['recipient']}:"
        f" {explained['decision']}, {_WORDS[explained['decision']]}",
        f"  case: {who}; {facts}",
    ]
    for policy in explained["policies"]:
        out.append(f"  {policy['id']} ({policy['effect']}): {policy['why']}")
        out.append(f"    source: {policy['source']}")
    for action, answer in explained["actions"].items():
        said = "permitted" if answer["allowed"] else "forbidden" if answer["by"] else "not permitted by anything"
        by = f" by {', '.join(answer['by'])}" if answer["by"] else ""
        out.append(f"  to {action}: {said}{by}")
    return "\n".join(out) + "\n"


def _fact(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


# ---- clauses ----------------------------------------------------------------------------------------------------


@app.command()
def clauses(
    out: Annotated[Path | None, typer.Option(help="Write the page to this file instead.", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a clause.")] = False,
) -> None:
    """Every clause of report and law that is cited: what it says, which policies and tag rules rest on it, its tests.

    Example: cordon policy clauses --out docs/clauses.md

    Exit codes: 0 every cited clause is listed; 1 one is not; 2 a bundle or the list is broken.
    """
    from pipelines.tagging.rules import RULES
    from policy.clauses import index, page, unlisted

    sources = {name: rule.source for name, rule in RULES.items()}
    with _refusing():
        rows, missing = index(sources), unlisted(sources)
    if as_json:
        text = "".join(
            json.dumps(
                {
                    "clause": row.clause.clause,
                    "says": row.clause.says,
                    "policies": row.policies,
                    "rules": row.rules,
                    "cells": row.cells,
                    "cases": row.cases,
                    "tests": row.clause.tests,
                }
            )
            + "\n"
            for row in rows
        )
    else:
        text = page(rows)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
    for clause, cited_by in missing.items():
        typer.echo(f"cited and not listed: `{clause}` by {', '.join(cited_by)}", err=True)
    if missing:
        raise typer.Exit(1)
