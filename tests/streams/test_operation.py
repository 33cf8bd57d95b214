"""The stages between topics: killed at any moment and run again, each output is there once."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.batches import Batch
from pipelines.conservation import check_ledger, kafka_offsets
from pipelines.context import open_context
from pipelines.errors import GateError, UsageError
from pipelines.flow import run
from pipelines.operation import STAGES, operating, run_stage
from pipelines.settings import Settings
from pipelines.sinks import REFERRALS
from pipelines.sources.synthetic import generate
from pipelines.stack.broker import Broker
from pipelines.stores import ledger
from pipelines.streams import consumer
from pipelines.streams.feed import feed
from pipelines.streams.topics import create_topics

pytestmark = pytest.mark.e2e


def _settings(broker: Broker, topic: str, home: Path, **more: str) -> dict[str, str]:
    chosen = {"HOME": str(home), "KAFKA_BOOTSTRAP": broker.bootstrap, "RAW_TOPIC": topic, "GROUP": f"g-{topic}", **more}
    return {f"CORDON_{name}": value for name, value in chosen.items()}


def _work(settings: Settings) -> list[str]:
    """Runs until nothing waits; returns the batches in the order they were done."""
    done = []
    with operating(settings) as operation:
        while batches := operation.plan():
            for batch in batches:
                for name in STAGES:
                    operation.stage(name, batch)
                done.append(str(batch))
    return done


def _sound(settings: Settings) -> None:
    with open_context(settings) as ctx:
        findings, _ = check_ledger(ctx, kafka_offsets(settings))
    assert findings == []


def _referrals(broker: Broker, after: list[int]) -> list[dict[str, object]]:
    found = []
    for lane, first in zip(consumer.lanes(broker.bootstrap, REFERRALS, "nobody"), after, strict=True):
        if lane.end > first:
            batch = Batch(REFERRALS, lane.partition, first, lane.end - 1)
            found += [json.loads(value) for _, value in consumer.read(broker.bootstrap, batch)]
    return found


def test_batches_of_a_lane_in_order_and_of_the_size_allowed(
    broker: Broker, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    """Each lane is taken from its start to its end, batch after batch, and nothing is taken twice."""
    create_topics(broker.bootstrap)
    topic = new_topic(2)
    feed(broker.bootstrap, topic, generate(70, 3, faults=0.05))
    settings = Settings.from_env(_settings(broker, topic, tmp_path, BATCH_SIZE="20"))
    done = [Batch.parse(name) for name in _work(settings)]
    for lane in consumer.lanes(broker.bootstrap, topic, settings.group):
        mine = [batch for batch in done if batch.partition == lane.partition]
        assert mine[0].first == 0
        assert mine[-1].last == lane.end - 1 == lane.committed - 1
        assert all(b.first == a.last + 1 for a, b in pairwise(mine))
        assert all(batch.last - batch.first < 20 for batch in mine)
    assert _work(settings) == []
    _sound(settings)


def test_a_batch_that_was_begun_goes_on_under_its_name(
    broker: Broker, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    """New records do not change the range of a batch that a dead run left behind."""
    create_topics(broker.bootstrap)
    topic = new_topic()
    feed(broker.bootstrap, topic, generate(10, 4, faults=0.0))
    settings = Settings.from_env(_settings(broker, topic, tmp_path))
    with operating(settings) as operation:
        (begun,) = operation.plan()
        operation.stage("land", begun)
    feed(broker.bootstrap, topic, generate(10, 5, faults=0.0))
    with operating(settings) as operation:
        assert operation.plan() == [begun]
    assert _work(settings)[0] == str(begun)
    _sound(settings)


def test_a_batch_a_gate_stops_blocks_its_lane_and_alerts(
    broker: Broker, new_topic: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that fails whole sends nothing, stays the next one of its lane, and somebody is told by its name."""
    create_topics(broker.bootstrap)
    topic = new_topic()
    feed(broker.bootstrap, topic, generate(10, 6, faults=0.0))
    settings = Settings.from_env(_settings(broker, topic, tmp_path))

    def stopped(*_: object, **__: object) -> None:
        raise GateError("table rule `x|y` failed")

    with operating(settings) as operation:
        (batch,) = operation.plan()
        operation.stage("land", batch)
        with monkeypatch.context() as patch:
            patch.setattr("pipelines.stages.validate.judge", stopped)
            with pytest.raises(GateError):
                operation.stage("validate", batch)
        assert operation.plan() == [batch]
    with open_context(settings) as ctx, ctx.db.connect() as conn:
        told = [(row["rule"], row["coordinate"]) for row in ledger.alert_rows(conn)]
    assert told == [("alert|validate_failed", str(batch))]
    _work(settings)
    _sound(settings)


def test_no_other_stages() -> None:
    """A stage or a batch nobody knows is refused before anything is opened."""
    with pytest.raises(UsageError, match="no stage"):
        run_stage("format_disk", "t[0]@0-1")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_at_any_moment_everything_is_there_once(
    broker: Broker, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    """A worker killed with -9 again and again publishes the referrals of an undisturbed run, each once."""
    create_topics(broker.bootstrap)
    topic = new_topic(2)
    records = list(generate(1500, 8, faults=0.03))
    before = [lane.end for lane in consumer.lanes(broker.bootstrap, REFERRALS, "nobody")]
    feed(broker.bootstrap, topic, records)
    variables = _settings(broker, topic, tmp_path / "state", BATCH_SIZE="300")
    environment = {**os.environ, **variables, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(Path(__file__).with_name("worker.py"))]
    rng, kills, deadline = random.Random(3), 0, time.monotonic() + 240
    while True:
        worker = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            # Imports take the first seconds; what is to be hit comes after them.
            worker.wait(timeout=rng.uniform(4.0, 9.0) if kills < 8 else 200)
            assert worker.returncode == 0
            break
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
            kills += 1
        assert time.monotonic() < deadline
    assert kills >= 2
    settings = Settings.from_env(variables)
    _sound(settings)
    published = _referrals(broker, before)
    identifiers = [referral["referral_id"] for referral in published]
    assert len(set(identifiers)) == len(identifiers)

    source = tmp_path / "in.jsonl"
    source.write_bytes(b"".join(record.replace(b"\n", b" ") + b"\n" for record in records))
    alone = Settings.from_env({"CORDON_HOME": str(tmp_path / "alone")})
    run(alone, source, tmp_path / "out", now=datetime(2026, 11, 24, tzinfo=UTC))
    expected = [json.loads(line)["value"] for line in (tmp_path / "out" / f"{REFERRALS}.jsonl").open()]

    def latest(referrals: list[dict[str, object]]) -> Counter[str]:
        return Counter(json.dumps({**r, "referral_id": ""}, sort_keys=True) for r in referrals)

    assert set(latest(expected)) <= set(latest(published))
