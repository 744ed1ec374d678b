"""A data set that is quick to train on: three classes told apart by colour, as files in the ordinary layout."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pixcon_train.config.resolve import build_config, dotted_layer, preset_layers
from pixcon_train.config.schema import TrainConfig

COLORS = np.array([[30, 30, 30], [200, 40, 40], [40, 60, 200]])


def write_tiny(
    root: Path,
    *,
    edge: int = 28,
    labeled: int = 2,
    unlabeled: int = 8,
    val: int = 3,
    names: Sequence[str] = ("dark", "red", "blue"),
    labels: Sequence[int] = (0, 1, 2),
) -> Path:
    """Write images, masks, lists and the specification ``tiny.yaml`` (returned) to ``root``.

    Args:
        names: of the classes, of which ``labels`` occur.
    """
    rng = np.random.default_rng(0)
    lists: dict[str, list[str]] = {}
    for name, count in (("labeled", labeled), ("unlabeled", unlabeled), ("val", val)):
        for number in range(count):
            mask = rng.integers(3, size=(2, 2)).repeat(edge // 2, 0).repeat(edge // 2, 1).astype(np.uint8)
            pixels = COLORS[mask] + rng.normal(0, 20, (edge, edge, 3))
            stem = f"{name}{number}"
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(root / f"{stem}.jpg")
            stored = np.array(labels, np.uint8 if len(names) <= 255 else np.uint16)[mask]
            Image.fromarray(stored).save(root / f"{stem}.png")
            lists.setdefault(name, []).append(f"{stem}.jpg {stem}.png\n")
        (root / f"{name}.txt").write_text("".join(lists[name]))
    spec = {
        "classes": [*names],
        "base_size": edge,
        "labeled_list": "labeled.txt",
        "unlabeled_list": "unlabeled.txt",
    }
    (root / "tiny.yaml").write_text(json.dumps(spec))
    return root / "tiny.yaml"


def tiny_values(spec: Path, **changes: Any) -> dict[str, Any]:
    """Configuration values of a run of two epochs with four steps each; keys of ``changes`` have `__` for a dot."""
    values = {
        "data.dataset": str(spec),
        "data.root": str(spec.parent),
        "data.crop": 28,
        "schedule.epochs": 2,
        "schedule.batch": 2,
        "optimizer.warmup": 2,
        "bank.dim": 8,
        "bank.size": 16,
        "bank.cap": 4,
        "runtime.workers": 0,
        "runtime.log_every": 3,
        "runtime.device": "cpu",
    }
    return values | {key.replace("__", "."): value for key, value in changes.items()}


def tiny_config(spec: Path, *, preset: str = "pixcon", **changes: Any) -> TrainConfig:
    """The configuration that :func:`tiny_values` gives with a preset's nano recipe."""
    return build_config([*preset_layers(preset, "small"), dotted_layer("test", tiny_values(spec, **changes))])
