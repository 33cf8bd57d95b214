"""The compliance page: what came in, what became of it, under which policy; counts, rule ids and coordinates only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy import ColumnElement, Connection, false, func, select

from expectations.suites import suite
from pipelines.approvals import Verdict
from pipelines.context import Context
from pipelines.contracts.codes import Decision, Recipient, State
from pipelines.receipts import purpose_of
from pipelines.review import REASONS
from pipelines.stages.firewall import signing_key
from pipelines.stores import audit, ledger
from pipelines.stores.tables import alert, audit_segment, coordinate, mention, outbox, policy, release_run, review
from pipelines.tagging.rules import RULES, rule_ids

#: Counts below this are shown as "<5": a small number can point at a person (spec 1, nothing spills).
SMALL = 5


def build_report(ctx: Context, conn: Connection, folder: Path) -> ledger.Summary:
    """Writes `index.html` and `summary.json` into a folder; returns the latter. The page needs nothing from anywhere else."""
    folder.mkdir(parents=True, exist_ok=True)
    alike = ledger.persons(conn)
    summary = ledger.summary(conn, alike)
    stages = _stages(conn)
    last = audit.last_frontier(conn)
    facts: dict[str, Any] = {
        "summary": summary,
        "policy": ctx.policy.metadata,
        "policy_digest": ctx.policy.digest,
        "at": ctx.now().isoformat(timespec="seconds"),
        "checks": _checks(ctx, conn, summary),
        "states": _states(summary),
        "disclosures": _disclosures(summary),
        "decisions": _decisions(alike),
        "reasons": _reasons(ctx, alike),
        "policies": _policies_used(conn, alike),
        "quarantine": shown(summary.quarantine_rules),
        "gates": _gates(alike, summary, stages),
        "reviews": _reviews(conn),
        "alerts": _alerts(conn),
        "rules": _rules(alike),
        "runs": [
            row._asdict() for row in conn.execute(select(release_run).order_by(release_run.c.number.desc()).limit(20))
        ],
        "stages": stages,
        "audit": {"receipts": last.size, "root": last.root().hex()},
        "checkpoints": _checkpoints(conn),
        "public_key": signing_key(ctx).public_key().public_bytes_raw().hex(),
    }
    environment = Environment(
        loader=PackageLoader("pipelines.reports"), autoescape=select_autoescape(), undefined=StrictUndefined
    )
    environment.filters["small"] = small
    page = environment.get_template("index.html").render(**facts)
    (folder / "index.html").write_text(page, encoding="utf-8")
    (folder / "summary.json").write_text(json.dumps(summary._asdict(), indent=1) + "\n", encoding="utf-8")
    return summary


def small(count: int) -> str:
    """A count of people or records as shown to readers."""
    return f"<{SMALL}" if 0 < count < SMALL else f"{count:,}"


def shown(counts: Mapping[str, int]) -> dict[str, str]:
    """Counts that add up to a known total, as shown: where one alone is small, another is blurred with it.

    Otherwise the total less all the others would be the count that is not to be told.
    """
    texts = {name: small(count) for name, count in counts.items()}
    if sum(0 < count < SMALL for count in counts.values()) == 1:
        others = [name for name, count in counts.items() if count >= SMALL]
        if others:
            least = min(others, key=lambda name: counts[name])
            texts[least] = f"about {max(10, round(counts[least], -1)):,}"
    return texts


class Check(NamedTuple):
    """One statement the page makes, and whether it holds."""

    holds: bool
    text: str


def _checks(ctx: Context, conn: Connection, summary: ledger.Summary) -> list[Check]:
    """What a reader wants to know first, counted from the tables and not from what the stages say of themselves."""
    m, c = mention.c, coordinate.c
    disclosed = (m.protections != 0, m.enforcement_state == State.RELEASED)
    approved = _count(conn, select(func.count()).where(*disclosed, _approved(ctx)))
    standing = _count(conn, select(func.count()).where(*disclosed)) - approved
    nowhere = _count(
        conn,
        select(func.count()).where(
            m.quarantined.is_(False), m.enforcement_state.is_(None) | m.safeguarding_state.is_(None)
        ),
    )
    named = select(m.id).where(m.coordinate_id == c.id, m.quarantined.is_(False)).exists()
    unread = _count(conn, select(func.count()).where(c.stage.is_(None), ~named))
    unsent = _count(conn, select(func.count()).select_from(outbox).where(outbox.c.sent.is_(False)))
    return [
        Check(
            standing == 0,
            _NOBODY.format(f" but {small(approved)} whom named people released" if approved else "")
            if standing == 0
            else f"{small(standing)} records of protected people stand disclosed to enforcement and are to be withdrawn by the next release.",
        ),
        Check(
            nowhere == 0,
            "Every person of every record is in exactly one state, for each recipient."
            if nowhere == 0
            else f"{small(nowhere)} persons are still on their way and have no state yet.",
        ),
        Check(
            unread == 0,
            f"All {summary.landed:,} records that came in are quarantined or have their people accounted for."
            if unread == 0
            else f"{small(unread)} records name nobody or are still on their way.",
        ),
        Check(
            unsent == 0,
            "Every message that was made ready was sent, once."
            if unsent == 0
            else f"{small(unsent)} messages are made ready and not sent yet.",
        ),
    ]


_NOBODY = "Nobody protected stands disclosed to enforcement{}: of every protected person, nothing was sent or it was taken back."


def _approved(ctx: Context) -> ColumnElement[bool]:
    """Mentions that stand released to enforcement on the word of as many different people as the regime asks for."""
    needed = ctx.policy.approvals_needed(Recipient.ENFORCEMENT)
    r = review.c
    people = (
        select(func.count(r.person.distinct()))
        .where(r.mention_id == mention.c.id, r.recipient == Recipient.ENFORCEMENT, r.verdict == Verdict.APPROVE)
        .scalar_subquery()
    )
    released = mention.c.enforcement == Decision.RELEASE_MINIMISED
    return false() if needed is None else released & (people >= needed)


def _reviews(conn: Connection) -> list[dict[str, str]]:
    """What named people said of holds, by recipient and reason; not who they are."""
    r = review.c
    query = select(r.recipient, r.verdict, r.reason, func.count()).group_by(r.recipient, r.verdict, r.reason)
    found = []
    for recipient, verdict, reason, count in conn.execute(query.order_by(r.recipient, r.verdict, r.reason)):
        known = REASONS.get(reason)
        meaning = known.meaning if known else "no longer a reason of today"
        found.append(
            {
                "recipient": recipient,
                "verdict": verdict,
                "reason": reason,
                "meaning": meaning,
                "count": small(int(count)),
            }
        )
    return found


def _count(conn: Connection, query: Any) -> int:
    return int(conn.execute(query).scalar_one())


_STATES = (
    (State.RELEASED, "sent to the recipient, and standing"),
    (State.WITHDRAWN, "sent, and taken back"),
    (State.PENDING, "decided for release, waiting for its embargo or its batch"),
    (State.HELD, "waits for a named human"),
    (State.WITHHELD, "not sent"),
    (State.QUARANTINED, "stopped by a gate"),
    (State.SUPERSEDED, "of an earlier version, never disclosed"),
)


def _states(summary: ledger.Summary) -> list[dict[str, str]]:
    enforcement, safeguarding = (
        shown({state: counts.get(state, 0) for state, _ in _STATES})
        for counts in (summary.enforcement, summary.safeguarding)
    )
    return [
        {"state": state, "meaning": meaning, "enforcement": enforcement[state], "safeguarding": safeguarding[state]}
        for state, meaning in _STATES
    ]


def _stages(conn: Connection) -> list[dict[str, Any]]:
    """Batches, seconds and counts per stage."""
    found: dict[str, dict[str, Any]] = {
        name: {"stage": name, "batches": 0, "seconds": 0.0, "counts": {}}
        for name in ("land", "validate", "tag", "firewall", "publish")
    }
    for row in ledger.stage_rows(conn):
        stage = found[row["stage"]]
        stage["batches"] += 1
        stage["seconds"] += float(row["seconds"])
        for name, count in row["counts"].items():
            stage["counts"][name] = stage["counts"].get(name, 0) + count
    return list(found.values())


#: The gates, and the stage whose batches each judges.
_GATES = (
    ("landed_incidents", "validate"),
    ("landed_persons", "validate"),
    ("tagged_persons", "tag"),
    ("outgoing_referrals", "firewall"),
    ("outgoing_subjects", "release"),
)


def _gates(
    alike: Sequence[ledger.Alike], summary: ledger.Summary, stages: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Every rule of every gate: how often it was asked, and how many rows it stopped. No value of any row is kept."""
    stopped: dict[str, int] = dict(summary.quarantine_rules)
    for each in alike:
        for state, why in (
            (each.enforcement_state, each.enforcement_why),
            (each.safeguarding_state, each.safeguarding_why),
        ):
            for rule in (why or "").split() if state == State.QUARANTINED else ():
                stopped[rule] = stopped.get(rule, 0) + each.people
    batches = {stage["stage"]: stage["batches"] for stage in stages} | {"release": summary.release_runs}
    found = []
    for name, stage in _GATES:
        rules: list[dict[str, Any]] = [
            {
                "id": rule.id,
                "meaning": rule.meaning,
                "owner": rule.owner,
                "kind": rule.kind,
                "stopped": stopped.get(rule.id, 0),
            }
            for rule in suite(name).rules
        ]
        broken = sum(rule["stopped"] > 0 for rule in rules)
        found.append({"gate": name, "stage": stage, "batches": batches.get(stage, 0), "rules": rules, "broken": broken})
    return found


