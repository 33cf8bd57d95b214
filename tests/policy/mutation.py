"""Mutation of what gives decisions their meaning: policies, schema, and the code between cells, Cedar and decisions.

A mutant is one small change. It is *refused* if its bundle does not load; otherwise it is decided on cells that can tell
any two of its policies apart, and is *equivalent* if every decision is as before. Every other mutant changes a decision
somewhere and must be *caught*: by an invariant, by the plain-Python model, or by a named case. The digest, which would
see any change at all, is not asked, and neither is the stored table.

Run it by itself to see the score: python -m tests.policy.mutation
"""

from __future__ import annotations

import ast
import copy
import importlib
import importlib.abc
import importlib.util
import itertools
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, NamedTuple

import cedarpy

from pipelines.contracts.codes import Decision, Protection, Recipient
from policy import engine as engine_module
from policy import model
from policy.bundle import PACKAGE, SCHEMA, Bundle, files_of
from policy.cells import AXES, Cell, EnforcementCell, SafeguardingCell, rows
from policy.engine import Engine, read_cases
from policy.errors import PolicyError
from policy.proof import (
    Decided,
    broken_invariants,
    disagreement_with_model,
    failed_cases,
    faults_of_space,
    faults_of_translation,
)
from policy.translate import ACTIONS, Answer, Verdict, translate

FILES = files_of(PACKAGE)
HOME = "uk_safe_to_share_2020"
#: A regime that permits whatever it can: under it only the shared forbids stand between anybody and a release.
LAX = "lax"
LAX_FILES = {
    f"regimes/{LAX}/regime.yaml": b"""
id: lax
title: Permits everything
jurisdiction: England and Wales
status: for tests
effective_from: null
effective_to: null
replay_only: false
include: []
summary: Permits everything.
citations: []
unsettled: []
""",
    f"regimes/{LAX}/regime.cedar": b"""
@id("lax_release") @why("a regime may be as lax as it likes") @source("fail closed")
permit (principal, action == Enforcement::Action::"release", resource);
@id("lax_refer") @why("a regime may be as lax as it likes") @source("fail closed")
permit (principal, action == Safeguarding::Action::"release", resource);
""",
    f"regimes/{LAX}/cases.json": b"[]",
}


class Mutant(NamedTuple):
    """One change: what it is, and the files with it, or the source of one module with it."""

    name: str
    kind: str
    files: Mapping[str, bytes]
    regimes: tuple[str, ...]
    """Under which to judge it: each until one is changed by it."""


class Result(NamedTuple):
    """What became of a mutant."""

    name: str
    kind: str
    outcome: str
    by: tuple[str, ...] = ()


# ---- mutants of policies ----------------------------------------------------------------------------------------


def _enumerations() -> dict[str, list[str]]:
    return {
        found[1]: re.findall(r'"(\w+)"', found[2])
        for found in re.finditer(r"entity\s+(\w+)\s+enum\s+\[([^\]]*)\]", FILES[SCHEMA].decode())
    }


LISTS = _enumerations()


def mutants_of_policies() -> Iterator[Mutant]:
    """Every policy file, mutated one place at a time, under the regimes in whose bundle the place can matter."""
    for path in sorted(name for name in FILES if name.endswith(".cedar")):
        folder, stem = path.split("/")[1:]
        regimes: tuple[str, ...] = (folder,)
        if folder == "common":
            regimes = {
                "suspects_held.cedar": ("es_31bis",),
                "floor.cedar": (HOME, LAX),
                "safeguarding.cedar": (HOME, LAX),
            }.get(stem, (HOME,))
        parsed = json.loads(cedarpy.policies_to_json_str(FILES[path].decode()))
        for key, policy in parsed["staticPolicies"].items():
            name = policy["annotations"]["id"]
            for what, mutated in _mutations(policy):
                statics = dict(parsed["staticPolicies"])
                if mutated is None:
                    del statics[key]
                else:
                    statics[key] = mutated
                text = (
                    cedarpy.policies_from_json_str(json.dumps({**parsed, "staticPolicies": statics})) if statics else ""
                )
                yield Mutant(f"{name}: {what}", "policy", {**FILES, path: text.encode()}, regimes)


