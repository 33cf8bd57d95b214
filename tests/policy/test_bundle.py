"""A broken bundle refuses to start, whatever it is that broke."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from policy import bundle
from policy.bundle import MEANING, PACKAGE, Bundle, files_of
from policy.engine import Engine
from policy.errors import PolicyError

REGIME = "uk_safe_to_share_2020"
OWN = f"regimes/{REGIME}/regime.cedar"
META = f"regimes/{REGIME}/regime.yaml"
TABLE = f"regimes/{REGIME}/table.json"
CASES = f"regimes/{REGIME}/cases.json"
FLOOR = "regimes/common/floor.cedar"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the policy folder that may be broken."""
    for name, content in files_of(PACKAGE).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def _swap(path: str, old: str, new: str) -> Callable[[Path], None]:
    def breaking(folder: Path) -> None:
        text = (folder / path).read_text()
        assert old in text
        (folder / path).write_text(text.replace(old, new, 1))

    return breaking


def _add(path: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).write_text((folder / path).read_text() + text) and None


def _drop(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).unlink()


def _prove_anew(folder: Path) -> None:
    """Stores the same table for the changed bytes, as somebody would who wants the digest out of the way."""
    stored = json.loads((folder / TABLE).read_text())
    (folder / TABLE).write_text(json.dumps({**stored, "digest": Bundle.read(REGIME, folder).digest}))


PERMIT = """
@id("extra") @why("because") @source("fail closed")
permit (principal, action == Enforcement::Action::"hold", resource) when { resource.accused };
"""

