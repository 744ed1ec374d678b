"""Streamed sliding windows against the mean over windows of whole images, and how much they hold."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from pixcon_train.evaluation.protocols import SlidingWindow
from pixcon_train.evaluation.windows import slide
from pixcon_train.models.base import ModelOutput

CROP = 28
STRIDE = SlidingWindow(CROP).stride
REMAINDERS = range(STRIDE)
"""Of an edge beyond one window: the last window overlaps the one before by another number of pixels in each case."""


class ContextNetwork(nn.Module):
    """Logits of each pixel depend on the window that shows it."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        generator = torch.Generator().manual_seed(num_classes)
        self.weights = torch.randn(num_classes, 3, 1, 1, generator=generator)
        self.context = torch.randn(num_classes, 1, 1, generator=generator)

    def forward(self, images: Tensor) -> ModelOutput:
        seen = images.mean((1, 2, 3), keepdim=True) * self.context
        return ModelOutput(nn.functional.conv2d(images, self.weights) + 20 * seen, images, None)


def whole(network: ContextNetwork, images: Tensor, window: SlidingWindow) -> Tensor:
    """Mean probabilities (B, K, H, W), with the sums of the whole image held at once."""
    height, width = images.shape[-2:]
    total = torch.zeros(len(images), network.num_classes, height, width)
    count = torch.zeros(height, width)
    for top in window.starts(height):
        for left in window.starts(width):
            rows, columns = slice(top, top + window.crop), slice(left, left + window.crop)
            total[..., rows, columns] += network(images[..., rows, columns]).logits.softmax(1)
            count[rows, columns] += 1
    return total / count


def same(network: ContextNetwork, images: Tensor, *, cut_off: bool = False) -> bool:
    window: Any = SlidingWindow(CROP, cut_off=cut_off)
    kept = images.new_full((len(images), network.num_classes, *images.shape[-2:]), torch.nan)
    confidence, prediction = slide(network, images, window, kept)  # type: ignore[arg-type]
    probabilities = whole(network, images, window)
    expected, classes = probabilities.max(1)
    same = torch.equal(confidence, expected) and torch.equal(prediction.long(), classes)
    return same and torch.equal(kept, probabilities)


def images(*edges: int, count: int = 1) -> Tensor:
    return torch.randn(count, 3, *edges, generator=torch.Generator().manual_seed(edges[0]))


@torch.inference_mode()
@pytest.mark.parametrize("num_classes", [2, 19, 150])
def test_streamed_windows_equal_the_mean_over_the_whole_image(num_classes: int) -> None:
    """To the last bit: the probabilities of a pixel are added in the order of the windows."""
    assert same(ContextNetwork(num_classes), images(CROP + 2 * STRIDE + 5, CROP + STRIDE + 7, count=2))


@torch.inference_mode()
@pytest.mark.parametrize("remainder", REMAINDERS)
def test_windows_overlap_by_any_number_of_rows_and_columns(remainder: int) -> None:
    network = ContextNetwork(3)
    for windows in (0, 1, 2):
        edge = CROP + windows * STRIDE + remainder
        assert same(network, images(edge, CROP + STRIDE + 5))
        assert same(network, images(CROP + STRIDE + 5, edge))
        assert same(network, images(edge, 5 + STRIDE), cut_off=True)


def test_a_pixel_has_the_mean_of_the_windows_that_hold_it() -> None:
    """One row of pixels in two windows, computed by hand."""

    class Steps(nn.Module):
        num_classes = 2

        def forward(self, images: Tensor) -> ModelOutput:
            first = images[:, :1, :1, :1] > 0  # shows the image's first column
            p = torch.where(first, 0.9, 0.2).expand(1, 1, CROP, CROP)
            return ModelOutput(torch.cat((p, 1 - p), 1).log(), images, None)

    image = torch.zeros(1, 3, CROP, CROP + 10)
    image[..., 0] = 1
    confidence, prediction = slide(Steps(), image, SlidingWindow(CROP))  # type: ignore[arg-type]
    assert confidence[0, 0].tolist() == pytest.approx([0.9] * 10 + [0.55] * (CROP - 10) + [0.8] * 10)
    assert prediction[0, 5].tolist() == [0] * CROP + [1] * 10


class _Largest(TorchDispatchMode):
    """The most numbers of any tensor with one value per class that is made within the block."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes, self.numbers = num_classes, 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, Tensor) and tensor.ndim == 4 and tensor.shape[1] == self.num_classes:
                self.numbers = max(self.numbers, tensor.untyped_storage().nbytes() // tensor.element_size())
        return made


@pytest.mark.parametrize("remainder", [0, 1, 7])
def test_no_more_rows_are_held_than_the_windows_overlap(remainder: int) -> None:
    num_classes, height, width = 5, CROP + 10 * STRIDE + remainder, CROP + 20 * STRIDE
    overlap = max(CROP - STRIDE, CROP - remainder if remainder else 0)
    with torch.inference_mode(), _Largest(num_classes) as largest:
        slide(ContextNetwork(num_classes), images(height, width), SlidingWindow(CROP))  # type: ignore[arg-type]
    assert largest.numbers == num_classes * overlap * width
