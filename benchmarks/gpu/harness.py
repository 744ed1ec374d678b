"""A training run without a data set: networks, bank, rules and optimizer, with synthetic crops."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from pixcon_train.config.resolve import build_config, dotted_layer, preset_layers
from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.seeding import seeded
from pixcon_train.core.void import VOID
from pixcon_train.engine.components import RunComponents, build_components
from pixcon_train.engine.distributed import batch_layout, open_accelerator
from pixcon_train.engine.stepper import MicroBatch, Stepper
from pixcon_train.models.base import SegmentationModel

CELLS = 8
"""Squares along an edge of a synthetic image; each image has the same number of pixels of each class."""

_LAYER_SCALE = 0.1
"""Used instead of 1e-5, with which the blocks of an untrained encoder have almost no effect."""


TINY: dict[str, Any] = {
    "classes": 3,
    "model.size": "nano",
    "data.crop": 28,
    "schedule.batch": 2,
    "bank.dim": 16,
    "bank.size": 16,
    "bank.cap": 8,
}
"""Values of a run whose steps take milliseconds."""


@dataclass(frozen=True)
class Run:
    """Everything that a step needs."""

    config: TrainConfig
    parts: RunComponents
    stepper: Stepper

    @property
    def device(self) -> torch.device:
        """Device of networks and batches."""
        return self.parts.accelerator.device

    def batch(self, seed: int = 0, *, void: bool = True, micro: int | None = None) -> MicroBatch:
        """Synthetic crops for one forward pass of this run, or ``micro`` crops."""
        classes, crop = self.parts.student.num_classes, self.config.data.crop
        return synthetic_batch(micro or self.parts.layout.micro, crop, classes, self.device, seed=seed, void=void)

    def changed(self, values: Mapping[str, Any]) -> "Run":
        """The same networks, bank and optimizer with other values of `runtime` and `schedule`."""
        config = _config({**_asked(self.config), **values})
        accelerator = open_accelerator(config.runtime)
        self.parts.student.set_activation_checkpointing(config.runtime.activation_checkpointing)
        parts = replace(self.parts, accelerator=accelerator, layout=batch_layout(config.schedule, accelerator))
        return Run(config, parts, Stepper(config, parts))


def new_run(values: Mapping[str, Any], folder: Path) -> Run:
    """A run of the preset in ``values`` with its Pascal recipe; other values are dotted keys, micro-batch = batch."""
    classes = int(values.get("classes", 21))
    spec = write_data(folder / f"data{classes}", classes)
    own = {key: value for key, value in values.items() if key != "classes"}
    config = _config({"data.dataset": str(spec), "data.root": str(spec.parent), **own})
    parts = build_components(config, open_accelerator(config.runtime))
    for network in (parts.student, parts.teacher):
        enliven(network)
    return Run(config, parts, Stepper(config, parts))


@torch.no_grad()
def enliven(network: SegmentationModel) -> SegmentationModel:
    """Set a layer scale with which the blocks of ``network`` have an effect, and return the network."""
    for name, parameter in network.named_parameters():
        if name.rpartition(".")[2].startswith("gamma"):  # DINOv3's have a number
            parameter.fill_(_LAYER_SCALE)
    return network


def fill_bank(parts: RunComponents, entries: int) -> None:
    """Add ``entries`` unit vectors of each class to the bank, the same on every device."""
    assert parts.bank is not None
    classes, _, dim = parts.bank.queue.shape
    vectors = F.normalize(torch.randn(classes * entries, dim, generator=seeded(1)), dim=1)
    labels = torch.arange(classes).repeat_interleave(entries)
    parts.bank.enqueue(vectors.to(parts.accelerator.device), labels.to(parts.accelerator.device))


def without_dropout(parts: RunComponents) -> None:
    """Switch off dropout layers, which draw from the device's generator."""
    for module in parts.student.modules():
        if isinstance(module, nn.Dropout | nn.Dropout2d):
            module.p = 0.0


def synthetic_batch(micro: int, crop: int, classes: int, device: torch.device, *, seed: int, void: bool) -> MicroBatch:
    """Crops whose classes differ in colour, in pinned memory for a GPU, as the loader returns them."""
    generator = seeded(seed)
    colors = torch.randn(classes, 3, generator=seeded(0))

    def masks() -> Tensor:
        cells = torch.arange(CELLS * CELLS) % classes
        drawn = torch.stack([cells[torch.randperm(len(cells), generator=generator)] for _ in range(micro)])
        return F.interpolate(drawn.view(micro, 1, CELLS, CELLS).float(), (crop, crop))[:, 0].long()

    def noisy(clean: Tensor, amount: float) -> Tensor:
        return clean + amount * torch.randn(clean.shape, generator=generator)

    labels, target = masks(), masks()
    clean, weak = (noisy(colors[mask].permute(0, 3, 1, 2).contiguous(), 0.2) for mask in (labels, target))
    ignore = torch.zeros(micro, crop, crop, dtype=torch.uint8)
    if void:
        labels[:, : crop // 14] = VOID
        ignore[:, :, : crop // 14] = VOID
    names = [f"crop {i}" for i in range(micro)]
    labeled: dict[str, Any] = {"image": clean, "mask": labels, "name": names}
    unlabeled: dict[str, Any] = {
        "weak": weak,
        "strong1": noisy(weak, 0.3),
        "strong2": noisy(weak, 0.3),
        "ignore": ignore,
    }
    unlabeled |= {"target": target, "name": names}
    if device.type == "cuda":
        labeled, unlabeled = (
            {key: value.pin_memory() if isinstance(value, Tensor) else value for key, value in item.items()}
            for item in (labeled, unlabeled)
        )
    return labeled, unlabeled


def write_data(root: Path, classes: int) -> Path:
    """Write a few tiny images with every class in every mask, for ``build_components``; the specification's path."""
    path = root / "synthetic.yaml"
    if path.exists():
        return path
    root.mkdir(parents=True)
    mask = (np.arange(28 * 28) % classes).reshape(28, 28).astype(np.uint8)
    for number in range(16):
        Image.fromarray(np.stack([mask] * 3, -1)).save(root / f"image{number}.png")
        Image.fromarray(mask).save(root / f"mask{number}.png")
    lines = [f"image{number}.png mask{number}.png\n" for number in range(16)]
    lists = {"labeled": lines[:4], "unlabeled": lines[4:12], "val": lines[12:]}
    for name, chosen in lists.items():
        (root / f"{name}.txt").write_text("".join(chosen), encoding="utf-8")
    names = [f"class {number}" for number in range(classes)]
    spec = {"classes": names, "base_size": 28, **{f"{name}_list": f"{name}.txt" for name in lists}}
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path


_DEFAULTS = {"model.pretrained": "none", "runtime.workers": 0, "schedule.epochs": 1000}


def _config(values: Mapping[str, Any]) -> TrainConfig:
    preset = values.get("preset", "pixcon")
    own = {key: value for key, value in values.items() if key != "preset"}
    return build_config([*preset_layers(preset, "pascal"), dotted_layer("gpu_check", {**_DEFAULTS, **own})])


def _asked(config: TrainConfig) -> dict[str, Any]:
    """The whole configuration by dotted keys."""

    def flat(section: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        for key, value in section.items():
            pairs |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
        return pairs

    return flat(config.model_dump(), "")