def _mutations(policy: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    yield "dropped", None
    flipped = "forbid" if policy["effect"] == "permit" else "permit"
    yield f"becomes a {flipped}", {**policy, "effect": flipped}
    for what, scope in _scopes(policy["action"]):
        yield what, {**policy, "action": scope}
    for place, condition in enumerate(policy["conditions"]):
        rest = policy["conditions"][:place] + policy["conditions"][place + 1 :]
        yield "without its condition", {**policy, "conditions": rest}
        other = "unless" if condition["kind"] == "when" else "when"
        yield f"{condition['kind']} becomes {other}", _with(policy, place, {**condition, "kind": other})
        for what, body in _expressions(condition["body"]):
            yield what, _with(policy, place, {**condition, "body": body})


def _with(policy: Mapping[str, Any], place: int, condition: dict[str, Any]) -> dict[str, Any]:
    conditions = list(policy["conditions"])
    conditions[place] = condition
    return {**policy, "conditions": conditions}


def _scopes(scope: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    entities = scope.get("entities") or [scope["entity"]]
    kind = entities[0]["type"]
    known = ["refer", "hold", "release"] if kind.startswith("Enforcement") else ["hold", "release"]
    mine = [entity["id"] for entity in entities]
    for action in known:
        changed = [a for a in mine if a != action] if action in mine else [*mine, action]
        if changed:
            verb = "no longer about" if action in mine else "also about"
            yield f"{verb} `{action}`", {"op": "in", "entities": [{"type": kind, "id": a} for a in changed]}
        elif len(mine) == 1:
            for other in known:
                if other != action:
                    yield f"about `{other}` instead", {"op": "==", "entity": {"type": kind, "id": other}}


_TESTS = ("==", "!=", "isEmpty", "contains", "containsAny", "containsAll")
_BOOLEANS = ("accused", "assessed", "child", "referable")


def _expressions(body: Any) -> Iterator[tuple[str, Any]]:
    """Every expression that differs from `body` in one place."""
    operator, inner = next(iter(body.items()))
    if operator in ("&&", "||"):
        yield f"{operator} left out to the left", inner["right"]
        yield f"{operator} left out to the right", inner["left"]
        yield f"{operator} exchanged", {"||" if operator == "&&" else "&&": inner}
    if operator == "!":
        yield "not left out", inner["arg"]
    elif operator in _TESTS or (operator == "." and inner["attr"] in _BOOLEANS):
        yield f"{_said(body)} negated", {"!": {"arg": body}}
    if operator in ("containsAny", "containsAll"):
        other = "containsAll" if operator == "containsAny" else "containsAny"
        yield f"{operator} becomes {other}", {other: inner}
    if operator == "Value" and isinstance(inner, Mapping) and "__entity" in inner:
        kind, code = inner["__entity"]["type"], inner["__entity"]["id"]
        codes = LISTS[kind]
        # Of protections the next one only: that each counts is shown by leaving it out.
        others = [codes[codes.index(code) - 1]] if kind == "Protection" else [c for c in codes if c != code]
        for swapped in others:
            yield f"{code} becomes {swapped}", {"Value": {"__entity": {"type": kind, "id": swapped}}}
        return
    if operator == "Set":
        for place, element in enumerate(inner):
            yield f"{_said(element)} left out of a set", {"Set": inner[:place] + inner[place + 1 :]}
        there = {element["Value"]["__entity"]["id"] for element in inner}
        for code in [code for code in LISTS["Protection"] if code not in there][:1]:
            added = {"Value": {"__entity": {"type": "Protection", "id": code}}}
            yield f"{code} added to a set", {"Set": [*inner, added]}
        return
    if isinstance(inner, Mapping):
        for side, child in inner.items():
            if isinstance(child, Mapping) and side in ("left", "right", "arg"):
                for what, changed in _expressions(child):
                    yield what, {operator: {**inner, side: changed}}


def _said(body: Any) -> str:
    text = json.dumps(body)
    return "/".join(re.findall(r'"(?:attr|id)": "(\w+)"', text)[:2]) or "condition"


# ---- mutants of the schema --------------------------------------------------------------------------------------


def mutants_of_schema() -> Iterator[Mutant]:
    """Attributes left out, made optional or of another type; codes left out, added and renamed; actions left out."""
    text = FILES[SCHEMA].decode()

    def mutant(what: str, changed: str) -> Mutant:
        assert changed != text, what
        return Mutant(what, "schema", {**FILES, SCHEMA: changed.encode()}, ("uk_consent_2025", "eu_vrd"))

    for found in re.finditer(r"^    (\w+): ([\w<>]+),.*$", text, re.MULTILINE):
        line, name, kind = found[0], found[1], found[2]
        here = f"{name} at {found.start()}"

        def put(new: str, found: re.Match[str] = found) -> str:
            return text[: found.start()] + new + text[found.end() :]

        yield mutant(f"{here} left out", put(""))
        yield mutant(f"{here} optional", put(line.replace(f"{name}:", f"{name}?:", 1)))
        yield mutant(f"{here} renamed", put(line.replace(name, f"{name}_", 1)))
        other = "String" if kind != "String" else "Bool"
        yield mutant(f"{here} of type {other}", put(line.replace(kind, other, 1)))
        if kind == "Set<Protection>":
            yield mutant(f"{here} one and not a set", put(line.replace(kind, "Protection", 1)))
    for kind, codes in LISTS.items():
        for code in codes:
            pattern = re.compile(rf'(entity {kind} enum \[[^\]]*)"{code}"(,?\s?)')
            yield mutant(f"{kind} without {code}", pattern.sub(r"\1", text, count=1).replace(", ]", "]"))
            yield mutant(f"{kind}: {code} renamed", pattern.sub(rf'\1"{code}_"\2', text, count=1))
        yield mutant(f"{kind} with a code more", re.sub(rf"(entity {kind} enum \[)", r'\1"MORE", ', text, count=1))
    for old, new in (
        ("action refer, hold, release", "action hold, release"),
        ("action refer, hold, release", "action refer, hold"),
        ("action refer, hold, release", "action refer, release"),
        ("action hold, release", "action hold"),
        ("action hold, release", "action release"),
        ("namespace Safeguarding", "namespace Help"),
    ):
        yield mutant(f"{old} becomes {new}", text.replace(old, new, 1))


# ---- mutants of code --------------------------------------------------------------------------------------------


class _Mutator(ast.NodeTransformer):
    """Applies the n-th of all the small changes there are to a module; counts them when n is never reached."""

    def __init__(self, wanted: int) -> None:
        self.wanted, self.seen, self.what = wanted, 0, ""
        self._docstrings: set[int] = set()

    def _now(self, what: str, node: ast.AST) -> bool:
        here = self.seen == self.wanted
        self.seen += 1
        if here:
            self.what = f"line {getattr(node, 'lineno', 0)}: {what}"
        return here

    def visit_Expr(self, node: ast.Expr) -> Any:
        if isinstance(node.value, ast.Constant):
            return node  # a docstring
        if self._now("statement left out", node):
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> Any:
        swap = {
            ast.Is: ast.IsNot,
            ast.IsNot: ast.Is,
            ast.Eq: ast.NotEq,
            ast.NotEq: ast.Eq,
            ast.In: ast.NotIn,
            ast.NotIn: ast.In,
            ast.Lt: ast.LtE,
            ast.LtE: ast.Lt,
        }
        for place, operator in enumerate(node.ops):
            if self._now(f"{type(operator).__name__} becomes {swap[type(operator)].__name__}", node):
                node = copy.copy(node)
                node.ops = [*node.ops[:place], swap[type(operator)](), *node.ops[place + 1 :]]
                return node
        return self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        if self._now("and/or exchanged", node):
            return ast.copy_location(
                ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values), node
            )
        for place in range(len(node.values)):
            if self._now(f"operand {place} left out", node):
                rest = node.values[:place] + node.values[place + 1 :]
                return rest[0] if len(rest) == 1 else ast.copy_location(ast.BoolOp(node.op, rest), node)
        return self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not) and self._now("not left out", node):
            return node.operand
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> Any:
        if self._now("if never", node):
            return ast.copy_location(ast.If(ast.Constant(False), node.body, node.orelse), node)
        if self._now("if always", node):
            return ast.copy_location(ast.If(ast.Constant(True), node.body, node.orelse), node)
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        if self._now("always the first", node):
            return node.body
        if self._now("always the second", node):
            return node.orelse
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, bool) and self._now(f"{node.value} becomes {not node.value}", node):
            return ast.copy_location(ast.Constant(not node.value), node)
        if type(node.value) is int and self._now(f"{node.value} becomes {node.value + 1}", node):
            return ast.copy_location(ast.Constant(node.value + 1), node)
        words = ("refer", "hold", "release", "protections")
        if node.value in words and self._now(f"`{node.value}` becomes another word", node):
            return ast.copy_location(ast.Constant(f"{node.value}_"), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id == "Decision":
            for other in Decision:
                if other.name != node.attr and self._now(f"{node.attr} becomes {other.name}", node):
                    return ast.copy_location(ast.Attribute(node.value, other.name, node.ctx), node)
        if isinstance(node.value, ast.Name) and node.value.id == "Recipient":
            for other in Recipient:
                if other.name != node.attr and self._now(f"{node.attr} becomes {other.name}", node):
                    return ast.copy_location(ast.Attribute(node.value, other.name, node.ctx), node)
        if node.attr in ("allowed", "error", "reasons"):
            for name in ("allowed", "error", "reasons"):
                if name != node.attr and self._now(f".{node.attr} becomes .{name}", node):
                    return ast.copy_location(ast.Attribute(node.value, name, node.ctx), node)
        return self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> Any:
        if isinstance(node.ctx, ast.Load):
            for place in range(len(node.elts)):
                if len(node.elts) > 1 and self._now(f"element {place} left out", node):
                    rest = node.elts[:place] + node.elts[place + 1 :]
                    return ast.copy_location(ast.Tuple(rest, node.ctx), node)
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        if self._now("only the left operand", node):
            return node.left
        return self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        if self._now("statement left out", node):
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        # An annotation is not run.
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        # Only the body: annotations, decorators and defaults are not what decides. `label` words the stored table.
        node.body = [self.visit(statement) for statement in node.body]
        return node


def mutants_of_code(module: str) -> Iterator[tuple[str, str]]:
    """(what, source) of every small change to a module of `policy`."""
    text = (PACKAGE / f"{module}.py").read_text()
    for number in itertools.count():
        mutator = _Mutator(number)
        changed = mutator.visit(ast.parse(text))
        if not mutator.what:
            return
        yield f"{module}.py {mutator.what}", ast.unparse(ast.fix_missing_locations(changed))


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module of `policy` from source that is handed over, and leaves the rest to Python."""

    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(PACKAGE / f"{fullname[7:]}.py"))

    def create_module(self, spec: Any) -> Any:
        return None

    def exec_module(self, module: Any) -> None:
        module.__file__ = str(PACKAGE / f"{module.__name__[7:]}.py")
        exec(compile(self.source, module.__file__, "exec"), module.__dict__)


@contextmanager
def package_with(module: str, source: str) -> Iterator[None]:
    """While it lasts, `import policy...` gives a second copy of the package, one module of it mutated."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "policy"}
    finder = _Finder(f"policy.{module}", source)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] == "policy"]:
            del sys.modules[name]
        sys.modules.update(kept)


