"""`pixcon-train sweep`, and what `pixcon-diag` makes of its folder."""

import csv
import io
import json
import math
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from rich.console import Console
from safetensors.torch import save_file

from pixcon_cli import diag, train
from pixcon_cli.jobs import JobsDisplay, say_what_goes_on
from pixcon_cli.sweep import hours_notes
from pixcon_train.core.yaml_files import dump_yaml, read_yaml_mapping
from pixcon_train.data.remembered import remember_root
from pixcon_train.jobs.book import Submitted
from pixcon_train.jobs.queue import Stage
from pixcon_train.models.build import build_model
from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import LATEST
from tests.cli.diagnose.asking import no_drawing
from tests.pixcon_train.comparing import assert_same_state, timeless
from tests.pixcon_train.tiny import tiny_values, write_tiny
from tests.reference import rule_tensor


def call(main: Any, *arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def sweep_file(folder: Path, grid: Any, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    remember_root(folder)
    base = {"recipe": "small", **tiny_values(write_tiny(folder), **{"schedule__epochs": 1, **changes})}
    (folder / "tiny-rules.yaml").write_text(dump_yaml({"base": base, "grid": grid, "seeds": [0, 1]}))
    return folder / "tiny-rules.yaml"


def states_of(folder: Path) -> list[str]:
    """The states in a sweep's summary, in the order of its runs."""
    return [run["state"] for run in json.loads((folder / "sweep.json").read_text())["runs"]]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Result]:
    """A sweep of two rules and two seeds, in two shares: its file, its folder, and what the second share said."""
    root = tmp_path_factory.mktemp("sweep")
    file = sweep_file(root / "data", {"bank.rule": ["none", "clean"]})
    assert call(train.main, "sweep", file, "--runs", root, "--only", "1/2").exit_code == 0
    return file, root / "tiny-rules", call(train.main, "sweep", file, "--runs", root)


@pytest.mark.slow
def test_a_sweep_leaves_its_runs_and_a_summary(swept: tuple[Path, Path, Result]) -> None:
    _, folder, result = swept
    assert result.exit_code == 0, result.output
    names = [f"bank.rule-{rule}--seed-{seed}" for rule in ("none", "clean") for seed in (0, 1)]
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == sorted(names)
    with (folder / "sweep.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert [row["run"] for row in rows] == names
    assert [row["bank.rule"] for row in rows] == ["none", "none", "clean", "clean"]
    content = json.loads((folder / "sweep.json").read_text())
    assert [run["state"] for run in content["runs"]] == ["finished"] * 4
    assert float(rows[3]["best_ema_miou"]) == content["runs"][3]["best_ema_miou"]


@pytest.mark.slow
def test_finished_runs_are_not_done_again(swept: tuple[Path, Path, Result]) -> None:
    file, folder, _ = swept
    before = {path: path.stat().st_mtime_ns for path in folder.glob(f"*/{LATEST}")}
    assert call(train.main, "sweep", file, "--runs", folder.parent).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in folder.glob(f"*/{LATEST}")} == before


def test_a_dry_run_lists_and_trains_nothing(tmp_path: Path) -> None:
    file = sweep_file(tmp_path, {"bank.rule": ["none", "clean"]})
    result = call(train.main, "sweep", file, "--runs", tmp_path / "runs", "--dry-run", "--only", "2/2")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("not started") == 2 and "seed-1" in result.stdout and "seed-0" not in result.stdout
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_tells_what_slurm_would_get(tmp_path: Path) -> None:
    """Without submitit and Slurm."""
    file = sweep_file(tmp_path, {"bank.rule": ["none", "clean"]})
    slurm = ("--executor", "slurm", "--partition", "gpu", "--time", "2:00:00", "--slurm", "mem=9G", "--gpus-per-run", 2)
    result = call(train.main, "sweep", file, "--runs", tmp_path / "runs", "--dry-run", *slurm)
    assert result.exit_code == 0 and not (tmp_path / "runs").exists()
    assert "4 runs as an array of 4 jobs. Each: 1 run, 2 GPUs, time 120 min" in result.stderr
    assert "Job name tiny-rules, partition gpu, mem=9G." in result.stderr


def test_a_dry_run_estimates_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIXCON_DATA_ROOT", raising=False)
    result = call(train.main, "sweep", "pascal/table4", "--runs", tmp_path, "--dry-run")
    assert result.exit_code == 0 and result.stdout.count("18.1") == 3, result.output
    assert "About 54.4 GPU-hours are left: by arithmetic" in result.stdout


def test_hours_are_summed_where_they_are_known() -> None:
    assert hours_notes([]) == hours_notes([math.nan]) == []
    (note,) = hours_notes([1.5, math.nan, 2.0])
    assert note.startswith("About 3.5 GPU-hours are left for 2 of 3 runs, the others have no estimate: by arithmetic")


@pytest.mark.slow
def test_parents_and_forks_from_one_encoder_are_one_command(tmp_path: Path) -> None:
    """The learning rate is too low to move a weight, so that the encoder stays that of the file."""
    file = sweep_file(tmp_path, {"bank.rule": ["none", "clean"]}, bank__rule="none", optimizer__lr=1e-30)
    forks, parents = tmp_path / "forks.yaml", tmp_path / "parents.yaml"
    values = read_yaml_mapping(file)
    base = {key: value for key, value in values["base"].items() if key != "bank.rule"}
    parents.write_text(dump_yaml({"base": {**base, "runtime.keep_every": 1}, "grid": {"bank.rule": ["none"]}}))
    parent = {"fork.checkpoint": ["runs/parents/bank.rule-none--seed-0/epoch_1.pth"], "bank.rule": ["clean"]}
    forks.write_text(dump_yaml({"base": {**base, "schedule.epochs": 2}, "grid": parent}))
    encoder = build_model("pixcon", "nano", 3, projection=False).encoder
    weights = {key: rule_tensor(key, value) for key, value in encoder.state_dict().items()}
    save_file(weights, tmp_path / "encoder.safetensors")

    options = ["--pretrained", tmp_path / "encoder.safetensors", "--runs", tmp_path / "own"]
    result = call(train.main, "sweep", parents, forks, *options)
    assert result.exit_code == 0, result.output
    found = [load_checkpoint(path) for path in sorted((tmp_path / "own").glob(f"*/*/{LATEST}"))]
    assert [checkpoint.epoch for checkpoint in found] == [2, 1]
    for checkpoint in found:
        assert checkpoint.config["model"]["pretrained"] == str(tmp_path / "encoder.safetensors")
        for key, value in weights.items():
            torch.testing.assert_close(checkpoint.student[f"backbone.vit.{key}"], value)


@pytest.mark.slow
def test_a_failed_run_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    file = sweep_file(tmp_path, {"data.labeled": ["missing.txt", "labeled.txt"]})
    result = call(train.main, "sweep", file, "--runs", tmp_path, "--only", "1/2")
    assert result.exit_code == 5
    assert "Error: 1 of 2 runs failed.\n  data.labeled-missing.txt--seed-0" in result.stderr
    assert "finished" in result.stdout and "Traceback" not in result.output
    assert states_of(tmp_path / "tiny-rules") == ["failed", "not started", "finished", "not started"]


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pixcon_cli.training import TrainingDisplay

    file = sweep_file(tmp_path, {"bank.rule": ["none", "clean"]})

    def stop(self: TrainingDisplay, iteration: int) -> None:
        if iteration == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingDisplay, "stepped", stop)
        result = call(train.main, "sweep", file, "--runs", tmp_path)
    assert result.exit_code == 128 + signal.SIGINT
    assert states_of(tmp_path / "tiny-rules") == ["unfinished", *["not started"] * 3]
    assert "Stopped by SIGINT; the same command continues." in result.stderr
    result = call(train.main, "sweep", file, "--runs", tmp_path)
    assert result.exit_code == 0, result.output
    assert states_of(tmp_path / "tiny-rules") == ["finished"] * 4


