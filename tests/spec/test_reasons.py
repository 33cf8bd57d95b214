"""Why somebody waits is said as it is now, not as it was when they began to wait."""

from __future__ import annotations

from pathlib import Path

from tests.world import World, incident, suspect, victim


def test_a_hold_shows_todays_reasons(tmp_path: Path) -> None:
    """A suspect who is still held, but for another reason than at first, is listed with that reason."""
    world = World(tmp_path)
    first = world.run([incident("A", suspect("p2", names=[{"surname": "Okoro", "type": "LEGAL"}]))])
    (hold,) = [row for row in first.rows("holds.jsonl") if row["recipient"] == "enforcement"]
    assert hold["reasons"] == ["caution_identity"]
    link = {"linked_incidents": [{"id": "13/A/26", "reason": "COUNTER_ALLEGATION"}]}
    second = world.run([incident("B", victim("p1"), **link)])
    (hold,) = [row for row in second.rows("holds.jsonl") if row["recipient"] == "enforcement"]
    assert hold["coordinate"] == first.coordinate(0)
    assert hold["reasons"] == ["caution_linked"]
