"""The exported schemas are the contracts, and what is published keeps them."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest

from pipelines.contracts.export import CONTRACTS, FOLDER, drift
from pipelines.contracts.subject import Quality, Subject, SubjectName, SubjectOffence, Withdrawal

ID = "00000000-0000-4000-8000-000000000000"


def _subject() -> dict[str, object]:
    subject = Subject(
        msg_id=ID,
        issued_day="2026-11-23",
        subject=SubjectName("Yusuf", ["Omar"], "1988-01-30"),
        offence=SubjectOffence("IA1971", "24(1)(b)(i)"),
        quality=Quality(),
    )
    return json.loads(msgspec.json.encode(subject))


def _schema(name: str) -> dict[str, object]:
    return json.loads((FOLDER / f"{name}.json").read_text())


def test_no_schema_has_drifted_from_its_contract() -> None:
    """What consumers code against is what is sent: the files and the structs agree."""
    assert drift() == []
    assert {path.name.removesuffix(".json") for path in FOLDER.glob("*.json")} == set(CONTRACTS)


def test_subject_and_withdrawal_keep_the_published_schema() -> None:
    """Built, never subtracted: both shapes of the enforcement topic validate as they are encoded."""
    jsonschema.validate(_subject(), _schema("enforcement.subject.v1"))
    withdrawal = Withdrawal(msg_id=ID, issued_day="2026-11-26", withdraws=ID)
    jsonschema.validate(json.loads(msgspec.json.encode(withdrawal)), _schema("enforcement.subject.v1"))


@pytest.mark.parametrize("field", ["address", "victim", "withheld", "incident_id", "reason"])
def test_nothing_else_may_ever_appear(field: str) -> None:
    """The enforcement schema is closed: a field on no list is refused, at the top and inside."""
    for path in ((), ("subject",), ("offence",), ("quality",)):
        message = _subject()
        inner = message
        for name in path:
            inner = inner[name]  # type: ignore[assignment]
        inner[field] = "x"
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(message, _schema("enforcement.subject.v1"))
