"""Answering from a cached pass or from logs imports no library of networks: whole commands, each in its own process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pixcon_diag.logs.test_tensorboard_log import unimatch
from tests.training_logs import write_unimatch

HEAVY = ("torch", "torchvision", "timm", "torchmetrics", "accelerate")

PROBE = """
import sys
from pixcon_cli.{module} import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
loaded = [name for name in {heavy} if name in sys.modules]
assert not loaded, f"loads {{loaded}}"
"""


def run(module: str, *arguments: object, folder: Path) -> None:
    """Run a command in a process of its own.

    Raises:
        AssertionError: it failed, or imported one of ``HEAVY``.
    """
    probe = PROBE.format(module=module, heavy=HEAVY)
    environment = {**os.environ, "PIXCON_CACHE": str(folder / "cache")}
    command = [sys.executable, "-c", probe, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [["presets"], ["show-config"], ["sweep", "digits/table4", "--dry-run"]], ids=str)
def test_training_commands_that_train_nothing(tmp_path: Path, arguments: list[str]) -> None:
    run("train", *arguments, folder=tmp_path)


@pytest.mark.parametrize("command", ["dynamics", "sensitivity"])
def test_logs(tmp_path: Path, command: str) -> None:
    logs = [
        write_unimatch(tmp_path / f"{name}.log", [[(50.0, 40.0)] * 3, [(60.0, 50.0)] * 3], conf_thresh=thresh)
        for name, thresh in (("a", 0.9), ("b", 0.95))
    ]
    run("diag", command, *logs, folder=tmp_path)


def test_tensorboard_files(tmp_path: Path) -> None:
    unimatch(tmp_path / "run")
    run("diag", "dynamics", tmp_path / "run", folder=tmp_path)


def test_published_points(tmp_path: Path) -> None:
    run("diag", "landscape", folder=tmp_path)
