"""Pretrained encoders from files and from the hub (whose network is stood in for)."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.models.backbone import resample_position_embedding
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.build import build_model
from pixcon_train.models.pretrained import load_pretrained_backbone
from tests.reference import rule_tensor


@pytest.fixture(params=["unimatch_v2", "pixcon"])
def model(request: pytest.FixtureRequest) -> SegmentationModel:
    return build_model(request.param, "nano", 3, projection=False)


@pytest.fixture
def weights(model: SegmentationModel) -> dict[str, Tensor]:
    """An encoder file: DINOv2's own names, no prefix."""
    return {key: rule_tensor(key, value) for key, value in model.encoder.state_dict().items()}


def loads(model: SegmentationModel, path: Path, expected: dict[str, Tensor]) -> None:
    before = {name: value.clone() for name, value in model.decoder_parameters()}
    load_pretrained_backbone(model, str(path))
    found = model.encoder.state_dict()
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, msg=key)
    assert all(torch.equal(value, before[name]) for name, value in model.decoder_parameters())


def refused(model: SegmentationModel, weights: dict[str, Tensor], path: Path) -> str:
    before = {key: value.clone() for key, value in model.state_dict().items()}
    torch.save(weights, path)
    with pytest.raises(CheckpointError) as caught:
        load_pretrained_backbone(model, str(path))
    assert str(path) in str(caught.value)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    return str(caught.value)


def test_a_pth_of_the_original_names(model: SegmentationModel, weights: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(weights, path := tmp_path / "dinov2.pth")
    loads(model, path, weights)


def test_safetensors_of_timm_lack_the_mask_token(
    model: SegmentationModel, weights: dict[str, Tensor], tmp_path: Path
) -> None:
    save_file({key: value for key, value in weights.items() if key != "mask_token"}, path := tmp_path / "t.safetensors")
    loads(model, path, weights | {"mask_token": torch.zeros(1, 96)})


def test_half_precision_becomes_single(model: SegmentationModel, weights: dict[str, Tensor], tmp_path: Path) -> None:
    half = {key: value.half() for key, value in weights.items()}
    torch.save(half, path := tmp_path / "half.pth")
    loads(model, path, {key: value.float() for key, value in half.items()})


def test_a_position_embedding_of_another_grid_is_resampled(
    model: SegmentationModel, weights: dict[str, Tensor], tmp_path: Path
) -> None:
    larger = torch.randn(1, 1 + 37 * 37, 96)
    torch.save(weights | {"pos_embed": larger}, path := tmp_path / "dinov2.pth")
    loads(model, path, weights | {"pos_embed": resample_position_embedding(larger, (8, 8))})


def test_none_changes_nothing(model: SegmentationModel) -> None:
    before = {key: value.clone() for key, value in model.state_dict().items()}
    load_pretrained_backbone(model, "none")
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_what_does_not_fit_is_refused(model: SegmentationModel, weights: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    wider = {key: value if value.ndim == 0 else value.repeat_interleave(4, -1) for key, value in weights.items()}
    assert "has shape" in refused(model, wider, path)
    assert "norm.bias is missing" in refused(model, {k: v for k, v in weights.items() if k != "norm.bias"}, path)
    registers = weights | {"register_tokens": torch.zeros(1, 4, 96)}
    assert "register_tokens is not part of it. Expected DINOv2 without registers" in refused(model, registers, path)
    classless = weights | {"pos_embed": weights["pos_embed"][:, 1:]}
    assert "pos_embed has shape (1, 64, 96), not (1, 65, 96)" in refused(model, classless, path)
    assert "bare state dict" in refused(model, {"model": weights}, path)  # type: ignore[dict-item]


def test_a_missing_file_is_named(model: SegmentationModel, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="No file at"):
        load_pretrained_backbone(model, str(tmp_path / "nothing.pth"))


def test_the_hub_has_no_nano(model: SegmentationModel) -> None:
    with pytest.raises(ConfigError, match="no pretrained encoder of size nano"):
        load_pretrained_backbone(model, "hub")


def test_the_hub_gives_timms_model_of_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    create, asked = timm.create_model, []

    def without_network(name: str, *, pretrained: bool, num_classes: int) -> torch.nn.Module:
        asked.append((name, pretrained))
        return create(name, pretrained=False, num_classes=num_classes)

    monkeypatch.setattr(timm, "create_model", without_network)
    model = build_model("pixcon", "small", 3, projection=False)
    torch.nn.init.zeros_(model.encoder.cls_token)
    load_pretrained_backbone(model, "hub")
    assert asked == [("vit_small_patch14_dinov2", True)]
    assert model.encoder.cls_token.any()


def test_without_network_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(timm, "create_model", offline)
    model = build_model("unimatch_v2", "small", 3, projection=False)
    with pytest.raises(CheckpointError, match=r"Network is unreachable.*--pretrained FILE"):
        load_pretrained_backbone(model, "hub")
