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
def test_two_processes_find_what_one_finds(run_folder: Path, tmp_path: Path) -> None:
    """Images one at a time, so that there is something to share."""
    arguments = [BEST_EMA, "--device", "cpu", "--workers", "0", "--batch-size", "1", "--json"]
    found = {}
    for processes in (1, 2):
        folder = tmp_path / str(processes) / "run"
        shutil.copytree(run_folder, folder, ignore=shutil.ignore_patterns("diag"))
        launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--no-python"]
        done = subprocess.run(
            [*(launcher if processes == 2 else []), *COMMAND, "measure", *arguments],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found[processes] = json.loads(done.stdout)
        manifest = next((folder / "diag").glob("*/manifest.json"))
        assert json.loads(manifest.read_text())["done"] == 4
    assert found[1] == found[2]