# ---- judging ----------------------------------------------------------------------------------------------------


@cache
def _base_bundle(regime: str) -> Bundle:
    return Bundle(regime, {**FILES, **LAX_FILES})


@cache
def _base(regime: str) -> Engine:
    return Engine(_base_bundle(regime))


@cache
def _read_by(regime: str, recipient: Recipient) -> tuple[str, ...]:
    """The axes that the regime's policies read at all; a mutant reads no others."""
    text = _base_bundle(regime).policy_text
    return tuple(axis for axis in AXES[recipient] if f"resource.{axis}" in text)


def _telling(bundle: Bundle, regime: str) -> tuple[int, ...]:
    """Sets of protections that tell apart all that policies may say of them.

    Policies ask whether there is any protection, any of some, or none but some. Protections that stand in the same sets
    are alike to them, so none and one of each such group, in every combination, is the whole space; where they ask for
    all of some, so is all of the group.
    """
    text = bundle.policy_text
    groups = _groups(frozenset(_sets_in(text) | _sets_in(_base_bundle(regime).policy_text)))
    of_all = re.search(r"protections\)?\.containsAll", text) is not None
    choices = [sorted({0, group & -group, *([group] if of_all else [])}) for group in groups]
    return tuple(sorted({sum(chosen) for chosen in itertools.product(*choices)}))


