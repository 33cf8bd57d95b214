"""The gates let sound rows pass, name the others, stop at what cannot be judged, and repeat nothing of what they saw."""

from __future__ import annotations

import gc
import logging
import socket
import weakref
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sound_frames import SOUND

from expectations import gate
from expectations.suites import EXPECTED_ROWS, SUITES, suite
from pipelines.errors import GateError

CANARY = "Zzyzx-Canary-7391"
ROWS = 6
AT = 3


def judged(name: str, frame: pd.DataFrame) -> gate.Judgement:
    """The judgement of a frame that is as long as it ought to be."""
    return gate.judge(name, frame, expected_rows=len(frame))


def with_value(name: str, column: str, value: Any, at: int = AT) -> pd.DataFrame:
    """A sound frame but for one value."""
    frame = SOUND[name](ROWS)
    if not isinstance(frame[column].dtype, pd.DatetimeTZDtype):
        frame[column] = frame[column].astype(object)
    frame.loc[at, column] = value
    return frame


@pytest.mark.parametrize("name", SUITES)
@pytest.mark.parametrize("rows", [0, ROWS])
def test_sound_frames_pass(name: str, rows: int) -> None:
    """A sound frame passes every rule of its suite, an empty one too."""
    judgement = judged(name, SOUND[name](rows))
    assert judgement.failed == {}
    assert [result.rule for result in judgement.results] == [rule.id for rule in suite(name).rules]
    assert all(result.success and result.failed == 0 for result in judgement.results)


