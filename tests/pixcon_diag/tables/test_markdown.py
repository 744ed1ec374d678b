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
        ("two\nlines\x1b", "two⟨U+000A⟩lines⟨U+001B⟩"),
        ("![x](http://y)", r"!\[x](http:\//y)"),
        ("&lt;$x$ ~~y~~ R&D", r"\&lt;\$x\$ \~\~y\~\~ R&D"),
        ("1. - #", "1. - #"),
        (r"a\b", r"a\\b"),
    ],
)
def test_names_are_no_markup_in_markdown(name: str, text: str) -> None:
    row = to_markdown(made((name, 0.5, 1))).splitlines()[4]
    assert row == f"| {text} | 0.5000 | 1 |"


def test_headings_of_two_levels_are_one() -> None:
    assert "| checkpoint | ρ_F band | ρ_F interior | px |" in to_markdown(TWO_LEVELS)


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("# a", r"\# a"),
        ("12. a", r"12\. a"),
        ("- a", r"\- a"),
        ("> a", r"\> a"),
        ("0.5 is b.", r"0\.5 is b."),
        ("A.", "A."),
    ],
)
def test_a_note_is_a_paragraph(note: str, text: str) -> None:
    table = made(("run", 0.5, 1), notes=(note,))
    assert to_markdown(table).splitlines()[-1] == text
