"""Classes that cannot win are left out of the resizing; the predictions are those of all classes."""

import pytest
import torch
from torch import Tensor, nn

from pixcon_train.evaluation.inference import predict, predict_classes, predict_logits
from pixcon_train.evaluation.protocols import Protocol, SlidingWindow
from pixcon_train.evaluation.winners import possible_winners
from pixcon_train.models.base import ModelOutput, SegmentationModel, resize
from pixcon_train.models.build import build_model


class Shown(nn.Module):
    """A network whose low-resolution logits are given."""

    patch_size = 14

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits, self.num_classes = logits, logits.shape[1]

    def forward(self, images: Tensor, *, resized: bool = True) -> ModelOutput:
        logits = resize(self.logits, *images.shape[-2:]) if resized else self.logits
        return ModelOutput(logits, self.logits, None)


def rough(*shape: int) -> Tensor:
    return torch.randn(shape)


def smooth(*shape: int) -> Tensor:
    """Regions of a few classes, as a trained network's."""
    return 4 * resize(torch.randn(*shape[:2], 3, 4), *shape[2:]) + 8 * torch.randn(shape[1])[:, None, None]


def tied(*shape: int) -> Tensor:
    """Few different values, so that many pixels have several largest logits."""
    return torch.randint(0, 3, shape).float()


def equal(*shape: int) -> Tensor:
    return torch.zeros(shape)


def twins(*shape: int) -> Tensor:
    """Every class twice."""
    return smooth(*shape)[:, torch.arange(shape[1]) // 2]


def faint(*shape: int) -> Tensor:
    """Differences near the rounding of the values."""
    return 100 + 1e-5 * torch.randn(shape)


@pytest.mark.parametrize("protocol", ["unimatch-v2", "pixcon"])
@pytest.mark.parametrize("kind", [rough, smooth, tied, equal, twins, faint])
@pytest.mark.parametrize(("edges", "size"), [((16, 24), (30, 40)), ((33, 47), (57, 83)), ((8, 8), (5, 13))])
def test_classes_are_those_of_the_largest_resized_logit(
    protocol: Protocol, kind: object, edges: tuple[int, int], size: tuple[int, int]
) -> None:
    torch.manual_seed(sum(edges))
    model: SegmentationModel = Shown(kind(2, 12, *edges))  # type: ignore
    images = torch.zeros(2, 3, *size)
    found = predict_classes(model, images, protocol=protocol)
    logits, _, _ = predict_logits(model, images, protocol=protocol)
    assert found.finite
    assert found.prediction.dtype == predict(model, images, protocol=protocol).prediction.dtype
    assert torch.equal(found.prediction.long(), logits.argmax(1))


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_no_winner_is_left_out(precision: torch.dtype) -> None:
    """Over many smooth maps, in both precisions, and most classes are left out."""
    torch.manual_seed(0)
    kept = []
    for _ in range(30):
        logits = smooth(1, 40, 40, 88).to(precision)
        resized = resize(resize(logits, 70, 154).float(), 66, 157)
        possible = possible_winners(logits[0])
        assert possible[resized.argmax(1).unique()].all()
        kept.append(possible.sum())
    assert torch.stack(kept).float().mean() < 20


def test_a_pixel_between_two_blocks_has_its_class() -> None:
    """A class second to one class on the left and to another on the right wins between them."""
    logits = torch.full((3, 40, 40), 0.0)
    right = torch.arange(40) >= 16  # where a block begins
    logits[0], logits[2] = 10 - 20 * right, -10 + 20 * right
    logits[1] = 9.0
    assert possible_winners(logits).tolist() == [True, True, True]
    assert (resize(logits[None], 70, 70).argmax(1) == 1).any()


@pytest.mark.parametrize("architecture", ["unimatch_v2", "pixcon"])
@torch.inference_mode()
def test_a_network_s_classes_have_the_largest_probability(architecture: str) -> None:
    model = build_model(architecture, "nano", 30, projection=False).eval()
    protocol: Protocol = "pixcon" if architecture == "pixcon" else "unimatch-v2"
    images = torch.randn(2, 3, 50, 73)
    found = predict_classes(model, images, protocol=protocol)
    probabilities = predict_logits(model, images, protocol=protocol)[0].softmax(1)
    assert torch.equal(probabilities.gather(1, found.prediction.long()[:, None])[:, 0], probabilities.amax(1))


def test_windows_give_the_classes_of_the_averaged_probabilities() -> None:
    model = build_model("unimatch_v2", "nano", 5, projection=False).eval()
    images = torch.randn(1, 3, 40, 60)
    options = {"protocol": "unimatch-v2", "window": SlidingWindow(28)}
    with torch.inference_mode():
        found, expected = predict_classes(model, images, **options), predict(model, images, **options)  # type: ignore
    assert torch.equal(found.prediction, expected.prediction)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_output_that_is_not_finite_is_reported(value: float) -> None:
    logits = torch.zeros(1, 3, 8, 8)
    logits[0, 1, 4, 4] = value
    model: SegmentationModel = Shown(logits)  # type: ignore
    assert not predict_classes(model, torch.zeros(1, 3, 14, 14), protocol="pixcon").finite
