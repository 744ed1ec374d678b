"""The encoder against timm's own VisionTransformer, and the position embedding's resampling against a loop."""

import numpy as np
import pytest
import timm
import torch
from timm.layers import SwiGLUPacked
from timm.models.vision_transformer import VisionTransformer

from pixcon_train.models.backbone import DinoV2, resample_position_embedding
from pixcon_train.models.pretrained import load_encoder
from pixcon_train.models.sizes import SIZES, ModelSize

TINY = {"dim": 48, "depth": 4, "heads": 3, "blocks": (0, 1, 2, 3), "projects": (8,) * 4, "features": 8, "width": 8}


def timms(*, gated: bool, grid: int = 5) -> VisionTransformer:
    """timm's encoder of the tiny size, every entry away from its initial value."""
    # timm's giant: 2.66667 · 2, so that half of the packed width is 8/3 of dim
    mlp = {"mlp_layer": SwiGLUPacked, "mlp_ratio": 2.66667 * 2, "act_layer": torch.nn.SiLU} if gated else {}
    model = VisionTransformer(
        img_size=14 * grid, patch_size=14, num_classes=0, embed_dim=48, depth=4, num_heads=3, init_values=1.0, **mlp
    )
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model.eval()


@pytest.mark.parametrize("gated", [False, True])
@torch.inference_mode()
def test_maps_are_timms_intermediate_features(gated: bool) -> None:
    """timm is the independent implementation; with `gated` also of giant's MLP, whose names differ."""
    theirs = timms(gated=gated)
    ours = DinoV2(ModelSize(**TINY, grid=5, gated=gated)).eval()
    load_encoder(ours, theirs.state_dict(), where="timm")
    images = torch.randn(2, 3, 70, 70)
    expected = theirs.forward_intermediates(images, indices=[0, 1, 2, 3], norm=True, intermediates_only=True)
    for found, value in zip(ours(images), expected, strict=True):
        torch.testing.assert_close(found, value, atol=1e-5, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("size", ["small", "base", "large", "giant"])
def test_every_entry_of_timms_pretrained_model_has_its_place(size: str) -> None:
    """Names and shapes of the hub's models, giant's renamed MLP included; only the mask token is ours alone."""
    with torch.device("meta"):
        theirs = timm.create_model(SIZES[size].hub_name, pretrained=False, num_classes=0).state_dict()
        ours = DinoV2(SIZES[size]).state_dict()
    renamed = {
        key.replace("mlp.fc1", "mlp.w12").replace("mlp.fc2", "mlp.w3") if size == "giant" else key: value.shape
        for key, value in theirs.items()
    }
    assert {key: value.shape for key, value in ours.items() if key != "mask_token"} == renamed


def _cubic(distance: float) -> float:
    """Keys' kernel with a = −0.75, PyTorch's choice."""
    x, a = abs(distance), -0.75
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def _resample_edge(rows: np.ndarray, edge: int) -> np.ndarray:
    """``rows`` (n, …) brought to ``edge`` rows one at a time, with DINOv2's scale (edge + 0.1) / n."""
    scale, result = len(rows) / (edge + 0.1), []
    for index in range(edge):
        source = scale * (index + 0.5) - 0.5
        below = int(np.floor(source))
        taps = [(min(max(tap, 0), len(rows) - 1), _cubic(source - tap)) for tap in range(below - 1, below + 3)]
        result.append(sum(weight * rows[tap] for tap, weight in taps))
    return np.stack(result)


@pytest.mark.parametrize("grid", [(5, 7), (8, 3), (12, 12)])
def test_resampling_is_bicubic_with_the_offset(grid: tuple[int, int]) -> None:
    embedding = torch.randn(1, 1 + 64, 4)
    found = resample_position_embedding(embedding, grid)
    square = embedding[0, 1:].view(8, 8, 4).numpy()
    expected = _resample_edge(_resample_edge(square, grid[0]).swapaxes(0, 1), grid[1]).swapaxes(0, 1)
    assert found.shape == (1, 1 + grid[0] * grid[1], 4)
    assert torch.equal(found[:, 0], embedding[:, 0])
    np.testing.assert_allclose(found[0, 1:].view(*grid, 4), expected, atol=1e-5)


def test_the_native_grid_is_untouched() -> None:
    """Resampling 8 to 8 would shift the points by the offset; only the exact square is exempt."""
    encoder = DinoV2(SIZES["nano"])
    assert encoder.position_embedding(8, 8) is encoder.pos_embed
    assert not torch.allclose(resample_position_embedding(encoder.pos_embed, (8, 8)), encoder.pos_embed)
    assert encoder.position_embedding(4, 16).shape == encoder.pos_embed.shape
    assert not torch.equal(encoder.position_embedding(4, 16), encoder.pos_embed)


def test_resampling_keeps_the_dtype() -> None:
    assert resample_position_embedding(torch.randn(1, 17, 4, dtype=torch.bfloat16), (3, 3)).dtype == torch.bfloat16