@cache
def _groups(sets: frozenset[frozenset[str]]) -> tuple[int, ...]:
    alike: dict[frozenset[frozenset[str]], int] = {}
    for flag in Protection:
        key = frozenset(found for found in sets if flag.name in found)
        alike[key] = alike.get(key, 0) | int(flag)
    return tuple(alike.values())


def _sets_in(text: str) -> set[frozenset[str]]:
    """The sets of protections that policies speak of, one code being a set of one."""
    literal = r'Protection::"\w+"'
    sets = re.findall(rf"\[[^\]]*{literal}[^\]]*\]|{literal}", text)
    return {frozenset(re.findall(r'Protection::"(\w+)"', found)) for found in sets}


@cache
def _cells(regime: str, recipient: Recipient, masks: tuple[int, ...]) -> tuple[Cell, ...]:
    kind = EnforcementCell if recipient is Recipient.ENFORCEMENT else SafeguardingCell
    read = _read_by(regime, recipient)
    first = {axis: values[0] for axis, values in AXES[recipient].items()}
    combinations = {tuple({**first, **{axis: row[axis] for axis in read}}.items()) for row in rows(recipient)}
    return tuple(kind(protections=mask, **dict(row)) for row in sorted(combinations, key=str) for mask in masks)


@cache
def _entities(recipient: Recipient, cells: tuple[Cell, ...]) -> Any:
    return engine_module._entities.__wrapped__(FILES[SCHEMA].decode(), recipient.value.capitalize(), cells)


