"""The networks of U²PL and AugSeg."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pixcon_train.models.base import ModelOutput
from pixcon_train.models.deeplab import WIDTH, DeepLab, convolution, global_pooling, joined, spread
from pixcon_train.models.recipes import Recipe
from pixcon_train.models.resnet import HIGH, LOW, ResNetEncoder


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling under the releases' keys: conv1…conv5. (B, 2048, h, w) → (B, 1280, h, w)."""

    def __init__(self, rates: tuple[int, int, int]) -> None:
        super().__init__()
        self.conv1 = global_pooling(HIGH)
        self.conv2 = nn.Sequential(*convolution(HIGH, WIDTH, 1))
        self.conv3, self.conv4, self.conv5 = (nn.Sequential(*convolution(HIGH, WIDTH, 3, rate)) for rate in rates)

    def forward(self, x: Tensor) -> Tensor:
        others = [branch(x) for branch in (self.conv2, self.conv3, self.conv4, self.conv5)]
        return torch.cat([spread(self.conv1(x), x), *others], dim=1)


class Decoder(nn.Module):
    """The decoder under the releases' keys: low_conv, aspp, head, classifier.

    Args:
        recipe: dilations of the pyramid.
        low: channels of the reduced low-level map.
        head: edge of the convolution after the pyramid.
        classifier: layers from the joined map to the logits.
    """

    def __init__(self, recipe: Recipe, low: int, head: int, classifier: nn.Sequential) -> None:
        super().__init__()
        self.low_conv = nn.Sequential(*convolution(LOW, low, 1))
        self.aspp = Pyramid(recipe.rates)
        self.head = nn.Sequential(*convolution(5 * WIDTH, WIDTH, head))
        self.classifier = classifier

    def forward(self, features: list[Tensor]) -> Tensor:
        low = self.low_conv(features[0])
        return joined(low, self.head(self.aspp(features[1])), like=low)


def two_convolutions(inputs: int, outputs: int, *, dropout: bool) -> nn.Sequential:
    """Two 3×3 convolutions and a 1×1; with ``dropout``, which inference does not use, their numbers are others."""
    between = [nn.Dropout2d(0.1)] if dropout else []
    first, second = convolution(inputs, WIDTH, 3), convolution(WIDTH, WIDTH, 3)
    return nn.Sequential(*first, *between, *second, *between, nn.Conv2d(WIDTH, outputs, 1))


class EncoderDecoder(DeepLab):
    """Encoder and decoder under the releases' keys.

    Args:
        low: channels of the reduced low-level map.
        head: edge of the convolution after the pyramid.
        dropout: whether the classifier has dropout.
    """

    encoder: ResNetEncoder

    def __init__(self, size: str, num_classes: int, recipe: Recipe, *, low: int, head: int, dropout: bool) -> None:
        super().__init__(size, num_classes, low + WIDTH, recipe)
        self.encoder = self.new_encoder()
        self.decoder = Decoder(recipe, low, head, two_convolutions(low + WIDTH, num_classes, dropout=dropout))

    def fuse_maps(self, features: list[Tensor]) -> Tensor:
        """The low-level map and the pyramid's: (B, C, H/4, W/4)."""
        joined_maps: Tensor = self.decoder(features)
        return joined_maps

    def score(self, fused: Tensor) -> Tensor:
        logits: Tensor = self.decoder.classifier(fused)
        return logits


class U2PL(EncoderDecoder):
    """U²PL's segmentation network; the feature that it returns is the release's representation, where there is one."""

    architecture = "u2pl"

    def __init__(self, size: str, num_classes: int, recipe: Recipe) -> None:
        super().__init__(size, num_classes, recipe, low=WIDTH, head=3, dropout=True)

    def adapt_to(self, state: Mapping[str, Tensor]) -> None:
        """Add the representation head where ``state`` has one; else as of every DeepLab."""
        last = state.get("decoder.representation.8.weight")
        if last is not None and last.ndim:
            self.decoder.representation = two_convolutions(2 * WIDTH, len(last), dropout=True)
        super().adapt_to(state)

    def decode(self, features: list[Tensor], size: Sequence[int], **options: Any) -> ModelOutput:
        """As of every network, with the representation (B, D, H/4, W/4), of any norm, as the feature."""
        output = super().decode(features, size, **options)
        for name, head in self.decoder.named_children():
            if name == "representation":
                return output._replace(fused=head(output.fused))
        return output


class AugSeg(EncoderDecoder):
    """AugSeg's segmentation network."""

    architecture = "augseg"

    def __init__(self, size: str, num_classes: int, recipe: Recipe) -> None:
        super().__init__(size, num_classes, recipe, low=48, head=1, dropout=False)
