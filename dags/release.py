"""### release: what may go to enforcement goes, at a fixed cadence.

Runs at a fixed cadence (`CORDON_RELEASE_CRON`, every 15 minutes by default), also when there is nothing: the cadence tells
nothing. Each draft past its embargo (`CORDON_EMBARGO`, 72 hours by default) is decided again with today's registry and policy
and then sent; what should not have gone is withdrawn, with the same neutral reason whatever caused it. Each run has a
receipt. Decisions, receipts and messages are committed first and sent in one Kafka transaction; a run that died is sent by
the next one, exactly once.

**To take something back now**, do not wait for the cadence: trigger this DAG. **To stop releasing**, pause it: nothing is
lost, drafts wait.
"""

from __future__ import annotations

from airflow.sdk import dag
from defaults import DAG_DEFAULTS, SETTINGS, work

from pipelines import operation


@dag(
    schedule=SETTINGS.release_cron,
    doc_md=__doc__,
    description="Decide pending drafts again and release or withdraw, at a fixed cadence",
    **DAG_DEFAULTS,
)
def release() -> None:
    """Wires the one task."""

    @work(task_id="release", do_xcom_push=False)
    def run() -> None:
        # How many were released is the receipt's to say: a log is read by more people than may know.
        operation.run_release()

    run()


release()
