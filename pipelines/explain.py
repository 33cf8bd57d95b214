"""Why each decision about a record was made, in plain words, from receipts, tag rules and policies.

The asker names the incident; nothing here prints anything about a person but categories and rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, select

from expectations.suites import SUITES, suite
from pipelines.approvals import APPROVED, REFUSED
from pipelines.batches import Coordinate
from pipelines.context import Context
from pipelines.resolve import NEWS_OF_A_REPLAY
from pipelines.review import REASONS
from pipelines.stages.tag import incident_mac, link_mac
from pipelines.stores import audit
from pipelines.stores.bulk import chunks
from pipelines.stores.tables import coordinate, incident, mention
from pipelines.tagging.rules import RULES
from policy.bundle import Bundle, Policy
from policy.errors import PolicyError

_PROTECTED = {
    "DA_VICTIM": "a victim of domestic abuse",
    "DA_CHILD": "a child in a domestic abuse incident",
    "MS_VICTIM": "a victim of modern slavery",
    "OTHER_VICTIM": "a victim",
    "POSSIBLE_VICTIM": "possibly a victim",
    "WITNESS": "a witness",
    "REPORTER": "someone who reported",
    "INDETERMINATE": "not clearly readable, and so protected",
}
_DECIDED = {
    "RELEASE_MINIMISED": "may go, minimised, after the embargo",
    "RELEASE": "goes to the safeguarding partner",
    "HOLD_FOR_HUMAN": "waits for a named human",
    "WITHHOLD": "does not go",
    "WITHHOLD_AND_REFER": "does not go; the person is offered help instead",
}


#: Reasons that are not policies of a regime, and rules that quarantine outside the gates' suites.
_OTHER_REASONS = {
    "default_deny": "no policy permits anything here",
    "policy_error": "the policy engine could not answer, so nothing may go",
    APPROVED: "as many different named people approved it as the regime asks for",
    REFUSED: "a named person refused it",
    NEWS_OF_A_REPLAY: "only a replay would release it, and what a replay would release is for named humans",
    "withheld_under_stricter_regime": "a stricter regime withheld it, and what was withheld stays withheld",
    "land|size": "the record is over 1 MiB",
    "land|blank": "the line is blank",
    "land|strict_json": "the record is not strict JSON",
    "land|object": "the record is not a JSON object",
    "land|duplicate_keys": "a key stands twice in one object",
    "land|depth": "the record is nested more than 32 deep",
    "land|schema_version": "the record has no schema version that is known",
    "header|shape": "the header is not of its shape",
    "header|schema_version": "the schema version is not 1.0",
    "header|missing": "a required field of the header is missing or mistyped",
    "header|version": "the version is no whole number from 1",
    "header|change_type": "the change type is on no list",
    "header|timestamp_zone": "a timestamp has no zone, or is none",
    "header|recorded_before_event": "it was recorded more than a day before the event",
    "persons|shape": "the persons are not a list of objects",
    "persons|ref": "a person has no reference",
    "persons|too_many": "there are more than 200 persons",
    "persons|repeated_ref": "two persons have one reference",
    "persons|roles": "the roles of a person are missing, empty or no list",
    "relations|person_not_there": "a relation names a person who is not in the record",
}
_GUARD = "the independent guard found in what was about to leave something that must not"
_STATES = {
    "released": "was sent",
    "withheld": "is withheld",
    "held": "waits for a named human",
    "pending": "waits to be sent",
    "withdrawn": "was sent, and has been withdrawn",
    "superseded": "is superseded by a newer version, and was never sent",
    "quarantined": "is quarantined",
}


class Explanation(NamedTuple):
    """One decision and why; with QUARANTINED, why there is none; with APPROVED or REFUSED, what a named person said; REPLAYED."""

    coordinate: str
    person_ref: str
    recipient: str
    decision: str
    at: str
    text: str
    state: str
    """Where it stands now for that recipient; empty for a decision that a later one replaced."""
    policies: list[dict[str, str]]
    """`id`, `why` and `source` of each policy or other reason that decided."""
    rules: list[dict[str, str]]
    """`id`, `meaning` and `source` of each tag rule that fired."""


def explain(
    ctx: Context, incident_id: str, person_ref: str | None = None, force: str | None = None
) -> list[Explanation]:
    """Explains every decision about an incident, in the order they were made, and what of it is quarantined.

    Args:
        ctx: an open context.
        incident_id: as in the records' header; or a coordinate, which is all there is of a record nobody could read.
        person_ref: only this person.
        force: the source force, where the same id is used by several.
    """
    with ctx.db.connect() as conn:
        wanted = {place.name: place for place in _places(ctx, conn, incident_id, force)}
        rows = [
            row
            for receipts, _ in audit.segments(conn)
            for row in _told(receipts)
            if row.coordinate in wanted and (person_ref in (None, row.person_ref) or row.op == "replay")
        ]
        states = _states(conn, [place.id for place in wanted.values()])
    last = {
        (row.coordinate, row.person_ref, row.recipient): place for place, row in enumerate(rows) if row.op == "decision"
    }
    found = [_quarantined(place) for place in wanted.values() if place.rules and _concerns(place, person_ref, states)]
    for n, row in enumerate(rows):
        if row.op == "replay":
            found.append(_replayed(row))
            continue
        if row.op in _SAID:
            found.append(_said(row))
            continue
        key = row.coordinate, row.person_ref, row.recipient
        standing = states.get((wanted[row.coordinate].id, row.person_ref, row.recipient)) if last[key] == n else None
        found.append(_put(row, standing))
    return found


class _Place(NamedTuple):
    id: int
    name: str
    stage: str
    rules: list[str]
    at: str


class _Standing(NamedTuple):
    state: str
    message: str


def _places(ctx: Context, conn: Connection, incident_id: str, force: str | None) -> Iterator[_Place]:
    c = coordinate.c
    query = select(c.id, c.topic, c.partition, c.offset, c.stage, c.rules, c.quarantined_at).order_by(c.id)
    where = Coordinate.read(incident_id)
    if where is not None:
        query = query.where(c.topic == where.topic, c.partition == where.partition, c.offset == where.offset)
    else:
        of_it = select(mention.c.coordinate_id).join(incident, incident.c.id == mention.c.incident_id)
        query = query.where(c.id.in_(of_it.where(_incident(ctx, incident_id, force))))
    for identifier, topic, partition, offset, stage, rules, at in conn.execute(query):
        yield _Place(
            identifier, str(Coordinate(topic, partition, offset)), stage or "", (rules or "").split(), at or ""
        )


def _incident(ctx: Context, incident_id: str, force: str | None) -> ColumnElement[bool]:
    if force is None:
        return incident.c.link_mac == link_mac(ctx, incident_id)
    return incident.c.mac == incident_mac(ctx, f"{force}|{incident_id}")


def _states(conn: Connection, ids: Sequence[int]) -> dict[tuple[int, str, str], _Standing]:
    m = mention.c
    columns = m.coordinate_id, m.person_ref, m.enforcement_state, m.safeguarding_state, m.msg_id, m.referral_id
    found = {}
    for part in chunks(ids):
        for place, ref, enforcement, safeguarding, msg_id, referral_id in conn.execute(
            select(*columns).where(m.coordinate_id.in_(part))
        ):
            found[place, ref, "enforcement"] = _Standing(enforcement or "", msg_id or "")
            found[place, ref, "safeguarding"] = _Standing(safeguarding or "", referral_id or "")
    return found


def _concerns(place: _Place, person_ref: str | None, states: dict[tuple[int, str, str], _Standing]) -> bool:
    return person_ref is None or (place.id, person_ref, "enforcement") in states


def _quarantined(place: _Place) -> Explanation:
    reasons = [_reason(rule, {}) for rule in place.rules]
    told = "".join(f"\n    {reason['id']}: {reason['why']}" for reason in reasons)
    text = (
        f"{place.name}: QUARANTINED at {place.stage}: nothing of it was decided or sent.\n"
        f"  Everyone who could be read in it is protected until a sound record of that version comes.\n"
        f"  Because, at {place.at}:{told}"
    )
    return Explanation(place.name, "", "", "QUARANTINED", place.at, text, "quarantined", reasons, [])


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    op: str
    at: str
    actor: str = ""
    coordinate: str = ""
    person_ref: str = ""
    recipient: str = ""
    decision: str = ""
    protections: list[str] = []
    evidence: str = ""
    reasons: list[str] = []
    rules: list[str] = []
    regime: str = ""
    policy_digest: str = ""
    review_id: str = ""
    reason_code: str = ""
    approvals: int = 0
    needed: int = 0
    fate: str = ""


_decode = msgspec.json.Decoder(_Row).decode


#: What named people say of holds, by the op of its receipt.
_SAID = {"approval": "APPROVED", "refusal": "REFUSED"}
_FATES = {
    "left_quarantine": "It is valid by the rules of that day, and left quarantine.",
    "still_quarantined": "It is still quarantined, by the rules of that day.",
    "changed": "What it says was made anew by the rules of that day.",
    "failed_todays_rules": "The rules of that day would not let it pass, so everyone in it is protected.",
}


def _told(receipts: list[bytes]) -> Iterator[_Row]:
    return (row for row in map(_decode, receipts) if row.op in ("decision", "replay") or row.op in _SAID)


def _decisions(receipts: list[bytes]) -> Iterator[_Row]:
    return (row for row in map(_decode, receipts) if row.op == "decision")


def _replayed(row: _Row) -> Explanation:
    """What became of a record when it was replayed."""
    reasons = [_reason(rule, {}) for rule in row.rules]
    told = "".join(f"\n    {reason['id']}: {reason['why']}" for reason in reasons)
    text = f"{row.coordinate}: REPLAYED, {row.at}.\n  {_FATES.get(row.fate, row.fate)}{told}"
    return Explanation(row.coordinate, "", "", "REPLAYED", row.at, text, "", reasons, [])


def _said(row: _Row) -> Explanation:
    """What a named person said of a hold."""
    known = REASONS.get(row.reason_code)
    meaning = known.meaning if known is not None else "no longer a reason of today"
    so_far = f"  That made {row.approvals} of {row.needed} approvals.\n" if row.op == "approval" else ""
    text = (
        f"{row.coordinate} {row.person_ref}, {row.recipient}: {_SAID[row.op]} by {row.actor.removeprefix('person:')},"
        f" {row.at}.\n{so_far}"
        f"  It counts for exactly what was held then, {row.review_id}, and for nothing else.\n"
        f"  {row.reason_code}: {meaning}."
    )
    policies = [{"id": row.reason_code, "why": meaning, "source": row.actor}]
    return Explanation(row.coordinate, row.person_ref, row.recipient, _SAID[row.op], row.at, text, "", policies, [])


def _put(row: _Row, standing: _Standing | None = None) -> Explanation:
    policies = [_reason(reason, _policies(row.regime)) for reason in row.reasons]
    rules = [_rule(rule) for rule in row.rules]
    state = standing.state if standing is not None else ""
    text = _in_words(row, policies, rules, standing)
    return Explanation(
        row.coordinate, row.person_ref, row.recipient, row.decision, row.at, text, state, policies, rules
    )


def _in_words(
    row: _Row, policies: list[dict[str, str]], rules: list[dict[str, str]], standing: _Standing | None
) -> str:
    """One decision as a paragraph."""
    who = _listed([_PROTECTED[p] for p in row.protections]) or "protected by nothing"
    evidence = {
        "NONE": "There is no evidence of an immigration offence.",
        "DOUBT": "About immigration status there is concern or doubt, not evidence.",
        "OFFENCE": "There is supported evidence of an immigration offence.",
    }[row.evidence]
    out = [
        f"{row.coordinate} {row.person_ref}, {row.recipient}: {row.decision}: {_DECIDED[row.decision]}.",
        f"  The person is {who}. {evidence}",
        "  Tag rules:",
        *(f"    {rule['id']}: {rule['meaning']} [{rule['source']}]" for rule in rules),
        f"  Policies of {row.regime} ({row.policy_digest[:12]}), decided {row.at}:",
        *(f"    {policy['id']}: {policy['why']} [{policy['source']}]" for policy in policies),
    ]
    if row.policy_digest != _digest(row.regime):
        out.append("  The policies have changed since: their words are those of today.")
    if standing is not None and standing.state:
        message = f", as message {standing.message}" if standing.message and standing.state in _SENT else ""
        out.append(f"  Now: it {_STATES.get(standing.state, standing.state)}{message}.")
    return "\n".join(out)


_SENT = ("released", "withdrawn")


@cache
def _policies(regime: str) -> dict[str, Policy]:
    try:
        return Bundle.read(regime).policies
    except PolicyError:
        return {}


@cache
def _digest(regime: str) -> str:
    try:
        return Bundle.read(regime).digest
    except PolicyError:
        return ""


def _reason(reason: str, policies: dict[str, Policy]) -> dict[str, str]:
    known = policies.get(reason)
    if known is not None:
        return {"id": reason, "why": known.why, "source": known.source}
    why = _OTHER_REASONS.get(reason) or _gate_rules().get(reason)
    if why is None:
        why = _GUARD if reason.startswith(("guard|", "residue.")) else "no longer a rule of today"
    return {"id": reason, "why": why.rstrip("."), "source": "fail closed"}


@cache
def _gate_rules() -> dict[str, str]:
    return {rule.id: rule.meaning for name in SUITES for rule in suite(name).rules}


def _rule(rule: str) -> dict[str, str]:
    known = RULES.get(rule)
    if known is None:
        return {"id": rule, "meaning": "no longer a rule of today", "source": ""}
    return {"id": rule, "meaning": known.meaning.rstrip("."), "source": known.source}


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def three_examples(ctx: Context) -> list[Explanation]:
    """Three decisions worth reading, of different kinds, each the one with the fewest rules of its kind."""
    found: dict[tuple[str, str], _Row] = {}
    with ctx.db.connect() as conn:
        for receipts, _ in audit.segments(conn):
            for row in _decisions(receipts):
                kind = (row.recipient, row.decision)
                if kind in _EXAMPLES and (kind not in found or len(row.rules) < len(found[kind].rules)):
                    found[kind] = row
    return [_put(found[kind]) for kind in _EXAMPLES if kind in found][:3]


#: Kinds of decision by how much they show.
_EXAMPLES = (
    ("enforcement", "WITHHOLD_AND_REFER"),
    ("enforcement", "HOLD_FOR_HUMAN"),
    ("enforcement", "RELEASE_MINIMISED"),
    ("safeguarding", "RELEASE"),
    ("safeguarding", "HOLD_FOR_HUMAN"),
    ("enforcement", "WITHHOLD"),
)
