"""What named people said of holds, and what follows: a hold that enough of them approved is released, one refused is withheld.

What is said counts for one exact state of things, a keyed digest of all that the hold was decided from. When any of it
changes, it no longer counts and the person is held again. Nothing here lowers a protection or touches the registry
(domain 3.2, spec 3.3 rule 2).
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, select

from pipelines.context import Context
from pipelines.contracts.codes import Decision, Evidence, Recipient
from pipelines.resolve import Outcome, Rows
from pipelines.stores import ledger
from pipelines.stores.bulk import chunks
from pipelines.stores.tables import coordinate, incident, mention, registry_person, review
from pipelines.tagging.rules import BIT

#: Reasons of a decision beside the policies that held: enough named people approved, or one refused.
APPROVED, REFUSED = "human_approved", "human_refused"
_RELEASE = {Recipient.ENFORCEMENT: Decision.RELEASE_MINIMISED, Recipient.SAFEGUARDING: Decision.RELEASE}


class Verdict(StrEnum):
    """What somebody said of a hold."""

    APPROVE = "approve"
    REFUSE = "refuse"


class Said(NamedTuple):
    """What one named person said of one state of a hold."""

    verdict: Verdict
    person: str
    state: bytes


def heed(ctx: Context, conn: Connection, rows: Rows, outcome: Outcome) -> None:
    """Turns holds of an outcome into what enough named people said of exactly them."""
    said = said_of(conn, rows["id"][outcome.rows].tolist())
    if not said:
        return
    ids = rows["id"].tolist()
    spoken_of = [n for n, i in enumerate(outcome.rows.tolist()) if any((ids[i], r) in said for r in Recipient)]
    states = States(ctx, conn, rows, outcome, spoken_of)
    for n in spoken_of:
        for recipient in Recipient:
            words = said.get((ids[outcome.rows[n]], recipient), ())
            decisions, why = outcome.of(recipient)
            if not words or decisions[n] is not Decision.HOLD_FOR_HUMAN:
                continue
            state = states.of(n, recipient)
            if refused(words, state):
                decisions[n], why[n] = Decision.WITHHOLD, f"{why[n]} {REFUSED}"
            elif obstacle(ctx, outcome, rows, n, recipient) is None and enough(ctx, recipient, words, state):
                decisions[n], why[n] = _RELEASE[recipient], f"{why[n]} {APPROVED}"


def approvers(words: Iterable[Said], state: bytes) -> set[str]:
    """The different people who approved this state."""
    return {word.person for word in words if word.verdict is Verdict.APPROVE and word.state == state}


def refused(words: Iterable[Said], state: bytes) -> bool:
    """Whether anybody refused this state: one is enough, and it wins."""
    return any(word.verdict is Verdict.REFUSE and word.state == state for word in words)


def enough(ctx: Context, recipient: Recipient, words: Iterable[Said], state: bytes) -> bool:
    """Whether as many different people approved this state as the regime asks for."""
    needed = ctx.policy.approvals_needed(recipient)
    return needed is not None and len(approvers(words, state)) >= needed


def obstacle(ctx: Context, outcome: Outcome, rows: Rows, n: int, recipient: Recipient) -> str | None:
    """Why nobody can approve a hold, whoever they are: no message could be built, or the regime has no ground for one."""
    if ctx.policy.approvals_needed(recipient) is None:
        return f"the regime `{ctx.policy.regime}` releases nobody to {recipient}, and so nobody can approve it"
    if recipient is Recipient.ENFORCEMENT:
        if n in outcome.kept:
            return "a stricter regime said so, and what that withheld stays withheld"
        if rows["evidence"][outcome.rows[n]] != Evidence.OFFENCE:
            return "there is no supported evidence of an offence: the source must record it first"
        if outcome.fired[n] & BIT["caution|identity"]:
            return "name or date of birth is not fit to be released: the source must correct the record"
    return None


def said_of(conn: Connection, mention_ids: Sequence[int]) -> dict[tuple[int, Recipient], list[Said]]:
    """All that was said of some mentions, in order, by mention and recipient."""
    # Few are ever spoken of, so the few are looked for among the many and not the other way round.
    spoken = {i for (i,) in conn.execute(select(review.c.mention_id).distinct())}
    found: dict[tuple[int, Recipient], list[Said]] = defaultdict(list)
    for part in chunks(sorted(spoken.intersection(mention_ids))):
        r = review.c
        query = select(r.mention_id, r.recipient, r.verdict, r.person, r.state).where(r.mention_id.in_(part))
        for mention_id, recipient, verdict, person, state in conn.execute(query.order_by(r.act)):
            found[mention_id, Recipient(recipient)].append(Said(Verdict(verdict), person, bytes(state)))
    return found


# ---- the state of a hold ----------------------------------------------------------------------------------------

#: What a record says of a person that a reviewer relies on, beside what follows from it.
_FACTS = ("standing", "evidence", "caution", "child", "high_risk", "assessed", "consent", "ie_consent", "retracted")


class States:
    """Digests of exactly what is held: facts, protections and what they rest on, rules, policies, the record's bytes.

    Nothing in them depends on the order in which records came, or on how often one came.
    """

    def __init__(self, ctx: Context, conn: Connection, rows: Rows, outcome: Outcome, wanted: Sequence[int]) -> None:
        """`wanted` are the positions in the outcome, which is as the policy left it, that will be asked for."""
        self._ctx, self._rows, self._outcome = ctx, rows, outcome
        places = outcome.rows[list(wanted)]
        self._records = ledger.digests(conn, set(rows["coordinate_id"][places].tolist()))
        self._protecting = _protecting(conn, rows["component"][places].tolist())

    def of(self, n: int, recipient: Recipient) -> bytes:
        """The state of one hold for a recipient, as long as its decision is the policy's."""
        rows, i = self._rows, int(self._outcome.rows[n])
        told = (
            recipient,
            self._records[int(rows["coordinate_id"][i])].hex(),
            rows.text("person_ref")[i],
            [int(rows[name][i]) for name in _FACTS],
            int(self._outcome.protections[n]),
            int(self._outcome.fired[n]),
            self._protecting[int(rows["component"][i])],
            self._outcome.of(recipient)[1][n],
            self._ctx.policy.digest,
        )
        return hmac.digest(self._ctx.keys.reference, b"hold|" + msgspec.json.encode(told), "sha256")[:16]


def _protecting(conn: Connection, components: Iterable[int]) -> dict[int, list[Any]]:
    """By component, what protects its people wherever they are named: a new sign is news, whatever it adds to the union."""
    m, p, i, c = mention.c, registry_person.c, incident.c, coordinate.c
    found: dict[int, set[tuple[Any, ...]]] = {component: set() for component in components}
    for part in chunks(sorted(found)):
        query = (
            select(
                p.component,
                i.mac,
                c.digest,
                i.signals,
                m.version,
                m.person_ref,
                m.quarantined,
                m.replayed,
                m.own,
                m.if_da,
                m.if_ms,
            )
            .select_from(mention.join(registry_person, p.id == m.person_id).join(coordinate, c.id == m.coordinate_id))
            .outerjoin(incident, i.id == m.incident_id)
            .where(p.component.in_(part), m.quarantined | (m.own != 0) | (m.if_da != 0) | (m.if_ms != 0))
        )
        for component, mac, digest, signals, *facts in conn.execute(query):
            # Of a record whose incident cannot be read, its bytes say which it is.
            found[component].add((bytes(mac if mac is not None else digest).hex(), signals or 0, *facts))
    return {component: sorted(signs) for component, signs in found.items()}
