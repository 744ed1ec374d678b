"""UniMatch V2's input pipeline as the field writes it: PIL images and torchvision's transforms of them.

Random scaling by 0.5 to 2, padding and random crop, horizontal flip; for each of two strong views colour jitter,
grayscale, Gaussian blur and a CutMix box; conversion to tensors and normalisation.
"""

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torchvision import transforms

JITTER = transforms.ColorJitter(0.5, 0.5, 0.5, 0.25)
TENSOR = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])


def unlabeled_item(path: Path, crop: int) -> dict[str, Any]:
    """Weak view, two strong views with their CutMix boxes, and ignore mask of an image."""
    image = Image.open(path).convert("RGB")
    mask = Image.fromarray(np.zeros((image.height, image.width), dtype=np.uint8))
    image, mask = weak_view(image, mask, crop, fill=254)
    first, second = strong_view(image), strong_view(image)
    padded = torch.from_numpy(np.array(mask)).long() == 254
    return {
        "weak": TENSOR(image),
        "strong1": TENSOR(first),
        "strong2": TENSOR(second),
        "ignore": torch.where(padded, 255, 0),
        "box1": cutmix_box(crop),
        "box2": cutmix_box(crop),
    }


def weak_view(
    image: Image.Image, mask: Image.Image, crop: int, *, fill: int, scale: tuple[float, float] = (0.5, 2.0)
) -> tuple[Image.Image, Image.Image]:
    """Random scaling, crop and flip."""
    base = max(image.size)
    image, mask = rescale(image, mask, random.randint(int(base * scale[0]), int(base * scale[1])))
    image, mask = random_crop(image, mask, crop, fill=fill)
    if random.random() < 0.5:
        image, mask = ImageOps.mirror(image), ImageOps.mirror(mask)
    return image, mask


def rescale(image: Image.Image, mask: Image.Image, length: int) -> tuple[Image.Image, Image.Image]:
    """Bring the long side to ``length``."""
    factor = length / max(image.size)
    size = (max(1, int(image.width * factor + 0.5)), max(1, int(image.height * factor + 0.5)))
    return image.resize(size, Image.Resampling.BILINEAR), mask.resize(size, Image.Resampling.NEAREST)


def random_crop(image: Image.Image, mask: Image.Image, crop: int, *, fill: int) -> tuple[Image.Image, Image.Image]:
    """Pad at the right and bottom to the crop's size, then take a random window."""
    border = (0, 0, max(crop - image.width, 0), max(crop - image.height, 0))
    image, mask = ImageOps.expand(image, border, fill=0), ImageOps.expand(mask, border, fill=fill)
    left, top = random.randint(0, image.width - crop), random.randint(0, image.height - crop)
    window = (left, top, left + crop, top + crop)
    return image.crop(window), mask.crop(window)


def strong_view(image: Image.Image) -> Image.Image:
    """Colour jitter, grayscale and blur, each with its probability."""
    if random.random() < 0.8:
        image = JITTER(image)
    if random.random() < 0.2:
        image = ImageOps.grayscale(image).convert("RGB")
    if random.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(radius=random.uniform(0.1, 2.0)))
    return image


def cutmix_box(crop: int) -> torch.Tensor:
    """With a probability of one half, 1 within a random box: area 2 to 40 %, height by width 0.3 to 1/0.3."""
    box = torch.zeros(crop, crop)
    if random.random() < 0.5:
        return box
    area = random.uniform(0.02, 0.4) * crop * crop
    while True:
        aspect = random.uniform(0.3, 1 / 0.3)
        width, height = int(math.sqrt(area / aspect)), int(math.sqrt(area * aspect))
        left, top = random.randint(0, crop), random.randint(0, crop)
        if left + width <= crop and top + height <= crop:
            box[top : top + height, left : left + width] = 1
            return box
