"""Commands on data sets of one class, and of hundreds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.cli.farm import call, one_message, state
from tests.pixcon_train.data.files import write_pairs

Maps = list[np.ndarray]


def written(root: Path, count: int) -> tuple[Maps, list[Any]]:
    """Masks of a data set of ``count`` classes, and the options that name it."""
    rng, void = np.random.default_rng(count), 255 if count <= 255 else 65535
    masks = [rng.integers(count, size=(5, 6)).repeat(6, 0).repeat(6, 1) for _ in range(2)]
    for mask in masks:
        mask[:3] = void
    write_pairs(root, masks)
    classes = ", ".join(f"class {label}" for label in range(count))
    (root / "many.yaml").write_text(f"classes: [{classes}]\nvoid: {void}\n")
    return masks, ["--dataset", root / "many.yaml", "--data-root", root]


def saved(folder: Path, masks: Maps, count: int, seed: int) -> Maps:
    """Label maps that are wrong in places, saved where `--predictions` finds them."""
    rng = np.random.default_rng(seed)
    maps = []
    for index, mask in enumerate(masks):
        kept = (rng.random(mask.shape) < 0.7) & (mask < count)
        maps.append(np.where(kept, mask, rng.integers(count, size=mask.shape)))
        file = folder / f"images/{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(maps[-1].astype(np.uint8 if count <= 255 else np.uint16)).save(file)
    return maps


def ious(maps: Maps, masks: Maps, count: int) -> list[float | None]:
    """IoU of each class over all images, by plain loops; None where there is none."""
    hit, union = [0] * count, [0] * count
    for one, mask in zip(maps, masks, strict=True):
        for predicted, true in zip(one.ravel().tolist(), mask.ravel().tolist(), strict=True):
            if true < count:
                hit[true] += predicted == true
                for k in {predicted, true}:
                    union[k] += 1
    return [hit[k] / union[k] if union[k] else None for k in range(count)]


@pytest.mark.parametrize("count", [1, 300, 1000])
def test_saved_label_maps(tmp_path: Path, count: int) -> None:
    masks, data = written(tmp_path / "data", count)
    maps = {name: saved(tmp_path / name, masks, count, seed) for seed, name in enumerate("ab")}
    named = [part for name in maps for part in ("--predictions", f"{name}={tmp_path / name}")]
    result = call("per-class", *named, *data, "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["comparisons"][0]["per_class"]["rows"]
    for name, key in (("a", "baseline"), ("b", "other")):
        found = [row[key] for row in sorted(rows, key=lambda row: row["index"])]
        assert found == pytest.approx(ious(maps[name], masks, count), nan_ok=True)
    for command in ("compare", "boundary"):
        result = call(command, *named, *data, "--json")
        assert result.exit_code == 0 and json.loads(result.stdout)["command"] == command, result.output


def test_a_checkpoint_of_300_classes(tmp_path: Path) -> None:
    _, data = written(tmp_path / "data", 300)
    torch.save(state(classes=300), tmp_path / "many.pth")
    result = call("contamination", tmp_path / "many.pth", *data, "--workers", 0, "--audit", 2, "--json", "-v")
    assert result.exit_code == 0, result.output
    assert "audit of 2 of 2 images" in result.stderr and "every count is equal" in result.stderr
    found = json.loads(result.stdout)["results"][0]
    assert len(found["provenance"]["data"]["classes"]) == 300


def test_a_network_of_one_channel_needs_two_names(tmp_path: Path) -> None:
    _, data = written(tmp_path / "data", 1)
    torch.save(state(classes=1), tmp_path / "one.pth")
    result = call("contamination", tmp_path / "one.pth", *data, "--workers", 0)
    one_message(result, 2, "predicts 2 classes but many has 1.", "background", "sigmoid channel")
