"""From facts to decisions: what follows for each person from everything known, in whatever order it came.

Pure apart from the loading of rows: `effective` and `decide` are functions of columns. A fact never changes once it is
recorded, and every rule here is a union, a maximum or a lookup over all facts, so the outcome cannot depend on arrival
order, duplication or batching. When new facts arrive, the incidents they touch are marked dirty and decided again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, text

from pipelines.contracts.codes import (
    PROTECTIVENESS,
    Caution,
    Consent,
    Decision,
    Evidence,
    Protection,
    Recipient,
    Standing,
)
from pipelines.stores.bulk import chunks, fetched
from pipelines.stores.tables import FACTS
from pipelines.tagging.facts import SIGNAL_DA, SIGNAL_MS
from pipelines.tagging.rules import BIT
from policy.cells import EnforcementCell, Record, Risk, SafeguardingCell
from policy.engine import Engine

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_TEXT_FACTS = ("person_ref", "ties")
_NUMBERS = [
    *(f"m.{name}" for name in FACTS if name not in _TEXT_FACTS),
    "i.top_version",
    "i.signals",
    "i.linked",
    "p.component",
]
_TEXTS = [
    *_TEXT_FACTS,
    "protections",
    "policy_id",
    "run",
    "msg_id",
    "referral_id",
    "enforcement",
    "enforcement_why",
    "enforcement_state",
    "safeguarding",
    "safeguarding_why",
    "safeguarding_state",
    "fired",
]
_COLUMNS = ", ".join([*_NUMBERS, *(f"m.{name}" for name in _TEXTS)])
_QUERY = (
    f"SELECT {_COLUMNS} FROM mention m JOIN incident i ON i.id = m.incident_id"  # noqa: S608 - our own column names
    " JOIN registry_person p ON p.id = m.person_id WHERE {} ORDER BY m.id"
)


class Rows:
    """Mentions of whole incidents, all versions, as columns: integers as arrays, the rest as lists."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        """Takes rows in the order of the columns of `load`."""
        self.count = len(rows)
        names = [*(name.partition(".")[2] for name in _NUMBERS), *_TEXTS]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
        self._columns: dict[str, Any] = {
            name: np.array(column, dtype=np.int64) if place < len(_NUMBERS) else list(column)
            for place, (name, column) in enumerate(zip(names, columns, strict=True))
        }
        self.who = self._group(self.text("person_ref"))

    def __getitem__(self, name: str) -> Ints:
        column: Ints = self._columns[name]
        return column

    def text(self, name: str) -> list[Any]:
        """A column that is not of integers."""
        column: list[Any] = self._columns[name]
        return column

    def only(self, keep: Bools) -> Rows:
        """Some of the rows; `keep` must pick whole incidents."""
        part = object.__new__(Rows)
        places = np.flatnonzero(keep)
        part.count = len(places)
        part._columns = {
            name: column[places] if isinstance(column, np.ndarray) else [column[i] for i in places.tolist()]
            for name, column in self._columns.items()
        }
        part.who = part._group(part.text("person_ref"))
        return part

    def _group(self, refs: list[str]) -> Ints:
        """A number per (incident, person_ref): the same person in all versions of an incident."""
        known: dict[tuple[int, str], int] = {}
        return np.fromiter(
            (known.setdefault(pair, len(known)) for pair in zip(self["incident_id"].tolist(), refs, strict=True)),
            dtype=np.int64,
            count=self.count,
        )

    @property
    def groups(self) -> int:
        """How many (incident, person_ref) there are."""
        return int(self.who.max()) + 1 if self.count else 0

    @property
    def current(self) -> Bools:
        """Rows of the highest version of their incident: the ones that have decisions."""
        mask: Bools = (self["quarantined"] == 0) & (self["version"] == self["top_version"])
        return mask


def load(conn: Connection, condition: str, **values: Any) -> Rows:
    """Loads all mentions of the incidents (`i`) a condition picks."""
    return Rows(list(fetched(conn, text(_QUERY.format(condition)), values)))


def load_incidents(conn: Connection, incident_ids: Iterable[int]) -> Rows:
    """Loads all mentions of some incidents, by id."""
    rows: list[tuple[Any, ...]] = []
    for part in chunks(sorted(set(incident_ids))):
        numbers = ", ".join(str(int(n)) for n in part)
        rows += fetched(conn, text(_QUERY.format(f"i.id IN ({numbers})")))
    return Rows(rows)


# ---- protections within an incident -----------------------------------------------------------------------------


class Replayed(IntEnum):
    """What a replay did to a mention (`mention.replayed`)."""

    NO = 0
    NEWS = 1
    """It says something because of a replay for which it might be released."""
    LIFTED = 2
    """A protection that it gave was taken back by a replay of its record."""


#: Beside protections, what the registry remembers of a person: that a replay lifted one, wherever the person appears.
LIFTED = 1 << 8
_PROTECTIONS = LIFTED - 1


class Effective(msgspec.Struct, frozen=True):
    """What the versions of an incident give each person together, per row: the row's whole group has the same."""

    protections: Ints
    fired: Ints
    """Rule bits that come on top of the row's own."""
    passed_on: Ints
    """What the registry is told of the person: the protections, and whether a replay lifted one."""


