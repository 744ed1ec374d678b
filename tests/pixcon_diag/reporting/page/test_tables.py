"""Tables of the page: text is escaped, numbers sort by value, and a difference says by colour whether it is better."""

from pixcon_diag.analyses.deltas import delta_column
from pixcon_diag.reporting.page.tables import table_html
from pixcon_diag.tables.table import Column, Table

HOSTILE = '<script>alert("x")</script>'


def table(rows: list[tuple[str, float, str]]) -> Table:
    columns = (Column("name", HOSTILE), delta_column("delta", higher_is_better=False), Column("word", "change"))
    return Table("one", HOSTILE, columns, tuple(rows), (HOSTILE,))


def test_foreign_text_is_escaped_everywhere() -> None:
    html = table_html(table([(HOSTILE, 0.1, "worse")]), row_keys=(HOSTILE,))
    assert "<script" not in html and html.count("&lt;script&gt;") == 6  # title twice, head, note, cell, key


def test_a_cell_holds_its_number_to_sort_by() -> None:
    html = table_html(table([("a", 0.1, ""), ("b", float("nan"), "")]))
    assert html.count("data-value=") == 1 and 'data-value="0.1"' in html and "+10.00" in html


def test_less_is_better_and_what_is_undecided_has_no_colour() -> None:
    html = table_html(table([("a", 0.1, "worse"), ("b", -0.1, "better"), ("c", 0.1, "undecided")]))
    cells = html.split("<tbody>")[1]
    assert cells.count('class="n bad"') == 1 and cells.count('class="bad">worse') == 1
    assert cells.count('class="n good"') == 1 and cells.count('class="good">better') == 1


def test_a_long_table_is_folded_unless_asked_not_to_be() -> None:
    rows = [(str(i), 0.0, "") for i in range(15)]
    assert table_html(table(rows)).startswith("<details>") and "(15 rows)" in table_html(table(rows))
    assert table_html(table(rows), folded=False).startswith("<div") and table_html(table(rows[:3])).startswith("<div")
