"""Forks: runs that continue one checkpoint, each under its own configuration, with common random numbers."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_diag import load
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.signals import StopRequest
from pixcon_train.engine.trainer import train
from pixcon_train.runs.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, LATEST, kept_state
from pixcon_train.runs.log import LOG, read_log
from tests.pixcon_train.comparing import assert_same_state, tensors
from tests.pixcon_train.tiny import tiny_config, write_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def parents(spec: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of two epochs for some rules, with the state after each epoch."""
    folder = tmp_path_factory.mktemp("parents")
    for rule in ("none", "clean"):
        train(tiny_config(spec, bank__rule=rule, runtime__keep_every=1), folder / rule)
    return {rule: folder / rule for rule in ("none", "clean")}


def fork(spec: Path, folder: Path, checkpoint: Path, **changes: Any) -> Checkpoint:
    train(tiny_config(spec, fork__checkpoint=str(checkpoint), **changes), folder)
    return load_checkpoint(folder / LATEST)


def test_a_run_keeps_the_states_it_is_asked_for(spec: Path, parents: dict[str, Path], tmp_path: Path) -> None:
    kept = load_checkpoint(parents["clean"] / kept_state(1))
    assert (kept.epoch, kept.iteration) == (1, 4)
    train(tiny_config(spec, schedule__epochs=3, runtime__keep_every=2), tmp_path)
    assert [path.name for path in tmp_path.glob("epoch_*")] == ["epoch_2.pth"]


@pytest.mark.parametrize(("rule", "keep"), [("none", False), ("clean", True)])
def test_a_fork_without_changes_is_the_run_itself(
    spec: Path, parents: dict[str, Path], tmp_path: Path, rule: str, keep: bool
) -> None:
    start = parents[rule] / kept_state(1)
    forked = fork(spec, tmp_path / "fork", start, bank__rule=rule, fork__keep_bank=keep)
    whole = load_checkpoint(parents[rule] / LATEST)
    for name in ("student", "ema", "bank", "optimizer", "rules", "metrics"):
        pairs = zip(tensors(getattr(forked, name) or {}), tensors(getattr(whole, name) or {}), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs), name
    assert (forked.epoch, forked.iteration) == (2, 8)
    assert forked.best["ema"]["epoch"] == 2  # the parent's first epoch is not the fork's
    assert [record["event"] for record in read_log(tmp_path / "fork" / LOG)] == ["start", "step", "epoch"]
    assert read_log(tmp_path / "fork" / LOG)[0]["iteration"] == 4


def test_forks_of_equal_rules_and_seeds_are_equal(spec: Path, parents: dict[str, Path], tmp_path: Path) -> None:
    start = parents["none"] / kept_state(1)
    one, two = (fork(spec, tmp_path / name, start, bank__rule="labeled") for name in "ab")
    assert_same_state(one, two)
    other = fork(spec, tmp_path / "c", start, bank__rule="labeled", seed=1)
    assert not torch.equal(tensors(one.student)[0], tensors(other.student)[0])


def test_a_fork_that_gets_a_bank_begins_with_a_new_head_and_an_empty_bank(
    spec: Path, parents: dict[str, Path], tmp_path: Path
) -> None:
    start = load_checkpoint(parents["none"] / kept_state(1))
    config = tiny_config(spec, bank__rule="clean", fork__checkpoint=str(parents["none"] / kept_state(1)))
    stopped = StopRequest()
    stopped.name = "SIGTERM"
    assert train(config, tmp_path, interruption=stopped).signal == "SIGTERM"
    begun = load_checkpoint(tmp_path / LATEST)
    heads = {key for key in begun.student if key.startswith("proj_head.")}
    assert begun.student.keys() - heads == start.student.keys()
    assert all(torch.equal(begun.student[key], value) for key, value in start.student.items())
    assert all(torch.equal(begun.ema[key], begun.student[key]) for key in heads)
    assert begun.bank is not None and not begun.bank["filled"].any()
    moved = [entry["exp_avg"].shape for entry in begun.optimizer["state"].values()]
    assert sorted(moved) == sorted(entry["exp_avg"].shape for entry in start.optimizer["state"].values())
    assert len(begun.optimizer["state"]) < sum(len(group["params"]) for group in begun.optimizer["param_groups"])
    train(config, tmp_path, resume=True)
    assert load_checkpoint(tmp_path / LATEST).progress["finished"]


