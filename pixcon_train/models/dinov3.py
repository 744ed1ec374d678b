"""The DINOv3 encoder: timm's Eva with rotary positions, under timm's names."""

from functools import partial
from typing import cast

import torch
from timm.layers.pos_embed_sincos import RotaryEmbeddingDinoV3
from timm.models.eva import Eva
from torch import Tensor, nn

from pixcon_train.models.backbone import require_patches
from pixcon_train.models.sizes import ModelSize

_TEMPERATURE = 100.0
"""Base of the periods of the rotary positions."""


class RotaryPositions(RotaryEmbeddingDinoV3):
    """timm's, kept until the grid changes: they are built on the host, which waits to send them to a GPU."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim, temperature=_TEMPERATURE, rotate_half=True)
        self._kept: dict[tuple[object, ...], Tensor] = {}

    def get_embed(self, shape: list[int] | None = None, dtype: torch.dtype | None = None) -> Tensor:
        """Sines and cosines (h·w, 2·dim) of a grid of ``shape`` (h, w)."""
        key = (*(shape or ()), dtype, self.periods.device)
        if key not in self._kept:
            with torch.inference_mode(False):  # so that a training step can use them too
                self._kept = {key: super().get_embed(shape, dtype)}
        return self._kept[key]


class DinoV3(Eva):
    """Four feature maps of a DINOv3 encoder, each after the final norm, class token and registers dropped."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__(
            img_size=size.grid * size.patch_size,
            patch_size=size.patch_size,
            num_classes=0,
            global_pool="",
            embed_dim=size.dim,
            depth=size.depth,
            num_heads=size.heads,
            qkv_bias=True,  # of the original files; timm leaves out biases that are zero
            init_values=size.layer_scale,
            norm_layer=partial(nn.LayerNorm, eps=1e-5),
            use_fc_norm=False,
            use_abs_pos_emb=False,
            use_rot_pos_emb=True,
            rope_type="dinov3",
            rope_rotate_half=True,  # of the attention; the positions are set below
            num_reg_tokens=size.registers,
            dynamic_img_size=True,
        )
        self.rope = RotaryPositions(size.dim // size.heads)
        self.dim = size.dim
        self.patch_size = size.patch_size
        self.taken = size.blocks

    @property
    def recompute(self) -> bool:
        """Whether activations are recomputed in the backward pass instead of being stored."""
        return bool(self.grad_checkpointing)

    @recompute.setter
    def recompute(self, enabled: bool) -> None:
        self.set_grad_checkpointing(enabled)

    def forward(self, images: Tensor) -> list[Tensor]:  # type: ignore[override]  # timm's gives one vector per image
        """Four maps (B, dim, H/16, W/16) of images (B, 3, H, W), from the shallowest block to the deepest.

        Raises:
            ConfigError: H or W is not a multiple of 16.
        """
        require_patches(images, self.patch_size)
        maps = self.forward_intermediates(images, indices=list(self.taken), norm=True, intermediates_only=True)
        return cast("list[Tensor]", maps)
