"""What versions, retractions, other incidents, regimes and later runs do to decisions and to what enforcement is told (spec 6.5, 6.13-6.25)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UsageError
from tests.spec.cases import H, R, W
from tests.world import (
    DOUBT,
    FILES,
    OFFENCE,
    RECORDED,
    REFERRALS,
    Document,
    World,
    cordon,
    incident,
    name,
    person,
    suspect,
    victim,
)

pytestmark = pytest.mark.usefixtures("cheaply")

DA = {"domestic_abuse": "TRUE"}
GIVEN = {"scope": "SAFEGUARDING_REFERRAL", "state": "GIVEN", "ts": "2026-11-20T21:40:00Z", "method": "VERBAL"}
DAY = [f"2026-11-{day:02d}T09:00:00Z" for day in range(1, 31)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A fresh state."""
    return World(tmp_path)


def kinds(world: World) -> list[str]:
    """The kinds of everything enforcement was told, in order."""
    return [message["kind"] for message in world.messages]


def both_orders(tmp_path: Path, first: Document, second: Document) -> list[World]:
    """The same two records in one run, in both orders, and in two runs, in both orders."""
    worlds = []
    for label, runs in (
        ("ab", [[first, second]]),
        ("ba", [[second, first]]),
        ("a-b", [[first], [second]]),
        ("b-a", [[second], [first]]),
    ):
        world = World(tmp_path / label)
        for number, records in enumerate(runs):
            last = number == len(runs) - 1
            world.run(records, now=DAY[22], release=last)
        worlds.append(world)
    return worlds


def last(world: World, of: Document, ref: str, recipient: str = "enforcement") -> Document | None:
    """The last decision on a person of one record, wherever in the files it stood."""
    from tests.world import encoded

    wanted = encoded(of)
    for number in range(len(world.runs)):
        lines = (world.folder / f"in{number}" / f"run{number}.jsonl").read_bytes().splitlines()
        if wanted in lines:
            return world.final.get((f"run{number}.jsonl[0]@{lines.index(wanted)}", ref, recipient))
    raise AssertionError("no such record")


# ---- versions ----------------------------------------------------------------------------------------------------


def test_protection_is_the_union_of_versions_in_any_order(tmp_path: Path) -> None:
    """A later version without the flag does not take protection away, whichever came first."""
    one = incident("A", victim(immigration=DOUBT), suspect(), flags=DA)
    two = incident("A", victim(immigration=DOUBT), suspect(), version=2, flags={"domestic_abuse": "FALSE"})
    for world in both_orders(tmp_path, one, two):
        row = last(world, two, "p1")
        assert row is not None
        assert row["decision"] == "WITHHOLD_AND_REFER"
        assert "DA_VICTIM" in row["protections"]
        assert [m["subject"]["surname"] for m in world.standing] == ["Yusuf"]


def test_standing_and_evidence_are_of_the_highest_version(tmp_path: Path) -> None:
    """A victim who is only a suspect in the next version stays protected; standing and evidence are the newer ones."""
    one = incident("A", victim("p1", immigration=DOUBT), flags=DA)
    two = incident("A", suspect("p1", names=[name("Amini", "Leila")], dob="1991-04-03"), version=2)
    for world in both_orders(tmp_path, one, two):
        row = last(world, two, "p1")
        assert row is not None
        assert (row["decision"], row["standing"], row["evidence"]) == (H, ["SUSPECT"], "OFFENCE")
        assert "DA_VICTIM" in row["protections"]
        assert world.messages == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second", "released"), [(DOUBT, OFFENCE, 1), (OFFENCE, DOUBT, 0), (None, OFFENCE, 1), (OFFENCE, None, 0)]
)
def test_the_latest_version_decides_evidence(tmp_path: Path, first: Any, second: Any, released: int) -> None:
    """Evidence rises and falls with the highest version, in whatever order versions come."""
    one = incident("A", suspect(immigration=first))
    two = incident("A", suspect(immigration=second), version=2)
    for world in both_orders(tmp_path, one, two):
        assert len(world.standing) == released


def test_the_highest_risk_of_all_versions_counts(tmp_path: Path) -> None:
    """A risk once assessed as HIGH is high for the referral, whatever a later version says."""
    one = incident("A", victim(risk={"tool": "DASH", "level": "HIGH"}), suspect(), flags=DA)
    two = incident("A", victim(risk={"tool": "DASH", "level": "STANDARD", "score": 3}), suspect(), version=2)
    for world in both_orders(tmp_path, one, two):
        row = last(world, two, "p1", "safeguarding")
        assert row is not None
        assert row["decision"] == "RELEASE"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([GIVEN], None, H),
        ([GIVEN], [GIVEN | {"state": "REFUSED"}], W),
        ([GIVEN | {"state": "REFUSED"}], [GIVEN], "RELEASE"),
    ],
)
def test_consent_is_that_of_the_highest_version(tmp_path: Path, first: Any, second: Any, expected: str) -> None:
    """Consent is what the highest version says, and nothing an older one said."""
    one = incident("A", victim(consent=first), suspect(), flags=DA)
    two = incident("A", victim(consent=second), suspect(), version=2, flags=DA)
    for world in both_orders(tmp_path, one, two):
        row = last(world, two, "p1", "safeguarding")
        assert row is not None
        assert row["decision"] == expected


def test_consent_does_not_travel_between_incidents(world: World) -> None:
    """Consent given in one incident is none in another."""
    ran = world.run([incident("A", victim(consent=[GIVEN]), flags=DA), incident("B", victim(), flags=DA)])
    assert ran.decision(0, "p1", "safeguarding") == "RELEASE"
    assert ran.decision(1, "p1", "safeguarding") == H


