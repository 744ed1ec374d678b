"""The common base of all architectures: one forward pass to logits, fused feature and optional embedding."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch.nn.functional as F
from torch import Tensor, nn


class ModelOutput(NamedTuple):
    """Result of one forward pass."""

    logits: Tensor
    """(B, K, H', W'); H' and W' are the input's for PixCon, their largest multiples of the patch for UniMatch V2."""
    fused: Tensor
    """(B, C, h, w), the decoder feature that feeds the classifier, after any complementary dropout."""
    embedding: Tensor | None
    """(B, D, h, w), unit norm per pixel (paper, Eq. 1); None unless requested."""


class Encoder(Protocol):
    """The interface of an encoder to its decoder."""

    dim: int
    """Channels of its maps."""
    patch_size: int
    """Edge of a patch in pixels; heights and widths of images are multiples of it."""
    recompute: bool
    """Whether activations are recomputed in the backward pass instead of being stored."""

    def __call__(self, images: Tensor) -> list[Tensor]:
        """The maps that its decoder reads of images (B, 3, H, W), from the shallowest to the deepest; DINOv2's are four
        (B, dim, H/patch_size, W/patch_size)."""


class SegmentationModel(nn.Module):
    """Base of all architectures: encoder, ``fuse_maps`` and ``score`` of the subclass, optional projection head."""

    architecture: str

    def __init__(self, size: str, num_classes: int, fused_channels: int) -> None:
        super().__init__()
        self.size = size
        self.num_classes = num_classes
        self.fused_channels = fused_channels

    if TYPE_CHECKING:  # a network may have a submodule of this name, which a property would hide

        @property
        def encoder(self) -> Encoder:
            """The encoder, whose place in the module tree follows the release's keys."""

    def adapt_to(self, state: Mapping[str, Tensor]) -> None:
        """Change what files of one architecture have or lack, before the weights ``state`` are loaded; else nothing."""

    @property
    def encoder_dim(self) -> int:
        """Channels of the encoder's maps."""
        return self.encoder.dim

    @property
    def patch_size(self) -> int:
        """Edge of the encoder's patches in pixels."""
        return self.encoder.patch_size

    def fuse_maps(self, features: list[Tensor]) -> Tensor:
        """Fused feature (B, C, h, w) of the encoder's four maps."""
        raise NotImplementedError

    def score(self, fused: Tensor) -> Tensor:
        """Logits (B, K, h, w) of a fused feature, at its resolution."""
        raise NotImplementedError

    def classify(self, fused: Tensor, height: int, width: int) -> Tensor:
        """Logits (B, K, H', W') of a fused feature of an input of ``height`` × ``width`` pixels."""
        unit = self.patch_size
        return resize(self.score(fused), height // unit * unit, width // unit * unit)

    def add_projection(self, dim: int) -> None:
        """Append the projection head g_φ of Eq. 1 under the release's name: 1×1, batch norm, ReLU, 1×1."""
        self.proj_head = nn.Sequential(
            nn.Conv2d(self.fused_channels, dim, 1, bias=False), nn.BatchNorm2d(dim), nn.ReLU(), nn.Conv2d(dim, dim, 1)
        )

    @property
    def has_projection(self) -> bool:
        """Whether :meth:`forward` can give an embedding."""
        return hasattr(self, "proj_head")

    def forward(
        self,
        images: Tensor,
        *,
        embed: bool = False,
        resized: bool = True,
        encoder_scale: Tensor | None = None,
        fused_scale: Tensor | None = None,
    ) -> ModelOutput:
        """Logits, fused feature and (``embed``) embedding of ``images``.

        Args:
            images: (B, 3, H, W), normalised; H and W whole patches.
            embed: also project the fused feature.
            resized: bring the logits to the input's size; else they have the fused feature's, (B, K, h, w).
            encoder_scale: (B, encoder_dim), factors on each of the four encoder maps (UniMatch V2's dropout).
            fused_scale: (B or 1, fused_channels), factors on the fused feature (PixCon's dropout).
        """
        scales = {"encoder_scale": encoder_scale, "fused_scale": fused_scale}
        return self.decode(self.encoder(images), images.shape[-2:], embed=embed, resized=resized, **scales)

    def decode(
        self,
        features: list[Tensor],
        size: Sequence[int],
        *,
        embed: bool = False,
        resized: bool = True,
        encoder_scale: Tensor | None = None,
        fused_scale: Tensor | None = None,
    ) -> ModelOutput:
        """The output for the encoder's maps of images of ``size`` (H, W); other arguments as in :meth:`forward`."""
        if encoder_scale is not None:
            features = [feature * encoder_scale[:, :, None, None] for feature in features]
        fused = self.fuse_maps(features)
        if fused_scale is not None:
            fused = fused * fused_scale[:, :, None, None]
        logits = self.classify(fused, *size) if resized else self.score(fused)
        return ModelOutput(logits, fused, self.project(fused) if embed else None)

    def project(self, fused: Tensor) -> Tensor:
        """Unit-norm embedding (B, D, h, w) of a fused feature (paper, Eq. 1)."""
        return F.normalize(self.proj_head(fused), dim=1)

    def encoder_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Named parameters of the encoder."""
        return (item for item in self.named_parameters() if item[0].startswith("backbone."))

    def decoder_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Named parameters of everything else: decoder, classifier, projection head."""
        return (item for item in self.named_parameters() if not item[0].startswith("backbone."))

    def set_activation_checkpointing(self, enabled: bool) -> None:
        """Recompute the encoder's activations in the backward pass instead of keeping them."""
        self.encoder.recompute = enabled


def resize(feature: Tensor, height: int, width: int) -> Tensor:
    """Bilinear, corners aligned, as both releases resize everywhere in the decoder."""
    return F.interpolate(feature, (height, width), mode="bilinear", align_corners=True)


def pyramid_resizers(channels: tuple[int, int, int, int]) -> nn.ModuleList:
    """DPT's reassembly of four maps of one size into strides 3.5, 7, 14 and 28 pixels."""
    return nn.ModuleList(
        [
            nn.ConvTranspose2d(channels[0], channels[0], 4, stride=4),
            nn.ConvTranspose2d(channels[1], channels[1], 2, stride=2),
            nn.Identity(),
            nn.Conv2d(channels[3], channels[3], 3, stride=2, padding=1),
        ]
    )
