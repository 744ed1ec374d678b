"""`pixcon-diag measure`: the pass that others reuse, in one process and in two that torchrun starts."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pixcon_train.runs.file_names import BEST_EMA
from tests.cli.farm import call

COMMAND = [sys.executable, "-c", "from pixcon_cli.diag import main; main()"]


def test_it_prints_what_contamination_prints_and_leaves_the_pass(run_folder: Path) -> None:
    made = call("measure", run_folder, "--json")
    assert made.exit_code == 0, made.output
    reused = call("contamination", run_folder, "--json", "-v")
    assert "reusing the pass cached in" in reused.stderr
    assert json.loads(made.stdout) == json.loads(reused.stdout)


def test_other_commands_are_not_done_twice(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    result = call("boundary", run_folder)
    assert result.exit_code == 2
    assert "`boundary` runs in one process, but 2 were started." in " ".join(result.stderr.split())
    assert "pixcon-diag measure CKPT" in " ".join(result.stderr.split())


@pytest.mark.slow
def test_two_processes_find_what_one_finds(run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images one at a time, so that there is something to share."""
    arguments = ["measure", BEST_EMA, "--device", "cpu", "--workers", "0", "--batch-size", "1", "--json"]
    one, two = (tmp_path / name / "run" for name in ("one", "two"))
    for folder in (one, two):
        shutil.copytree(run_folder, folder, ignore=shutil.ignore_patterns("diag"))
    monkeypatch.chdir(one)
    alone = call(*arguments)
    assert alone.exit_code == 0, alone.output
    together = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--no-python", *COMMAND, *arguments],
        cwd=two,
        env={**os.environ, "OMP_NUM_THREADS": os.environ.get("PIXCON_TEST_THREADS", "1")},  # as in this process
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert together.returncode == 0, together.stderr
    assert json.loads(together.stdout) == json.loads(alone.stdout)
    for folder in (one, two):
        manifest = next((folder / "diag").glob("*/manifest.json"))
        assert json.loads(manifest.read_text())["done"] == 4


@pytest.mark.slow
def test_passes_that_are_measured_in_jobs_are_those_of_this_process(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        shutil.copytree(run_folder, tmp_path / name, ignore=shutil.ignore_patterns("diag"))
    arguments = ["measure", "a", "b", "--device", "cpu", "--workers", "0", "--json"]
    here = call(*arguments)
    for name in ("a", "b"):
        shutil.rmtree(tmp_path / name / "diag")
    in_jobs = call(*arguments, "--executor", "local", "--jobs", "2", "-v")
    assert in_jobs.exit_code == 0, in_jobs.output
    assert in_jobs.stderr.count(": done") == 2 and in_jobs.stderr.count("reusing the pass cached in") == 2
    assert json.loads(in_jobs.stdout) == json.loads(here.stdout)
    again = call(*arguments, "--executor", "local")
    assert again.stderr.count(": running") == 0 and again.stderr.count(": done") == 2


@pytest.mark.slow
def test_a_checkpoint_that_cannot_be_measured_in_a_job_is_told(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "damaged.pth").write_bytes(b"PK")
    result = call("measure", "damaged.pth", "none.pth", "--executor", "local")
    assert result.exit_code == 4 and "2 of 2 checkpoints could not be measured" in result.stderr, result.output
    assert "damaged.pth: " in result.stderr and "No file at none.pth" in result.stderr
    assert "Traceback" not in result.stderr
    result = call("report", run_folder, "--executor", "local", "--gpus-per-run", "2")
    assert result.exit_code == 2 and "--gpus-per-run is at most 1" in result.stderr
