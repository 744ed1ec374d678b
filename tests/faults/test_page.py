"""The table of docs/reliability.md."""

from pathlib import Path

from tests.faults.page import END, PAGE, START, table, write_table

ROW = {"expected": "nothing is lost", "tries": 50, "disturbed": 48, "date": "2026-11-27"}
CONTENT = {
    "machine": {"processor": "A CPU", "cores": 2, "torch": "2.14", "python": "3.11"},
    "seed": 0,
    "faults": {
        "a": {"fault": "SIGKILL", "losses": [], **ROW},
        "b": {"fault": "disk full", "losses": ["x", "y"], **ROW},
    },
}


def test_only_what_is_between_the_markers_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{START}\nold\n{END}\nafter\n")
    for _ in range(2):
        write_table(page, CONTENT)
        assert page.read_text() == f"before\n{START}\n\n{table(CONTENT)}\n{END}\nafter\n"
    assert "| SIGKILL | nothing is lost | 50 | 48 | 0 | 2026-11-27 |\n" in page.read_text()
    assert "| disk full | nothing is lost | 50 | 48 | 2 | 2026-11-27 |" in page.read_text()


def test_the_page_has_the_markers_and_loses_nothing() -> None:
    text = (Path(__file__).parents[2] / PAGE).read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in text.split(START)[1].split(END)[0].splitlines() if line.startswith("| ")][1:]
    assert rows and all(row[4] == "0" for row in rows)