def _disclosures(summary: ledger.Summary) -> list[dict[str, Any]]:
    """The register of disclosures, in numbers: to whom, for what purpose, on what legal basis."""
    found = []
    for recipient, messages, back in (
        (Recipient.SAFEGUARDING, summary.referrals, 0),
        (Recipient.ENFORCEMENT, summary.subjects, summary.withdrawals),
    ):
        purpose, basis = purpose_of(recipient)
        found.append(
            {
                "recipient": recipient,
                "purpose": purpose,
                "basis": basis,
                "messages": messages,
                "withdrawn": back,
                "standing": messages - back,
            }
        )
    return found


def _alerts(conn: Connection) -> dict[str, str]:
    query = select(alert.c.rule, func.count()).group_by(alert.c.rule).order_by(alert.c.rule)
    return {rule: small(int(count)) for rule, count in conn.execute(query)}


def _checkpoints(conn: Connection) -> list[dict[str, Any]]:
    """The last signed statements about the audit log, newest first."""
    query = select(audit_segment.c.checkpoint).order_by(audit_segment.c.first.desc()).limit(10)
    return [json.loads(text) for (text,) in conn.execute(query)]


def _policies_used(conn: Connection, alike: Sequence[ledger.Alike]) -> list[dict[str, Any]]:
    """Under which policies the decisions that count now were made."""
    known = {identifier: (regime, digest) for identifier, regime, digest in conn.execute(select(policy))}
    found = []
    for identifier, count in ledger.counted(alike, "policy_id").items():
        regime, digest = known[identifier]
        found.append({"regime": regime, "digest": digest, "count": count})
    return found


