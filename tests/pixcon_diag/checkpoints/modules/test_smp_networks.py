"""Networks of segmentation_models_pytorch, saved to a folder."""

import json
import sys
from pathlib import Path

import pytest
import torch

from pixcon_diag.checkpoints.loading import load
from pixcon_train.core.errors import CheckpointError, ConfigError
from tests.pixcon_diag.checkpoints.modules.networks import linknet, unet

pytest.importorskip("segmentation_models_pytorch")


def test_it_predicts_what_the_network_does(tmp_path: Path) -> None:
    network = unet(tmp_path)
    loaded = load(f"smp:{tmp_path}")
    images = torch.randn(1, 3, 16, 21)
    with torch.inference_mode():
        torch.testing.assert_close(loaded.model(images).logits, network(images))
    assert loaded.wrapped is not None and loaded.wrapped.multiple == 1  # it takes every size
    assert loaded.info.space == "input of segmentation_head.0"
    assert loaded.info.preprocessing is not None and loaded.info.preprocessing.mean == (0.485, 0.456, 0.406)
    assert any("normalised as ImageNet's" in remark for remark in loaded.remarks)


def test_images_are_padded_where_the_network_needs_it(tmp_path: Path) -> None:
    network = linknet(tmp_path)
    loaded = load(f"smp:{tmp_path}")
    images = torch.randn(1, 3, 16, 21)
    with torch.inference_mode():
        padded = torch.nn.functional.pad(images, (0, 3, 0, 0), mode="reflect")
        torch.testing.assert_close(loaded.model(images).logits, network(padded)[..., :21])
    assert loaded.wrapped is not None and loaded.wrapped.multiple == 8  # three halvings


def test_another_preprocessing_is_stated_in_its_folder(tmp_path: Path) -> None:
    unet(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.5] * 3, "image_std": [0.5] * 3}))
    about = load(f"smp:{tmp_path}").info.preprocessing
    assert about is not None and (about.mean, about.std, about.size) == ((0.5,) * 3, (0.5,) * 3, None)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"_model_class": None}, "`_model_class` of its configuration is None"),
        ({"_model_class": "Unett"}, "`_model_class` of its configuration is 'Unett'"),
        ({"_model_class": "encoders"}, "`_model_class` of its configuration is 'encoders'"),
        ({"_model_class": "Unet", "encoder_name": "resnet19"}, r"cannot build its network: .*resnet19"),
        ({"_model_class": "Unet", "encoder_name": "resnet18"}, r"no \.safetensors file: its weights are model\.bin"),
    ],
)
def test_other_folders_are_one_message(tmp_path: Path, config: dict[str, str], said: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.bin").touch()
    with pytest.raises(CheckpointError, match=said):
        load(f"smp:{tmp_path}")


def test_without_the_package_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "segmentation_models_pytorch", None)
    with pytest.raises(ConfigError, match=r"needs segmentation_models_pytorch, .*: pip install 'pixcon-diag\[smp\]'$"):
        load(f"smp:{tmp_path}")
