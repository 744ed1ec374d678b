"""The forks of a run as a sweep."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pixcon_train.config.resolve import load_config
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.engine.trainer import train
from pixcon_train.runs.checkpoint import load_checkpoint, save_checkpoint
from pixcon_train.runs.file_names import LATEST
from pixcon_train.runs.folder import save_config
from pixcon_train.sweeps.forks import fork_sweep, require_same_parent
from pixcon_train.sweeps.grid import Point, Sweep
from pixcon_train.sweeps.running import run_point
from tests.pixcon_train.tiny import tiny_config, write_tiny


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forks")
    spec = write_tiny(folder)
    train(tiny_config(spec, bank__rule="none", runtime__keep_every=1, seed=3), folder / "parent")
    return folder / "parent"


@pytest.mark.slow
def test_every_combination_and_seed_is_a_fork(parent: Path) -> None:
    grid = {"bank.rule": ["none", "clean"], "bank.tau": [0.9]}
    sweep = fork_sweep(parent, 1, grid, seeds=2)
    assert sweep.name == "parent-fork-1"
    assert [point.name for point in sweep.points] == [
        "bank.rule-none--seed-3",
        "bank.rule-none--seed-4",
        "bank.rule-clean--seed-3",
        "bank.rule-clean--seed-4",
    ]
    last = sweep.points[-1].config
    assert (last.bank.rule, last.bank.tau, last.seed, last.schedule.epochs) == ("clean", 0.9, 4, 2)
    assert last.fork.checkpoint == str((parent / "epoch_1.pth").resolve()) and last.runtime.keep_every is None
    assert fork_sweep(parent / "epoch_1.pth", None, grid, seeds=2).points == sweep.points


@pytest.mark.slow
def test_forks_of_one_seed_see_the_same_images(parent: Path, tmp_path: Path) -> None:
    """At λ = 0 the bank changes no gradient of the encoder, so that rules with the same draws give the same encoder."""
    grid = {"bank.rule": ["clean", "labeled"], "bank.weight": [0.0]}
    sweep = fork_sweep(parent, 1, grid)
    assert [run_point(point, tmp_path).state for point in sweep.points] == ["finished"] * 2
    one, two = (load_checkpoint(tmp_path / point.name / LATEST) for point in sweep.points)
    whole = load_checkpoint(parent / LATEST)
    for key, value in whole.ema.items():
        assert torch.equal(one.ema[key], two.ema[key]) and torch.equal(one.ema[key], value), key


@pytest.mark.slow
def test_a_fork_can_be_forked_without_its_own_parent(
    parent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint that the first fork began with is not read again, wherever it lies."""
    forks = fork_sweep(parent, 1, {"bank.rule": ["none"], "schedule.epochs": [3]})
    run_point(forks.points[0], tmp_path)
    monkeypatch.chdir(tmp_path / forks.points[0].name)
    latest = load_checkpoint(Path(LATEST))
    latest.config["fork"]["checkpoint"] = "/elsewhere/epoch_1.pth"
    latest.progress["finished"] = False
    save_checkpoint(Path("epoch_2.pth"), replace(latest, epoch=2, iteration=8))
    again = fork_sweep(Path("epoch_2.pth"), None, {"bank.rule": ["none"]})
    assert again.name == f"{forks.points[0].name}-fork-2"
    assert again.points[0].config.fork.checkpoint == str(Path("epoch_2.pth").resolve())


@pytest.mark.slow
def test_what_cannot_be_forked_is_named(parent: Path) -> None:
    grid = {"bank.rule": ["none", "clean"]}
    with pytest.raises(CheckpointError, match=r"the epochs 1, 2\. Epoch 7 is not among them; .*keep_every"):
        fork_sweep(parent, 7, grid)
    with pytest.raises(CheckpointError, match="Name one with --at"):
        fork_sweep(parent, None, grid)
    with pytest.raises(CheckpointError, match="is of epoch 1, not 2"):
        fork_sweep(parent / "epoch_1.pth", 2, grid)
    with pytest.raises(ConfigError, match="'seed' is set by the fork itself"):
        fork_sweep(parent, 1, {"seed": [1, 2]})
    with pytest.raises(ConfigError, match=r"bank.rul.*bank.rule"):
        fork_sweep(parent, 1, {"bank.rul": ["none"]})
    with pytest.raises(ConfigError, match="expected at least 1"):
        fork_sweep(parent, 1, grid, seeds=0)
    assert fork_sweep(parent, 1, grid, name="mine").name == "mine"
    with pytest.raises(ConfigError, match="these forks would be the same run"):
        fork_sweep(parent, 1, {"bank.rule": ["none"], "bank.size": [1, 2]})


def test_a_folder_takes_forks_of_one_checkpoint(tmp_path: Path) -> None:
    def forks(parent: str | None) -> Sweep:
        values = {} if parent is None else {"fork.checkpoint": parent}
        return Sweep("a-fork-1", (Point("seed-0", {}, load_config(values=values)),))

    require_same_parent(forks("x/a/epoch_1.pth"), tmp_path)
    save_config(tmp_path / "a-fork-1/bank.rule-none--seed-0", forks("x/a/epoch_1.pth").points[0].config)
    require_same_parent(forks("x/a/epoch_1.pth"), tmp_path)
    with pytest.raises(ConfigError, match=r"a-fork-1 holds forks of x/a/epoch_1\.pth .* forks of y/a/epoch_1.*--name"):
        require_same_parent(forks("y/a/epoch_1.pth"), tmp_path)
    save_config(tmp_path / "a-fork-1/bank.rule-none--seed-0", forks(None).points[0].config)
    with pytest.raises(ConfigError, match="holds a run that is no fork"):
        require_same_parent(forks("x/a/epoch_1.pth"), tmp_path)
    with pytest.raises(ConfigError, match="no name for a run's folder"):
        require_same_parent(Sweep("../a", forks("a").points), tmp_path)
