"""DINOv2 with registers and DINOv3: against timm's own networks, from files under either names, as checkpoints."""

from functools import partial
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.layers.pos_embed_sincos import RotaryEmbeddingDinoV3
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.models.architectures import ARCHITECTURES
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.build import build_model
from pixcon_train.models.dinov3 import DinoV3
from pixcon_train.models.pretrained import load_pretrained_backbone
from pixcon_train.models.sizes import SIZES
from pixcon_train.models.state import infer_architecture, model_from_state
from tests.reference import rule_tensor

TINY = {"embed_dim": 96, "depth": 4, "num_heads": 3, "num_classes": 0}


def registered() -> VisionTransformer:
    """timm's network of DINOv2 with registers, tiny, with weights by rule."""
    model = VisionTransformer(
        img_size=112, patch_size=14, init_values=1.0, reg_tokens=4, no_embed_class=True, dynamic_img_size=True, **TINY
    )
    return filled(model)


def rotary(name: str = "vit_small_patch16_dinov3") -> Eva:
    """timm's DINOv3, tiny, with weights by rule."""
    return filled(timm.create_model(name, **TINY))


def filled(model: nn.Module) -> nn.Module:
    model.load_state_dict({key: rule_tensor(key, value) for key, value in model.state_dict().items()})
    return model.eval()


NETWORKS = {"nano-reg": registered, "nano-dinov3": rotary}


