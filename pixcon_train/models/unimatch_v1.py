"""UniMatch V1's network, which PrevMatch, Beyond-Pixels and, with another recipe, CorrMatch share."""

import torch
from torch import Tensor, nn

from pixcon_train.models.deeplab import WIDTH, DeepLab, convolution, global_pooling, joined, spread
from pixcon_train.models.recipes import Recipe
from pixcon_train.models.resnet import HIGH, LOW, ResNetEncoder

_REDUCED = 48
"""Channels of the reduced low-level map."""


class Pooling(nn.Module):
    """The pyramid's branch of the whole image, under the release's key: gap."""

    def __init__(self) -> None:
        super().__init__()
        self.gap = global_pooling(HIGH)

    def forward(self, x: Tensor) -> Tensor:
        return spread(self.gap(x), x)


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling under the release's keys: b0…b4, project. (B, 2048, h, w) → (B, 256, h, w)."""

    def __init__(self, rates: tuple[int, int, int]) -> None:
        super().__init__()
        self.b0 = nn.Sequential(*convolution(HIGH, WIDTH, 1))
        self.b1, self.b2, self.b3 = (nn.Sequential(*convolution(HIGH, WIDTH, 3, rate)) for rate in rates)
        self.b4 = Pooling()
        self.project = nn.Sequential(*convolution(5 * WIDTH, WIDTH, 1))

    def forward(self, x: Tensor) -> Tensor:
        branches = [branch(x) for branch in (self.b0, self.b1, self.b2, self.b3, self.b4)]
        projected: Tensor = self.project(torch.cat(branches, dim=1))
        return projected


class UniMatchV1(DeepLab):
    """UniMatch V1's segmentation network."""

    architecture = "unimatch_v1"

    def __init__(self, size: str, num_classes: int, recipe: Recipe) -> None:
        super().__init__(size, num_classes, WIDTH, recipe)
        self.backbone = self.new_encoder()
        self.head = Pyramid(recipe.rates)
        self.reduce = nn.Sequential(*convolution(LOW, _REDUCED, 1))
        self.fuse = nn.Sequential(*convolution(WIDTH + _REDUCED, WIDTH, 3), *convolution(WIDTH, WIDTH, 3))
        self.classifier = nn.Conv2d(WIDTH, num_classes, 1)

    @property
    def encoder(self) -> ResNetEncoder:
        return self.backbone

    def fuse_maps(self, features: list[Tensor]) -> Tensor:
        """Output of ``fuse``: (B, 256, H/4, W/4) of the maps of the first and the last stage."""
        low = self.reduce(features[0])
        fused: Tensor = self.fuse(joined(low, self.head(features[1]), like=low))
        return fused

    def score(self, fused: Tensor) -> Tensor:
        logits: Tensor = self.classifier(fused)
        return logits
