"""The whole stack for the end-to-end tests: a broker and Airflow's four processes, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.stack.processes import free_ports
from pipelines.stack.stack import Ports, Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack on ports that were free, with a short embargo and a sweep each minute."""
    kafka, controller, airflow = free_ports(3)
    settings = {"CORDON_EMBARGO": "PT2S", "CORDON_SWEEP_CRON": "* * * * *"}
    running = Stack(
        tmp_path_factory.mktemp("stack"), Ports(kafka=kafka, controller=controller, airflow=airflow), settings
    )
    running.up(lambda _: None)
    try:
        yield running
    finally:
        running.down()
