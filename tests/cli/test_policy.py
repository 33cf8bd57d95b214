"""`cordon policy`: tables, differences, proof and single cases, for people and for programs."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines import cli
from pipelines.cli import policy as commands
from policy import regimes
from policy.bundle import PACKAGE, Bundle, files_of

Run = Any


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `cordon policy` in this process: (exit code, output, errors)."""

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cordon", "policy", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the policy folder, to be changed."""
    for name, content in files_of(PACKAGE).items():
        path = tmp_path / "policy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "policy"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A space of four sets of protections: the same code in seconds, where the whole is proved elsewhere."""
    from policy import cells, proof, stored, summary, table

    few = (0, 1, 32, 255)
    full = cells.whole
    part = {recipient: tuple(c for c in full(recipient) if c.protections in few) for recipient in cells.AXES}
    for module in (cells, stored, summary):
        monkeypatch.setattr(module, "PROTECTION_SETS", few)
    for module in (cells, proof, table):
        monkeypatch.setattr(module, "whole", part.__getitem__)
    for module in (cells, stored):
        monkeypatch.setattr(module, "places", lambda recipient: {c: n for n, c in enumerate(part[recipient])})
    monkeypatch.setattr(proof, "faults_of_space", lambda schema: [])


# ---- table ------------------------------------------------------------------------------------------------------


def test_a_table_fits_on_a_screen_and_says_everything(run: Run) -> None:
    """The default regime's table names each axis that matters, the decisions in words, and what is unsettled."""
    code, out, _ = run("table")
    assert code == 0
    assert "uk_safe_to_share_2020" in out
    assert "release, minimised" in out
    assert "withhold and refer" in out
    assert "Unsettled:" in out
    assert len(out.splitlines()) < 80


