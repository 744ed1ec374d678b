"""Splits: seeded, disjoint, together everything, every class shown where possible."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_train.core.errors import ConfigError
from pixcon_train.data.lists import read_list
from pixcon_train.data.sources import DataSource
from pixcon_train.data.specs import DatasetSpec
from pixcon_train.data.splitting import split_list


@pytest.fixture
def source(tmp_path: Path) -> DataSource:
    """Ten images: all have class 0, image 4 alone has class 1, image 7 alone has class 2."""
    for number in range(10):
        mask = np.zeros((4, 4), np.uint8)
        mask[0, 0] = {4: 1, 7: 2}.get(number, 0)
        Image.fromarray(mask).save(tmp_path / f"{number}.png")
    (tmp_path / "train.txt").write_text("".join(f"{n}.jpg {n}.png\n" for n in range(10)))
    spec = DatasetSpec(name="test", classes=("a", "b", "c"), palette=((0, 0, 0), (1, 1, 1), (2, 2, 2)))
    return DataSource(spec, tmp_path)


@pytest.mark.parametrize("seed", range(5))
def test_every_class_is_shown_and_nothing_is_lost(source: DataSource, seed: int) -> None:
    split = split_list(source, source.root / "train.txt", fraction=0.3, seed=seed)
    assert {"4.jpg", "7.jpg"} <= {pair.image for pair in split.labeled}
    assert len(split.labeled) == 3
    assert sorted(split.labeled + split.unlabeled) == read_list(source.root / "train.txt", masks_required=True)
    assert not split.missing


def test_the_seed_decides(source: DataSource) -> None:
    splits = [split_list(source, source.root / "train.txt", count=5, seed=seed) for seed in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]


def test_classes_without_a_labeled_image_are_named(source: DataSource) -> None:
    split = split_list(source, source.root / "train.txt", count=1)
    assert len(split.missing) == 1
    assert f"no labeled image shows {split.missing[0]}" in split.summary()


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({}, "one of --count and --fraction"),
        ({"count": 2, "fraction": 0.5}, "one of --count and --fraction"),
        ({"count": 10}, "leave a list empty"),
        ({"count": 0}, "leave a list empty"),
        ({"fraction": 1.5}, "between 0 and 1"),
    ],
)
def test_a_bad_choice_is_one_message(source: DataSource, choice: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        split_list(source, source.root / "train.txt", **choice)  # type: ignore[arg-type]


def test_lists_are_written_and_not_overwritten(source: DataSource, tmp_path: Path) -> None:
    split = split_list(source, source.root / "train.txt", count=3)
    labeled, unlabeled = split.write(tmp_path / "out")
    assert read_list(labeled, masks_required=True) == split.labeled
    assert read_list(unlabeled, masks_required=True) == split.unlabeled
    with pytest.raises(ConfigError, match="is there already"):
        split.write(tmp_path / "out")