@pytest.mark.parametrize("split", [False, True])
def test_two_contents_under_one_version(world: World, split: bool) -> None:
    """Who differs between two contents of one version is INDETERMINATE; who does not is not."""
    other = suspect("p3", names=[name("Kowalski", "Jan")], dob="1979-05-06")
    one, two = (incident("A", suspect(dob=dob), other) for dob in ("1988-01-30", "1988-01-31"))
    if split:
        world.run([one], release=False)
        world.run([two])
    else:
        world.run([one, two])
    assert [m["subject"]["surname"] for m in world.standing] == ["Kowalski"]
    rows = [row for row in world.final.values() if row["person_ref"] == "p2" and row["recipient"] == "enforcement"]
    assert rows
    assert all(row["decision"] == H and "INDETERMINATE" in row["protections"] for row in rows)


def latest(world: World) -> dict[str, Document]:
    """The latest referral of each person, by the recipient's own key."""
    return {row["key"]: row["value"] for ran in world.runs for row in ran.rows(REFERRALS)}


def test_of_two_contents_the_same_one_refers_whichever_came_first(tmp_path: Path) -> None:
    """Records under one version that tell an incident otherwise: the latest referral does not depend on their order."""
    hurt = victim(risk={"tool": "DASH", "level": "HIGH"})
    contents = [incident("A", hurt, suspect(), flags=DA, text=f"He {what} the door.") for what in ("broke", "kicked")]
    worlds = both_orders(tmp_path, *contents)
    assert len({str(latest(world)) for world in worlds}) == 1
    assert [len(world.runs[0].referrals) for world in worlds] == [1, 1, 1, 1]
    assert sorted(len(world.runs[-1].referrals) for world in worlds[2:]) == [0, 1]
    for world in worlds:
        states = [world.runs[-1].ledger[key] for key in world.runs[-1].ledger if key[1:] == ("p1", "safeguarding")]
        assert states == ["released", "released"]


@pytest.mark.parametrize("refusing", [0, 1])
def test_of_two_contents_one_that_refuses_does_not_refer(tmp_path: Path, refusing: int) -> None:
    """Where only one record under a version has consent, the referral is made from that one, in any order."""
    answers = [[GIVEN], [GIVEN | {"state": "REFUSED"}]]
    contents = [
        incident("A", victim(consent=answers[n ^ refusing]), suspect(), flags=DA, text=f"He {what} the door.")
        for n, what in enumerate(("broke", "kicked"))
    ]
    worlds = both_orders(tmp_path, *contents)
    assert len({str(latest(world)) for world in worlds}) == 1
    assert ("broke", "kicked")[refusing] in str(latest(worlds[0]))


def test_a_risk_that_a_late_version_shows_is_in_the_latest_referral(tmp_path: Path) -> None:
    """High risk of an older version is told of a person referred already, whichever came first."""
    old = incident("A", victim(risk={"tool": "DASH", "level": "HIGH"}), suspect(), flags=DA)
    new = incident("A", victim(consent=[GIVEN]), suspect(), flags=DA, version=2)
    found = [latest(world) for world in both_orders(tmp_path, old, new)]
    assert all(told == found[0] for told in found)
    assert [value["risk"]["level"] for value in found[0].values()] == ["HIGH"]


def test_a_child_that_a_late_record_names_is_in_the_latest_referral(tmp_path: Path) -> None:
    """A child in one of two records under one version is told of in the victim's referral, whichever came first."""
    one = incident("A", victim(consent=[GIVEN]), suspect(), flags=DA)
    other = incident("A", victim(consent=[GIVEN]), suspect(), person("p3", "CHILD_IN_HOUSEHOLD"), flags=DA)
    found = [latest(world) for world in both_orders(tmp_path, one, other)]
    assert all(told == found[0] for told in found)
    assert [value["children_present"] for value in found[0].values()] == [True, True]


def test_the_same_content_again_is_no_second_content(world: World) -> None:
    """A record that comes twice protects nobody and releases once."""
    record = incident("A", victim(), suspect())
    ran = world.run([record, record])
    assert kinds(world) == ["SUBJECT"]
    assert all("INDETERMINATE" not in row["protections"] for row in ran.decisions.values())


def test_the_same_content_in_other_words_is_no_second_content(world: World) -> None:
    """Spaces, order of members and escapes are no content."""
    import json

    record = incident("A", suspect())
    world.run([record, json.dumps(dict(reversed(record.items())), indent=None, ensure_ascii=True), json.dumps(record)])
    assert kinds(world) == ["SUBJECT"]


def test_a_person_missing_from_the_highest_version(world: World) -> None:
    """Who is dropped by a newer version has no decision in it, and what was released of them is withdrawn, once."""
    world.run([incident("A", victim(), suspect())], now=DAY[2])
    world.run([incident("A", victim(), version=2)], now=DAY[12])
    world.later(DAY[22])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL"]
    assert ("run1.jsonl[0]@0", "p2", "enforcement") not in world.final
    assert world.runs[-1].ledger["run0.jsonl[0]@0", "p2", "enforcement"] == "withdrawn"


def test_a_late_older_version_changes_nothing_released(world: World) -> None:
    """A version that arrives after a higher one was released from adds protection at most."""
    world.run([incident("A", suspect(), version=3)], now=DAY[2])
    world.run([incident("A", suspect(dob="1970-01-01"), version=2)], now=DAY[12])
    world.later(DAY[22])
    assert kinds(world) == ["SUBJECT"]
    assert world.runs[-1].ledger["run1.jsonl[0]@0", "p2", "enforcement"] == "superseded"


def test_an_older_version_that_protects_takes_back(world: World) -> None:
    """A late older version in which the released man was a witness withdraws him."""
    world.run([incident("A", suspect(), version=3)], now=DAY[2])
    world.run([incident("A", suspect(roles=["WITNESS", "SUSPECT"]), version=1)], now=DAY[12])
    world.later(DAY[22])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL"]


