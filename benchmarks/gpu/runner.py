"""Run the parts one after the other, each in a process with a time limit, and collect their rows in a table and a JSON.

A separate process frees the device's memory, and neither a hang nor a broken CUDA context affects the next part.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.gpu.parts import Part
from benchmarks.gpu.rows import Row, failed, format_row, header, skipped
from benchmarks.machine import ROOT, commit

NO_DEVICE = "no device"
"""Row of the environment if the device is missing; then nothing else is run."""

_KILLING = 1.0
"""Time in seconds reserved for stopping a part."""

_TAIL = 4000
"""Characters of error output stored in the JSON if a part failed."""


@dataclass(frozen=True)
class Plan:
    """The parts to run, and their options."""

    parts: Sequence[Part]
    device: str
    small: bool
    budget: float
    """Seconds of all parts together."""


@dataclass
class Report:
    """All results so far; written again after every row."""

    path: Path
    about: dict[str, Any]
    parts: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, row: Row) -> None:
        """Print and save a row of the part that is running."""
        print(format_row(name, row), flush=True)
        self.parts[-1]["rows"].append(asdict(row))
        self.write()

    def write(self) -> None:
        """Write the JSON atomically."""
        verdicts = Counter(row["verdict"] for part in self.parts for row in part["rows"])
        content = {**self.about, "verdicts": dict(verdicts), "parts": self.parts}
        temporary = self.path.with_name(f".{self.path.name}.tmp")
        temporary.write_text(json.dumps(_strict(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
        temporary.replace(self.path)

    def rows(self) -> list[dict[str, Any]]:
        """All rows so far."""
        return [row for part in self.parts for row in part["rows"]]


def run_all(plan: Plan, out: Path) -> Report:
    """Run the parts of ``plan``; each row is printed and written to the JSON ``out`` immediately."""
    begin = time.monotonic()
    about = {"format": 1, "started": datetime.now(UTC).isoformat(timespec="seconds"), **asdict(plan)}
    report = Report(out, about | {"commit": commit()})
    print(header())
    for number, part in enumerate(plan.parts):
        report.parts.append({"name": part.name, "about": part.about, "rows": []})
        remaining = plan.budget - (time.monotonic() - begin)
        later = sum(other.seconds for other in plan.parts[number + 1 :])
        if any(row["values"].get(NO_DEVICE) for row in report.rows()):
            report.add(part.name, skipped(part.about, f"there is no device '{plan.device}' here"))
        elif remaining < part.seconds:
            report.add(part.name, skipped(part.about, f"needs {part.seconds} s, {max(remaining, 0):.0f} s are left"))
        else:
            run_part(part, plan, max(part.seconds, remaining - later - _KILLING), report)
    report.about["seconds"] = time.monotonic() - begin
    report.write()
    print(f"\n{_summary(report)}; {report.about['seconds']:.0f} s; written to {out}")
    return report


def run_part(part: Part, plan: Plan, limit: float, report: Report) -> None:
    """Run one part for at most ``limit`` seconds, and collect its rows."""
    begin, entry = time.monotonic(), report.parts[-1]
    with tempfile.TemporaryDirectory() as folder:
        rows, errors = Path(folder, "rows"), Path(folder, "errors")
        rows.touch()
        with errors.open("wb") as sink, _started(part, plan, limit, rows, sink) as process, rows.open() as lines:
            for row in _arriving(process, lines.readline, begin + limit):
                report.add(part.name, row)
        end = _end_of(process, limit)
        entry |= {"seconds": time.monotonic() - begin, "limit": limit, "exit": process.returncode}
        if end is not None:
            report.add(part.name, failed("the rest", end))
        if any(row["verdict"] == "FAIL" for row in entry["rows"]):
            entry["stderr"] = errors.read_text(encoding="utf-8", errors="replace")[-_TAIL:]
        report.write()


def _started(part: Part, plan: Plan, limit: float, rows: Path, errors: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.gpu.child", part.module, str(rows)]
    options = ["--device", plan.device, "--seconds", str(limit), *(["--small"] if plan.small else [])]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        command + options,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
        stdout=errors,
        stderr=errors,
        start_new_session=True,  # so that its child processes can be stopped with it
    )


def _arriving(process: subprocess.Popen[bytes], line: Callable[[], str], deadline: float) -> Iterator[Row]:
    """Yield rows as they are written, until the process ends; kill it at ``deadline`` or if the generator is closed."""
    text = ""
    try:
        while True:
            over = process.poll() is not None  # checked before the last lines are read
            while chunk := line():
                text += chunk
                if text.endswith("\n"):
                    yield Row(**json.loads(text))
                    text = ""
            if over or time.monotonic() > deadline:
                return
            time.sleep(0.1)
    finally:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end_of(process: subprocess.Popen[bytes], limit: float) -> str | None:
    """How the process ended, if not normally."""
    if process.returncode == -signal.SIGKILL:
        return f"killed at its limit of {limit:.0f} s, or for memory"
    if process.returncode < 0:
        return f"died by signal {signal.Signals(-process.returncode).name}"
    return f"ended with exit code {process.returncode}" if process.returncode else None


def _summary(report: Report) -> str:
    count = Counter(row["verdict"] for row in report.rows())
    return ", ".join(f"{count[verdict]} {verdict}" for verdict in ("pass", "FAIL", "measured", "skipped"))


def _strict(value: Any) -> Any:
    """A copy with every non-finite float as None."""
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    return value
