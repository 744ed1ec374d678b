"""A small data set with checkpoints of a nano network on disk, and the command line that measures them."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from click.testing import CliRunner, Result
from PIL import Image

from pixcon_cli.diag import main
from pixcon_train.core.files import sha256
from pixcon_train.core.version import VERSION
from pixcon_train.data.remembered import remember_list
from pixcon_train.data.specs import get_spec
from pixcon_train.models.build import build_model
from pixcon_train.runs.checkpoint import Checkpoint
from tests.reference import rule_tensor

CLASSES = ("grass", "sky", "cow")
SIZES = [(40, 30), (40, 30), (30, 40), (33, 41)]
"""Width and height of the images."""


def write_data(root: Path) -> Path:
    """Write the data set in the ordinary layout, with its own YAML file."""
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    random = np.random.default_rng(0)
    lines = []
    for index, (width, height) in enumerate(SIZES):
        Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(root / f"images/{index}.jpg")
        mask = random.integers(0, 3, (height, width), dtype=np.uint8)
        mask[:3] = 255
        Image.fromarray(mask).save(root / f"masks/{index}.png")
        lines.append(f"images/{index}.jpg masks/{index}.png\n")
    (root / "val.txt").write_text("".join(lines))
    (root / "farm.yaml").write_text(f"classes: [{', '.join(CLASSES)}]\n")
    return root


@functools.cache
def state(shift: float = 0.0, classes: int = len(CLASSES)) -> dict[str, torch.Tensor]:
    """Weights of a nano model; the classifier is scaled up so that some predictions are confident."""
    model = build_model("unimatch_v2", "nano", classes, projection=False)
    entries = {key: rule_tensor(key, value) for key, value in model.state_dict().items()}
    entries["head.scratch.output_conv.2.weight"] *= 6
    entries["head.scratch.output_conv.2.bias"] += shift * torch.arange(classes)
    return entries


def write_public(path: Path) -> Path:
    """Write a public file, which says nothing of its data."""
    content = {
        "model": {f"module.{key}": value for key, value in state(1.0).items()},
        "model_ema": {f"module.{key}": value for key, value in state().items()},
        "epoch": 4,
        "previous_best": np.float64(50.0),
        "previous_best_ema": np.float64(51.0),
        "best_epoch": 4,
        "best_epoch_ema": 4,
    }
    torch.save(content, path)
    return path


def own_checkpoint(data: Path, shift: float = 0.0) -> Checkpoint:
    """A checkpoint as pixcon-train writes it."""
    spec = get_spec(str(data / "farm.yaml"))
    val = data / "val.txt"
    remember_list(data, val.read_text())  # as training does
    scores = {"miou": 0.25, "miou_zero": 0.25, "iou": [0.25] * 3}
    return Checkpoint(
        architecture="unimatch_v2",
        size="nano",
        num_classes=3,
        projection=False,
        embedding_dim=256,
        classes=list(CLASSES),
        palette=[list(color) for color in spec.palette],
        data=spec.to_dict(),
        root=str(data),
        lists={"val": {"path": str(val), "sha256": sha256(val), "text": val.read_text()}},
        config={"data": {"dataset": str(data / "farm.yaml"), "labels": "auto", "val_limit": None}},
        version=VERSION,
        epoch=2,
        iteration=10,
        metrics={"student": scores, "ema": scores},
        best={"student": {"miou": 0.25, "epoch": 2}, "ema": {"miou": 0.25, "epoch": 2}},
        student=state(1.0 + shift),
        ema=state(shift),
        bank=None,
        optimizer={},
        scaler=None,
        rng={"seed": 0},
        progress={},
    )


def call(*arguments: Any, **environment: str) -> Result:
    variables = {"PIXCON_DATA_ROOT": None, "COLUMNS": "1000", **environment}
    return CliRunner().invoke(main, [str(each) for each in arguments], env=variables)


def measure(*arguments: Any, **environment: str) -> list[dict[str, Any]]:
    """Results of `contamination --json`, whose standard output is JSON and nothing else."""
    result = call("contamination", *arguments, "--json", "--workers", 0, **environment)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["results"]


def one_message(result: Result, code: int, *words: str) -> None:
    """One error on standard error, naming what is asked for; no traceback, nothing on standard output."""
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.stderr.count("Error: ") == 1 and "Traceback" not in result.stderr
    message = result.stderr[result.stderr.index("Error: ") :]
    assert [word for word in words if word not in message] == []
    assert result.stdout == ""


Spoil = Callable[[Path], None]


def rgb_mask(data: Path) -> None:
    Image.open(data / "masks/2.png").convert("RGB").save(data / "masks/2.png")


def foreign_value(data: Path) -> None:
    Image.fromarray(np.full((40, 30), 7, dtype=np.uint8)).save(data / "masks/2.png")


def other_size(data: Path) -> None:
    Image.fromarray(np.zeros((40, 31), dtype=np.uint8)).save(data / "masks/2.png")


def broken_jpeg(data: Path) -> None:
    path = data / "images/2.jpg"
    path.write_bytes(path.read_bytes()[:-300])


def no_jpeg(data: Path) -> None:
    (data / "images/2.jpg").write_text("this is no image")


def missing_image(data: Path) -> None:
    (data / "images/2.jpg").unlink()


def empty_list(data: Path) -> None:
    (data / "val.txt").write_text("\n")


def missing_list(data: Path) -> None:
    (data / "val.txt").unlink()


def half_a_line(data: Path) -> None:
    (data / "val.txt").write_text("images/0.jpg\n")


def unknown_key(data: Path) -> None:
    (data / "farm.yaml").write_text("classes: [a, b, c]\npalete: voc\n")


WRONG_DATA: list[tuple[Spoil, int, tuple[str, ...]]] = [
    (rgb_mask, 3, ("masks/2.png", "RGB")),
    (foreign_value, 3, ("masks/2.png", "the value 7", "0..2")),
    (other_size, 3, ("images/2.jpg", "masks/2.png", "31×40")),
    (broken_jpeg, 3, ("images/2.jpg", "cannot be read")),
    (no_jpeg, 3, ("images/2.jpg", "cannot be read")),
    (missing_image, 3, ("images/2.jpg", "No image")),
    (empty_list, 3, ("val.txt", "empty")),
    (missing_list, 3, ("val.txt", "list is not at", "--list")),
    (half_a_line, 3, ("val.txt", "line 1", "IMAGE MASK")),
    (unknown_key, 2, ("palete", "palette")),
]
