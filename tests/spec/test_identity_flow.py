"""Who is protected because he may be somebody else's record: runs over several incidents (spec 6.13-6.15)."""

from __future__ import annotations

import hashlib
import json
import random
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spec.cases import H, R
from tests.world import Document, World, incident, name, person, suspect, victim

pytestmark = pytest.mark.usefixtures("cheaply")

DA = {"domestic_abuse": "TRUE"}
ELSEWHERE = {"source_force": "43"}
MAIL = {"emails": [{"value": "o.yusuf@example.org"}]}
CALL = {"phones": [{"value": "+447700900555"}]}
PASSPORT = {"identifiers": [{"type": "PASSPORT", "value": "AB 123456"}]}
STRANGER: Document = {"names": [name("Brown", "Zed")], "dob": "1950-01-02"}
ACCUSED = incident("A", suspect(**MAIL, **CALL, **PASSPORT, nominal_id="N1", pnc_id="88/1A"))


def arrivals(folder: Path, records: list[Document]) -> list[World]:
    """The same records in every order: in one batch, in batches of one, in a run each, and in two lanes."""
    worlds = []
    for number, order in enumerate(permutations(records)):
        for label, size in (("whole", 1000), ("single", 1)):
            worlds.append(World(folder / f"{label}{number}"))
            worlds[-1].run(order, batch_size=size)
        for label, lanes in (("apart", [[record] for record in order]), ("lanes", [order[::2], order[1::2]])):
            worlds.append(World(folder / f"{label}{number}"))
            for lane, part in enumerate(lanes):
                worlds[-1].run(part, file=f"{label}{lane}.jsonl", release=lane == len(lanes) - 1)
    return worlds


def decided(world: World, ref: str, recipient: str = "enforcement") -> Document:
    """The last decision on a person_ref that stands in one record only."""
    (row,) = [row for (_, person_ref, to), row in world.final.items() if (person_ref, to) == (ref, recipient)]
    return row


@pytest.mark.parametrize(
    ("there", "header", "same"),
    [
        pytest.param({**STRANGER, "nominal_id": "N1"}, {}, True, id="nominal in one force"),
        pytest.param({**STRANGER, "nominal_id": "N1"}, ELSEWHERE, False, id="nominal of another force"),
        pytest.param({**STRANGER, "pnc_id": "1988/0000001A"}, ELSEWHERE, True, id="PNC anywhere"),
        pytest.param({**STRANGER, **PASSPORT}, ELSEWHERE, True, id="document anywhere"),
        pytest.param({**STRANGER, **MAIL}, ELSEWHERE, False, id="e-mail with another name"),
        pytest.param({**STRANGER, **CALL}, ELSEWHERE, False, id="phone with another name"),
        pytest.param(
            {"names": [name("Yousef", "Umar")], "dob": "1950-01-02", **MAIL}, ELSEWHERE, True, id="e-mail, like name"
        ),
        pytest.param(
            {"names": [name("Yousef", "Umar")], "dob": "1950-01-02", **CALL}, ELSEWHERE, True, id="phone, like name"
        ),
        pytest.param({"names": [name("Yusuf", "Omar")], "dob": "1950-01-02"}, {}, False, id="namesake, other date"),
        pytest.param({"names": [name("Yusuf", "Omar")], "dob": "1988-01-01"}, ELSEWHERE, True, id="1 January"),
        pytest.param({"names": [name("Yusuf", "Omar")], "dob": "1989-01-01"}, {}, False, id="1 January, other year"),
        pytest.param({"names": [name("Yusuf", "Omar")], "dob": None}, ELSEWHERE, True, id="no date, two parts"),
        pytest.param({"names": [name("Yusuf", "O")], "dob": None}, {}, False, id="no date, one part"),
        pytest.param({"names": [name("Yusuf")], "dob": "1988-01-30"}, {}, False, id="lone surname"),
        pytest.param({"names": [name("Yusuf", "Amina")], "dob": "1988-01-30"}, {}, False, id="twin"),
    ],
)
def test_whoever_may_be_the_victim_is_held(tmp_path: Path, there: Document, header: Document, same: bool) -> None:
    """Each settled way of being the same person protects the accused, and each settled difference does not, however it arrives."""
    harmed = incident("B", person("v", "VICTIM", **there), header=header, flags=DA)
    for world in arrivals(tmp_path, [ACCUSED, harmed]):
        row = decided(world, "p2")
        assert (row["decision"], row["protections"]) == ((H, ["DA_VICTIM"]) if same else (R, []))
        assert len(world.standing) == (not same)


