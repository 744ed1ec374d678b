"""Timing and results of the benchmarks."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks.results import Row, report
from benchmarks.timing import Spread, alternate, ratio, run_command


def test_every_round_runs_each_way_once_after_the_warm_up() -> None:
    calls: list[str] = []
    seconds = alternate({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 2)
    assert calls == ["a", "b"] * 3
    assert {name: len(found) for name, found in seconds.items()} == {"a": 2, "b": 2}


def test_ratio_is_taken_within_each_round() -> None:
    assert ratio([2.0, 30.0, 8.0], [1.0, 10.0, 2.0]) == Spread(3.0, 2.0, 4.0)


def test_command_reports_its_own_memory_and_not_that_of_this_process() -> None:
    small = run_command([sys.executable, "-c", "pass"])
    large = run_command([sys.executable, "-c", "b'x' * 300_000_000"])
    assert small.memory < 100 < 290 < large.memory
    assert small.processor > 0 < small.clock


def test_failed_command_shows_its_output() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        run_command([sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_report_says_which_targets_are_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        Row("fast", Spread(0.5, 0.4, 0.6), target=0.6),
        Row("slow", Spread(2.0, 1.0, 3.0), target=2.5, better="more"),
        Row("alone", Spread(1.0, 1.0, 1.0)),
    ]
    assert report("A benchmark", rows, tmp_path / "folder" / "found.json", repeats=3) == 1
    assert [row["met"] for row in json.loads((tmp_path / "folder/found.json").read_text())["rows"]] == [
        True,
        False,
        None,
    ]
    assert "missed" in capsys.readouterr().out
