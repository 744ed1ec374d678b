"""Parts of DeepLabV3+ that the releases with a ResNet share.

Chen et al., "Encoder-decoder with atrous separable convolution for semantic image segmentation", 2018; none of the
releases has separable convolutions.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pixcon_train.models.base import SegmentationModel, resize
from pixcon_train.models.recipes import Recipe
from pixcon_train.models.resnet import ResNetEncoder

WIDTH = 256
"""Channels of the decoder."""


class DeepLab(SegmentationModel):
    """Base of the networks with a ResNet and an atrous pyramid, which inference alone uses."""

    def __init__(self, size: str, num_classes: int, fused_channels: int, recipe: Recipe) -> None:
        super().__init__(size, num_classes, fused_channels=fused_channels)
        self.recipe = recipe

    def new_encoder(self) -> ResNetEncoder:
        """An encoder of its size and recipe."""
        return ResNetEncoder(self.size, self.recipe)

    def adapt_to(self, state: Mapping[str, Tensor]) -> None:
        """Give the decoder's convolutions before batch norm a bias where ``state`` has one, as versions differ."""
        for name, layer in self.named_modules():
            normed = isinstance(layer, nn.Conv2d) and f"{_next(name)}.running_mean" in state
            if normed and not name.startswith(("encoder.", "backbone.")):
                has = f"{name}.bias" in state
                layer.bias = nn.Parameter(layer.weight.new_zeros(layer.out_channels)) if has else None


def _next(name: str) -> str:
    """Name of the next layer of a sequence: ``a.0`` → ``a.1``."""
    before, _, number = name.rpartition(".")
    return f"{before}.{int(number) + 1}" if number.isdigit() else ""


def convolution(inputs: int, outputs: int, kernel: int, dilation: int = 1) -> list[nn.Module]:
    """Convolution that keeps the resolution, batch norm and ReLU."""
    padding = dilation * (kernel // 2)
    layer = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=False)
    return [layer, nn.BatchNorm2d(outputs), nn.ReLU()]


def global_pooling(inputs: int) -> nn.Sequential:
    """Mean over the map and a 1×1 convolution: (B, inputs, h, w) → (B, 256, 1, 1)."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), *convolution(inputs, WIDTH, 1))


def spread(pooled: Tensor, like: Tensor) -> Tensor:
    """A map of one pixel (B, C, 1, 1) over the height and width of another: (B, C, h, w)."""
    return pooled.expand(-1, -1, *like.shape[-2:])


def joined(first: Tensor, second: Tensor, like: Tensor) -> Tensor:
    """The channels of two maps, both resized to the height and width of ``like``."""
    height, width = like.shape[-2:]
    return torch.cat([x if x is like else resize(x, height, width) for x in (first, second)], dim=1)
