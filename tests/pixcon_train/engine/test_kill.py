"""A run that is killed with SIGKILL, at every kind of moment, and resumed is the run left alone."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from functools import partial
from io import BufferedWriter
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_train.config.schema import TrainConfig
from pixcon_train.engine import trainer
from pixcon_train.engine.stepper import Stepper
from pixcon_train.runs import checkpoint
from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, LATEST
from pixcon_train.runs.log import LOG, RunLog, read_log
from tests.pixcon_train.comparing import assert_same_state, timeless
from tests.pixcon_train.tiny import tiny_config, write_tiny

pytestmark = pytest.mark.slow

Arm = Callable[[], None]
"""Prepares a process to kill itself at some moment."""


def config(spec: Path) -> TrainConfig:
    """Three epochs of two steps with two micro-batches each, saved and logged after each step."""
    return tiny_config(
        spec,
        schedule__epochs=3,
        schedule__batch=4,
        schedule__micro_batch=2,
        runtime__save_every=1,
        runtime__log_every=1,
    )


def work(spec: Path, folder: Path, arm: Arm | None) -> None:
    """What a process does: the run from where it stands, to its end or its death."""
    torch.set_num_threads(1)
    if arm is not None:
        arm()
    trainer.train(config(spec), folder, resume=(folder / LATEST).exists())


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def in_the_middle_of_a_step(number: int) -> None:
    """Die after the forward and backward pass ``number``, before the optimizer's step."""
    original, done = Stepper._forward_backward, iter(range(1, 1000))

    def counted(self: Any, *arguments: Any) -> Any:
        result = original(self, *arguments)
        if next(done) == number:
            die()
        return result

    Stepper._forward_backward = counted  # type: ignore[method-assign]


def in_the_middle_of_a_checkpoint(number: int, name: str = LATEST) -> None:
    """Die with half of the ``number``-th checkpoint called ``name`` written."""
    original, done = torch.save, iter(range(1, 1000))

    def half(content: Any, target: BufferedWriter) -> None:
        original(content, target)
        if name in Path(target.name).name and next(done) == number:
            target.truncate(target.tell() // 2)
            target.flush()
            die()

    checkpoint.torch.save = half  # type: ignore[attr-defined]


def before_a_checkpoint_is_in_place(number: int) -> None:
    """Die with the ``number``-th checkpoint written and not yet renamed."""
    original, done = Path.replace, iter(range(1, 1000))

    def last(self: Path, target: Path) -> Path:
        if ".pth." in self.name and next(done) == number:
            die()
        return original(self, target)

    Path.replace = last  # type: ignore[method-assign,assignment]


def in_the_middle_of_a_log_line(number: int) -> None:
    """Die with half of the log's ``number``-th line written."""
    original, done = RunLog.write, iter(range(1, 1000))

    def half(self: RunLog, event: str, record: Any) -> None:
        original(self, event, record)
        if next(done) == number:
            text = self._path.read_text()
            self._path.write_text(text[: -len(text.splitlines()[-1]) // 2])
            die()

    RunLog.write = half  # type: ignore[method-assign]


def after_a_log_line(number: int) -> None:
    """Die with the log's ``number``-th line written, and the checkpoint that belongs to it not."""
    original, done = RunLog.write, iter(range(1, 1000))

    def last(self: RunLog, event: str, record: Any) -> None:
        original(self, event, record)
        if next(done) == number:
            die()

    RunLog.write = last  # type: ignore[method-assign]


MOMENTS: list[Arm] = [
    partial(after_a_log_line, 1),  # before the first checkpoint
    partial(in_the_middle_of_a_checkpoint, 1),  # the first one
    partial(in_the_middle_of_a_step, 1),  # between two micro-batches
    partial(in_the_middle_of_a_step, 2),  # before the optimizer's step
    partial(after_a_log_line, 1),
    partial(in_the_middle_of_a_checkpoint, 1),
    partial(in_the_middle_of_a_step, 4),
    partial(in_the_middle_of_a_log_line, 2),  # an epoch's
    partial(in_the_middle_of_a_checkpoint, 1, BEST_EMA),
    partial(before_a_checkpoint_is_in_place, 2),
    partial(in_the_middle_of_a_step, 3),
]


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def processes() -> Any:
    """Starts processes that have not used the network before: quickly, from one that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


@pytest.fixture(scope="module")
def alone(spec: Path, processes: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    process = processes.Process(target=work, args=(spec, folder, None))
    process.start()
    process.join()
    assert process.exitcode == 0
    return folder


def assert_same_run(folder: Path, alone: Path) -> None:
    assert timeless(folder) == timeless(alone)
    assert len({(r["event"], r["iteration"]) for r in read_log(folder / LOG)}) == len(read_log(folder / LOG))
    for name in (LATEST, BEST_EMA, BEST_STUDENT):
        assert_same_state(load_checkpoint(folder / name), load_checkpoint(alone / name))
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_run_killed_at_every_kind_of_moment_is_the_run_left_alone(
    spec: Path, alone: Path, processes: Any, tmp_path: Path
) -> None:
    for arm in [*MOMENTS, None]:
        process = processes.Process(target=work, args=(spec, tmp_path, arm))
        process.start()
        process.join()
        assert process.exitcode == (0 if arm is None else -signal.SIGKILL), arm
    assert_same_run(tmp_path, alone)
