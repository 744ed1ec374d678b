"""Small data sets on disk, for tests that read them."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pixcon_train.data.lists import Pair, write_list
from pixcon_train.data.specs import DatasetSpec, voc_palette

THREE = DatasetSpec(name="three", classes=("ground", "cat", "dog"), palette=tuple(voc_palette(3)), background=0)
"""Three classes, void 255."""


def save_image(path: Path, pixels: np.ndarray) -> Path:
    """Write uint8 pixels (H, W) or (H, W, 3), making the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path)
    return path


def write_pairs(root: Path, masks: list[Any], *, name: str = "val.txt") -> list[Pair]:
    """Write the masks with PNG images of noise of the same size, and their list; the images are seeded."""
    rng = np.random.default_rng(0)
    pairs = [Pair(f"images/{i}.png", f"masks/{i}.png") for i in range(len(masks))]
    for pair, mask in zip(pairs, masks, strict=True):
        save_image(root / str(pair.mask), mask)
        save_image(root / pair.image, rng.integers(256, size=(*np.shape(mask), 3)))
    write_list(root / name, pairs)
    return pairs
