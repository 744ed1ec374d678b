"""Exported weights: which tensors, and a description that can be read without the file they came from."""

import json
import os
import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from pixcon_train.core.errors import CheckpointError, PixConError
from pixcon_train.core.files import sha256
from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.export import export_weights
from tests.checkpoints import example_checkpoint
from tests.full_disk import longest_file


@pytest.fixture
def source(tmp_path: Path) -> Path:
    student = {"head.weight": torch.ones(2, 3), "proj_head.0.weight": torch.ones(4, 3)}
    checkpoint = example_checkpoint(
        config={"seed": 3},
        epoch=7,
        metrics={"ema": {"miou": 0.5, "iou": [0.5, float("nan")]}},
        student=student,
        ema={key: 2 * value for key, value in student.items()},
    )
    save_checkpoint(tmp_path / "best_ema.pth", checkpoint)
    return tmp_path / "best_ema.pth"


@pytest.mark.parametrize(("weights", "value"), [("ema", 2.0), ("student", 1.0)])
def test_the_asked_network_without_its_projection_head(source: Path, weights: str, value: float) -> None:
    target = source.with_name("out.safetensors")
    export_weights(source, target, weights=weights)  # type: ignore[arg-type]
    with safe_open(target, framework="pt") as handle:
        assert list(handle.keys()) == ["head.weight"]
        assert torch.equal(handle.get_tensor("head.weight"), torch.full((2, 3), value))


def test_the_projection_head_on_request(source: Path) -> None:
    about = export_weights(source, source.with_name("out.safetensors"), projection=True)
    assert about["projection"]
    with safe_open(source.with_name("out.safetensors"), framework="pt") as handle:
        assert set(handle.keys()) == {"head.weight", "proj_head.0.weight"}


def test_the_metadata_describes_the_weights(source: Path) -> None:
    target = source.with_name("out.safetensors")
    export_weights(source, target)
    with safe_open(target, framework="pt") as handle:
        metadata = handle.metadata()
    about = json.loads(metadata["description"])
    assert metadata["source_sha256"] == sha256(source)
    assert (about["architecture"], about["size"], about["weights"], about["epoch"]) == ("pixcon", "nano", "ema", 7)
    assert about["classes"] == ["sky", "road"]
    assert about["metrics"]["ema"]["iou"] == [0.5, None]  # undefined is null
    assert about["config"] == {"seed": 3}


def test_a_file_of_another_kind_is_refused(source: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, source)
    with pytest.raises(CheckpointError, match="no checkpoint of pixcon-train"):
        export_weights(source, source.with_name("out.safetensors"))
    assert not source.with_name("out.safetensors").exists()


def test_what_a_killed_export_left_is_removed_and_no_other_file(source: Path) -> None:
    target = source.with_name("out[1].safetensors")
    for name in (target.name, "latest.pth"):
        (source.parent / f".{name}.{os.getpid()}.tmp").touch()
    export_weights(source, target)
    assert {path.name for path in source.parent.iterdir()} == {
        source.name,
        target.name,
        f".latest.pth.{os.getpid()}.tmp",
    }


def test_a_disk_that_is_full_at_any_byte_is_one_message(source: Path) -> None:
    target = source.with_name("out.safetensors")
    export_weights(source, target)
    size = target.stat().st_size
    target.unlink()
    for length in (*range(0, size, size // 20), size - 1):
        with pytest.raises(PixConError) as caught, longest_file(length):
            export_weights(source, target)
        assert re.match(r"Could not write .*out\.safetensors: .*File too large", str(caught.value))
    assert [path.name for path in source.parent.iterdir()] == [source.name]
