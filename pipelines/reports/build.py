"""The compliance page: what came in, what became of it, under which policy; counts, rule ids and coordinates only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from sqlalchemy import Connection, func, select

from pipelines.context import Context
from pipelines.stores import audit, ledger
from pipelines.stores.tables import mention, release_run
from pipelines.tagging.rules import RULES, rule_ids

#: Counts below this are shown as "<5": a small number can point at a person (spec 1, nothing spills).
SMALL = 5


def build_report(ctx: Context, conn: Connection, folder: Path) -> None:
    """Writes `index.html` and `summary.json` into a folder. The page needs nothing from anywhere else."""
    folder.mkdir(parents=True, exist_ok=True)
    summary = ledger.summary(conn)
    last = audit.last_frontier(conn)
    facts: dict[str, Any] = {
        "summary": summary._asdict(),
        "regime": ctx.policy.regime,
        "policy_digest": ctx.policy.digest,
        "at": ctx.now().isoformat(timespec="seconds"),
        "audit": {"receipts": last.size, "root": last.root().hex()},
        "stages": _stages(conn),
        "rules": _rules(conn),
        "runs": [dict(row) for row in conn.execute(select(release_run).order_by(release_run.c.number)).mappings()],
        "states": ("released", "pending", "held", "withheld", "withdrawn", "superseded", "quarantined"),
        "decisions": _decisions(conn),
    }
    environment = Environment(loader=PackageLoader("pipelines.reports"), autoescape=select_autoescape())
    environment.filters["small"] = small
    page = environment.get_template("index.html").render(**facts)
    (folder / "index.html").write_text(page, encoding="utf-8")
    (folder / "summary.json").write_text(json.dumps(summary._asdict(), indent=1) + "\n", encoding="utf-8")


def small(count: int) -> str:
    """A count as shown to readers."""
    return f"<{SMALL}" if 0 < count < SMALL else f"{count:,}"


def _stages(conn: Connection) -> list[dict[str, Any]]:
    """Seconds and batches per stage."""
    found: dict[str, dict[str, Any]] = {}
    for row in ledger.stage_rows(conn):
        stage = found.setdefault(row["stage"], {"stage": row["stage"], "batches": 0, "seconds": 0.0})
        stage["batches"] += 1
        stage["seconds"] += float(row["seconds"])
    order = ("land", "validate", "tag", "firewall", "publish")
    return [found[name] for name in order if name in found]


def _rules(conn: Connection) -> list[dict[str, Any]]:
    """How many current persons each tag rule fired on."""
    counts = dict.fromkeys(RULES, 0)
    query = (
        select(mention.c.fired, func.count())
        .where(mention.c.quarantined.is_(False), mention.c.fired.is_not(None))
        .group_by(mention.c.fired)
    )
    for fired, count in conn.execute(query):
        for rule in rule_ids(fired):
            counts[rule] += int(count)
    return [
        {"id": rule, "meaning": RULES[rule].meaning, "source": RULES[rule].source, "count": count}
        for rule, count in counts.items()
        if count
    ]


def _decisions(conn: Connection) -> list[dict[str, Any]]:
    """How many current persons got each decision, and by which policies."""
    found = []
    for recipient in ("enforcement", "safeguarding"):
        column, why = mention.c[recipient], mention.c[f"{recipient}_why"]
        query = (
            select(column, why, func.count())
            .where(mention.c.quarantined.is_(False), column.is_not(None))
            .group_by(column, why)
            .order_by(column, func.count().desc())
        )
        for decision, reasons, count in conn.execute(query):
            found.append({"recipient": recipient, "decision": decision, "why": reasons or "", "count": int(count)})
    return found
