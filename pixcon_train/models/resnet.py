"""ResNet encoders with a deep stem: timm's, with the strides and dilations of a release."""

import timm
from torch import Tensor, nn

from pixcon_train.models.recipes import Recipe

LOW, HIGH = 256, 2048
"""Channels of the first and the last stage of a ResNet with bottlenecks."""


class ResNetEncoder(nn.Module):
    """Maps of the first and the last stage, under timm's keys (``conv1``, ``bn1``, ``layer1``…``layer4``).

    Args:
        size: ``resnet50``, ``resnet101`` or ``resnet152``.
        recipe: output stride, multi-grid and pooling.
    """

    dim = HIGH
    patch_size = 1
    recompute = False

    def __init__(self, size: str, recipe: Recipe) -> None:
        super().__init__()
        network = timm.create_model(f"{size}s", num_classes=0, output_stride=recipe.stride)
        for name in ("conv1", "bn1", "act1", "maxpool", "layer1", "layer2", "layer3", "layer4"):
            self.add_module(name, network.get_submodule(name))
        self.get_submodule("maxpool").ceil_mode = recipe.ceil_mode  # type: ignore[assignment]
        for block, factor in zip(self.get_submodule("layer4").children(), recipe.multi_grid, strict=True):
            _dilate(block.get_submodule("conv2"), factor)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Maps (B, 256, H/4, W/4) and (B, 2048, H/stride, W/stride) of images (B, 3, H, W), H and W rounded up."""
        x = images
        for name in ("conv1", "bn1", "act1", "maxpool", "layer1"):
            x = self.get_submodule(name)(x)
        low = x
        for name in ("layer2", "layer3", "layer4"):
            x = self.get_submodule(name)(x)
        return [low, x]


def _dilate(convolution: nn.Module, factor: int) -> None:
    """Multiply the dilation of a 3×3 convolution, and its padding with it."""
    assert isinstance(convolution, nn.Conv2d)
    dilation = convolution.dilation[0] * factor
    convolution.dilation = convolution.padding = (dilation, dilation)
