"""Whatever goes wrong while deciding, the answer is WITHHOLD, marked as an error, and its neighbours are unharmed."""

from __future__ import annotations

import json
import threading
from typing import Any

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts.codes import Caution, Consent, Decision, Evidence, Protection, Recipient
from policy import engine as engine_module
from policy.bundle import PACKAGE, Bundle, files_of
from policy.cells import AXES, Cell, EnforcementCell, Record, attributes, cell_of, places, whole
from policy.engine import Engine
from policy.proof import faults_of_space, faults_of_translation
from policy.stored import StoredTable
from policy.translate import ACTIONS, FAILED, RELEASES

REGIME = "uk_safe_to_share_2020"
RELEASABLE = EnforcementCell(0, True, Evidence.OFFENCE, Caution.NONE, Consent.NONE, False, Record.CURRENT)
SAMPLE: list[Cell] = [*whole(Recipient.ENFORCEMENT)[::499], RELEASABLE, *whole(Recipient.SAFEGUARDING)[::97]]


@pytest.fixture
def fresh() -> Engine:
    """An engine that has decided nothing yet."""
    return Engine(Bundle.read(REGIME))


def _released(cells: list[Cell], engine: Engine) -> set[Cell]:
    return {c for c, v in zip(cells, engine.decide(cells), strict=True) if v.decision in RELEASES.values()}


def test_a_sound_engine_releases_something(fresh: Engine) -> None:
    """The sample holds releases to both recipients, so that the tests below have something to lose."""
    assert {type(cell) for cell in _released(SAMPLE, fresh)} == {type(SAMPLE[0]), type(SAMPLE[-1])}


