"""Data sets: what an item holds, and that (seed, epoch, position) alone decide it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from pixcon_train.core.errors import DataError
from pixcon_train.data import datasets
from pixcon_train.data.datasets import EvaluationDataset, LabeledDataset, UnlabeledDataset
from pixcon_train.data.lists import Pair
from pixcon_train.data.specs import DatasetSpec
from pixcon_train.data.transforms import Geometry
from tests.pixcon_train.data.files import THREE, denormalise, numbered, save_image, write_pairs

CROP = Geometry(crop=28, base_size=None)
SMALL = Geometry(crop=28, base_size=20, scale=(1.0, 1.0))
"""Every crop is padded."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(1)
    write_pairs(folder, [rng.choice([0, 1, 2, 255], size=(30, 40)) for _ in range(3)])
    return folder


PAIRS = [Pair(f"images/{i}.png", f"masks/{i}.png") for i in range(3)]


def labeled(root: Path, *, geometry: Geometry = CROP, length: int = 7, seed: int = 0) -> LabeledDataset:
    return LabeledDataset(THREE, root, PAIRS, geometry, encoding="index", length=length, seed=seed)


def unlabeled(root: Path, *, geometry: Geometry = CROP, seed: int = 0) -> UnlabeledDataset:
    return UnlabeledDataset(THREE, root, [Pair(pair.image, None) for pair in PAIRS], geometry, seed=seed)


