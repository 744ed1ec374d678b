"""Networks of segmentation_models_pytorch, saved to a folder."""

import json
import sys
from pathlib import Path

import pytest
import torch

from pixcon_diag.checkpoints.loading import load
from pixcon_diag.checkpoints.modules.smp_networks import _preprocessing
from pixcon_diag.provenance import Preprocessing
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
    assert any("public weights of its encoder resnet18" in remark for remark in loaded.remarks)


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


def test_null_is_what_is_absent(tmp_path: Path) -> None:
    expected = about(tmp_path, "resnet18")
    (tmp_path / "preprocessor_config.json").write_text('{"image_mean": null, "image_std": null, "do_rescale": null}')
    assert about(tmp_path, "resnet18") == expected and expected.mean[0] == pytest.approx(0.485)


def about(folder: Path, encoder: str, weights: str | None = "imagenet") -> Preprocessing:
    return _preprocessing(folder, {"encoder_name": encoder, "encoder_weights": weights})[0]


# Names of timm for the same public weights, whose configuration it ships.
OF_TIMM = {
    ("inceptionv4", None): "inception_v4",
    ("inceptionresnetv2", "imagenet+background"): "inception_resnet_v2",
    ("xception", "imagenet"): "legacy_xception",
    ("dpn68", "imagenet"): "dpn68",
    ("dpn92", "imagenet+5k"): "dpn92",
    ("resnet18", "imagenet"): "resnet18",
    ("resnet50", "swsl"): "resnet50.fb_swsl_ig1b_ft_in1k",
    ("efficientnet-b0", "imagenet"): "tf_efficientnet_b0.in1k",
    ("efficientnet-b0", "advprop"): "tf_efficientnet_b0.ap_in1k",
    ("timm-efficientnet-b3", "noisy-student"): "tf_efficientnet_b3.ns_jft_in1k",
    ("timm-skresnet18", "imagenet"): "skresnet18",
    ("tu-vit_tiny_patch16_224", None): "vit_tiny_patch16_224",
    ("mobilenet_v2", "imagenet"): "mobilenetv2_100",
}


@pytest.mark.parametrize(("encoder", "weights"), OF_TIMM)
def test_images_are_as_the_public_weights_of_the_encoder_expect(
    tmp_path: Path, encoder: str, weights: str | None
) -> None:
    from timm.models import get_pretrained_cfg

    known = get_pretrained_cfg(OF_TIMM[encoder, weights])
    found = about(tmp_path, encoder, weights)
    assert known is not None and (found.mean, found.std) == (tuple(known.mean), tuple(known.std))


def test_an_earlier_download_says_what_the_encoder_expects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "mean": [123.0, 117.0, 104.0],
        "std": [51.0, 51.0, 255.0],
        "input_range": [0, 255],
        "input_space": "BGR",
    }
    (tmp_path / "config.json").write_text(json.dumps(settings))

    def cached(repo: str, file: str, revision: str) -> str:
        assert (repo, file) == ("smp-hub/vgg11.imagenet", "config.json")
        return str(tmp_path / file)

    monkeypatch.setattr("pixcon_diag.checkpoints.modules.smp_networks.try_to_load_from_cache", cached)
    found = about(tmp_path, "vgg11")
    assert found.bgr and (found.mean, found.std) == ((123 / 255, 117 / 255, 104 / 255), (0.2, 0.2, 1.0))


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