# ---- quarantined records -----------------------------------------------------------------------------------------


def broken(record: Document) -> Document:
    """The record with a contract fault that leaves everybody readable."""
    return record | {"relations": [{"from_ref": "nobody", "to_ref": "p2", "type": "SPOUSE"}]}


def test_people_of_a_quarantined_record_are_protected_until_that_version_comes(world: World) -> None:
    """A suspect readable in a quarantined record is held everywhere, until a valid record of that version comes."""
    world.run([broken(incident("A", suspect())), incident("B", suspect())], now=DAY[1])
    assert world.runs[0].quarantined == {"run0.jsonl[0]@0"}
    assert world.runs[0].decision(1, "p2") == H
    world.run([incident("A", suspect(), version=2)], now=DAY[6])
    assert world.messages == [], "a higher version does not say what the broken one said"
    world.run([incident("A", suspect())], now=DAY[11])
    assert kinds(world) == ["SUBJECT"]


def test_a_valid_record_before_the_broken_one_settles_it_too(world: World) -> None:
    """The order in which the broken and the valid record of a version come does not matter."""
    world.run([incident("A", suspect())], now=DAY[1], release=False)
    world.run([broken(incident("A", suspect()))], now=DAY[1])
    assert kinds(world) == ["SUBJECT"]


def test_a_quarantined_record_withdraws_what_was_released(world: World) -> None:
    """A broken record naming a man already released takes him back until it is explained."""
    world.run([incident("B", suspect())], now=DAY[1])
    world.run([broken(incident("A", suspect()))], now=DAY[8])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL"]
    world.run([incident("A", suspect())], now=DAY[15])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL", "SUBJECT"]


@pytest.mark.parametrize("people", [[victim()], [], "nobody", [7]])
def test_a_newer_version_that_cannot_be_read_holds_everyone_of_the_incident(world: World, people: Any) -> None:
    """A quarantined newer version may have dropped anyone: what stood by the older one is taken back until it is read."""
    world.run([incident("A", suspect())], now=DAY[1])
    ran = world.run([broken(incident("A", version=2) | {"persons": people})], now=DAY[8])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL"]
    assert ran.decisions["run0.jsonl[0]@0", "p2", "enforcement"]["decision"] == H
    world.run([incident("A", suspect(), version=2)], now=DAY[15])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL", "SUBJECT"]


def test_an_older_version_that_cannot_be_read_holds_only_who_is_in_it(world: World) -> None:
    """A quarantined version below the highest one says nothing about whoever is not in it."""
    world.run([incident("A", suspect(), version=3), broken(incident("A", victim(), version=2))], now=DAY[1])
    assert kinds(world) == ["SUBJECT"]


def test_a_counter_allegation_in_a_quarantined_record_counts(world: World) -> None:
    """The link to another incident is read where it can be, though the record that says so is broken."""
    link = {"linked_incidents": [{"id": "13/A/26", "reason": "COUNTER_ALLEGATION"}]}
    world.run([incident("A", suspect()), broken(incident("B", victim()) | link)], now=DAY[1])
    assert world.messages == []


@pytest.mark.parametrize(
    ("risk", "alerts"),
    [
        ({"level": "HIGH"}, 1),
        ({"tool": "DASH", "score": 14}, 1),
        ({"tool": "DASH", "score": "18"}, 1),
        ({"tool": "DASH", "score": 13, "level": "MEDIUM"}, 0),
        ({"level": "STANDARD"}, 0),
        ("HIGH", 0),
    ],
)
def test_an_alert_where_a_quarantined_record_shows_high_risk(world: World, risk: Any, alerts: int) -> None:
    """Risk HIGH or a DASH score of 14 in a record that cannot be served is somebody's business at once."""
    ran = world.run([broken(incident("A", victim(risk=risk), suspect()))])
    assert [a["coordinate"] for a in ran.rows("alerts.jsonl")] == ["run0.jsonl[0]@0"] * alerts


def test_bytes_nobody_can_read_raise_an_alert(world: World) -> None:
    """Wholly undecodable bytes protect nobody, so they raise an alert, in this run only."""
    ran = world.run([b'{"header": {"incid', incident("A", suspect()), b"\x00\xff\xfe", b""])
    assert {a["coordinate"] for a in ran.rows("alerts.jsonl")} == {"run0.jsonl[0]@0", "run0.jsonl[0]@2"}
    assert ran.quarantined == {f"run0.jsonl[0]@{line}" for line in (0, 2, 3)}
    assert ran.surnames == ["Yusuf"]
    assert world.later(DAY[29]).rows("alerts.jsonl") == []


# ---- retraction, correction, withdrawal --------------------------------------------------------------------------


def retracted(record: Document) -> Document:
    """The next version of a record, retracting it."""
    return record | {"header": record["header"] | {"version": 2, "change_type": "RETRACT"}}


def test_a_retraction_withdraws_once_and_is_not_followed(world: World) -> None:
    """A RETRACT of what was released gives one withdrawal at the next release, before any embargo, and nothing after."""
    record = incident("A", suspect())
    world.run([record], now=DAY[1])
    world.run([retracted(record)], now=DAY[7])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL"]
    world.later(DAY[14])
    world.later(DAY[21])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL"]
    subject, withdrawal = world.messages
    assert withdrawal == {
        "schema": "enforcement.subject.v1",
        "kind": "WITHDRAWAL",
        "msg_id": withdrawal["msg_id"],
        "issued_day": "2026-11-11",
        "withdraws": subject["msg_id"],
        "reason": "SOURCE_CORRECTION",
    }


