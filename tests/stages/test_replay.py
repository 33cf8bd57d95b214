"""Replay: the full gate again with today's rules, and nobody released by it alone (spec 6.5, 6.13; domain 6, threat 26)."""

from __future__ import annotations

import itertools
import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import delete, select

from pipelines.conservation import check_ledger
from pipelines.context import Context, open_context
from pipelines.contracts import decode
from pipelines.contracts.codes import Recipient, Role
from pipelines.errors import StoreError, UsageError
from pipelines.explain import explain
from pipelines.replay import Fate, Replay, replay
from pipelines.review import approve, holds
from pipelines.stages import tag
from pipelines.stores.database import writing
from pipelines.stores.tables import alert, stage_done
from pipelines.tagging import facts
from tests.faults.dying import dies
from tests.stages.world import SUSPECT, VICTIM, World, domestic, incident, person

pytestmark = pytest.mark.slow  # about a second for each run of the real pipeline

SOON = "2026-11-23T10:00:00+00:00"
LATER = "2026-11-27T09:00:00+00:00"
MUCH_LATER = "2026-12-04T09:00:00+00:00"
FIRST = "in0.jsonl[0]@0"
E = Recipient.ENFORCEMENT
#: A suspect with a role more, which yesterday's mapping did not know.
INTERPRETER = person(SUSPECT, roles=["SUSPECT", "INTERPRETER"])
ELSEWHERE = incident(2, person(SUSPECT, person_ref="q1"))
GIVEN = [{"scope": "SAFEGUARDING_REFERRAL", "state": "GIVEN", "ts": "2026-11-20T21:40:00Z", "method": "VERBAL"}]


@contextmanager
def roles_unknown(*roles: Role) -> Iterator[None]:
    """The mapping as it was before these roles were known."""
    with patch.object(facts, "_ROLES", frozenset(Role) - set(roles)):
        facts._read_roles.cache_clear()
        yield
    facts._read_roles.cache_clear()


@contextmanager
def refused(change_type: str) -> Iterator[None]:
    """The contract as it was when it refused a change type, or as it may be."""
    todays = decode._contract_rules

    def rules(record: Any) -> tuple[str, ...]:
        return ("header|change_type",) if record.header.change_type == change_type else todays(record)

    with patch.object(decode, "_contract_rules", rules):
        yield


@contextmanager
def at(world: World, moment: str = SOON) -> Iterator[Context]:
    """The state, at a moment."""
    with open_context(world.settings, seed=7) as ctx:
        yield ctx.at(datetime.fromisoformat(moment))


def again(world: World, *coordinates: str, **options: Any) -> Replay:
    """Replays records of a state; all that is quarantined if none are named."""
    with at(world) as ctx:
        return replay(ctx, coordinates, quarantined=not coordinates, **options)


def fates(done: Replay) -> list[Fate]:
    """What became of each record."""
    return [result.fate for result in done.results]


def sound(world: World) -> None:
    """Everyone is in exactly one state."""
    with at(world) as ctx:
        assert check_ledger(ctx, None)[0] == []


def everything(world: World) -> tuple[list[str], list[tuple[str, bytes]]]:
    """Every row of the database, and every object of the vault."""
    with sqlite3.connect(world.folder / "state" / "cordon.db") as db:
        rows = list(db.iterdump())
    vault = sorted((str(p), p.read_bytes()) for p in (world.folder / "state" / "vault").rglob("*") if p.is_file())
    return rows, vault


# ---- a code that is known now -----------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A state made when INTERPRETER was unknown: its suspect is INDETERMINATE, also elsewhere."""
    world = World(tmp_path)
    with roles_unknown(Role.INTERPRETER):
        found = world.run(incident(1, INTERPRETER), ELSEWHERE, release=False)
    assert found.holds[FIRST, "p2", "enforcement"] == ["rule2_protected_held"]
    return world


