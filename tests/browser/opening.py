"""A page opened in a headless Chromium, with everything noted that a page which opens anywhere must not do."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks.chromium import EXECUTABLES, executable

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
LOCAL = ("file:", "data:", "blob:")
"""Addresses that need no network."""
PATIENCE = 100_000
"""Milliseconds until a page counts as stuck; a busy machine is slow, and nothing here measures time."""
WIDE, NARROW = 1280, 390
"""Widths of a desktop's and a phone's window, in pixels."""


@contextmanager
def running_chromium() -> Iterator[Any]:
    """A browser of playwright's synchronous API; the test is skipped where browser or playwright is missing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("no playwright: the extra `dev` is not installed")
    path = executable()
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(EXECUTABLES)} is installed (.ci/browser.sh installs Chromium)")
    os.environ.pop("PWDEBUG", None)  # which would open a window
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Opener:
    """Opens pages, each in a window and profile of its own."""

    browser: Any
    problems: list[str] = field(default_factory=list)
    """Console errors, page errors and requests that left the machine."""
    contexts: list[Any] = field(default_factory=list)

    def __call__(
        self, path: Path, fragment: str = "", *, width: int = WIDE, theme: str = "light", **options: Any
    ) -> Any:
        """The page, as soon as its scripts have started.

        Args:
            path: file to open.
            fragment: what follows ``#`` in the address.
            width: width of the window in pixels.
            theme: ``light`` or ``dark``, as the system prefers it.
            options: as of ``new_context``.
        """
        context = self.browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, **options)
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.on("request", self._note_request)
        page = context.new_page()
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.goto(f"{path.resolve().as_uri()}{'#' if fragment else ''}{fragment}")
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html[data-ready]", state="attached")
        return page

    def close(self) -> None:
        """Close every window."""
        for context in self.contexts:
            context.close()

    def _note_request(self, request: Any) -> None:
        if not request.url.startswith(LOCAL):
            self.problems.append(f"request: {request.url}")

    def _note_message(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console {message.type}: {message.text}")
