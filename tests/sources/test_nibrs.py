"""A NIBRS flat file becomes incidents that keep the contract; what cannot be read is named by line, never by content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipelines.cli import import_ as cli
from pipelines.contracts import decode
from pipelines.contracts.codes import NOT_CONNECTED, PERSONALLY_CONNECTED, Protection
from pipelines.errors import CordonError, UsageError
from pipelines.sources.nibrs import Counts, read
from pipelines.sources.nibrs_codes import OFFENCES, RELATIONSHIPS, markdown
from pipelines.tagging.facts import facts

ORI = "ZZ0010000"
CANARY = "QCANARY"


def segment(level: str, length: int, *, key: str = "I1", action: str = "I", ori: str = ORI, **fields: str) -> bytes:
    """A line with fields put at their positions, as in `at_38="001"`."""
    text = list(f"{length:04d}{level}{action}042020    {ori:<9}{key:<12}".ljust(length))
    for name, value in fields.items():
        first = int(name.removeprefix("at_")) - 1
        text[first : first + len(value)] = value
    return "".join(text).encode()


def admin(key: str = "I1", action: str = "I", day: str = "20200314", hour: str = "14", **fields: str) -> bytes:
    """An administrative segment."""
    return segment("1", 88, key=key, action=action, at_38=day, at_47=hour, at_49="N", **fields)


def offence(code: str = "13B", done: str = "C", **more: str) -> bytes:
    """An offence segment."""
    return segment("2", 63, at_38=code, at_41=done, at_42="N", at_45="20", at_62="88", **more)


def victim(
    number: str = "001", kind: str = "I", age: str = "30", sex: str = "F", pairs: str = "", **more: str
) -> bytes:
    """A victim segment; `pairs` are offender numbers with relationships, as in `01SE02RU`."""
    return segment("4", 129, at_38=number, at_41="13B", at_71=kind, at_72=age, at_76=sex, at_90=pairs, **more)


def offender(number: str = "01", age: str = "35", sex: str = "M", **more: str) -> bytes:
    """An offender segment."""
    return segment("5", 46, at_38=number, at_40=age, at_44=sex, **more)


def arrestee(number: str = "01", age: str = "35", sex: str = "M", **more: str) -> bytes:
    """An arrestee segment."""
    return segment("6", 110, at_38=number, at_52="20200315", at_71=age, at_75=sex, **more)


def arrest(key: str = "T1", action: str = "A", number: str = "01", code: str = "90D") -> bytes:
    """A Group B arrest."""
    return segment("7", 66, key=key, action=action, at_38=number, at_40="20200402", at_49=code, at_58="41", at_62="M")


ZERO = segment("0", 43, key="000000000000", action="A", at_38="042020")


def imported(*lines: bytes, **how: Any) -> tuple[list[dict[str, Any]], Counts]:
    """The documents of a file and the counts; every document keeps the contract."""
    counts = Counts()
    documents = list(read([line + b"\r\n" for line in lines], counts, **how))
    for document in documents:
        assert isinstance(decode.strict(document), dict)
        assert isinstance(decode.typed(document), decode.Accepted)
    return [msgspec.json.decode(document) for document in documents], counts


def protections(*lines: bytes) -> dict[str, Protection]:
    """What the tag rules make of each person of a one-incident file."""
    counts = Counts()
    read_back = [decode.typed(document) for document in read(lines, counts)]
    accepted = [record for record in read_back if isinstance(record, decode.Accepted)]
    refs = [person.person_ref for record in accepted for person in record.incident.persons]
    return dict(zip(refs, map(Protection, facts(accepted).own.tolist()), strict=True))


def test_an_incident_is_read_segment_by_segment() -> None:
    """Header, offences, people and relations come from their positions; the property segment is counted as ignored."""
    [document], counts = imported(
        admin(),
        offence("13A", "A"),
        segment("3", 307, at_38="7"),
        victim(pairs="01SE", at_80="06"),
        offender(),
        arrestee(),
    )
    assert document == {
        "header": {
            "schema_version": "1.0",
            "source_system": "OTHER",
            "source_force": ORI,
            "incident_id": "I1",
            "version": 20200401,
            "change_type": "CREATE",
            "event_ts": "2020-03-14T14:00:00-04:00",
            "recorded_ts": "2020-05-01T00:00:00+00:00",
        },
        "offences": [
            {
                "ho_class": "5D",
                "ho_detail": "UCR 13A",
                "title": "Aggravated assault",
                "attempted": True,
                "is_principal": True,
            }
        ],
        "flags": {"domestic_abuse": "TRUE"},
        "persons": [
            {"person_ref": "v001", "roles": ["VICTIM"], "age": 30, "gender": "F"},
            {"person_ref": "o01", "roles": ["SUSPECT", "ARRESTED"], "age": 35, "gender": "M"},
        ],
        "relations": [{"from_ref": "v001", "to_ref": "o01", "type": "SPOUSE", "source_code": "SE"}],
    }
    assert (counts.incidents, counts.malformed, counts.left_out) == (1, [], 0)
    assert counts.read == {"1": 1, "2": 1, "3": 1, "4": 1, "5": 1, "6": 1}
    assert counts.used == {"1": 1, "2": 1, "4": 1, "5": 1, "6": 1}
    assert counts.ignored == {"property: property is not asked for": 1}


@pytest.mark.parametrize("code", sorted(RELATIONSHIPS))
def test_every_relationship_is_a_relation_of_the_vocabulary(code: str) -> None:
    """Each code gives a relation code that the tag rules know, read in the right direction."""
    [document], _ = imported(admin(), offence(), victim(pairs=f"01{code}"), offender())
    [relation] = document["relations"]
    assert relation["type"] in PERSONALLY_CONNECTED | NOT_CONNECTED | {"UNKNOWN"}
    ends = (relation["from_ref"], relation["to_ref"])
    assert ends == (("o01", "v001") if RELATIONSHIPS[code].turned else ("v001", "o01"))


@pytest.mark.parametrize(
    ("code", "domestic"),
    [(code, True) for code in "SE CS BG XR CF IL GC SS ZQ".split()]  # noqa: SIM905 # reads better
    + [(code, False) for code in "AQ ST NE RU EE CO".split()],  # noqa: SIM905
)
def test_the_domestic_relationships_protect(code: str, domestic: bool) -> None:
    """Personally connected is what the Domestic Abuse Act calls so; a code on no list counts as a signal."""
    found = protections(admin(), offence(), victim(pairs=f"01{code}"), offender())
    assert found["v001"] == (Protection.DA_VICTIM if domestic else Protection.OTHER_VICTIM)


def test_up_to_ten_offenders_are_related() -> None:
    """All ten pairs of a victim segment are read; offender 00 is nobody."""
    pairs = "".join(f"{n:02d}ST" for n in range(10))
    [document], _ = imported(admin(), offence(), victim(pairs=pairs), *(offender(f"{n:02d}") for n in range(10)))
    assert len(document["relations"]) == 9
    assert {r["to_ref"] for r in document["relations"]} == {f"o{n:02d}" for n in range(1, 10)}


def test_a_victim_who_was_the_offender_is_one_protected_person() -> None:
    """VO makes victim and offender one person with both roles, so the suspect is protected; others relate to them."""
    lines = (admin(), offence(), victim("001", pairs="01VO02SE"), victim("002", sex="M", pairs="01SE02VO"))
    [document], _ = imported(*lines, offender("01", "30", "F"), offender("02"), arrestee("01", "30", "F"))
    assert [(p["person_ref"], p["roles"]) for p in document["persons"]] == [
        ("v001", ["VICTIM", "SUSPECT", "ARRESTED"]),
        ("v002", ["VICTIM", "SUSPECT"]),
    ]
    assert [(r["from_ref"], r["to_ref"]) for r in document["relations"]] == [("v001", "v002"), ("v002", "v001")]


@pytest.mark.parametrize("kind", ["B", "F", "G", "R", "S", "O"])
def test_what_is_not_a_person_is_none(kind: str) -> None:
    """A business, an authority or society as a victim is nobody, and gets no relation."""
    [document], _ = imported(admin(), offence("23C"), victim(kind=kind, age="", sex="", pairs="01ST"), offender())
    assert [person["person_ref"] for person in document["persons"]] == ["o01"]
    assert "relations" not in document


@pytest.mark.parametrize("kind", ["I", "L", "U", "Z", ""])
def test_every_other_victim_is_a_person(kind: str) -> None:
    """A type of victim that is unknown, or on no list, is taken for a person."""
    [document], _ = imported(admin(), offence(), victim(kind=kind), offender("00"))
    assert [person["roles"] for person in document["persons"]] == [["VICTIM"]]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("30", {"age": 30}),
        ("00", {}),
        ("", {}),
        ("NN", {"age": 0}),
        ("NB", {"age": 0}),
        ("BB", {"age": 0}),
        ("99", {"age_from": 99, "age_basis": "ESTIMATED"}),
        ("2530", {"age_from": 25, "age_to": 30, "age_basis": "ESTIMATED"}),
    ],
)
def test_ages_are_read(code: str, expected: dict[str, Any]) -> None:
    """Years, ranges, under one, over 98 and unknown each have their form."""
    [document], _ = imported(admin(), offence(), victim(age=code), offender())
    person = document["persons"][0]
    assert {key: person[key] for key in person if key.startswith("age")} == expected


@pytest.mark.parametrize("code", ["XX", "3", "3025", "NN30", "-5"])
def test_an_age_that_is_none_makes_its_person_indeterminate(code: str) -> None:
    """It goes on unreadable; one digit is a year of age."""
    found = protections(admin(), offence(), victim(age=code), offender())
    assert bool(found["v001"] & Protection.INDETERMINATE) is (code != "3")


@pytest.mark.parametrize(
    ("age", "sex", "same"),
    [("35", "M", True), ("36", "M", True), ("00", "", True), ("39", "M", False), ("35", "F", False)],
)
def test_an_arrestee_is_the_offender_they_may_be(age: str, sex: str, same: bool) -> None:
    """Whoever may be the offender is taken to be; otherwise they are a person of their own."""
    [document], _ = imported(admin(), offence(), offender(), arrestee("01", age, sex))
    assert [person["roles"] for person in document["persons"]] == (
        [["SUSPECT", "ARRESTED"]] if same else [["SUSPECT"], ["ARRESTED"]]
    )


def test_two_arrestees_are_not_the_same_offender() -> None:
    """An offender is arrested once; the next arrestee is another person."""
    [document], _ = imported(admin(), offence(), offender(), arrestee("01"), arrestee("02"))
    assert [person["person_ref"] for person in document["persons"]] == ["o01", "a02"]


def test_an_offender_only_a_victim_names_is_added() -> None:
    """A relation is never lost for want of the other's segment."""
    [document], _ = imported(admin(), offence(), victim(pairs="07SE"))
    assert [person["person_ref"] for person in document["persons"]] == ["v001", "o07"]
    assert document["relations"][0]["type"] == "SPOUSE"