def same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two items are equal, tensors bit for bit."""
    return first.keys() == second.keys() and all(
        torch.equal(value, second[key]) if isinstance(value, Tensor) else value == second[key]
        for key, value in first.items()
    )


def test_a_labeled_item(root: Path) -> None:
    item = labeled(root)[0]
    assert set(item) == {"image", "mask", "name"} and item["name"] == "images/0.png"
    assert item["image"].shape == (3, 28, 28) and item["image"].dtype == torch.float32
    assert item["mask"].shape == (28, 28) and item["mask"].dtype == torch.int64
    assert set(item["mask"].unique().tolist()) <= {0, 1, 2, 255}


def test_labeled_padding_is_void(root: Path) -> None:
    item = labeled(root, geometry=SMALL)[0]
    padding = (denormalise(item["image"]) == 0).all(0)
    assert int(padding.sum()) >= 28 * 28 - 20 * 15 and (item["mask"][padding] == 255).all()
    assert (item["mask"] != 254).all()


def test_labeled_images_are_repeated_to_the_length_asked_for(root: Path) -> None:
    data = labeled(root, length=7)
    assert len(data) == 7
    assert [data[i]["name"][7] for i in range(7)] == list("0120120")
    assert not torch.equal(data[0]["image"], data[3]["image"])  # the same image, another crop


def test_an_unlabeled_item(root: Path) -> None:
    item = unlabeled(root)[1]
    assert set(item) == {"weak", "strong1", "strong2", "ignore", "name"} and item["name"] == "images/1.png"
    for view in ("weak", "strong1", "strong2"):
        assert item[view].shape == (3, 28, 28) and item[view].dtype == torch.float32
    assert item["ignore"].shape == (28, 28) and set(item["ignore"].unique().tolist()) <= {0, 255}


def test_padding_of_unlabeled_crops_is_ignored(root: Path) -> None:
    for index in range(3):
        item = unlabeled(root, geometry=SMALL)[index]
        assert int((item["ignore"] == 0).sum()) == 20 * 15
        assert (denormalise(item["weak"])[:, item["ignore"] == 255] == 0).all()


def test_all_views_are_one_crop(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "render", lambda image, view: image)
    item = unlabeled(root)[0]
    assert torch.equal(item["weak"], item["strong1"]) and torch.equal(item["weak"], item["strong2"])


def test_the_strong_views_differ_from_each_other_and_the_weak_one(root: Path) -> None:
    data, pairs_apart = unlabeled(root), 0
    for epoch in range(10):
        data.epoch = epoch
        item = data[0]
        pairs_apart += not torch.equal(item["strong1"], item["strong2"])
        assert torch.equal(item["weak"], data[0]["weak"])
    assert pairs_apart >= 8  # both stay as they are in (0.2·0.8·0.5)² of the cases


def test_the_mask_of_an_unlabeled_image_is_never_opened(root: Path) -> None:
    pairs = [Pair("images/0.png", "masks/there-is-none.png")]
    named, unnamed = (
        UnlabeledDataset(THREE, root, list_, CROP, seed=0) for list_ in (pairs, [Pair(PAIRS[0][0], None)])
    )
    assert same(named[0], unnamed[0])


@pytest.mark.parametrize("make", [labeled, unlabeled])
def test_items_are_a_function_of_seed_epoch_and_position(root: Path, make: Any) -> None:
    data, again = make(root), make(root)
    torch.manual_seed(3)
    items = [data[i] for i in range(3)]
    torch.manual_seed(4)
    assert all(same(again[i], items[i]) for i in (2, 0, 1))  # whatever the order
    data.epoch = 1
    later = [data[i] for i in range(3)]
    assert not any(same(*both) for both in zip(items, later, strict=True))
    data.epoch = 0
    assert all(same(data[i], items[i]) for i in range(3))
    assert not same(make(root, seed=1)[0], items[0])


def test_labeled_and_unlabeled_crops_of_one_position_are_unrelated(root: Path) -> None:
    first, second = labeled(root)[0], unlabeled(root)[0]
    assert first["name"] == second["name"] and not torch.equal(first["image"], second["weak"])


@pytest.mark.parametrize("make", [labeled, unlabeled])
def test_workers_change_nothing(root: Path, make: Any) -> None:
    data: Dataset[dict[str, Any]] = make(root)
    here, there = (list(DataLoader(data, batch_size=2, num_workers=workers)) for workers in (0, 2))
    assert all(same(*both) for both in zip(here, there, strict=True))


def test_an_evaluation_item_is_the_whole_image(root: Path) -> None:
    data = EvaluationDataset(THREE, root, PAIRS, encoding="index")
    assert len(data) == 3
    item = data[2]
    assert (item["name"], item["index"]) == ("images/2.png", 2)
    assert item["image"].shape == (3, 30, 40) and item["mask"].shape == (30, 40)
    assert item["image"].dtype == item["mask"].dtype == torch.uint8 and set(item["mask"].unique().tolist()) == {
        0,
        1,
        2,
        255,
    }


def test_a_damaged_image_is_named(root: Path, tmp_path: Path) -> None:
    path = save_image(tmp_path / "images/0.png", np.zeros((30, 40, 3)))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"images/0\.png cannot be read"):
        unlabeled(tmp_path)[0]


def test_the_truth_of_an_unlabeled_item_is_of_its_crop_and_changes_nothing_else(root: Path) -> None:
    """Crop, padding and views are those of an item without truth; the truth is what the mask has at the same place."""
    for geometry in (CROP, SMALL):
        plain = unlabeled(root, geometry=geometry)
        seeing = UnlabeledDataset(THREE, root, PAIRS, geometry, seed=0, targets="index")
        for index in range(3):
            item = seeing[index]
            target = item.pop("target")
            assert same(item, plain[index])
            assert target.dtype == torch.int64 and set(target.unique().tolist()) <= {0, 1, 2, 255}
            assert target[item["ignore"] == 255].eq(255).all()


def test_the_truth_is_the_mask_s(tmp_path: Path) -> None:
    """An image whose grey level is its class: wherever the view is plain, truth and view say the same."""
    mask = np.kron(np.array([[0, 1], [2, 0]], dtype=np.uint8), np.ones((40, 40), dtype=np.uint8))
    write_pairs(tmp_path, [mask])
    save_image(tmp_path / PAIRS[0].image, np.repeat((100 * mask)[..., None], 3, 2))
    data = UnlabeledDataset(
        THREE, tmp_path, PAIRS[:1], Geometry(crop=28, base_size=None, scale=(1.0, 1.0)), seed=0, targets="index"
    )
    for epoch in range(5):
        data.epoch = epoch
        item = data[0]
        seen = (denormalise(item["weak"]).float().mean(0) / 100).round().long()
        assert torch.equal(seen, item["target"])


@pytest.mark.parametrize("classes", [(0, 1, 2), (0, 253, 254), (3, 254, 255), (254, 255, 999)])
def test_crops_of_any_number_of_classes(tmp_path: Path, classes: tuple[int, int, int]) -> None:
    """The labels of a crop are those of the same crop with three classes, renamed; no class counts as padding."""
    count = max(classes) + 1
    spec, void = numbered(count), 255 if count <= 255 else 65535
    rng = np.random.default_rng(1)
    few = [rng.choice([0, 1, 2, 255], size=(30, 40)) for _ in range(3)]
    renamed = np.full(256, void)
    renamed[:3] = classes
    write_pairs(tmp_path / "few", few)
    write_pairs(tmp_path / "many", [renamed[labels] for labels in few])

    def items(spec: DatasetSpec, folder: str) -> list[dict[str, Any]]:
        root, common = tmp_path / folder, {"seed": 0}
        labeled = LabeledDataset(spec, root, PAIRS, SMALL, encoding="index", length=2, **common)
        unlabeled = UnlabeledDataset(spec, root, PAIRS, SMALL, targets="index", **common)
        whole = EvaluationDataset(spec, root, [*PAIRS, Pair(PAIRS[0].image, None)], encoding="index")
        return [labeled[1], unlabeled[2], whole[0], whole[3]]

    for one, other in zip(items(THREE, "few"), items(spec, "many"), strict=True):
        for key in ("mask", "target"):
            if key in one:
                assert torch.equal(torch.from_numpy(renamed)[one[key].long()], other[key].long())
        assert "ignore" not in one or (one["ignore"].any() and torch.equal(one["ignore"], other["ignore"]))
