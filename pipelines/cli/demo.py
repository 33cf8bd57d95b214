"""`cordon demo`: the whole of it on this machine, with made-up incidents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.stack import HOME, AirflowPort, Home, KafkaPort


def command(
    incidents: Annotated[int, typer.Option(help="How many made-up records to send.", min=1, metavar="N")] = 5000,
    nibrs: Annotated[
        Path | None, typer.Option(help="A NIBRS flat file whose incidents are sent as well.", metavar="FILE")
    ] = None,
    home: Home = HOME,
    kafka_port: KafkaPort = 9092,
    airflow_port: AirflowPort = 8080,
) -> None:
    """Starts Kafka and Airflow, sends incidents, lets the event-driven DAG do the rest, and shows what went where and why.

    Everything stays up afterwards, so that you can look around; `make down` stops it. Called again it sends more.

    Example: cordon demo --incidents 20000 --kafka-port 9192 --airflow-port 8081
    """
    from pipelines.demo import Demo
    from pipelines.stack.stack import Ports

    Demo(home, Ports(kafka=kafka_port, controller=kafka_port + 1, airflow=airflow_port)).run(incidents, nibrs)