def test_a_report_date_is_no_event_time() -> None:
    """Where the day is that of the report, the incident's time stays unknown; an unknown hour is midnight."""
    [first, second], _ = imported(admin(at_46="R"), offence(), admin("I2", hour=""), offence(key="I2"))
    assert "event_ts" not in first["header"]
    assert second["header"]["event_ts"] == "2020-03-14T00:00:00-04:00"


# ---- deletes, zero reports, group B ---------------------------------------------------------------------------------


def test_deleted_and_reported_anew_is_an_update() -> None:
    """A delete right before the report it makes room for is the first half of a replacement."""
    documents, counts = imported(admin(action="D"), admin(), offence(), admin(action="D"), admin(), offence("13A"))
    assert [(d["header"]["version"], d["header"]["change_type"]) for d in documents] == [
        (20200401, "UPDATE"),
        (20200402, "UPDATE"),
    ]
    assert counts.ignored == {"administrative: deleted and reported anew in this file": 2}


def test_a_deleted_report_is_retracted() -> None:
    """A delete of an incident that the file held retracts it, with nobody left in it and a higher version."""
    documents, counts = imported(admin(), offence(), victim(), admin("I2"), offence(key="I2"), admin(action="D"))
    assert [d["header"]["change_type"] for d in documents] == ["CREATE", "CREATE", "RETRACT"]
    assert documents[2]["header"]["incident_id"] == "I1"
    assert documents[2]["header"]["version"] > documents[0]["header"]["version"]
    assert documents[2]["persons"] == []
    assert counts.retracted == 1


