"""The rules that are written are the rules that are read, and the table shown to people is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations import suites, table
from expectations.suites import SUITES, suite
from pipelines.contracts.codes import ASSESSMENTS_OF_DOUBT, ASSESSMENTS_OF_NOTHING, ASSESSMENTS_OF_OFFENCE, ChangeType
from pipelines.contracts.decode import SCHEMA_VERSION
from pipelines.contracts.referral import Referral
from pipelines.contracts.subject import Subject


def test_the_table_shows_the_rules_as_they_are() -> None:
    """`expectations/README.md` is what `python -m expectations.table` writes."""
    text = table.README.read_text(encoding="utf-8")
    assert text == table.with_table(text)


def test_there_is_a_file_for_each_suite_and_none_besides() -> None:
    """Every file in `suites/` is a suite that is read."""
    folder = Path(suites.__file__).parent / "suites"
    assert {path.stem for path in folder.iterdir()} == set(SUITES)


@pytest.mark.parametrize("name", SUITES)
def test_ids_are_unique_and_say_where_they_belong(name: str) -> None:
    """A rule's id is its suite and a name, used once."""
    ids = [rule.id for rule in suite(name).rules]
    assert len(ids) == len(set(ids))
    assert all(rule.startswith(f"{name}|") and rule.count("|") == 1 for rule in ids)


@pytest.mark.parametrize("name", SUITES)
def test_table_rules_look_at_structure_only(name: str) -> None:
    """No value of a protected person can stop a batch (spec 6.4): table rules name keys, columns and counts."""
    keys = {"coordinate", "person_ref", "message_id", "msg_id"}
    for rule in suite(name).rules:
        if rule.kind == "table":
            named = set(rule.kwargs.get("column_list", [])) | {rule.kwargs.get("column", "coordinate")}
            assert named <= keys, rule.id


def rule(rule_id: str) -> suites.Rule:
    """The rule of an id."""
    return next(r for r in suite(rule_id.partition("|")[0]).rules if r.id == rule_id)


def test_lists_agree_with_the_vocabulary() -> None:
    """Where a rule repeats a list or a schema of the contracts, it repeats it exactly."""
    assert set(rule("landed_incidents|change_type_known").kwargs["value_set"]) == set(ChangeType)
    assert rule("landed_incidents|schema_version_known").kwargs["value_set"] == [SCHEMA_VERSION]
    assert set(rule("landed_persons|assessment_listed").kwargs["value_set"]) == (
        ASSESSMENTS_OF_DOUBT | ASSESSMENTS_OF_NOTHING | ASSESSMENTS_OF_OFFENCE
    )
    subject = ",".join(sorted(Subject.__struct_fields__))
    assert rule("outgoing_subjects|keys_closed").kwargs["value_set"] == [subject]
    allowed = rule("outgoing_referrals|keys_closed").kwargs["regex"].split("(?:")[2].split(")")[0].split("|")
    assert sorted(allowed) == sorted(Referral.__struct_fields__)


def test_an_unknown_suite_is_refused() -> None:
    """A name is looked up in the list, never opened as a path."""
    with pytest.raises(KeyError):
        suite("../gate")
