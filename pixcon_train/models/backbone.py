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


def require_patches(images: Tensor, unit: int) -> None:
    """Require that the height and width of images (B, 3, H, W) are whole patches of ``unit`` pixels.

    Raises:
        ConfigError: one is not.
    """
    height, width = images.shape[-2:]
    if height % unit or width % unit:
        raise ConfigError(
            f"The encoder got images of {height}×{width} px; expected multiples of {unit}. Choose such a crop, or "
            "predict through pixcon_train.evaluation.inference, which resizes or pads."
        )


class DinoV2(VisionTransformer):
    """Four feature maps of a DINOv2 encoder, each after the final norm, class token and registers dropped."""

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
        if size.registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, size.registers, size.dim))
        self.registers = size.registers
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
        require_patches(images, PATCH_SIZE)
        patches = self.patch_embed.proj(images)
        grid = (patches.shape[-2], patches.shape[-1])
        tokens = torch.cat([self.cls_token.expand(len(images), -1, -1), patches.flatten(2).transpose(1, 2)], dim=1)
        tokens = tokens + self.position_embedding(*grid)
        if self.registers:  # they have no position
            tokens = torch.cat([tokens[:, :1], self.register_tokens.expand(len(images), -1, -1), tokens[:, 1:]], dim=1)
        maps = {}
        for index, block in enumerate(self.blocks):
            if self.recompute and torch.is_grad_enabled():
                tokens = checkpoint(block, tokens, use_reentrant=False)
            else:
                tokens = block(tokens)
            if index in self.taken:
                maps[index] = self.norm(tokens)[:, 1 + self.registers :].transpose(1, 2).unflatten(2, grid)
        return [maps[index] for index in self.taken]

    def position_embedding(self, height: int, width: int) -> Tensor:
        """Position embedding of a grid of ``height`` × ``width`` patches, class token first: (1, 1 + h·w, dim).

        Untouched at the native grid; elsewhere bicubic, no antialias, scale (edge + 0.1) / native edge; with registers
        antialiased, scale edge / native edge, as DINOv2 was trained in either form.
        """
        if height == width == self.native_grid:
            return self.pos_embed
        return resample_position_embedding(self.pos_embed, (height, width), antialias=self.registers > 0)


def resample_position_embedding(embedding: Tensor, grid: tuple[int, int], *, antialias: bool = False) -> Tensor:
    """``embedding`` (1, 1 + n², dim) of a square grid resampled to ``grid`` patches: (1, 1 + h·w, dim).

    Args:
        antialias: as of DINOv2 with registers; else as of DINOv2 without.
    """
    edge = round((embedding.shape[1] - 1) ** 0.5)
    square = embedding[:, 1:].unflatten(1, (edge, edge)).permute(0, 3, 1, 2).float()
    if antialias:
        resampled = F.interpolate(square, size=grid, mode="bicubic", antialias=True)
    else:
        factors = [(side + _OFFSET) / edge for side in grid]
        resampled = F.interpolate(square, scale_factor=factors, mode="bicubic", antialias=False)
    return torch.cat([embedding[:, :1], resampled.flatten(2).transpose(1, 2).to(embedding.dtype)], dim=1)
