"""Review: what waits for named humans, and what they say of it.

The policy holds; here people with a name and a reason approve or refuse one hold of one record at a time. Reviewers look
the record up at its source by the coordinate: nothing here shows a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, select

from pipelines.acts import begin
from pipelines.approvals import Said, States, Verdict, approvers, obstacle, refused, said_of
from pipelines.batches import Coordinate
from pipelines.context import Context
from pipelines.contracts.codes import Decision, Recipient, State
from pipelines.errors import UsageError
from pipelines.flow import runs_finished
from pipelines.receipts import named_person, work_receipt
from pipelines.resolve import load
from pipelines.stages.firewall import (
    Records,
    coordinate_names,
    judged,
    settle,
    signing_key,
    without_those_on_their_way,
)
from pipelines.stores import audit
from pipelines.stores.bulk import insert_rows
from pipelines.stores.database import writing
from pipelines.stores.tables import coordinate, draft, mention, review
from pipelines.tagging.rules import rule_ids

_ENFORCEMENT, _BOTH = frozenset({Recipient.ENFORCEMENT}), frozenset(Recipient)
_SAFEGUARDING = frozenset({Recipient.SAFEGUARDING})


class Reason(NamedTuple):
    """Why somebody approves or refuses: one of a closed list, so that no record of it can say anything else."""

    verdict: Verdict
    recipients: frozenset[Recipient]
    meaning: str
    answers: str = ""
    """The policy or tag rule that must be among what holds the person; empty: it answers anything."""


#: The reasons there are; `docs/review.md` lists them for reviewers.
REASONS: dict[str, Reason] = {
    "CONSENT_OBTAINED": Reason(Verdict.APPROVE, _BOTH, "the person was asked, alone and in safety, and agreed"),
    "VITAL_INTERESTS": Reason(Verdict.APPROVE, _SAFEGUARDING, "harm is so likely that help may not wait for consent"),
    "NEEDS_HELP_CONFIRMED": Reason(
        Verdict.APPROVE, _SAFEGUARDING, "the record is about somebody to be helped, and what it says still holds"
    ),
    "NOT_A_VICTIM_CONFIRMED": Reason(
        Verdict.APPROVE, _ENFORCEMENT, "it was looked into: the person is neither victim, witness nor reporter"
    ),
    "IDENTITY_CONFIRMED": Reason(
        Verdict.APPROVE, _ENFORCEMENT, "the protected person of another record is somebody else", "carried|person"
    ),
    "LINK_EXAMINED": Reason(
        Verdict.APPROVE,
        _ENFORCEMENT,
        "the counter-allegation or tie was looked into: releasing exposes nobody",
        "caution|linked",
    ),
    "AGE_CONFIRMED": Reason(Verdict.APPROVE, _ENFORCEMENT, "the person is an adult, by document", "caution_minor"),
    "NECESSARY_AND_PROPORTIONATE": Reason(
        Verdict.APPROVE, _ENFORCEMENT, "protected, and still the offence makes it necessary; weighed and written down"
    ),
    "CONSENT_REFUSED": Reason(Verdict.REFUSE, _BOTH, "the person was asked and said no"),
    "UNSAFE_TO_CONTACT": Reason(Verdict.REFUSE, _SAFEGUARDING, "any contact would put the person in danger"),
    "ALREADY_HELPED": Reason(Verdict.REFUSE, _SAFEGUARDING, "a partner is in touch with the person already"),
    "MAY_BE_A_VICTIM": Reason(Verdict.REFUSE, _ENFORCEMENT, "the person is, or may be, a victim, witness or reporter"),
    "NO_LAWFUL_BASIS": Reason(Verdict.REFUSE, _BOTH, "there is no ground in law to send it"),
    "NOT_PROPORTIONATE": Reason(Verdict.REFUSE, _ENFORCEMENT, "sending it would do more harm than good"),
    "RECORD_WRONG": Reason(Verdict.REFUSE, _BOTH, "what the record says is wrong; its source is to correct it"),
    "DUPLICATE": Reason(Verdict.REFUSE, _BOTH, "the same was decided on another record"),
}

#: A policy that holds until somebody has asked is answered by an answer and by nothing else.
_ONLY_BY_CONSENT = frozenset({"consent_ask"})
#: Letters and a number, as in the staff register, without leading zeros: one person has one spelling.
_STAFF = re.compile(r"[A-Z]{1,4}[1-9][0-9]{0,7}")
_ID_DIGITS = 12


class Hold(NamedTuple):
    """One person of one record who waits for a named human, for one recipient."""

    coordinate: str
    person_ref: str
    recipient: str
    state: str
    """`held`; or `withdrawn`: it was sent once and taken back."""
    reasons: list[str]
    since: str
    approvals: int
    needed: int
    """How many different people it takes; 0 where nobody can approve it."""
    review_id: str
    """Names exactly what is held, and changes with it; empty where it is decided anew or the guard holds it."""
    obstacle: str
    """Why nobody can approve it, if so."""


class Done(NamedTuple):
    """What came of somebody's word."""

    act: int
    review_id: str
    approvals: int
    needed: int
    decision: str
    state: str
    due: str
    """When the embargo ends, of what is released to enforcement."""


