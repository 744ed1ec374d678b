"""Both whole-image protocols and sliding windows, against the releases and against loops."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.inference import pad_by_reflection, predict_logits, predict_probabilities
from pixcon_train.evaluation.protocols import SlidingWindow
from pixcon_train.models.architectures import ARCHITECTURES
from pixcon_train.models.base import ModelOutput, SegmentationModel
from pixcon_train.models.build import build_model
from tests.reference import fill_by_rule, golden_input


@pytest.fixture(scope="module")
def unimatch_v2() -> SegmentationModel:
    return fill_by_rule(build_model("unimatch_v2", "small", 21, projection=False)).eval()


@pytest.fixture(scope="module")
def pixcon() -> SegmentationModel:
    return fill_by_rule(build_model("pixcon", "small", 21, projection=False)).eval()


def agreement(scores: Tensor, expected: np.ndarray) -> float:
    """Share of pixels with the same class."""
    return float(np.mean(scores.argmax(1).numpy() == expected))


@pytest.mark.reference
@torch.inference_mode()
def test_resizing_protocol_matches_the_release(unimatch_v2: SegmentationModel, golden: dict[str, np.ndarray]) -> None:
    logits, fused, covered = predict_logits(unimatch_v2, golden_input(75, 101), protocol="unimatch-v2")
    expected = golden["unimatch_v2_small/original_75x101_logits"]
    np.testing.assert_allclose(logits[..., ::5, ::5], expected, atol=1e-4, rtol=0)
    assert agreement(logits, golden["unimatch_v2_small/original_75x101_argmax"]) >= 0.999
    assert (fused.shape[-2:], covered) == ((5 * 8, 7 * 8), (75, 101))  # 70×98 px, and the whole image in it


@pytest.mark.reference
@torch.inference_mode()
def test_padding_protocol_matches_the_release(pixcon: SegmentationModel, golden: dict[str, np.ndarray]) -> None:
    logits, fused, covered = predict_logits(pixcon, golden_input(75, 101), protocol="pixcon")
    assert agreement(logits, golden["pixcon_small/whole_75x101_argmax"]) >= 0.999
    assert (fused.shape[-2:], covered) == ((6 * 8, 8 * 8), (84, 112))


@pytest.mark.reference
@pytest.mark.parametrize("architecture", ["unimatch_v2", "pixcon"])
@torch.inference_mode()
def test_sliding_windows_match_the_release(
    architecture: str, golden: dict[str, np.ndarray], request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(architecture)
    protocol = ARCHITECTURES[architecture].protocol
    result = predict_probabilities(model, golden_input(98, 154), protocol=protocol, window=SlidingWindow(70))
    assert agreement(result.probabilities, golden[f"{architecture}_small/sliding_98x154_crop70_argmax"]) >= 0.999
    assert result.fused is None


class PixelNetwork(nn.Module):
    """Stands in for a model: logits are a fixed linear map of each pixel, plus the mean of what it was shown."""

    num_classes = 3
    patch_size = 14

    def __init__(self, context: float = 0.0) -> None:
        super().__init__()
        self.context = context
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, images: Tensor) -> ModelOutput:
        self.shapes.append(tuple(images.shape[-2:]))
        weights = torch.tensor([1.0, -2.0, 0.5])[None, :, None, None]
        seen = self.context * images.mean((1, 2, 3), keepdim=True) * torch.tensor([0.0, 1.0, 2.0])[None, :, None, None]
        return ModelOutput(images[:, :1] * weights + seen, images, None)


def by_loop(network: PixelNetwork, images: Tensor, crop: int, rows: list[int], columns: list[int]) -> Tensor:
    """Per pixel, the mean of the probabilities of the windows that hold it."""
    _, _, height, width = images.shape
    windows = {
        (t, s): network(images[..., t : t + crop, s : s + crop]).logits.softmax(1) for t in rows for s in columns
    }
    result = torch.zeros(len(images), network.num_classes, height, width)
    for y in range(height):
        for x in range(width):
            inside = [(t, s) for t, s in windows if t <= y < t + crop and s <= x < s + crop]
            result[..., y, x] = sum(windows[t, s][..., y - t, x - s] for t, s in inside) / len(inside)  # type: ignore
    return result


def test_windows_are_averaged_by_their_overlap() -> None:
    network, images = PixelNetwork(context=5.0), torch.randn(2, 3, 30, 45)
    found = predict_probabilities(network, images, protocol="pixcon", window=SlidingWindow(28))  # type: ignore
    # stride 18; the last window of an edge ends at the border
    torch.testing.assert_close(found.probabilities, by_loop(network, images, 28, [0, 2], [0, 17]))
    torch.testing.assert_close(found.probabilities.sum(1), torch.ones(2, 30, 45))
    assert found.probabilities.max() <= 1 + 1e-6


@pytest.mark.parametrize("edges", [(20, 60), (60, 20), (20, 20)])
def test_an_image_smaller_than_the_window_is_predicted_whole(edges: tuple[int, int]) -> None:
    network, images = PixelNetwork(), torch.randn(1, 3, *edges)
    whole = predict_probabilities(network, images, protocol="pixcon")  # type: ignore
    slid = predict_probabilities(network, images, protocol="pixcon", window=SlidingWindow(28))  # type: ignore
    assert torch.equal(whole.probabilities, slid.probabilities)
    assert slid.fused is not None


@pytest.mark.parametrize(
    ("edge", "resized", "padded"),
    [(5, 14, 14), (14, 14, 14), (20, 14, 28), (21, 28, 28), (375, 378, 378), (22, 28, 28)],
)
def test_each_protocol_brings_an_edge_to_its_multiple(edge: int, resized: int, padded: int) -> None:
    network = PixelNetwork()
    for protocol in ("unimatch-v2", "pixcon"):
        result = predict_probabilities(network, torch.randn(1, 3, edge, 28), protocol=protocol)  # type: ignore
        assert result.probabilities.shape == (1, 3, edge, 28)
    assert network.shapes == [(resized, 28), (padded, 28)]


@pytest.mark.parametrize("protocol", ["unimatch-v2", "pixcon"])
def test_an_image_of_a_fitting_size_is_shown_as_it_is(protocol: str) -> None:
    network, images = PixelNetwork(), torch.randn(2, 3, 28, 42)
    result = predict_probabilities(network, images, protocol=protocol)  # type: ignore
    torch.testing.assert_close(result.probabilities, network(images).logits.softmax(1))
    assert result.covered == (28, 42)


def test_padding_mirrors_the_far_edges_without_repeating_them() -> None:
    image = torch.arange(6.0).view(1, 1, 2, 3)
    padded = pad_by_reflection(image, 1, 2)
    assert padded[0, 0].tolist() == [[0, 1, 2, 1, 0], [3, 4, 5, 4, 3], [0, 1, 2, 1, 0]]
    assert torch.equal(pad_by_reflection(image, 0, 0), image)


def test_padding_repeats_an_edge_too_short_to_mirror() -> None:
    padded = pad_by_reflection(torch.arange(2.0).view(1, 1, 1, 2), 2, 0)
    assert padded[0, 0].tolist() == [[0, 1]] * 3


def test_probabilities_are_single_precision_whatever_the_network_computes_in() -> None:
    model = build_model("unimatch_v2", "nano", 3, projection=False).eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        result = predict_probabilities(model, torch.randn(1, 3, 30, 40), protocol="unimatch-v2")
    assert result.probabilities.dtype == torch.float32
    torch.testing.assert_close(result.probabilities.sum(1), torch.ones(1, 30, 40))


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(ConfigError, match="Unknown protocol `resize`"):
        predict_logits(PixelNetwork(), torch.zeros(1, 3, 14, 14), protocol="resize")  # type: ignore