BROKEN_ROWS = [
    ("landed_incidents|schema_version_known", "schema_version", "1.1"),
    ("landed_incidents|schema_version_not_null", "schema_version", None),
    ("landed_incidents|source_system_present", "source_system", " "),
    ("landed_incidents|source_system_not_null", "source_system", None),
    ("landed_incidents|source_force_present", "source_force", ""),
    ("landed_incidents|source_force_not_null", "source_force", None),
    ("landed_incidents|version_positive", "version", 0),
    ("landed_incidents|version_not_null", "version", None),
    ("landed_incidents|change_type_known", "change_type", "create"),
    ("landed_incidents|change_type_not_null", "change_type", None),
    ("landed_incidents|recorded_ts_not_null", "recorded_ts", pd.NaT),
    ("landed_incidents|recorded_not_before_event", "recorded_before_event_s", 86_401.0),
    ("landed_incidents|recorded_before_event_s_not_null", "recorded_before_event_s", np.nan),
    ("landed_incidents|persons_bounded", "persons", 201),
    ("landed_incidents|persons_not_null", "persons", None),
    ("landed_persons|person_ref_present", "person_ref", ""),
    ("landed_persons|person_ref_not_null", "person_ref", None),
    ("landed_persons|has_role", "roles", 0),
    ("landed_persons|roles_not_null", "roles", None),
    ("tagged_persons|standing_range", "standing", 0),
    ("tagged_persons|standing_range", "standing", 32),
    ("tagged_persons|standing_not_null", "standing", None),
    ("tagged_persons|protections_range", "protections", 256),
    ("tagged_persons|protections_not_null", "protections", None),
    ("tagged_persons|evidence_range", "evidence", 3),
    ("tagged_persons|evidence_not_null", "evidence", None),
    ("tagged_persons|caution_range", "caution", -1),
    ("tagged_persons|caution_not_null", "caution", None),
    ("tagged_persons|consent_range", "consent", 3),
    ("tagged_persons|consent_not_null", "consent", None),
    ("tagged_persons|child_known", "child", "maybe"),
    ("tagged_persons|child_not_null", "child", None),
    ("tagged_persons|risk_known", "high_risk", 2),
    ("tagged_persons|high_risk_not_null", "high_risk", None),
    ("tagged_persons|victim_protected", "victim_unprotected", True),
    ("tagged_persons|victim_unprotected_not_null", "victim_unprotected", None),
    ("outgoing_referrals|message_id_present", "message_id", "x"),
    ("outgoing_referrals|message_id_not_null", "message_id", None),
    ("outgoing_referrals|key_is_pseudonym", "key", "13/0001234/26"),
    ("outgoing_referrals|key_not_null", "key", None),
    ("outgoing_referrals|reason_is_code", "reason", f"beaten by {CANARY}"),
    ("outgoing_referrals|reason_not_null", "reason", None),
    ("outgoing_referrals|risk_is_code", "risk", "High\n"),
    ("outgoing_referrals|risk_not_null", "risk", None),
    ("outgoing_referrals|support_needs_are_codes", "support_needs", "overstayed visa"),
    ("outgoing_referrals|support_needs_are_codes", "support_needs", "INTERPRETER|"),
    ("outgoing_referrals|support_needs_not_null", "support_needs", None),
    ("outgoing_referrals|onward_sharing_prohibited", "onward_sharing", "ALLOWED"),
    ("outgoing_referrals|onward_sharing_not_null", "onward_sharing", None),
    ("outgoing_referrals|keys_closed", "keys", "incident_id,immigration,person"),
    ("outgoing_referrals|keys_closed", "keys", "incident_id,"),
    ("outgoing_referrals|keys_closed", "keys", ""),
    ("outgoing_referrals|keys_not_null", "keys", None),
    ("outgoing_referrals|account_bounded", "account_chars", 1_048_577),
    ("outgoing_referrals|account_chars_not_null", "account_chars", None),
    ("outgoing_referrals|no_immigration_facts", "immigration_words", 1),
    ("outgoing_referrals|immigration_words_not_null", "immigration_words", None),
    ("outgoing_referrals|no_refuge_address", "refuge_hits", 1),
    ("outgoing_referrals|refuge_hits_not_null", "refuge_hits", None),
    ("outgoing_referrals|no_unsafe_contact", "unsafe_contacts", 1),
    ("outgoing_referrals|unsafe_contacts_not_null", "unsafe_contacts", None),
    ("outgoing_subjects|msg_id_is_uuid", "msg_id", "13/0001234/26"),
    ("outgoing_subjects|msg_id_not_null", "msg_id", None),
    ("outgoing_subjects|surname_plain", "surname", "Yusuf 2"),
    ("outgoing_subjects|surname_plain", "surname", "Yusuf٢"),
    ("outgoing_subjects|surname_plain", "surname", "Y" * 36),
    ("outgoing_subjects|surname_plain", "surname", "Yusuf\n"),
    ("outgoing_subjects|surname_plain", "surname", "(wife of)"),
    ("outgoing_subjects|surname_plain", "surname", ""),
    ("outgoing_subjects|surname_not_null", "surname", None),
    ("outgoing_subjects|given_names_plain", "given_names", ""),
    ("outgoing_subjects|given_names_plain", "given_names", "Omar||Ali"),
    ("outgoing_subjects|given_names_plain", "given_names", "Omar|" + "A" * 36),
    ("outgoing_subjects|given_names_not_null", "given_names", None),
    ("outgoing_subjects|dob_is_date", "dob", "30/01/1988"),
    ("outgoing_subjects|dob_is_date", "dob", "1988-01-30\n"),
    ("outgoing_subjects|dob_is_date", "dob", "1988-13-30"),
    ("outgoing_subjects|dob_not_null", "dob", None),
    ("outgoing_subjects|statute_listed", "statute", "OAPA1861"),
    ("outgoing_subjects|statute_not_null", "statute", None),
    ("outgoing_subjects|section_listed", "section", "24"),
    ("outgoing_subjects|section_listed", "section", "24(1)(b)(i)(a)(x)"),
    ("outgoing_subjects|section_listed", "section", "27(1)"),
    ("outgoing_subjects|section_not_null", "section", None),
    ("outgoing_subjects|basis_constant", "basis", "CONCERN_OR_DOUBT"),
    ("outgoing_subjects|basis_not_null", "basis", None),
    ("outgoing_subjects|purpose_constant", "purpose", "OTHER"),
    ("outgoing_subjects|purpose_not_null", "purpose", None),
    ("outgoing_subjects|legal_basis_constant", "legal_basis", "OTHER"),
    ("outgoing_subjects|legal_basis_not_null", "legal_basis", None),
    ("outgoing_subjects|completeness_constant", "completeness", "FULL"),
    ("outgoing_subjects|completeness_not_null", "completeness", None),
    ("outgoing_subjects|accuracy_constant", "accuracy", "VERIFIED"),
    ("outgoing_subjects|accuracy_not_null", "accuracy", None),
    (
        "outgoing_subjects|keys_closed",
        "keys",
        "basis,issued_day,kind,legal_basis,msg_id,offence,purpose,schema,subject",
    ),
    ("outgoing_subjects|keys_not_null", "keys", None),
]


