"""torchvision's networks with weights of a file, as its training scripts write them."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.models import get_model

from pixcon_diag.checkpoints.loading import load
from pixcon_diag.checkpoints.modules import torchvision_networks
from pixcon_train.core.errors import CheckpointError, ConfigError

NAME = "lraspp_mobilenet_v3_large"
IMAGES = torch.randn(1, 3, 40, 52, generator=torch.Generator().manual_seed(0))


def trained(name: str = NAME, classes: int = 5, **options: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    return get_model(name, weights=None, weights_backbone=None, num_classes=classes, **options).eval()


def test_classes_follow_from_the_weights(tmp_path: Path) -> None:
    network = trained()
    torch.save({"model": network.state_dict(), "epoch": 3, "args": Namespace(lr=1)}, tmp_path / "model_3.pth")
    loaded = load(f"torchvision:{NAME}@{tmp_path / 'model_3.pth'}")
    with torch.inference_mode():
        torch.testing.assert_close(loaded.model(IMAGES).logits, network(IMAGES)["out"])
    assert (loaded.info.num_classes, loaded.class_names) == (5, None)
    assert loaded.info.space == "input of classifier.high_classifier"


def test_the_auxiliary_head_of_training_is_left_out(tmp_path: Path) -> None:
    network = trained("deeplabv3_mobilenet_v3_large", aux_loss=True)
    torch.save(network.state_dict(), tmp_path / "w.pth")
    loaded = load(f"torchvision:deeplabv3_mobilenet_v3_large@{tmp_path / 'w.pth'}")
    with torch.inference_mode():
        torch.testing.assert_close(loaded.model(IMAGES).logits, network(IMAGES)["out"])
    assert loaded.info.space == "input of classifier.4"


def test_its_own_weights_are_taken_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchvision_networks, "get_dir", lambda: str(tmp_path))
    with pytest.raises(ConfigError, match=rf"needs weights: torchvision:{NAME}@weights.pth. .* nothing is downloaded"):
        load(f"torchvision:{NAME}")
    (tmp_path / "checkpoints").mkdir()
    torch.save(trained(classes=21).state_dict(), tmp_path / "checkpoints/lraspp_mobilenet_v3_large-d234d4ea.pth")
    loaded = load(f"torchvision:{NAME}")
    assert loaded.class_names is not None and loaded.class_names[:2] == ("__background__", "aeroplane")


def test_mistakes_are_one_message(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no segmentation network 'deeplabv3_resnet5'.*did you mean 'deeplabv3_resn"):
        load("torchvision:deeplabv3_resnet5")
    state = trained().state_dict()
    del state["classifier.low_classifier.weight"]
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=r"missing classifier.low_classifier.weight"):
        load(f"torchvision:{NAME}@{tmp_path / 'w.pth'}")