def test_a_retraction_of_what_was_never_sent_says_nothing(world: World) -> None:
    """Neither a withheld person nor a draft under embargo leaves a trace when it is retracted."""
    doubt, draft = incident("A", suspect(immigration=DOUBT)), incident("B", suspect())
    world.run([doubt, draft], now=DAY[1], release=False)
    world.run([retracted(doubt), retracted(draft)], now=DAY[2])
    world.later(DAY[20])
    assert world.messages == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "cause",
    [
        incident("A", suspect(), version=2, change="RETRACT"),
        incident("A", suspect(immigration=DOUBT), version=2, change="CORRECT"),
        incident("A", victim(), version=2, change="UPDATE"),
        incident("A", suspect(roles=["SUSPECT", "VICTIM"]), version=2, change="UPDATE"),
        incident("B", suspect("p9", roles=["WITNESS"], immigration=None)),
        incident("B", suspect("p9", roles=["VICTIM"], immigration=None), flags=DA),
        incident("B", suspect("p9", roles=["MENTIONED"], immigration=None, nrm={"indicator": True})),
        incident("A", suspect(names=[name("Yusuf", "Omar")], dob="1988-03-30"), version=2, change="CORRECT"),
        broken(incident("B", suspect("p9"))),
    ],
)
def test_every_cause_gives_the_same_withdrawal(tmp_path: Path, cause: Document) -> None:
    """Whatever took a person back, the bytes of the withdrawal run are the same."""
    seen = []
    for label, record in (("this", cause), ("plain", incident("A", suspect(), version=2, change="RETRACT"))):
        world = World(tmp_path / label)
        world.run([incident("A", suspect())], now=DAY[1])
        world.run([record], now=DAY[8])
        seen.append(world.runs[1].enforcement)
    assert seen[0] == seen[1]


def test_a_correction_is_a_withdrawal_and_a_new_subject_after_a_new_embargo(world: World) -> None:
    """A corrected name is withdrawn at once and sent anew only after another embargo."""
    world.run([incident("A", suspect())], now=DAY[1])
    world.run([incident("A", suspect(names=[name("Yusef", "Omar")]), version=2, change="CORRECT")], now=DAY[8])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL"]
    world.later(DAY[8].replace("T09", "T10"), embargo="PT1H")
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL"], "the new embargo counts from the withdrawal"
    world.later(DAY[20])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL", "SUBJECT"]
    assert world.standing[0]["subject"]["surname"] == "Yusef"


def test_with_no_embargo_a_correction_is_whole_in_one_run(tmp_path: Path) -> None:
    """With an embargo of zero, withdrawal and new subject go in one run, the withdrawal first."""
    world = World(tmp_path, embargo="PT0S")
    world.run([incident("A", suspect())], now=DAY[1])
    world.run([incident("A", suspect(names=[name("Yusef", "Omar")]), version=2, change="CORRECT")], now=DAY[8])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL", "SUBJECT"]
    assert [m["issued_day"] for m in world.messages] == ["2026-11-02", "2026-11-09", "2026-11-09"]


def test_a_correction_under_embargo_is_sent_corrected(world: World) -> None:
    """A correction that comes before the release is never seen as one."""
    world.run([incident("A", suspect())], now=DAY[1], release=False)
    world.run([incident("A", suspect(names=[name("Yusef", "Omar")]), version=2, change="CORRECT")], now=DAY[2])
    assert [m["subject"]["surname"] for m in world.messages] == ["Yusef"]


def test_a_change_of_nothing_enforcement_sees_says_nothing(world: World) -> None:
    """A new version with another phone, address or flag of the suspect moves no byte."""
    world.run([incident("A", suspect())], now=DAY[1])
    changed = suspect(phones=[{"value": "+447700900123"}], occupation="baker")
    world.run([incident("A", changed, version=2, change="UPDATE", offences=[{"ho_class": "36"}])], now=DAY[8])
    world.later(DAY[20])
    assert kinds(world) == ["SUBJECT"]


def test_one_subject_for_a_person_and_offence_from_several_incidents(world: World) -> None:
    """One person, one offence: one subject, and it stands while one of its incidents does."""
    a, b = incident("A", suspect(nominal_id="N1")), incident("B", suspect(nominal_id="N1"))
    world.run([a, b], now=DAY[1])
    world.run([incident("C", suspect(nominal_id="N1"))], now=DAY[5])
    assert kinds(world) == ["SUBJECT"]
    world.run([retracted(a), retracted(incident("C", suspect(nominal_id="N1")))], now=DAY[10])
    assert kinds(world) == ["SUBJECT"], "it still stands by the second incident"
    world.run([retracted(b)], now=DAY[15])
    world.later(DAY[25])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL"]


def test_two_offences_are_two_subjects(world: World) -> None:
    """One person with two immigration offences is two subjects."""
    other = OFFENCE | {"statute_ref": "IA1971 s.24A(1)(a)"}
    world.run([incident("A", suspect(nominal_id="N1")), incident("B", suspect(nominal_id="N1", immigration=other))])
    assert sorted(m["offence"]["section"] for m in world.messages) == ["24(1)(b)(i)", "24A(1)(a)"]


def test_a_subject_that_comes_back_has_a_new_id(world: World) -> None:
    """What was withdrawn and may go again is a new message with another id."""
    world.run([incident("A", suspect())], now=DAY[1])
    world.run([incident("A", suspect(immigration=DOUBT), version=2)], now=DAY[6])
    world.run([incident("A", suspect(), version=3)], now=DAY[11])
    assert kinds(world) == ["SUBJECT", "WITHDRAWAL", "SUBJECT"]
    assert len({m["msg_id"] for m in world.messages}) == 3