def broken_at(cases: list[tuple[str, str, Any]], name: str) -> tuple[pd.DataFrame, dict[str, list[int]]]:
    """A frame in which every case of a suite stands in a row of its own, sound rows between them, and who is where."""
    own = [case for case in cases if case[0].startswith(f"{name}|")]
    frame = SOUND[name](2 * len(own) + 1)
    where: dict[str, list[int]] = {}
    for i, (rule, column, value) in enumerate(own):
        if not isinstance(frame[column].dtype, pd.DatetimeTZDtype):
            frame[column] = frame[column].astype(object)
        frame.loc[2 * i + 1, column] = value
        where.setdefault(rule, []).append(2 * i + 1)
    return frame, where


@pytest.mark.parametrize("name", SUITES)
def test_a_broken_row_is_named_and_its_neighbours_are_not(name: str) -> None:
    """A row that breaks a row rule is named by position under that rule alone; a null is a fault, not a row skipped."""
    frame, where = broken_at(BROKEN_ROWS, name)
    judgement = judged(name, frame)
    assert {rule: rows.tolist() for rule, rows in judgement.failed.items()} == where
    counted = {result.rule: result.failed for result in judgement.results if result.rule in where}
    assert counted == {rule: len(rows) for rule, rows in where.items()}


def test_every_row_rule_is_shown_to_fail() -> None:
    """No row rule is without a case that breaks it, so none is a rule that always says yes."""
    rules = {rule.id for name in SUITES for rule in suite(name).rules if rule.kind == "row"}
    assert rules == {case[0] for case in BROKEN_ROWS} | {"landed_persons|person_ref_unique"}


def test_both_rows_of_a_repeated_person_are_named() -> None:
    """Two people under one reference of a record are both named, wherever they stand in the frame."""
    frame = SOUND["landed_persons"](ROWS)
    frame.loc[[1, 5], "coordinate"] = "incidents[0]@77"
    frame.loc[[1, 5], "person_ref"] = "p9"
    failed = judged("landed_persons", frame).failed
    assert {rule: rows.tolist() for rule, rows in failed.items()} == {"landed_persons|person_ref_unique": [1, 5]}


WARNINGS = [
    ("landed_incidents|source_system_listed", "source_system", "HAL"),
    ("landed_incidents|source_force_shape", "source_force", "thirteen"),
    ("landed_incidents|event_ts_present", "event_ts", pd.NaT),
    ("landed_incidents|somebody_in_it", "persons", 0),
    ("landed_incidents|narrative_bounded", "narrative_chars", 64_001),
    ("landed_persons|roles_known", "known_roles", 0),
    ("landed_persons|dob_readable", "dob_state", "INVALID"),
    ("landed_persons|no_fault", "faults", 1),
    ("landed_persons|risk_score_range", "risk_score", 99.0),
    ("landed_persons|risk_level_listed", "risk_level", "EXTREME"),
    ("landed_persons|assessment_listed", "assessment", "ILLEGAL"),
]


@pytest.mark.parametrize("name", ["landed_incidents", "landed_persons"])
def test_a_warning_is_counted_and_decides_nothing(name: str) -> None:
    """A value rule is counted under its id and quarantines nobody (spec 6.2, 6.3)."""
    frame, where = broken_at(WARNINGS, name)
    judgement = judged(name, frame)
    assert judgement.failed == {}
    assert {r.rule: r.failed for r in judgement.results if not r.success} == dict.fromkeys(where, 1)


def test_every_warning_is_shown_to_warn() -> None:
    """No warning is without a case that raises it."""
    rules = {rule.id for name in SUITES for rule in suite(name).rules if rule.kind == "warning"}
    assert rules == {case[0] for case in WARNINGS}


def repeated(column: str, *others: str) -> Any:
    """Makes two rows the same in some columns."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        for name in (column, *others):
            frame.loc[1, name] = frame.loc[0, name]
        return frame

    return change


def missing(column: str) -> Any:
    """Takes one value away."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[1, column] = None
        return frame

    return change


