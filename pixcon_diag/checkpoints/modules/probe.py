"""One look at a network of other code: its classes, what sizes it takes, and the layer that feeds its classifier."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from pixcon_diag.checkpoints.modules.built import Built
from pixcon_diag.checkpoints.modules.fingerprint import fingerprint
from pixcon_diag.checkpoints.preprocessing import prepared, target_size
from pixcon_diag.checkpoints.wrapped_module import FeatureLayer, logits_of
from pixcon_train.core.errors import CheckpointError, PixConError

_MULTIPLES = (1, 2, 4, 8, 14, 16, 28, 32, 64)
"""What heights and widths may have to be multiples of, in the order in which they are tried."""
_EDGE = 64
"""Pixels of the smallest image that is tried."""
_FAR = 20.0
"""Factor of the image whose levels no image has."""
_TOLERANCE = 1e-3
"""Of the sums of probabilities."""


@dataclass(frozen=True)
class Probed:
    """What one forward pass shows of a network."""

    channels: int
    """Of its logits."""
    multiple: int
    """What height and width of its input must be a multiple of, the smallest one that works."""
    feature: FeatureLayer | None
    """The input of the last layer that gives the logits; None where no such layer is seen."""
    probabilities: bool
    """Whether its outputs are probabilities: in [0, 1], with the sum 1 over the classes if it has several channels."""
    function: str
    """Fingerprint of its logits."""


def probe(built: Built, name: str) -> Probed:
    """Run a network once on random levels.

    Args:
        name: of the network, for messages.

    Raises:
        PixConError: it gives no logits, or fails at every size.
    """
    first: Exception | None = None
    multiples = _MULTIPLES if built.multiple is None else (built.multiple,)
    for multiple in multiples:
        try:
            return _probe(built, multiple)
        except PixConError as error:
            raise type(error)(f"{name}: {error}") from None
        except Exception as error:  # whatever the user's code raises at a size that it does not take
            first = first or error
    raise CheckpointError(
        f"{name}: the network fails on images of {_shape(built.preprocessing.size, multiples[0])[0]} px, and of other "
        f"sizes: {type(first).__name__}: {first}. Expected one that takes images (B, 3, H, W)."
    ) from first


def _probe(built: Built, multiple: int) -> Probed:
    shape = _shape(built.preprocessing.size, multiple)
    images = torch.rand((1, 3, *shape), generator=torch.Generator().manual_seed(0))
    images = images.to(_device(built.module)).requires_grad_()
    with torch.enable_grad(), torch.random.fork_rng([]), _outputs(built.module) as outputs:
        torch.default_generator.manual_seed(0)  # for a network that draws; torch.manual_seed would seed GPUs too
        logits = _predicted(built, images)
    if not logits.isfinite().all():
        raise CheckpointError(
            "the network predicts NaN or infinite logits. Are its weights those of a trained network?"
        )
    channels = logits.shape[1]
    sums = logits.detach().float().sum(1)
    within = _within(logits)
    if channels == 1:  # logits may lie there by chance, but not of any image
        probabilities = within and _within(_predicted(built, _FAR * (images.detach() - 0.5)))
    else:
        probabilities = within and bool((sums - 1).abs().max() < _TOLERANCE)
    if within and not probabilities and channels > 1:
        raise CheckpointError(
            f"the network's {channels} outputs lie in [0, 1] without summing to one, as sigmoids do: they are no "
            "probabilities of exclusive classes. Take its last activation away."
        )
    return Probed(channels, multiple, _feature(outputs, logits, channels), probabilities, fingerprint(logits))


def _predicted(built: Built, images: Tensor) -> Tensor:
    return logits_of(built.module(prepared(images, replace(built.preprocessing, size=None))))


def _within(logits: Tensor) -> bool:
    return bool((logits >= 0).all() and (logits <= 1 + _TOLERANCE).all())


def _device(module: nn.Module) -> torch.device:
    """The device of a network's parameters; the CPU for one without any."""
    return next((parameter.device for parameter in module.parameters()), torch.device("cpu"))


def _shape(size: tuple[int, int] | int | None, multiple: int) -> tuple[int, int]:
    """Height and width of the smallest image that is tried, after it is resized to ``size``.

    Unless a size leaves no choice, one of them is a multiple of ``multiple`` and of none of twice as much.
    """
    if isinstance(size, tuple):
        return target_size(1, 1, size, multiple)
    edge, _ = target_size(1, 1, size or _EDGE, multiple)
    return edge, edge + multiple


@contextmanager
def _outputs(module: nn.Module) -> Iterator[list[tuple[str, nn.Module, Any]]]:
    """Name, layer and output of every convolution and linear layer run within the block, in order."""
    found: list[tuple[str, nn.Module, Any]] = []
    hooks = [
        layer.register_forward_hook(lambda layer, _, output, name=name: found.append((name, layer, output)))
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def _feature(outputs: list[tuple[str, nn.Module, Any]], logits: Tensor, channels: int) -> FeatureLayer | None:
    """The input of the last layer with the logits' channels on which the logits depend: no auxiliary head, and not the
    first layer, whose input is the image."""
    scores = [(name, output) for name, layer, output in outputs[1:] if _width(layer) == channels]
    if logits.requires_grad and scores:
        with suppress(RuntimeError):  # a network that hides its graph: all layers remain
            gradients = torch.autograd.grad(logits.sum(), [output for _, output in scores], allow_unused=True)
            scores = [score for score, gradient in zip(scores, gradients, strict=True) if gradient is not None]
    return FeatureLayer(scores[-1][0], "input") if scores else None


def _width(layer: nn.Module) -> int:
    return layer.out_channels if isinstance(layer, nn.Conv2d) else int(layer.out_features)  # type: ignore[arg-type]
