"""The page of a sheet: one file, nothing loaded from elsewhere, texts escaped."""

import json
import re
from html.parser import HTMLParser
from typing import Any

from pixcon_diag.sheets.page import render
from pixcon_diag.sheets.question import order_of
from tests.pixcon_diag.sheets.made import sheet


class Page(HTMLParser):
    """The elements of a page with their attributes, and the content for the script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.content: Any = None
        self._reading = False
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        self._reading = dict(attributes).get("id") == "content"

    def handle_data(self, data: str) -> None:
        if self._reading:
            self.content = json.loads(data)
            self._reading = False


def test_nothing_is_loaded_from_elsewhere() -> None:
    html = render(sheet())
    page = Page(html)
    assert not [name for _, attributes in page.elements for name in ("src", "href") if name in attributes]
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|import\(", html)
    policy = next(a["content"] for tag, a in page.elements if tag == "meta" and "http-equiv" in a)
    assert policy is not None and policy.startswith("default-src 'none'")


def test_the_questions_are_those_of_the_sheet() -> None:
    content = Page(render(sheet())).content
    assert [question["name"] for question in content["questions"]] == ["1", "2", "3", "4", "5"]
    for question in content["questions"]:
        assert question["caption"] == 'a, "b"</script>.jpg'
        texts = {"first": "road", "second": "<i>car"}
        assert [one["text"] for one in question["classes"]] == [
            texts[w] for w in order_of("abc", question["component"])
        ]
        assert {one["color"] for one in question["classes"]} == {"#010203", "#ff0009"}
        assert question["photograph"].startswith("data:image/jpeg;base64,")
        assert 0 < question["mark"][0] < 1


def test_each_element_that_the_script_names_exists() -> None:
    html = render(sheet())
    ids = {attributes.get("id") for _, attributes in Page(html).elements}
    assert set(re.findall(r'shown\("(\w+)"\)', html)) <= ids


def test_the_two_classes_are_named_a_and_b_by_chance_and_always_alike() -> None:
    orders = [order_of("abc", f"{i}-{j}") for i in range(20) for j in range(20)]
    assert orders == [order_of("abc", f"{i}-{j}") for i in range(20) for j in range(20)]
    assert 150 < sum(order[0] == "first" for order in orders) < 250
    assert orders != [order_of("abx", f"{i}-{j}") for i in range(20) for j in range(20)]
