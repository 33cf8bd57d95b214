"""The proof of a regime: named invariants over every cell, and agreement of Cedar, the model and the stored table.

Each invariant is one sentence that may be read aloud to somebody who reads no code, and one function that yields the
cells that break it. They say what must hold whatever a regime says; `policy.model` says what each one says.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.contracts.codes import (
    PROTECTIVENESS,
    REFERRED,
    Caution,
    Consent,
    Decision,
    Evidence,
    Protection,
    Recipient,
)
from policy import model
from policy.bundle import Bundle, Metadata
from policy.cells import AXES, Cell, EnforcementCell, Record, Risk, SafeguardingCell, attributes, whole
from policy.engine import Engine
from policy.stored import StoredTable
from policy.table import Table, decisions_of
from policy.translate import ACTIONS, DEFAULT_DENY, POLICY_ERROR, RELEASES, Answer, Verdict, translate

#: How many cells are named when an invariant is broken; the rest are counted.
SHOWN = 5
#: Where section 20 of the Immigration and Asylum Act 1999, which the outgoing message names, is law.
HOME = ("England and Wales", "United Kingdom")
#: Why somebody who is owed help may be without a referral and without a hold, as policies record it.
RECORDED_REASONS = frozenset({"safeguarding_refused"})


class Finding(NamedTuple):
    """One check that failed, and where."""

    check: str
    cells: int
    examples: list[str]

    def __str__(self) -> str:
        shown = "; ".join(self.examples)
        return f"{self.check}: {self.cells:,} cells, for example {shown}" if self.cells else f"{self.check}: {shown}"


class Decided:
    """What a regime decides: every cell, or part of the space, with its verdict."""

    def __init__(self, metadata: Metadata, verdicts: dict[Cell, Verdict]) -> None:
        """Takes the verdicts by cell."""
        self.metadata = metadata
        self.verdicts = verdicts
        self.enforcement = {c: v for c, v in verdicts.items() if isinstance(c, EnforcementCell)}
        self.safeguarding = {c: v for c, v in verdicts.items() if isinstance(c, SafeguardingCell)}

    @classmethod
    def of(cls, metadata: Metadata, table: Table) -> Decided:
        """Everything a table holds."""
        return cls(metadata, {c: v for r in Recipient for c, v in zip(whole(r), table.verdicts[r], strict=True)})

    def less_protective_than(
        self, cells: Iterable[Cell], axis: str, value: Any, other: Any
    ) -> Iterator[tuple[Cell, Verdict]]:
        """Cells with `value` that are decided less protectively than the same cell with `other`."""
        for cell in cells:
            if getattr(cell, axis) == value:
                twin = self.verdicts.get(cell._replace(**{axis: other}))
                verdict = self.verdicts[cell]
                if twin is not None and PROTECTIVENESS[verdict.decision] < PROTECTIVENESS[twin.decision]:
                    yield cell, verdict


Check = Callable[[Decided], Iterator[Cell]]
Translation = Callable[[Recipient, Mapping[str, Answer]], Verdict]
INVARIANTS: dict[str, tuple[str, Check]] = {}


def _invariant(sentence: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        INVARIANTS[check.__name__.removeprefix("_")] = (sentence, check)
        return check

    return register


def released(verdict: Verdict) -> bool:
    """Whether it goes by itself."""
    return verdict.decision in RELEASES.values()


# ---- enforcement ------------------------------------------------------------------------------------------------


@_invariant("nobody with any protection is released to enforcement automatically, whatever they consented to")
def _protected_never_automatic(d: Decided) -> Iterator[Cell]:
    return (c for c, v in d.enforcement.items() if c.protections and released(v))


@_invariant("evidence below OFFENCE never releases")
def _evidence_below_offence_never_releases(d: Decided) -> Iterator[Cell]:
    return (c for c, v in d.enforcement.items() if c.evidence is not Evidence.OFFENCE and released(v))


@_invariant("where nothing is recorded of an immigration offence, nothing is released, held, or asked of anyone")
def _nothing_recorded_is_withheld(d: Decided) -> Iterator[Cell]:
    return (
        c
        for c, v in d.enforcement.items()
        if c.evidence is Evidence.NONE and v.decision is not Decision.WITHHOLD and not v.error
    )


@_invariant("doubt about somebody without a protection is withheld: it is not even put to a human")
def _doubt_alone_is_withheld(d: Decided) -> Iterator[Cell]:
    return (
        c
        for c, v in d.enforcement.items()
        if c.evidence is Evidence.DOUBT and not c.protections and v.decision is not Decision.WITHHOLD
    )


@_invariant("only a suspect or convicted person is released")
def _only_the_accused_are_released(d: Decided) -> Iterator[Cell]:
    return (c for c, v in d.enforcement.items() if not c.accused and released(v))


@_invariant("a suspect who is linked, may be a minor, or cannot be named for certain is never released automatically")
def _caution_never_automatic(d: Decided) -> Iterator[Cell]:
    return (c for c, v in d.enforcement.items() if c.caution is not Caution.NONE and released(v))


@_invariant("what the source has taken back is neither released nor held for release")
def _retracted_is_withheld(d: Decided) -> Iterator[Cell]:
    return (
        c
        for c, v in d.enforcement.items()
        if c.record is Record.RETRACTED and (released(v) or v.decision is Decision.HOLD_FOR_HUMAN)
    )


@_invariant("a further protection never turns anything into a release")
def _more_protection_never_releases_more(d: Decided) -> Iterator[Cell]:
    for cell, verdict in d.enforcement.items():
        if released(verdict):
            for flag in Protection:
                without = d.verdicts.get(cell._replace(protections=cell.protections & ~int(flag)))
                if without is not None and not released(without):
                    yield cell


@_invariant("less evidence never releases or holds what more evidence does not")
def _less_evidence_never_releases_more(d: Decided) -> Iterator[Cell]:
    for less, more in ((Evidence.NONE, Evidence.DOUBT), (Evidence.DOUBT, Evidence.OFFENCE)):
        for cell, verdict in d.less_protective_than(d.enforcement, "evidence", less, more):
            # WITHHOLD_AND_REFER above WITHHOLD is help that doubt owes and its absence does not.
            if released(verdict) or verdict.decision is Decision.HOLD_FOR_HUMAN:
                yield cell


@_invariant("refusing consent to sharing is never decided less protectively than not answering, nor that than consent")
def _refusing_never_releases_more(d: Decided) -> Iterator[Cell]:
    for less, more in ((Consent.REFUSED, Consent.NONE), (Consent.NONE, Consent.GIVEN)):
        yield from (c for c, _ in d.less_protective_than(d.enforcement, "ie_consent", less, more))


@_invariant("a missing individual assessment is never decided less protectively than one on record")
def _missing_assessment_never_releases_more(d: Decided) -> Iterator[Cell]:
    yield from (c for c, _ in d.less_protective_than(d.enforcement, "assessed", False, True))


@_invariant("a caution is never decided less protectively than none")
def _caution_never_releases_more(d: Decided) -> Iterator[Cell]:
    for caution in Caution:
        yield from (c for c, _ in d.less_protective_than(d.enforcement, "caution", caution, Caution.NONE))


@_invariant("a retracted record is never decided less protectively than the same record standing")
def _retraction_never_releases_more(d: Decided) -> Iterator[Cell]:
    yield from (c for c, _ in d.less_protective_than(d.enforcement, "record", Record.RETRACTED, Record.CURRENT))


@_invariant("where the law of the outgoing message's gateway does not apply, nothing is released automatically")
def _abroad_nothing_is_automatic(d: Decided) -> Iterator[Cell]:
    if d.metadata.jurisdiction not in HOME:
        yield from (c for c, v in d.enforcement.items() if released(v))


@_invariant("a suspect who is nothing else, named for certain, with evidence, is released at home and held abroad")
def _suspects_are_served(d: Decided) -> Iterator[Cell]:
    due = Decision.RELEASE_MINIMISED if d.metadata.jurisdiction in HOME else Decision.HOLD_FOR_HUMAN
    for c, v in d.enforcement.items():
        plain = not c.protections and c.accused and c.caution is Caution.NONE and c.record is Record.CURRENT
        if plain and c.evidence is Evidence.OFFENCE and v.decision is not due:
            yield c


@_invariant(
    "WITHHOLD_AND_REFER is for victims of domestic abuse or slavery of whom something is recorded, and for nobody else"
)
def _referral_is_for_those_helped(d: Decided) -> Iterator[Cell]:
    return (
        c
        for c, v in d.enforcement.items()
        if v.decision is Decision.WITHHOLD_AND_REFER
        and (not c.protections & int(REFERRED) or c.evidence is Evidence.NONE)
    )


# ---- safeguarding -----------------------------------------------------------------------------------------------


@_invariant("only victims of domestic abuse or modern slavery, and children of domestic abuse, are referred or held")
def _only_those_helped_are_referred(d: Decided) -> Iterator[Cell]:
    return (
        c
        for c, v in d.safeguarding.items()
        if not c.protections & int(REFERRED) and v.decision is not Decision.WITHHOLD
    )


@_invariant("at high risk, or for a child, the referral goes from a standing record of that person without consent")
def _vital_interests_always_help(d: Decided) -> Iterator[Cell]:
    for c, v in d.safeguarding.items():
        standing = c.referable and c.record is Record.CURRENT and bool(c.protections & int(REFERRED))
        if standing and (c.child or c.risk is Risk.HIGH) and not released(v):
            yield c


@_invariant("an adult below high risk is never referred without consent")
def _no_consent_no_referral(d: Decided) -> Iterator[Cell]:
    return (
        c
        for c, v in d.safeguarding.items()
        if released(v) and not c.child and c.risk is Risk.NOT_HIGH and c.consent is not Consent.GIVEN
    )


@_invariant("an adult below high risk who refuses, or takes consent back, is never referred")
def _refusal_is_kept(d: Decided) -> Iterator[Cell]:
    return (
        c
        for c, v in d.safeguarding.items()
        if released(v) and not c.child and c.risk is Risk.NOT_HIGH and c.consent is Consent.REFUSED
    )


@_invariant("a retracted record, or one in which the person is not the one to help, is never sent by itself")
def _only_standing_records_are_sent(d: Decided) -> Iterator[Cell]:
    return (c for c, v in d.safeguarding.items() if released(v) and (not c.referable or c.record is Record.RETRACTED))


@_invariant("refusing a referral never sends more than not answering, nor that more than consent")
def _refusing_never_refers_more(d: Decided) -> Iterator[Cell]:
    for less, more in ((Consent.REFUSED, Consent.NONE), (Consent.NONE, Consent.GIVEN)):
        yield from (c for c, _ in d.less_protective_than(d.safeguarding, "consent", less, more))


# ---- both -------------------------------------------------------------------------------------------------------


@_invariant("every WITHHOLD_AND_REFER has a referral, a hold, or a recorded reason why not, in every safeguarding cell")
def _withholding_obliges_help(d: Decided) -> Iterator[Cell]:
    unserved: dict[tuple[int, Record], bool] = defaultdict(bool)
    for c, v in d.safeguarding.items():
        if v.decision is Decision.WITHHOLD and not (v.reasons and set(v.reasons) <= RECORDED_REASONS):
            unserved[c.protections, c.record] = True
    for cell, verdict in d.enforcement.items():
        if verdict.decision is Decision.WITHHOLD_AND_REFER and unserved[cell.protections, cell.record]:
            yield cell


@_invariant("every decision has a reason that is a policy of the regime, or says that nothing permits it")
def _every_decision_has_a_reason(d: Decided) -> Iterator[Cell]:
    for c, v in d.verdicts.items():
        unreasoned = not v.reasons or "" in v.reasons
        permitted = v.decision is not Decision.WITHHOLD
        if unreasoned or (permitted and not set(v.reasons).isdisjoint({DEFAULT_DENY, POLICY_ERROR})):
            yield c


@_invariant("the engine answers every cell: none is an error")
def _no_cell_is_an_error(d: Decided) -> Iterator[Cell]:
    return (c for c, v in d.verdicts.items() if v.error or POLICY_ERROR in v.reasons)


# ---- the proof --------------------------------------------------------------------------------------------------


def describe(cell: Cell) -> str:
    """A cell in one line."""
    given = attributes(cell)
    who = "+".join(given.pop("protections")) or "unprotected"
    return " ".join(
        [who, *(f"{axis}={str(value).lower() if value in (True, False) else value}" for axis, value in given.items())]
    )


def broken_invariants(decided: Decided) -> list[Finding]:
    """The invariants that some cell breaks."""
    return [
        finding
        for name, (sentence, check) in INVARIANTS.items()
        if (finding := _finding(f"{name} ({sentence})", list(check(decided)))) is not None
    ]


def disagreement_with_model(decided: Decided) -> Finding | None:
    """Cells that Cedar and the plain-Python model decide differently."""
    regime = decided.metadata.id
    try:
        differ = [c for c, v in decided.verdicts.items() if model.decide(regime, c) is not v.decision]
    except KeyError:
        return Finding("model", 0, [f"`{regime}` has no model in policy/model.py"])
    return _finding("model", differ)


def disagreement_with_stored(table: Table, stored: StoredTable) -> Finding | None:
    """Cells that the stored table decides differently, or a table that was stored for other bytes."""
    differ = [
        cell
        for recipient in Recipient
        for cell, verdict, old in zip(
            whole(recipient), table.verdicts[recipient], decisions_of(stored, recipient), strict=True
        )
        if verdict.decision is not old
    ]
    if not differ and stored.digest != table.digest:
        return Finding("stored table", 0, ["it was written for other bytes; `cordon policy verify --write` renews it"])
    if not differ and stored.by_rule != table.by_rule():
        return Finding("stored table", 0, ["the same decisions, but its summary by rule is another"])
    return _finding("stored table", differ)


def failed_cases(engine: Engine, bundle: Bundle) -> Finding | None:
    """Named cases that come out differently, and policies that no case of the bundle names."""
    wrong = engine.self_test(bundle)
    named = {reason for path in bundle.cases for case in bundle.json(path) for reason in case["reasons"]}
    untried = sorted(set(engine.policies) - named)
    if untried:
        wrong.append(f"no named case shows {', '.join(f'`{name}`' for name in untried)}")
    return Finding("cases", 0, wrong) if wrong else None


def faults_of_translation(translate: Translation = translate) -> list[str]:
    """What Cedar may answer, whole: an error anywhere is WITHHOLD, and nothing is released that was not permitted."""
    wrong = []
    kinds = [
        Answer(allowed, reasons, error)
        for allowed in (True, False)
        for reasons in ((), ("p",))
        for error in (True, False)
    ]
    for recipient, actions in ACTIONS.items():
        for chosen in itertools.product(kinds, repeat=len(actions)):
            answers = dict(zip(actions, chosen, strict=True))
            verdict = translate(recipient, answers)
            errs = any(answer.error for answer in chosen)
            if errs and verdict != Verdict(Decision.WITHHOLD, (POLICY_ERROR,), True):
                wrong.append(f"{recipient.value}: an error is {verdict.decision}")
            if not errs and (released(verdict) and not _releasable(answers)):
                wrong.append(f"{recipient.value}: released what was not permitted, or could not be held")
            if not errs and verdict.error:
                wrong.append(f"{recipient.value}: an error out of nothing")
        for left_out in actions:
            partial = {action: Answer(True, ("p",), False) for action in actions if action != left_out}
            if not translate(recipient, partial).error:
                wrong.append(f"{recipient.value}: a missing answer about `{left_out}` is no error")
    return sorted(set(wrong))


def _releasable(answers: dict[str, Answer]) -> bool:
    refer, hold, release = answers.get("refer"), answers["hold"], answers["release"]
    return release.allowed and not hold.allowed and not hold.reasons and not (refer is not None and refer.allowed)


def faults_of_space(schema: str) -> list[str]:
    """Where the cells are not the product of what the schema lists, each once."""
    wrong = []
    listed = _enumerations(schema)
    if listed.get("Protection") != [flag.name for flag in Protection]:
        wrong.append("the schema's protections are not those of the code lists")
    for recipient, axes in AXES.items():
        size = 1 << len(listed.get("Protection", ()))
        for axis, values in axes.items():
            if values == (False, True):
                size *= 2
                continue
            kind = "Consent" if axis == "ie_consent" else axis.capitalize()
            if sorted(value.name for value in values) != sorted(listed.get(kind, ())):
                wrong.append(f"{recipient.value}: `{axis}` does not have the values the schema lists")
            size *= len(listed.get(kind, ()))
        cells = whole(recipient)
        if len(cells) != size or len(set(cells)) != size:
            wrong.append(f"{recipient.value}: {len(cells):,} cells, where the product has {size:,}")
    return wrong


def _enumerations(schema: str) -> dict[str, list[str]]:
    """The enumerated entity types of a schema, by name."""
    import re

    return {
        match[1]: re.findall(r'"(\w+)"', match[2])
        for match in re.finditer(r"entity\s+(\w+)\s+enum\s+\[([^\]]*)\]", schema)
    }


def prove(engine: Engine, bundle: Bundle, table: Table) -> list[Finding]:
    """Everything that is wrong with a regime whose table was enumerated; nothing if it is proved.

    The stored table is not looked at, because a new one is written only for a regime that passes this.
    """
    decided = Decided.of(engine.metadata, table)
    found: list[Finding | None] = [*broken_invariants(decided)]
    found.append(disagreement_with_model(decided))
    found.append(failed_cases(engine, bundle))
    for check, wrong in (("space", faults_of_space(bundle.schema)), ("translation", faults_of_translation())):
        found.append(Finding(check, 0, wrong[:SHOWN]) if wrong else None)
    return [finding for finding in found if finding is not None]


def _finding(check: str, cells: Sequence[Cell]) -> Finding | None:
    return Finding(check, len(cells), [describe(cell) for cell in cells[:SHOWN]]) if cells else None