def effective(rows: Rows) -> Effective:
    """Unions over versions: protections, and signals of domestic abuse and slavery (spec 6.13)."""
    valid = rows["quarantined"] == 0
    da = (rows["signals"] & SIGNAL_DA) != 0
    ms = (rows["signals"] & SIGNAL_MS) != 0
    row_own = np.where(valid, rows["own"], 0)
    extra = np.where(valid & da, rows["if_da"], 0) | np.where(valid & ms, rows["if_ms"], 0)
    fired = np.zeros(rows.count, dtype=np.int64)
    fired[valid & da & ((rows["if_da"] & ~row_own) != 0)] |= BIT["da|other_version"]
    fired[valid & ms & ((rows["if_ms"] & ~row_own) != 0)] |= BIT["ms|other_version"]
    from_row = (row_own | extra).astype(np.int64)
    for mask, rule in (
        (_unreplaced(rows), "indeterminate|quarantined"),
        (_two_contents(rows), "indeterminate|two_contents"),
    ):
        from_row[mask] |= int(Protection.INDETERMINATE)
        fired[mask] |= BIT[rule]
    from_row[valid & (rows["replayed"] == Replayed.LIFTED)] |= LIFTED
    from_row[_unreplaced(rows, without_replays=True) & ~_unreplaced(rows)] |= LIFTED
    union = np.zeros(rows.groups, dtype=np.int64)
    np.bitwise_or.at(union, rows.who, from_row)
    passed_on = union[rows.who]
    protections = passed_on & _PROTECTIONS
    fired[(protections & ~from_row) != 0] |= BIT["carried|version"]
    return Effective(protections, fired, passed_on)


def _unreplaced(rows: Rows, *, without_replays: bool = False) -> Bools:
    """People of quarantined records for which no valid record of that incident and version has come (spec 6.5).

    Nor was the record itself valid when it was replayed; `without_replays` tells how it would be had nobody replayed it.
    """
    mask: Bools = rows["quarantined"] != 0
    if not mask.any():
        return mask
    replayed = mask & (rows["replayed"] != Replayed.NO)
    valid = ~mask
    if without_replays:
        valid &= ~np.isin(rows["coordinate_id"], rows["coordinate_id"][replayed])
    else:
        mask &= ~replayed
    found = set(zip(rows["incident_id"][valid].tolist(), rows["version"][valid].tolist(), strict=True))
    for i in np.flatnonzero(mask).tolist():
        if (int(rows["incident_id"][i]), int(rows["version"][i])) in found:
            mask[i] = False
    return mask


def _newer_unread(rows: Rows, *, without_replays: bool = False) -> Bools:
    """Rows of incidents of which a version that is, or may be, newer was quarantined: it may have dropped or tied anyone."""
    newer = _unreplaced(rows, without_replays=without_replays) & (
        (rows["version"] > rows["top_version"]) | (rows["version"] == 0)
    )
    found: Bools = np.isin(rows["incident_id"], rows["incident_id"][newer])
    return found


