"""The whole pipeline in one process: `cordon run`, replays, tests. The same stages and the same code as in operation."""

from __future__ import annotations

import gc
import hmac
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from pipelines.acts import send_acts
from pipelines.batches import Batch
from pipelines.context import Context, open_context
from pipelines.contracts.codes import State
from pipelines.errors import UsageError
from pipelines.receipts import Decisions
from pipelines.settings import Settings
from pipelines.sinks import FileSink
from pipelines.stages.firewall import firewall, signing_key
from pipelines.stages.land import digest, land
from pipelines.stages.publish import publish
from pipelines.stages.release import finish_earlier, release
from pipelines.stages.tag import tag
from pipelines.stages.validate import validate
from pipelines.stores import audit, ledger
from pipelines.stores.bulk import chunks, fetched
from pipelines.stores.database import writing
from pipelines.stores.tables import act, coordinate, mention, policy, release_run, setting

#: Called after each stage with its name, the batch and the stage's counts.
Progress = Callable[[str, str, dict[str, int]], None]


def run(
    settings: Settings,
    source: Path,
    out: Path,
    *,
    now: datetime | None = None,
    seed: int | None = None,
    with_release: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs every record of a file through every stage, and a release at now plus the embargo.

    Args:
        settings: where the state is kept and which regime is in force.
        source: JSON lines; line N (from 0) is the coordinate `NAME[0]@N`.
        out: the folder for this run's outputs; written whole at the end. A run that died is continued by running it
            again with the same folder; one with a fixed `now` that was finished is left as it is.
        now: the moment of the run; the clock's if None.
        seed: stands in for the secrets, so that every byte is repeatable.
        with_release: whether to end with a release.
        progress: told after each stage.

    Returns:
        What `report/summary.json` holds.

    Raises:
        UsageError: if the run is refused; nothing was written.
    """
    if not source.is_file():
        raise UsageError(f"there is no input file `{source.name}`")
    if "@" in source.name or "[" in source.name or "]" in source.name:
        raise UsageError("the input file's name may not contain `@`, `[` or `]`: it is part of coordinates")
    if not next(place for place in (out, *out.absolute().parents) if place.exists()).is_dir():
        raise UsageError(f"the output folder `{out}` is no folder")
    tell = progress or (lambda stage, batch, counts: None)
    with open_context(settings, now=now, seed=seed) as opened, _few_collections():
        _refuse_other_bytes(opened, source)
        finished = runs_finished(opened)
        asked = _what_is_asked(opened, source, now, with_release)
        if (done := _done_before(out, finished, asked)) is not None:
            return done
        ctx = msgspec.structs.replace(opened, run=finished + 1)
        if now is None:
            ctx = ctx.at(opened.now())
        sink = FileSink(out, ctx.run)
        for batch, records in batches(source, settings.batch_size):
            tell("land", str(batch), land(ctx, batch, records))
            del records
            for name, stage in (("validate", validate), ("tag", tag), ("firewall", firewall)):
                tell(name, str(batch), stage(ctx, batch))
            tell("publish", str(batch), publish(ctx, batch, sink))
            ctx.vault.forget()
            gc.collect()
        if counts := send_acts(ctx, sink):
            tell("publish", "acts", counts)
        if with_release:
            later = ctx.at(ctx.now() + settings.embargo_duration)
            tell("release", "", _release_once(later, sink))
        summary = write_outputs(ctx, out, sink.join())
        _note_done(out, ctx.run, asked, summary)
        _remember(ctx)
        sink.clear()
    return summary


@contextmanager
def _few_collections() -> Iterator[None]:
    """Records are immutable and free of cycles; looking for garbage among them costs more than decoding them.

    So there is one look after each batch, and what was there before the first one is never looked at.
    """
    enabled = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()


def batches(source: Path, size: int) -> Iterator[tuple[Batch, list[tuple[int, bytes]]]]:
    """Cuts a file into batches of at most `size` lines. An empty file has none."""
    with source.open("rb") as lines:
        records: list[tuple[int, bytes]] = []
        for number, line in enumerate(lines):
            records.append((number, line.removesuffix(b"\n")))
            if len(records) == size:
                yield Batch(source.name, 0, records[0][0], number), records
                records = []
        if records:
            yield Batch(source.name, 0, records[0][0], records[-1][0]), records


def _refuse_other_bytes(ctx: Context, source: Path) -> None:
    """Compares every line with what the ledger knows of its coordinate, before anything is written."""
    with ctx.db.connect() as conn:
        known_any = conn.execute(select(coordinate.c.id).where(coordinate.c.topic == source.name).limit(1)).first()
        if known_any is None:
            return
        for batch, records in batches(source, 10_000):
            known = ledger.known_digests(conn, batch.topic, 0, batch.first, batch.last)
            if known:
                ledger.refuse_other_bytes(batch, known, {n: digest(ctx, raw) for n, raw in records if n in known})


# ---- runs over one state ----------------------------------------------------------------------------------------


def runs_finished(ctx: Context) -> int:
    """How many runs there were: one that died is continued under its own number."""
    with ctx.db.connect() as conn:
        return int(_setting(conn, "runs_finished") or 0)


def _release_once(ctx: Context, sink: FileSink) -> dict[str, int]:
    """The release of this run: sent once, whatever died after that."""
    finish_earlier(ctx, sink)
    with ctx.db.connect() as conn:
        before = int(_setting(conn, "releases_before") or 0)
        sent = int(conn.execute(select(func.coalesce(func.max(release_run.c.number), 0))).scalar_one())
    return {} if sent > before else release(ctx, sink)


def _remember(ctx: Context) -> None:
    with writing(ctx.db) as conn:
        values = {
            "runs_finished": ctx.run,
            "alerts_reported": max((row["id"] for row in ledger.alert_rows(conn)), default=0),
            "releases_before": conn.execute(select(func.coalesce(func.max(release_run.c.number), 0))).scalar_one(),
        }
        for name, value in values.items():
            conn.execute(setting.delete().where(setting.c.name == name))
            conn.execute(setting.insert().values(name=name, value=str(value)))


_DONE = ".done"


class _Done(msgspec.Struct, frozen=True):
    """Which run's outputs a folder holds, what was asked of it, and what it said in the end."""

    run: int
    asked: str
    summary: dict[str, Any]


def _what_is_asked(ctx: Context, source: Path, now: datetime | None, with_release: bool) -> str:
    """A keyed hash of the input and of everything else that makes a run's outputs; empty where the clock does too."""
    if now is None:
        return ""
    about = hmac.new(ctx.keys.reference, digestmod="sha256")
    with ctx.db.connect() as conn:
        acts = conn.execute(select(func.count()).select_from(act)).scalar_one()
    chosen = (
        acts,
        now.isoformat(),
        with_release,
        source.name,
        ctx.policy.digest,
        ctx.settings.embargo,
        ctx.settings.batch_size,
    )
    about.update(msgspec.json.encode(chosen))
    with source.open("rb") as file:
        while part := file.read(1 << 20):
            about.update(part)
    return about.hexdigest()


def _done_before(out: Path, finished: int, asked: str) -> dict[str, Any] | None:
    """What the last run said, if it was this very one and its outputs are here: it died after its work was done."""
    try:
        done = msgspec.json.decode((out / _DONE).read_bytes(), type=_Done)
    except (OSError, msgspec.DecodeError):
        return None
    if not asked or (done.run, done.asked) != (finished, asked):
        return None
    shutil.rmtree(out / ".sending", ignore_errors=True)
    return done.summary


def _note_done(out: Path, run_number: int, asked: str, summary: dict[str, Any]) -> None:
    _write_lines(out / _DONE, iter([msgspec.json.encode(_Done(run_number, asked, summary))]))


def _setting(conn: Connection, name: str) -> str | None:
    return conn.execute(select(setting.c.value).where(setting.c.name == name)).scalar()


# ---- the output folder ------------------------------------------------------------------------------------------


def write_outputs(ctx: Context, out: Path, counts: dict[str, int]) -> dict[str, Any]:
    """Writes everything beside the messages: quarantine, holds, alerts, decisions, ledger, audit, report."""
    from pipelines.reports.build import build_report

    with ctx.db.connect() as conn:
        _write_lines(out / "quarantine.jsonl", (msgspec.json.encode(row) for row in ledger.quarantine_rows(conn)))
        _write_lines(out / "holds.jsonl", (msgspec.json.encode(row) for row in holds(conn)))
        reported = int(_setting(conn, "alerts_reported") or 0)
        alerts = [{k: v for k, v in row.items() if k != "id"} for row in ledger.alert_rows(conn, reported)]
        _write_lines(out / "alerts.jsonl", (msgspec.json.encode(row) for row in alerts))
        _write_lines(out / "decisions.jsonl", decision_rows(conn, ctx.run))
        _write_ledger(out / "ledger.json", conn)
        write_audit(ctx, conn, out / "audit")
        summary = {**build_report(ctx, conn, out / "report")._asdict(), "lines": counts}
    return summary


def write_audit(ctx: Context, conn: Connection, folder: Path) -> int:
    """Writes the log of receipts, its checkpoints and the key that checks them; returns how many receipts."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoints: list[bytes] = []
    count = 0
    with _whole(folder / "receipts.jsonl") as write:
        for block, checkpoint in audit.blocks(conn):
            checkpoints.append(msgspec.json.encode(checkpoint._asdict()))
            count = checkpoint.size
            write(block + b"\n")
    _write_lines(folder / "checkpoints.jsonl", checkpoints)
    _write_lines(folder / "public_key", [signing_key(ctx).public_key().public_bytes_raw().hex().encode()])
    return count


def holds(conn: Connection) -> Iterator[dict[str, Any]]:
    """Who waits for a human, for which recipient, and why."""
    for recipient in ("enforcement", "safeguarding"):
        why, state = mention.c[f"{recipient}_why"], mention.c[f"{recipient}_state"]
        query = (
            select(coordinate.c.topic, coordinate.c.partition, coordinate.c.offset, mention.c.person_ref, why)
            .join(coordinate, coordinate.c.id == mention.c.coordinate_id)
            .where(state == State.HELD)
            .order_by(coordinate.c.topic, coordinate.c.partition, coordinate.c.offset, mention.c.id)
        )
        for topic, partition, offset, ref, reasons in fetched(conn, query):
            yield {
                "coordinate": f"{topic}[{partition}]@{offset}",
                "person_ref": ref,
                "recipient": recipient,
                "reasons": (reasons or "").split(),
            }


def decision_rows(conn: Connection, run_number: int) -> Iterator[bytes]:
    """The decisions made or changed by one run, by coordinate."""
    m, c, p = mention.c, coordinate.c, policy.c
    query = (
        select(
            c.topic,
            c.partition,
            c.offset,
            m.person_ref,
            m.enforcement,
            m.enforcement_why,
            m.safeguarding,
            m.safeguarding_why,
            m.standing,
            m.protections,
            m.evidence,
            m.fired,
            p.regime,
            p.digest,
        )
        .join(coordinate, c.id == m.coordinate_id)
        .join(policy, p.id == m.policy_id)
        .where(m.run == run_number, m.enforcement.is_not(None))
        .order_by(c.topic, c.partition, c.offset, m.id)
    )
    row = Decisions().row
    for (
        topic,
        partition,
        offset,
        ref,
        e,
        e_why,
        s,
        s_why,
        standing,
        protections,
        evidence,
        fired,
        regime,
        digest_,
    ) in fetched(conn, query):
        where = f"{topic}[{partition}]@{offset}"
        facts = (standing, protections, evidence)
        yield row(where, ref, "enforcement", e, *facts, e_why, fired, regime, digest_)
        yield row(where, ref, "safeguarding", s, *facts, s_why, fired, regime, digest_)


def _write_ledger(path: Path, conn: Connection) -> None:
    with _whole(path) as write:
        write(b'{"schema":"cordon.ledger.v1","entries":[')
        joint = b"\n"
        for part in chunks(_entries(conn), _LINES_AT_ONCE):
            write(joint + b",\n".join(part))
            joint = b",\n"
        write(b"\n]}\n")


def _entries(conn: Connection) -> Iterator[bytes]:
    """The ledger's entries as JSON, those of one coordinate after the other."""
    encode = msgspec.json.encode
    last, opening = "", b""
    for where, ref, recipient, state in ledger.entries(conn):
        if where != last:
            last, opening = where, b'{"coordinate":%s,"person_ref":' % encode(where)
        yield b'%s%s,"recipient":"%s","state":"%s"}' % (opening, encode(ref), recipient.encode(), state.encode())


_LINES_AT_ONCE = 1000


def _write_lines(path: Path, lines: Iterable[bytes]) -> None:
    with _whole(path) as write:
        for part in chunks(lines, _LINES_AT_ONCE):
            write(b"\n".join([*part, b""]))


@contextmanager
def _whole(path: Path) -> Iterator[Callable[[bytes], Any]]:
    """A file that appears complete or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        yield file.write
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
