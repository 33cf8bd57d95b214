"""The made-up incidents are repeatable, sound but for the stated share, and hold the cases the rules need."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from pipelines.cli import generate as cli
from pipelines.contracts import decode
from pipelines.contracts.codes import Evidence
from pipelines.errors import UsageError
from pipelines.sources import sentences
from pipelines.sources.faults import FAULTS, OF_A_PERSON
from pipelines.sources.output import write_lines
from pipelines.sources.people import CULTURES
from pipelines.sources.synthetic import generate
from pipelines.tagging.facts import facts
from pipelines.tagging.names import plainly_a_name
from pipelines.tagging.narrative import signals

N = 4000


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """A middling set without faults."""
    return list(generate(N, 7, faults=0))


@pytest.fixture(scope="module")
def records(lines: list[bytes]) -> list[dict[str, Any]]:
    """The same, decoded."""
    return [msgspec.json.decode(line) for line in lines]


def test_the_same_arguments_give_the_same_bytes() -> None:
    """A seed is all that a set is made from, on whatever hash seed Python runs; another seed is another set."""
    script = (
        "import hashlib; from pipelines.sources.synthetic import generate;"
        "print(hashlib.sha256(b'\\n'.join(generate(400, 5, 0.3))).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": number},
            capture_output=True,
            check=True,
        ).stdout
        for number in ("1", "2")
    }
    assert len(digests) == 1
    assert list(generate(50, 5)) != list(generate(50, 6))


def test_a_small_set_is_the_beginning_of_a_large_one() -> None:
    """Asking for more records changes none of the first."""
    assert list(generate(300, 3)) == list(islice(generate(10**9, 3), 300))


@pytest.mark.parametrize("n", [0, 1, 17])
def test_as_many_lines_as_asked_for(n: int) -> None:
    """One record is one line, whatever versions and faults are among them."""
    lines = list(generate(n, 1, faults=0.5))
    assert len(lines) == n
    assert not any(b"\n" in line or b"\r" in line for line in lines)


def test_without_faults_every_record_keeps_the_contract(lines: list[bytes]) -> None:
    """Strict and typed decoding accept every line, with no fault in any person."""
    for line in lines:
        assert isinstance(decode.strict(line), dict)
        read = decode.typed(line)
        assert isinstance(read, decode.Accepted)
        assert not read.faults


def test_the_mix_is_the_stated_one(lines: list[bytes], records: list[dict[str, Any]]) -> None:
    """A third of incidents are domestic abuse, one person in sixteen has a status, two incidents in a hundred release."""
    read = [decode.typed(line) for line in lines]
    found = facts([r for r in read if isinstance(r, decode.Accepted)])
    abuse = sum(1 for signal in found.signals.tolist() if signal & 1) / N
    assert 0.3 < abuse < 0.42
    persons = [person for record in records for person in record["persons"]]
    assert 0.05 < sum("immigration" in person for person in persons) / len(persons) < 0.075
    releasable = (found.evidence == Evidence.OFFENCE) & (found.own == 0) & (found.caution == 0)
    releasable &= (found.standing & 3) != 0
    assert 0.013 < len(set(found.incident[releasable].tolist())) / N < 0.035
    assert 2.7 < sum(map(len, lines)) / N / 1024 < 3.3


def test_every_case_the_rules_need_is_there(records: list[dict[str, Any]]) -> None:
    """Assessments, consent, trafficking, refuges, ties, counter-allegations and reporters all occur."""
    persons = [person for record in records for person in record["persons"]]
    sections = [person["immigration"] for person in persons if "immigration" in person]
    assert {section.get("assessment") for section in sections} == {
        None, "NOT_ASSESSED", "NONE_RECORDED", "CITIZEN_OR_SETTLED", "LEAVE_TIME_LIMITED", "INSECURE_KNOWN",
        "CONCERN_OR_DOUBT", "EVIDENCE_OF_OFFENCE", "CHARGED", "CONVICTED",
    }  # fmt: skip
    assert any("sponsor_person_ref" in section for section in sections)
    assert any("dependant_of_ref" in section for section in sections)
    answers = {(a["scope"], a["state"]) for person in persons for a in person.get("consent", ())}
    assert {("SAFEGUARDING_REFERRAL", s) for s in ("GIVEN", "REFUSED", "WITHDRAWN", "NOT_ASKED", "UNABLE")} <= answers
    assert any(scope == "IE_SHARING" for scope, _ in answers)
    assert any(person.get("nrm", {}).get("claims_s45") for person in persons)
    assert {location["premise_type"] for r in records for location in r["locations"]} >= {"DWELLING", "REFUGE", "WORK"}
    roles = {role for person in persons for role in person["roles"]}
    assert roles >= {
        "CHILD_IN_HOUSEHOLD",
        "THIRD_PARTY_REPORTER",
        "POSSIBLE_VICTIM",
        "CHARGED",
        "CONVICTED",
        "MENTIONED",
    }
    assert {n["script"] for person in persons for n in person["names"] if n["type"] == "TRANSLIT"} >= {
        "Arab", "Beng", "Cyrl", "Ethi", "Grek", "Guru", "Hans",
    }  # fmt: skip
    assert {record["header"]["change_type"] for record in records} == {"CREATE", "UPDATE", "CORRECT", "RETRACT"}
    flags = {flag for record in records for flag, value in record["flags"].items() if value == "TRUE"}
    assert flags >= {"domestic_abuse", "hba", "forced_marriage", "fgm", "modern_slavery", "coercive_control"}


def test_versions_come_late_twice_and_in_the_wrong_order(lines: list[bytes], records: list[dict[str, Any]]) -> None:
    """Some incidents have several versions; some lines are sent again; some versions precede an earlier one."""
    versions = defaultdict(list)
    for record in records:
        versions[record["header"]["incident_id"]].append(record["header"]["version"])
    assert sum(len(set(seen)) > 1 for seen in versions.values()) > N / 50
    assert any(seen != sorted(seen) for seen in versions.values())
    assert max(Counter(lines).values()) > 1
    contents = defaultdict(set)
    for line, record in zip(lines, records, strict=True):
        contents[record["header"]["incident_id"], record["header"]["version"]].add(line)
    assert any(len(seen) > 1 for seen in contents.values())


def test_counter_allegations_name_each_other(records: list[dict[str, Any]]) -> None:
    """Where one incident links another as a counter-allegation, that one links it back with the roles changed."""
    linked = {r["header"]["incident_id"]: r for r in records if r.get("linked_incidents")}
    pairs = 0
    for incident_id, record in linked.items():
        other = linked.get(record["linked_incidents"][0]["id"])
        if other:
            pairs += 1
            assert other["linked_incidents"] == [{"id": incident_id, "reason": "COUNTER_ALLEGATION"}]
            assert record["persons"][0]["gender"] == other["persons"][1]["gender"]
    assert pairs > N / 200


def test_people_return_in_other_roles(records: list[dict[str, Any]]) -> None:
    """Some who are protected in one incident are suspects in another, sometimes under another spelling."""
    victims, suspects = defaultdict(set), defaultdict(set)
    for record in records:
        for person in record["persons"]:
            if "nominal_id" in person:
                key = (record["header"]["source_force"], person["nominal_id"])
                name = (person["names"][0]["surname"], *person["names"][0]["given"])
                (victims if "VICTIM" in person["roles"] else suspects)[key].add((record["header"]["incident_id"], name))
    both = [(victims[key], suspects[key]) for key in victims.keys() & suspects.keys()]
    assert any({i for i, _ in a}.isdisjoint({i for i, _ in b}) for a, b in both)
    assert any(len({n for _, n in a | b}) > 1 for a, b in both)


def test_names_are_plainly_names() -> None:
    """Every name of every culture, in either script, is one that may stand in a message."""
    for culture in CULTURES:
        for name in (*culture.women, *culture.men, *culture.surnames, *culture.native.values()):
            assert plainly_a_name(name), name


def test_telephone_and_mail_can_be_nobodys(records: list[dict[str, Any]]) -> None:
    """Numbers are of Ofcom's drama ranges, addresses of the domains kept for examples."""
    for record in records:
        for person in record["persons"]:
            for phone in person.get("phones", ()):
                digits = phone["value"].removeprefix("+44")
                assert digits.startswith(("7700900", "20794", "29201", "1632960", "3069990", "8081570", "191498")) or (
                    digits[3:6] == "496"
                )
            for mail in person.get("emails", ()):
                assert mail["value"].rpartition("@")[2] in ("example.org", "example.com", "example.net")


