"""`cordon stack`: the local Kafka and Airflow that the demo uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Kafka and Airflow on this machine, on loopback only.", no_args_is_help=True)

#: Where the demo keeps everything, relative to where it is called from.
HOME = Path("var/demo")

Home = Annotated[Path, typer.Option(help="Where everything of it is kept.", metavar="DIR")]
KafkaPort = Annotated[int, typer.Option(help="Kafka's port; its controller takes the next one.", metavar="PORT")]
AirflowPort = Annotated[int, typer.Option(help="The port of Airflow's page.", metavar="PORT")]


@app.command()
def up(home: Home = HOME, kafka_port: KafkaPort = 9092, airflow_port: AirflowPort = 8080) -> None:
    """Starts what does not run and creates the topics. What this call started is stopped again if it fails.

    Example: cordon stack up --kafka-port 9192 --airflow-port 8081
    """
    from pipelines.stack.stack import Ports, Stack

    stack = Stack(home, Ports(kafka=kafka_port, controller=kafka_port + 1, airflow=airflow_port))
    stack.up(lambda text: typer.echo(f"cordon: {text}"))
    typer.echo(f"Kafka at {stack.broker.bootstrap}, Airflow at {stack.airflow.url}")


@app.command()
def down(home: Home = HOME) -> None:
    """Stops what runs of it, by its own pids, and nothing else.

    Example: cordon stack down
    """
    from pipelines.stack.stack import Stack

    stopped = Stack(home).down() if home.is_dir() else []
    typer.echo("stopped " + ", ".join(stopped) if stopped else "cordon: nothing of it runs")


@app.command()
def status(
    home: Home = HOME, as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False
) -> None:
    """How each part is: running, healthy, unhealthy or stopped.

    Example: cordon stack status --json
    """
    from pipelines.stack.stack import Stack

    said = Stack(home).status()
    if as_json:
        typer.echo(json.dumps(said))
        return
    for name, word in said.items():
        typer.echo(f"{name:<22} {word}")


@app.command()
def topics(
    bootstrap: Annotated[str, typer.Option(help="The broker; `CORDON_KAFKA_BOOTSTRAP` if not given.")] = "",
    lanes: Annotated[int, typer.Option(help="Partitions of the raw topic, if it is made now.", min=1)] = 4,
) -> None:
    """Creates the topics that are missing; leaves the others as they are.

    Example: cordon stack topics --bootstrap 127.0.0.1:9092 --lanes 8
    """
    from pipelines.settings import Settings
    from pipelines.streams.topics import create_topics

    settings = Settings.from_env()
    made = create_topics(bootstrap or settings.kafka_bootstrap, raw_topic=settings.raw_topic, raw_partitions=lanes)
    typer.echo("created " + ", ".join(made) if made else "every topic is there")
