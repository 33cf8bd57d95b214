"""From topic to topic without Airflow, beside a plain transactional copy of the same records by kafka-python.

    python -m bench.topics [--incidents 20000] [--lanes 4] [--batch 5000]

Starts a broker of its own. `copy` reads the raw topic, sends every record to another one in transactions that carry the input
offsets, in turns (poll, send all, flush, commit), and does nothing else: what Kafka alone costs from Python. `cordon` plans
and runs every stage of every batch in this process. CPU seconds are this process's; the broker's come on top of both.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from pipelines.operation import STAGES, operating
from pipelines.settings import Settings
from pipelines.sources.synthetic import generate
from pipelines.stack.broker import Broker
from pipelines.stack.processes import free_ports
from pipelines.streams import clients
from pipelines.streams.feed import feed
from pipelines.streams.topics import RAW, create_topics


def copy(bootstrap: str, lanes: int, at_once: int = 2000) -> int:
    """Copies the raw topic to `copy`, as plainly as kafka-python can; returns how many records."""
    reader = clients.consumer(bootstrap, auto_offset_reset="earliest", max_poll_records=at_once)
    parts = [TopicPartition(RAW, number) for number in range(lanes)]
    reader.assign(parts)
    ends = reader.end_offsets(parts)
    producer = clients.producer(bootstrap, transactional_id="copy")
    producer.init_transactions()
    count = 0
    while any(reader.position(part) < ends[part] for part in parts):
        polled = reader.poll(timeout_ms=1000, max_records=at_once)
        if not polled:
            continue
        producer.begin_transaction()
        futures = [
            producer.send("copy", key=record.key, value=record.value, partition=record.partition)
            for records in polled.values()
            for record in records
        ]
        producer.flush()
        for future in futures:
            future.get(timeout=1)
        offsets = {part: OffsetAndMetadata(reader.position(part), "", -1) for part in polled}
        producer.send_offsets_to_transaction(offsets, "copy")
        producer.commit_transaction()
        count += len(futures)
    producer.close()
    reader.close()
    return count


def through(settings: Settings) -> tuple[int, dict[str, float]]:
    """Runs every stage of every batch until nothing waits; returns how many records, and CPU seconds by stage."""
    seconds: dict[str, float] = defaultdict(float)
    count = 0
    with operating(settings) as operation:
        while batches := _timed(seconds, "plan", operation.plan):
            for batch in batches:
                for name in STAGES:
                    counts = _timed(seconds, name, lambda name=name, batch=batch: operation.stage(name, batch))
                    if name == "land":
                        count += counts["landed"]
    return count, seconds


def _timed(seconds: dict[str, float], name: str, call: Callable[[], Any]) -> Any:
    started = time.process_time()
    try:
        return call()
    finally:
        seconds[name] += time.process_time() - started


def _report(what: str, count: int, cpu: float, wall: float, **more: object) -> None:
    rates = {"per_second": round(count / wall), "per_second_and_core": round(count / cpu)}
    print(
        json.dumps(
            {"what": what, "incidents": count, "cpu_s": round(cpu, 2), "wall_s": round(wall, 2), **rates, **more}
        )
    )


def measure(incidents: int, lanes: int, batch: int, folder: Path) -> None:
    """Feeds a broker of its own and measures both."""
    from expectations.gate import warm

    kafka, controller = free_ports(2)
    broker = Broker(folder, kafka, controller)
    broker.start()
    try:
        create_topics(broker.bootstrap, raw_partitions=lanes)
        with clients.admin(broker.bootstrap) as admin:
            admin.create_topics(
                {
                    "copy": {
                        "num_partitions": lanes,
                        "replication_factor": 1,
                        "configs": {"max.message.bytes": str(8 << 20)},
                    }
                },
                wait_for_metadata=True,
            )
        feed(broker.bootstrap, RAW, generate(incidents, 1, faults=0.01))
        cpu, wall = time.process_time(), time.perf_counter()
        count = copy(broker.bootstrap, lanes)
        _report("copy", count, time.process_time() - cpu, time.perf_counter() - wall)
        warm()
        variables = {"HOME": str(folder / "cordon"), "KAFKA_BOOTSTRAP": broker.bootstrap, "BATCH_SIZE": str(batch)}
        settings = Settings.from_env({f"CORDON_{name}": value for name, value in variables.items()})
        cpu, wall = time.process_time(), time.perf_counter()
        count, seconds = through(settings)
        each = {name: round(s / count * 1e6, 1) for name, s in seconds.items()}
        _report(
            "cordon", count, time.process_time() - cpu, time.perf_counter() - wall, cpu_us_per_incident_by_stage=each
        )
    finally:
        broker.stop()


def main() -> None:
    """Measures and prints a JSON line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--incidents", type=int, default=20_000)
    parser.add_argument("--lanes", type=int, default=4)
    parser.add_argument("--batch", type=int, default=5_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cordon-bench-") as folder:
        measure(asked.incidents, asked.lanes, asked.batch, Path(folder))


if __name__ == "__main__":
    main()