def _two_contents(rows: Rows) -> Bools:
    """The people who differ between two contents that came under one version (spec 6.13)."""
    mask = np.zeros(rows.count, dtype=bool)
    incident, version, record = (rows[name].tolist() for name in ("incident_id", "version", "coordinate_id"))
    valid = (rows["quarantined"] == 0).tolist()
    records: dict[tuple[int, int], set[int]] = defaultdict(set)
    for i in range(rows.count):
        if valid[i]:
            records[incident[i], version[i]].add(record[i])
    repeated = {key for key, found in records.items() if len(found) > 1}
    if not repeated:
        return mask
    contents: dict[tuple[int, int, str], list[tuple[int, int]]] = defaultdict(list)
    refs = rows.text("person_ref")
    for i in range(rows.count):
        if valid[i] and (incident[i], version[i]) in repeated:
            contents[incident[i], version[i], refs[i]].append((i, int(rows["content"][i])))
    for (incident_id, its_version, _ref), found in contents.items():
        differ = len({content for _, content in found}) > 1
        missing = len(found) < len(records[incident_id, its_version])
        if differ or missing:
            mask[[i for i, _ in found]] = True
    return mask


# ---- decisions --------------------------------------------------------------------------------------------------


class Outcome(msgspec.Struct, frozen=True):
    """Decisions on the current rows, in the order of `rows`."""

    rows: Ints
    protections: Ints
    fired: Ints
    enforcement: list[Decision]
    enforcement_why: list[str]
    safeguarding: list[Decision]
    safeguarding_why: list[str]
    errors: int
    cells: int
    kept: frozenset[int]
    """Positions where what a stricter regime said for enforcement still stands."""

    def of(self, recipient: Recipient) -> tuple[list[Decision], list[str]]:
        """The decisions for a recipient, and why."""
        if recipient is Recipient.ENFORCEMENT:
            return self.enforcement, self.enforcement_why
        return self.safeguarding, self.safeguarding_why


def decide(rows: Rows, within: Effective, carried: Ints, engine: Engine, stricter_before: set[int]) -> Outcome:
    """Decides on every current row, once per distinct combination of what matters.

    Args:
        rows: whole incidents.
        within: their `effective` protections.
        carried: per row, what the registry knows of everyone it may be the same person as (its components).
        engine: the policy in force.
        stricter_before: ids of policies under a stricter regime: what they withheld stays withheld (spec 6.20).
    """
    lifted = ((within.passed_on | carried) & LIFTED) != 0
    carried = carried & _PROTECTIONS
    protections = within.protections | carried
    fired = rows["rules"] | within.fired
    fired[(carried & ~within.protections) != 0] |= BIT["carried|person"]
    index = np.flatnonzero(rows.current)
    accused = (rows["standing"] & int(Standing.SUSPECT | Standing.CONVICTED)) != 0
    linked = _linked(rows, protections, accused)
    unread = accused & _newer_unread(rows)
    fired[linked & accused] |= BIT["caution|linked"]
    fired[unread] |= BIT["caution|newer_unread"]
    fired[rows["retracted"] != 0] |= BIT["record|retracted"]

    high = np.zeros(rows.groups, dtype=bool)
    np.logical_or.at(high, rows.who, (rows["high_risk"] != 0) & (rows["quarantined"] == 0))
    high_risk = high[rows.who]
    child = rows["child"] != 0
    referable = (
        ((rows["standing"] & int(Standing.VICTIM)) != 0)
        | ((within.protections & int(Protection.DA_CHILD)) != 0)
        | (child & ((within.protections & int(Protection.MS_VICTIM)) != 0))
    )
    enforcement, enforcement_why, bad_e, cells_e = _for_enforcement(
        rows, engine, index, protections, accused, linked | unread
    )
    if lifted.any() or (rows["replayed"] != Replayed.NO).any():
        as_before = protections | np.where(lifted, int(Protection.INDETERMINATE), 0)
        cautious = _linked(rows, as_before, accused) | (accused & _newer_unread(rows, without_replays=True))
        without, *_ = _for_enforcement(rows, engine, index, as_before, accused, cautious)
        _hold_news(rows, index, without, enforcement, enforcement_why)
    safeguarding, safeguarding_why, bad_s, cells_s = _each_distinct(
        engine,
        index,
        (protections, high_risk, child, rows["consent"], referable, rows["retracted"]),
        lambda p, h, k, c, f, r: SafeguardingCell(
            protections=p,
            risk=Risk.HIGH if h else Risk.NOT_HIGH,
            child=bool(k),
            consent=Consent(c),
            referable=bool(f),
            record=Record.RETRACTED if r else Record.CURRENT,
        ),
    )
    kept = _keep_withheld(rows, index, stricter_before, enforcement, enforcement_why) if stricter_before else ()
    return Outcome(
        rows=index,
        protections=protections[index],
        fired=fired[index],
        enforcement=enforcement,
        enforcement_why=enforcement_why,
        safeguarding=safeguarding,
        safeguarding_why=safeguarding_why,
        errors=bad_e + bad_s,
        cells=cells_e + cells_s,
        kept=frozenset(kept),
    )


