"""The engine: asks Cedar about cells, and answers WITHHOLD whenever anything at all is wrong.

Pure after `load`: no files, no clock, no network. Its bytes are part of every bundle's digest.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.contracts.codes import Decision, Recipient
from policy.bundle import PACKAGE, Bundle, Metadata, Policy
from policy.cells import Cell, attributes, cell_of, recipient_of
from policy.errors import PolicyError
from policy.stored import StoredTable
from policy.translate import ACTIONS, FAILED, Answer, Verdict, translate

__all__ = ["Engine", "Verdict"]

_PRINCIPALS = {
    Recipient.ENFORCEMENT: {"type": "Enforcement::Recipient", "id": "immigration_enforcement"},
    Recipient.SAFEGUARDING: {"type": "Safeguarding::Recipient", "id": "safeguarding_partner"},
}
_NAMESPACES = {Recipient.ENFORCEMENT: "Enforcement", Recipient.SAFEGUARDING: "Safeguarding"}
#: Which enumerated type of the schema an axis is of.
_TYPES = {
    "evidence": "Evidence",
    "caution": "Caution",
    "ie_consent": "Consent",
    "consent": "Consent",
    "record": "Record",
    "risk": "Risk",
}
_ALL_ACTIONS = tuple(
    f"{_NAMESPACES[recipient]}::{action}" for recipient, actions in ACTIONS.items() for action in actions
)
#: Cells asked about in one go: bounds the memory that questions and answers take.
_BATCH = 2048


class Engine:
    """One regime, loaded, proved and ready to decide. Safe to use from several threads."""

    def __init__(self, bundle: Bundle, stored: StoredTable | None = None) -> None:
        """Parses and validates a bundle. Use `load` unless the bundle is on trial.

        Args:
            bundle: the regime's files.
            stored: the proved table; where Cedar disagrees with it the verdict is an error.

        Raises:
            PolicyError: if policies or schema do not parse, or the policies do not fit the schema.
        """
        import cedarpy

        self.metadata: Metadata = bundle.metadata
        self.regime: str = bundle.regime
        self.digest: str = bundle.digest
        self.policies: dict[str, Policy] = bundle.policies
        self._schema_text = bundle.schema
        self._stored = stored
        self._cache: dict[Cell, Verdict] = {}
        #: One object per distinct verdict: there are some seventy, and whole tables of them.
        self._distinct: dict[Verdict, Verdict] = {}
        self._lock = threading.Lock()
        try:
            self._schema = cedarpy.Schema.from_str(bundle.schema)
            parsed = json.loads(cedarpy.policies_to_json_str(bundle.policy_text))
            self._policies = {action: _only(action, bundle, parsed) for action in _ALL_ACTIONS}
        except ValueError as error:
            raise PolicyError(f"the bundle of `{bundle.regime}` does not parse: {error}") from None
        result = cedarpy.validate_policies(bundle.policy_text, self._schema)
        if not result.validation_passed:
            detail = "; ".join(error.error for error in result.errors)
            raise PolicyError(f"the policies of `{bundle.regime}` do not fit the schema: {detail}")

    @classmethod
    def load(cls, regime_id: str, allow_replay_only: bool = False, folder: Path = PACKAGE) -> Engine:
        """Loads a regime and tests it: structure, schema, named cases, stored table.

        Args:
            regime_id: the name of a folder in `policy/regimes`.
            allow_replay_only: whether a regime that is kept only to replay the past may be loaded.
            folder: the policy folder; the package's own unless one is on trial.

        Raises:
            PolicyError: if there is no such regime, it is for replay only, its bundle is broken, a named case comes
                out differently, or the stored table was proved for other bytes.
        """
        bundle = Bundle.read(regime_id, folder)
        if bundle.metadata.replay_only and not allow_replay_only:
            raise PolicyError(f"the regime `{regime_id}` is kept for replay only")
        stored = StoredTable.read(bundle)
        if stored.digest != bundle.digest:
            raise PolicyError(
                f"the policies of `{regime_id}` changed since its table was proved: run `cordon policy verify --write`"
                " and read what it newly releases"
            )
        engine = cls(bundle, stored)
        failures = engine.self_test(bundle)
        if failures:
            raise PolicyError(f"the regime `{regime_id}` fails its own cases: {'; '.join(failures)}")
        return engine

    def approvals_needed(self, recipient: Recipient) -> int | None:
        """How many different named people release what is held for a recipient; None if nobody can."""
        return approvals_needed(self.metadata, self._stored is not None and self._stored.releases(recipient), recipient)

    def decide(self, cells: Sequence[Cell]) -> list[Verdict]:
        """Decides on each cell; Cedar is asked once per distinct cell in the life of the engine.

        Never raises for a cell: one that is on no list, or that Cedar cannot answer, is WITHHOLD with the reason
        `policy_error` and `error` set.
        """
        with self._lock:
            fresh = [cell for cell in dict.fromkeys(cells) if cell not in self._cache]
            failed: dict[Cell, Verdict] = {}
            for recipient in Recipient:
                mine = [cell for cell in fresh if recipient_of(cell) is recipient]
                for start in range(0, len(mine), _BATCH):
                    for cell, verdict in self._ask(recipient, mine[start : start + _BATCH]).items():
                        # A failure may pass, so it is never remembered as an answer.
                        (failed if verdict.error else self._cache)[cell] = verdict
            return [failed.get(cell) or self._cache[cell] for cell in cells]

    def answers(self, cell: Cell) -> dict[str, Answer]:
        """Cedar's own answer about each action, for explaining: `decide` is what counts.

        Raises:
            PolicyError: if Cedar cannot answer.
        """
        try:
            return self._answers(recipient_of(cell), [cell])[0]
        except Exception:
            # Its text may hold anything, as below.
            raise PolicyError("Cedar cannot answer about this case") from None

    def _ask(self, recipient: Recipient, cells: Sequence[Cell]) -> dict[Cell, Verdict]:
        try:
            answers = self._answers(recipient, cells)
        except Exception:
            # Whatever broke, its text may hold anything: it is dropped. One bad cell must not fail its neighbours.
            if len(cells) == 1:
                return {cells[0]: FAILED}
            return {cell: verdict for one in cells for cell, verdict in self._ask(recipient, [one]).items()}
        out = {}
        for cell, answer in zip(cells, answers, strict=True):
            verdict = translate(recipient, answer)
            verdict = self._distinct.setdefault(verdict, verdict)
            if self._stored is not None and self._stored.decision(cell) is not verdict.decision:
                verdict = FAILED
            out[cell] = verdict
        return out

    def _answers(self, recipient: Recipient, cells: Sequence[Cell]) -> list[dict[str, Answer]]:
        import cedarpy

        namespace = _NAMESPACES[recipient]
        entities = _entities(self._schema_text, namespace, tuple(cells))
        out: list[dict[str, Answer]] = [{} for _ in cells]
        # Names as mappings, not as text to parse: twice as fast.
        resources = [{"type": f"{namespace}::Case", "id": str(place)} for place in range(len(cells))]
        for action in ACTIONS[recipient]:
            asked = {"type": f"{namespace}::Action", "id": action}
            requests = [
                {"principal": _PRINCIPALS[recipient], "action": asked, "resource": resource} for resource in resources
            ]
            policies = self._policies[f"{namespace}::{action}"]
            results = cedarpy.is_authorized_batch(requests, policies, entities, self._schema)
            for answers, result in zip(out, results, strict=True):
                answers[action] = self._read(result)
        return out

    def _read(self, result: Any) -> Answer:
        diagnostics = result.diagnostics
        names = diagnostics.id_annotations_by_reason
        reasons = tuple(sorted(names.get(reason, "") for reason in diagnostics.reasons))
        decision = result.decision.value
        broken = bool(diagnostics.errors) or decision not in ("Allow", "Deny") or not set(reasons) <= set(self.policies)
        return Answer(allowed=decision == "Allow" and not broken, reasons=reasons, error=broken)

    def self_test(self, bundle: Bundle) -> list[str]:
        """Decides the named cases of a bundle and returns what came out differently, by name.

        Raises:
            PolicyError: if a case file cannot be read.
        """
        cases = [case for path in bundle.cases for case in read_cases(path, bundle.json(path))]
        verdicts = self.decide([case[1] for case in cases])
        return [
            f"`{name}` is {verdict.decision} by {', '.join(verdict.reasons)}"
            for (name, _, decision, reasons), verdict in zip(cases, verdicts, strict=True)
            if verdict.decision is not decision or verdict.reasons != reasons
        ]


#: Where a regime does not say how many named people it takes.
_APPROVALS = 2


def approvals_needed(metadata: Metadata, releases: bool, recipient: Recipient) -> int | None:
    """How many different named people release what is held for a recipient; None if nobody can.

    Nobody can where the regime itself `releases` to that recipient in no cell: no message of today could say on what
    ground. Nor under one that is kept for replay.
    """
    if metadata.replay_only or not releases:
        return None
    return metadata.approvals.get(recipient, _APPROVALS)


def read_cases(path: str, raw: Iterable[Mapping[str, Any]]) -> list[tuple[str, Cell, Decision, tuple[str, ...]]]:
    """Named cases: (name, cell, decision, reasons) of each.

    Raises:
        PolicyError: if one is not of that shape.
    """
    try:
        return [
            (
                str(case["name"]),
                cell_of(Recipient(case["recipient"]), case["cell"]),
                Decision(case["decision"]),
                tuple(sorted(case["reasons"])),
            )
            for case in raw
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyError(f"a case in `{path}` cannot be read: {error}") from None


def _only(action: str, bundle: Bundle, parsed: Mapping[str, Any]) -> Any:
    """The policies of a bundle whose scope names one action: no other can answer about it, and fewer are faster."""
    import cedarpy

    statics = {
        key: policy
        for key, policy in parsed["staticPolicies"].items()
        if action in bundle.policies[policy["annotations"]["id"]].actions
    }
    return cedarpy.PolicySet.from_json_str(json.dumps({**parsed, "staticPolicies": statics}))


@lru_cache(maxsize=4)
def _entities(schema: str, namespace: str, cells: tuple[Cell, ...]) -> Any:
    """Cells as Cedar entities, checked against the schema; the last few are kept for regimes enumerated side by side.

    Raises:
        ValueError: if a cell is on no list, or the schema does not know what it holds.
    """
    import cedarpy

    entities = json.dumps([_entity(namespace, place, cell) for place, cell in enumerate(cells)])
    return cedarpy.Entities.from_json_str(entities, schema)


def _entity(namespace: str, place: int, cell: Cell) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for axis, value in attributes(cell).items():
        if axis == "protections":
            values[axis] = [{"__entity": {"type": "Protection", "id": name}} for name in value]
        elif isinstance(value, bool):
            values[axis] = value
        else:
            values[axis] = {"__entity": {"type": _TYPES[axis], "id": value}}
    return {"uid": {"type": f"{namespace}::Case", "id": str(place)}, "attrs": values, "parents": []}