def meta_registered(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights as Meta's dinov2_*_reg4_pretrain.pth has them: the class token's position is apart."""
    state = dict(state)
    place = torch.full_like(state["cls_token"], 0.25)
    return {
        "cls_token": state.pop("cls_token") - place,
        "register_tokens": state.pop("reg_token"),
        "mask_token": torch.zeros(1, 96),
        "pos_embed": torch.cat([place, state.pop("pos_embed")], dim=1),
        **state,
    }


def meta_rotary(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights as Meta's dinov3_*.pth has them; the keys' bias is masked, whatever it is."""
    periods = 100 ** (2 * torch.arange(8) / 16)
    found = {
        "storage_tokens": state["reg_token"],
        "mask_token": torch.zeros(1, 96),
        "rope_embed.periods": periods.bfloat16(),
    }
    for key, value in state.items():
        if key.endswith("q_bias"):
            block = key.removesuffix("q_bias")
            biases = [value, torch.ones_like(value), state[f"{block}v_bias"]]
            found |= {f"{block}qkv.bias": torch.cat(biases), f"{block}qkv.bias_mask": torch.full((288,), float("nan"))}
        elif key.endswith(("gamma_1", "gamma_2")):
            found[key.replace("gamma_", "ls") + ".gamma"] = value
        elif not key.endswith("v_bias") and key != "reg_token":
            found[key] = value
    return found


def tokens(model: SegmentationModel, grid: tuple[int, int]) -> list[Tensor]:
    images = torch.randn(2, 3, *(side * model.patch_size for side in grid), generator=torch.Generator().manual_seed(0))
    return model.encoder(images)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("size", NETWORKS)
@pytest.mark.parametrize("grid", [(8, 8), (5, 9)])
def test_tokens_are_those_of_timm(architecture: str, size: str, grid: tuple[int, int], tmp_path: Path) -> None:
    other = NETWORKS[size]()
    model = build_model(architecture, size, 3, projection=False).eval()
    save_file(other.state_dict(), path := tmp_path / "timm.safetensors")
    load_pretrained_backbone(model, str(path))
    images = torch.randn(2, 3, *(side * model.patch_size for side in grid), generator=torch.Generator().manual_seed(0))
    expected = other.forward_intermediates(images, indices=[0, 1, 2, 3], norm=True, intermediates_only=True)
    for found, right in zip(tokens(model, grid), expected, strict=True):
        assert found.shape == (2, 96, *grid)
        torch.testing.assert_close(found, right, atol=1e-5, rtol=0)
    output = model(images)
    assert output.logits.shape == (2, 3, *images.shape[-2:]) and output.fused.shape[-2:] == (8 * grid[0], 8 * grid[1])


@pytest.mark.parametrize(
    ("size", "network", "rename"),
    [
        ("nano-reg", registered, meta_registered),
        ("nano-dinov3", partial(rotary, "vit_small_patch16_dinov3_qkvb"), meta_rotary),
    ],
)
def test_a_file_under_the_original_names_is_the_same_network(size: str, network, rename, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    state, found = network().state_dict(), []
    for content in (state, rename(state)):
        torch.save(content, path := tmp_path / "encoder.pth")
        model = build_model("pixcon", size, 3, projection=False).eval()
        load_pretrained_backbone(model, str(path))
        found.append(tokens(model, (5, 9)))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("size", "change", "says"),
    [
        (
            "nano-reg",
            {"register_tokens": torch.zeros(1, 2, 96)},
            "register_tokens has shape (1, 2, 96), not (1, 4, 96)",
        ),
        ("nano-reg", {"storage_tokens": torch.zeros(1, 4, 96)}, "Expected DINOv2 with 4 registers"),
        ("nano-dinov3", {"rope_embed.periods": torch.ones(8)}, "rope_embed.periods is not part of it. Expected DINOv3"),
        ("nano-dinov3", {"pos_embed": torch.zeros(1, 65, 96)}, "pos_embed is not part of it"),
        ("nano-dinov3", {"norm.bias": torch.full((96,), float("nan"))}, "norm.bias"),
    ],
)
def test_another_encoder_is_refused(size: str, change: dict[str, Tensor], says: str, tmp_path: Path) -> None:
    state = NETWORKS[size]().state_dict()
    original = meta_registered(state) if size == "nano-reg" else state
    torch.save(original | change, path := tmp_path / "encoder.pth")
    with pytest.raises(CheckpointError) as told:
        load_pretrained_backbone(build_model("pixcon", size, 3, projection=False), str(path))
    assert says in str(told.value)


@pytest.mark.parametrize("size", NETWORKS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_state_dict_shows_its_encoder(architecture: str, size: str) -> None:
    model = build_model(architecture, size, 3, projection=True).eval()
    description = infer_architecture(model.state_dict())
    assert (description.architecture, description.size, description.num_classes) == (architecture, size, 3)
    again = model_from_state(model.state_dict(), description)
    images = torch.randn(1, 3, 3 * model.patch_size, 4 * model.patch_size)
    torch.testing.assert_close(again(images).logits, model(images).logits)


def test_only_whole_patches_are_taken_and_recomputing_changes_nothing() -> None:
    model = build_model("unimatch_v2", "nano-dinov3", 3, projection=False)
    with pytest.raises(ConfigError, match="28×32 px; expected multiples of 16"):
        model(torch.zeros(1, 3, 28, 32))
    plain = tokens(model, (2, 3))
    model.set_activation_checkpointing(True)
    assert model.encoder.recompute
    for one, other in zip(plain, tokens(model, (2, 3)), strict=True):
        torch.testing.assert_close(one, other)


def test_larger_sizes_are_those_of_timm() -> None:
    """Keys and shapes, with the names that differ; biases of zeros are left out in timm's files of DINOv3."""
    timms = {"-reg": "vit_{}_patch14_reg4_dinov2", "-dinov3": "vit_{}_patch16_dinov3_qkvb"}
    for size, shape in SIZES.items():
        name, dash, suffix = size.partition("-")
        if not dash or name in ("nano", "giant"):
            continue
        with torch.device("meta"):
            state = build_model("pixcon", size, 3, projection=False).encoder.state_dict()
            other = timm.create_model(timms["-" + suffix].format(name), num_classes=0).state_dict()
        found = {key.replace("register_tokens", "reg_token"): tuple(value.shape) for key, value in state.items()}
        found.pop("mask_token", None)
        if not shape.rotary:
            found["pos_embed"] = (1, found["pos_embed"][1] - 1, shape.dim)
        assert found == {key: tuple(value.shape) for key, value in other.items()}


def test_rotary_positions_are_built_once_for_a_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building them makes the host wait for a GPU, so that it may not happen in every step."""
    encoder, built = DinoV3(SIZES["nano-dinov3"]), []
    build = RotaryEmbeddingDinoV3._create_embed
    monkeypatch.setattr(RotaryEmbeddingDinoV3, "_create_embed", lambda *args: built.append(args[1]) or build(*args))
    image = torch.randn(1, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        first = encoder(image)[-1]
    second = encoder(image)[-1]
    second.sum().backward()
    assert torch.equal(first, second.detach()) and built == [(2, 3)]
    assert encoder(image.transpose(2, 3))[-1].shape[-2:] == (3, 2) and built == [(2, 3), (3, 2)]
