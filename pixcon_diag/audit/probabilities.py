"""Class probabilities of one image in float64, written out a second time: only the network is shared with a pass.

Input and output of the network are processed as the protocol's description says, with matrices instead of PyTorch's
functions, and one image at a time.
"""

from typing import cast

import numpy as np
import torch
from torch import nn

from pixcon_train.evaluation.protocols import Protocol, SlidingWindow
from pixcon_train.models.base import SegmentationModel

MEAN = np.array((0.485, 0.456, 0.406))[:, None, None]
STD = np.array((0.229, 0.224, 0.225))[:, None, None]
"""ImageNet's, as the encoders were trained."""


def probabilities(model: nn.Module, image: np.ndarray, protocol: Protocol, window: SlidingWindow | None) -> np.ndarray:
    """(K, H, W) float64: the class probabilities of ``image``, (3, H, W) uint8.

    Args:
        model: in eval mode, on any device.
        protocol: how a whole image is brought to a multiple of the patch.
        window: sliding windows, whose probabilities are averaged; images smaller than one are predicted whole.
    """
    network = cast(SegmentationModel, model)
    normalised = (image / 255 - MEAN) / STD
    height, width = image.shape[1:]
    if window is not None and (window.cut_off or min(height, width) >= window.crop):
        return _averaged(network, normalised, window)
    unit = network.patch_size
    if protocol == "unimatch-v2":
        rows, columns = (max(1, int(edge / unit + 0.5)) * unit for edge in (height, width))
        logits = _resized(_logits(network, _resized(normalised, rows, columns)), height, width)
    else:
        logits = _logits(network, _padded(normalised, unit))[:, :height, :width]
    return _softmax(logits)


def _averaged(network: SegmentationModel, image: np.ndarray, window: SlidingWindow) -> np.ndarray:
    _, height, width = image.shape
    covering = np.zeros((height, width))
    total = np.zeros((network.num_classes, height, width))
    for top in _starts(height, window):
        for left in _starts(width, window):
            place = slice(top, top + window.crop), slice(left, left + window.crop)  # numpy ends it at the border
            total[:, *place] += _softmax(_logits(network, image[:, *place]))
            covering[place] += 1
    return total / covering


def _starts(edge: int, window: SlidingWindow) -> list[int]:
    """Windows 2/3 of their size apart; the last one ends at the border, or is cut off there."""
    step = int(window.crop * 2 / 3)
    if window.cut_off:
        return [*range(0, edge, step)]
    return sorted({min(start, edge - window.crop) for start in range(0, edge - window.crop + step, step)})


@torch.inference_mode()
def _logits(network: SegmentationModel, image: np.ndarray) -> np.ndarray:
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    logits: torch.Tensor = network(torch.from_numpy(image).float()[None].to(device)).logits
    return logits[0].double().cpu().numpy()


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(0))
    return np.asarray(exponentials / exponentials.sum(0))


def _resized(planes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear with corners aligned: (C, H, W) to (C, height, width)."""
    down, across = _interpolation(planes.shape[1], height), _interpolation(planes.shape[2], width)
    return np.asarray(down @ planes @ across.T)


def _interpolation(edge: int, target: int) -> np.ndarray:
    """(target, edge): each row holds the two weights of a position between the samples of an edge."""
    weights = np.zeros((target, edge))
    for index in range(target):
        position = index * (edge - 1) / (target - 1) if target > 1 else 0.0
        below = min(int(position), edge - 1)
        weights[index, below] += 1 - (position - below)
        weights[index, min(below + 1, edge - 1)] += position - below
    return weights


def _padded(image: np.ndarray, unit: int) -> np.ndarray:
    """Padded by reflection at the bottom and right to multiples of ``unit``; an edge too short to reflect repeats."""
    for axis in (1, 2):
        edge = image.shape[axis]
        pad = -edge % unit
        places = [2 * edge - 2 - place if pad < edge else edge - 1 for place in range(edge, edge + pad)]
        image = image.take([*range(edge), *places], axis)
    return image