@pytest.mark.parametrize("decay_1d", [False, True])
def test_moments_follow_their_weights_to_other_groups(
    spec: Path, parents: dict[str, Path], tmp_path: Path, decay_1d: bool
) -> None:
    """A fork from a run with a head to one without, and with other groups of the optimizer."""
    start = load_checkpoint(parents["clean"] / kept_state(1))
    forked = fork(spec, tmp_path, parents["clean"] / kept_state(1), bank__rule="none", optimizer__decay_1d=decay_1d)
    assert not any(key.startswith("proj_head.") for key in forked.student)
    assert len(forked.optimizer["state"]) < len(start.optimizer["state"])
    assert all(entry["step"] == 8 for entry in forked.optimizer["state"].values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schedule__epochs": 1}, "has finished epoch 1 of 1"),
        ({"model__architecture": "unimatch_v2"}, "has the network of its checkpoint"),
        ({"schedule__batch": 4}, "4 steps per epoch, and the fork 2"),
        ({"bank__rule": "none", "fork__keep_bank": True}, "the fork has none"),
        (
            {"bank__rule": "clean", "bank__size": 5, "bank__dim": 6, "fork__keep_bank": True},
            r"keeps a bank of \(16, 8\) .*fork has \(5, 6\). Set both .*or leave fork.keep_bank out",
        ),
    ],
)
def test_forks_that_cannot_be(
    spec: Path, parents: dict[str, Path], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        fork(spec, tmp_path, parents["clean"] / kept_state(1), **change)
    assert not (tmp_path / LATEST).exists()


def test_a_damaged_checkpoint_is_no_file_of_this_run(spec: Path, parents: dict[str, Path], tmp_path: Path) -> None:
    damaged = load_checkpoint(parents["none"] / kept_state(1))
    next(iter(damaged.student.values())).fill_(float("nan"))
    save_checkpoint(tmp_path / "damaged.pth", damaged)
    with pytest.raises(CheckpointError) as error:
        fork(spec, tmp_path / "fork", tmp_path / "damaged.pth", bank__rule="none")
    assert str(error.value).endswith("copy it again, or fork from another checkpoint.")
    assert "--name" not in str(error.value) and "Could not fork from" in str(error.value)


def test_a_parent_from_scratch_is_none_of_a_pretrained_fork(
    spec: Path, parents: dict[str, Path], tmp_path: Path
) -> None:
    state = load_checkpoint(parents["none"] / kept_state(1)).student
    prefix = "backbone.vit."
    encoder = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    torch.save(encoder, tmp_path / "encoder.pth")
    with pytest.raises(CheckpointError, match=r"trained from scratch.*train the parent with --pretrained .*encoder"):
        fork(spec, tmp_path / "fork", parents["none"] / kept_state(1), model__pretrained=str(tmp_path / "encoder.pth"))


def test_a_weak_encoder_is_forked_and_measured_by_its_file(spec: Path, tmp_path: Path) -> None:
    sizes = {"model__size": "nano-1x32", "runtime__keep_every": 1}
    train(tiny_config(spec, bank__rule="none", **sizes), tmp_path / "parent")
    forked = fork(spec, tmp_path / "fork", tmp_path / "parent" / kept_state(1), bank__rule="clean", **sizes)
    found = load(tmp_path / "fork").info
    assert (forked.size, found.architecture, found.size) == ("nano-1x32", "pixcon", "nano-1x32")
    with pytest.raises(CheckpointError, match=r"is of pixcon nano-1x32 .*the fork of pixcon nano-2x32"):
        fork(spec, tmp_path / "other", tmp_path / "parent" / kept_state(1), model__size="nano-2x32")


def test_a_checkpoint_within_an_epoch_is_no_start(spec: Path, parents: dict[str, Path], tmp_path: Path) -> None:
    inside = load_checkpoint(parents["none"] / BEST_EMA)
    inside.progress["step"] = 2
    save_checkpoint(tmp_path / "inside.pth", inside)
    with pytest.raises(CheckpointError, match="was saved within epoch"):
        fork(spec, tmp_path / "fork", tmp_path / "inside.pth", bank__rule="none", schedule__epochs=9)


def test_a_fork_calibrates_on_images_that_its_checkpoint_did_not_train_on(
    spec: Path, parents: dict[str, Path], tmp_path: Path
) -> None:
    gate = {"consistency__threshold__rule": "gate", "consistency__threshold__reserve": True}
    with pytest.raises(CheckpointError, match=r"trained on, where the error is far too low. Train the parent and the"):
        fork(spec, tmp_path / "seen", parents["none"] / kept_state(1), bank__rule="none", **gate)
    train(tiny_config(spec, bank__rule="none", consistency__threshold__reserve=True, runtime__keep_every=1), tmp_path)
    for seed in (0, 1):
        forked = fork(spec, tmp_path / f"gate{seed}", tmp_path / kept_state(1), bank__rule="none", seed=seed, **gate)
        assert forked.epoch == 2
    own = {"consistency__threshold__rule": "per_class", "consistency__threshold__held_out": 0.3}
    with pytest.raises(CheckpointError, match="reserve=true"):
        fork(spec, tmp_path / "other", parents["clean"] / kept_state(1), bank__rule="none", **own)