TABLES = [
    ("landed_incidents|columns", lambda f: f.drop(columns="offences")),
    ("landed_incidents|columns", lambda f: f.assign(surname="x")),
    ("landed_incidents|columns", lambda f: pd.concat([f, f[["offences"]]], axis=1)),
    ("landed_incidents|row_count", lambda f: f.iloc[:-1]),
    ("landed_incidents|coordinate_unique", repeated("coordinate")),
    ("landed_incidents|coordinate_not_null", missing("coordinate")),
    ("landed_persons|columns", lambda f: f.assign(surname="x")),
    ("landed_persons|row_count", lambda f: f.iloc[:-1]),
    ("landed_persons|coordinate_not_null", missing("coordinate")),
    ("tagged_persons|columns", lambda f: f.assign(surname="x")),
    ("tagged_persons|row_count", lambda f: f.iloc[:-1]),
    ("tagged_persons|unique", repeated("coordinate", "person_ref")),
    ("tagged_persons|coordinate_not_null", missing("coordinate")),
    ("outgoing_referrals|columns", lambda f: f.assign(surname="x")),
    ("outgoing_referrals|message_id_unique", repeated("message_id")),
    ("outgoing_subjects|columns", lambda f: f.assign(postcode="x")),
    ("outgoing_subjects|msg_id_unique", repeated("msg_id")),
]


@pytest.mark.parametrize(("rule", "change"), TABLES)
def test_a_broken_table_rule_stops_the_batch(rule: str, change: Any) -> None:
    """A table rule that fails raises, with the suite and the rule named."""
    name = rule.partition("|")[0]
    with pytest.raises(GateError) as caught:
        gate.judge(name, change(SOUND[name](ROWS)), expected_rows=ROWS)
    assert f"`{rule}`" in str(caught.value)


def test_every_table_rule_is_shown_to_stop() -> None:
    """No table rule is without a case that breaks it."""
    rules = {rule.id for name in SUITES for rule in suite(name).rules if rule.kind == "table"}
    assert rules == {case[0] for case in TABLES}


@pytest.mark.parametrize(
    ("name", "column", "rule"),
    [
        ("landed_incidents", "version", "landed_incidents|version_positive"),
        ("landed_persons", "faults", "landed_persons|no_fault"),
    ],
)
def test_an_expectation_that_raises_stops_the_batch(name: str, column: str, rule: str) -> None:
    """A rule that cannot be judged, a warning too, stops the batch, and what it stumbled over is not repeated."""
    frame = SOUND[name](ROWS)
    frame[column] = [CANARY] * ROWS
    with pytest.raises(GateError) as caught:
        judged(name, frame)
    assert f"not to be judged `{rule}`" in str(caught.value)
    assert CANARY not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("name", "expected", "says"),
    [("no_such_suite", 1, "no such suite"), ("landed_incidents", None, "expected_rows")],
)
def test_a_gate_asked_wrongly_stays_shut(name: str, expected: int | None, says: str) -> None:
    """An unknown suite, or a row count nobody gave, stops the batch."""
    with pytest.raises(GateError, match=says):
        gate.judge(name, SOUND["landed_incidents"](ROWS), expected_rows=expected)