def test_a_code_that_is_known_now_no_longer_protects(world: World) -> None:
    """INDETERMINATE of an unknown code is lifted by a replay of that record, everywhere; the release is for humans."""
    done = again(world, FIRST)
    assert (fates(done), done.held_for_humans) == ([Fate.CHANGED], 2)
    found = world.run(now=LATER)
    assert found.enforcement == []
    rows = [json.loads(line) for line in (found.folder / "decisions.jsonl").read_text().splitlines()]
    enforcement = {row["coordinate"]: row for row in rows if row["recipient"] == "enforcement"}
    for where in (FIRST, "in0.jsonl[0]@1"):
        assert enforcement[where]["protections"] == []
        assert enforcement[where]["reasons"] == ["replay_needs_human"]
        assert enforcement[where]["decision"] == "HOLD_FOR_HUMAN"
    sound(world)


def test_a_replay_without_the_code_known_changes_nothing(world: World) -> None:
    """As long as nobody knows the code, the protection stays however often the record is replayed."""
    with roles_unknown(Role.INTERPRETER):
        assert fates(again(world, FIRST)) == [Fate.UNCHANGED]
    assert fates(again(world, "in0.jsonl[0]@1")) == [Fate.UNCHANGED]
    assert world.run(now=LATER).holds[FIRST, "p2", "enforcement"] == ["rule2_protected_held"]


def test_named_humans_release_what_a_replay_may_not(world: World) -> None:
    """Two people approve one record: that one goes after its embargo, and the other still waits."""
    again(world, FIRST)
    for by in ("S77", "S78"):
        with at(world) as ctx:
            (hold,) = [h for h in holds(ctx, E) if h.coordinate == FIRST]
            approve(ctx, FIRST, "p2", E, by=by, reason="NOT_A_VICTIM_CONFIRMED", review_id=hold.review_id)
    found = world.run(now=LATER)
    assert len(found.subjects) == 1
    assert found.states["in0.jsonl[0]@1", "q1", "enforcement"] == "held"


@pytest.mark.parametrize("order", list(itertools.permutations(["replay", "record", "other"])))
def test_what_arrives_meanwhile_is_decided_alike(tmp_path: Path, order: tuple[str, ...]) -> None:
    """Before or after the replay, a record of the same person is held, and one of somebody else is not."""
    other = incident(4, person(SUSPECT, nominal_id="N4", dob="1961-04-04", names=[
        {"surname": "Thornbury", "given": ["Giles"], "type": "LEGAL"}
    ]))  # fmt: skip
    world = World(tmp_path)
    with roles_unknown(Role.INTERPRETER):
        world.run(incident(1, INTERPRETER), release=False)
        where = {}
        for step in order:
            if step == "replay":
                with roles_unknown():
                    again(world, FIRST)
            else:
                where[step] = f"in{world.count}.jsonl[0]@0"
                world.run(ELSEWHERE if step == "record" else other, release=False)
    found = world.run(now=LATER)
    assert [s["subject"]["surname"] for s in found.subjects] == ["Thornbury"]
    assert found.states[FIRST, "p2", "enforcement"] == "held"
    assert found.holds[where["record"], "q1", "enforcement"] == ["replay_needs_human"]
    assert found.states[where["other"], "p2", "enforcement"] == "released"
    sound(world)


def test_other_unreadable_data_goes_on_protecting(tmp_path: Path) -> None:
    """Who has an impossible date of birth beside the unknown code stays INDETERMINATE: only a code is lifted."""
    world = World(tmp_path)
    with roles_unknown(Role.INTERPRETER):
        world.run(incident(1, person(INTERPRETER, dob="1988-02-30")), release=False)
    assert fates(again(world, FIRST)) == [Fate.CHANGED]
    found = world.run(now=LATER)
    assert found.holds[FIRST, "p2", "enforcement"] == ["rule2_protected_held"]


def test_protections_only_grow(tmp_path: Path) -> None:
    """A sign that yesterday's rules saw and today's do not still protects."""
    world = World(tmp_path)
    heard = patch.object(facts, "_heard", lambda incidents: facts.SIGNAL_DA + 0 * facts.np.arange(len(incidents)))
    with heard:
        before = world.run(incident(1, person(SUSPECT, roles=["SUSPECT", "VICTIM"])), release=False)
    again(world, FIRST)
    rows = [json.loads(line) for line in (before.folder / "decisions.jsonl").read_text().splitlines()]
    assert rows[0]["protections"] == ["DA_VICTIM"]
    with at(world) as ctx:
        last = [e for e in explain(ctx, FIRST) if e.recipient == "enforcement"][-1]
    assert "a victim of domestic abuse" in last.text


