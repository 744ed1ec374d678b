"""Networks of transformers, built from a configuration and saved to a folder."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from pixcon_diag.checkpoints.loading import load
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.data.transforms import normalise
from tests.pixcon_diag.checkpoints.modules.networks import NAMES, segformer

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("segformer")
    segformer(path)
    return path


def smooth() -> np.ndarray:
    """An image (40, 30, 3) without detail, which resizing before and after rounding leaves alike."""
    rows, columns = np.mgrid[:40, :30]
    planes = (3 * rows + 2 * columns, 200 - 2 * rows, 60 + columns + rows)
    return np.stack(planes, -1).astype(np.uint8)


def test_it_predicts_what_its_own_preprocessor_and_network_do(folder: Path) -> None:
    from transformers import SegformerForSemanticSegmentation, SegformerImageProcessor

    pixels = SegformerImageProcessor.from_pretrained(folder)(Image.fromarray(smooth()), return_tensors="pt")
    network = SegformerForSemanticSegmentation.from_pretrained(folder).eval()
    loaded = load(f"hf:{folder}")
    with torch.inference_mode():
        logits = network(**pixels).logits
        expected = F.interpolate(logits, (40, 30), mode="bilinear", align_corners=False)
        images = normalise(torch.from_numpy(smooth()).movedim(-1, 0)[None])
        found = loaded.model(images)
    torch.testing.assert_close(found.logits, expected, atol=0.02, rtol=0)
    assert found.fused.shape == (1, 16, 12, 12) and loaded.info.space == "input of decode_head.classifier"
    assert (loaded.class_names, loaded.model.patch_size) == (NAMES, 1)
    about = loaded.info.preprocessing
    assert about is not None and (about.size, about.mean) == ((48, 48), (0.4, 0.5, 0.6))


def test_weights_of_a_file_in_the_network_of_a_configuration(folder: Path, tmp_path: Path) -> None:
    network = segformer(tmp_path / "built")
    network.decode_head.classifier.bias.data += 2  # type: ignore[union-attr, operator]
    torch.save({f"module.{key}": value for key, value in network.state_dict().items()}, tmp_path / "w.pth")
    images = torch.randn(1, 3, 48, 48)
    with torch.inference_mode():
        found, own = (load(source).model(images).logits for source in (f"hf:{folder}@{tmp_path}/w.pth", f"hf:{folder}"))
    torch.testing.assert_close(found, own + 2)


def test_pickles_and_random_weights_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    segformer(tmp_path)
    weights = tmp_path / "model.safetensors"
    state = load_file(weights)
    del state["decode_head.classifier.weight"]
    save_file(state, weights, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"its weights lack decode_head.classifier.weight, which transformers"):
        load(f"hf:{tmp_path}")
    weights.rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"no .safetensors file: its weights are pytorch_model.bin"):
        load(f"hf:{tmp_path}")


def test_networks_of_queries_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "mask2former"}))
    with pytest.raises(CheckpointError, match=r"is a mask2former, .*no confidence to measure.* --predictions NAME="):
        load(f"hf:{tmp_path}")


def test_adapters_and_backbones_of_the_hub_are_refused(tmp_path: Path) -> None:
    config = {"model_type": "upernet", "backbone_config": {"model_type": "resnet", "use_pretrained_backbone": True}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        CheckpointError, match=r"has use_pretrained_backbone: true, .*nothing beside the folder is read"
    ):
        load(f"hf:{tmp_path}")
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"has an adapter_config.json: .* model.merge_and_unload\(\)"):
        load(f"hf:{tmp_path}")


def test_weights_may_be_in_several_files(folder: Path, tmp_path: Path) -> None:
    network = segformer(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    network.save_pretrained(tmp_path, max_shard_size="6KB")  # type: ignore[operator]
    parts = sorted(tmp_path.glob("*.safetensors"))
    assert len(parts) > 1 and (tmp_path / "model.safetensors.index.json").is_file()
    images = torch.randn(1, 3, 48, 48)
    one, several = (load(f"hf:{where}") for where in (folder, tmp_path))
    assert several.info.sha256 == one.info.sha256
    assert torch.equal(several.model(images).logits, one.model(images).logits)
    parts[0].unlink()
    with pytest.raises(CheckpointError, match="cannot be read as a semantic segmentation network"):
        load(f"hf:{tmp_path}")


def test_a_mistyped_folder_has_a_suggestion(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=rf"No folder at {folder}x \(did you mean '{folder.name}'\?\)"):
        load(f"hf:{folder}x")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, r"has no config.json"),
        ("[]", "holds a list; expected the configuration"),
        ("{", "config.json cannot be read"),
        ('{"model_type": "bert"}', "cannot be read as a semantic segmentation network of transformers"),
        ('{"auto_map": {"AutoConfig": "evil.Config"}}', "cannot be read as a semantic segmentation network"),
    ],
)
def test_other_folders_are_one_message(tmp_path: Path, config: str | None, said: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(CheckpointError, match=said):
        load(f"hf:{tmp_path}")


def test_without_transformers_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ConfigError, match=r"needs transformers, .*: pip install 'pixcon-diag\[transformers\]'$"):
        load(f"hf:{folder}")
