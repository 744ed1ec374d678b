"""The report's page in a browser: what holds for the page as a whole."""

from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.reporting.page.page import SECTIONS
from tests.browser.opening import NARROW, WIDE, Opener

WINDOWS = pytest.mark.parametrize("width", [WIDE, NARROW])
THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


def shown(page: Any) -> list[str]:
    """Names of the sections on a page."""
    return page.eval_on_selector_all("main > section", "sections => sections.map(section => section.id)")


def test_every_section_is_there_in_order(demo: Path, open_page: Opener) -> None:
    page = open_page(demo)
    assert shown(page) == list(SECTIONS)
    links = page.eval_on_selector_all("nav a", "links => links.map(link => link.getAttribute('href'))")
    assert links == [f"#{name}" for name in SECTIONS]
    assert page.locator("#failure").is_hidden()


@WINDOWS
def test_nothing_is_wider_than_the_window(demo: Path, open_page: Opener, width: int) -> None:
    page = open_page(demo, width=width)
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@WINDOWS
@THEMES
def test_no_serious_violation_of_accessibility(demo: Path, open_page: Opener, width: int, theme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(demo, width=width, theme=theme, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    found = Axe().run(page).response["violations"]
    serious = [
        (violation["id"], node["target"], node.get("failureSummary"))
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert serious == []
