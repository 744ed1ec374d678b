"""Every part of the GPU check on the CPU in small, and that none takes the others down with it."""

import json
import os
import re
import time
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmarks.gpu import child, devices, guard, memory, processes, runner
from benchmarks.gpu.parts import BUDGET, PARTS, Options, Part
from benchmarks.gpu.rows import Row, at_least, at_most, failed, format_row, header, skipped
from benchmarks.gpu.runner import NO_DEVICE, Plan, run_all
from benchmarks.machine import ROOT

FAILING = Part("failing", "tests.benchmarks.failing_part", 5, "fails")
GOOD = Part("good", "tests.benchmarks.good_part", 5, "passes")

SLOW = {"guard", "inference", "precision", "processes", "compile"}
"""Parts that take more than a few seconds on a CPU."""

ROWS = {
    "environment": 2,
    "guard": 2,
    "devices": 12,
    "inference": 10,
    "processes": 5,
    "precision": 8,
    "contrastive": 1,
    "memory": 2,
    "pass": 2,
    "compile": 4,
}
"""Fewest rows of a part, so that one that does nothing is noticed."""


def not_installed(name: str) -> Distribution:
    """Metadata as on a machine where the checkout is not installed, but its dependencies are."""
    if name == "pixcon-diag":
        raise PackageNotFoundError(name)
    return next(iter(Distribution.discover(name=name)))


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=[pytest.mark.slow] * (part.name in SLOW), id=part.name) for part in PARTS]
)
def test_each_part_passes_in_small_on_a_cpu(part: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr(Distribution, "from_name", staticmethod(not_installed))
    rows = list(child.rows_of(part.module, Options("cpu", True, tmp_path, time.time() + 280)))
    assert [row for row in rows if row.verdict == "FAIL"] == []
    assert len(rows) >= ROWS[part.name]
    for line in "\n".join(format_row(part.name, row) for row in rows).splitlines():
        assert len(line) <= 79 and line.isascii()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU, whose driver then notices any wait")
@pytest.mark.parametrize("case", list(guard.CASES))
def test_no_step_makes_the_host_wait_for_a_gpu(case: str, tmp_path: Path) -> None:
    guard.guarded_step(case, "cuda", tmp_path)


def test_the_limits_fit_into_eight_minutes() -> None:
    assert sum(part.seconds for part in PARTS) <= BUDGET <= 480
    assert [part.name for part in PARTS] == list(ROWS)


def _report(tmp_path: Path, device: str, *parts: Part, budget: float = 600) -> dict:
    """What is written on a clock that stands still, and jumps beyond the limit of a part that hangs."""
    out = tmp_path / "found.json"

    def now() -> float:
        hangs = device == "hang" and out.exists() and '"what": "before"' in out.read_text(encoding="utf-8")
        return budget - GOOD.seconds - 0.5 if hangs else 0.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "time", SimpleNamespace(monotonic=now, sleep=time.sleep))
        run_all(Plan(parts, device, True, budget), out)
    return json.loads(out.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))


@pytest.mark.parametrize(
    ("device", "message"), [("raise", "first line"), ("die", "died by signal SIGSEGV"), ("hang", "killed at its limit")]
)
def test_a_part_that_fails_leaves_its_rows_and_the_other_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], device: str, message: str
) -> None:
    report = _report(tmp_path, device, FAILING, GOOD)
    first, last = report["parts"][0]["rows"]
    assert (first["what"], first["values"]) == ("before", {"nothing": None})
    assert last["verdict"] == "FAIL" and last["result"].startswith(message)
    assert ("second line" in last["values"].get("traceback", "")) == (device == "raise")
    assert [row["verdict"] for row in report["parts"][1]["rows"]] == ["pass"]
    assert report["verdicts"] == {"measured": 1, "FAIL": 1, "pass": 1}
    assert message in capsys.readouterr().out


