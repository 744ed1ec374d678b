"""Table and JSON of a benchmark; the targets are those of RESULTS.md."""

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import torch
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.timing import Spread
from pixcon_train.core.version import VERSION

FOLDER = Path("benchmarks/results")
"""Ignored by git: RESULTS.md quotes what counts."""
PACKAGES = ("torch", "torchvision", "timm", "numpy", "scipy")


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
    found = machine()
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


def machine() -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "pixcon-diag": VERSION,
        **{name: _version(name) for name in PACKAGES},
    }


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


def _processor() -> str:
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    command = ["git", "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
