"""What `preprocessor_config.json` says of a network's images."""

import json
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.checkpoints.modules.preprocessor_config import FILE, read_preprocessing
from pixcon_diag.provenance import Preprocessing
from pixcon_train.core.errors import CheckpointError


def read(folder: Path, **content: Any) -> tuple[Preprocessing, tuple[str, ...]]:
    (folder / FILE).write_text(json.dumps(content))
    return read_preprocessing(folder)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ({"height": 512, "width": 640}, (512, 640)),
        ({"shortest_edge": 480, "height": None}, 480),
        (384, (384, 384)),
        (None, None),
    ],
)
def test_sizes(tmp_path: Path, size: Any, expected: Any) -> None:
    assert read(tmp_path, size=size)[0].size == expected
    assert read(tmp_path, size=size, do_resize=False)[0].size is None


def test_every_step_is_read(tmp_path: Path) -> None:
    found, remarks = read(
        tmp_path, resample=3, do_normalize=False, do_flip_channel_order=True, do_reduce_labels=True, do_center_crop=True
    )
    assert found == Preprocessing((0, 0, 0), (1, 1, 1), None, "bicubic", bgr=True)
    assert remarks == (
        f"do_center_crop of its {FILE} is not applied",
        "trained with do_reduce_labels: label 0 of its masks is no class",
    )


def test_null_is_what_is_absent(tmp_path: Path) -> None:
    assert read(tmp_path, do_resize=None, image_mean=None, resample=None, do_center_crop=None) == (Preprocessing(), ())


def test_without_the_file_that_is_said(tmp_path: Path) -> None:
    found, remarks = read_preprocessing(tmp_path)
    assert found == Preprocessing() and remarks[0].startswith(f"without {FILE}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"image_mean": [0.5]}', "`image_mean.1` is missing"),
        ('{"size": {"longest_edge": 3}}', "no height and width"),
        ('{"size": "large"}', "`size"),
        ("[1]", "`it` is"),
        ("{", "does not say how images are prepared"),
    ],
)
def test_damage_is_one_message(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(CheckpointError, match=said):
        read_preprocessing(tmp_path)
