"""Named humans and holds: what they may approve, what it counts for, and when it counts no more."""

from __future__ import annotations

import itertools
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from pipelines.conservation import check_ledger
from pipelines.context import Context, open_context
from pipelines.contracts.codes import Recipient
from pipelines.errors import UsageError
from pipelines.explain import explain
from pipelines.review import REASONS, Done, Hold, approve, holds, refuse
from pipelines.stores.tables import registry_person
from tests.faults.dying import dies
from tests.stages.world import NOW, SUSPECT, VICTIM, Outputs, World, domestic, incident, person

pytestmark = pytest.mark.slow  # about a second for each run of the real pipeline

SOON = "2026-11-23T10:00:00+00:00"
LATER = "2026-11-27T09:00:00+00:00"
MUCH_LATER = "2026-12-04T09:00:00+00:00"
E, S = Recipient.ENFORCEMENT, Recipient.SAFEGUARDING
#: The suspect of incident 1 as a victim of another incident: what protects him, and so holds him.
AS_VICTIM = domestic(2, person(SUSPECT, person_ref="q1", roles=["VICTIM"], immigration=None))
HELD = "in0.jsonl[0]@0", "p2"
#: A victim of domestic abuse whom nobody has asked.
UNASKED = person(VICTIM, risk=None)
GIVEN = [{"scope": "SAFEGUARDING_REFERRAL", "state": "GIVEN", "ts": "2026-11-20T21:40:00Z", "method": "VERBAL"}]
REFUSED = [GIVEN[0] | {"state": "REFUSED", "ts": "2026-11-20T22:40:00Z"}]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A state with a suspect who is held, because he is a victim elsewhere."""
    world = World(tmp_path)
    world.run(incident(1, SUSPECT), AS_VICTIM)
    return world


@contextmanager
def at(world: World, moment: str = SOON) -> Iterator[Context]:
    """The state, at a moment."""
    with open_context(world.settings, seed=7) as ctx:
        yield ctx.at(datetime.fromisoformat(moment))


def hold_of(world: World, where: tuple[str, str] = HELD, recipient: Recipient = E) -> Hold:
    """What is listed of a person, for one recipient."""
    with at(world) as ctx:
        (found,) = [h for h in holds(ctx, recipient) if (h.coordinate, h.person_ref) == where]
    return found


def say_yes(
    world: World,
    by: str = "S77",
    where: tuple[str, str] = HELD,
    recipient: Recipient = E,
    moment: str = SOON,
    **options: str,
) -> Done:
    """Approves what is listed of a person."""
    reason = options.get("reason", "NECESSARY_AND_PROPORTIONATE" if recipient is E else "CONSENT_OBTAINED")
    review_id = options.get("review_id") or hold_of(world, where, recipient).review_id
    with at(world, moment) as ctx:
        return approve(ctx, *where, recipient, by=by, reason=reason, review_id=review_id)


def say_no(world: World, by: str = "S90", where: tuple[str, str] = HELD, recipient: Recipient = E) -> Done:
    """Refuses what is held of a person."""
    with at(world) as ctx:
        return refuse(ctx, *where, recipient, by=by, reason="NO_LAWFUL_BASIS")


def sound(world: World) -> None:
    """Everyone is in exactly one state."""
    with at(world) as ctx:
        assert check_ledger(ctx, None)[0] == []


# ---- enforcement ------------------------------------------------------------------------------------------------


def test_a_hold_is_listed_with_why_since_when_and_what_it_takes(world: World) -> None:
    """One line a person and recipient: no value, but everything that says which hold it is."""
    hold = hold_of(world)
    assert hold.reasons == ["rule2_protected_held"]
    assert hold.since == NOW
    assert (hold.approvals, hold.needed, hold.state, hold.obstacle) == (0, 2, "held", "")
    assert len(hold.review_id) == 12
    with at(world) as ctx:
        assert {h.recipient for h in holds(ctx, S)} == {"safeguarding"}
        assert [h.coordinate for h in holds(ctx, E, "carried|person")] == [HELD[0]]
        assert holds(ctx, reason="caution_minor") == []


def test_two_different_people_release_after_a_whole_embargo(world: World) -> None:
    """The second approval makes a draft that waits its embargo from then on, and goes as every other does."""
    first = say_yes(world, "S77")
    assert (first.approvals, first.needed, first.state, first.due) == (1, 2, "held", "")
    assert hold_of(world).approvals == 1
    second = say_yes(world, "S78")
    assert (second.approvals, second.decision, second.state) == (2, "RELEASE_MINIMISED", "pending")
    assert second.due.startswith("2026-11-26T10:00:00")
    sound(world)
    embargo = "2026-11-23T09:30:00+00:00"
    early = world.run(now=embargo)
    assert early.enforcement == []
    found = world.run(now=LATER)
    assert [s["subject"]["surname"] for s in found.subjects] == ["Marlowe"]
    assert found.states[*HELD, "enforcement"] == "released"
    sound(world)
    assert world.run(now=MUCH_LATER).enforcement == []


def test_the_same_person_counts_once(world: World) -> None:
    """Nobody is two people: who has approved cannot approve again, and nothing is written."""
    say_yes(world, "S77")
    with pytest.raises(UsageError, match="somebody else"):
        say_yes(world, "S77")
    assert hold_of(world).approvals == 1


def test_an_approval_lowers_no_protection(world: World) -> None:
    """The registry is as it was, and whatever else of that person is held stays held."""

    def protections() -> list[Any]:
        with at(world) as ctx, ctx.db.connect() as conn:
            return list(conn.execute(select(registry_person.c.id, registry_person.c.protections)))

    world.run(incident(3, SUSPECT))
    before = protections()
    say_yes(world, "S77")
    say_yes(world, "S78")
    found = world.run(now=LATER)
    assert protections() == before
    assert found.states["in1.jsonl[0]@0", "p2", "enforcement"] == "held"
    assert len(found.subjects) == 1


#: Facts that come after an approval, and make it another state.
NEWS: dict[str, dict[str, Any]] = {
    "another_sign_of_the_same_kind": domestic(9, person(SUSPECT, person_ref="q9", roles=["VICTIM"], immigration=None)),
    "another_protection": incident(9, person(SUSPECT, person_ref="q9", roles=["WITNESS"], immigration=None)),
    "counter_allegation": incident(
        9, person(VICTIM), linked_incidents=[{"id": "13/0000001/26", "reason": "COUNTER_ALLEGATION"}]
    ),
    "same_version_other_content": incident(1, person(SUSPECT, nominal_id="N201")),
    "new_version": incident(1, SUSPECT, version=2),
    "unreadable_newer_version": incident(1, SUSPECT, version=2) | {"relations": [{"from_ref": "x", "to_ref": "p2"}]},
}


@pytest.mark.parametrize("news", NEWS)
@pytest.mark.parametrize("approvals", [1, 2])
def test_when_facts_change_the_person_is_held_again(world: World, news: str, approvals: int) -> None:
    """An approval counts for one state: after any news it counts no more, whether one or both had approved."""
    for by in ("S77", "S78")[:approvals]:
        say_yes(world, by)
    found = world.run(NEWS[news], now=LATER)
    assert found.enforcement == []
    where = ("in1.jsonl[0]@0", "p2") if news == "new_version" else HELD
    hold = hold_of(world, where)
    assert hold.approvals == 0
    sound(world)
    assert world.run(now=MUCH_LATER).enforcement == []


def test_what_was_approved_and_released_is_withdrawn_when_facts_change(world: World) -> None:
    """Late protection takes back what named people released too, by the same message; it may then be reviewed again."""
    say_yes(world, "S77")
    say_yes(world, "S78")
    (subject,) = world.run(now=LATER).subjects
    found = world.run(NEWS["another_protection"], now=MUCH_LATER)
    assert [(w["withdraws"], w["reason"]) for w in found.withdrawals] == [(subject["msg_id"], "SOURCE_CORRECTION")]
    assert found.states[*HELD, "enforcement"] == "withdrawn"
    hold = hold_of(world)
    assert (hold.state, hold.approvals) == ("withdrawn", 0)
    sound(world)


def test_news_of_nobody_or_the_same_again_leaves_an_approval_as_it_is(world: World) -> None:
    """Records about others, and the same record redelivered, change nothing of what was approved."""
    say_yes(world, "S77")
    world.run(AS_VICTIM, domestic(8, VICTIM), now=SOON)
    assert hold_of(world).approvals == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_review_id_does_not_depend_on_the_order_of_arrival(tmp_path: Path, order: tuple[int, ...]) -> None:
    """The same records in any order, one of them twice, are the same state."""
    records = [incident(1, SUSPECT), AS_VICTIM, NEWS["another_protection"]]
    world = World(tmp_path)
    for n in order:
        world.run(records[n], release=False)
    world.run(records[1], release=False)
    with at(world) as ctx:
        (hold,) = holds(ctx, E)
    expected = World(tmp_path / "straight")
    expected.folder.mkdir()
    expected.run(*records, release=False)
    with at(expected) as ctx:
        assert [h.review_id for h in holds(ctx, E)] == [hold.review_id]


def test_enforcement_sees_nothing_else_of_it(tmp_path: Path) -> None:
    """With an approval there is one subject more, and every other byte is as without it (noninterference)."""
    other = incident(5, person(SUSPECT, nominal_id="N500", dob="1970-02-02", names=[
        {"surname": "Thornbury", "given": ["Giles"], "type": "LEGAL"}
    ]))  # fmt: skip
    seen = []
    for name, people in (("with", ("S77", "S78")), ("half", ("S77",)), ("without", ())):
        world = World(tmp_path / name)
        world.folder.mkdir()
        world.run(incident(1, SUSPECT), AS_VICTIM, other, release=False)
        for by in people:
            say_yes(world, by)
        seen.append(world.run(now=LATER).enforcement)
    approved, half, without = seen
    assert half == without
    assert [m for m in approved if m["value"]["subject"]["surname"] != "Marlowe"] == without
    assert len(approved) == len(without) + 1


# ---- what cannot be approved ------------------------------------------------------------------------------------

DOUBT = {"assessment": "CONCERN_OR_DOUBT", "source": "OFFICER_OBSERVATION", "basis": "ASSESSMENT"}
UNFIT = person(SUSPECT, names=[{"surname": "Marlowe", "type": "LEGAL"}])


@pytest.mark.parametrize(
    ("record", "ref", "options", "said"),
    [
        (domestic(1, person(VICTIM, immigration=DOUBT)), "p1", {}, "not held: the policy says WITHHOLD_AND_REFER"),
        (incident(1, person(SUSPECT, immigration=None)), "p2", {}, "not held: the policy says WITHHOLD"),
        (incident(1, SUSPECT), "p2", {}, "not held: the policy says RELEASE_MINIMISED"),
        (incident(1, UNFIT), "p2", {}, "not fit to be released"),
        (incident(1, person(UNFIT, roles=["SUSPECT", "VICTIM"])), "p2", {}, "not fit to be released"),
        (incident(1, SUSPECT), "p9", {}, "no such person"),
        (incident(1, SUSPECT), "p2", {"where": "in0.jsonl[0]@7"}, "no such person"),
        (incident(1, SUSPECT), "p2", {"where": "13/0000001/26"}, "not a coordinate"),
        (incident(1, SUSPECT) | {"relations": [{"from_ref": "x", "to_ref": "p2"}]}, "p2", {}, "no such person"),
        (AS_VICTIM, "q1", {"by": "Smith"}, "no staff identifier"),
        (AS_VICTIM, "q1", {"by": "s77"}, "no staff identifier"),
        (AS_VICTIM, "q1", {"by": "S077"}, "no staff identifier"),
        (AS_VICTIM, "q1", {"reason": "because he said so"}, "none to approve with"),
        (AS_VICTIM, "q1", {"reason": "MAY_BE_A_VICTIM"}, "none to approve with"),
        (AS_VICTIM, "q1", {"reason": "VITAL_INTERESTS"}, "none to approve with"),
        (AS_VICTIM, "q1", {"review_id": "everything"}, "twelve hexadecimal digits"),
    ],
)  # fmt: skip
def test_what_cannot_be_approved_is_said(
    tmp_path: Path, record: dict[str, Any], ref: str, options: dict[str, str], said: str
) -> None:
    """Each refusal says why and what is to be done instead, and nothing is written."""
    world = World(tmp_path)
    world.run(record, release=False)
    before = world.run(now=SOON, release=False)
    words = {"by": "S77", "reason": "NECESSARY_AND_PROPORTIONATE", "review_id": "0" * 12} | options
    where = words.pop("where", "in0.jsonl[0]@0")
    with at(world) as ctx, pytest.raises(UsageError, match=said):
        approve(ctx, where, ref, E, **words)  # type: ignore[arg-type]
    after = world.run(now=SOON, release=False)
    assert after.states == before.states
    assert (after.folder / "audit/receipts.jsonl").read_bytes() == (before.folder / "audit/receipts.jsonl").read_bytes()


def test_an_approval_is_of_what_was_reviewed(world: World) -> None:
    """Without the id of what was looked at, with another, or with that of before the news, nothing is approved."""
    seen = hold_of(world).review_id
    for wrong in ("", "0" * 12):
        with at(world) as ctx, pytest.raises(UsageError, match="review"):
            approve(ctx, *HELD, E, by="S77", reason="NECESSARY_AND_PROPORTIONATE", review_id=wrong)
    world.run(NEWS["another_protection"], release=False)
    with pytest.raises(UsageError, match="not what was reviewed"):
        say_yes(world, "S77", review_id=seen)


def test_a_superseded_record_cannot_be_approved(world: World) -> None:
    """What a newer version replaced has no decision, and so nothing to approve."""
    world.run(incident(1, SUSPECT, version=2), release=False)
    with at(world) as ctx, pytest.raises(UsageError, match="a newer version replaced"):
        approve(ctx, *HELD, E, by="S77", reason="NECESSARY_AND_PROPORTIONATE", review_id="0" * 12)


def test_the_guard_has_the_last_word(tmp_path: Path) -> None:
    """Two people cannot release what is, letter for letter, a protected person of the same record."""
    twin = person(VICTIM, names=SUSPECT["names"], dob=SUSPECT["dob"], nominal_id="N7")
    world = World(tmp_path)
    found = world.run(domestic(1, SUSPECT, twin), release=False)
    assert found.holds[*HELD, "enforcement"] == ["rule2_protected_held"]
    say_yes(world, "S77")
    with pytest.raises(UsageError, match=r"cannot be built: .*guard\|protected_identity"):
        say_yes(world, "S78")
    assert hold_of(world).approvals == 1
    assert world.run(now=LATER).enforcement == []


@pytest.mark.parametrize("regime", ["us_1367", "eu_vrd", "nl_free_in_out", "es_31bis"])
def test_a_regime_that_never_releases_lets_nobody_approve(tmp_path: Path, regime: str) -> None:
    """Abroad a suspect is held, and no number of people can release him: there is no gateway to name."""
    world = World(tmp_path, CORDON_REGIME=regime)
    world.run(incident(1, SUSPECT), release=False)
    hold = hold_of(world)
    assert (hold.needed, hold.reasons) == (0, ["foreign_suspect_held"])
    assert regime in hold.obstacle
    with pytest.raises(UsageError, match="releases nobody to enforcement"):
        say_yes(world)


def test_a_hold_that_waits_for_an_answer_is_answered_by_one(tmp_path: Path) -> None:
    """Under the consent regime no reason but the person's consent releases whom nobody has asked."""
    world = World(tmp_path, CORDON_REGIME="uk_consent_2025")
    world.run(incident(1, SUSPECT), AS_VICTIM, release=False)
    assert hold_of(world).reasons == ["consent_ask"]
    with pytest.raises(UsageError, match="only CONSENT_OBTAINED"):
        say_yes(world)
    assert say_yes(world, reason="CONSENT_OBTAINED").approvals == 1