def _ask(engine: Engine, recipient: Recipient, cells: tuple[Cell, ...], action: str) -> list[Answer]:
    """Cedar about one action, as the engine asks it, but of cells that were parsed before."""
    namespace = recipient.value.capitalize()
    requests = [
        {
            "principal": engine_module._PRINCIPALS[recipient],
            "action": {"type": f"{namespace}::Action", "id": action},
            "resource": {"type": f"{namespace}::Case", "id": str(place)},
        }
        for place in range(len(cells))
    ]
    policies = engine._policies[f"{namespace}::{action}"]
    results = cedarpy.is_authorized_batch(requests, policies, _entities(recipient, cells), engine._schema)
    return [engine._read(result) for result in results]


@cache
def _known(regime: str, recipient: Recipient, masks: tuple[int, ...]) -> dict[str, list[Answer]]:
    """What Cedar answers about the unmutated policies, by action."""
    cells = _cells(regime, recipient, masks)
    return {action: _ask(_base(regime), recipient, cells, action) for action in ACTIONS[recipient]}


def _verdicts(
    recipient: Recipient, cells: tuple[Cell, ...], answers: Mapping[str, list[Answer]]
) -> dict[Cell, Verdict]:
    return {
        cell: translate(recipient, {action: given[place] for action, given in answers.items()})
        for place, cell in enumerate(cells)
    }