# ---- looking ----------------------------------------------------------------------------------------------------


class _View:
    """Some incidents as the policy judges them today, before any human word."""

    def __init__(self, ctx: Context, conn: Connection, condition: str, **values: Any) -> None:
        self._ctx, self._conn = ctx, conn
        self.rows = without_those_on_their_way(load(conn, condition, **values), set())
        _, self.outcome = judged(ctx, conn, self.rows)
        self.place = {mention_id: n for n, mention_id in enumerate(self.rows["id"][self.outcome.rows].tolist())}

    def states(self, wanted: Sequence[int]) -> States:
        return States(self._ctx, self._conn, self.rows, self.outcome, wanted)


_WAITING = (
    "i.id IN (SELECT incident_id FROM mention WHERE enforcement_state IN ('held', 'withdrawn')"
    " OR safeguarding_state = 'held')"
)


def holds(ctx: Context, recipient: Recipient | None = None, reason: str | None = None) -> list[Hold]:
    """Who waits for a named human, by recipient and coordinate.

    Args:
        ctx: an open context.
        recipient: only for this one.
        reason: only where this policy, guard finding or tag rule is among the reasons.
    """
    with ctx.db.connect() as conn:
        view = _View(ctx, conn, _WAITING)
        rows, found = view.rows, []
        fired = view.outcome.fired.tolist()
        for n, i in enumerate(view.outcome.rows.tolist()):
            for to in (recipient,) if recipient else Recipient:
                state, why = rows.text(f"{to}_state")[i], (rows.text(f"{to}_why")[i] or "").split()
                waits = state in (State.HELD, State.WITHDRAWN) and rows.text(to)[i] == Decision.HOLD_FOR_HUMAN
                if waits and reason in (None, *why, *rule_ids(fired[n])):
                    found.append((n, i, to, state, why))
        said = said_of(conn, rows["id"][[i for _, i, *_ in found]].tolist())
        states = view.states([n for n, *_ in found])
        names = coordinate_names(conn, rows["coordinate_id"][[i for _, i, *_ in found]].tolist())
        since = _since(
            conn, {(names[int(rows["coordinate_id"][i])], rows.text("person_ref")[i], to) for _, i, to, *_ in found}
        )
        out = []
        for n, i, to, state, why in found:
            where = names[int(rows["coordinate_id"][i])], rows.text("person_ref")[i], to
            if view.outcome.of(to)[0][n] is Decision.HOLD_FOR_HUMAN:
                digest, blocked = states.of(n, to), obstacle(ctx, view.outcome, rows, n, to) or ""
                approved = len(approvers(said.get((int(rows["id"][i]), to), ()), digest))
            else:
                digest, blocked, approved = b"", _NOT_THE_POLICY, 0
            needed = 0 if blocked else ctx.policy.approvals_needed(to) or 0
            out.append(Hold(*where, state, why, since.get(where, ""), approved, needed, _short(digest), blocked))
    return sorted(out, key=lambda hold: (hold.recipient, Coordinate.parse(hold.coordinate), hold.person_ref))


_NOT_THE_POLICY = "it is not the policy that holds it now, but the guard, or it is decided anew: the source corrects it"


def _short(state: bytes) -> str:
    return state.hex()[:_ID_DIGITS]


class _Decided(msgspec.Struct, frozen=True):
    op: str
    at: str
    coordinate: str = ""
    person_ref: str = ""
    recipient: str = ""
    decision: str = ""