@pytest.mark.parametrize(
    ("reason", "answers"),
    [("IDENTITY_CONFIRMED", True), ("NECESSARY_AND_PROPORTIONATE", True), ("LINK_EXAMINED", False), ("AGE_CONFIRMED", False)],
)  # fmt: skip
def test_a_reason_must_answer_what_holds(world: World, reason: str, answers: bool) -> None:
    """Who is held because another record protects him is not released for being of age, or for a tie he has not."""
    if answers:
        assert say_yes(world, reason=reason).approvals == 1
        return
    with pytest.raises(UsageError, match="no answer to what holds"):
        say_yes(world, reason=reason)
    assert hold_of(world).approvals == 0


def test_who_may_be_a_child_is_answered_by_a_document(tmp_path: Path) -> None:
    """A suspect who may be under 18 is held for that alone, and his age answers it."""
    world = World(tmp_path)
    world.run(incident(1, person(SUSPECT, dob="2010-01-30")), release=False)
    with pytest.raises(UsageError, match="no answer to what holds"):
        say_yes(world, reason="LINK_EXAMINED")
    assert say_yes(world, reason="AGE_CONFIRMED").approvals == 1


def test_doubt_is_never_approved(tmp_path: Path) -> None:
    """A regime may hold on doubt; evidence of an offence is what a message says, so without it there is no message."""
    world = World(tmp_path, CORDON_REGIME="uk_consent_2025")
    world.run(domestic(1, person(VICTIM, immigration=DOUBT)), release=False)
    with pytest.raises(UsageError, match="no supported evidence"):
        say_yes(world, where=("in0.jsonl[0]@0", "p1"), reason="CONSENT_OBTAINED")