@pytest.mark.parametrize("answer", [None, "true", 1, False])
def test_only_a_plain_yes_opens_the_gate(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is not `True` itself is a no, and a no that names no rows stops the batch."""
    from great_expectations.expectations.expectation import Expectation

    honest = Expectation.metrics_validate

    def lying(self: Any, *given: Any) -> Any:
        said = honest(self, *given)
        said.success = answer if getattr(self, "column", None) == "roles" else said.success
        return said

    monkeypatch.setattr(Expectation, "metrics_validate", lying)
    with pytest.raises(GateError, match=r"not to be judged `landed_persons\|has_role`: nothing"):
        judged("landed_persons", SOUND["landed_persons"](ROWS))


@pytest.mark.parametrize(
    ("lost", "rule"),
    [("table.row_count", "landed_persons|row_count"), ("column_values.between.", "landed_persons|has_role")],
)
def test_a_rule_whose_metrics_are_lost_stops_the_batch(lost: str, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that says nothing of what a rule needs has judged nothing."""
    from great_expectations.validator.validation_graph import ValidationGraph

    whole = ValidationGraph.resolve

    def forgetful(self: Any, *given: Any, **more: Any) -> Any:
        metrics, aborted = whole(self, *given, **more)
        return {key: value for key, value in metrics.items() if not key.metric_name.startswith(lost)}, aborted

    monkeypatch.setattr(ValidationGraph, "resolve", forgetful)
    with pytest.raises(GateError) as caught:
        judged("landed_persons", SOUND["landed_persons"](ROWS))
    assert f"`{rule}`" in str(caught.value)


def test_an_engine_that_breaks_stops_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the engine itself raises shuts the gate, and is not repeated."""
    from great_expectations.validator.validation_graph import ValidationGraph

    def broken(*_given: Any, **_more: Any) -> Any:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(ValidationGraph, "resolve", broken)
    with pytest.raises(GateError) as caught:
        judged("landed_persons", SOUND["landed_persons"](ROWS))
    assert CANARY not in repr(caught.value)
    assert caught.value.__suppress_context__


def engines_own(name: str, frame: pd.DataFrame, detail: str) -> list[tuple[Any, Any]]:
    """What the engine's own validator says of a frame: success of each rule of a suite, and the rows that break it."""
    import great_expectations as gx
    from great_expectations.core.expectation_suite import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.validator.v1_validator import Validator

    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset(name)
    asked = ExpectationSuite(name=name)
    for rule in suite(name).rules:
        kwargs = {k: {"$PARAMETER": "expected_rows"} if v == EXPECTED_ROWS else v for k, v in rule.kwargs.items()}
        asked.expectations.append(
            ExpectationConfiguration(type=rule.expectation, kwargs=kwargs, meta={"rule": rule.id}).to_domain_obj()
        )
    whole = asset.add_batch_definition_whole_dataframe("whole")
    validator = Validator(whole, result_format=detail, batch_parameters={"dataframe": frame})
    outcome = validator.validate_expectation_suite(asked, {"expected_rows": len(frame)})
    by_rule = {result.expectation_config.meta["rule"]: result for result in outcome.results}
    results = [by_rule[rule.id] for rule in suite(name).rules]
    return [(result.success, (result.result or {}).get("unexpected_index_list")) for result in results]


@pytest.mark.parametrize("detail", ["BOOLEAN_ONLY", "COMPLETE"])
@pytest.mark.parametrize("name", SUITES)
def test_a_gate_judges_as_the_engines_own_validator(name: str, detail: str) -> None:
    """What is made ready once is asked and answered as if the engine's validator did it anew for this frame."""
    for frame in (SOUND[name](ROWS), SOUND[name](0), broken_at(BROKEN_ROWS + WARNINGS, name)[0]):
        said = gate._prepared(name).run(suite(name).rules, frame, len(frame), detail)
        own = [(result.success, (result.result or {}).get("unexpected_index_list")) for result in said]
        assert own == engines_own(name, frame, detail)


def test_nothing_judged_is_repeated_anywhere(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    """Results hold rule, success and own counts; no value shows in them, in logs, on the screen or in warnings."""
    caplog.set_level(logging.DEBUG)
    frame = with_value("landed_incidents", "change_type", CANARY)
    frame.loc[AT, "source_system"] = CANARY
    frame.loc[AT, "coordinate"] = f"{CANARY}[0]@3"
    judgement = judged("landed_incidents", frame)
    assert judgement.failed.keys() == {"landed_incidents|change_type_known"}
    with pytest.raises(GateError) as caught:
        judged("landed_incidents", frame.assign(version=CANARY))
    seen = (repr(judgement), repr(caught.value), caplog.text, *capfd.readouterr(), *(str(w.message) for w in recwarn))
    assert not any(CANARY in text for text in seen)
    assert {type(part) for result in judgement.results for part in result} == {str, bool, int}


def test_the_frame_is_let_go() -> None:
    """The engine keeps no batch after it was judged, not even until somebody looks for what nobody can reach."""

    class Frame(pd.DataFrame):
        """A frame that can be watched."""

    frame = Frame(SOUND["landed_persons"](ROWS))
    values = weakref.ref(frame["person_ref"].array)
    gc.disable()
    try:
        judged("landed_persons", frame)
        del frame
        assert values() is None
    finally:
        gc.enable()


def test_positions_are_those_of_the_rows_whatever_the_index() -> None:
    """A frame that was cut out of another is judged by where its rows stand, not by what they were called."""
    frame = with_value("landed_incidents", "version", 0).iloc[2:]
    assert judged("landed_incidents", frame).failed["landed_incidents|version_positive"].tolist() == [AT - 2]


def test_judgements_do_not_depend_on_earlier_ones() -> None:
    """A gate used again and again sees each frame as it is."""
    for bad in (1, None, 2):
        frame = (
            SOUND["landed_incidents"](ROWS) if bad is None else with_value("landed_incidents", "version", -5, at=bad)
        )
        failed = judged("landed_incidents", frame).failed
        assert [rows.tolist() for rows in failed.values()] == ([] if bad is None else [[bad]])


def test_no_call_leaves_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine opens no connection: not at its making, not when it judges."""

    def refuse(*_args: object, **_more: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    gate._engine.cache_clear()
    gate._prepared.cache_clear()
    gate.warm()
    judged("landed_incidents", with_value("landed_incidents", "version", 0))