def test_withdrawals_come_first_and_then_by_id(world: World) -> None:
    """Publishing order is withdrawals, then subjects, each by id."""
    people = [
        suspect(names=[name(s, "Jan")], dob=f"197{n}-05-06") for n, s in enumerate(("Kowalski", "Petrov", "Haddad"))
    ]
    world.run([incident(f"A{n}", p) for n, p in enumerate(people)], now=DAY[1])
    new = [suspect(names=[name(s, "Ali")], dob=f"198{n}-05-06") for n, s in enumerate(("Okafor", "Silva", "Tanaka"))]
    gone = [retracted(incident(f"A{n}", p)) for n, p in enumerate(people)]
    ran = world.run(
        [x for pair in zip((incident(f"B{n}", p) for n, p in enumerate(new)), gone, strict=True) for x in pair],
        now=DAY[8],
    )
    rows = [
        (m["kind"] != "WITHDRAWAL", m["msg_id"])
        for m in (row["value"] for row in ran.rows("enforcement.subjects.v1.jsonl"))
    ]
    assert len(rows) == 6
    assert rows == sorted(rows)


# ---- embargo, no release, seed -----------------------------------------------------------------------------------


def test_the_embargo_counts_from_drafting(world: World) -> None:
    """Without a release nothing goes; the next release sends what its embargo has let through, on that day."""
    world.run([incident("A", suspect())], now="2026-11-01T23:30:00Z", release=False)
    assert world.messages == []
    assert world.runs[0].ledger["run0.jsonl[0]@0", "p2", "enforcement"] == "pending"
    world.later("2026-11-02T23:30:00Z")
    assert [m["issued_day"] for m in world.messages] == ["2026-11-05"]


def test_a_late_victim_tag_catches_a_draft(world: World) -> None:
    """Protection that arrives during the embargo means nothing was ever sent."""
    world.run([incident("A", suspect())], now=DAY[1], release=False)
    world.run([incident("B", suspect("p7", roles=["VICTIM"], immigration=None), flags=DA)], now=DAY[3])
    world.later(DAY[20])
    assert world.messages == []
    assert world.final["run0.jsonl[0]@0", "p2", "enforcement"]["decision"] == H


def test_the_seed_changes_ids_and_nothing_else(tmp_path: Path) -> None:
    """Another secret gives other ids to the same messages."""
    found = []
    for seed in (1, 2):
        world = World(tmp_path / str(seed))
        world.run([incident("A", suspect())], seed=seed)
        found.append(world.messages[0])
    assert found[0]["msg_id"] != found[1]["msg_id"]
    assert [{**m, "msg_id": ""} for m in found[:1]] == [{**m, "msg_id": ""} for m in found[1:]]


def test_every_byte_is_repeatable(tmp_path: Path) -> None:
    """The same input, clock and seed give the same bytes in every file."""
    records = [
        incident("A", victim(consent=[GIVEN], immigration=DOUBT), suspect(), flags=DA),
        b"not json",
        incident("B", suspect()),
    ]
    trees = []
    for label in ("one", "two"):
        ran = World(tmp_path / label).run(records)
        trees.append({p.relative_to(ran.out): p.read_bytes() for p in sorted(ran.out.rglob("*")) if p.is_file()})
    assert trees[0] == trees[1]


# ---- other incidents of the same people --------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("here", "there", "same"),
    [
        ({"nominal_id": "N1"}, {"nominal_id": "N1", "names": [name("Brown", "Zed")], "dob": "1950-01-02"}, True),
        ({"pnc_id": "88/1A"}, {"pnc_id": "88/1A", "names": [name("Brown", "Zed")], "dob": "1950-01-02"}, True),
        (
            {"identifiers": [{"type": "PASSPORT", "value": "AB 123456"}]},
            {
                "identifiers": [{"type": "PASSPORT", "value": "ab123456"}],
                "names": [name("Brown", "Zed")],
                "dob": "1950-01-02",
            },
            True,
        ),
        ({}, {"names": [name("Omar", "Yusuf")]}, True),
        ({}, {"names": [name("YUSÚF", "omar")]}, True),
        ({}, {"names": [name("Yousef", "Umar")]}, True),
        ({}, {"names": [name("Yusuf", "O")]}, True),
        ({}, {"names": [name("يوسف", "عمر")]}, True),
        ({}, {"names": [name("Юсуф", "Омар")]}, True),
        ({"dob": "1988-03-04"}, {"dob": "1988-04-03"}, True),
        ({}, {"dob": "1988-01-01"}, True),
        ({}, {"dob": None}, True),
        ({}, {"dob": "1977-06-05"}, False),
        ({}, {"names": [name("Brown", "Zed")]}, False),
        (
            {"phones": [{"value": "+447700900555"}]},
            {"phones": [{"value": "07700 900555"}], "names": [name("Brown", "Zed")], "dob": "1950-01-02"},
            False,
        ),
        (
            {"phones": [{"value": "+447700900555"}]},
            {"phones": [{"value": "07700 900555"}], "names": [name("Yusuff", "O")], "dob": None},
            True,
        ),
        ({"phones": [{"value": "+447700900555"}]}, {"phones": [{"value": "07700 900555"}], "dob": "1977-06-05"}, True),
    ],
)
def test_protection_reaches_the_same_person_elsewhere(
    tmp_path: Path, here: Document, there: Document, same: bool
) -> None:
    """A man who is a victim in one incident and a suspect in another is held, if he may be the same, in either order."""
    accused = incident("A", suspect(**here))
    harmed = incident(
        "B", person("p8", "VICTIM", **({"names": [name("Yusuf", "Omar")], "dob": "1988-01-30"} | there)), flags=DA
    )
    for world in both_orders(tmp_path, accused, harmed):
        row = last(world, accused, "p2")
        assert row is not None
        assert row["decision"] == (H if same else R)
        assert (row["protections"] == ["DA_VICTIM"]) is same
        assert len(world.messages) == (not same)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("here", "there"),
    [
        ({}, {"names": "Omar Yusuf"}),
        ({}, {"names": ["Yusuf, Omar"]}),
        ({}, {"names": {"surname": "Yusuf", "given": ["Omar"]}}),
        ({}, {"names": [{"surname": "Yusuf", "given": "Omar"}]}),
        ({}, {"names": [name("Yusuf", "Omar"), 5], "dob": 19880130}),
        ({"nominal_id": "7801"}, {"nominal_id": 7801, "names": None}),
        ({"phones": [{"value": "+447700900555"}]}, {"phones": "07700 900555", "names": [name("Yusuf", "O")]}),
    ],
)
def test_an_unreadable_field_still_says_who_is_protected(tmp_path: Path, here: Document, there: Document) -> None:
    """A victim whose name, nominal or number has the wrong type is protected elsewhere as if it had the right one."""
    accused = incident("A", suspect(**here))
    harmed = incident(
        "B", person("p8", "VICTIM") | {"dob": "1988-01-30"} | {k: v for k, v in there.items() if v is not None}
    )
    for world in both_orders(tmp_path, accused, harmed):
        assert world.messages == []