def test_another_policy_asks_anew(world: World) -> None:
    """An approval under one regime counts for nothing under another."""
    say_yes(world, "S77")
    say_yes(world, "S78")
    stricter = World(world.folder, CORDON_REGIME="uk_lords_am96")
    stricter.count = world.count
    assert stricter.run(now=LATER).enforcement == []


def test_what_a_stricter_regime_held_is_for_nobody_to_release(tmp_path: Path) -> None:
    """What was held under it stays so under a weaker one, and a refusal there is not forgotten (spec 6.20)."""
    strict = World(tmp_path, CORDON_REGIME="us_1367")
    strict.run(incident(1, SUSPECT), incident(4, person(SUSPECT, nominal_id="N4", dob="1961-04-04")), release=False)
    weak = World(tmp_path, CORDON_REGIME="uk_safe_to_share_2020", CORDON_ACKNOWLEDGE_WEAKENING="1")
    weak.count = strict.count
    with pytest.raises(UsageError, match="a stricter regime said so"):
        say_yes(weak)
    assert say_no(weak).decision == "WITHHOLD"
    for n, moment in enumerate((LATER, MUCH_LATER)):
        found = weak.run(domestic(20 + n, VICTIM), now=moment)
        assert found.enforcement == []
        assert found.states[*HELD, "enforcement"] == "withheld"


