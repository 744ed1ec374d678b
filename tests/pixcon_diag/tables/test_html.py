"""Tables in HTML: well-formed, every cell there, and nothing that a browser would run."""

import xml.etree.ElementTree as ET

from pixcon_diag.statistics.spread import Spread
from pixcon_diag.tables.html import to_html
from pixcon_diag.tables.table import Table
from tests.pixcon_diag.tables.made import TWO_LEVELS, made


def parsed(table: Table) -> ET.Element:
    return ET.fromstring(f"<div>{to_html(table)}</div>")


def texts(element: ET.Element, tag: str) -> list[str]:
    return ["".join(found.itertext()) for found in element.iter(tag)]


def test_title_headings_cells_and_notes() -> None:
    root = parsed(made(("none", Spread(0.5, 0.25), 1000), ("clean", None, 2), notes=("First.", "Second.")))
    assert texts(root, "caption") == ["A title"]
    assert texts(root, "th") == ["checkpoint", "ρ_F", "px"]
    assert texts(root, "td") == ["none", "0.5000 ± 0.2500", "1,000", "clean", "–", "2"]
    assert texts(root, "p") == ["First.", "Second."]
    assert [cell.get("style") for cell in root.iter("td")][:3] == [
        "text-align: left",
        "text-align: right",
        "text-align: right",
    ]


def test_every_text_is_escaped() -> None:
    name = '<script>alert("&")</script>'
    root = parsed(made((name, 0.5, 1), notes=(name,)))
    assert texts(root, "td")[0] == name and texts(root, "p") == [name]
    assert not list(root.iter("script"))


def test_a_shared_heading_spans_its_columns() -> None:
    first, second = parsed(TWO_LEVELS).find("table/thead") or []
    assert [(cell.text, cell.get("colspan")) for cell in first] == [(None, "1"), ("ρ_F", "2"), (None, "1")]
    assert [cell.text for cell in second] == ["checkpoint", "band", "interior", "px"]


def test_no_rows_leave_the_headings() -> None:
    assert texts(parsed(made()), "th") == ["checkpoint", "ρ_F", "px"]
