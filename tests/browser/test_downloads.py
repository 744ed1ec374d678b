"""What the page saves is what lies beside it, and terms are explained where they are used."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.opening import Opener


def saved(page: Any, button: Any) -> bytes:
    with page.expect_download() as started:
        button.click()
    return Path(started.value.path()).read_bytes()


@pytest.mark.parametrize(("suffix", "folder"), [("csv", ""), ("md", "tables"), ("tex", "tables")])
def test_a_table_is_saved_as_it_lies_beside_the_page(demo: Path, open_page: Opener, suffix: str, folder: str) -> None:
    page = open_page(demo)
    found = page.locator("#downloads").get_by_role("button", name=f"Save the table geometry as {suffix}", exact=True)
    assert saved(page, found) == (demo.parent / folder / f"geometry.{suffix}").read_bytes()


def test_tables_are_found_by_words(demo: Path, open_page: Opener) -> None:
    page = open_page(demo)
    page.get_by_label("Search").fill("GEOMETRY matrix")
    assert page.locator("#saved-tables tbody tr:visible code").all_inner_texts() == ["geometry_matrix"]
    assert "1 of " in page.locator("#saved-tables").inner_text()


def test_a_chart_is_saved_with_its_own_colours(demo: Path, open_page: Opener) -> None:
    page = open_page(demo, theme="dark")
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    text = saved(page, page.locator("#saved-charts button").first).decode("utf-8")
    assert text.startswith("<svg ") and 'xmlns="http://www.w3.org/2000/svg"' in text
    assert "var(" not in text and "rgb(21, 24, 29)" in text


def test_the_command_is_there_to_be_copied(demo: Path, open_page: Opener) -> None:
    page = open_page(demo, permissions=["clipboard-read", "clipboard-write"])
    command = page.locator("#command").inner_text()
    assert command.startswith("pixcon-diag report ") and f"--out {demo.parent}" in command
    page.locator("#downloads").get_by_role("button", name="Copy").click()
    page.get_by_text("copied", exact=True).wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == command


def test_a_term_is_explained_by_keyboard_pointer_and_touch(demo: Path, open_page: Opener) -> None:
    page = open_page(demo)
    term, tip = page.locator("#filter a.term[data-term=tau]").first, page.locator("#term-tip")
    term.focus()
    assert tip.is_visible() and "at least τ" in tip.inner_text()
    assert term.get_attribute("aria-describedby") == "term-tip"
    page.keyboard.press("Escape")
    assert tip.is_hidden() and term.get_attribute("aria-describedby") is None
    page.locator("button.sort:visible .term").first.hover()
    assert tip.is_visible()
    tip.hover()
    page.wait_for_timeout(400)
    assert tip.is_visible()
    page.mouse.move(1, 1)
    tip.wait_for(state="hidden")
    term.click()
    assert page.evaluate("page.state.get('at')") == "term-tau"

    touched = open_page(demo, has_touch=True)
    term = touched.locator("#filter a.term[data-term=tau]").first
    term.tap()
    assert touched.locator("#term-tip").is_visible() and touched.evaluate("page.state.get('at')") == ""
    term.tap()
    assert touched.evaluate("page.state.get('at')") == "term-tau"