# ---- refusing ---------------------------------------------------------------------------------------------------


def test_one_person_refuses(world: World) -> None:
    """One refusal withholds; it is final for exactly that state, and news opens it again."""
    done = say_no(world)
    assert (done.decision, done.state) == ("WITHHOLD", "withheld")
    sound(world)
    with at(world) as ctx:
        assert holds(ctx, E) == []
        with pytest.raises(UsageError, match="was refused"):
            approve(ctx, *HELD, E, by="S77", reason="NECESSARY_AND_PROPORTIONATE", review_id=done.review_id)
        with pytest.raises(UsageError, match="was refused"):
            refuse(ctx, *HELD, E, by="S77", reason="DUPLICATE")
    world.run(NEWS["another_protection"], release=False)
    assert hold_of(world).approvals == 0


def test_a_refusal_wins_until_released(world: World) -> None:
    """After both have approved one refusal still stops it; once released it cannot, and is told what can."""
    say_yes(world, "S77")
    say_yes(world, "S78")
    assert say_no(world, "S77").state == "withheld"
    assert world.run(now=LATER).enforcement == []


def test_what_was_released_is_not_refused(world: World) -> None:
    """No word takes back what left: the message says what does."""
    say_yes(world, "S77")
    say_yes(world, "S78")
    world.run(now=LATER)
    with pytest.raises(UsageError, match="correct or retract the record, and the next release withdraws it"):
        say_no(world)