def test_a_nominal_counts_within_its_force(world: World) -> None:
    """The same nominal number in two forces is two people."""
    other = incident("B", victim("p8", nominal_id="N1"), header={"source_force": "20"})
    assert world.run([incident("A", suspect(nominal_id="N1")), other]).surnames == ["Yusuf"]


def test_two_rows_of_one_person_in_one_incident(world: World) -> None:
    """The same nominal as victim and as suspect of one incident is one person, protected."""
    ran = world.run([incident("A", victim("p1", nominal_id="N1"), suspect("p2", nominal_id="N1"))])
    assert ran.decision(0, "p2") == H


def test_matching_chains(world: World) -> None:
    """Protection goes from A to C through B, who shares a document with one and a number with the other."""
    middle = person("m", "MENTIONED", names=[name("Brown", "Zed")], dob="1950-01-02", nominal_id="N5", pnc_id="P5")
    ran = world.run(
        [
            incident("A", suspect(nominal_id="N5")),
            incident("B", middle),
            incident("C", person("v", "VICTIM", names=[name("Grün", "Eva")], dob="1960-07-08", pnc_id="P5")),
        ]
    )
    assert ran.decision(0, "p2") == H


@pytest.mark.parametrize("reason", ["COUNTER_ALLEGATION", "SOME_NEW_REASON"])
def test_a_counter_allegation_holds_both_sides(tmp_path: Path, reason: str) -> None:
    """A counter-allegation named in one incident holds the suspects of both, in either order."""
    one = incident("A", suspect())
    two = incident(
        "B",
        suspect("p5", names=[name("Kowalski", "Jan")], dob="1979-05-06"),
        linked_incidents=[{"id": "13/A/26", "reason": reason}],
    )
    for world in both_orders(tmp_path, one, two):
        rows = [last(world, one, "p2"), last(world, two, "p5")]
        assert [row and row["decision"] for row in rows] == [H, H]
        assert world.messages == []


def test_a_victim_who_is_only_a_suspect_elsewhere_is_not_referred_from_there(world: World) -> None:
    """A referral is made only from a record in which the person stands as a victim."""
    ran = world.run(
        [
            incident("A", victim(consent=[GIVEN]), flags=DA),
            incident("B", suspect("p9", names=[name("Amini", "Leila")], dob="1991-04-03", consent=[GIVEN])),
        ]
    )
    assert (ran.decision(0, "p1", "safeguarding"), ran.decision(1, "p9", "safeguarding")) == ("RELEASE", H)
    assert ran.decision(1, "p9") == H
    assert len(ran.referrals) == 1


def test_a_later_referral_replaces_the_earlier_one_under_the_same_key(world: World) -> None:
    """A new safe number is a new referral in the same order-keeping key; the same content again is none."""

    def record(phone: str, version: int) -> Document:
        return incident(
            "A",
            victim(consent=[GIVEN], phones=[{"value": phone, "safe_to_use": True}]),
            suspect(),
            flags=DA,
            version=version,
        )

    world.run([record("+447700900101", 1)], now=DAY[1])
    world.run([record("+447700900102", 2)], now=DAY[2])
    world.run([record("+447700900102", 3)], now=DAY[3])
    keys = [row["key"] for ran in world.runs for row in ran.rows("safeguarding.referrals.v1.jsonl")]
    phones = [r["person"]["contacts"]["phones"] for ran in world.runs for r in ran.referrals]
    assert len(set(keys)) == 1
    assert phones[:2] == [["+447700900101"], ["+447700900102"]]
    assert phones[-1] == ["+447700900102"]


# ---- regimes -----------------------------------------------------------------------------------------------------


def test_the_strict_regime_withholds_what_the_default_holds(tmp_path: Path) -> None:
    """Rule 2 of the strict regime withholds, and refers victims of abuse and slavery."""
    record = incident(
        "A",
        victim(immigration=OFFENCE),
        suspect("p2", roles=["WITNESS"]),
        suspect("p3", names=[name("Silva", "Rui")], dob="1977-01-02"),
        flags=DA,
    )
    ran = World(tmp_path, regime="uk_strict_firewall").run([record])
    assert [ran.decision(0, ref) for ref in ("p1", "p2", "p3")] == ["WITHHOLD_AND_REFER", W, R]
    assert {row["regime"] for row in ran.decisions.values()} == {"uk_strict_firewall"}