@pytest.mark.parametrize(
    "attribute", [*dict.fromkeys(["protections", *AXES[Recipient.ENFORCEMENT], *AXES[Recipient.SAFEGUARDING]])]
)
@pytest.mark.parametrize("checked", [True, False])
def test_an_attribute_that_is_missing_never_releases(
    attribute: str, checked: bool, fresh: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case without one of its attributes is WITHHOLD by error where the schema sees it, and where only Cedar does.

    Cedar skips a policy that errs: without the attribute an erring `forbid` forbids no more. That must never release.
    """
    before = _released(SAMPLE, fresh)
    whole_entity = engine_module._entity

    def without(namespace: str, place: int, cell: Cell) -> dict[str, Any]:
        entity = whole_entity(namespace, place, cell)
        entity["attrs"].pop(attribute, None)
        return entity

    monkeypatch.setattr(engine_module, "_entity", without)
    # Uncached: what was parsed for the whole cases must not stand in.
    parse = engine_module._entities.__wrapped__ if checked else _unchecked
    monkeypatch.setattr(engine_module, "_entities", parse)
    verdicts = Engine(Bundle.read(REGIME)).decide(SAMPLE)
    assert {c for c, v in zip(SAMPLE, verdicts, strict=True) if v.decision in RELEASES.values()} <= before
    mine = [v for c, v in zip(SAMPLE, verdicts, strict=True) if attribute in attributes(c)]
    if checked:
        assert all(verdict == FAILED for verdict in mine)
    else:
        assert not any(verdict.decision in RELEASES.values() for verdict in mine if verdict.error)
        assert any(verdict.error for verdict in mine) == (attribute in _read())


def _read() -> set[str]:
    """Attributes that the policies of the regime read at all."""
    text = Bundle.read(REGIME).policy_text
    return {name for axes in AXES.values() for name in ("protections", *axes) if f"resource.{name}" in text}


def _unchecked(schema: str, namespace: str, cells: tuple[Cell, ...]) -> Any:
    entities = [engine_module._entity(namespace, place, cell) for place, cell in enumerate(cells)]
    return cedarpy.Entities.from_json_str(json.dumps(entities))


#: A forbid that errs on every case: integers overflow only when they are evaluated, so that it passes validation.
ERRING = """
@id("erring") @why("it errs") @source("fail closed")
forbid (principal, action in [Enforcement::Action::"hold", Enforcement::Action::"release"], resource)
when { 9223372036854775807 + 1 > 0 };
@id("erring_too") @why("it errs") @source("fail closed")
forbid (principal, action == Safeguarding::Action::"release", resource)
when { 9223372036854775807 + 1 > 0 };
"""


def test_a_forbid_that_errs_never_releases() -> None:
    """Where a forbid errs, everything it was asked about is WITHHOLD by error, although Cedar itself would allow."""
    files = dict(files_of(PACKAGE))
    path = f"regimes/{REGIME}/regime.cedar"
    files[path] += ERRING.encode()
    engine = Engine(Bundle(REGIME, files))
    assert engine.decide(SAMPLE) == [FAILED] * len(SAMPLE)


def test_an_engine_that_answers_nothing_or_nonsense_never_releases(
    fresh: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No decision, a policy nobody knows, a crash: each is WITHHOLD by error."""
    replies = [
        {"decision": "NoDecision", "diagnostics": {"reason": [], "errors": []}},
        {"decision": "Allow", "diagnostics": {"reason": ["policy0"], "errors": ["boom"]}},
        {
            "decision": "Allow",
            "diagnostics": {"reason": ["policy0"], "errors": [], "id_annotations_by_reason": {"policy0": "made_up"}},
        },
        {"decision": "Allow", "diagnostics": {"reason": ["policy0"], "errors": []}},
    ]
    for reply in replies:
        monkeypatch.setattr(
            cedarpy, "is_authorized_batch", lambda asked, *_, reply=reply: [cedarpy.AuthzResult(reply) for _ in asked]
        )
        assert fresh.decide([RELEASABLE]) == [FAILED]

    def crash(*_: Any) -> Any:
        raise RuntimeError("secret")

    monkeypatch.setattr(cedarpy, "is_authorized_batch", crash)
    assert fresh.decide([RELEASABLE]) == [FAILED]


def test_an_error_is_not_remembered(fresh: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure that passes leaves no trace: the next question gets the true answer."""
    with monkeypatch.context() as patched:
        patched.setattr(cedarpy, "is_authorized_batch", lambda *_: 1 / 0)
        assert fresh.decide([RELEASABLE]) == [FAILED]
    assert fresh.decide([RELEASABLE])[0].decision is Decision.RELEASE_MINIMISED


def test_a_cell_on_no_list_fails_alone(fresh: Engine) -> None:
    """Values nobody knows are WITHHOLD by error; the cells beside them are decided as ever."""
    bad = [
        RELEASABLE._replace(evidence=3),
        RELEASABLE._replace(protections=1 << len(Protection)),
        RELEASABLE._replace(protections=-1),
        RELEASABLE._replace(caution=None),
        RELEASABLE._replace(record="current"),
    ]
    verdicts = fresh.decide([RELEASABLE, *bad, RELEASABLE])
    assert verdicts[1:-1] == [FAILED] * len(bad)
    assert {verdicts[0].decision, verdicts[-1].decision} == {Decision.RELEASE_MINIMISED}


def test_a_table_that_disagrees_withholds() -> None:
    """Where Cedar would release and the proved table says otherwise, nothing goes."""
    bundle = Bundle.read(REGIME)
    stored = StoredTable.read(bundle)
    place = places(Recipient.ENFORCEMENT)[RELEASABLE]
    letters = stored.letters[Recipient.ENFORCEMENT]
    doubted = letters[:place] + "H" + letters[place + 1 :]
    engine = Engine(bundle, stored._replace(letters={**stored.letters, Recipient.ENFORCEMENT: doubted}))
    assert engine.decide([RELEASABLE]) == [FAILED]


def test_translation_fails_closed_over_everything_cedar_may_answer() -> None:
    """All combinations of answers: an error is WITHHOLD, and nothing goes that was not permitted and could be held."""
    assert faults_of_translation() == []


def test_cells_are_the_product_of_what_the_schema_lists() -> None:
    """Codes, axes and schema agree, and every combination is a cell, once."""
    assert faults_of_space(Bundle.read(REGIME).schema) == []


@given(st.sampled_from(list(Recipient)), st.data())
def test_a_cell_survives_being_written_out(recipient: Recipient, data: st.DataObject) -> None:
    """A cell's attributes describe that cell and no other."""
    cell = data.draw(st.sampled_from(whole(recipient)))
    assert cell_of(recipient, attributes(cell)) == cell


def test_threads_get_the_same_answers(fresh: Engine) -> None:
    """Several threads asking at once get what one would."""
    expected = Engine(Bundle.read(REGIME)).decide(SAMPLE)
    found: dict[int, list[Any]] = {}
    threads = [threading.Thread(target=lambda n=n: found.update({n: fresh.decide(SAMPLE)})) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[n] == expected for n in range(4))


def test_answers_name_what_decides(fresh: Engine) -> None:
    """Cedar's answers about one cell cover the recipient's actions, with the policies behind each."""
    answers = fresh.answers(RELEASABLE)
    assert tuple(answers) == ACTIONS[Recipient.ENFORCEMENT]
    assert answers["release"].reasons == ("rule3_suspect_only",)
