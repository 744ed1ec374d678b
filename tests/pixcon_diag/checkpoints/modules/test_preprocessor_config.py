"""What `preprocessor_config.json` says of a network's images, against transformers' own processors."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_diag.checkpoints.modules.preprocessor_config import FILE, of_entries, read_preprocessing
from pixcon_diag.checkpoints.preprocessing import prepared
from pixcon_diag.provenance import Preprocessing
from pixcon_train.core.errors import CheckpointError
from pixcon_train.data.transforms import normalise

HALF = {"mean": (0.5,) * 3, "std": (0.5,) * 3}
PLAIN = {"mean": (0.0,) * 3, "std": (1.0,) * 3}

# What the classes do with entries that a file leaves out, as transformers documents it.
DEFAULTS = {
    "SegformerImageProcessor": Preprocessing(size=(512, 512)),
    "BeitImageProcessor": Preprocessing(**HALF, size=(224, 224), resample="bicubic"),
    "DPTImageProcessor": Preprocessing(**HALF, size=(384, 384), resample="bicubic"),
    "MobileNetV2ImageProcessor": Preprocessing(**HALF, size=256),
    "MobileViTImageProcessor": Preprocessing(**PLAIN, size=224, resample="bicubic", bgr=True),
}


def write(folder: Path, model_type: str | None = None, **content: Any) -> Path:
    """Write the file, and a configuration of the type."""
    (folder / FILE).write_text(json.dumps(content))
    if model_type is not None:
        (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    return folder


def levels_apart(folder: Path, found: Preprocessing) -> float:
    """By how many of 255 levels our preparation of a random image differs from the processor's."""
    from transformers import AutoImageProcessor

    processor = AutoImageProcessor.from_pretrained(folder)
    levels = torch.randint(60, 196, (3, 45, 60), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    options = {"do_center_crop": False} if getattr(processor, "do_center_crop", None) else {}
    expected = processor(levels.movedim(0, -1).numpy(), return_tensors="pt", **options)["pixel_values"]
    own = prepared(normalise(levels[None]), found)
    assert own.shape == expected.shape
    return float((255 * (own - expected) * torch.tensor(found.std)[:, None, None]).abs().max())


@pytest.mark.parametrize("processor", DEFAULTS)
def test_what_is_left_out_is_the_default_of_its_class(tmp_path: Path, processor: str) -> None:
    pytest.importorskip("transformers")
    found, remarks = read_preprocessing(write(tmp_path, image_processor_type=processor))
    assert found == DEFAULTS[processor]
    assert levels_apart(tmp_path, found) <= 2
    cropped = processor.startswith("Mobile")
    assert remarks == ((f"do_center_crop of its {FILE} is not applied",) if cropped else ())


@pytest.mark.parametrize(
    ("model_type", "processor"), [("upernet", "SegformerImageProcessor"), ("data2vec-vision", "BeitImageProcessor")]
)
def test_a_file_without_a_class_has_that_of_its_network(tmp_path: Path, model_type: str, processor: str) -> None:
    pytest.importorskip("transformers")
    found, _ = read_preprocessing(write(tmp_path, model_type, do_resize=True))
    # Their default sizes differ between releases of transformers.
    assert replace(found, size=None) == replace(DEFAULTS[processor], size=None)
    assert levels_apart(tmp_path, found) <= 2


@pytest.mark.parametrize(
    "entries",
    [
        {"do_resize": False},
        {"do_rescale": False},
        {"do_normalize": False, "size": 40},
        {"do_rescale": False, "do_normalize": False},
        {"rescale_factor": 1 / 127.5},
        {"resample": 0, "size": {"height": 30, "width": 70}},
        {"resample": 3, "size": {"shortest_edge": 33}},
        {"image_mean": 0.4, "image_std": 0.3},
        {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.3, 0.2, 0.1]},
    ],
    ids=str,
)
def test_every_entry_is_read(tmp_path: Path, entries: dict[str, Any]) -> None:
    pytest.importorskip("transformers")
    found, _ = read_preprocessing(write(tmp_path, image_processor_type="SegformerImageProcessor", **entries))
    assert levels_apart(tmp_path, found) <= 2


def test_labels_reduced_in_training_are_said(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    for entry in ("do_reduce_labels", "reduce_labels"):
        _, remarks = read_preprocessing(write(tmp_path, image_processor_type="BeitImageProcessor", **{entry: True}))
        assert remarks == ("trained with do_reduce_labels: label 0 of its masks is no class",)


@pytest.mark.parametrize(
    ("processor", "entries", "said"),
    [
        ("Segformer", {"resample": 4}, r"`resample` is 4; expected 0 \(nearest\), 2 \(bilinear\) or 3 \(bicubic\)"),
        ("Segformer", {"size": {"shortest_edge": 64, "longest_edge": 128}}, r"of 16×96 px it makes a tensor"),
        ("DPT", {"keep_aspect_ratio": True, "size": 64}, r"in another way .*makes a tensor .* saved maps"),
        ("MobileViT", {"do_normalize": True}, "in another way .*makes levels that differ by|must both be specified"),
        ("Segformer", {"image_mean": "grey"}, "`image_mean"),
        ("Segformer", {"size": {"longest_edge": 3}}, "no height and width"),
        ("Segformer", {"image_std": [0, 1, 1]}, "`image_std"),
        ("NoSuch", {}, "does not say how images are prepared: Unrecognized image processor"),
    ],
)
def test_what_cannot_be_done_alike_is_refused(
    tmp_path: Path, processor: str, entries: dict[str, Any], said: str
) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(CheckpointError, match=said):
        read_preprocessing(write(tmp_path, image_processor_type=f"{processor}ImageProcessor", **entries))


def test_without_the_file_that_is_said(tmp_path: Path) -> None:
    found, remarks = read_preprocessing(tmp_path)
    assert found == Preprocessing() and remarks[0].startswith(f"without {FILE}")


@pytest.mark.parametrize("content", ["{", "[1]"])
def test_damage_is_one_message(tmp_path: Path, content: str) -> None:
    pytest.importorskip("transformers")
    (tmp_path / FILE).write_text(content)
    with pytest.raises(CheckpointError, match="does not say how images are prepared"):
        read_preprocessing(tmp_path)


def test_steps_that_are_absent_or_null_are_not_done() -> None:
    nothing = of_entries({"size": 7, "image_mean": [1, 2, 3]}, Path(FILE))
    assert nothing == (Preprocessing((0, 0, 0), (1 / 255,) * 3), ())
    assert of_entries({"do_rescale": True, "do_resize": None, "do_center_crop": None}, Path(FILE))[1] == ()