@pytest.mark.slow
def test_runs_in_two_local_workers_are_those_of_one_process(
    swept: tuple[Path, Path, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("PIXCON_TEST_THREADS", "1"))  # as the tests' own process
    file, alone, _ = swept
    result = call(train.main, "sweep", file, "--runs", tmp_path, "--executor", "local", "--jobs", 2, "--only", "2/2")
    assert result.exit_code == 0, result.output
    assert result.stderr.count(": done\n") == 2
    for rule in ("none", "clean"):
        name = f"tiny-rules/bank.rule-{rule}--seed-1"
        assert timeless(tmp_path / name) == timeless(alone.parent / name)
        assert_same_state(load_checkpoint(tmp_path / name / LATEST), load_checkpoint(alone.parent / name / LATEST))
    assert states_of(tmp_path / "tiny-rules") == ["not started", "finished"] * 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--partition", "gpu"], "--partition applies to --executor slurm, not to inline"),
        (["--jobs", "2"], "--jobs applies to --executor local and slurm, not to inline"),
        (["--executor", "local", "--time", "1:00:00"], "--time applies to --executor slurm, not to local"),
        (
            ["--executor", "slurm", "--gpus-per-run", "2", "--runs-per-gpu", "2"],
            "--runs-per-gpu applies to runs of one",
        ),
        (["--executor", "slurm", "--time", "soon"], "'soon' is no time of a job"),
        (["--executor", "slurm", "--slurm", "=5"], "no parameter of sbatch"),
        (["--executor", "local", "--gpus-per-run", "64"], "GPUs are usable here"),
    ],
)
def test_options_of_an_executor_that_do_not_fit_are_one_message(tmp_path: Path, options: list[str], said: str) -> None:
    result = call(train.main, "sweep", sweep_file(tmp_path, {"bank.rule": ["none"]}), "--runs", tmp_path, *options)
    assert result.exit_code == 2 and said in result.stderr, result.output


