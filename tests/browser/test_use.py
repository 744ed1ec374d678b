"""The report's page in use: threshold, sorting, choice of a class, links to a view, keyboard."""

from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.passes.predictions import MeasuredPass, read_target
from pixcon_train.core.void import VOID
from tests.browser.opening import NARROW, Opener

SLIDER = "#filter input[type=range]"
FOCUSED = """() => {
  const focused = document.activeElement, style = getComputedStyle(focused);
  const name = focused.textContent.trim() || focused.ariaLabel;
  return { name, outline: style.outlineStyle, width: style.outlineWidth };
}"""


def address(page: Any) -> str:
    """The state in the address; playwright's ``page.url`` learns of a change only after it."""
    return str(page.evaluate("location.hash")).removeprefix("#")


def retained(member: MeasuredPass, tau: float) -> tuple[int, int]:
    """Valid pixels of a pass whose confidence is at least ``tau``, and the wrong ones among them, from its maps."""
    stop, kept, wrong = member.options.edges.index(tau), 0, 0
    for index in range(len(member.data.pairs)):
        target = read_target(member.data, index)
        keep = (target != VOID) & (member.confidence_maps.read(index) >= stop)
        kept += int(keep.sum())
        wrong += int((member.label_maps.read(index) != target)[keep].sum())
    return kept, wrong


def numbers(page: Any, column: int) -> list[int]:
    """A column of the filter's first table."""
    cells = f"rows => rows.map(row => Number(row.cells[{column}].dataset.value))"
    return page.eval_on_selector_all("#filter-panel table >> nth=0 >> tbody tr", cells)


def test_the_slider_counts_what_the_maps_hold(demo: Path, passes: list[MeasuredPass], open_page: Opener) -> None:
    page = open_page(demo)
    stops = page.evaluate("page.data.filter.stops")
    assert 0 < page.evaluate("page.data.filter.start") <= 0.95
    for place in (0, len(stops) // 3, stops.index(0.9)):
        page.locator(SLIDER).first.fill(str(place))
        assert page.locator("#filter output.tau").inner_text() == f"τ = {stops[place]:g}"
        expected = [retained(member, stops[place]) for member in passes]
        assert numbers(page, 1) == [kept for kept, _ in expected]
        assert numbers(page, 3) == [wrong for _, wrong in expected]
    assert len({retained(passes[0], tau) for tau in (0, stops[len(stops) // 3], 0.9)}) == 3


def test_a_column_sorts_by_number_in_both_directions(demo: Path, open_page: Opener) -> None:
    page = open_page(demo)
    head = page.locator("#errors table >> nth=0 >> thead tr").last.locator("th.n").first
    column = head.evaluate("head => head.cellIndex")
    rows = f"rows => rows.map(row => row.cells[{column}].dataset.value ?? null)"
    for direction in ("descending", "ascending"):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == direction
        shown = page.eval_on_selector_all("#errors table >> nth=0 >> tbody tr", rows)
        values = [float(value) for value in shown if value is not None]
        assert len(values) > 2 and values == sorted(values, reverse=direction == "descending")
        assert None not in shown[: len(values)]


def test_a_link_shows_the_same_view(demo: Path, open_page: Opener) -> None:
    page = open_page(demo)
    page.locator(SLIDER).first.fill("3")
    page.locator("#filter-panel button.class").nth(1).click()
    page.get_by_role("button", name="Switch to the dark theme").click()
    again = open_page(demo, address(page), width=NARROW)
    for one in (page, again):
        assert one.evaluate("document.documentElement.dataset.theme") == "dark"
        assert one.locator(SLIDER).first.input_value() == "3"
        chosen = "buttons => buttons.map(button => button.ariaPressed)"
        assert one.eval_on_selector_all("#filter-panel button.class", chosen) == ["false", "true", "false"]
    assert numbers(again, 1) == numbers(page, 1)
    again.locator("#filter-panel button.class").nth(1).click()
    assert "class=" not in address(again) and "tau=" in address(again)


def test_a_changed_address_changes_the_view(demo: Path, open_page: Opener) -> None:
    page = open_page(demo, "tau=0.5&class=2")
    page.evaluate("location.hash = 'tau=0.9'")
    page.wait_for_function("document.querySelector('output.tau').textContent === 'τ = 0.9'")
    assert page.locator("#filter-panel button.class[aria-pressed=true]").count() == 0


def test_everything_is_reached_and_used_by_keyboard(demo: Path, open_page: Opener) -> None:
    page = open_page(demo, reduced_motion="reduce")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["name"] == "Skip to the content"
    focused = []
    for _ in range(page.locator("button, input, select, summary, a[href] >> visible=true").count()):
        place = page.evaluate(FOCUSED)
        focused.append(place["name"])
        assert place["outline"] == "solid" and place["width"] == "3px", place
        if place["name"] == "Confidence threshold τ":
            break
        page.keyboard.press("Tab")
    assert focused[-1] == "Confidence threshold τ"
    before = numbers(page, 1)
    page.keyboard.press("Home")
    assert "tau=0" in address(page) and numbers(page, 1) >= before
    page.keyboard.press("ArrowRight")
    assert page.locator("#filter output.tau").inner_text() == "τ = 0.1"
    sort = page.locator("#filter-panel table >> nth=0 >> thead button").nth(1)
    sort.focus()
    page.keyboard.press("Enter")
    head = page.locator("#filter-panel table >> nth=0 >> thead th").nth(1)
    assert head.get_attribute("aria-sort") == "descending"
    page.locator("#filter-panel button.class").first.focus()
    page.keyboard.press("Space")
    assert "class=0" in address(page)


def test_after_a_link_the_keyboard_goes_on_in_the_section(demo: Path, open_page: Opener) -> None:
    page = open_page(demo, reduced_motion="reduce")
    page.locator("nav a[href='#filter']").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('section').id") == "filter"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_follows_the_system_until_one_is_chosen(demo: Path, open_page: Opener, theme: str) -> None:
    other = {"light": "dark", "dark": "light"}[theme]
    page = open_page(demo, theme=theme)
    background = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(background)
    page.get_by_role("button", name=f"Switch to the {other} theme").click()
    assert page.evaluate(background) != before
    assert page.evaluate("document.documentElement.dataset.theme") == other