@cache
def _before(regime: str, recipient: Recipient, masks: tuple[int, ...]) -> dict[Cell, Verdict]:
    return _verdicts(recipient, _cells(regime, recipient, masks), _known(regime, recipient, masks))


def judge(mutant: Mutant) -> Result:
    """What becomes of a mutant of the policies."""
    outcomes = []
    for regime in mutant.regimes:
        outcomes.append(_judge_under(regime, mutant))
        if outcomes[-1].outcome in ("caught", "missed"):
            break
    return outcomes[-1]


def _judge_under(regime: str, mutant: Mutant) -> Result:
    bundle = Bundle(regime, {**LAX_FILES, **mutant.files})
    try:
        engine = Engine(bundle)
    except PolicyError:
        return Result(mutant.name, mutant.kind, "refused")
    base = _base(regime)
    asked = {
        action
        for name in {*engine.policies, *base.policies}
        if _texts(bundle.policy_text).get(name) != _texts(_base_bundle(regime).policy_text).get(name)
        for policies in (engine.policies, base.policies)
        if name in policies
        for action in policies[name].actions
    }
    masks = _telling(bundle, regime)
    changed, verdicts = False, {}
    for recipient in Recipient:
        before, cells = _before(regime, recipient, masks), _cells(regime, recipient, masks)
        mine = [action for action in ACTIONS[recipient] if f"{recipient.value.capitalize()}::{action}" in asked]
        fresh = {action: _ask(engine, recipient, cells, action) for action in mine}
        after = _verdicts(recipient, cells, {**_known(regime, recipient, masks), **fresh}) if mine else before
        changed |= any(after[cell].decision is not before[cell].decision for cell in cells)
        verdicts.update(after)
    if not changed:
        return Result(mutant.name, mutant.kind, "equivalent")
    by = []
    decided = Decided(base.metadata, verdicts)
    if [f for f in broken_invariants(decided) if regime != LAX or not f.check.startswith(_NOT_OF_LAX)]:
        by.append("invariants")
    if regime != LAX and disagreement_with_model(decided) is not None:
        by.append("model")
    if regime != LAX and failed_cases(engine, bundle) is not None:
        by.append("cases")
    return Result(mutant.name, mutant.kind, "caught" if by else "missed", tuple(by))


@lru_cache(maxsize=16)
def _texts(text: str) -> dict[str, str]:
    """Every policy as Cedar reads it, by id."""
    statics = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    return {policy["annotations"]["id"]: json.dumps(policy, sort_keys=True) for policy in statics.values()}


def judge_schema(mutant: Mutant) -> Result:
    """What becomes of a mutant of the schema: few cells tell, for what it breaks it breaks for all."""
    caught, outcomes = set(), set()
    if faults_of_space(mutant.files[SCHEMA].decode()):
        caught.add("space")
    for regime in mutant.regimes:
        bundle, base = Bundle(regime, mutant.files), _base(regime)
        try:
            engine = Engine(bundle)
        except PolicyError:
            outcomes.add("refused")
            continue
        cells = [cell for recipient in Recipient for cell in _cells(regime, recipient, (0, 1, 8, 255))[::11]]
        cells += [cell for _, cell, _, _ in read_cases("", base_cases())]
        verdicts = dict(zip(cells, engine.decide(cells), strict=True))
        same = [v.decision for v in verdicts.values()] == [base.decide([c])[0].decision for c in verdicts]
        outcomes.add("equivalent" if same else "changed")
        decided = Decided(base.metadata, verdicts)
        if broken_invariants(decided):
            caught.add("invariants")
        if disagreement_with_model(decided) is not None:
            caught.add("model")
    if outcomes == {"refused"}:
        return Result(mutant.name, mutant.kind, "refused")
    if "changed" not in outcomes and not caught:
        return Result(mutant.name, mutant.kind, "refused" if "refused" in outcomes else "equivalent")
    return Result(mutant.name, mutant.kind, "caught" if caught else "missed", tuple(sorted(caught)))