def test_evidence_that_is_on_the_list_now_is_for_humans(tmp_path: Path) -> None:
    """A statute that today's list knows makes doubt an offence; what would go by it alone waits."""
    world = World(tmp_path)
    with patch.object(facts, "offence_of", lambda text: None):
        before = world.run(incident(1, SUSPECT), release=False)
    assert before.decisions[FIRST, "p2", "enforcement"] == "WITHHOLD"
    assert fates(again(world, FIRST)) == [Fate.CHANGED]
    assert world.run(now=LATER).holds[FIRST, "p2", "enforcement"] == ["replay_needs_human"]


def test_what_stands_released_is_not_taken_back_by_news_of_another_record(tmp_path: Path) -> None:
    """A replay that only adds evidence in one record leaves what was released from another as it is."""
    world = World(tmp_path)
    with patch.object(facts, "offence_of", lambda text: None):
        world.run(ELSEWHERE, release=False)
    assert len(world.run(incident(1, SUSPECT), now=SOON).subjects) == 1
    again(world, FIRST)
    assert world.run(now=LATER).enforcement == []


# ---- quarantine -------------------------------------------------------------------------------------------------


def record(number: int, change_type: str = "SPLIT") -> dict[str, Any]:
    """A domestic incident with a suspect and a victim who consents."""
    return domestic(number, SUSPECT, person(VICTIM, risk=None, consent=GIVEN), change_type=change_type)


@pytest.fixture
def refusing(tmp_path: Path) -> World:
    """A state made when SPLIT was refused: one record is quarantined for that, one is truly broken, one is fine."""
    world = World(tmp_path)
    broken = record(2, "UPDATE") | {"relations": [{"from_ref": "x", "to_ref": "p2"}]}
    with refused("SPLIT"):
        found = world.run(record(1), broken, incident(3, person(SUSPECT, nominal_id="N3", dob="1970-07-07")))
    assert found.referrals == []
    return world


def test_what_is_valid_now_leaves_quarantine(refusing: World) -> None:
    """Its people are decided, its referral goes with the next run, its suspect waits for humans; the broken one stays."""
    done = again(refusing)
    assert fates(done) == [Fate.LEFT_QUARANTINE, Fate.STILL_QUARANTINED]
    assert done.results[1].rules == ["relations|person_not_there"]
    found = refusing.run(now=LATER)
    assert [r["value"]["person"]["name"] for r in found.referrals] == ["Temitope Oyelaran"]
    assert found.subjects == []
    states = {key[1:]: state for key, state in found.states.items() if key[0] == FIRST}
    assert states[("p1", "safeguarding")] == "released"
    assert states[("p2", "enforcement")] == "held"
    rows = [json.loads(line) for line in (found.folder / "quarantine.jsonl").read_text().splitlines()]
    assert [(r["coordinate"], r["rules"]) for r in rows] == [("in0.jsonl[0]@1", ["relations|person_not_there"])]
    sound(refusing)
    assert refusing.run(now=MUCH_LATER).referrals == []


def test_what_is_still_broken_stays_with_todays_rules(tmp_path: Path) -> None:
    """A record that broke two rules and breaks one of them now is told with that one."""
    world = World(tmp_path)
    with refused("UPDATE"):
        world.run(incident(1, SUSPECT, change_type="UPDATE") | {"relations": [{"from_ref": "x", "to_ref": "p2"}]})
    assert fates(again(world)) == [Fate.STILL_QUARANTINED]
    found = world.run(now=LATER)
    rows = [json.loads(line) for line in (found.folder / "quarantine.jsonl").read_text().splitlines()]
    assert rows[0]["rules"] == ["relations|person_not_there"]
    receipts = (found.folder / "audit/receipts.jsonl").read_text()
    assert receipts.count('"fate":"still_quarantined"') == 1
    again(world)
    later = world.run(now=MUCH_LATER)
    assert (later.folder / "audit/receipts.jsonl").read_text().count('"fate":"still_quarantined"') == 1


