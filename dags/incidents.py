"""### incidents: from raw records to referrals, receipts and pending enforcement drafts.

Runs when the doorbell rings: records wait in the topic `incidents.raw.v1`. The event holds offsets only and is a hint; what
is processed is read from Kafka's committed offsets, so a lost, doubled or late event does no harm.

1. **plan** asks Kafka where each lane (partition) stands and names the next batch of each: `topic[partition]@first-last`.
   A batch that was begun and not published comes first, under its old name.
2. **lane** runs once for each batch, side by side:
   **land** (raw bytes into the vault, strict JSON) >> **validate** (contract, expectations) >> **tag** (standing,
   protections, evidence) >> **firewall** (policy, drafts, guard) >> **publish** (referrals, receipts and quarantine notes in
   one Kafka transaction with the offset).

**Every task may be cleared or run again at any time**: each knows what it has done and a repeat changes nothing.

**When a task fails.** `UpstreamError` (broker or database away): it retries by itself. `GateError`: a table rule failed or
an expectation raised; the batch and its lane stop here on purpose and nothing of it was sent: read the rule id in the log,
mend the cause, clear the task. `StoreError`: vault, key or outbox do not fit together: do not force, find out which changed.
`UsageError` naming a coordinate: the source rewrote its past; the lane stops until a human has looked.
Nothing in logs, XCom or rendered fields is personal: batch names only.
"""

from __future__ import annotations

from airflow.sdk import dag, task_group
from defaults import DAG_DEFAULTS, INCIDENTS, work

from pipelines import operation


@dag(
    schedule=[INCIDENTS],
    doc_md=__doc__,
    description="Land, validate, tag, firewall and publish whatever waits in the topic",
    **DAG_DEFAULTS,
)
def incidents() -> None:
    """Wires the stages."""

    @work()
    def plan() -> list[str]:
        return operation.plan()

    @task_group
    def lane(batch: str) -> None:
        def stage(name: str):
            @work(task_id=name, map_index_template="{{ task.op_args[0] }}", do_xcom_push=False)
            def run(batch: str) -> None:
                counts = operation.run_stage(name, batch)
                print(f"{name} {batch}: " + (", ".join(f"{k} {v}" for k, v in counts.items()) or "done before"))  # noqa: T201 - a task's log

            return run(batch)

        stage("land") >> stage("validate") >> stage("tag") >> stage("firewall") >> stage("publish")

    lane.expand(batch=plan())


incidents()