#: What is broken, and what the refusal says. The digest is put right afterwards wherever it can be.
BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "bad syntax": (_swap(OWN, "permit (", "permit ("[:-1]), "does not parse"),
    "unknown attribute": (_swap(OWN, "resource.evidence", "resource.nationality"), "do not fit the schema"),
    "unknown action": (_swap(OWN, 'Action::"hold"', 'Action::"keep"'), "must name its actions"),
    "misspelt code": (_swap(OWN, 'Evidence::"OFFENCE"', 'Evidence::"OFFENSE"'), "do not fit the schema"),
    "code of another list": (_swap(OWN, 'Evidence::"OFFENCE"', 'Caution::"NONE"'), "fails its own cases"),
    "no id": (_swap(OWN, '@id("rule2_protected_held")', ""), "lacks @id"),
    "no why": (_swap(FLOOR, "@why(", "@reason("), "lacks @why"),
    "no source": (_swap(FLOOR, "@source(", "@from("), "lacks @source"),
    "empty id": (_swap(OWN, "rule2_protected_held", ""), "lacks @id"),
    "an id used twice": (_swap(OWN, "rule2_protected_held", "floor_retracted"), "used twice"),
    "a template": (_swap(OWN, "principal, action", "principal == ?principal, action"), "templates"),
    "any action at all": (_swap(OWN, 'action == Enforcement::Action::"hold"', "action"), "must name its actions"),
    "actions of two recipients": (
        _swap(OWN, '== Enforcement::Action::"hold"', 'in [Enforcement::Action::"hold", Safeguarding::Action::"hold"]'),
        "must name its actions",
    ),
    "a referral forbidden": (
        _add(OWN, PERMIT.replace("permit", "forbid").replace('"hold"', '"refer"')),
        "no rule may take help away",
    ),
    "not UTF-8": (lambda folder: (folder / OWN).write_bytes(b"\xff\xfe") and None, "UTF-8"),
    "a schema that does not parse": (_swap("schema.cedarschema", "entity Evidence", "entitee Evidence"), "not parse"),
    "an attribute gone from the schema": (
        _swap("schema.cedarschema", "evidence: Evidence,", ""),
        "do not fit the schema",
    ),
    "an attribute that may be missing": (
        _swap("schema.cedarschema", "evidence: Evidence,", "evidence?: Evidence,"),
        "do not fit the schema",
    ),
    "a code gone from the schema": (
        _swap("schema.cedarschema", '"NONE", "DOUBT", "OFFENCE"', '"NONE", "DOUBT"'),
        "fit",
    ),
    "no schema": (_drop("schema.cedarschema"), "lacks `schema.cedarschema`"),
    "no shared policies": (_drop(FLOOR), "lacks"),
    "included policies missing": (_drop("regimes/common/suspects.cedar"), "lacks"),
    "no metadata": (_drop(META), "no such regime"),
    "metadata that is not YAML": (lambda folder: (folder / META).write_text("{[") and None, "cannot be read"),
    "metadata with a field nobody knows": (_add(META, "weaker: true\n"), "cannot be read"),
    "metadata of another regime": (_swap(META, f"id: {REGIME}", "id: eu_vrd"), "another regime"),
    "metadata that would leave out the floor": (_swap(META, "[rule1, suspects]", "[floor]"), "include"),
    "no table": (_drop(TABLE), "lacks"),
    "a table that is not JSON": (lambda folder: (folder / TABLE).write_text("{") and None, "not JSON"),
    "a table that leaves cells out": (_swap(TABLE, '"256W"', '"255W"'), "broken"),
    "a table of other letters": (_swap(TABLE, '"256W"', '"256X"'), "broken"),
    "no cases": (_drop(CASES), "lacks"),
    "a case of a code nobody knows": (_swap(CASES, '"OFFENCE"', '"OFFENSE"'), "cannot be read"),
    "a case that comes out differently": (_swap(CASES, '"RELEASE_MINIMISED"', '"WITHHOLD"'), "fails its own cases"),
    "a case for another reason": (_swap(CASES, '"rule3_suspect_only"', '"rule1_refer"'), "fails its own cases"),
    "a policy more, that a case sees": (_add(OWN, PERMIT), "fails its own cases"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_bundle_refuses_to_start(name: str, folder: Path) -> None:
    """Not one of these bundles loads, even where the digest was put right, and the refusal says what is wrong."""
    breaking, said = BROKEN[name]
    breaking(folder)
    if name not in ("no table", "a table that is not JSON", "no metadata") and "schema`" not in said:
        try:
            _prove_anew(folder)
        except PolicyError as error:
            assert said in str(error) or "lacks" in str(error)  # noqa: PT017 - refused before it could be stored
    with pytest.raises(PolicyError, match=said.replace("`", ".")):
        Engine.load(REGIME, folder=folder)


def test_the_sound_copy_starts(folder: Path) -> None:
    """The same folder, unbroken, loads: it is the breaking that is refused."""
    assert Engine.load(REGIME, folder=folder).digest == Bundle.read(REGIME).digest


@pytest.mark.parametrize("path", ["schema.cedarschema", OWN, FLOOR, META, *MEANING])
def test_one_edited_byte_refuses_to_start(path: str, folder: Path) -> None:
    """A single byte more, in anything that gives the policies their meaning, is a bundle that was not proved."""
    with (folder / path).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(PolicyError, match="changed since its table was proved"):
        Engine.load(REGIME, folder=folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Protection DA_VICTIM 1\n", "Protection DA_VICTIM 256\n"),
        ("Standing OTHER 16\n", ""),
        ("Evidence DOUBT 1\nEvidence OFFENCE 2\n", "Evidence OFFENCE 2\nEvidence DOUBT 1\n"),
        ("Decision WITHHOLD WITHHOLD\n", "Decision WITHHOLD withhold\n"),
    ],
)
def test_a_code_under_another_number_refuses_to_start(old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state keeps numbers: another number, order or name of a code is a policy that was not proved."""
    assert old in bundle.CODES
    monkeypatch.setattr(bundle, "CODES", bundle.CODES.replace(old, new))
    with pytest.raises(PolicyError, match="changed since its table was proved"):
        Engine.load(REGIME)


def test_other_regimes_are_no_part_of_a_bundle(folder: Path) -> None:
    """What happens in one regime's folder neither changes nor breaks another."""
    (folder / "regimes/uk_strict_firewall/regime.cedar").write_text("nonsense")
    assert Engine.load(REGIME, folder=folder).digest == Bundle.read(REGIME).digest


@pytest.mark.parametrize("name", ["", "..", "a/b", "common", "UK_SAFE", "x" * 65, "eu_vrd\n"])
def test_a_name_that_is_no_regime_is_refused(name: str) -> None:
    """Only the name of a folder with metadata is a regime; the refusal lists those there are."""
    with pytest.raises(PolicyError, match="uk_strict_firewall"):
        Bundle.read(name)
