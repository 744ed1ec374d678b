"""The embedding in a browser: cells by keyboard, and the t-SNE maps."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.opening import Opener

PAINTED = "canvas => canvas.toDataURL()"
ASKED = "Point at a pixel"


def records(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def redrawn(page: Any, before: str) -> str:
    """What the first map shows as soon as it is another picture."""
    canvas = page.locator(".tsne-maps canvas").first
    page.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas.element_handle(), before])
    return canvas.evaluate(PAINTED)


def test_a_cell_names_its_cosine_and_confusion_and_chooses_the_pair(demo: Path, open_page: Opener) -> None:
    page = open_page(demo)
    matrix = page.locator(".cosine-matrix").first
    matrix.locator("td[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    told = page.locator("#cosine-readout").inner_text()
    heads = matrix.locator("th[scope=row]").all_inner_texts()
    found = re.match(r"(.+): (\w+) – (\w+), cosine (-?[\d.]+)\. Of \2, ([\d.]+) % \(([\d,]+) pixels\)", told)
    assert found and list(found.group(2, 3)) == heads[:2]
    wanted = next(
        row
        for row in records(demo.parent, "geometry_matrix")
        if (row["name"], row["class"], row["other"]) == found.group(1, 2, 3)
    )
    assert float(found[4]) == pytest.approx(float(wanted["cosine"]), abs=6e-4)
    page.keyboard.press("Enter")
    cell = matrix.locator("td[aria-selected='true']")
    assert cell.count() == 1 and page.evaluate("page.state.get('pair')").count(",") == 1
    page.keyboard.press("Enter")
    assert cell.count() == 0 and page.evaluate("page.state.get('pair')") == ""


def test_a_point_names_what_the_file_of_positions_says(demo: Path, open_page: Opener) -> None:
    page = open_page(demo)
    page.locator(".tsne-maps canvas").first.focus()
    assert ASKED in page.locator("#tsne-readout").inner_text()
    page.keyboard.press("ArrowRight")
    told = page.locator("#tsne-readout").inner_text()
    found = re.match(r"(.+), row (\d+), column (\d+); truth (\w+)\. (.*)", told)
    assert found
    rows = [
        row
        for row in records(demo.parent, "tsne_positions")
        if [row["image"], row["row"], row["column"], row["class"]] == list(found.group(1, 2, 3, 4))
    ]
    assert len(rows) == page.locator(".tsne-maps canvas").count() == 2
    for row in rows:
        outcome = "correct" if row["predicted"] == row["class"] else "wrong"
        assert f"{row['name']}: {row['predicted']} ({outcome}, confidence at least " in told
    page.keyboard.press("Escape")
    assert ASKED in page.locator("#tsne-readout").inner_text()


def test_a_point_is_marked_on_every_map(demo: Path, open_page: Opener) -> None:
    page = open_page(demo)
    second = page.locator(".tsne-maps canvas").last
    second.scroll_into_view_if_needed()
    redrawn(page, page.evaluate("document.createElement('canvas').toDataURL()"))
    before = second.evaluate(PAINTED)
    page.locator(".tsne-maps canvas").first.focus()
    page.keyboard.press("ArrowDown")
    assert second.evaluate(PAINTED) != before


def test_colours_and_the_class_are_restored_from_the_address(demo: Path, open_page: Opener) -> None:
    plain = redrawn(open_page(demo), "")
    page = open_page(demo, "tsne=correct&class=1")
    assert redrawn(page, plain) != plain
    assert page.locator("#tsne-maps select").input_value() == "correct"
    assert [text.strip() for text in page.locator(".tsne-key").all_inner_texts()] == ["correct", "wrong"]
    page.locator("#tsne-maps select").select_option("class")
    pressed = page.locator(".tsne-keys button[aria-pressed='true']")
    pressed.wait_for()
    assert pressed.count() == 1
    pressed.click()
    assert page.evaluate("page.state.get('class')") == "" and page.evaluate("page.state.get('tsne')") == "class"