def _since(conn: Connection, wanted: set[tuple[str, str, Recipient]]) -> dict[tuple[str, str, str], str]:
    """Since when each has been held without a break, from the receipts of its decisions."""
    decode = msgspec.json.Decoder(_Decided).decode
    found: dict[tuple[str, str, str], str] = {}
    for receipts, _ in audit.segments(conn):
        for row in map(decode, receipts):
            key = row.coordinate, row.person_ref, row.recipient
            if row.op != "decision" or key not in wanted:
                continue
            if row.decision != Decision.HOLD_FOR_HUMAN:
                found.pop(key, None)
            else:
                found.setdefault(key, row.at)
    return found


# ---- saying -----------------------------------------------------------------------------------------------------


def approve(
    ctx: Context, where: str, person_ref: str, recipient: Recipient, *, by: str, reason: str, review_id: str
) -> Done:
    """Approves one hold, as it was shown under `review_id`; with the last approval needed it is decided anew at once.

    Raises:
        UsageError: if it cannot be approved, or not so; nothing is written.
    """
    return _say(ctx, Verdict.APPROVE, where, person_ref, recipient, by, reason, review_id)


def refuse(
    ctx: Context, where: str, person_ref: str, recipient: Recipient, *, by: str, reason: str, review_id: str = ""
) -> Done:
    """Refuses one hold, which is then withheld; one person is enough. Also what was approved and not sent yet.

    Raises:
        UsageError: if it cannot be refused; nothing is written.
    """
    return _say(ctx, Verdict.REFUSE, where, person_ref, recipient, by, reason, review_id)


def _say(
    ctx: Context,
    verdict: Verdict,
    where: str,
    person_ref: str,
    recipient: Recipient,
    by: str,
    reason: str,
    review_id: str,
) -> Done:
    _check_words(verdict, recipient, by, reason, review_id)
    # What changes now is told by the next run over this state.
    ctx = msgspec.structs.replace(ctx, run=runs_finished(ctx) + 1)
    with writing(ctx.db) as conn:
        mention_id, incident_id, name = _find(conn, where, person_ref)
        view = _View(ctx, conn, "i.id = :incident", incident=incident_id)
        n = view.place.get(mention_id)
        if n is None:
            raise UsageError(
                f"`{name}` {person_ref} has no decision now: a newer version replaced the record, or one of its incident"
                " is still on its way; see `cordon review list`"
            )
        state = view.states([n]).of(n, recipient)
        said = said_of(conn, [mention_id]).get((mention_id, recipient), [])
        approved = approvers(said, state)
        _check_hold(view, n, recipient, verdict, state, said)
        if verdict is Verdict.APPROVE:
            _check_approval(ctx, view, n, recipient, approved, by, reason)
            approved = approved | {by}
        _check_reviewed(verdict, state, review_id)
        act = begin(ctx, conn, "review")
        row = (act.number, mention_id, recipient, verdict, by, reason, state)
        insert_rows(conn, review, ("act", "mention_id", "recipient", "verdict", "person", "reason", "state"), [row])
        needed = ctx.policy.approvals_needed(recipient)
        receipt = work_receipt(
            {Verdict.APPROVE: "approval", Verdict.REFUSE: "refusal"}[verdict],
            named_person(by),
            ctx.now(),
            act.name,
            coordinate=name,
            person_ref=person_ref,
            recipient=recipient,
            regime=ctx.policy.regime,
            policy_digest=ctx.policy.digest,
            review_id=_short(state),
            reason_code=reason,
            approvals=len(approved),
            needed=needed or 0,
        )
        audit.append_segment(conn, act.segment, [receipt], ctx.now(), signing_key(ctx))
        settle(ctx, conn, view.rows, act.unit, Records(ctx, conn))
        done = _outcome(conn, mention_id, recipient)
        if verdict is Verdict.APPROVE and needed is not None and len(approved) >= needed:
            _check_built(done, recipient)
    return Done(act.number, _short(state), len(approved), needed or 0, done.decision, done.state, done.due)


def _check_words(verdict: Verdict, recipient: Recipient, by: str, reason: str, review_id: str) -> None:
    if not _STAFF.fullmatch(by):
        raise UsageError(
            "`--by` is no staff identifier: one to four capital letters and a number without leading zeros, as in `S77`"
        )
    known = REASONS.get(reason)
    if known is None or known.verdict is not verdict or recipient not in known.recipients:
        fit = [code for code, one in REASONS.items() if one.verdict is verdict and recipient in one.recipients]
        raise UsageError(f"`--reason` is none to {verdict} with for {recipient}: one of {', '.join(fit)}")
    if review_id and not re.fullmatch(r"[0-9a-f]{12}", review_id):
        raise UsageError("`--review-id` is none: twelve hexadecimal digits, as `cordon review list` shows them")


