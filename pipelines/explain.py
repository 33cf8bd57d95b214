"""Why each decision about a record was made, in plain words, from receipts, tag rules and policies.

The asker names the incident; nothing here prints anything about a person but categories and rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from pipelines.context import Context
from pipelines.stages.tag import incident_mac, link_mac
from pipelines.stores import audit
from pipelines.stores.tables import coordinate, incident, mention
from pipelines.tagging.rules import RULES

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


class Explanation(NamedTuple):
    """One decision and why."""

    coordinate: str
    person_ref: str
    recipient: str
    decision: str
    at: str
    text: str


def explain(
    ctx: Context, incident_id: str, person_ref: str | None = None, force: str | None = None
) -> list[Explanation]:
    """Explains every decision about an incident, in the order they were made.

    Args:
        ctx: an open context.
        incident_id: as in the records' header.
        person_ref: only this person.
        force: the source force, where the same id is used by several.
    """
    with ctx.db.connect() as conn:
        wanted = set(_coordinates(ctx, conn, incident_id, force))
        return [
            _put(row)
            for receipts, _ in audit.segments(conn)
            for row in _decisions(receipts)
            if row.coordinate in wanted and person_ref in (None, row.person_ref)
        ]


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    op: str
    at: str
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


_decode = msgspec.json.Decoder(_Row).decode


def _decisions(receipts: list[bytes]) -> Iterator[_Row]:
    return (row for row in map(_decode, receipts) if row.op == "decision")


def _coordinates(ctx: Context, conn: Connection, incident_id: str, force: str | None) -> Iterator[str]:
    condition = (
        incident.c.link_mac == link_mac(ctx, incident_id)
        if force is None
        else incident.c.mac == incident_mac(ctx, f"{force}|{incident_id}")
    )
    query = (
        select(coordinate.c.topic, coordinate.c.partition, coordinate.c.offset)
        .join(mention, mention.c.coordinate_id == coordinate.c.id)
        .join(incident, incident.c.id == mention.c.incident_id)
        .where(condition)
        .distinct()
    )
    for topic, partition, offset in conn.execute(query):
        yield f"{topic}[{partition}]@{offset}"


def _put(row: _Row) -> Explanation:
    return Explanation(row.coordinate, row.person_ref, row.recipient, row.decision, row.at, in_words(row))


def in_words(row: _Row) -> str:
    """One decision as a paragraph."""
    who = _listed([_PROTECTED[p] for p in row.protections]) or "protected by nothing"
    because = "; ".join(_meaning(rule) for rule in row.rules) or "no rule fired"
    evidence = {
        "NONE": "There is no evidence of an immigration offence.",
        "DOUBT": "About immigration status there is concern or doubt, not evidence.",
        "OFFENCE": "There is supported evidence of an immigration offence.",
    }[row.evidence]
    return (
        f"{row.coordinate} {row.person_ref}, {row.recipient}: {row.decision}: {_DECIDED[row.decision]}.\n"
        f"  The person is {who}. {evidence}\n"
        f"  Tag rules: {because}.\n"
        f"  Policies: {', '.join(row.reasons)} under {row.regime} ({row.policy_digest[:12]}), decided {row.at}."
    )


def _meaning(rule: str) -> str:
    known = RULES.get(rule)
    return f"{rule} ({known.meaning.rstrip('.')})" if known else rule


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def three_examples(ctx: Context) -> list[Explanation]:
    """Three decisions worth reading, newest of each kind: withheld with an offer of help, held, and released."""
    found: dict[str, Explanation] = {}
    with ctx.db.connect() as conn:
        for receipts, _ in audit.segments(conn):
            for row in _decisions(receipts):
                if row.recipient == "enforcement" and row.decision in _EXAMPLES:
                    found[row.decision] = _put(row)
    return [found[kind] for kind in _EXAMPLES if kind in found]


_EXAMPLES = ("WITHHOLD_AND_REFER", "HOLD_FOR_HUMAN", "RELEASE_MINIMISED")
