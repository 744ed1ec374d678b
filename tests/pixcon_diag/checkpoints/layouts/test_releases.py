"""Files as other releases write them: recognised, with the right network, scores and protocol."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pixcon_diag.checkpoints.loading import load
from pixcon_diag.passes.load_check import stated_miou
from pixcon_diag.provenance import Scores
from tests.pixcon_diag.checkpoints.test_loading import holds, state, with_prefix
from tests.pixcon_train.models.deeplab_states import augseg, beyond_pixels, corrmatch, u2pl, unimatch_v1

OPTIMIZER = {"state": {}, "param_groups": [{"lr": 1e-3, "params": [0, 1]}]}


def file_of(tmp_path: Path, name: str, content: Any) -> Path:
    torch.save(content, path := tmp_path / name)
    return path


def v1(weights: dict[str, Tensor]) -> dict[str, Any]:
    """What UniMatch V1 saves: no EMA, per cent, a NumPy scalar."""
    return {
        "model": with_prefix(weights),
        "optimizer": OPTIMIZER,
        "epoch": 61,
        "previous_best": np.float64(75.25),
    }


@pytest.mark.parametrize("weights", [unimatch_v1, beyond_pixels])
def test_unimatch_v1(tmp_path: Path, weights: Callable[[], dict[str, Tensor]]) -> None:
    loaded = load(file_of(tmp_path, "best.pth", v1(weights())))
    info = loaded.info
    assert (info.layout, info.architecture, info.size) == ("UniMatch V1 checkpoint", "unimatch_v1", "resnet50")
    assert (info.weights, stated_miou(info), info.scores.epoch) == ("student", 0.7525, 61)
    assert (loaded.protocol, info.projection, info.feature) == ("native", False, "fused feature")
    assert holds(loaded, unimatch_v1())


def test_the_latest_weights_are_not_those_of_the_best_score(tmp_path: Path) -> None:
    scores = load(file_of(tmp_path, "latest.pth", v1(unimatch_v1()))).info.scores
    assert (scores.student, scores.best_student) == (None, 0.7525)


def cwbass_v2() -> dict[str, Any]:
    """What CW-BASS v2 saves: PixCon's network without projection head, scores in per cent."""
    return {
        "epoch": 44,
        "best_miou": 81.5,
        "best_miou_ema": 82.5,
        "best_epoch": 40,
        "best_epoch_ema": 44,
        "model_state_dict": state("pixcon", shift=0.5),
        "teacher": {"decay": 0.996, "model_state_dict": state("pixcon")},
        "optimizer_state_dict": OPTIMIZER,
        "adaptive_threshold": 0.91,
        "mIOU": 81.0,
        "mIOU_ema": 82.5,
    }


def test_cwbass_v2(tmp_path: Path) -> None:
    path = file_of(tmp_path, "best.pth", cwbass_v2())
    teacher, student = load(path), load(path, weights="student")
    assert (teacher.info.layout, teacher.info.architecture) == ("CW-BASS v2 checkpoint", "pixcon")
    assert (teacher.protocol, teacher.info.projection) == ("pixcon", False)
    assert (stated_miou(teacher.info), stated_miou(student.info)) == (0.825, 0.81)
    assert teacher.info.scores == Scores(44, 0.81, 0.825, 0.815, 40, 0.825, 44)
    assert holds(teacher, state("pixcon")) and holds(student, state("pixcon", shift=0.5))


@pytest.mark.parametrize(("name", "weights"), [("U²PL", u2pl), ("AugSeg", augseg)])
def test_u2pl_and_augseg(tmp_path: Path, name: str, weights: Callable[[], dict[str, Tensor]]) -> None:
    teacher = weights()
    student = {key: value + 0.5 if value.is_floating_point() else value for key, value in teacher.items()}
    content = {
        "epoch": 12,
        "model_state": with_prefix(student),
        "optimizer_state": OPTIMIZER,
        "teacher_state": with_prefix(teacher),
        "best_miou": np.float64(0.7525),
    }
    loaded = load(file_of(tmp_path, "ckpt_best.pth", content))
    architecture = {"U²PL": "u2pl", "AugSeg": "augseg"}[name]
    assert (loaded.info.layout, loaded.info.architecture) == (f"{name} checkpoint", architecture)
    assert (loaded.info.weights, stated_miou(loaded.info), loaded.protocol) == ("ema", 0.7525, "native")
    assert loaded.info.space == {"U²PL": "U²PL's representation", "AugSeg": "fused feature"}[name]
    assert holds(loaded, {key: value for key, value in teacher.items() if not key.startswith("auxor.")})
    latest = load(file_of(tmp_path, "ckpt.pth", content)).info
    assert (stated_miou(latest), latest.scores.best_ema) == (None, 0.7525)


@pytest.mark.parametrize(
    ("name", "stated"), [("voc_1_8_81.35.pth", 0.8135), ("res101_92_76.4.pth", 0.764), ("best.pth", None)]
)
def test_corrmatch(tmp_path: Path, name: str, stated: float | None) -> None:
    loaded = load(file_of(tmp_path, name, with_prefix(corrmatch())))
    assert (loaded.info.layout, loaded.info.architecture) == ("CorrMatch checkpoint", "corrmatch")
    assert (loaded.protocol, stated_miou(loaded.info)) == ("native", pytest.approx(stated) if stated else None)
    assert holds(loaded, unimatch_v1())


def test_wrappers_around_a_resnet(tmp_path: Path) -> None:
    plain = unimatch_v1()
    for name, content in (
        ("lightning.ckpt", {"state_dict": with_prefix(plain, "model."), "pytorch-lightning_version": "2.1"}),
        ("compiled.pth", with_prefix(plain, "module._orig_mod.")),
        ("averaged.pth", with_prefix(plain) | {"n_averaged": torch.tensor(3)}),
    ):
        assert holds(load(file_of(tmp_path, name, content)), plain)
