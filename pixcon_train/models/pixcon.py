"""PixCon's network: DINOv2 (or DINOv3) and a light DPT-style decoder with batch norm."""

import torch.nn.functional as F
from torch import Tensor, nn

from pixcon_train.models.backbone import DinoV2
from pixcon_train.models.base import SegmentationModel, pyramid_resizers, resize
from pixcon_train.models.dinov3 import DinoV3
from pixcon_train.models.encoders import new_encoder
from pixcon_train.models.sizes import SIZES, ModelSize


class ResidualConvUnit(nn.Module):
    """relu(x) + bn2(conv2(relu(bn1(conv1(relu(x)))))), 3×3 without biases. Shape: (B, C, h, w) → the same.

    The residual adds relu(x), not x: the release's first ReLU works in place, and its weights were trained so.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        positive = F.relu(x)
        refined: Tensor = positive + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(positive)))))
        return refined


class Fusion(nn.Module):
    """Add a skip map to the coarser one, refine, double the size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.rcu_skip = ResidualConvUnit(channels)  # unused in the coarsest, yet in every file
        self.rcu_out = ResidualConvUnit(channels)

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        if skip is not None:
            # After doubling, an odd edge is one too long: the coarser map was rounded up by its stride-2 convolution.
            x = x if x.shape == skip.shape else resize(x, skip.shape[-2], skip.shape[-1])
            x = x + self.rcu_skip(skip)
        x = self.rcu_out(x)
        return resize(x, 2 * x.shape[-2], 2 * x.shape[-1])


class PixCon(SegmentationModel):
    """PixCon's segmentation network."""

    architecture = "pixcon"

    def __init__(self, size: str, num_classes: int) -> None:
        shape: ModelSize = SIZES[size]
        super().__init__(size, num_classes, fused_channels=shape.width)
        self.backbone = nn.Module()
        self.backbone.add_module("vit", new_encoder(shape))
        width = shape.width
        self.projects = nn.ModuleList(nn.Conv2d(shape.dim, width, 1, bias=False) for _ in range(4))
        self.resamples = pyramid_resizers((width,) * 4)
        self.fusions = nn.ModuleList(Fusion(width) for _ in range(4))
        self.head = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Dropout2d(0.1),
            nn.Conv2d(width, num_classes, 1),
        )

    @property
    def encoder(self) -> DinoV2 | DinoV3:
        return self.backbone.get_submodule("vit")  # type: ignore[return-value]

    def fuse_maps(self, features: list[Tensor]) -> Tensor:
        """Output of ``fusions.0``: (B, C, 8·h, 8·w) of maps (B, dim, h, w)."""
        pyramid = [self.resamples[level](self.projects[level](feature)) for level, feature in enumerate(features)]
        x: Tensor = self.fusions[3](pyramid[3], None)
        for level in (2, 1, 0):
            x = self.fusions[level](x, pyramid[level])
        return x

    def score(self, fused: Tensor) -> Tensor:
        logits: Tensor = self.head(fused)
        return logits
