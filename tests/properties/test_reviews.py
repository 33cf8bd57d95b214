"""Approvals of anything by anybody release nobody whose hold was not approved by enough people (spec 3.3 rule 2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import context
from pipelines.conservation import check_ledger
from pipelines.contracts.codes import Recipient
from pipelines.errors import UsageError
from pipelines.review import approve, holds, refuse
from pipelines.settings import Settings
from tests.properties.histories import examples, histories
from tests.world import World

pytestmark = pytest.mark.slow

E = Recipient.ENFORCEMENT
SAID = "2026-11-23T10:00:00+00:00"
PEOPLE = st.lists(st.sampled_from(["S1", "S2", "S3"]), max_size=3)


@examples(40)
@given(data=st.data(), history=histories(most=4), news=histories(most=2))
def test_only_what_enough_people_approved_is_released(
    new_world: Callable[..., World], data: st.DataObject, history: list[bytes], news: list[bytes]
) -> None:
    """Whatever a random crowd says of random holds, and whatever comes after: who is protected leaves only on two approvals, and nobody on more than the policy's hold."""
    world = new_world()
    world.run(history, release=False)
    settings = Settings.from_env({"CORDON_HOME": str(world.folder / "state")})
    approved: dict[tuple[str, str], set[str]] = defaultdict(set)
    refused: set[tuple[str, str]] = set()
    with context.open_context(settings, seed=7) as opened:
        ctx = opened.at(datetime.fromisoformat(SAID))
        for hold in holds(ctx, E):
            key = hold.coordinate, hold.person_ref
            for by in data.draw(PEOPLE):
                try:
                    approve(ctx, *key, E, by=by, reason="NECESSARY_AND_PROPORTIONATE", review_id=hold.review_id)
                    approved[key].add(by)
                except UsageError:
                    assert hold.obstacle or by in approved[key] or len(approved[key]) >= 2 or approved[key]
            if data.draw(st.booleans()) and not hold.obstacle:
                refuse(ctx, *key, E, by="S9", reason="DUPLICATE")
                refused.add(key)
        assert check_ledger(ctx, None)[0] == []
    world.run(news if data.draw(st.booleans()) else [], now="2026-11-30T09:00:00Z")
    for (where, ref, to), row in world.final.items():
        if to == "enforcement" and row["decision"] == "RELEASE_MINIMISED" and row["protections"]:
            assert len(approved[where, ref]) >= 2
            assert (where, ref) not in refused
    released = {
        key[:2] for key, state in world.runs[-1].ledger.items() if state == "released" and key[2] == "enforcement"
    }
    assert not released & refused
    with context.open_context(settings, seed=7) as ctx:
        assert check_ledger(ctx, None)[0] == []