# ---- safeguarding -----------------------------------------------------------------------------------------------


@pytest.fixture
def unasked(tmp_path: Path) -> World:
    """A state with a victim whom nobody has asked."""
    world = World(tmp_path)
    found = world.run(domestic(1, UNASKED))
    assert found.referrals == []
    return world


ASKED = "in0.jsonl[0]@0", "p1"


def test_one_person_refers_and_the_next_run_sends_it_once(unasked: World) -> None:
    """A referral is built, guarded, gated and put out at once; the next run sends it, and no other does again."""
    done = say_yes(unasked, where=ASKED, recipient=S)
    assert (done.approvals, done.needed, done.state, done.due) == (1, 1, "pending", "")
    found = unasked.run(now=SOON)
    assert [r["value"]["person"]["name"] for r in found.referrals] == ["Temitope Oyelaran"]
    assert found.states[*ASKED, "safeguarding"] == "released"
    assert unasked.run(now=LATER).referrals == []
    sound(unasked)


def test_a_referral_that_was_overtaken_is_not_sent(unasked: World) -> None:
    """Who refuses after a reviewer released it is not referred, though the message was ready."""
    say_yes(unasked, where=ASKED, recipient=S)
    found = unasked.run(domestic(1, person(UNASKED, consent=REFUSED), version=2), now=SOON)
    assert found.referrals == []
    assert found.states["in1.jsonl[0]@0", "p1", "safeguarding"] == "withheld"


def test_a_refused_referral_is_not_sent(unasked: World) -> None:
    """A refusal stops a referral that is ready and not sent."""
    say_yes(unasked, where=ASKED, recipient=S)
    say_no(unasked, where=ASKED, recipient=S)
    found = unasked.run(now=SOON)
    assert found.referrals == []
    assert found.states[*ASKED, "safeguarding"] == "withheld"
    with pytest.raises(UsageError, match="was refused"):
        say_yes(unasked, where=ASKED, recipient=S, review_id="0" * 12)


