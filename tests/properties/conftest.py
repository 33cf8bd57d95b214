"""Cheap runs for properties, and a fresh folder per example."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.world import World, cheap


@pytest.fixture(scope="module")
def new_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., World]]:
    """Makes fresh states; only the last dozen are kept on disk. Runs cost a tenth, see `tests.world.cheap`."""
    home = tmp_path_factory.mktemp("worlds")
    numbers = itertools.count()

    def make(**options: str) -> World:
        number = next(numbers)
        shutil.rmtree(home / str(number - 12), ignore_errors=True)
        return World(home / str(number), **options)

    with cheap(tmp_path_factory.mktemp("template")):
        yield make
