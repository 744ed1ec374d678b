"""The table of docs/reliability.md, written from the counts of the suite."""

from pathlib import Path
from typing import Any

PAGE = Path("docs/reliability.md")
START, END = "<!-- written by `make faults` -->", "<!-- end of what `make faults` writes -->"


def write_table(page: Path, content: dict[str, Any]) -> None:
    """Replace what is between the markers of ``page``."""
    before, _, rest = page.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{START}\n\n{table(content)}\n{END}{after}", encoding="utf-8")


def table(content: dict[str, Any]) -> str:
    """The machine, and a row for each fault."""
    about = content["machine"]
    lines = [
        f"{about['processor']}, {about['cores']} cores, torch {about['torch']}, Python {about['python']}, seed "
        f"{content['seed']}.",
        "",
        "| fault | must hold after each try | tries | in time | losses | date |",
        "|---|---|---|---|---|---|",
    ]
    for row in content["faults"].values():
        cells = (row["fault"], row["expected"], row["tries"], row["disturbed"], len(row["losses"]), row["date"])
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"
