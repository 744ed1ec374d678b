"""Both whole-image protocols and sliding windows, against the releases and against loops."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.inference import pad_by_reflection, predict, predict_logits
from pixcon_train.evaluation.protocols import Kept, SlidingWindow
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
    result = predict(model, golden_input(98, 154), protocol=protocol, window=SlidingWindow(70))
    expected = golden[f"{architecture}_small/sliding_98x154_crop70_argmax"]
    assert np.mean(result.prediction.numpy() == expected) >= 0.999
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


@pytest.mark.parametrize("edges", [(20, 60), (60, 20), (20, 20)])
def test_an_image_smaller_than_the_window_is_predicted_whole(edges: tuple[int, int]) -> None:
    network, images = PixelNetwork(), torch.randn(1, 3, *edges)
    whole = predict(network, images, protocol="pixcon")  # type: ignore
    slid = predict(network, images, protocol="pixcon", window=SlidingWindow(28))  # type: ignore
    assert torch.equal(whole.confidence, slid.confidence) and torch.equal(whole.prediction, slid.prediction)
    assert slid.fused is not None


@pytest.mark.parametrize("window", [None, SlidingWindow(14)])
@pytest.mark.parametrize("keep", ["logits", "probabilities"])
def test_scores_that_are_kept_have_the_confidence_and_class(window: SlidingWindow | None, keep: Kept) -> None:
    network, images = PixelNetwork(0.5), torch.randn(2, 3, 28, 33, generator=torch.Generator().manual_seed(0))
    plain = predict(network, images, protocol="pixcon", window=window)  # type: ignore
    kept = predict(network, images, protocol="pixcon", window=window, keep=keep)  # type: ignore
    assert torch.equal(plain.confidence, kept.confidence) and torch.equal(plain.prediction, kept.prediction)
    assert plain.scores is None
    if window is not None and keep == "logits":
        assert kept.scores is None
        return
    assert kept.scores is not None and kept.scores.shape == (2, 3, 28, 33) and kept.scores.dtype == torch.float32
    probabilities = kept.scores if keep == "probabilities" else kept.scores.softmax(1)
    confidence, prediction = probabilities.max(1)
    assert torch.equal(confidence, kept.confidence) and torch.equal(prediction.to(torch.uint8), kept.prediction)


@pytest.mark.parametrize(
    ("edge", "resized", "padded"),
    [(5, 14, 14), (14, 14, 14), (20, 14, 28), (21, 28, 28), (375, 378, 378), (22, 28, 28)],
)
def test_each_protocol_brings_an_edge_to_its_multiple(edge: int, resized: int, padded: int) -> None:
    network = PixelNetwork()
    for protocol in ("unimatch-v2", "pixcon"):
        result = predict(network, torch.randn(1, 3, edge, 28), protocol=protocol)  # type: ignore
        assert result.confidence.shape == result.prediction.shape == (1, edge, 28)
    assert network.shapes == [(resized, 28), (padded, 28)]


@pytest.mark.parametrize("protocol", ["unimatch-v2", "pixcon"])
def test_an_image_of_a_fitting_size_is_shown_as_it_is(protocol: str) -> None:
    network, images = PixelNetwork(), torch.randn(2, 3, 28, 42)
    result = predict(network, images, protocol=protocol)  # type: ignore
    confidence, prediction = network(images).logits.softmax(1).max(1)
    torch.testing.assert_close(result.confidence, confidence)
    assert torch.equal(result.prediction.long(), prediction)
    assert result.covered == (28, 42)


def test_padding_mirrors_the_far_edges_without_repeating_them() -> None:
    image = torch.arange(6.0).view(1, 1, 2, 3)
    padded = pad_by_reflection(image, 1, 2)
    assert padded[0, 0].tolist() == [[0, 1, 2, 1, 0], [3, 4, 5, 4, 3], [0, 1, 2, 1, 0]]
    assert torch.equal(pad_by_reflection(image, 0, 0), image)


def test_padding_repeats_an_edge_too_short_to_mirror() -> None:
    padded = pad_by_reflection(torch.arange(2.0).view(1, 1, 1, 2), 2, 0)
    assert padded[0, 0].tolist() == [[0, 1]] * 3


def test_confidences_are_single_precision_whatever_the_network_computes_in() -> None:
    model = build_model("unimatch_v2", "nano", 3, projection=False).eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        result = predict(model, torch.randn(1, 3, 30, 40), protocol="unimatch-v2")
    assert result.confidence.dtype == torch.float32
    assert result.confidence.min() >= 1 / 3 and result.confidence.max() <= 1 + 1e-6


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(ConfigError, match="Unknown protocol `resize`"):
        predict_logits(PixelNetwork(), torch.zeros(1, 3, 14, 14), protocol="resize")  # type: ignore
