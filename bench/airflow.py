"""In a real Airflow: how long from a message to its referral, and how long a DAG run over many incidents takes.

    python -m bench.airflow [--messages 20] [--incidents 20000] [--lanes 4]

Starts a broker and Airflow of its own. `latency`: single messages, each sent when nothing runs; from the moment before it is
sent to the moment a `read_committed` consumer has its referral. `run`: incidents that wait in all lanes when the doorbell
first sees them; seconds per stage are those of Airflow's task instances, `wall` from the first task's start to the last's
end, `sum` over the lanes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from kafka import TopicPartition

from pipelines.operation import STAGES
from pipelines.sinks import REFERRALS
from pipelines.sources.synthetic import generate
from pipelines.stack.processes import free_ports
from pipelines.stack.stack import Ports, Stack
from pipelines.streams import clients, consumer
from pipelines.streams.feed import feed


def referred(number: int) -> bytes:
    """A record that makes one referral: a child, so that nobody has to be asked."""
    return json.dumps(
        {
            "header": {
                "schema_version": "1.0", "source_system": "OTHER", "source_force": "13", "incident_id": f"latency/{number}", "version": 1,
                "change_type": "CREATE", "event_ts": "2026-11-20T21:10:00Z", "recorded_ts": "2026-11-20T22:05:00Z",
            },
            "flags": {"domestic_abuse": "TRUE"},
            "persons": [{"person_ref": "p1", "nominal_id": f"L{number}", "roles": ["VICTIM"], "dob": "2015-04-03"}],
        }
    ).encode()  # fmt: skip


def latency(stack: Stack, messages: int) -> None:
    """Sends single messages and waits for each one's referral."""
    topic, bootstrap = stack.settings.raw_topic, stack.broker.bootstrap
    reader = clients.consumer(bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=50)
    parts = [TopicPartition(REFERRALS, lane.partition) for lane in consumer.lanes(bootstrap, REFERRALS, "bench")]
    reader.assign(parts)
    producer = clients.producer(bootstrap)
    taken = []
    for number in range(messages + 1):
        started = time.perf_counter()
        producer.send(topic, key=str(number).encode(), value=referred(number)).get(timeout=10)
        while not any(
            b'latency/%d"' % number in r.value for records in reader.poll(timeout_ms=50).values() for r in records
        ):
            if time.perf_counter() - started > 120:
                raise SystemExit("no referral after two minutes")
        if number:  # the first one meets a scheduler that has not run the DAG yet
            taken.append(time.perf_counter() - started)
        _wait_idle(stack)
    producer.close()
    reader.close()
    taken.sort()
    shown = {"median_s": statistics.median(taken), "min_s": taken[0], "max_s": taken[-1]}
    print(json.dumps({"what": "latency", "messages": len(taken), **{k: round(v, 2) for k, v in shown.items()}}))


def _wait_idle(stack: Stack) -> None:
    while stack.airflow.ask("GET", "dags/~/dagRuns?state=running&state=queued&limit=1")["total_entries"]:
        time.sleep(0.2)


def one_run(stack: Stack, incidents: int) -> None:
    """Lets lanes fill while the DAG is paused, then measures the run that takes them all."""
    _wait_idle(stack)
    before = {
        run["dag_run_id"]
        for run in stack.airflow.ask("GET", "dags/incidents/dagRuns?limit=100&order_by=-id")["dag_runs"]
    }
    stack.airflow.ask("PATCH", "dags/incidents", {"is_paused": True})
    feed(stack.broker.bootstrap, stack.settings.raw_topic, generate(incidents, 1, faults=0.01))
    stack.airflow.ask("PATCH", "dags/incidents", {"is_paused": False})
    stack.airflow.ask("POST", "dags/incidents/dagRuns", {"logical_date": None})
    group = stack.settings.group
    while any(lane.lag for lane in consumer.lanes(stack.broker.bootstrap, stack.settings.raw_topic, group)):
        time.sleep(0.5)
    _wait_idle(stack)
    spans: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for run in stack.airflow.ask("GET", "dags/incidents/dagRuns?limit=100&order_by=-id")["dag_runs"]:
        if run["dag_run_id"] in before:
            continue
        path = f"dags/incidents/dagRuns/{quote(run['dag_run_id'])}/taskInstances?limit=200"
        for task in stack.airflow.ask("GET", path)["task_instances"]:
            if task["start_date"] and task["end_date"] and task["state"] == "success" and task["map_index"] >= 0:
                name = task["task_id"].removeprefix("lane.")
                spans[name].append(tuple(datetime.fromisoformat(task[k]) for k in ("start_date", "end_date")))  # type: ignore[arg-type]
    every = [moment for found in spans.values() for span in found for moment in span]
    stages = {
        name: {
            "wall_s": round((max(e for _, e in spans[name]) - min(s for s, _ in spans[name])).total_seconds(), 1),
            "sum_s": round(sum((e - s).total_seconds() for s, e in spans[name]), 1),
        }
        for name in STAGES
    }
    wall = (max(every) - min(every)).total_seconds()
    print(json.dumps({"what": "run", "incidents": incidents, "wall_s": round(wall, 1), "stages": stages}))


def main() -> None:
    """Measures both and prints a JSON line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=20)
    parser.add_argument("--incidents", type=int, default=20_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cordon-bench-") as folder:
        kafka, controller, airflow = free_ports(3)
        stack = Stack(Path(folder), Ports(kafka=kafka, controller=controller, airflow=airflow))
        stack.up(lambda _: None)
        try:
            latency(stack, asked.messages)
            one_run(stack, asked.incidents)
        finally:
            stack.down()


if __name__ == "__main__":
    main()