def test_a_delete_of_what_is_not_here_is_counted_or_retracted() -> None:
    """Alone it writes nothing and is reported; asked to, it retracts what an earlier file may have held."""
    documents, counts = imported(admin(action="D"))
    assert documents == []
    assert counts.ignored == {"administrative: deletes what is not in this file": 1}
    [document], counts = imported(admin(action="D"), retract_unknown=True)
    assert document["header"]["change_type"] == "RETRACT"


def test_zero_reports_blank_lines_and_strays_are_counted() -> None:
    """A month without incidents, an empty line and a segment of no incident write nothing and are not forgotten."""
    documents, counts = imported(ZERO, b"", arrest(), offender(key="NONE"))
    assert documents == []
    assert counts.blank == 1
    assert counts.ignored == {
        "zero reports: nothing happened in the month": 1,
        "Group B arrest: not asked for": 1,
        "offender: of no incident in this file": 1,
    }


def test_group_b_arrests_on_request() -> None:
    """Asked for, an arrest without an incident report is an incident of its own, with all who were arrested."""
    lines = (arrest(), arrest(number="02", code="90C"), arrest("T2"), arrest("T2", "D"), arrest("T3", "D"))
    documents, counts = imported(*lines, group_b=True)
    assert [(d["header"]["incident_id"], len(d["persons"])) for d in documents] == [("B/T1", 2), ("B/T2", 1)]
    assert documents[0]["persons"][0] == {"person_ref": "a01", "roles": ["ARRESTED"], "age": 41, "gender": "M"}
    assert counts.ignored["Group B arrest: deletes what is not in this file"] == 1