def test_a_weaker_regime_must_be_acknowledged_and_frees_nobody(world: World) -> None:
    """What was withheld under the stricter regime stays withheld; only what is new is decided by the weaker one."""
    record = incident("A", suspect("p2", roles=["SUSPECT", "WITNESS"]))
    world.run([record], regime="uk_strict_firewall", now=DAY[1])
    with pytest.raises(UsageError, match="acknowledge-weakening"):
        world.run(
            [incident("B", suspect("p3", names=[name("Silva", "Rui")]))], regime="uk_safe_to_share_2020", now=DAY[2]
        )
    assert not (world.folder / "out1").exists()
    new = incident("B", suspect("p3", roles=["WITNESS"], names=[name("Silva", "Rui")], dob="1960-02-03"))
    ran = world.run(
        [new, incident("A", suspect("p2", roles=["SUSPECT", "WITNESS"]), version=2)],
        regime="uk_safe_to_share_2020",
        acknowledge=True,
        now=DAY[3],
    )
    assert ran.decision(0, "p3") == H
    assert world.final["run0.jsonl[0]@0", "p2", "enforcement"]["decision"] == W
    world.later(DAY[20], regime="uk_safe_to_share_2020")
    assert world.messages == []


def test_a_stricter_regime_needs_no_leave(world: World) -> None:
    """Going from the default to the strict regime is just done, and drafts are decided by it."""
    world.run([incident("A", suspect("p2", roles=["WITNESS"]))], now=DAY[1])
    world.run([incident("B", suspect("p2", roles=["WITNESS"]))], regime="uk_strict_firewall", now=DAY[2])
    assert world.runs[1].decision(0, "p2") == W


def test_a_regime_that_was_never_finished_binds_nobody(world: World) -> None:
    """An unknown regime is refused before anything is written, the state included."""
    with pytest.raises(UsageError, match="no such regime"):
        world.run([incident("A", suspect())], regime="uk_wishful_2030")
    assert not (world.folder / "state").exists()
    assert not (world.folder / "out0").exists()


# ---- files, replays, exit codes ----------------------------------------------------------------------------------


def test_an_empty_file_gives_every_file(world: World) -> None:
    """All files are written, also when there is nothing to say."""
    ran = world.run([])
    assert all((ran.out / file).is_file() for file in FILES)
    assert (ran.out / "audit").is_dir()


def test_a_replay_changes_nothing(world: World) -> None:
    """The same file again, over the same state, sends nothing, decides nothing and leaves the ledger as it was."""
    records = [
        incident("A", victim(consent=[GIVEN], immigration=DOUBT), suspect(), flags=DA),
        b"{",
        incident("B", suspect()),
    ]
    first = world.run(records, file="in.jsonl")
    again = world.run(records, file="in.jsonl", now=DAY[27])
    assert (again.enforcement, again.referrals, again.decisions) == (b"", [], {})
    assert again.ledger == first.ledger
    assert again.rows("quarantine.jsonl") == first.rows("quarantine.jsonl")
    assert again.rows("holds.jsonl") == first.rows("holds.jsonl")


def test_a_replay_may_go_on(world: World) -> None:
    """A file that has grown is read on from where it was."""
    world.run([incident("A", suspect())], file="in.jsonl")
    grown = suspect("p4", names=[name("Silva", "Rui")], dob="1970-10-11")
    ran = world.run([incident("A", suspect()), incident("B", grown)], file="in.jsonl", now=DAY[27])
    assert ran.surnames == ["Silva"]
    assert set(ran.ledger) >= {("in.jsonl[0]@0", "p2", "enforcement"), ("in.jsonl[0]@1", "p4", "enforcement")}


@pytest.mark.parametrize("spoilt", [0, 1])
def test_other_bytes_at_a_coordinate_are_refused(world: World, spoilt: int) -> None:
    """Other bytes at a known coordinate end the run with 2, name the coordinate, and change nothing."""
    records: list[Any] = [incident("A", suspect()), b"{broken"]
    first = world.run(records, file="in.jsonl")
    before = {p: p.read_bytes() for p in first.out.rglob("*") if p.is_file()}
    records[spoilt] = incident("Z", suspect("p7"))
    with pytest.raises(UsageError, match=rf"in\.jsonl\[0\]@{spoilt}"):
        world.run(records, file="in.jsonl", now=DAY[27])
    assert not (world.folder / "out1").exists()
    assert {p: p.read_bytes() for p in first.out.rglob("*") if p.is_file()} == before
    assert world.run(records[:0], file="other.jsonl", now=DAY[28]).ledger == first.ledger


def test_decisions_of_older_records_are_told_when_they_change_and_only_then(world: World) -> None:
    """DIR holds this run's decisions, and those of older coordinates that changed."""
    bystander = suspect("p6", names=[name("Silva", "Rui")], dob="1970-10-11")
    world.run([incident("A", suspect()), incident("B", bystander)], now=DAY[1], release=False)
    ran = world.run([incident("C", suspect("p8", roles=["VICTIM"]))], now=DAY[2])
    assert {(where, ref) for where, ref, _ in ran.decisions} == {("run0.jsonl[0]@0", "p2"), ("run1.jsonl[0]@0", "p8")}
    assert ran.decisions["run0.jsonl[0]@0", "p2", "enforcement"]["decision"] == H


def test_a_change_of_protections_alone_is_told(world: World) -> None:
    """A row whose decision stays and whose protections grow is told too."""
    world.run([incident("A", suspect("p2", roles=["WITNESS", "SUSPECT"]))], now=DAY[1])
    ran = world.run([incident("B", suspect("p8", roles=["VICTIM"]), flags=DA)], now=DAY[2])
    row = ran.decisions["run0.jsonl[0]@0", "p2", "enforcement"]
    assert (row["decision"], set(row["protections"])) == (H, {"WITNESS", "DA_VICTIM"})


