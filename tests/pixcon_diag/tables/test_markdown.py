"""Tables in Markdown."""

import pytest

from pixcon_diag.tables.markdown import to_markdown
from tests.pixcon_diag.tables.made import TWO_LEVELS, made


def test_markdown() -> None:
    assert to_markdown(made(("run", 0.5, 1000), notes=("First.", "Second."))).splitlines() == [
        "**A title**",
        "",
        "| checkpoint | ρ_F | px |",
        "| --- | ---: | ---: |",
        "| run | 0.5000 | 1,000 |",
        "",
        "First.",
        "",
        "Second.",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a|b", r"a\|b"),
        ("__init__", r"\_\_init\_\_"),
        ("farm_clean_0", "farm_clean_0"),
        ("<b>*x*`y`", r"\<b>\*x\*\`y\`"),
        ("two\nlines", "two lines"),
        (r"a\b", r"a\\b"),
    ],
)
def test_names_are_no_markup_in_markdown(name: str, text: str) -> None:
    row = to_markdown(made((name, 0.5, 1))).splitlines()[4]
    assert row == f"| {text} | 0.5000 | 1 |"


def test_headings_of_two_levels_are_one() -> None:
    assert "| checkpoint | ρ_F band | ρ_F interior | px |" in to_markdown(TWO_LEVELS)
