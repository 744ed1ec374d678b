"""Tables as plain text: aligned, within the width, and nothing that a terminal would obey."""

import pytest

from pixcon_diag.tables.table import Column, Table
from pixcon_diag.tables.text import to_text
from tests.pixcon_diag.tables.made import TWO_LEVELS, made

WIDE = Table(
    "t",
    "T",
    (Column("name", "checkpoint"), *(Column(f"c{i}", f"class {i}", "number") for i in range(20))),
    (("a", *(i / 20 for i in range(20))), ("b", *(1.0,) * 20)),
)


def test_columns_are_aligned_and_headings_wrap_to_what_their_cells_need() -> None:
    text = to_text(made(("none", 0.25, 1000), ("clean-positive", 0.5, None), notes=("A note.",)))
    assert text.splitlines() == [
        "A title",
        "",
        "checkpoint         ρ_F     px",
        "--------------  ------  -----",
        "none            0.2500  1,000",
        "clean-positive  0.5000      –",
        "",
        "A note.",
    ]
    heads = to_text(TWO_LEVELS).splitlines()[2:6]
    assert heads == [
        "               ρ_F       ρ_F",
        "checkpoint    band  interior  px",
        "----------  ------  --------  --",
        "x           0.1000    0.2000   3",
    ]


@pytest.mark.parametrize("width", [40, 80, 400])
def test_a_wide_table_continues_below_and_repeats_its_first_column(width: int) -> None:
    title, *blocks = to_text(WIDE, width).split("\n\n")
    assert title == "T" and len(blocks) == {40: 7, 80: 3, 400: 1}[width]
    assert max(len(line) for block in blocks for line in block.splitlines()) <= width
    rows = [block.splitlines()[-2:] for block in blocks]
    assert all(first.startswith("a ") and second.startswith("b ") for first, second in rows)
    cells = [cell for first, _ in rows for cell in first.split()[1:]]
    assert cells == [f"{i / 20:.4f}" for i in range(20)]


def test_a_column_wider_than_the_width_is_not_cut() -> None:
    path = "runs/" + 100 * "x"
    assert path in to_text(made((path, 0.5, 1)), 80)


def test_no_rows_leave_the_headings() -> None:
    assert to_text(made()).splitlines() == ["A title", "", "checkpoint  ρ_F  px", "----------  ---  --"]


def test_notes_wrap() -> None:
    lines = to_text(made(("a", 0.5, 1), notes=(" ".join(["word"] * 50),))).splitlines()
    assert max(map(len, lines)) <= 80 and sum(line.count("word") for line in lines) == 50


def test_names_neither_break_lines_nor_reach_the_terminal_as_codes() -> None:
    assert to_text(made(("two\nlines \x1b[31m", 0.5, 1))).splitlines()[-1].startswith("two⟨U+000A⟩lines ⟨U+001B⟩[31m")


def test_wide_characters_take_two_columns_and_accents_none() -> None:
    lines = to_text(made(("農地", 0.5, 1), ("é", 0.5, 1), ("e\N{COMBINING ACUTE ACCENT}", 0.5, 1))).splitlines()[4:]
    assert lines == [
        "農地        0.5000   1",
        "é           0.5000   1",
        "e\N{COMBINING ACUTE ACCENT}           0.5000   1",
    ]