def test_a_referral_made_under_another_policy_is_not_sent(unasked: World) -> None:
    """A policy that changed before the message left takes the approval with it."""
    say_yes(unasked, where=ASKED, recipient=S)
    stricter = World(unasked.folder, CORDON_REGIME="uk_strict_firewall")
    stricter.count = unasked.count
    found = stricter.run(now=SOON)
    assert found.referrals == []
    assert found.states[*ASKED, "safeguarding"] == "held"
    sound(stricter)


# ---- what is told of it -----------------------------------------------------------------------------------------


def test_every_word_has_a_receipt_of_a_named_person(world: World) -> None:
    """The log tells who said what of which state, for which reason; nothing else can be said in it."""
    say_yes(world, "S77")
    say_yes(world, "S78")
    say_no(world, "S79")
    found = world.run(now=LATER)
    receipts = [json.loads(line) for line in (found.folder / "audit/receipts.jsonl").read_text().splitlines()]
    words = [r for r in receipts if r["op"] in ("approval", "refusal")]
    assert [(r["op"], r["actor"], r["approvals"], r["needed"]) for r in words] == [
        ("approval", "person:S77", 1, 2),
        ("approval", "person:S78", 2, 2),
        ("refusal", "person:S79", 2, 2),
    ]
    assert {(r["coordinate"], r["person_ref"], r["recipient"]) for r in words} == {(*HELD, "enforcement")}
    assert len({r["review_id"] for r in words}) == 1


def test_the_next_run_tells_of_decisions_that_were_reviewed(world: World) -> None:
    """What a reviewer changed is in the next run's decisions, under the policies that held it and the humans."""
    say_yes(world, "S77")
    say_yes(world, "S78")
    found = world.run(now=SOON)
    assert found.decisions[*HELD, "enforcement"] == "RELEASE_MINIMISED"
    rows = [json.loads(line) for line in (found.folder / "decisions.jsonl").read_text().splitlines()]
    assert ["rule2_protected_held", "human_approved"] in [row["reasons"] for row in rows]


def test_explain_and_report_tell_of_it(world: World) -> None:
    """Whoever asks why is told who approved and why; the page counts words, and says that named people released."""
    say_yes(world, "S77")
    say_yes(world, "S78")
    found = world.run(now=LATER)
    with at(world) as ctx:
        told = [(e.decision, e.state) for e in explain(ctx, "13/0000001/26", "p2") if e.recipient == "enforcement"]
    assert told == [("HOLD_FOR_HUMAN", ""), ("APPROVED", ""), ("APPROVED", ""), ("RELEASE_MINIMISED", "released")]
    page = (found.folder / "report" / "index.html").read_text()
    assert "Nobody protected stands disclosed to enforcement but &lt;5 whom named people released" in page
    assert "NECESSARY_AND_PROPORTIONATE" in page
    assert "S77" not in page


def test_the_reasons_are_documented() -> None:
    """Every code a reviewer may give is on the page for reviewers, with the meaning the program prints."""
    page = (Path(__file__).parents[2] / "docs" / "review.md").read_text()
    for code, reason in REASONS.items():
        assert f"| `{code}` | {reason.meaning} |" in page
        assert reason.answers.replace("|", "\\|") in page


# ---- faults -----------------------------------------------------------------------------------------------------


def _forked(world: World, review_id: str, by: str) -> Callable[[], object]:
    return lambda: say_yes(world, by, review_id=review_id)


@pytest.mark.parametrize("instant", [-3, -2, -1, 1, 2, 3])
def test_killed_at_any_commit_an_approval_is_whole_or_not_there(world: World, instant: int) -> None:
    """Killed around any commit, the act, its receipt and the decision are all there or none, and saying it again settles it."""
    say_yes(world, "S77")
    review_id = hold_of(world).review_id
    ended, _ = dies(_forked(world, review_id, "S78"), "commit", instant)
    assert ended in (0, -signal.SIGKILL)
    sound(world)
    with at(world) as ctx:
        pending = not [h for h in holds(ctx, E) if (h.coordinate, h.person_ref) == HELD]
    if not pending:
        assert hold_of(world).approvals == 1
        say_yes(world, "S78", review_id=review_id)
    found: Outputs = world.run(now=LATER)
    assert len(found.subjects) == 1
    receipts = (found.folder / "audit/receipts.jsonl").read_text()
    assert receipts.count('"op":"approval"') == 2
