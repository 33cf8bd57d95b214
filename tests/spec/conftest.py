"""Cheap runs for the tables of cases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.world import cheap


@pytest.fixture(scope="module")
def cheaply(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs of this module cost a tenth; see `tests.world.cheap`."""
    with cheap(tmp_path_factory.mktemp("template")):
        yield
