"""The rows that the suite writes into docs/reliability.md."""

from pathlib import Path

from tests.fuzz.kinds import KINDS
from tests.fuzz.page import END, HEAD, PAGE, START, write_row


def test_a_row_is_added_or_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    (page := tmp_path / "page.md").write_text(f"before\n{START}\n{END}\nafter\n")
    write_row(page, "yaml", 2, 500, 400, 0)
    write_row(page, "lists", 1, 9, 9, 9)
    write_row(page, "yaml", 1, 100, 80, 0)
    write_row(page, "yaml", 1, 500, 410, 0)
    rows = "| lists | 1 | 9 | 9 | 9 |\n| yaml | 1 | 500 | 410 | 0 |\n| yaml | 2 | 500 | 400 | 0 |"
    assert page.read_text() == "\n".join(("before", START, "", *HEAD, rows, "", END, "after", ""))


def test_the_page_has_no_fault_and_only_kinds_that_there_are() -> None:
    text = (Path(__file__).parents[2] / PAGE).read_text(encoding="utf-8")
    rows = [line[2:].split(" | ") for line in text.split(START)[1].split(END)[0].split("\n") if line.startswith("| ")][
        1:
    ]
    assert all(row[0] in KINDS and row[4] == "0" for row in rows)
