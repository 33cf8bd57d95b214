"""release: what goes to enforcement, once, late and without a word of why; and what is taken back."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import update

from pipelines.context import open_context
from pipelines.contracts.codes import Consent
from pipelines.sinks import Message
from pipelines.stages.release import release
from pipelines.stores.database import writing
from pipelines.stores.tables import incident as incident_table
from pipelines.stores.tables import mention
from tests.stages.world import NOW, SUSPECT, VICTIM, Outputs, World, domestic, incident, person

pytestmark = pytest.mark.slow  # about a second for each run of the real pipeline

LATER = "2026-12-01T09:00:00+00:00"
MUCH_LATER = "2026-12-09T09:00:00+00:00"

SUBJECT_KEYS = {"schema", "kind", "msg_id", "issued_day", "subject", "offence", "basis", "purpose", "legal_basis", "quality"}  # fmt: skip
WITHDRAWAL_KEYS = {"schema", "kind", "msg_id", "issued_day", "withdraws", "reason"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty state with the default embargo."""
    return World(tmp_path)


def test_a_subject_is_the_closed_shape_and_nothing_else(world: World) -> None:
    """Exactly the fields of spec 3.5 leave, keyed by the message's own id, with no header but constants."""
    found = world.run(incident(1, SUSPECT, narrative=[{"type": "MO", "text": "He was found in a lorry."}]))
    (message,) = found.enforcement
    value = message["value"]
    assert set(value) == SUBJECT_KEYS
    assert value["subject"] == {"surname": "Marlowe", "given_names": ["Edwin"], "dob": "1988-01-30"}
    assert value["offence"] == {"statute": "IA1971", "section": "24(1)(b)(i)"}
    assert value["quality"] == {"completeness": "FILTERED_VIEW", "accuracy": "AS_RECORDED"}
    assert message["key"] == value["msg_id"] == str(UUID(value["msg_id"]))
    assert message["headers"] == {"content-type": "application/json"}
    assert value["issued_day"] == "2026-11-26"


def test_one_subject_per_person_and_offence(world: World) -> None:
    """However many incidents name them, a person stands once per offence (spec 6.21)."""
    again = person(SUSPECT, person_ref="p9", dob="1988-01-30")
    other_offence = person(SUSPECT, immigration={**SUSPECT["immigration"], "statute_ref": "IA1971 s.24A(1)(a)"})
    found = world.run(incident(1, SUSPECT), incident(2, again), incident(3, other_offence))
    assert sorted(s["offence"]["section"] for s in found.subjects) == ["24(1)(b)(i)", "24A(1)(a)"]
    assert world.run(incident(4, SUSPECT), now=LATER).enforcement == []


def corrected() -> dict[str, Any]:
    """The suspect's name as it should have been."""
    return incident(1, person(SUSPECT, names=[{"surname": "Marlow", "given": ["Edwin"], "type": "LEGAL"}]), version=2)


