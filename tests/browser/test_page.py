"""What holds for the report's page as a whole, whatever was measured."""

import re
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.reporting.page.page import SECTIONS as MODULES
from tests.browser.opening import NARROW, WIDE, Opener
from tests.browser.reports import SECTIONS, Reports

CONTRAST = {"runOnly": ["color-contrast"]}
OTHERS = {"rules": {"color-contrast": {"enabled": False}}}
"""Rules of axe-core; contrast takes it most of the time."""


def unfold(page: Any) -> None:
    """Open everything that opens on demand."""
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")


@pytest.mark.parametrize("kind", SECTIONS)
def test_sections_with_data_are_there_in_order_and_the_others_absent(
    reports: Reports, open_page: Opener, kind: str
) -> None:
    page = open_page(reports.page(kind), width=NARROW)
    ids = "sections => sections.map(section => section.id)"
    shown = page.eval_on_selector_all("main > section", ids)
    assert shown == [name for name in MODULES if name in shown]
    assert {*shown} - {"further", "downloads"} == {*SECTIONS[kind]}
    links = page.eval_on_selector_all("nav a", "links => links.map(link => link.getAttribute('href'))")
    assert links == [f"#{name}" for name in shown]
    assert page.eval_on_selector_all("main > section:not(:has(table, svg, li))", ids) == []
    assert page.locator("#failure").is_hidden()
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW


def test_nothing_is_wider_than_a_desktop_s_window(demo: Path, open_page: Opener) -> None:
    page = open_page(demo)
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDE


@pytest.mark.parametrize(
    ("width", "theme", "rules"), [(WIDE, "light", {}), (NARROW, "light", OTHERS), (NARROW, "dark", CONTRAST)]
)
def test_no_serious_violation_of_accessibility(
    demo: Path, open_page: Opener, width: int, theme: str, rules: dict[str, Any]
) -> None:
    """Contrast is asked in either theme, and the rest at either width: themes differ in colours alone."""
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(demo, width=width, theme=theme, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    unfold(page)
    found = Axe().run(page, options={"resultTypes": ["violations"], **rules}).response["violations"]
    serious = [
        (violation["id"], node["target"], node.get("failureSummary"))
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert serious == []


def test_the_footer_has_the_size_of_the_file(demo: Path, open_page: Opener) -> None:
    footer = open_page(demo).locator("footer").inner_text()
    assert re.findall(r"This file is (\S+) MB", footer) == [f"{demo.stat().st_size / 1e6:.2f}"]


def test_without_scripts_tables_and_figures_are_there(demo: Path, open_page: Opener) -> None:
    page = open_page(demo, java_script_enabled=False)
    assert page.locator("noscript").inner_text().startswith("Without JavaScript")
    for section in page.locator("main > section").all():
        assert section.locator("h2").is_visible()
    assert page.locator("table >> visible=true").count() > 3


def test_print_shows_everything_but_the_controls(demo: Path, open_page: Opener) -> None:
    page = open_page(demo, theme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    for section in page.locator("main > section").all():
        assert section.is_visible()
    hidden = "tables => tables.filter(table => !table.checkVisibility()).map(table => table.textContent)"
    tables = "main table:not(.variant[hidden] *, details:has(tr:nth-child(60)) *)"  # long ones are not unfolded
    assert page.eval_on_selector_all(tables, hidden) == []
    assert page.locator("#controls").is_hidden() and page.locator("nav").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(page.pdf(format="A4")) > 20_000