# ---- malformed lines ------------------------------------------------------------------------------------------------

MALFORMED = [
    ("nibrs|length", victim(pairs="01SE")[:100]),
    ("nibrs|length", victim() + CANARY.encode()),
    ("nibrs|length", b"0999" + victim()[4:]),
    ("nibrs|length", b"    " + victim()[4:]),
    ("nibrs|level", b"0129X" + victim()[5:]),
    ("nibrs|level", CANARY.encode()),
    ("nibrs|level", b"4"),
    ("nibrs|action", victim(action="?")),
    ("nibrs|submission_period", victim().replace(b"042020", b"132020")),
    ("nibrs|key", victim(ori="", key="I1")),
    ("nibrs|action", victim(key="I9", action="?")),
    ("nibrs|ascii", victim().replace(b"I30", b"I\xb2\xb3")),
    ("nibrs|sequence_number", victim("0X1")),
    ("nibrs|sequence_number", victim(pairs="X1SE")),
    ("nibrs|repeated_sequence", victim("002")),
]


@pytest.mark.parametrize(("rule", "line"), MALFORMED)
def test_an_incident_with_a_malformed_line_is_left_out(rule: str, line: bytes) -> None:
    """The line is named by number and rule; its incident is not written without it, the next one is."""
    documents, counts = imported(
        admin(), offence(), victim("002"), line, offender(), admin("I2"), offence(key="I2"), offender(key="I2")
    )
    assert [d["header"]["incident_id"] for d in documents] == ["I2"]
    assert counts.malformed == [(4, rule)]
    assert counts.left_out >= 1


@pytest.mark.parametrize(
    ("rule", "head"),
    [("nibrs|date", admin(day="20201314")), ("nibrs|date", admin(day="00010101")), ("nibrs|hour", admin(hour="24"))],
)
def test_an_impossible_time_leaves_the_incident_out(rule: str, head: bytes) -> None:
    """A day or an hour that does not exist is not guessed at."""
    documents, counts = imported(head, offence())
    assert (documents, counts.malformed, counts.left_out) == ([], [(1, rule)], 1)