@cache
def base_cases() -> tuple[Any, ...]:
    """The named cases of every regime, raw."""
    return tuple(json.loads(FILES["regimes/common/cases.json"]))


#: A regime that refers everybody has no reasons on record, and none of the good sense of a real one.
_NOT_OF_LAX = ("refusing_never_refers_more", "no_consent_no_referral", "less_evidence_never_releases_more")


def judge_translation(what: str, source: str) -> Result:
    """What becomes of a mutant of `translate.py`, given everything Cedar answers over the telling cells."""
    space: dict[str, Any] = {"__name__": "policy.translate_mutant"}
    try:
        exec(compile(source, "translate.py", "exec"), space)
        wrong_in_theory = bool(faults_of_translation(_as_ours(space)))
        changed = differs = False
        for regime, cell, answers, decision in _recorded():
            mine = _as_ours(space)(_recipient(cell), answers).decision
            changed |= mine != decision
            differs |= mine is not model.decide(regime, cell)
    except Exception:  # whatever a mutant raises, it does not decide
        return Result(what, "translation", "refused")
    by = tuple(name for name, found in (("invariants", wrong_in_theory), ("model", differs)) if found)
    # An answer that no cell can get is decided otherwise: the invariants over all answers see it.
    return Result(what, "translation", "equivalent" if not changed and not by else "caught" if by else "missed", by)


def _as_ours(space: dict[str, Any]) -> Any:
    """A mutant's `translate`, giving our own types."""
    return lambda recipient, answers: Verdict(*space["translate"](recipient, answers))


def _recipient(cell: Cell) -> Recipient:
    return Recipient.ENFORCEMENT if isinstance(cell, EnforcementCell) else Recipient.SAFEGUARDING


@cache
def _recorded() -> list[tuple[str, Cell, dict[str, Any], Decision]]:
    found = []
    for regime in (HOME, "uk_consent_2025", "es_31bis"):
        engine = _base(regime)
        for recipient in Recipient:
            cells = list(dict.fromkeys(_cells(regime, recipient, _telling(_base_bundle(regime), regime))))
            answers = engine._answers(recipient, cells)
            decisions = [verdict.decision for verdict in engine.decide(cells)]
            found += [
                (regime, cell, answer, made) for cell, answer, made in zip(cells, answers, decisions, strict=True)
            ]
    return found


def judge_code(module: str, what: str, source: str) -> Result:
    """What becomes of a mutant of `cells.py`: a second copy of the package is imported around it and proved in part."""
    _probes()  # of the package as it is, before another takes its place
    try:
        with package_with(module, source):
            return _judged_inside(what, module)
    except Exception:  # whatever a mutant raises, it does not decide
        return Result(what, module, "refused")


