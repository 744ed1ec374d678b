"""Table and JSON of a benchmark; the targets are those of RESULTS.md."""

import argparse
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from benchmarks.timing import Spread

FOLDER = Path("benchmarks/results")
"""Ignored by git: RESULTS.md quotes what counts."""


@dataclass(frozen=True)
class Row:
    """One measured quantity."""

    what: str
    found: Spread
    unit: str = "×"
    target: float | None = None
    better: Literal["more", "less"] = "less"
    values: dict[str, Any] = field(default_factory=dict)
    """Further values for the JSON, among them the seconds of every round."""

    @property
    def met(self) -> bool | None:
        """Whether the median meets the target; None without one."""
        if self.target is None:
            return None
        return self.found.median >= self.target if self.better == "more" else self.found.median <= self.target


def add_options(parser: argparse.ArgumentParser, name: str, *, repeats: int) -> None:
    """The options that every benchmark has."""
    parser.add_argument("--repeats", type=int, default=repeats, help="rounds (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch (%(default)s)")
    parser.add_argument("--out", type=Path, default=FOLDER / f"{name}.json", help="the JSON's path (%(default)s)")


def report(title: str, rows: list[Row], out: Path, **settings: Any) -> int:
    """Print the table, save the JSON, and return 1 where a target is missed."""
    found = machine() | {"gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None}
    print(
        f"{title}\n{found['processor']}, {found['cores']} cores, load {found['load']:.1f}, "
        f"{torch.get_num_threads()} threads; torch {found['torch']}, Python {found['python']}"
    )
    console = Console(width=max(80, Console().width))
    console.print(_table(rows))
    content = {"title": title, "machine": found, "settings": settings, "rows": [_row(row) for row in rows]}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")
    print(f"Saved {out}")
    return int(any(row.met is False for row in rows))


def _table(rows: list[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("what", "median", "least to most", "target", ""):
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        target = "" if row.target is None else f"{'≥' if row.better == 'more' else '≤'} {row.target:g}"
        verdict = {None: "", True: "met", False: "missed"}[row.met]
        found = row.found
        table.add_row(
            row.what, f"{found.median:.3g} {row.unit}", f"{found.least:.3g} to {found.most:.3g}", target, verdict
        )
    return table


def _row(row: Row) -> dict[str, Any]:
    return asdict(row) | {"met": row.met}
