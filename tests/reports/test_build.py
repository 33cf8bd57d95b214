"""The compliance page: a statement that can be checked, and no word about anybody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from pipelines.context import open_context
from pipelines.reports.build import SMALL, build_report, shown, small
from pipelines.stores.database import writing
from pipelines.stores.tables import mention
from tests import browser
from tests.stages.world import SUSPECT, VICTIM, World, domestic, incident


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (1, "<5"), (4, "<5"), (5, "5"), (12345, "12,345")])
def test_small_counts_are_not_told(count: int, text: str) -> None:
    """A number of people below five can point at one of them."""
    assert small(count) == text


@given(st.dictionaries(st.text("abcdef", min_size=1), st.integers(0, 60)))
def test_no_small_count_is_the_total_less_the_others(counts: dict[str, int]) -> None:
    """Where anything is hidden, at least two cells are not exact, unless there is nothing to blur it with."""
    texts = shown(counts)
    assert texts.keys() == counts.keys()
    inexact = [name for name, text in texts.items() if not text.replace(",", "").isdecimal()]
    assert all(name in inexact for name, count in counts.items() if 0 < count < SMALL)
    if inexact and any(count >= SMALL for count in counts.values()):
        assert len(inexact) > 1


def test_the_page_needs_nothing_from_anywhere_and_names_nobody(tmp_path: Path) -> None:
    """No address is fetched when it is opened, and no name, number or reference of the input is in it."""
    found = World(tmp_path).run(domestic(1, VICTIM, SUSPECT), incident(2, SUSPECT))
    page = (found.folder / "report" / "index.html").read_text()
    assert not re.search(r"(?:src|href|url)\s*[=(]|<script|@import|https?://", page)
    for value in (
        "Marlowe",
        "Edwin",
        "Oyelaran",
        "Temitope",
        "N100",
        "N200",
        "1988",
        "1991",
        "0000001",
        "S77",
        "24(1)",
    ):
        assert value not in page


def test_a_page_of_nothing_is_a_page(tmp_path: Path) -> None:
    """An empty state has a report too."""
    world = World(tmp_path)
    with open_context(world.settings, seed=7) as ctx, ctx.db.connect() as conn:
        build_report(ctx, conn, tmp_path / "report")
    assert "Nothing has been decided yet." in (tmp_path / "report" / "index.html").read_text()


def test_a_protected_person_who_stands_disclosed_is_the_first_thing_said(tmp_path: Path) -> None:
    """The page counts from the tables: it says so where somebody protected stands disclosed, whatever stages say."""
    world = World(tmp_path)
    found = world.run(incident(1, SUSPECT))
    assert "Nobody protected stands disclosed" in (found.folder / "report" / "index.html").read_text()
    with open_context(world.settings, seed=7) as ctx:
        with writing(ctx.db) as conn:
            conn.execute(update(mention).values(protections=1))
        with ctx.db.connect() as conn:
            build_report(ctx, conn, tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Nobody protected stands disclosed" not in page
    assert "stand disclosed to enforcement and are to be withdrawn" in page


def test_every_rule_of_every_gate_is_on_the_page(tmp_path: Path) -> None:
    """A reader sees what was asked of each row, and by whom it is owned, also where nothing was stopped."""
    from expectations.suites import SUITES, suite

    page = (World(tmp_path).run(incident(1, SUSPECT)).folder / "report" / "index.html").read_text()
    for name in SUITES:
        for rule in suite(name).rules:
            assert rule.id in page


@pytest.mark.e2e
@pytest.mark.parametrize("width", [1280, 480])
def test_the_page_can_be_read_in_a_browser(tmp_path: Path, width: int) -> None:
    """A real browser shows every section, asks nobody for anything, complains of nothing, and nothing hangs over the edge."""
    found = World(tmp_path).run(domestic(1, VICTIM, SUSPECT), incident(2, SUSPECT))
    file = found.folder / "report" / "index.html"
    asked: list[str] = []
    complaints: list[str] = []
    with browser.opened(complaints) as page:
        page.set_viewport_size({"width": width, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        headings = page.get_by_role("heading").all_inner_texts()
        assert all(page.get_by_role("heading", name=heading).first.is_visible() for heading in headings)
        assert len(headings) > 5
        assert page.get_by_role("table").count() > 3
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert asked == [file.as_uri()]
    assert complaints == []