def test_plain_and_negated_sentences_protect_nobody() -> None:
    """What is written into ordinary notes raises no signal, so that the mix stays what it is stated to be."""
    of = {"v": "Abigail", "s": "Craig Naylor", "w": "Susan Clegg", "a": "7 Mill Bank", "p": "07700900123", "n": "12"}
    ordinary = (*sentences.PLAIN, *sentences.NEGATED, *sentences.THEFT, *sentences.VIOLENCE, *sentences.DISORDER)
    assert [s for s in ordinary if signals([s.format_map(of)]).any()] == []
    telling = (*sentences.ABUSE, *sentences.FAMILY, *sentences.SLAVERY)
    assert signals([s.format_map(of) for s in telling]).astype(bool).sum() > len(telling) / 3


def test_each_fault_is_one_line_that_is_broken_as_it_says() -> None:
    """Contract faults are rejected; a person's fault costs that person and not the record (spec 6.1, 6.2)."""
    rng = Random(3)
    line = next(line for line in generate(20, 4, faults=0) if b'"VICTIM"' in line)
    for name, (_, fault) in FAULTS.items():
        bad = fault(line, rng)
        assert bad != line, name
        assert b"\n" not in bad, name
        landed = decode.strict(bad)
        verdict = landed if isinstance(landed, decode.Rejected) else decode.typed(bad)
        assert isinstance(verdict, decode.Rejected) is (name not in OF_A_PERSON), name


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_the_share_of_faults_is_the_one_asked_for(share: float) -> None:
    """About that share of the lines differs from the set without faults."""
    n = 600
    sound = sum(
        isinstance(decode.strict(line), dict) and not isinstance(decode.typed(line), decode.Rejected)
        for line in generate(n, 9, faults=share)
    )
    lowest = share * 0.45
    assert lowest <= (n - sound) / n <= share
    assert share or sound == n


