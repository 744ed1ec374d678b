"""sweep.json and sweep.csv: they tell of all runs, whatever became of the commands that trained them."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pixcon_cli import train
from pixcon_cli.executors import ExecutorChoice
from pixcon_cli.sweep_summary import SummaryFiles
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.signals import StopRequest
from pixcon_train.sweeps.grid import Point, read_sweep
from pixcon_train.sweeps.run_states import run_state
from tests.cli.pretended import HereExecutor, pretend

OUTSIDE = '{"runs": [{"run": "..", "values": {}}, {"run": "gone", "values": {}, "state": "finished"}]}'
NAMES = [f"bank.rule-{rule}--seed-0" for rule in ("none", "clean", "labeled", "pseudo")]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sweep of four runs whose training is pretended."""
    monkeypatch.setattr("pixcon_train.sweeps.running.train", pretend)
    (tmp_path / "four.yaml").write_text("grid: {bank.rule: [none, clean, labeled, pseudo]}\n")
    return tmp_path / "four.yaml"


def in_this_process(monkeypatch: pytest.MonkeyPatch, begins: Callable[[StopRequest], None] = lambda stop: None) -> None:
    def start(self: ExecutorChoice, folder: Path, name: str, *, on_cpu: bool) -> HereExecutor:
        return HereExecutor(folder, begins)

    monkeypatch.setattr(ExecutorChoice, "start", start)


def sweep(*arguments: object) -> Result:
    return CliRunner().invoke(train.main, ["sweep", *map(str, arguments)], env={"COLUMNS": "200"})


def points_of(file: Path) -> tuple[Point, ...]:
    return read_sweep(file).points


