"""What reviewers and replays make ready leaves through Kafka once, whatever dies when."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.batches import Batch
from pipelines.conservation import check_ledger, kafka_offsets
from pipelines.context import open_context
from pipelines.contracts.codes import Recipient
from pipelines.operation import STAGES, operating, run_acts
from pipelines.replay import Fate, replay
from pipelines.review import approve, holds
from pipelines.settings import Settings
from pipelines.sinks import AUDIT, QUARANTINE, REFERRALS
from pipelines.stack.broker import Broker
from pipelines.streams import consumer
from pipelines.streams.feed import feed
from pipelines.streams.topics import create_topics
from tests.stages.test_replay import refused
from tests.stages.world import SUSPECT, VICTIM, domestic, person
from tests.world import encoded

pytestmark = pytest.mark.e2e

S = Recipient.SAFEGUARDING


def _read(broker: Broker, topic: str, after: list[int]) -> list[bytes]:
    found: list[bytes] = []
    for lane, first in zip(consumer.lanes(broker.bootstrap, topic, "nobody"), after, strict=True):
        if lane.end > first:
            found += [
                value for _, value in consumer.read(broker.bootstrap, Batch(topic, lane.partition, first, lane.end - 1))
            ]
    return found


def _ends(broker: Broker, topic: str) -> list[int]:
    return [lane.end for lane in consumer.lanes(broker.bootstrap, topic, "nobody")]


def test_an_act_is_sent_once(
    broker: Broker, new_topic: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A referral that a reviewer released and a note of a replay are there once for a committed reader, with their receipts.

    Also where the process died after Kafka had committed and before the database knew.
    """
    create_topics(broker.bootstrap)
    topic = new_topic()
    home = tmp_path / "home"
    for name, value in {
        "HOME": str(home), "KAFKA_BOOTSTRAP": broker.bootstrap, "RAW_TOPIC": topic, "GROUP": f"g-{topic}",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"CORDON_{name}", value)
    unasked = domestic(1, person(VICTIM, risk=None))
    broken = domestic(2, SUSPECT, change_type="SPLIT") | {"relations": [{"from_ref": "x", "to_ref": "p2"}]}
    feed(broker.bootstrap, topic, [encoded(unasked), encoded(broken)])
    settings = Settings.from_env()
    with refused("SPLIT"), operating(settings) as operation:
        for batch in operation.plan():
            for stage in STAGES:
                operation.stage(stage, batch)
    assert run_acts() == {}
    before = {name: _ends(broker, name) for name in (REFERRALS, QUARANTINE, AUDIT)}
    with open_context(settings) as ctx:
        (hold,) = holds(ctx, S)
        approve(ctx, hold.coordinate, "p1", S, by="S77", reason="CONSENT_OBTAINED", review_id=hold.review_id)
        done = replay(ctx, quarantined=True)
    assert [result.fate for result in done.results] == [Fate.STILL_QUARANTINED]
    shutil.copytree(home, tmp_path / "as-it-was")
    counts = run_acts()
    assert (counts["acts"], counts["referrals"]) == (2, 1)
    shutil.rmtree(home)
    shutil.copytree(tmp_path / "as-it-was", home)
    assert run_acts()["referrals"] == 0
    assert run_acts() == {}
    (referral,) = (json.loads(value) for value in _read(broker, REFERRALS, before[REFERRALS]))
    assert referral["person"]["name"] == "Temitope Oyelaran"
    (note,) = (json.loads(value) for value in _read(broker, QUARANTINE, before[QUARANTINE]))
    assert note["rules"] == ["relations|person_not_there"]
    receipts = b"\n".join(_read(broker, AUDIT, before[AUDIT]))
    assert receipts.count(b'"op":"approval"') == 1
    assert receipts.count(b'"op":"replay"') == 2
    with open_context(settings) as ctx:
        findings, _ = check_ledger(ctx, kafka_offsets(settings))
    assert findings == []