def test_day_and_month_exchanged(tmp_path: Path) -> None:
    """A date of birth with day and month exchanged is the same date."""
    accused = incident("A", suspect(dob="1988-02-11"))
    harmed = incident("B", person("v", "VICTIM", names=[name("Yusuf", "Omar")], dob="1988-11-02"), flags=DA)
    for world in arrivals(tmp_path, [accused, harmed]):
        assert decided(world, "p2")["decision"] == H


@pytest.mark.parametrize(
    ("role", "protection"), [("WITNESS", "WITNESS"), ("REPORTER", "REPORTER"), ("ALIEN", "INDETERMINATE")]
)
def test_other_protections_travel_as_they_are(tmp_path: Path, role: str, protection: str) -> None:
    """A witness, a reporter, or somebody of no known role is protected as that in every record, before and after."""
    same = {"names": [name("Yusuf", "Omar")], "dob": "1988-01-30"}
    for world in arrivals(tmp_path, [ACCUSED, incident("B", person("v", role, **same), victim("p9"))]):
        row = decided(world, "p2")
        assert (row["decision"], row["protections"]) == (H, [protection])


def test_what_protects_in_several_records_adds_up(tmp_path: Path) -> None:
    """Records that are linked late give their protections to each other, and none loses what it had."""
    reporter = incident("B", person("r", "REPORTER", names=[name("Yusuf", "Omar")], dob="1988-01-30"), victim("p9"))
    harmed = incident("C", person("v", "VICTIM", **STRANGER, nominal_id="N1"), flags=DA)
    for world in arrivals(tmp_path, [ACCUSED, reporter, harmed]):
        for ref in ("p2", "r", "v"):
            assert decided(world, ref)["protections"] == ["DA_VICTIM", "REPORTER"], ref


def test_a_merge_never_lowers(tmp_path: Path) -> None:
    """Two people who turn out to be one keep the protections of both, and a later version without the tie takes none back."""
    world = World(tmp_path)
    one = {"names": [name("Grün", "Eva")], "dob": "1960-07-08", "pnc_id": "77/5C"}
    other = {"names": [name("Brown", "Zoe")], "dob": "1950-01-02", "nominal_id": "N9"}
    world.run([incident("A", person("a", "VICTIM", **one), flags=DA), incident("B", person("b", "WITNESS", **other))])
    assert decided(world, "a")["protections"] == ["DA_VICTIM"]
    assert decided(world, "b")["protections"] == ["WITNESS"]
    tie = person("c", "MENTIONED", **{**other, "pnc_id": "77/5C"})
    world.run([incident("C", tie)])
    world.run([incident("C", person("c", "MENTIONED", **STRANGER), version=2, change="UPDATE")])
    for ref in ("a", "b"):
        assert decided(world, ref)["protections"] == ["DA_VICTIM", "WITNESS"]


def test_a_victim_of_a_quarantined_record_is_known_elsewhere(tmp_path: Path) -> None:
    """Somebody readable in a record that broke its contract protects his other records."""
    broken = incident("B", person("v", "VICTIM", names=[name("Yousuf", "Omar")], dob="1988-01-30"), change="MEND")
    for world in arrivals(tmp_path, [ACCUSED, broken]):
        row = [r for (_, ref, to), r in world.final.items() if (ref, to) == ("p2", "enforcement")][-1]
        assert (row["decision"], row["protections"]) == (H, ["INDETERMINATE"])


@pytest.mark.parametrize("length", [25, 26])
def test_a_long_chain_alerts_and_still_protects(tmp_path: Path, length: int) -> None:
    """From one end of a chain protection reaches the other; with more than 25 people an alert says so."""
    links = [
        incident(
            f"L{number}",
            person(
                f"c{number}",
                "MENTIONED",
                names=[name(f"{chr(0x41 + number)}{'bdfgklmnprst'[number % 12]}ant", "Eli")],
                dob=f"{1950 + number}-05-{number + 2:02}",
                identifiers=[
                    {"type": "PASSPORT", "value": f"CHAIN{number:04}"},
                    {"type": "BRP", "value": f"CHAIN{number + 1:04}"},
                ],
            ),
        )
        for number in range(length - 2)
    ]
    first = incident("A", suspect(identifiers=[{"type": "PASSPORT", "value": "CHAIN0000"}]))
    last = incident(
        "Z",
        person("v", "VICTIM", **STRANGER, identifiers=[{"type": "BRP", "value": f"CHAIN{length - 2:04}"}]),
        flags=DA,
    )
    records = [first, *links, last]
    random.Random(length).shuffle(records)
    for label, size in (("whole", 1000), ("single", 3)):
        world = World(tmp_path / label)
        ran = world.run(records, batch_size=size)
        assert decided(world, "p2")["decision"] == H
        alerts = [row for row in ran.rows("alerts.jsonl") if "long_chain" in json.dumps(row)]
        assert bool(alerts) is (length > 25)


