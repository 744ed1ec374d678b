"""The whole-image protocols of the public releases, and sliding windows.

``unimatch-v2`` resizes the image to the nearest multiple of 14 and the logits back; ``pixcon`` pads by reflection at
the right and bottom and crops the logits; ``native`` changes nothing. Their results differ, so every result names its
protocol.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_train.core.errors import ConfigError
from pixcon_train.data.transforms import network_input
from pixcon_train.evaluation.protocols import Kept, Protocol, SlidingWindow
from pixcon_train.evaluation.windows import slide, smallest_type
from pixcon_train.evaluation.winners import possible_winners
from pixcon_train.models.base import ModelOutput, SegmentationModel, resize


class ModelPrediction(NamedTuple):
    """Prediction at the images' own resolution."""

    confidence: Tensor
    """c = max p, (B, H, W), float32; NaN where the network's output is."""
    prediction: Tensor
    """ŷ = argmax p, (B, H, W), of the smallest type that holds the classes."""
    fused: Tensor | None
    """(B, C, h, w), the decoder feature of the same pass; None with sliding windows, which have one per window."""
    covered: tuple[int, int]
    """Height and width in image pixels that ``fused`` covers: H, W, or more where the image was padded."""
    network_logits: Tensor | None = None
    """(B, K, H', W'), output of the network over the same ``covered`` pixels; None with sliding windows."""
    scores: Tensor | None = None
    """(B, K, H, W) float32, the logits or probabilities of every class where they are kept."""

    @property
    def finite(self) -> Tensor:
        """Whether the network's output is finite: () bool."""
        return self.confidence.sum().isfinite()


class ClassPrediction(NamedTuple):
    """Predicted classes at the images' own resolution, without their confidence."""

    prediction: Tensor
    """(B, H, W), the class of the largest logit, the first among equals, of the smallest type that holds it."""
    finite: Tensor
    """Whether the network's output is finite: () bool."""


def predict(
    model: SegmentationModel,
    images: Tensor,
    *,
    protocol: Protocol,
    window: SlidingWindow | None = None,
    keep: Kept | None = None,
) -> ModelPrediction:
    """Confidence and class of each pixel of ``images`` at their own resolution.

    Args:
        model: in eval mode; called under the caller's autocast and grad mode.
        images: (B, 3, H, W), any size, uint8 or normalised.
        protocol: how a whole image becomes the network's input; also used for images smaller than a window.
        window: sliding windows instead; probabilities are averaged by the overlap count, so they stay ≤ 1.
        keep: scores of every class to return as well; of sliding windows there are probabilities only.
    """
    if window is not None and window.fits(images.shape[-2:]):
        size, kept = (images.shape[-2], images.shape[-1]), None
        if keep == "probabilities":
            kept = images.new_empty((len(images), model.num_classes, *size), dtype=torch.float32)
        return ModelPrediction(*slide(model, images, window, kept), None, size, scores=kept)
    output, covered = _whole(model, images, protocol)
    scores = _at_image_size(output.logits, images, protocol)
    kept = scores if keep == "logits" else None
    scores = scores.softmax(1)  # the logits are dropped unless they are kept
    confidence, prediction = scores.max(1)
    kept = scores if keep == "probabilities" else kept
    classes = prediction.to(smallest_type(model.num_classes))
    return ModelPrediction(confidence, classes, output.fused, covered, output.logits, kept)


def predict_classes(
    model: SegmentationModel, images: Tensor, *, protocol: Protocol, window: SlidingWindow | None = None
) -> ClassPrediction:
    """Class of each pixel of ``images``, several times faster than with its confidence where there are many classes.

    The softmax in :func:`predict` may round logits that differ in their last digits to the same probability; apart from
    such ties the classes are the same. Arguments as there.
    """
    if window is not None and window.fits(images.shape[-2:]):
        predicted = predict(model, images, protocol=protocol, window=window)
        return ClassPrediction(predicted.prediction, predicted.finite)
    shown = _shown(model, images, protocol)
    logits = model(shown, resized=False).logits
    finite = logits.sum().isfinite()
    # Elsewhere, a choice of channels would wait for the device, and resizing all of them costs little.
    chosen = logits.device.type == "cpu" and bool(finite)
    maps = [_classes(image, possible_winners(image) if chosen else None, images, shown, protocol) for image in logits]
    return ClassPrediction(torch.stack(maps), finite)


def _classes(logits: Tensor, among: Tensor | None, images: Tensor, shown: Tensor, protocol: Protocol) -> Tensor:
    """(H, W): the class of the largest resized logit of one image.

    Args:
        logits: (K, h, w).
        among: (K,) bool, the classes to consider; all of them where None.
        images: at their own resolution.
        shown: what the network saw of them.
    """
    classes = torch.arange(len(logits), dtype=smallest_type(len(logits)), device=logits.device)
    if among is not None:
        classes, logits = classes[among], logits[among]
    resized = _at_image_size(resize(logits[None], shown.shape[-2], shown.shape[-1]), images, protocol)
    return classes[resized.max(1).indices[0]]


def predict_logits(
    model: SegmentationModel, images: Tensor, *, protocol: Protocol
) -> tuple[Tensor, Tensor, tuple[int, int]]:
    """Logits (B, K, H, W) of whole images, the fused feature, and the height and width it covers.

    Raises:
        ConfigError: unknown protocol.
    """
    output, covered = _whole(model, images, protocol)
    return _at_image_size(output.logits, images, protocol), output.fused, covered


def _whole(model: SegmentationModel, images: Tensor, protocol: Protocol) -> tuple[ModelOutput, tuple[int, int]]:
    """The network's output for whole images, and the height and width in image pixels that it covers."""
    shown = _shown(model, images, protocol)
    covered = images if protocol == "unimatch-v2" else shown
    return model(shown), (covered.shape[-2], covered.shape[-1])


def _shown(model: SegmentationModel, images: Tensor, protocol: Protocol) -> Tensor:
    """The network's input: the images, resized or padded to whole patches."""
    height, width = images.shape[-2:]
    unit = model.patch_size
    images = network_input(images)
    if protocol == "unimatch-v2":
        return resize(images, _nearest(height, unit), _nearest(width, unit))
    if protocol == "pixcon":
        return pad_by_reflection(images, -height % unit, -width % unit)
    if protocol == "native":
        if unit != 1:
            raise ConfigError(
                f"The protocol `native` gives images as they are, but this network takes multiples of {unit} px. "
                "Expected `unimatch-v2`, which resizes them, or `pixcon`, which pads them."
            )
        return images
    raise ConfigError(f"Unknown protocol `{protocol}`; expected `unimatch-v2`, `pixcon` or `native`.")


def _at_image_size(logits: Tensor, images: Tensor, protocol: Protocol) -> Tensor:
    """The network's logits at the images' size, float32: resized, or without the padding."""
    height, width = images.shape[-2:]
    if protocol == "unimatch-v2":
        return resize(logits.float(), height, width)
    return logits[..., :height, :width].float()


def pad_by_reflection(images: Tensor, bottom: int, right: int) -> Tensor:
    """``images`` (B, C, H, W) padded at the bottom and right; an edge too short to reflect is repeated instead."""
    for pad, edge in (((0, 0, 0, bottom), images.shape[-2]), ((0, right, 0, 0), images.shape[-1])):
        if any(pad):
            images = F.pad(images, pad, mode="reflect" if max(pad) < edge else "replicate")
    return images


def _nearest(edge: int, unit: int) -> int:
    """The multiple of ``unit`` nearest to ``edge``, at least one of it."""
    return max(unit, int(edge / unit + 0.5) * unit)