def _find(conn: Connection, where: str, person_ref: str) -> tuple[int, int, str]:
    """(mention, incident, the coordinate's name) of a person of a record."""
    record = Coordinate.parse(where)
    c, m = coordinate.c, mention.c
    query = (
        select(m.id, m.incident_id)
        .join(coordinate, c.id == m.coordinate_id)
        .where(c.topic == record.topic, c.partition == record.partition, c.offset == record.offset)
        .where(m.person_ref == person_ref, m.quarantined.is_(False))
    )
    found = conn.execute(query).first()
    if found is None:
        raise UsageError(
            "there is no such person in a record that was processed: is the coordinate spelt as in the list?"
        )
    return int(found[0]), int(found[1]), str(record)


def _check_hold(
    view: _View, n: int, recipient: Recipient, verdict: Verdict, state: bytes, said: Sequence[Said]
) -> None:
    """That the policy holds it, nobody was told of it, and nobody refused it."""
    decisions, why = view.outcome.of(recipient)
    now = view.rows.text(f"{recipient}_state")[int(view.outcome.rows[n])]
    if now == State.RELEASED:
        then = ", and the next release withdraws it" if recipient is Recipient.ENFORCEMENT else ""
        raise UsageError(
            "it was released already, and no word takes that back: have the source correct or retract the record" + then
        )
    if now == State.QUARANTINED:
        raise UsageError("it is quarantined: the source must correct the record first")
    if decisions[n] is not Decision.HOLD_FOR_HUMAN:
        raise UsageError(
            f"it is not held: the policy says {decisions[n]} ({', '.join(why[n].split())}), which is not for anybody"
            f" to {verdict}"
        )
    if refused(said, state):
        raise UsageError(
            "it was refused, and one refusal is enough: only when the record or what is known of the person changes is"
            " it held again"
        )


def _check_reviewed(verdict: Verdict, state: bytes, review_id: str) -> None:
    """That it is what the reviewer looked at."""
    if verdict is Verdict.APPROVE and not review_id:
        raise UsageError("`--review-id` is missing: it says what was reviewed; see `cordon review list`")
    if review_id and review_id != _short(state):
        raise UsageError(
            "what is held is not what was reviewed: it changed since; look again with `cordon review list`"
        )


def _check_approval(
    ctx: Context, view: _View, n: int, recipient: Recipient, approved: set[str], by: str, reason: str
) -> None:
    """That an approval for this reason can lead to a message, and that this person may add one."""
    blocked = obstacle(ctx, view.outcome, view.rows, n, recipient)
    if blocked is not None:
        raise UsageError(f"it cannot be approved: {blocked}")
    if reason != "CONSENT_OBTAINED" and not _ONLY_BY_CONSENT.isdisjoint(view.outcome.of(recipient)[1][n].split()):
        raise UsageError("it waits until the person was asked: only CONSENT_OBTAINED answers that")
    holding = (*view.outcome.of(recipient)[1][n].split(), *rule_ids(int(view.outcome.fired[n])))
    if REASONS[reason].answers not in ("", *holding):
        raise UsageError(
            f"{reason} is no answer to what holds this person: `{REASONS[reason].answers}` is not among it; see"
            " `cordon explain`"
        )
    if by in approved:
        raise UsageError(f"`{by}` has approved this already: the next approval must be somebody else's")
    if len(approved) >= (ctx.policy.approvals_needed(recipient) or 0):
        raise UsageError("it has all the approvals it needs already")


class _Became(NamedTuple):
    decision: str
    why: str
    state: str
    due: str


def _outcome(conn: Connection, mention_id: int, recipient: Recipient) -> _Became:
    m = mention.c
    columns = m[recipient], m[f"{recipient}_why"], m[f"{recipient}_state"]
    decision, why, state = conn.execute(select(*columns).where(m.id == mention_id)).one()
    due = conn.execute(select(draft.c.due).where(draft.c.mention_id == mention_id)).scalar()
    return _Became(decision, why, state, due if due and recipient is Recipient.ENFORCEMENT else "")


def _check_built(became: _Became, recipient: Recipient) -> None:
    """That the last approval led to a message: where guard or gate stop it, nobody's word counts against theirs."""
    if became.state in (State.HELD, State.QUARANTINED):
        raise UsageError(
            f"the message to {recipient} cannot be built: {', '.join(became.why.split())}; the source must correct the"
            " record first, and nothing was written"
        )
