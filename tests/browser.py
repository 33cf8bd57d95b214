"""A real browser without a window, for pages that people look at."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
#: Nothing but the page itself is fetched.
_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]


@contextlib.contextmanager
def opened(complaints: list[str] | None = None) -> Iterator[Page]:
    """An empty page; what the browser complains of while it is open is added to `complaints`, if given.

    Where the machine has no Chromium the test is skipped, by name: browsers are not to be had as a Python package.
    """
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium on this machine: sudo apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_OPTIONS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            if complaints is not None:
                page.on("pageerror", lambda error: complaints.append(str(error)))
                page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            yield page
        finally:
            browser.close()