def _rules(alike: Sequence[ledger.Alike]) -> list[dict[str, Any]]:
    """How many current persons each tag rule fired on."""
    counts = dict.fromkeys(RULES, 0)
    for fired, count in ledger.counted(alike, "fired").items():
        for rule in rule_ids(fired):
            counts[rule] += count
    return [
        {"id": rule, "meaning": RULES[rule].meaning, "source": RULES[rule].source, "count": count}
        for rule, count in counts.items()
        if count
    ]


def _decisions(alike: Sequence[ledger.Alike]) -> list[dict[str, str]]:
    """How many current persons got each decision."""
    found = []
    for recipient in Recipient:
        counts = shown(ledger.counted(alike, recipient))
        found += [{"recipient": recipient, "decision": name, "count": text} for name, text in counts.items()]
    return found


def _reasons(ctx: Context, alike: Sequence[ledger.Alike]) -> list[dict[str, Any]]:
    """The policies, and findings of guard and gates, that decided: for how many current persons each did."""
    found = []
    for recipient in Recipient:
        counts: dict[str, int] = {}
        decided = [each for each in alike if getattr(each, recipient) is not None]
        for reasons, count in ledger.counted(decided, f"{recipient}_why").items():
            for reason in reasons.split():
                counts[reason] = counts.get(reason, 0) + count
        for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            known = ctx.policy.policies.get(reason)
            found.append(
                {
                    "recipient": recipient,
                    "id": reason,
                    "meaning": known.why if known else "found by the guard or a gate",
                    "source": known.source if known else "",
                    "count": count,
                }
            )
    return found