def test_lines_read_are_used_ignored_or_malformed() -> None:
    """Segments are conserved: read = used + ignored + malformed, level by level."""
    _, counts = imported(
        ZERO, admin(), offence(), victim(), offender(), admin("I2"), victim("0X1", key="I2"), admin("I3"),
        victim(key="I3", action="?"), offender(key="I3"), arrest(), admin("I4", "D"),
    )  # fmt: skip
    layout_broken = 1
    assert sum(counts.read.values()) == sum(counts.used.values()) + sum(counts.ignored.values()) + layout_broken
    assert counts.left_out == 2


SOUND = [admin(), offence(), victim(pairs="01SE02VO"), offender(), arrestee(), arrest(), ZERO, admin(action="D")]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(SOUND), st.integers(0, 130), st.binary(max_size=3)), max_size=12), st.booleans()
)
def test_whatever_is_in_a_file_what_comes_out_keeps_the_contract(
    edits: list[tuple[bytes, int, bytes]], group_b: bool
) -> None:
    """No bytes make the import raise, and no document it writes breaks the contract."""
    lines = [line[:at] + new + line[at + len(new) :] for line, at, new in edits]
    imported(*lines, group_b=group_b, retract_unknown=group_b)


# ---- tables and command ---------------------------------------------------------------------------------------------


def test_the_document_shows_the_tables_as_they_are() -> None:
    """`docs/nibrs-mapping.md` holds the very tables the code reads."""
    text = (Path(__file__).parents[2] / "docs" / "nibrs-mapping.md").read_text(encoding="utf-8")
    assert markdown() in text


def test_the_offences_that_are_no_abuse_are_the_intended_ones() -> None:
    """Forgery is the one UCR code in a class that is no abuse; trafficking is in the class of modern slavery."""
    assert [code for code, o in OFFENCES.items() if o.ho_class in ("61A", "79")] == ["250"]
    assert [code for code, o in OFFENCES.items() if o.ho_class == "106"] == ["64A", "64B"]


def run(*arguments: str) -> Any:
    """The command, as typed."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.add_typer(cli.app, name="import")
    return CliRunner().invoke(app, ["import", "nibrs", *arguments])


def test_the_command_writes_documents_and_counts(tmp_path: Path) -> None:
    """Documents go to stdout or the file, counts to stderr."""
    file = tmp_path / "nibrs.txt"
    file.write_bytes(b"\r\n".join([admin(), offence(), victim(), offender(), b""]))
    result = run(str(file))
    assert result.exit_code == 0
    assert result.stdout.count("\n") == 1
    assert "incidents 1, arrests 0, retracted 0, left out 0, malformed lines 0" in result.stderr
    assert run(str(file), "--out", str(tmp_path / "out.jsonl")).stdout == ""
    assert (tmp_path / "out.jsonl").read_text() == result.stdout


def test_malformed_lines_are_named_and_never_shown(tmp_path: Path) -> None:
    """The exit code is 1, the lines are named by number, and nothing of their content appears anywhere."""
    file = tmp_path / "nibrs.txt"
    bad = [victim().replace(b"I30", CANARY.encode()[:3]) + CANARY.encode() for _ in range(30)]
    file.write_bytes(b"\n".join([admin(), offence(), *bad, admin("I2"), offence(key="I2")]))
    result = run(str(file))
    assert isinstance(result.exception, CordonError)
    assert result.exception.exit_code == 1
    assert "line 3: nibrs|length" in result.stderr
    assert "and 10 more malformed lines" in result.stderr
    assert result.stdout.count("\n") == 1
    assert CANARY not in result.output + str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no-such-file"], "cannot be read"),
        (["FILE", "--zone", "Mars/Olympus"], "no time zone"),
        (["."], "cannot be read"),
    ],
)
def test_a_wrong_call_is_refused(arguments: list[str], says: str, tmp_path: Path) -> None:
    """A file or zone that is none ends with exit code 2 and says what to give."""
    file = tmp_path / "nibrs.txt"
    file.write_bytes(admin())
    result = run(*(str(file) if a == "FILE" else a for a in arguments))
    assert isinstance(result.exception, UsageError)
    assert says in str(result.exception)
