"""Every DAG file is accounted for, imports cleanly, and tells the person paged at night what it does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.stack.airflow import Airflow
from pipelines.stack.processes import free_ports

ROOT = Path(__file__).parents[2]
#: DAG to its tasks. A new DAG is added here, with its tasks.
INVENTORY = {
    "incidents": ["lane.firewall", "lane.land", "lane.publish", "lane.tag", "lane.validate", "plan"],
    "release": ["release"],
    "sweep": ["acts", "look"],
}
_ASK = """
import json, logging
logging.disable(logging.CRITICAL)
from airflow.dag_processing.dagbag import DagBag
bag = DagBag()
print("JSON" + json.dumps({"errors": bag.import_errors, "dags": {
    d.dag_id: {
        "tasks": sorted(d.task_ids), "doc": d.doc_md or "", "catchup": d.catchup, "runs": d.max_active_runs, "file": d.fileloc,
        "retries": [t.retries for t in d.tasks], "xcom": {t.task_id: t.do_xcom_push for t in d.tasks},
        "shown": [t.partial_kwargs.get("show_return_value_in_logs") if t.is_mapped else t.show_return_value_in_logs for t in d.tasks],
        "downstream": {t.task_id: sorted(t.downstream_task_ids) for t in d.tasks},
    } for d in bag.dags.values()}}))
"""


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow itself makes of the DAG folder, under the settings it runs with."""
    airflow = Airflow(tmp_path_factory.mktemp("airflow"), free_ports(1)[0])
    airflow.configure()
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        env=airflow.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.split("JSON", 1)[1])
    return found


def test_all_import(bag: dict[str, Any]) -> None:
    """No DAG file fails to import."""
    assert bag["errors"] == {}


def test_inventory(bag: dict[str, Any]) -> None:
    """There is no DAG and no task that nobody listed; list a new one in INVENTORY, with its tasks."""
    assert {name: dag["tasks"] for name, dag in bag["dags"].items()} == INVENTORY


@pytest.mark.parametrize("name", INVENTORY)
def test_shared_defaults(bag: dict[str, Any], name: str) -> None:
    """One run at a time, none for the past, every task tried again, and no returned value in a log."""
    dag = bag["dags"][name]
    assert (dag["catchup"], dag["runs"]) == (False, 1)
    assert all(retries >= 3 for retries in dag["retries"])
    assert dag["shown"] == [False] * len(dag["tasks"])


@pytest.mark.parametrize("name", INVENTORY)
def test_documented_for_the_night(bag: dict[str, Any], name: str) -> None:
    """Each DAG's page says what it does and what to do when it fails, and is its module's docstring."""
    doc = bag["dags"][name]["doc"]
    assert doc.startswith(f"### {name}: ")
    assert "fails" in doc or "stop" in doc
    assert doc.strip() in Path(bag["dags"][name]["file"]).read_text()


def test_stages_in_order(bag: dict[str, Any]) -> None:
    """A lane runs its stages in the one order there is."""
    downstream = bag["dags"]["incidents"]["downstream"]
    way = ["plan", "lane.land", "lane.validate", "lane.tag", "lane.firewall", "lane.publish"]
    for here, there in zip(way[1:], [*way[2:], None], strict=True):
        assert downstream[here] == ([there] if there else [])


def test_only_batch_names_are_handed_over(bag: dict[str, Any]) -> None:
    """`plan` is the one task that hands anything over: batch names."""
    pushing = [t for dag in bag["dags"].values() for t, pushes in dag["xcom"].items() if pushes]
    assert pushing == ["plan"]


def test_stages_know_nothing_of_airflow() -> None:
    """Only the DAGs and the trigger import Airflow, and the policy imports nothing that does I/O."""
    importing = re.compile(r"^\s*(?:from|import) airflow", re.MULTILINE)
    found = [
        path.relative_to(ROOT).as_posix()
        for folder in ("pipelines", "policy", "expectations")
        for path in (ROOT / folder).rglob("*.py")
        if importing.search(path.read_text())
    ]
    assert found == ["pipelines/streams/doorbell.py"]
    io = re.compile(r"^\s*(?:from|import) (?:sqlalchemy|kafka|fsspec|socket|urllib|subprocess)\b", re.MULTILINE)
    assert [p.name for p in (ROOT / "policy").rglob("*.py") if io.search(p.read_text())] == []


def test_errors_leave_their_text_behind() -> None:
    """An error that is not ours ends a task by its kind and place; what it says of a value stays inside."""
    code = (
        "from defaults import _sealed\n"
        "def broken():\n"
        "    with _sealed():\n"
        "        {}['Qzxvara Begum']\n"
        "try:\n    broken()\n"
        "except Exception as e:\n"
        "    import traceback; traceback.print_exc(); print(repr(e), e.__cause__, e.__suppress_context__)\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'dags'}:{ROOT}"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "KeyError" in done.stdout
    assert "Qzxvara" not in done.stdout + done.stderr
    assert "None True" in done.stdout
