"""The DINOv2 encoder: timm's VisionTransformer under the original names, position embedding resampled likewise."""

import torch
import torch.nn.functional as F
from timm.layers.mlp import Mlp
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.patch_size import PATCH_SIZE
from pixcon_train.models.sizes import ModelSize

_OFFSET = 0.1
"""DINOv2 adds this to the grid's edge before the division, so that rounding down never loses a row; it also shifts the
sampling points slightly, so weights trained with it need it."""


class SwiGLU(nn.Module):
    """The gated MLP of giant under DINOv2's own names (``w12``, ``w3``): w3(silu(a) · b) with (a, b) = w12(x).

    Shape: (…, dim) → (…, dim).
    """

    def __init__(self, in_features: int, hidden_features: int, **_: object) -> None:
        super().__init__()
        hidden = (int(hidden_features * 2 / 3) + 7) // 8 * 8  # DINOv2's rounding: 4096 for giant
        self.w12 = nn.Linear(in_features, 2 * hidden)
        self.w3 = nn.Linear(hidden, in_features)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, dim=-1)
        result: Tensor = self.w3(F.silu(gate) * value)
        return result


class DinoV2(VisionTransformer):
    """Four feature maps of a DINOv2 encoder, each after the final norm, class token dropped."""

    cls_token: nn.Parameter  # timm's are optional
    pos_embed: nn.Parameter

    def __init__(self, size: ModelSize) -> None:
        super().__init__(
            img_size=size.grid * PATCH_SIZE,
            patch_size=PATCH_SIZE,
            num_classes=0,
            embed_dim=size.dim,
            depth=size.depth,
            num_heads=size.heads,
            init_values=size.layer_scale,
            mlp_layer=SwiGLU if size.gated else Mlp,
        )
        self.mask_token = nn.Parameter(torch.zeros(1, size.dim))  # unused, but in every DINOv2 file
        self.dim = size.dim
        self.patch_size = PATCH_SIZE
        self.native_grid = size.grid
        self.taken = size.blocks
        self.recompute = False

    def forward(self, images: Tensor) -> list[Tensor]:  # type: ignore[override]  # timm's gives one vector per image
        """Feature maps of ``images``.

        Args:
            images: (B, 3, H, W), normalised; H and W multiples of 14.

        Returns:
            Four maps (B, dim, H/14, W/14), from the shallowest block to the deepest.

        Raises:
            ConfigError: H or W is not a multiple of 14.
        """
        if images.shape[-2] % PATCH_SIZE or images.shape[-1] % PATCH_SIZE:
            raise ConfigError(
                f"The encoder got images of {images.shape[-2]}×{images.shape[-1]} px; expected multiples of "
                f"{PATCH_SIZE}. Choose such a crop, or predict through pixcon_train.evaluation.inference, which "
                "resizes or pads."
            )
        patches = self.patch_embed.proj(images)
        grid = (patches.shape[-2], patches.shape[-1])
        tokens = torch.cat([self.cls_token.expand(len(images), -1, -1), patches.flatten(2).transpose(1, 2)], dim=1)
        tokens = tokens + self.position_embedding(*grid)
        maps = []
        for index, block in enumerate(self.blocks):
            if self.recompute and torch.is_grad_enabled():
                tokens = checkpoint(block, tokens, use_reentrant=False)
            else:
                tokens = block(tokens)
            if index in self.taken:
                maps.append(self.norm(tokens)[:, 1:].transpose(1, 2).unflatten(2, grid))
        return maps

    def position_embedding(self, height: int, width: int) -> Tensor:
        """Position embedding of a grid of ``height`` × ``width`` patches, class token first: (1, 1 + h·w, dim).

        Untouched at the native grid; elsewhere bicubic, no antialias, scale (edge + 0.1) / native edge.
        """
        if height == width == self.native_grid:
            return self.pos_embed
        return resample_position_embedding(self.pos_embed, (height, width))


def resample_position_embedding(embedding: Tensor, grid: tuple[int, int]) -> Tensor:
    """``embedding`` (1, 1 + n², dim) of a square grid resampled to ``grid`` patches: (1, 1 + h·w, dim)."""
    edge = round((embedding.shape[1] - 1) ** 0.5)
    square = embedding[:, 1:].unflatten(1, (edge, edge)).permute(0, 3, 1, 2)
    factors = [(side + _OFFSET) / edge for side in grid]
    resampled = F.interpolate(square.float(), scale_factor=factors, mode="bicubic", antialias=False)
    return torch.cat([embedding[:, :1], resampled.flatten(2).transpose(1, 2).to(embedding.dtype)], dim=1)