def _judged_inside(what: str, kind: str) -> Result:
    from policy import bundle, cells, engine, proof, stored
    from policy import model as their_model

    mine = bundle.Bundle.read(HOME)
    by = set()
    if proof.faults_of_space(mine.schema):
        by.add("space")
    asked = engine.Engine(mine)
    stored_table = stored.StoredTable.read(mine)
    changed = False
    probes = _probes()
    read = [cells.cell_of(recipient, given) for recipient, given, _ in probes]
    for (_, given, decision), cell, verdict in zip(probes, read, asked.decide(read), strict=True):
        changed |= verdict.decision is not decision or stored_table.decision(cell) is not decision
        if verdict.decision is not their_model.decide(HOME, cell) or cells.attributes(cell) != given:
            by.add("model")
    if asked.self_test(mine):
        by.add("cases")
    for recipient, given in _nonsense():
        try:
            cells.cell_of(recipient, given)
        except ValueError:
            continue
        changed = True
        by.add("invariants")  # nothing unknown is ever asked about
    for cell in (cells.EnforcementCell(1 << len(Protection), True, 3, 9, 9, 2, "x"), None, (0, True)):
        try:
            cells.attributes(cell)
        except ValueError:
            continue
        changed = True
        by.add("invariants")
    changed |= bool(by)
    return Result(what, kind, "equivalent" if not changed else "caught" if by else "missed", tuple(sorted(by)))


@cache
def _probes() -> list[tuple[Recipient, dict[str, Any], Decision]]:
    from policy.cells import attributes

    base = _base(HOME)
    cells = [cell for recipient in Recipient for cell in _cells(HOME, recipient, (0, 1, 2, 8, 33, 128, 255))][::5]
    verdicts = base.decide(cells)
    return [(_recipient(c), attributes(c), v.decision) for c, v in zip(cells, verdicts, strict=True)]


def _nonsense() -> list[tuple[Recipient, dict[str, Any]]]:
    return [
        (Recipient.ENFORCEMENT, {"nationality": "X"}),
        (Recipient.ENFORCEMENT, {"risk": "HIGH"}),
        (Recipient.ENFORCEMENT, {"protections": ["VICTIM"]}),
        (Recipient.ENFORCEMENT, {"evidence": "PROVEN"}),
        (Recipient.ENFORCEMENT, {"accused": 1}),
        (Recipient.ENFORCEMENT, {"accused": "True"}),
        (Recipient.SAFEGUARDING, {"consent": True}),
    ]


# ---- the score --------------------------------------------------------------------------------------------------


def run() -> list[Result]:
    """Makes and judges every mutant. A minute or so."""
    found = [judge(mutant) for mutant in mutants_of_policies()]
    found += [judge_schema(mutant) for mutant in mutants_of_schema()]
    found += [judge_translation(what, source) for what, source in mutants_of_code("translate")]
    found += [judge_code("cells", what, source) for what, source in mutants_of_code("cells")]
    return found


def score(results: list[Result], seconds: float) -> str:
    """The score as a table."""
    lines = ["mutants of       made  refused  changed  caught  missed  equivalent   by"]
    for kind in dict.fromkeys(result.kind for result in results):
        mine = [result for result in results if result.kind == kind]
        counts = Counter(result.outcome for result in mine)
        by = Counter(name for result in mine if result.outcome == "caught" for name in result.by)
        told = ", ".join(f"{name} {count}" for name, count in by.most_common())
        decided = counts["caught"] + counts["missed"]
        lines.append(
            f"{kind:<15} {len(mine):>5} {counts['refused']:>8} {decided:>8} {counts['caught']:>7} {counts['missed']:>7}"
            f" {counts['equivalent']:>11}   {told}"
        )
    total = Counter(result.outcome for result in results)
    lines.append(
        f"{len(results)} mutants in {seconds:.0f} s of CPU: {total['refused']} refused to load,"
        f" {total['caught']} of {total['caught'] + total['missed']} that change a decision caught,"
        f" {total['equivalent']} change none"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    started = time.process_time()
    results = run()
    print(score(results, time.process_time() - started))  # noqa: T201 - run by itself to be read
    for result in results:
        if result.outcome == "missed" or "-v" in sys.argv:
            print(result.outcome, result.kind, result.name, ", ".join(result.by))  # noqa: T201 - as above
