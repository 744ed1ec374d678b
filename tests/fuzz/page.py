"""The table of docs/reliability.md, of which the suite writes a row per kind and seed."""

from pathlib import Path

PAGE = Path("docs/reliability.md")
START, END = "<!-- written by `make fuzz` -->", "<!-- end of what `make fuzz` writes -->"
HEAD = (
    "| kind | seed | files | refused | faults | longest (s of the processor) | largest memory (MiB) | date |",
    "|---|---|---|---|---|---|---|---|",
)


def write_row(page: Path, *cells: object) -> None:
    """Replace the row of the kind and seed that ``cells`` begin with, or add it."""
    before, _, rest = page.read_text(encoding="utf-8").partition(START)
    content, _, after = rest.partition(END)
    rows = {tuple(row.split(" | ")[:2]): row for row in content.split("\n") if row.startswith("| ")}
    rows.pop(tuple(HEAD[0].split(" | ")[:2]), None)
    row = f"| {' | '.join(map(str, cells))} |"
    rows[tuple(row.split(" | ")[:2])] = row
    table = "\n".join([*HEAD, *sorted(rows.values())])
    page.write_text(f"{before}{START}\n\n{table}\n\n{END}{after}", encoding="utf-8")
