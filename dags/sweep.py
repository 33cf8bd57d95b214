"""### sweep: finds what no event announced.

Runs at a fixed cadence (`CORDON_SWEEP_CRON`, every 5 minutes by default).

1. **look** asks Kafka and the ledger whether a batch waits: lag in a lane, or a batch that was begun and never published. If
   so it says that the topic changed, which starts `incidents` as the doorbell would have. If the doorbell works, it has
   nothing to do and is skipped.
2. **acts** sends what was done between batches: referrals that a reviewer released (`cordon review`), and receipts. A referral
   that newer facts overtook is not sent.

**When it fails**, the broker or the database does not answer: look at those first. **When it rings every time**, `incidents`
is paused, or a lane is stopped by a failed batch: look at the failed tasks of `incidents`.
"""

from __future__ import annotations

from airflow.sdk import dag
from airflow.sdk.exceptions import AirflowSkipException
from defaults import DAG_DEFAULTS, INCIDENTS, SETTINGS, work

from pipelines import operation


@dag(
    schedule=SETTINGS.sweep_cron,
    doc_md=__doc__,
    description="Ring for batches that wait without an event, and send what was done between batches",
    **DAG_DEFAULTS,
)
def sweep() -> None:
    """Wires the two tasks, which know nothing of each other."""

    @work(task_id="look", outlets=[INCIDENTS], do_xcom_push=False)
    def look() -> None:
        waiting = operation.plan()
        if not waiting:
            raise AirflowSkipException("nothing waits")
        print("waiting: " + ", ".join(waiting))  # noqa: T201 - a task's log

    @work(task_id="acts", do_xcom_push=False)
    def acts() -> None:
        counts = operation.run_acts()
        if not counts:
            raise AirflowSkipException("nothing waits")
        # How many were referred is the receipts' to say.
        print(f"acts sent: {counts['acts']}")  # noqa: T201 - a task's log

    look()
    acts()


sweep()
