"""What every DAG shares: defaults of tasks, and how an error of ours becomes one of Airflow's without a value in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, AssetWatcher, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from pipelines.errors import CordonError
from pipelines.settings import Settings
from pipelines.streams.doorbell import LagTrigger

SETTINGS = Settings.from_env()

#: Arguments of every task. A repeat of a task is harmless, so all are tried again.
TASK_DEFAULTS: dict[str, Any] = {
    "owner": "cordon",
    "retries": 4,
    "retry_delay": timedelta(seconds=2),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=2),
    "depends_on_past": False,
}

#: Arguments of every DAG: one run at a time, no runs for the past.
DAG_DEFAULTS: dict[str, Any] = {
    "default_args": TASK_DEFAULTS,
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "max_active_runs": 1,
    "tags": ["cordon"],
}

#: The topic of incident records. Whoever says that it changed, says offsets at most.
INCIDENTS = Asset(
    SETTINGS.raw_topic,
    watchers=[
        AssetWatcher(
            name="doorbell",
            trigger=LagTrigger(bootstrap=SETTINGS.kafka_bootstrap, topic=SETTINGS.raw_topic, group=SETTINGS.group),
        )
    ],
)


@contextmanager
def _sealed() -> Iterator[None]:
    """Lets out only errors whose text is ours: names of rules and coordinates. Of others, kind and place."""
    try:
        yield
    except CordonError as error:
        kind = AirflowException if error.retriable else AirflowFailException
        raise kind(f"{type(error).__name__}: {error}") from None
    except (AirflowException, AirflowSkipException):
        raise
    except Exception as error:
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place is not None else "?"
        raise AirflowException(
            f"`{type(error).__name__}` at {where}; its text is withheld: it may hold a value"
        ) from None


def work(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A TaskFlow task that logs no return value and lets no foreign error text out. `options` are `task`'s."""

    def decorate(function: Callable[..., Any]) -> Any:
        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            with _sealed():
                return function(*arguments, **named)

        return task(show_return_value_in_logs=False, **options)(call)

    return decorate
