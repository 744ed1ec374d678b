"""Training on data sets of hundreds of classes, and none on one of a single class."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_train.core.errors import ConfigError
from pixcon_train.engine.trainer import train
from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import LATEST
from pixcon_train.runs.log import LOG, read_log
from tests.pixcon_train.tiny import tiny_config, write_tiny

RULES: dict[str, dict[str, Any]] = {
    "clean": {},
    "pseudo": {"bank__rule": "pseudo"},
    "noise": {"consistency__noise__rate": 0.3, "consistency__noise__kind": "confusion"},
    "per_class": {"consistency__threshold__rule": "per_class"},
}


@pytest.mark.slow
@pytest.mark.parametrize(("count", "rule"), [(255, "pseudo"), (256, "clean"), (300, "per_class"), (1000, "noise")])
def test_a_run(tmp_path: Path, count: int, rule: str) -> None:
    """The classes 254 and 255, which padding and void are for fewer classes, are learned and counted like others."""
    present = sorted({count - 1, min(254, count - 1), min(255, count - 2)})
    names = [f"class {label}" for label in range(count)]
    spec = write_tiny(tmp_path, names=names, labels=(*present, 0)[:3], labeled=4)
    config = tiny_config(spec, consistency__tau=0.0, schedule__epochs=1, data__unlabeled_truth="always", **RULES[rule])
    train(config, tmp_path / "run")
    saved = load_checkpoint(tmp_path / "run" / LATEST)
    assert saved.num_classes == count and saved.data["void"] == (255 if count <= 255 else 65535)
    assert all(value.isfinite().all() for value in saved.student.values())
    iou = torch.tensor(saved.metrics["ema"]["iou"], dtype=torch.float64)
    assert iou.shape == (count,) and not iou[list(present)].isnan().any()
    step = next(entry for entry in read_log(tmp_path / "run" / LOG) if entry["event"] == "step")
    assert step["losses"]["loss_x"] > 1
    assert rule == "per_class" or (step["retention"] == 1 and 0 <= step["contamination"] <= 1)


def test_a_single_class_has_nothing_to_learn(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path, names=["crack"], labels=(0, 0, 0))
    with pytest.raises(
        ConfigError, match=r"tiny\.yaml cannot be trained on: the data set has a single class, .*background"
    ):
        train(tiny_config(spec), tmp_path / "run")
    assert not (tmp_path / "run" / LATEST).exists()