@pytest.mark.parametrize("people", [{"persons": []}, {"persons": None}, {}])
def test_a_record_that_names_nobody_is_accounted_for(world: World, people: Document) -> None:
    """A sound record without persons is a coordinate too: withheld as a whole, and a version like any other."""
    nobody = {key: value for key, value in incident("A", version=2).items() if key != "persons"} | people
    ran = world.run([incident("A", suspect()), nobody])
    assert ran.ledger["run0.jsonl[0]@1", "", ""] == "withheld"
    assert ran.quarantined == set()
    assert world.messages == []


def test_a_version_that_supersedes_leaves_the_older_ledger_line_superseded(world: World) -> None:
    """Superseded is for what was never disclosed; what was stays released or withdrawn."""
    released = suspect("p4", names=[name("Silva", "Rui")], dob="1970-10-11")
    world.run([incident("A", victim(), released)], now=DAY[1])
    ran = world.run([incident("A", victim(), released, version=2)], now=DAY[8])
    assert ran.ledger["run0.jsonl[0]@0", "p1", "enforcement"] == "superseded"
    assert ran.ledger["run0.jsonl[0]@0", "p4", "enforcement"] == "released"
    assert kinds(world) == ["SUBJECT"]


def test_quarantine_rows_say_where_which_stage_which_rules_and_when(world: World) -> None:
    """A quarantine row has coordinate, stage, rule ids and time, and nothing else but its schema."""
    ran = world.run([b"{", incident("A", suspect(), version=0), incident("B", suspect(), suspect())], file="x.jsonl")
    rows = ran.rows("quarantine.jsonl")
    assert [row["coordinate"] for row in rows] == ["x.jsonl[0]@0", "x.jsonl[0]@1", "x.jsonl[0]@2"]
    assert [row["stage"] for row in rows] == ["land", "validate", "validate"]
    assert all(set(row) == {"schema", "coordinate", "stage", "rules", "at"} for row in rows)
    assert all(row["rules"] and row["at"] == "2026-11-23T09:00:00+00:00" for row in rows)


def test_holds_are_the_states_and_go_when_they_are_over(world: World) -> None:
    """holds.jsonl lists everyone who waits now, with the reason, from whichever run."""
    world.run([incident("A", victim(), suspect("p2", roles=["WITNESS"]), flags=DA)], now=DAY[1])
    ran = world.run(
        [incident("A", victim(consent=[GIVEN]), suspect("p2", roles=["WITNESS"]), version=2, flags=DA)], now=DAY[2]
    )
    assert {(h["coordinate"], h["person_ref"], h["recipient"]) for h in world.runs[0].rows("holds.jsonl")} == {
        ("run0.jsonl[0]@0", "p1", "safeguarding"),
        ("run0.jsonl[0]@0", "p2", "enforcement"),
    }
    assert {(h["coordinate"], h["person_ref"], h["recipient"]) for h in ran.rows("holds.jsonl")} == {
        ("run1.jsonl[0]@0", "p2", "enforcement")
    }
    assert all(h["reasons"] for h in ran.rows("holds.jsonl"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--regime", "nowhere"], "no such regime"),
        (["--now", "2026-11-23"], "zone"),
        (["--now", "soon"], "ISO 8601"),
        (["--embargo", "three days"], "duration"),
        (["--embargo", "P"], "duration"),
        (["--embargo", "-PT1H"], "duration"),
    ],
)
def test_a_refused_command_ends_with_2_and_writes_nothing(tmp_path: Path, arguments: list[str], says: str) -> None:
    """A command that cannot be meant ends with 2, says why in one line, and leaves no file."""
    (tmp_path / "in.jsonl").write_bytes(b"{}\n")
    ended = cordon(
        "run", "--input", tmp_path / "in.jsonl", "--out", tmp_path / "out", "--state", tmp_path / "state", *arguments
    )
    assert ended.code == 2
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jsonl"]


def test_a_missing_input_ends_with_2(tmp_path: Path) -> None:
    """An input file that is not there is the caller's fault and is said so."""
    ended = cordon("run", "--input", tmp_path / "no.jsonl", "--out", tmp_path / "out", "--state", tmp_path / "state")
    assert ended.code == 2
    assert list(tmp_path.iterdir()) == []


def test_records_that_are_all_broken_end_with_0(tmp_path: Path) -> None:
    """Quarantine is accounted for: exit 0."""
    (tmp_path / "in.jsonl").write_bytes(b"{\n\n[]\n")
    ended = cordon("run", "--input", tmp_path / "in.jsonl", "--out", tmp_path / "out", "--now", DAY[1], "--seed", 7)
    assert ended.code == 0
    assert len((tmp_path / "out" / "quarantine.jsonl").read_bytes().splitlines()) == 3


def test_a_last_line_without_its_newline_is_a_coordinate(tmp_path: Path) -> None:
    """Whether the file ends with a newline does not change which coordinates there are."""
    import json

    (tmp_path / "in.jsonl").write_text(json.dumps(incident("A", suspect())))
    ended = cordon("run", "--input", tmp_path / "in.jsonl", "--out", tmp_path / "out", "--now", DAY[1], "--seed", 7)
    assert ended.code == 0
    assert len((tmp_path / "out" / "enforcement.subjects.v1.jsonl").read_bytes().splitlines()) == 1
    assert (tmp_path / "out" / "quarantine.jsonl").read_bytes() == b""


def test_time_of_recording_does_not_show(tmp_path: Path) -> None:
    """Enforcement sees neither when it happened nor when it was recorded."""
    views = []
    for label, header in (
        ("a", {}),
        ("b", {"event_ts": "2026-11-01T03:04:05Z", "recorded_ts": "2026-11-19T13:14:15Z"}),
    ):
        views.append(World(tmp_path / label).run([incident("A", suspect(), header=header)]).enforcement)
    assert views[0] == views[1]
    assert RECORDED[11:16].encode() not in views[0]
