"""The demo: a newcomer's first look, on the real thing. Starts the stack, feeds it, watches, and explains.

Nothing is decided here: what is shown is read from the ledger, the receipts and Airflow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipelines.context import Context, open_context
from pipelines.errors import UpstreamError, UsageError
from pipelines.explain import three_examples
from pipelines.reports.build import build_report
from pipelines.stack.stack import Ports, Stack
from pipelines.stores import ledger
from pipelines.streams import consumer
from pipelines.streams.feed import feed

#: In operation a draft waits 72 hours, so that a late victim tag can still catch it. Nobody waits that long for a demo.
EMBARGO = "PT10S"
#: Seconds without any progress after which the demo gives up and says where to look.
STALLED = 180.0
_STATES = ("withheld", "held", "pending", "released", "withdrawn", "superseded", "quarantined")


class Demo:
    """One demo under one folder."""

    def __init__(self, home: Path, ports: Ports) -> None:
        """Describes it; nothing happens yet."""
        self._stack = Stack(home, ports, {"CORDON_EMBARGO": EMBARGO})
        self._console = Console()
        self._started = time.monotonic()

    def run(self, incidents: int, nibrs: Path | None) -> None:
        """Runs it.

        Args:
            incidents: how many made-up records to send.
            nibrs: a NIBRS flat file to send as well.

        Raises:
            StackError: if the stack cannot start.
            UsageError: if there is no such file, or no incident in it.
            UpstreamError: if nothing moves for a long time.
        """
        real = [] if nibrs is None else _imported(nibrs)
        self._stack.up(self._say)
        settings = self._stack.settings
        with open_context(settings) as ctx:
            already = _landed(ctx)
        of_file = f" and {len(real):,} of `{nibrs.name}`" if nibrs else ""
        self._say(f"sending {incidents:,} made-up incidents{of_file}")
        expected = already + self._send(incidents, real)
        with open_context(settings) as ctx:
            self._watch(ctx, expected)
            before = _summary(ctx)
            self._release()
            after = _summary(ctx)
            report = self._stack.home / "report"
            with ctx.db.connect() as conn:
                build_report(ctx, conn, report)
            self._show(before, after)
            self._explain(ctx)
        self._where(report)

    # ---- sending and watching -------------------------------------------------------------------------------------

    def _send(self, incidents: int, real: list[bytes]) -> int:
        from pipelines.sources.synthetic import generate

        times = self._times_sent()
        lines = chain(generate(incidents, times + 1, faults=0.01), real)
        with _bar(self._console) as (progress, add):
            task = add("sent", incidents + len(real))
            sent = feed(
                self._stack.broker.bootstrap,
                self._stack.settings.raw_topic,
                lines,
                lambda count: progress.advance(task, count),
            )
        self._times_file.write_bytes(msgspec.json.encode(times + 1))
        return sent

    @property
    def _times_file(self) -> Path:
        return self._stack.home / "times_sent.json"

    def _times_sent(self) -> int:
        """Each time other incidents are made up, and the same ones again where the last sending was interrupted."""
        try:
            return int(msgspec.json.decode(self._times_file.read_bytes()))
        except (OSError, ValueError, TypeError):
            return 0

    def _watch(self, ctx: Context, expected: int) -> None:
        """Shows how far each stage is until every record sent is published."""
        self._say("the doorbell rings; Airflow takes the batches through the stages, a lane for each partition")
        settings = self._stack.settings
        stages = ("land", "validate", "tag", "firewall", "publish")
        with (
            _bar(self._console) as (progress, add),
            consumer.Position(settings.kafka_bootstrap, settings.raw_topic, settings.group) as position,
        ):
            tasks = {stage: add(stage, expected) for stage in stages}
            deadline, last = time.monotonic() + STALLED, None
            while True:
                done = _done_by_stage(ctx)
                for stage, task in tasks.items():
                    progress.update(task, completed=done.get(stage, 0))
                if done.get("publish", 0) >= expected and not any(lane.lag for lane in position.lanes()):
                    return
                if done != last:
                    deadline, last = time.monotonic() + STALLED, done
                elif time.monotonic() > deadline:
                    raise UpstreamError(self._stuck())
                time.sleep(0.3)

    def _release(self) -> None:
        """Waits out the embargo, and asks for a release rather than wait for its cadence."""
        airflow = self._stack.airflow
        self._say("waiting out the embargo (10 s here, 72 h in operation), then a release")
        with _bar(self._console) as (progress, add):
            task = add("embargo", 10)
            for _ in range(10):
                time.sleep(1)
                progress.advance(task, 1)
        asked = airflow.ask("POST", "dags/release/dagRuns", {"logical_date": None})["dag_run_id"]
        deadline = time.monotonic() + STALLED
        while (state := airflow.ask("GET", f"dags/release/dagRuns/{quote(asked)}")["state"]) != "success":
            if state == "failed" or time.monotonic() > deadline:
                raise UpstreamError(self._stuck())
            time.sleep(0.3)

    def _stuck(self) -> str:
        return (
            f"nothing has moved for {STALLED:.0f} s: look at the failed tasks at {self._stack.airflow.url}, "
            f"or at the logs in `{self._stack.home / 'log'}`"
        )

    # ---- showing --------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        self._console.print(f"[dim]{time.monotonic() - self._started:5.1f} s[/]  {text}", highlight=False)

    def _show(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        table = Table(title="\nWhat became of it (persons, per recipient)", title_justify="left", title_style="bold")
        table.add_column("")
        table.add_column("enforcement\nbefore the release", justify="right")
        table.add_column("enforcement\nnow", justify="right")
        table.add_column("safeguarding\nnow", justify="right")
        for state in _STATES:
            cells = (before["enforcement"], after["enforcement"], after["safeguarding"])
            table.add_row(state, *(f"{cell.get(state, 0):,}" for cell in cells))
        self._console.print(table)
        self._console.print(
            f"{after['landed']:,} records landed, {after['quarantined']:,} of them quarantined; "
            f"{after['persons']:,} persons in the others\n"
            f"{after['referrals']:,} referrals to safeguarding partners, {after['subjects']:,} subjects to enforcement, "
            f"{after['withdrawals']:,} withdrawals, {after['alerts']:,} alerts",
            highlight=False,
        )

    def _explain(self, ctx: Context) -> None:
        self._console.print("\n[bold]Three decisions explained[/]")
        for one in three_examples(ctx):
            self._console.print(one.text + "\n", highlight=False, markup=False)

    def _where(self, report: Path) -> None:
        airflow = self._stack.airflow
        password = msgspec.json.decode(airflow.password_file.read_bytes())["admin"]
        home = self._stack.variables["CORDON_HOME"]
        lines = (
            ("report", str(report / "index.html")),
            ("Airflow", f"{airflow.url}  (user admin, password {password})"),
            ("topics", f"Kafka at {self._stack.broker.bootstrap}: safeguarding.referrals.v1, enforcement.subjects.v1"),
            (
                "check",
                f"CORDON_HOME={home} CORDON_KAFKA_BOOTSTRAP={self._stack.broker.bootstrap} .venv/bin/cordon ledger check",
            ),
            ("stop", "make down"),
        )
        for name, text in lines:
            self._console.print(f"[bold]{name:>8}[/]  {text}", highlight=False, soft_wrap=True)
        self._say("done")


def _imported(file: Path) -> list[bytes]:
    """The incidents of a NIBRS flat file."""
    from pipelines.sources.nibrs import Counts, read

    try:
        with file.open("rb") as lines:
            found = list(read(lines, Counts()))
    except OSError:
        raise UsageError(f"`{file}` cannot be read: give a NIBRS flat file that exists") from None
    if not found:
        raise UsageError(f"`{file}` holds no incident: is it a NIBRS flat file? `cordon import nibrs` tells more")
    return found


@contextmanager
def _bar(console: Console) -> Iterator[tuple[Progress, Callable[[str, int | None], TaskID]]]:
    """Progress bars, which are erased at the end; nothing where there is no terminal."""
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress, lambda name, total: progress.add_task(name, total=total)


def _landed(ctx: Context) -> int:
    return _done_by_stage(ctx).get("land", 0)


def _done_by_stage(ctx: Context) -> dict[str, int]:
    """Records through each stage: those of every batch that the stage has done."""
    with ctx.db.connect() as conn:
        rows = ledger.stage_rows(conn)
    landed = {row["batch"]: int(row["counts"].get("landed", 0)) for row in rows if row["stage"] == "land"}
    found: dict[str, int] = {}
    for row in rows:
        found[row["stage"]] = found.get(row["stage"], 0) + landed.get(row["batch"], 0)
    return found


def _summary(ctx: Context) -> dict[str, Any]:
    with ctx.db.connect() as conn:
        return ledger.summary(conn)._asdict()
