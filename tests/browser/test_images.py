"""The images of the report in a browser: what is counted on them, and how they are found and viewed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixcon_diag.passes.predictions import MeasuredPass, read_target
from tests.browser.opening import NARROW, WIDE, Opener

METHODS = ("none", "clean")
PAINTED = """async ([key, method]) => {
  const image = await page.maps.load(key);
  const colors = page.maps.colors(page.data.images.palette, 0.6, page.data.filter.stops.length);
  const look = { view: "filter", stop: page.stopOf(page.data.filter), colors, contours: false, pair: null };
  const pixels = new Uint32Array(image.width * image.height);
  page.maps.paint(pixels, image, method, look, {}, 0, image.width);
  const of = (...wanted) => pixels.filter((pixel) => wanted.includes(pixel)).length;
  return { kept: of(colors.kept), wrong: of(colors.wrong, colors.black), dropped: of(colors.dropped) };
}"""
"""Pixels of each colour in the view of retained pixels."""


@pytest.fixture
def opened(demo: Path, open_page: Opener) -> Iterator[Any]:
    yield viewed(open_page(demo, "image=0"))


def viewed(page: Any) -> Any:
    """The page, as soon as an image is shown."""
    page.wait_for_selector("#image-viewer[data-shown]")
    return page


def records(page: Any) -> list[dict[str, Any]]:
    return page.evaluate("page.data.images.images")


def listed(page: Any) -> list[str]:
    """Keys of the thumbnails in order."""
    return page.eval_on_selector_all(".thumbs button", "buttons => buttons.map(button => button.dataset.key)")


def choose(page: Any, label: str, value: str) -> None:
    select(page, label).select_option(value)


def select(page: Any, label: str) -> Any:
    return page.locator("#images").get_by_role("combobox", name=label, exact=True)


def table(page: Any) -> np.ndarray:
    """Numbers of the table below the image: a row for each method."""
    rows = page.eval_on_selector_all(
        "#image-viewer tbody tr", "rows => rows.map(row => [...row.cells].slice(1).map(cell => cell.dataset.value))"
    )
    return np.array([[float(value) if value else np.nan for value in row] for row in rows])


def test_counts_on_every_image_are_those_of_the_pass(demo: Path, passes: list[MeasuredPass], open_page: Opener) -> None:
    page = viewed(open_page(demo))
    names = [pair.image for pair in passes[0].data.pairs]
    stops = page.evaluate("page.data.filter.stops")
    seen = set()
    for tau in (stops[3], 0.5, 0.95):
        page.evaluate("tau => page.state.set('tau', tau)", tau)
        for record in records(page):
            page.evaluate("key => page.state.set('image', key)", record["key"])
            page.wait_for_selector(f"#image-viewer[data-shown='{record['key']}']")
            shown = table(page)
            for i, member in enumerate(passes):
                index = names.index(record["name"])
                valid, retained, wrong = member.counts.retained(tau)[index].tolist()
                all_wrong = member.counts.histogram[index, 1].sum()
                assert shown[i, 2:].tolist() == [retained, wrong, valid - retained, all_wrong - wrong]
                assert shown[i, 0] == all_wrong / valid
                painted = page.evaluate(PAINTED, [record["key"], i])
                assert painted == {"kept": retained - wrong, "wrong": wrong, "dropped": valid - retained}
                seen.add((retained, wrong))
    assert len(seen) > len(names), "the thresholds do not differ"


def test_maps_are_read_exactly(passes: list[MeasuredPass], opened: Any) -> None:
    names = [pair.image for pair in passes[0].data.pairs]
    for record in records(opened):
        read = "key => page.maps.read(key).then(({ truth, methods }) => [truth, ...methods.map(m => m.labels)])"
        truth, *labels = opened.evaluate(f"({read})({record['key']!r}).then(maps => maps.map(map => [...map]))")
        index = names.index(record["name"])
        assert truth == read_target(passes[0].data, index).ravel().tolist()
        for member, found in zip(passes, labels, strict=True):
            assert found == member.label_maps.read(index).ravel().tolist()


def test_holding_a_key_or_the_button_shows_the_other_side(opened: Any) -> None:
    sides = opened.locator(".sides")
    assert sides.inner_text() == "Shown: none"
    canvas = opened.locator("#image-viewer canvas")
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    canvas.focus()
    for key in ("f", " "):
        opened.keyboard.down(key)
        assert sides.inner_text() == "Shown: clean"
        assert canvas.evaluate("canvas => canvas.toDataURL()") != before
        opened.keyboard.up(key)
        assert sides.inner_text() == "Shown: none"
    opened.locator(".flip").hover()
    opened.mouse.down()
    assert sides.inner_text() == "Shown: clean"
    opened.mouse.up()
    assert sides.inner_text() == "Shown: none"
    assert canvas.evaluate("canvas => canvas.toDataURL()") == before


def test_the_divider_shows_both_sides(opened: Any) -> None:
    opened.evaluate("page.state.set('divider', 50)")
    assert opened.locator(".sides").inner_text() == "Left of the line: none; right of it: clean"
    choose(opened, "B", "ground truth")
    assert opened.locator(".sides").inner_text() == "Left of the line: none; right of it: ground truth"


def test_images_are_sorted(opened: Any) -> None:
    errors = {one["key"]: [method["error"] for method in one["methods"]] for one in records(opened)}
    assert listed(opened) == [*errors]
    choose(opened, "Sort by", "error")
    assert listed(opened) == sorted(errors, key=lambda key: -errors[key][0])
    choose(opened, "Sort by", "better")
    assert listed(opened) == sorted(errors, key=lambda key: errors[key][1] - errors[key][0])
    choose(opened, "Sort by", "name")
    names = {one["key"]: one["name"] for one in records(opened)}
    assert listed(opened) == sorted(names, key=lambda key: names[key])


def test_images_are_filtered_by_class_kind_and_pair(opened: Any) -> None:
    classes = {
        one["key"]: {*one["classes"], *(k for method in one["methods"] for k in method["classes"])}
        for one in records(opened)
    }
    for k in range(3):
        choose(opened, "Class", str(k))
        assert listed(opened) == [key for key, found in classes.items() if k in found]
    choose(opened, "Class", "")
    choose(opened, "Kind", "win")
    assert listed(opened) == [one["key"] for one in records(opened) if "win" in one["kinds"]]
    choose(opened, "Kind", "")
    opened.evaluate("page.state.set('pair', '0,1')")
    pairs = {
        one["key"]: max(
            (pixels for method in one["methods"] for t, p, pixels in method["confused"] if (t, p) == (0, 1)), default=0
        )
        for one in records(opened)
    }
    assert listed(opened) == sorted((key for key in pairs if pairs[key]), key=lambda key: -pairs[key])
    opened.get_by_role("button", name="Show images of all pairs").click()
    assert len(listed(opened)) == len(pairs)


def test_the_address_restores_the_view(demo: Path, open_page: Opener) -> None:
    page = viewed(open_page(demo, "image=2&tau=0.9&view=confidence&b=ground+truth&divider=40&class=1"))
    assert page.locator("#image-viewer").get_attribute("data-shown") == "2"
    assert select(page, "View").input_value() == "confidence"
    assert select(page, "Class").input_value() == "1"
    assert "right of it: ground truth" in page.locator(".sides").inner_text()
    assert "τ = 0.9" in page.locator("#image-viewer .tau").inner_text()
    page.evaluate("location.hash = 'image=1&view=classes'")
    page.wait_for_selector("#image-viewer[data-shown='1']")
    assert select(page, "View").input_value() == "classes"
    assert page.locator(".sides").inner_text() == "Shown: none"


def test_an_unknown_class_and_kind_in_the_address_leave_out_no_image(demo: Path, open_page: Opener) -> None:
    page = open_page(demo, "class=99&kind=none&pair=x,y&image=zzz")
    assert page.locator("#image-grid button[data-key]").count() > 0


def test_the_keyboard_names_pixels_and_moves_between_images(passes: list[MeasuredPass], opened: Any) -> None:
    record = records(opened)[0]
    index = [pair.image for pair in passes[0].data.pairs].index(record["name"])
    truth = read_target(passes[0].data, index)
    height, width = truth.shape
    opened.locator("#image-viewer canvas").focus()
    opened.keyboard.press("Shift+ArrowDown")
    opened.keyboard.press("ArrowLeft")
    x, y = width // 2 - 1, min(height - 1, height // 2 + 10)
    spec = passes[0].data.spec
    said = opened.locator(".pixel").inner_text()
    assert said.startswith(f"Pixel {x}, {y}. Truth: {spec.classes[truth[y, x]]}. ")
    for name, member in zip(METHODS, passes, strict=True):
        edges, confidence = member.options.edges, member.confidence_maps.read(index)[y, x]
        (text,) = (part for part in said.rstrip(".").split("; ") if f"{name}: " in part)
        low, _, high = text.rpartition("confidence ")[2].removeprefix("at least ").partition(" to ")
        assert f"{name}: {spec.classes[member.label_maps.read(index)[y, x]]} (" in text
        assert float(low) <= edges[confidence] and (not high or edges[confidence] < float(high))
    opened.keyboard.press("n")
    opened.wait_for_selector("#image-viewer[data-shown='1']")
    opened.keyboard.press("p")
    opened.wait_for_selector("#image-viewer[data-shown='0']")


def test_void_is_named(opened: Any) -> None:
    opened.locator("#image-viewer canvas").hover(position={"x": 5, "y": 2})
    assert "Truth: void." in opened.locator(".pixel").inner_text()


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_thumbnail_opens_its_image(demo: Path, open_page: Opener, width: int) -> None:
    page = viewed(open_page(demo, width=width))
    last = page.locator(".thumbs button").last
    last.click()
    key = last.get_attribute("data-key")
    page.wait_for_selector(f"#image-viewer[data-shown='{key}']")
    assert last.get_attribute("aria-pressed") == "true"
    last.scroll_into_view_if_needed()
    page.wait_for_selector(f".thumbs button[data-key='{key}'] canvas")
