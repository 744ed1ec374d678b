"""UniMatch V2's network: DINOv2 (or DINOv3) and a DPT head without batch norm."""

import torch.nn.functional as F
from torch import Tensor, nn

from pixcon_train.models.backbone import DinoV2
from pixcon_train.models.base import SegmentationModel, pyramid_resizers, resize
from pixcon_train.models.dinov3 import DinoV3
from pixcon_train.models.encoders import new_encoder
from pixcon_train.models.sizes import SIZES, ModelSize


class ResidualConvUnit(nn.Module):
    """x + conv2(relu(conv1(relu(x)))), 3×3 with biases. Shape: (B, C, h, w) → the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        refined: Tensor = x + self.conv2(F.relu(self.conv1(F.relu(x))))
        return refined


class FeatureFusion(nn.Module):
    """Add a skip map to the coarser one, refine, upsample, mix channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_conv = nn.Conv2d(channels, channels, 1)
        self.resConfUnit1 = ResidualConvUnit(channels)  # unused in the coarsest, yet in every file
        self.resConfUnit2 = ResidualConvUnit(channels)

    def forward(self, x: Tensor, skip: Tensor | None, height: int, width: int) -> Tensor:
        if skip is not None:
            x = x + self.resConfUnit1(skip)
        mixed: Tensor = self.out_conv(resize(self.resConfUnit2(x), height, width))
        return mixed


class DptHead(nn.Module):
    """The head under the release's keys: projects, resize_layers, scratch."""

    def __init__(self, size: ModelSize, num_classes: int) -> None:
        super().__init__()
        channels, features = size.projects, size.features
        self.projects = nn.ModuleList(nn.Conv2d(size.dim, width, 1) for width in channels)
        self.resize_layers = pyramid_resizers(channels)
        self.scratch = nn.Module()
        for level, width in enumerate(channels, start=1):
            self.scratch.add_module(f"layer{level}_rn", nn.Conv2d(width, features, 3, padding=1, bias=False))
        for level in (1, 2, 3, 4):
            self.scratch.add_module(f"refinenet{level}", FeatureFusion(features))
        self.scratch.add_module(
            "output_conv",
            nn.Sequential(nn.Conv2d(features, features, 3, padding=1), nn.ReLU(), nn.Conv2d(features, num_classes, 1)),
        )

    def fuse_maps(self, features: list[Tensor]) -> Tensor:
        """Output of ``refinenet1``: (B, C, 8·h, 8·w) of maps (B, dim, h, w)."""
        pyramid = []
        for level, feature in enumerate(features):
            resized = self.resize_layers[level](self.projects[level](feature))
            pyramid.append(self.scratch.get_submodule(f"layer{level + 1}_rn")(resized))
        x: Tensor = pyramid[3]
        for level in (4, 3, 2, 1):
            skip = pyramid[level - 1] if level < 4 else None
            height, width = pyramid[level - 2].shape[-2:] if level > 1 else [2 * side for side in x.shape[-2:]]
            x = self.scratch.get_submodule(f"refinenet{level}")(x, skip, height, width)
        return x


class UniMatchV2(SegmentationModel):
    """UniMatch V2's segmentation network."""

    architecture = "unimatch_v2"

    def __init__(self, size: str, num_classes: int) -> None:
        super().__init__(size, num_classes, fused_channels=SIZES[size].features)
        self.backbone = new_encoder(SIZES[size])
        self.head = DptHead(SIZES[size], num_classes)

    @property
    def encoder(self) -> DinoV2 | DinoV3:
        return self.backbone

    def fuse_maps(self, features: list[Tensor]) -> Tensor:
        return self.head.fuse_maps(features)

    def score(self, fused: Tensor) -> Tensor:
        logits: Tensor = self.head.scratch.get_submodule("output_conv")(fused)
        return logits
