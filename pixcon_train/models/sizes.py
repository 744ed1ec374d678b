"""Encoder sizes and their decoder widths in both architectures (the two public releases)."""

from dataclasses import dataclass, replace

from pixcon_train.core.patch_size import PATCH_SIZE, ROTARY_PATCH_SIZE


@dataclass(frozen=True)
class ModelSize:
    """One size of both architectures."""

    dim: int
    """Width of the encoder."""
    depth: int
    heads: int
    blocks: tuple[int, int, int, int]
    """Blocks whose patch tokens the decoder reads, counted from 0."""
    projects: tuple[int, int, int, int]
    """Channels of UniMatch V2's four projections."""
    features: int
    """Channels of UniMatch V2's fused feature."""
    width: int
    """Channels of PixCon's decoder throughout."""
    grid: int = 37
    """Edge, in patches, of the native position embedding; 37 · 14 = 518 px is DINOv2's."""
    gated: bool = False
    """Giant has a SwiGLU in place of the MLP."""
    layer_scale: float = 1e-5
    """Initial LayerScale. DINOv2's 1e-5 is for pretraining at scale; nano, trained from scratch, starts at 1."""
    hub_name: str | None = None
    """timm's name of the pretrained encoder; None if there is none, or it is read from files alone."""
    registers: int = 0
    """Register tokens, beside the class token."""
    rotary: bool = False
    """DINOv3: rotary positions, and DINOv3's patch, in place of a position embedding."""

    @property
    def patch_size(self) -> int:
        """Edge of a patch in pixels."""
        return ROTARY_PATCH_SIZE if self.rotary else PATCH_SIZE


_S_AND_B_BLOCKS = (2, 5, 8, 11)

_DINOV2 = {
    "nano": ModelSize(96, 4, 3, (0, 1, 2, 3), (24, 32, 48, 64), 32, 32, grid=8, layer_scale=1.0),
    "small": ModelSize(384, 12, 6, _S_AND_B_BLOCKS, (48, 96, 192, 384), 64, 256, hub_name="vit_small_patch14_dinov2"),
    "base": ModelSize(768, 12, 12, _S_AND_B_BLOCKS, (96, 192, 384, 768), 128, 256, hub_name="vit_base_patch14_dinov2"),
    "large": ModelSize(
        1024, 24, 16, (4, 11, 17, 23), (256, 512, 1024, 1024), 256, 256, hub_name="vit_large_patch14_dinov2"
    ),
    "giant": ModelSize(
        1536, 40, 24, (9, 19, 29, 39), (1536,) * 4, 384, 256, gated=True, hub_name="vit_giant_patch14_dinov2"
    ),
}

_WEAK_BLOCKS = {1: (0, 0, 0, 0), 2: (0, 0, 1, 1), 4: (0, 1, 2, 3)}

WEAK = {
    f"nano-{depth}x{dim}": replace(_DINOV2["nano"], dim=dim, depth=depth, heads=dim // 32, blocks=blocks)
    for depth, blocks in _WEAK_BLOCKS.items()
    for dim in (32, 64, 96)
    if (depth, dim) != (4, 96)
}
"""Encoders weaker than nano, as DEPTHxWIDTH, with nano's decoder and channels per head. The decoder reads four maps, so
that with fewer blocks some maps are equal."""

NAMES = (*_DINOV2, *WEAK)
"""Of the sizes, without what an encoder adds to them."""

REGISTERS = 4
"""Of DINOv2 with registers and of DINOv3."""

ENCODERS = {"dinov2": "", "dinov2_reg": "-reg", "dinov3": "-dinov3"}
"""The encoders, and what they add to the name of a size."""

_REGISTERED = {name: replace(size, registers=REGISTERS, hub_name=None) for name, size in _DINOV2.items()}

SIZES = {
    **_DINOV2,
    **WEAK,
    **{f"{name}-reg": size for name, size in _REGISTERED.items()},
    **{f"{name}-dinov3": replace(size, rotary=True) for name, size in _REGISTERED.items() if not size.gated},
}
"""By name. DINOv3 has no giant; its other sizes have the widths, depths and heads of DINOv2's. The weak ones are of
DINOv2 without registers alone."""