# ---- nothing readable ------------------------------------------------------------------------------------------------


def test_no_identifier_is_readable_in_the_state(tmp_path: Path) -> None:
    """No name, number, date or address of anybody stands in the database, nor an unkeyed hash of one."""
    world = World(tmp_path)
    known = {
        "names": [name("Qzxcanary", "Wvwcanarine"), name("Žluťcanář", "Ólcanar", kind="ALIAS")],
        "dob": "1987-11-23",
        "nominal_id": "NCANARY77",
        "pnc_id": "1999/0123456X",
        "phones": [{"value": "+447700955512", "safe_to_use": True}],
        "emails": [{"value": "canary.bird@example.org"}],
        "identifiers": [{"type": "PASSPORT", "value": "CAN445566"}],
    }
    world.run([incident("A", victim("v", **known), suspect()), incident("B", suspect("s", **known), change="MEND")])
    state = tmp_path / "state"
    content = b"".join(f.read_bytes() for f in state.rglob("*") if f.is_file() and ".db" in f.name).lower()
    assert len(content) > 50_000
    planted = [
        *("Qzxcanary", "Wvwcanarine", "Žluťcanář", "zhlutcanarh", "Ólcanar", "olcanar", "qzxcanary wvwcanarine"),
        *("1987-11-23", "19871123", "NCANARY77", "13|NCANARY77", "1999/0123456X", "PNC:99/123456X"),
        *("+447700955512", "447700955512", "700955512", "canary.bird", "canary.bird@example.org", "CAN445566"),
        *("N|13|NCANARY77", "P|700955512", "E|canary.bird@example.org", "D|CAN445566", "B19871123"),
    ]
    for text in planted:
        data = text.encode()
        for form in {data, text.lower().encode(), text.upper().encode()}:
            assert form.lower() not in content, text
            for algorithm in ("md5", "sha1", "sha256", "blake2b"):
                digest = hashlib.new(algorithm, form).digest()
                assert digest[:8].lower() not in content, (algorithm, text)
                assert digest.hex()[:16].encode() not in content, (algorithm, text)


# ---- order -----------------------------------------------------------------------------------------------------------

people = st.fixed_dictionaries(
    {
        "roles": st.sampled_from(["VICTIM", "SUSPECT", "WITNESS", "REPORTER"]).map(lambda role: [role]),
        "names": st.builds(
            lambda surname, first: [name(surname, first)],
            st.sampled_from(["Yusuf", "Yousef", "Ivanova", "Ivanov", "Smith", "Smyth", "Wang", "王"]),
            st.sampled_from(["Amina", "Amena", "A", "Elena", "Jon", "John", "Wei"]),
        ),
        "dob": st.sampled_from([None, "1991-04-03", "1991-03-04", "1991-01-01", "1985-06-07"]),
        "nominal_id": st.sampled_from([None, None, "N1", "N2"]),
        "immigration": st.sampled_from([None, suspect()["immigration"]]),
    }
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Document], list[Document], int]:
    """Incidents of people out of a small crowd, the same in another order, and the size of a batch."""
    crowd = draw(st.lists(people, min_size=2, max_size=7))
    records = [
        incident(f"I{n}", person(f"p{n}", **fields), flags=DA if n % 2 else {}) for n, fields in enumerate(crowd)
    ]
    return records, draw(st.permutations(records)), draw(st.integers(1, 4))


def outcome(world: World) -> dict[str, Any]:
    """Final decisions and protections by person, for each recipient."""
    return {f"{ref} {to}": (row["decision"], row["protections"]) for (_, ref, to), row in world.final.items()}


@given(histories())
@settings(max_examples=15, deadline=None)
def test_neither_order_nor_batches_matter(
    tmp_path_factory: pytest.TempPathFactory, history: tuple[list[Document], list[Document], int]
) -> None:
    """Any order and batching of incidents of people who may be one another gives everybody the same final decision."""
    records, shuffled, size = history
    folder = tmp_path_factory.mktemp("order")
    whole, batched, apart = World(folder / "whole"), World(folder / "batched"), World(folder / "apart")
    whole.run(records)
    batched.run(shuffled, batch_size=size)
    apart.run(shuffled[:size], release=False)
    apart.run(shuffled[size:])
    assert outcome(whole) == outcome(batched) == outcome(apart)


def test_the_outcome_is_of_everybody(tmp_path: Path) -> None:
    """The comparison of orders compares something: each person and recipient has a decision in it."""
    world = World(tmp_path)
    world.run([ACCUSED])
    assert outcome(world).keys() == {"p2 enforcement", "p2 safeguarding"}