@pytest.mark.parametrize("regime", sorted(regimes()))
def test_csv_covers_every_cell(regime: str, run: Run) -> None:
    """The lines of the CSV form stand for every cell, each once, and every decision is one there is."""
    code, out, _ = run("table", "--regime", regime, "--format", "csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    for recipient, cells in (("enforcement", 73_728), ("safeguarding", 12_288)):
        assert sum(int(row["cells"]) for row in rows if row["recipient"] == recipient) == cells
    protected = [row for row in rows if row["recipient"] == "enforcement" and row["protections"] != "no protection"]
    assert "RELEASE_MINIMISED" not in {row["decision"] for row in protected}


class _Balanced(html.parser.HTMLParser):
    """Counts tags that are opened and closed, and what would call somebody else."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        self.foreign += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_one_page_that_calls_nobody(run: Run, tmp_path: Path) -> None:
    """The HTML form of all regimes is a whole page that needs nothing from elsewhere."""
    page = tmp_path / "table.html"
    code, out, _ = run("table", "--regime", "all", "--format", "html", "--out", str(page))
    assert (code, out) == (0, "")
    text = page.read_text()
    parser = _Balanced()
    parser.feed(text)
    assert parser.open == []
    assert parser.foreign == []
    assert all(name in text for name in regimes())


def test_json_is_one_object_a_regime(run: Run) -> None:
    """Programs get each regime with its metadata and lines."""
    code, out, _ = run("table", "--regime", "all", "--json")
    found = {one["regime"]: one for one in map(json.loads, out.splitlines())}
    assert code == 0
    assert set(found) == set(regimes())
    assert found["uk_npcc_2020"]["replay_only"]
    assert all(sum(line["cells"] for line in one["lines"]) == 86_016 for one in found.values())


@pytest.mark.parametrize("command", [["table"], ["verify"], ["explain"]])
def test_an_unknown_regime_is_refused_with_those_there_are(command: list[str], run: Run) -> None:
    """A regime that is not there ends with exit code 2 and the list."""
    code, _, err = run(*command, "--regime", "uk_nothing")
    assert code == 2
    assert "uk_strict_firewall" in err


# ---- diff -------------------------------------------------------------------------------------------------------


def test_a_stricter_regime_newly_withholds(run: Run) -> None:
    """From the default to the strict firewall: exactly the cells of rule 2 are no longer held, and nothing else."""
    code, out, _ = run("diff", "uk_safe_to_share_2020", "uk_strict_firewall", "--json")
    one = json.loads(out)
    assert code == 0
    # 255 sets of protections x accused x caution x consent x assessed, of a standing record with evidence.
    assert one["newly_withholds"] == 255 * 2 * 4 * 3 * 2
    assert (one["newly_releases"], one["newly_holds"]) == (0, 0)
    assert sum(change["cells"] for change in one["changes"] if change["before"] == "HOLD_FOR_HUMAN") == 12_240


def test_a_lighter_regime_newly_holds_and_does_not_release(run: Run) -> None:
    """The other way round the same cells are newly held, which is no release; people read where."""
    code, out, _ = run("diff", "uk_strict_firewall", "uk_safe_to_share_2020")
    assert code == 0
    assert "0 newly release, 12,240 newly hold, 0 newly withhold" in out
    assert "record CURRENT, evidence OFFENCE" in out


def test_what_newly_releases_must_be_acknowledged(run: Run) -> None:
    """From a regime abroad to one at home suspects are newly released: exit 1, and 0 when that is acknowledged."""
    code, out, err = run("diff", "us_1367", "uk_safe_to_share_2020")
    assert code == 1
    assert "6 newly release" in out
    assert "hold for a human -> release, minimised (6 cells): no protection" in out
    assert "--acknowledge-weakening" in err
    code, _, err = run("diff", "us_1367", "uk_safe_to_share_2020", "--acknowledge-weakening")
    assert (code, err) == (0, "")


def test_the_same_is_no_difference(run: Run) -> None:
    """A regime against itself changes no case."""
    code, out, _ = run("diff", "eu_vrd", "eu_vrd")
    assert code == 0
    assert "no case is decided differently" in out


def test_a_changed_folder_is_asked_and_told(run: Run, folder: Path, small: None) -> None:
    """A folder whose policies were changed, and not proved, is asked about every cell: one caution gone releases."""
    path = folder / "regimes/common/caution.cedar"
    text = path.read_text()
    path.write_text(text[: text.index('@id("caution_minor")')])
    floor = folder / "regimes/common/floor.cedar"
    floor.write_text(
        floor.read_text().replace('resource.caution != Caution::"NONE"', 'resource.caution == Caution::"LINKED"')
    )
    code, out, _ = run("diff", str(PACKAGE), str(folder), "--regime", "uk_strict_firewall")
    assert code == 1
    assert "12 newly release, 0 newly hold" in out
    assert "caution MINOR or IDENTITY" in out
    assert "eu_vrd" not in out


def test_git_revisions_are_compared(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two revisions of the policy folder are compared regime by regime; what is new or gone is said."""
    top = folder.parent
    git = ["git", "-C", str(top), "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "before"], ["tag", "before"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    for path in (folder / "regimes/nl_free_in_out").iterdir():
        path.unlink()
    for words in (["add", "-A"], ["commit", "-qm", "after"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    monkeypatch.setattr("policy.bundle.PACKAGE", folder)
    code, out, _ = run("diff", "before", "HEAD", "--json")
    found = {one["before"].split(": ")[1]: one for one in map(json.loads, out.splitlines())}
    assert code == 0
    assert found["nl_free_in_out"]["note"] == "is gone"
    assert found["uk_strict_firewall"]["changes"] == []
    code, out, _ = run("diff", "HEAD", "before", "--regime", "nl_free_in_out")
    assert "is new" in out


@pytest.mark.parametrize("name", ["no-such-thing", "--upload-pack=x", "HEAD:policy"])
def test_what_is_neither_is_refused(name: str, run: Run) -> None:
    """A name that is no regime, folder or revision ends with exit code 2."""
    code, _, _ = run("diff", "--", "eu_vrd", name)
    assert code == 2


def test_a_folder_without_policies_is_refused(run: Run, tmp_path: Path) -> None:
    """Any folder will not do."""
    code, _, err = run("diff", "eu_vrd", str(tmp_path))
    assert code == 2
    assert "no policy folder" in err


# ---- explain ----------------------------------------------------------------------------------------------------


def test_one_case_in_words(run: Run) -> None:
    """A victim accused of an offence: decision, each policy with its reason and source, and what each action got."""
    code, out, _ = run("explain", "--protections", "DA_VICTIM", "--evidence", "OFFENCE", "--accused")
    policies = Bundle.read("uk_safe_to_share_2020").policies
    assert code == 0
    assert "recipient enforcement: HOLD_FOR_HUMAN" in out
    for name in ("rule2_protected_held", "safeguarding_ask"):
        assert policies[name].why in out
        assert f"source: {policies[name].source}" in out
    assert "to release: forbidden by floor_protected" in out


def test_one_case_under_every_regime(run: Run) -> None:
    """The same case under all regimes: every regime answers, the historic one too, and none releases."""
    words = ["explain", "--protections", "DA_VICTIM", "--evidence", "OFFENCE", "--regime", "all", "--json"]
    code, out, _ = run(*words, "--recipient", "enforcement")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert {row["regime"]: row["decision"] for row in rows} == {
        "es_31bis": "WITHHOLD",
        "eu_vrd": "WITHHOLD",
        "nl_free_in_out": "WITHHOLD",
        "uk_consent_2025": "HOLD_FOR_HUMAN",
        "uk_lords_am96": "WITHHOLD",
        "uk_npcc_2020": "HOLD_FOR_HUMAN",
        "uk_safe_to_share_2020": "HOLD_FOR_HUMAN",
        "uk_strict_firewall": "WITHHOLD_AND_REFER",
        "us_1367": "WITHHOLD",
    }
    assert all(policy["why"] and policy["source"] for row in rows for policy in row["policies"])


@pytest.mark.parametrize(
    "words",
    [
        ["--protections", "VICTIM"],
        ["--evidence", "offence"],
        ["--caution", "X"],
        ["--consent", "MAYBE"],
        ["--recipient", "police"],
        ["--record", "GONE"],
    ],
)
def test_a_value_on_no_list_is_refused(words: list[str], run: Run) -> None:
    """A code that is on no list is never guessed at: exit code 2."""
    code, out, _ = run("explain", *words)
    assert (code, out) == (2, "")


# ---- verify -----------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(folder: Path, small: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The commands work on a copy of the policy folder."""
    monkeypatch.setattr("policy.bundle.PACKAGE", folder)
    read = Bundle.read
    monkeypatch.setattr(Bundle, "read", classmethod(lambda cls, regime, at=folder: read(regime, at)))
    return folder


REGIME = "uk_strict_firewall"


def test_verify_writes_what_is_proved_and_says_what_is_new(run: Run, elsewhere: Path) -> None:
    """A table that is missing fails; --write stores it; then it is proved; a change says what newly releases."""
    table = elsewhere / f"regimes/{REGIME}/table.json"
    table.unlink()
    code, out, _ = run("verify", "--regime", REGIME)
    assert code == 1
    assert "NOT PROVED" in out
    code, out, _ = run("verify", "--regime", REGIME, "--write")
    assert code == 0
    assert "table written: there was none before" in out
    code, out, _ = run("verify", "--regime", REGIME, "--json")
    assert code == 0
    result = json.loads(out)
    assert (result["proved"], result["written"], result["findings"]) == (True, False, [])
    letters = json.loads(table.read_text())
    label = "CURRENT accused evidence=OFFENCE caution=NONE ie_consent=NONE not_assessed"
    assert letters["enforcement"][label].startswith("1R ")
    letters["enforcement"][label] = letters["enforcement"][label].replace("1R", "1W", 1)
    table.write_text(json.dumps(letters))
    code, out, _ = run("verify", "--regime", REGIME)
    assert code == 1
    assert "stored table: 1 cells" in out
    code, out, _ = run("verify", "--regime", REGIME, "--write")
    assert code == 0
    assert "newly releases 1 cells, holds 0" in out


def test_verify_stores_nothing_that_is_not_proved(run: Run, elsewhere: Path) -> None:
    """A policy that holds where the model withholds is named with its cells, and no table is written for it."""
    path = elsewhere / f"regimes/{REGIME}/regime.cedar"
    path.write_text(path.read_text().replace("forbid (", "permit (", 1))
    before = (elsewhere / f"regimes/{REGIME}/table.json").read_bytes()
    code, out, _ = run("verify", "--regime", REGIME, "--write")
    assert code == 1
    assert "model:" in out
    assert "cases:" in out
    assert (elsewhere / f"regimes/{REGIME}/table.json").read_bytes() == before


def test_verify_refuses_a_bundle_that_does_not_parse(run: Run, elsewhere: Path) -> None:
    """A broken bundle ends with exit code 2 and one line."""
    (elsewhere / f"regimes/{REGIME}/regime.cedar").write_text("permit (")
    code, _, err = run("verify", "--regime", REGIME)
    assert code == 2
    assert "does not parse" in err


# ---- help and clauses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["table", "diff", "verify", "explain", "clauses"])
def test_help_has_an_example_and_the_exit_codes(command: str) -> None:
    """Every command's help shows how to call it and what its exit codes mean."""
    text = getattr(commands, command).__doc__
    assert f"Example: cordon policy {command}" in text
    assert "Exit codes: 0" in text


def test_clauses_are_listed_for_programs(run: Run) -> None:
    """Each clause with its policies, rules, cells and tests, one a line."""
    code, out, _ = run("clauses", "--json")
    rows = {row["clause"]: row for row in map(json.loads, out.splitlines())}
    assert code == 0
    assert "rule1_refer" in rows["Safe to share? recommendation 1"]["policies"]
    assert all(row["tests"] for row in rows.values())
