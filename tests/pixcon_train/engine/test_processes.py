"""Two processes (gloo, on a CPU) against one: the same losses, weights, bank and counts on a fixed run of 12 steps.

They add gradients up in another order. In float64 that stays far from every threshold and argmax, on any processor; in
float32 one pixel that falls on the other side would make it another run.
"""

import multiprocessing
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_train.config.schema import TrainConfig
from pixcon_train.data import datasets, transforms
from pixcon_train.engine import trainer
from pixcon_train.engine.components import build_components
from pixcon_train.engine.distributed import open_accelerator
from pixcon_train.engine.evaluator import Evaluator
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.method.class_bank import bank_fill
from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import LATEST
from pixcon_train.runs.log import LOG, read_log
from tests.pixcon_train.tiny import tiny_config, write_tiny

STEPS = 12
CUTS = {"pixcon": 4, "unimatch-v2": 8, "rules": 4}
"""Batch by case: forward passes of 2 make it 2, or 4, of one process, and 1, or 2, of each of two."""

CASES: dict[str, dict[str, Any]] = {
    "pixcon": {"bank__rule": "clean"},
    "unimatch-v2": {"preset": "unimatch-v2", "bank__rule": "clean"},
    # Every rule that learns from the whole batch.
    "rules": {
        "bank__rule": "pseudo",
        "bank__tau": 0.4,
        "consistency__threshold__rule": "per_class",
        "consistency__threshold__minimum": 0.3,
        "consistency__threshold__momentum": 0.9,
        "consistency__noise__rate": 0.2,
        "consistency__noise__kind": "confusion",
    },
}
"""Presets and rules."""


pytestmark = pytest.mark.slow


def config(spec: Path, case: str) -> TrainConfig:
    """12 steps over 8 unlabeled images, with a threshold that the first teacher reaches."""
    return tiny_config(
        spec,
        **CASES[case],
        consistency__tau=0.4,
        schedule__epochs=STEPS * CUTS[case] // 8,
        schedule__batch=CUTS[case],
        schedule__micro_batch=2,
        schedule__validate_every=5,
        runtime__log_every=1,
    )


def trained(spec: Path, folder: Path, case: str) -> None:
    """Train, and leave the state of this process beside what the first one saves."""

    class Dumping(trainer.Trainer):
        def close(self) -> None:
            super().close()
            parts = self._parts
            assert parts.bank is not None
            modules = (parts.student, parts.teacher, parts.bank, *parts.rules.modules().values())
            state = [module.state_dict() for module in modules]
            torch.save(state, folder / f"rank{self._accelerator.process_index}.pt")

    trainer.Trainer = Dumping  # type: ignore[misc]
    trainer.train(config(spec, case), folder)


def validated(spec: Path, folder: Path, source: Path) -> None:
    """Validate the teacher of the run in ``source``, and leave its counts."""
    asked = tiny_config(spec, bank__rule="clean", schedule__batch=8, schedule__micro_batch=2)
    parts = build_components(asked, open_accelerator(asked.runtime))
    saved = load_checkpoint(source / LATEST)
    parts.student.load_state_dict(saved.student)
    parts.teacher.load_state_dict(saved.ema)
    result = Evaluator(parts, TrainingObserver(), lambda: False).validate()
    assert result is not None
    torch.save(result["ema"], folder / f"scores{parts.accelerator.process_index}.pt")


def in_double() -> None:
    """Compute in float64 from now on, also where the code asks for float32."""
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]
    single = transforms.normalise
    datasets.normalise = transforms.normalise = lambda image: single(image).double()


def started(rank: int, processes: int, port: int, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """What torchrun sets up, then ``work``."""
    torch.set_num_threads(1)
    in_double()
    if processes > 1:
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes}
        os.environ.update({key: str(value) for key, value in place.items()})
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    work(*arguments)


def launch(processes: int, work: Callable[..., None], *arguments: Any) -> None:
    """Do ``work`` in so many processes that know each other."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    team = [context.Process(target=started, args=(rank, processes, port, work, arguments)) for rank in range(processes)]
    for process in team:
        process.start()
    for process in team:
        process.join(240)
    assert [process.exitcode for process in team] == [0] * processes


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"), labeled=4, val=21)


@pytest.fixture(scope="module", params=list(CUTS))
def runs(request: pytest.FixtureRequest, spec: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of the run in one process and of that in two."""
    folders = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    for processes, folder in enumerate(folders, 1):
        launch(processes, trained, spec, folder, request.param)
    return folders


def curve(folder: Path) -> torch.Tensor:
    """Losses, what the rules did, and mask ratio of each step; −1 for a share of nothing."""
    steps = [record for record in read_log(folder / LOG) if record["event"] == "step"]
    assert len(steps) == STEPS
    shares = [step.get(name) for step in steps for name in ("replaced", "contamination", "threshold", "retention")]
    numbers = torch.tensor([-1.0 if share is None else share for share in shares], dtype=torch.float64)
    losses = torch.tensor([list(step["losses"].values()) for step in steps], dtype=torch.float64)
    return torch.cat([losses, numbers.view(STEPS, -1)], 1)


def test_the_loss_curve_is_that_of_one_process(runs: tuple[Path, Path]) -> None:
    one, two = map(curve, runs)
    assert (one[:, -1] > 0).any()
    assert torch.allclose(one, two, rtol=1e-4, atol=1e-5)


def test_the_state_is_that_of_one_process(runs: tuple[Path, Path]) -> None:
    """Weights, running statistics of batch norm (the projection head's too), teacher, and bank."""
    one, two = (load_checkpoint(folder / LATEST) for folder in runs)
    assert one.bank is not None and two.bank is not None
    assert bank_fill(one.bank).sum() > 0
    assert torch.equal(one.bank["ptr"], two.bank["ptr"]) and torch.equal(one.bank["filled"], two.bank["filled"])
    assert torch.allclose(one.bank["queue"], two.bank["queue"], atol=1e-3)
    assert torch.equal(one.bank["truth"], two.bank["truth"])
    for rule, state in one.rules.items():
        for name in state:
            assert torch.allclose(state[name].float(), two.rules[rule][name].float(), rtol=1e-4, atol=1e-4), name
    for name in one.student:
        assert torch.allclose(one.student[name].float(), two.student[name].float(), rtol=1e-4, atol=1e-4), name
        assert torch.allclose(one.ema[name].float(), two.ema[name].float(), rtol=1e-4, atol=1e-4), name
    assert one.student["proj_head.1.num_batches_tracked"] == STEPS * one.config["schedule"]["batch"] // 2


def test_the_processes_do_not_drift_apart(runs: tuple[Path, Path]) -> None:
    first, second = (torch.load(runs[1] / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    for one, two in zip(first, second, strict=True):
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_validation_counts_exactly_the_same(spec: Path, tmp_path: Path) -> None:
    """21 images in batches of 8: two processes get 2 and 1 of them, and the last of four gets none."""
    asked = tiny_config(spec, bank__rule="clean", schedule__epochs=1)
    trainer.train(asked, tmp_path)
    launch(1, validated, spec, tmp_path, tmp_path)
    alone = torch.load(tmp_path / "scores0.pt", weights_only=True)
    assert 0 < alone["miou"] < 1
    for processes in (2, 4):
        launch(processes, validated, spec, tmp_path, tmp_path)
        for rank in range(processes):
            assert torch.load(tmp_path / f"scores{rank}.pt", weights_only=True) == alone
