"""A stage that fails in operation says why, whatever else fails."""

from __future__ import annotations

import traceback
from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy.exc import OperationalError

from pipelines import operation
from pipelines.batches import Batch
from pipelines.errors import GateError, StoreError, UpstreamError
from pipelines.operation import Operation, operating
from pipelines.settings import Settings
from pipelines.stores import ledger

BATCH = Batch("incidents.raw.v1", 0, 0, 1)


def _alerts(working: Operation) -> list[tuple[str, str]]:
    with working._ctx.db.connect() as conn:
        return [(row["rule"], row["coordinate"]) for row in ledger.alert_rows(conn)]


def test_the_error_of_a_stage_is_the_one_raised_whatever_becomes_of_its_alert(tmp_path: Path) -> None:
    """Where the database fails as well, the stage's own error is raised, and notes without a value that there is no alert."""
    broken = OperationalError("INSERT", {"rule": "Qzxvara"}, Exception("Qzxvara"))
    with operating(Settings.from_env({"CORDON_HOME": str(tmp_path)})) as working:
        with patch.object(operation, "writing", side_effect=broken), pytest.raises(StoreError) as raised:
            working.stage("tag", BATCH)
        assert "was the stage before it run" in str(raised.value)
        assert raised.value.__notes__ == ["no alert was recorded: the database failed too (OperationalError)"]
        assert "Qzxvara" not in "".join(traceback.format_exception(raised.value))
        assert _alerts(working) == []


def test_what_trying_again_will_not_mend_raises_an_alert(tmp_path: Path) -> None:
    """A gate that stops a batch is recorded with the batch's name; a broker that does not answer is not."""
    with operating(Settings.from_env({"CORDON_HOME": str(tmp_path)})) as working:
        for error in (UpstreamError("no answer"), GateError("stopped")):
            with patch.object(operation, "tag", side_effect=error), pytest.raises(type(error)):
                working.stage("tag", BATCH)
        assert _alerts(working) == [("alert|tag_failed", str(BATCH))]