def test_only_what_broke_a_rule_or_since_a_moment(refusing: World) -> None:
    """`--rule` and `--since` choose; what does not fit is not looked at."""
    assert [r.coordinate for r in again(refusing, rule="header|change_type", dry_run=True).results] == [FIRST]
    assert again(refusing, rule="land|blank", dry_run=True).results == []
    late = datetime.fromisoformat("2026-11-23T09:00:01+00:00")
    assert again(refusing, since=late, dry_run=True).results == []
    assert len(again(refusing, since=late.replace(second=0), dry_run=True).results) == 2


def test_people_of_a_record_that_is_read_now_are_free_elsewhere_only_by_humans(tmp_path: Path) -> None:
    """Who was held because a broken record named them is held on for humans when that record is read, in any order."""
    for name, before in (("before", True), ("after", False)):
        world = World(tmp_path / name)
        world.folder.mkdir()
        with refused("SPLIT"):
            world.run(incident(1, SUSPECT, change_type="SPLIT"), release=False)
            if before:
                world.run(ELSEWHERE, release=False)
        again(world)
        if not before:
            world.run(ELSEWHERE, release=False)
        found = world.run(now=LATER)
        assert found.enforcement == []
        assert found.holds["in1.jsonl[0]@0", "q1", "enforcement"] == ["replay_needs_human"]


def test_a_sound_record_of_that_version_needs_no_human(tmp_path: Path) -> None:
    """Where the source sends the version again in order, that settles it as ever, replay or not (spec 6.5)."""
    world = World(tmp_path)
    with refused("SPLIT"):
        world.run(incident(1, SUSPECT, change_type="SPLIT"), ELSEWHERE, release=False)
    again(world)
    world.run(incident(1, SUSPECT, change_type="CREATE"), release=False)
    found = world.run(now=LATER)
    assert found.states["in0.jsonl[0]@1", "q1", "enforcement"] == "released"


def test_a_record_that_would_not_pass_today_protects_everyone_in_it(tmp_path: Path) -> None:
    """Processed and released, then judged by stricter rules: everyone in it is INDETERMINATE, and it is taken back."""
    world = World(tmp_path)
    assert len(world.run(incident(1, SUSPECT, change_type="SPLIT")).subjects) == 1
    with refused("SPLIT"):
        assert fates(again(world, FIRST)) == [Fate.FAILED]
        assert fates(again(world, FIRST)) == [Fate.FAILED]
    found = world.run(now=LATER)
    assert len(found.withdrawals) == 1
    assert found.states[FIRST, "p2", "enforcement"] == "withdrawn"
    with at(world) as ctx, ctx.db.connect() as conn:
        assert [r for (r,) in conn.execute(select(alert.c.rule))] == ["alert|fails_todays_rules"]
    sound(world)
    assert fates(again(world, FIRST)) == [Fate.CHANGED]
    assert world.run(now=MUCH_LATER).enforcement == []


def test_whom_a_gate_set_aside_is_decided_anew(tmp_path: Path) -> None:
    """A person whose tags broke a row rule that holds now is decided, and released by humans only."""
    world = World(tmp_path)
    with patch.object(tag, "_through_the_gate", lambda *_: {(0, "p2"): "tag|some_rule"}):
        before = world.run(incident(1, SUSPECT), release=False)
    assert before.states[FIRST, "p2", "enforcement"] == "quarantined"
    assert fates(again(world, rule="tag|some_rule")) == [Fate.CHANGED]
    found = world.run(now=LATER)
    assert found.holds[FIRST, "p2", "enforcement"] == ["replay_needs_human"]
    sound(world)


# ---- nothing, whole, or refused ---------------------------------------------------------------------------------