CAUSES = {
    "correction": corrected(),
    "evidence_lowered": incident(
        1, person(SUSPECT, immigration={**SUSPECT["immigration"], "assessment": "CONCERN_OR_DOUBT"}), version=2
    ),
    "evidence_gone": incident(1, person(SUSPECT, immigration=None), version=2),
    "retract": incident(1, SUSPECT, version=2, change_type="RETRACT"),
    "dropped_person": incident(1, person(VICTIM, roles=["MENTIONED"], risk=None), version=2),
    "late_protection_here": domestic(1, person(SUSPECT, roles=["SUSPECT", "VICTIM"]), version=2),
    "late_protection_elsewhere": domestic(2, person(SUSPECT, person_ref="q1", roles=["VICTIM"], immigration=None)),
    "counter_allegation": incident(
        3, person(VICTIM, roles=["VICTIM"]), linked_incidents=[{"id": "13/0000001/26", "reason": "COUNTER_ALLEGATION"}]
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_gives_the_same_withdrawal_once(world: World, cause: str) -> None:
    """Whatever was wrong with it, what was released is taken back by the same message, once (spec 6.21)."""
    (subject,) = world.run(incident(1, SUSPECT)).subjects
    found = world.run(CAUSES[cause], now=LATER)
    (withdrawal,) = found.withdrawals
    assert set(withdrawal) == WITHDRAWAL_KEYS
    assert withdrawal["withdraws"] == subject["msg_id"]
    assert withdrawal["reason"] == "SOURCE_CORRECTION"
    assert found.subjects == []
    assert world.run(now=MUCH_LATER).withdrawals == []


def test_withdrawals_differ_in_nothing_but_ids(tmp_path: Path) -> None:
    """A reader cannot tell a correction from somebody who turned out to be a victim."""
    shapes = set()
    for cause, second in CAUSES.items():
        world = World(tmp_path / cause)
        world.folder.mkdir()
        world.run(incident(1, SUSPECT))
        (message,) = world.run(second, now=LATER).enforcement
        value = {k: v for k, v in message["value"].items() if k not in ("msg_id", "withdraws")}
        shapes.add(msgspec.json.encode([message["headers"], value], order="sorted"))
    assert len(shapes) == 1


def test_a_correction_is_a_new_subject_after_a_new_embargo(world: World) -> None:
    """The corrected subject never goes in the release run of the withdrawal."""
    world.run(incident(1, SUSPECT))
    first = world.run(corrected(), now=LATER)
    assert (len(first.withdrawals), len(first.subjects)) == (1, 0)
    second = world.run(now=MUCH_LATER)
    assert [s["subject"]["surname"] for s in second.subjects] == ["Marlow"]
    assert second.withdrawals == []


def test_without_an_embargo_a_correction_goes_with_its_withdrawal(tmp_path: Path) -> None:
    """With an embargo of zero both are in one run, the withdrawal first."""
    world = World(tmp_path, embargo="PT0S")
    world.run(incident(1, SUSPECT))
    found = world.run(corrected(), now=LATER)
    assert [m["value"]["kind"] for m in found.enforcement] == ["WITHDRAWAL", "SUBJECT"]


def test_a_withdrawal_waits_for_a_release_run_and_for_no_embargo(world: World) -> None:
    """Without a release nothing is said; the next run says it at once, though its embargo has only begun."""
    world.run(incident(1, SUSPECT))
    assert world.run(CAUSES["retract"], now=LATER, release=False).enforcement == []
    found = world.run(now=LATER)
    assert len(found.withdrawals) == 1


def test_what_was_never_sent_is_never_withdrawn(world: World) -> None:
    """A draft that falls within its embargo leaves no trace: nobody was told."""
    world.run(incident(1, SUSPECT), release=False)
    assert world.run(CAUSES["late_protection_elsewhere"], now=LATER).enforcement == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_arrival_order_within_the_embargo_changes_nothing(tmp_path: Path, order: tuple[int, ...]) -> None:
    """The same incidents in any order give the same bytes, and protection that comes last still holds everything back."""
    incidents = [incident(1, SUSPECT), incident(2, person(SUSPECT, nominal_id="N300", dob="1979-05-06")), corrected()]
    world = World(tmp_path)
    for n in order:
        world.run(incidents[n], release=False)
    found = world.run()
    assert sorted((s["subject"]["surname"], s["subject"]["dob"]) for s in found.subjects) == [
        ("Marlow", "1988-01-30"),
        ("Marlowe", "1979-05-06"),
    ]
    assert [m["key"] for m in found.enforcement] == sorted(m["key"] for m in found.enforcement)


def test_ids_are_keyed(tmp_path: Path) -> None:
    """Whoever knows the content cannot work out the id without the secret: another secret gives another id."""
    ids = set()
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        ids.update(s["msg_id"] for s in World(folder).run(incident(1, SUSPECT), seed=seed).subjects)
    assert len(ids) == 2


class DyingSink:
    """A sink that dies before it has sent anything."""

    def committed(self, mark: str) -> int | None:
        """Nothing was sent."""
        del mark
        return None

    def send(self, mark: str, sequence: int, messages: list[Message]) -> None:
        """Dies."""
        del mark, sequence, messages
        raise OSError("no disk")


def test_who_became_protected_while_a_release_was_stuck_is_not_released(world: World) -> None:
    """A release that died before sending is prepared anew: late protection catches what was ready to go."""
    world.run(incident(1, SUSPECT), release=False)
    with open_context(world.settings, seed=7) as ctx, pytest.raises(OSError, match="no disk"):
        release(ctx.at(datetime.fromisoformat(LATER)), DyingSink())
    found = world.run(CAUSES["late_protection_elsewhere"], now=LATER)
    assert found.enforcement == []
    assert {state for (_, _, to), state in found.states.items() if to == "enforcement"} == {"held", "withheld"}


def test_a_release_that_died_before_sending_is_sent_once(world: World) -> None:
    """Prepared anew, the same subject has the same id and goes once; a withdrawal too."""
    first = world.run(incident(1, SUSPECT), release=False)
    assert first.enforcement == []
    with open_context(world.settings, seed=7) as ctx, pytest.raises(OSError, match="no disk"):
        release(ctx.at(datetime.fromisoformat(LATER)), DyingSink())
    (subject,) = world.run(now=LATER).subjects
    world.run(CAUSES["retract"], now=MUCH_LATER, release=False)
    with open_context(world.settings, seed=7) as ctx, pytest.raises(OSError, match="no disk"):
        release(ctx.at(datetime.fromisoformat(MUCH_LATER)), DyingSink())
    (withdrawal,) = world.run(now=MUCH_LATER).withdrawals
    assert withdrawal["withdraws"] == subject["msg_id"]
    assert world.run(now=MUCH_LATER).enforcement == []


def test_an_empty_release_is_a_run_with_a_receipt(world: World) -> None:
    """There is no heartbeat message: cadence is the run and its receipt."""
    found = world.run()
    assert found.enforcement == []
    receipts = (found.folder / "audit" / "receipts.jsonl").read_text()
    assert '"op":"release"' in receipts


def test_a_released_row_stays_in_the_ledger(world: World) -> None:
    """What was disclosed stays released or withdrawn for ever; superseded is for what was never disclosed (spec 6.26)."""
    world.run(incident(1, SUSPECT))
    found = world.run(corrected(), now=LATER)
    states = {where: state for (where, _, to), state in found.states.items() if to == "enforcement"}
    assert states == {"in0.jsonl[0]@0": "withdrawn", "in1.jsonl[0]@0": "pending"}


def test_two_identical_people_of_different_forces_are_one_subject(world: World) -> None:
    """Content that says the same of somebody is not said twice, whoever recorded it."""
    other = incident(5, person(SUSPECT, nominal_id="N777"))
    other["header"]["source_force"] = "50"
    assert len(world.run(incident(1, SUSPECT), other).subjects) == 1


def test_outputs_are_a_function_of_input_clock_and_seed(tmp_path: Path) -> None:
    """The same run twice writes the same enforcement bytes."""
    found: list[bytes] = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        out: Outputs = World(tmp_path / name).run(incident(1, SUSPECT), domestic(2, VICTIM), now=NOW)
        found.append((out.folder / "enforcement.subjects.v1.jsonl").read_bytes())
    assert found[0] == found[1]


def test_a_referral_of_a_release_that_was_taken_back_is_not_lost(tmp_path: Path) -> None:
    """A release decides anew, and may refer somebody; where it dies before sending, the next one refers them, once."""
    world = World(tmp_path)
    world.run(domestic(1, person(VICTIM, risk=None)), release=False)
    with open_context(world.settings, seed=7) as ctx, writing(ctx.db) as conn:
        conn.execute(update(mention).values(consent=int(Consent.GIVEN)))
        conn.execute(update(incident_table).values(dirty=True))
    with open_context(world.settings, seed=7) as ctx, pytest.raises(OSError, match="no disk"):
        release(ctx.at(datetime.fromisoformat(LATER)), DyingSink())
    assert len(world.run(now=LATER).referrals) == 1
    assert world.run(now=MUCH_LATER).referrals == []