def _for_enforcement(
    rows: Rows, engine: Engine, index: Ints, protections: Ints, accused: Bools, linked: Bools
) -> tuple[list[Decision], list[str], int, int]:
    """What the policy says of the current rows for enforcement."""
    caution = rows["caution"].copy()
    caution[linked] = Caution.LINKED
    return _each_distinct(
        engine,
        index,
        (protections, accused, rows["evidence"], caution, rows["ie_consent"], rows["assessed"], rows["retracted"]),
        lambda p, a, e, c, i, s, r: EnforcementCell(
            protections=p,
            accused=bool(a),
            evidence=Evidence(e),
            caution=Caution(c),
            ie_consent=Consent(i),
            assessed=bool(s),
            record=Record.RETRACTED if r else Record.CURRENT,
        ),
    )


#: Why somebody is held whom only a replay would have released.
NEWS_OF_A_REPLAY = "replay_needs_human"


def _hold_news(rows: Rows, index: Ints, without: Sequence[Decision], decisions: list[Decision], why: list[str]) -> None:
    """Holds whom only a replay would release: backfill to enforcement is for named humans (domain 6, threat 26)."""
    news = (rows["replayed"][index] != Replayed.NO).tolist()
    for n, decision in enumerate(decisions):
        if decision is Decision.RELEASE_MINIMISED and (news[n] or without[n] is not Decision.RELEASE_MINIMISED):
            decisions[n], why[n] = Decision.HOLD_FOR_HUMAN, NEWS_OF_A_REPLAY


def _each_distinct(
    engine: Engine, index: Ints, columns: Sequence[Any], make: Any
) -> tuple[list[Decision], list[str], int, int]:
    """One policy decision per distinct combination, joined back to the rows."""
    places: dict[tuple[int, ...], int] = {}
    combinations = zip(*(np.asarray(column)[index].tolist() for column in columns), strict=True)
    back = [places.setdefault(each, len(places)) for each in combinations]
    verdicts = engine.decide([make(*each) for each in places])
    why = [" ".join(verdict.reasons) for verdict in verdicts]
    failed = sum(1 for n in back if verdicts[n].error)
    return [verdicts[n].decision for n in back], [why[n] for n in back], failed, len(verdicts)


def _linked(rows: Rows, protections: Ints, accused: Bools) -> Bools:
    """Counter-allegations in either direction, and ties to a protected or unlisted person (spec 6.16)."""
    linked: Bools = accused & (rows["linked"] != 0)
    ties = rows.text("ties")
    if not any(ties):
        return linked
    current = rows.current
    protected: dict[tuple[int, str], int] = defaultdict(int)
    refs, incidents = rows.text("person_ref"), rows["incident_id"].tolist()
    for i in range(rows.count):
        if current[i]:
            protected[incidents[i], refs[i]] |= int(protections[i])
    tied: dict[int, set[str]] = defaultdict(set)
    for i, found in enumerate(ties):
        if found:
            tied[int(rows.who[i])] |= set(msgspec.json.decode(found))
    for i in np.flatnonzero(current & accused).tolist():
        for ref in tied.get(int(rows.who[i]), ()):
            if ref != refs[i] and protected.get((incidents[i], ref), 1):
                linked[i] = True
    return linked


def _keep_withheld(rows: Rows, index: Ints, stricter: set[int], decisions: list[Decision], why: list[str]) -> list[int]:
    """Puts back what a stricter regime said where it protects more; returns the positions."""
    kept = []
    before, policies = rows.text("enforcement"), rows.text("policy_id")
    reasons = rows.text("enforcement_why")
    for n, i in enumerate(index.tolist()):
        if before[i] is not None and policies[i] in stricter:
            old = Decision(before[i])
            if PROTECTIVENESS[old] > PROTECTIVENESS[decisions[n]]:
                decisions[n], why[n] = old, reasons[i] or "withheld_under_stricter_regime"
                kept.append(n)
    return kept