def test_a_replay_of_what_is_fine_changes_nothing(refusing: World) -> None:
    """No message, no decision, and no receipt but the replay's own; what is released stays released."""
    fine = "in0.jsonl[0]@2"
    before = refusing.run(now=SOON)
    assert fates(again(refusing, fine)) == [Fate.UNCHANGED]
    after = refusing.run(now=SOON)
    assert after.states == before.states
    assert (after.enforcement, after.referrals, after.decisions) == ([], [], {})
    old, new = ((r.folder / "audit/receipts.jsonl").read_text().splitlines() for r in (before, after))
    added = [json.loads(line)["op"] for line in new[len(old) :]]
    assert added == ["replay", "release"]


def test_a_replay_done_twice_is_done_once(refusing: World) -> None:
    """The second time everything is as it should be already."""
    again(refusing)
    refusing.run(now=SOON)
    second = again(refusing, FIRST, "in0.jsonl[0]@1")
    assert fates(second) == [Fate.UNCHANGED, Fate.STILL_QUARANTINED]
    found = refusing.run(now=LATER)
    assert (found.referrals, found.subjects) == ([], [])


def test_a_dry_run_writes_nothing(refusing: World) -> None:
    """It tells what would become of everything, and not a row and not an object is another."""
    before = everything(refusing)
    told = again(refusing, dry_run=True)
    assert everything(refusing) == before
    assert told.results == again(refusing).results


def test_a_replay_after_a_stricter_regime_releases_nobody(tmp_path: Path) -> None:
    """Under a weaker regime that was acknowledged, a replay still gives no message to enforcement."""
    strict = World(tmp_path, CORDON_REGIME="us_1367")
    strict.run(incident(1, SUSPECT), release=False)
    weak = World(tmp_path, CORDON_REGIME="uk_safe_to_share_2020", CORDON_ACKNOWLEDGE_WEAKENING="1")
    weak.count = strict.count
    again(weak, FIRST)
    assert weak.run(now=LATER).enforcement == []


@pytest.mark.parametrize(
    ("where", "said"),
    [("in0.jsonl[0]@99", "never landed"), ("13/0000001/26", "not a coordinate"), ("in9.jsonl[0]@0", "never landed")],
)
def test_what_cannot_be_replayed_is_said(world: World, where: str, said: str) -> None:
    """An unknown record is refused, with those beside it."""
    before = everything(world)
    with pytest.raises(UsageError, match=said):
        again(world, FIRST, where)
    assert everything(world) == before


def test_a_record_on_its_way_is_its_own_batchs(world: World) -> None:
    """Of a batch that is not published nothing is replayed: asked for it is refused, and among the quarantined left out."""
    with at(world) as ctx, writing(ctx.db) as conn:
        conn.execute(delete(stage_done).where(stage_done.c.stage == "publish"))
    with pytest.raises(UsageError, match="still on its way"):
        again(world, FIRST)
    assert again(world).results == []


def test_bytes_that_retention_removed_are_asked_for_at_their_source(world: World) -> None:
    """Without the landed bytes there is nothing to replay, and that is said."""
    for path in (world.folder / "state" / "vault" / "landed").iterdir():
        path.unlink()
    with pytest.raises(StoreError, match="retention is over"):
        again(world, FIRST)


def test_explain_tells_of_it(refusing: World) -> None:
    """Whoever asks why is told when the record was replayed and what became of it."""
    again(refusing)
    with at(refusing) as ctx:
        told = [e.decision for e in explain(ctx, FIRST)]
        still = explain(ctx, "in0.jsonl[0]@1")
    assert told[0] == "REPLAYED"
    assert "HOLD_FOR_HUMAN" in told
    assert [e.decision for e in still] == ["QUARANTINED"]


@pytest.mark.parametrize("instant", [-2, -1, 1, 2])
def test_killed_at_any_commit_a_replay_is_whole_or_not_there(refusing: World, instant: int) -> None:
    """Killed around any commit and done again, it ends as one that was left alone."""
    ended, _ = dies(lambda: again(refusing), "commit", instant)
    assert ended in (0, -signal.SIGKILL)
    sound(refusing)
    again(refusing)
    found = refusing.run(now=LATER)
    assert len(found.referrals) == 1
    assert found.states[FIRST, "p2", "enforcement"] == "held"
    receipts = (found.folder / "audit/receipts.jsonl").read_text()
    assert receipts.count('"fate":"left_quarantine"') == 1
