"""Evaluation of whole images as the public releases do it, written from the paper's description.

Each image alone: logits of all classes resized to the image's size, softmax, maximum, and NumPy histograms of the
intersection, the prediction and the target. Attention is the product of explicit matrices, as in DINOv2's own code
without xFormers.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


@torch.inference_mode()
def evaluate(model: nn.Module, images: list[Tensor], masks: list[Tensor], num_classes: int) -> np.ndarray:
    """True positives, predicted and true pixels per class over all images: (3, K) int64.

    Args:
        images: (3, H, W) each, normalised.
        masks: (H, W) each, 255 for void.
    """
    total = np.zeros((3, num_classes), dtype=np.int64)
    for image, mask in zip(images, masks, strict=True):
        height, width = image.shape[-2:]
        fitting = [max(14, int(edge / 14 + 0.5) * 14) for edge in (height, width)]
        shown = F.interpolate(image[None], fitting, mode="bilinear", align_corners=True)
        logits = F.interpolate(model(shown).logits, (height, width), mode="bilinear", align_corners=True)
        prediction = logits.softmax(1).max(1).indices[0].cpu().numpy()
        target = mask.cpu().numpy()
        prediction, target = prediction[target != 255], target[target != 255]
        for row, labels in enumerate((prediction[prediction == target], prediction, target)):
            total[row] += np.histogram(labels, bins=num_classes, range=(0, num_classes))[0]
    return total


@contextmanager
def explicit_attention(model: nn.Module) -> Iterator[None]:
    """Attention by explicit matrices while the block runs."""
    layers = [module for module in model.modules() if hasattr(module, "fused_attn")]
    for layer in layers:
        layer.fused_attn = False  # type: ignore[assignment]
    try:
        yield
    finally:
        for layer in layers:
            layer.fused_attn = True  # type: ignore[assignment]