@pytest.mark.parametrize("kilobytes", [1.5, 3, 20, 60])
def test_records_are_about_as_large_as_asked(kilobytes: float) -> None:
    """The notes fill a record up; none of them is longer than source systems allow."""
    lines = list(generate(150, 2, faults=0, kilobytes=kilobytes))
    assert 0.8 < sum(map(len, lines)) / len(lines) / 1024 / kilobytes < 1.5
    assert all(len(n["text"]) <= 8000 for line in lines for n in msgspec.json.decode(line)["narrative"])


# ---- the command --------------------------------------------------------------------------------------------------


def app() -> typer.Typer:
    """The command alone."""
    typer_app = typer.Typer(pretty_exceptions_enable=False)
    typer_app.command("generate")(cli.command)
    return typer_app


def test_the_command_writes_lines_to_stdout_or_a_file(tmp_path: Path) -> None:
    """Both ways give the same bytes, and a file appears whole, without leavings."""
    asked = ["--incidents", "40", "--seed", "3", "--faults", "0.2"]
    shown = CliRunner().invoke(app(), asked)
    assert shown.exit_code == 0
    assert CliRunner().invoke(app(), [*asked, "--out", str(tmp_path / "in.jsonl")]).exit_code == 0
    written = (tmp_path / "in.jsonl").read_bytes()
    assert written == shown.stdout_bytes == b"".join(line + b"\n" for line in generate(40, 3, 0.2))
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize("wrong", [["--faults", "2"], ["--incidents", "-1"], ["--kilobytes", "0"], ["--seed", "x"]])
def test_senseless_arguments_are_refused(wrong: list[str]) -> None:
    """A number out of its range ends with exit code 2 and writes nothing."""
    result = CliRunner().invoke(app(), ["--incidents", "1", *wrong])
    assert result.exit_code == 2
    assert result.stdout == ""


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error names the file and what to do, and nothing is left behind."""
    with pytest.raises(UsageError, match="cannot be written: no such file or directory: choose another"):
        write_lines([b"x"], tmp_path / "no" / "x.jsonl", total=1, doing="x")


def test_an_interruption_keeps_whole_lines_and_the_old_file(tmp_path: Path) -> None:
    """Ctrl-C leaves what was there under its name, and the lines so far beside it."""

    def interrupted() -> Any:
        yield b"one"
        yield b"two"
        raise KeyboardInterrupt

    out = tmp_path / "x.jsonl"
    out.write_bytes(b"old\n")
    with pytest.raises(KeyboardInterrupt):
        write_lines(interrupted(), out, total=None, doing="x")
    assert out.read_bytes() == b"old\n"
    assert (tmp_path / "x.jsonl.part").read_bytes() == b"one\ntwo\n"


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    """`| head` gets its lines, and no traceback."""
    script = (
        "import typer; from pipelines.cli import generate as g;"
        "a = typer.Typer(pretty_exceptions_enable=False); a.command()(g.command); a()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, "--incidents", "100000", "--seed", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