def test_a_missing_package_is_skipped_with_its_name(tmp_path: Path) -> None:
    rows = list(child.rows_of(FAILING.module, Options("lack", True, tmp_path, 0)))
    assert (rows[1].verdict, "no_such_module" in rows[1].result) == ("skipped", True)
    missing = list(child.rows_of("benchmarks.gpu.nothing", Options("lack", True, tmp_path, 0)))
    assert missing[0].verdict == "FAIL"


def test_what_does_not_fit_into_the_budget_is_skipped(tmp_path: Path) -> None:
    report = _report(tmp_path, "none", GOOD, GOOD, budget=4)
    rows = [row for part in report["parts"] for row in part["rows"]]
    assert [(row["verdict"], row["result"]) for row in rows] == [("skipped", "needs 5 s, 4 s are left")] * 2


def test_without_the_device_nothing_else_is_run(tmp_path: Path) -> None:
    lacking = Part("environment", "tests.benchmarks.no_device_part", 5, "the GPU")
    report = _report(tmp_path, "cuda", lacking, GOOD)
    assert report["parts"][0]["rows"][0]["values"] == {NO_DEVICE: True}
    assert report["parts"][1]["rows"][0]["verdict"] == "skipped"


def test_nan_is_no_pass_and_long_texts_stay_within_the_width() -> None:
    assert at_most("x", float("nan"), 1).verdict == at_least("x", float("nan"), 1).verdict == "FAIL"
    long = "a long sentence with a \N{GREEK SMALL LETTER TAU} that goes on and on " * 4
    rows: list[Row] = [failed("what", long), skipped(long, long), at_most(long, 1 / 3, 1)]
    lines = "\n".join([header(), *(format_row("environment", row) for row in rows)]).splitlines()
    assert max(map(len, lines)) == 79 and all(line.isascii() for line in lines)


def test_another_step_does_not_pass_for_the_same(tmp_path: Path) -> None:
    """A rate that is twice as high, and a step that is not done, are noticed."""
    options = Options("cpu", True, tmp_path, 0)
    expected = devices.one_step(devices._prepared("pixcon", "cpu", "fp32", devices.SMALL, options))
    other = devices._prepared("pixcon", "cpu", "fp32", devices.SMALL, options)
    for group in other.parts.optimizer.param_groups:
        group["peak_lr"] *= 2
    rows = {row.what: row for row in devices.compare("x", devices.one_step(other), expected, devices.LIMITS["fp32"])}
    assert [row.verdict for row in rows.values()] == ["pass", "pass", "FAIL"]
    other.parts.optimizer.optimizer.step = lambda *_, **__: None
    still = list(devices.compare("x", devices.one_step(other), expected, devices.LIMITS["fp32"]))
    assert [row.verdict for row in still] == ["FAIL"]


def test_processes_that_drift_apart_are_noticed() -> None:
    state = {
        "losses": [1.0],
        "before": {"w": torch.zeros(2)},
        "weights": {"w": torch.ones(2)},
        "buffers": {"b": torch.ones(2)},
        "bank": {"filled": torch.ones(1), "ptr": torch.ones(1)},
    }
    assert {row.verdict for row in processes.compare(state, state, state)} == {"pass"}
    drifted = state | {"weights": {"w": torch.tensor([1.0, 1.5])}, "losses": [1.1]}
    rows = [row.verdict for row in processes.compare(state, drifted, state)]
    assert rows == ["FAIL", "pass", "FAIL", "pass", "FAIL"]


def test_the_predicted_memory_is_that_of_the_documentation() -> None:
    text = (ROOT / "docs" / "launching.md").read_text(encoding="utf-8")
    assert f'multiply "saved per image" by {memory.HALF}' in text
    for size, (fixed, image, checkpointed) in memory.TABLE.items():
        found = re.search(rf"^\| {size} \| [\d.]+ M \| ([\d.]+) GB \| ([\d.]+) GB \| ([\d.]+) GB \|", text, re.M)
        assert found is not None and [float(number) for number in found.groups()] == [fixed, image, checkpointed]
