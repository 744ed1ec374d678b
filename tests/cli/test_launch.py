"""`pixcon-train launch-command`: lines that a shell reads, with the run's options in each."""

import shlex
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pixcon_cli.train import main


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["launch-command", *arguments])


OPTIONS = ["--dataset", "digits", "--batch", "16", "--set", "data.root=a folder", "--bank", "clean"]


def test_every_line_starts_the_same_run() -> None:
    result = call(*OPTIONS, "--gpus", "2", "--nodes", "4")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if "pixcon-train" in line]
    assert len(lines) == 4
    for line in lines:
        words = shlex.split(line)
        at = words.index("pixcon-train")
        assert words[at + 1] == "run" and sorted(words[at + 2 :]) == sorted(OPTIONS)
    assert "torchrun --nproc_per_node 2 --standalone --no-python" in lines[1]
    assert "--nnodes 4" in lines[2] and "--nnodes 4" in lines[3] and lines[3].startswith("srun torchrun")
    assert "\n#SBATCH --nodes=4 --ntasks-per-node=1 --gpus-per-node=2" in result.stdout


def test_no_line_is_broken_at_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = call(*OPTIONS).stdout
    monkeypatch.setenv("COLUMNS", "40")
    assert call(*OPTIONS).stdout == wide


def test_how_the_batch_is_divided_is_told() -> None:
    said = call(*OPTIONS, "--gpus", "4", "--nodes", "2", "--micro-batch", "2").stdout
    assert "# One GPU: 8 × 2 of the step's 16" in said
    assert "# 4 GPUs of one machine: 2 × 2 of" in said and "# 2 machines with 4 GPUs each: 1 × 2 of" in said
    assert "16 images cannot be divided among 3" in call(*OPTIONS, "--gpus", "3").stdout


def test_a_mistake_in_the_options_is_told_before_anything_is_started() -> None:
    result = call("--dataset", "digit")
    assert result.exit_code == 2 and "did you mean 'digits'" in result.stderr


def test_a_shell_can_read_the_lines(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text(call(*OPTIONS).stdout)
    assert subprocess.run(["/bin/sh", "-n", tmp_path / "lines"], capture_output=True).returncode == 0