@pytest.mark.parametrize("executor", ["local", "slurm"])
def test_without_submitit_the_command_that_installs_it_is_told(
    tmp_path: Path, executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    file = sweep_file(tmp_path, {"bank.rule": ["none"]})
    result = call(train.main, "sweep", file, "--runs", tmp_path, "--executor", executor)
    assert result.exit_code == 2 and "pip install 'pixcon-diag[sweeps]'" in result.stderr


def test_the_jobs_that_go_on_are_told_with_the_commands() -> None:
    jobs = [Submitted(name, "slurm", job, "login") for name, job in (("a", "12_0"), ("b", "9"), ("c", "12_1"))]
    stages = {job.work: Stage("running" if job.work != "c" else "done", job) for job in jobs}
    console = Console(file=io.StringIO(), width=200)
    say_what_goes_on(console, stages, ["pixcon-train", "sweep", "a file.yaml", "--executor", "slurm"])
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "2 jobs go on in Slurm." in said and "pixcon-train sweep 'a file.yaml' --executor slurm" in said
    assert "squeue --jobs=9,12" in said and "scancel 9 12" in said


def test_without_a_terminal_each_change_is_a_line() -> None:
    job = Submitted("a", "local", "12", "here")
    console = Console(file=io.StringIO(), width=60)
    with JobsDisplay(console, "runs") as display:
        for stage in (Stage("waiting"), Stage("queued", job), Stage("running", job), Stage("running", job)):
            display.show({"a": stage, "b": Stage("waiting")})
        display.show({"a": Stage("done", job), "b": Stage("failed", job, "why")})
    said = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert said == ["a: queued (job 12)", "a: running (job 12)", "a: done", "b: failed: why"]


def test_the_table_of_jobs_fits_the_screen() -> None:
    stages = {f"run {number}": Stage("waiting") for number in range(30)} | {"last": Stage("running")}
    console = Console(file=io.StringIO(), width=60, height=16, force_terminal=True)
    display = JobsDisplay(console, "runs", ("epoch",), lambda name: ("3/9",))
    console.print(display._table(stages))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(lines) <= 16 and "last" in lines[1] and "3/9" in lines[1]
    assert "31 runs: 30 queued, 1 running; 21 more rows" in lines[-1]


def test_forks_of_several_parents_differ_in_the_table_of_jobs() -> None:
    names = [
        f"fork.checkpoint-runs-parents-seed-{a}-epoch_8.pth--bank.rule-{b}--seed-0" for a in "01" for b in ("x", "y")
    ]
    console = Console(file=io.StringIO(), width=60, force_terminal=True)
    console.print(JobsDisplay(console, "runs")._table({name: Stage("waiting") for name in names}))
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(f"{a}-epoch_8.pth--bank.rule-{b}…" in said for a in "01" for b in ("x", "y"))


def test_several_processes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    result = call(train.main, "sweep", sweep_file(tmp_path, {"bank.rule": ["none"]}), "--runs", tmp_path)
    assert result.exit_code == 2 and "--only 1/n" in result.stderr


def test_a_mistake_in_the_file_is_one_message(tmp_path: Path) -> None:
    result = call(train.main, "sweep", sweep_file(tmp_path, {"bank.rul": ["none"]}))
    assert result.exit_code == 2 and result.stderr.count("Error: ") == 1 and "bank.rule" in result.stderr


@pytest.mark.slow
def test_its_folder_is_what_the_diagnosis_reads(
    swept: tuple[Path, Path, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs of one rule are seeds of one method; sensitivity has one axis."""
    no_drawing(monkeypatch)
    _, folder, _ = swept
    measured = call(diag.main, "dynamics", folder, "--json")
    assert measured.exit_code == 0, measured.output
    groups = json.loads(measured.stdout)["dynamics"]["groups"]
    assert {group["name"]: len(group["runs"]) for group in groups} == {"none": 2, "clean": 2}
    refused = call(diag.main, "sensitivity", folder)
    assert refused.exit_code == 2 and "compare two methods (bank.rule: none, clean)" in refused.stderr

    classes = call(diag.main, "per-class", folder, "--workers", 0)
    assert classes.exit_code == 0, classes.output
    assert "none" in classes.stdout and "clean" in classes.stdout
    compared = call(diag.main, "compare", folder, "--workers", 0, "--out", tmp_path)
    assert compared.exit_code == 0, compared.output
    assert (tmp_path / "compare.json").is_file()


@pytest.mark.slow
def test_its_folder_becomes_a_report(
    swept: tuple[Path, Path, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_drawing(monkeypatch)
    result = call(diag.main, "report", swept[1], "--workers", 0, "--out", tmp_path / "report")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "report/report.md").is_file()