def states(file: Path) -> list[str]:
    """The states that both files give, in the order of the runs."""
    folder = file.parent / "four"
    runs = json.loads((folder / "sweep.json").read_text())["runs"]
    with (folder / "sweep.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert [run["run"] for run in runs] == [row["run"] for row in rows] == NAMES
    assert [run["state"] for run in runs] == [row["state"] for row in rows]
    return [run["state"] for run in runs]


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_runs_that_ended_without_their_command_are_in_the_summary(
    file: Path, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command was killed while its job went on, so that all is done when the next one starts."""
    in_this_process(monkeypatch)
    points = points_of(file)
    SummaryFiles(points, file.parent / "four", print).write({})
    assert states(file) == ["not started"] * 4
    for point in points[1::2]:
        pretend(point.config, file.parent / "four" / point.name)
    result = sweep(file, "--runs", file.parent, "--executor", executor, "--only", "2/2")
    assert result.exit_code == 0, result.output
    assert states(file) == ["not started", "finished"] * 2


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_run_s_end_is_in_the_summary_before_the_next_one_begins(
    file: Path, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    def note(config: Any, folder: Path, **options: Any) -> None:
        found.append(states(file))
        pretend(config, folder)

    in_this_process(monkeypatch)
    monkeypatch.setattr("pixcon_train.sweeps.running.train", note)
    assert sweep(file, "--runs", file.parent, "--executor", executor, "--only", "1/2").exit_code == 0
    assert found[0] == ["not started"] * 4 and found[1] == ["finished", *["not started"] * 3]
    assert states(file) == ["finished", "not started"] * 2


def test_shares_that_run_at_a_time_keep_each_other_s_results(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second share begins after the first one has read all states, and ends before it writes them."""
    others = []

    def train_beside(config: Any, folder: Path, **options: Any) -> None:
        if not others:
            others.append("begun")
            others.append(sweep(file, "--runs", file.parent, "--only", "2/2"))
        if config.bank.rule == "pseudo":
            raise DataError("no such list")
        pretend(config, folder)

    monkeypatch.setattr("pixcon_train.sweeps.running.train", train_beside)
    assert sweep(file, "--runs", file.parent, "--only", "1/2").exit_code == 0
    assert others[1].exit_code == 5, others[1].output
    assert states(file) == ["finished", "finished", "finished", "failed"]
    runs = json.loads((file.parent / "four/sweep.json").read_text())["runs"]
    assert runs[3]["message"] == "no such list" and runs[1]["best_ema_miou"] == 0.5


def test_a_failure_is_told_until_its_run_is_finished(file: Path) -> None:
    """The summary alone says that a run failed; a finished checkpoint says more."""
    points, folder = points_of(file), file.parent / "four"
    for content in (
        "nothing",
        "[]",
        '{"runs": [5]}',
        '{"runs": [{"run": ["a"], "state": "failed", "message": ""}]}',
        OUTSIDE,
    ):
        folder.mkdir(exist_ok=True)
        (folder / "sweep.json").write_text(content)
        SummaryFiles(points, folder, print).write({})
        assert states(file) == ["not started"] * 4
    written = json.loads((folder / "sweep.json").read_text())
    written["runs"][0] |= {"state": "failed", "message": "why"}
    (folder / "sweep.json").write_text(json.dumps(written))
    files = SummaryFiles(points, folder, print)
    files.write({points[1].name: run_state(points[1], folder)})
    assert states(file) == ["failed", *["not started"] * 3]
    pretend(points[0].config, folder / points[0].name)
    files.write({})
    assert states(file) == ["finished", *["not started"] * 3]


def test_runs_of_another_grid_in_the_folder_stay_in_the_summary(file: Path) -> None:
    folder, other = file.parent / "four", file.parent / "other.yaml"
    other.write_text("name: four\ngrid: {consistency.tau: [0.5, 0.9]}\n")
    assert sweep(file, "--runs", file.parent).exit_code == sweep(other, "--runs", file.parent).exit_code == 0
    added = [f"consistency.tau-{tau}--seed-0" for tau in (0.5, 0.9)]
    runs = json.loads((folder / "sweep.json").read_text())["runs"]
    assert [run["run"] for run in runs] == added + NAMES and {run["state"] for run in runs} == {"finished"}
    with (folder / "sweep.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert [row["bank.rule"] for row in rows] == ["", "", "none", "clean", "labeled", "pseudo"]
    assert [row["consistency.tau"] for row in rows] == ["0.5", "0.9", "", "", "", ""]
    assert {row["best_ema_miou"] for row in rows} == {"0.5"}
    for name in (added[1], *NAMES[1:]):
        shutil.rmtree(folder / name)
    SummaryFiles(points_of(file), folder, print).write({})
    runs = json.loads((folder / "sweep.json").read_text())["runs"]
    assert [run["run"] for run in runs] == [*NAMES, added[0]]
    assert [run["state"] for run in runs] == ["finished", *["not started"] * 3, "finished"]


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_run_that_another_command_has_finished_meanwhile_has_not_failed(
    file: Path, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = points_of(file)

    def beside_another(config: Any, folder: Path, **options: Any) -> None:
        if config.bank.rule == "none":
            raise ConfigError("is being trained by process 1")
        if config.bank.rule == "clean":
            pretend(points[0].config, file.parent / "four" / points[0].name)
        pretend(config, folder)

    in_this_process(monkeypatch)
    monkeypatch.setattr("pixcon_train.sweeps.running.train", beside_another)
    result = sweep(file, "--runs", file.parent, "--executor", executor)
    assert result.exit_code == 0 and "is being trained by process 1" in result.stderr, result.output
    assert states(file) == ["finished"] * 4


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_summary_that_cannot_be_written_is_told_once_and_stops_no_run(
    file: Path, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_this_process(monkeypatch)
    (file.parent / "four/sweep.csv").mkdir(parents=True)
    result = sweep(file, "--runs", file.parent, "--executor", executor)
    assert result.exit_code == 0, result.output
    assert result.stderr.count("note: the summary of the sweep is not up to date") == 1
    assert "sweep.csv: Is a directory" in result.stderr
    found = [run_state(point, file.parent / "four").state for point in points_of(file)]
    assert found == ["finished"] * 4
    assert [run["state"] for run in json.loads((file.parent / "four/sweep.json").read_text())["runs"]] == found


def test_a_run_that_ends_early_stops_the_sweeps_after_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    monkeypatch.setattr("pixcon_train.sweeps.running.train", lambda config, *_, **__: begun.append(config.seed))
    later = file.parent / "later.yaml"
    later.write_text("grid: {bank.rule: [none]}\nseeds: [7]\n")
    result = sweep(file, later, "--runs", file.parent)
    assert result.exit_code == 5 and begun == [0] * 4
    assert result.stderr.count("Error: ") == 1
    assert "Error: 4 of 4 runs ended early; the same command continues.\n" in result.stderr
    assert f"  {NAMES[0]}: not started\n" in result.stderr and not (file.parent / "later").exists()


def test_a_job_that_was_told_to_stop_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process of a run gets SIGTERM, and another run fails; the command itself is not interrupted."""
    works = iter(NAMES)

    def begins(stop: StopRequest) -> None:
        if next(works) == NAMES[1]:
            stop.name = "SIGTERM"

    def fail(config: Any, folder: Path, **options: Any) -> None:
        if config.bank.rule == "pseudo":
            raise DataError("no such list")
        pretend(config, folder)

    in_this_process(monkeypatch, begins)
    monkeypatch.setattr("pixcon_train.sweeps.running.train", fail)
    result = sweep(file, "--runs", file.parent, "--executor", "local")
    assert result.exit_code == 5, result.output
    message = result.stderr[result.stderr.index("Error: ") :].splitlines()
    assert message == [
        "Error: 1 of 4 runs failed.",
        "  1 of 4 runs ended early; the same command continues.",
        f"  {NAMES[1]}: its job was cancelled",
        f"  {NAMES[3]}: no such list",
    ]
    assert states(file) == ["finished", "not started", "finished", "failed"]
