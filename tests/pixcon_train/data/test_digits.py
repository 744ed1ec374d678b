"""The embedded scenes: an ordinary data set on disk, the same every time, whole or absent."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation

from pixcon_train.core.errors import ConfigError, PixConError
from pixcon_train.data import digits
from pixcon_train.data.dataset_check import check_data
from pixcon_train.data.digits import Scenes, digits_root, write_scenes
from pixcon_train.data.images import read_image
from pixcon_train.data.lists import read_list
from pixcon_train.data.reading import read_mask
from pixcon_train.data.specs import get_spec

FEW = Scenes(train=40, val=20, labeled=8)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv(digits.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def masks_of(root: Path, name: str = "train.txt") -> torch.Tensor:
    """All masks of a list, (n, H, W) uint8."""
    spec = get_spec("digits")
    pairs = read_list(root / name, masks_required=True)
    return torch.stack([torch.from_numpy(read_mask(root / str(pair.mask), spec, "index")) for pair in pairs])


def test_the_layout_is_the_ordinary_one(cache: Path) -> None:
    root = digits_root(FEW)
    assert root.parent == cache
    train, val = (read_list(root / name, masks_required=True) for name in ("train.txt", "val.txt"))
    assert (len(train), len(val)) == (40, 20) and not set(train) & set(val)
    labeled = read_list(root / "splits/8/labeled.txt", masks_required=True)
    unlabeled = read_list(root / "splits/8/unlabeled.txt", masks_required=False)
    assert len(labeled) == 8 and labeled + unlabeled == train
    assert read_image(root / train[0].image).shape == (112, 112, 3)
    report = check_data(get_spec("digits"), root, train + val, encoding="index", images="whole")
    assert report.ok and report.void > 0


@pytest.mark.slow
def test_the_default_scenes_are_those_the_specification_names() -> None:
    """And in them every class has labeled and validation pixels, in falling numbers."""
    spec, root = get_spec("digits"), digits_root()
    labeled = read_list(root / str(spec.labeled_list), masks_required=True)
    unlabeled = read_list(root / str(spec.unlabeled_list), masks_required=False)
    assert (len(labeled), len(labeled) + len(unlabeled)) == (Scenes().labeled, Scenes().train)
    for name in (str(spec.labeled_list), spec.val_list):
        assert set(masks_of(root, name).unique().tolist()) == {*range(11), 255}
    counts = masks_of(root).flatten().long().bincount(minlength=256)[1:11].double()
    assert counts[:3].sum() > 1.5 * counts[-3:].sum()


def test_a_second_look_makes_nothing_new(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = digits_root(FEW)
    monkeypatch.setattr(digits, "write_scenes", lambda *_: pytest.fail("made again"))
    assert digits_root(FEW) == root
    assert [path.name for path in cache.iterdir()] == [root.name]


def test_other_parameters_have_another_folder() -> None:
    assert digits_root(FEW) != digits_root(replace(FEW, train=10))


def test_scenes_are_a_function_of_their_parameters(tmp_path: Path) -> None:
    few = replace(FEW, train=8, val=2, labeled=4)
    for name, scenes in (("a", few), ("b", few), ("c", replace(few, seed=1))):
        write_scenes(tmp_path / name, scenes)
    first, again, other = (
        [path.read_bytes() for path in sorted((tmp_path / name / "images").iterdir())] for name in "abc"
    )
    assert first == again
    assert all(mine != theirs for mine, theirs in zip(first, other, strict=True))


def test_void_is_a_ring_around_digits() -> None:
    masks = masks_of(digits_root(FEW)).numpy()
    assert (masks == 255).any()
    for mask in masks:
        grown = binary_dilation((mask > 0) & (mask < 255), np.ones((3, 3)), iterations=FEW.size[1])
        assert not ((mask == 255) & ~grown).any()
    bare = masks_of(digits_root(replace(FEW, ring=0)))
    assert not (bare == 255).any()


def test_training_and_validation_share_no_handwriting() -> None:
    material = digits._Material.load()
    for digit in range(10):
        train, val = material.of(digit, "train"), material.of(digit, "val")
        assert len(train) > 2 * len(val) > 60
        shared = {glyph.tobytes() for glyph in train} & {glyph.tobytes() for glyph in val}
        assert len(shared) <= 2  # scikit-learn holds a few digits twice


def test_hue_tells_the_class_in_part() -> None:
    """Only 7, 8 and 9 have hues close to others', each between two."""
    hues = digits._HUES
    apart = {(a, b): abs(hues[a] - hues[b]) for a in range(10) for b in range(a)}
    close = {pair for pair, distance in apart.items() if distance < 0.1}
    assert close == {(7, 1), (7, 2), (8, 3), (8, 4), (9, 4), (9, 5)}


def test_only_unlabeled_and_validation_scenes_mislead(tmp_path: Path) -> None:
    """With and without misleading hues the labeled scenes before the first difference are the same files."""
    few = replace(FEW, train=6, val=3, labeled=3)
    write_scenes(tmp_path / "all", replace(few, misleading=1.0))
    write_scenes(tmp_path / "none", replace(few, misleading=0.0))
    for number in range(3):
        name = f"images/train_{number:04d}.jpg"
        assert (tmp_path / "all" / name).read_bytes() == (tmp_path / "none" / name).read_bytes()
    name = "images/train_0003.jpg"
    assert (tmp_path / "all" / name).read_bytes() != (tmp_path / "none" / name).read_bytes()


def test_processes_that_make_it_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    few = replace(FEW, train=6, val=2, labeled=2)
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(write_scenes, tmp_path / "d", few) for _ in range(3)]:
            future.result()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".d", "d"))] == ["d"]
    assert len(read_list(tmp_path / "d/train.txt", masks_required=True)) == 6


def test_an_interruption_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(digits, "draw_scene", stop)
    with pytest.raises(KeyboardInterrupt):
        digits_root(FEW)
    assert list(cache.iterdir()) == []


def test_what_a_killed_process_left_is_removed(cache: Path) -> None:
    name = digits_root(FEW).name
    ended = subprocess.Popen(["true"])
    ended.wait()
    rmtree(cache / name)
    for number in (ended.pid, os.getppid()):
        (cache / f".{name}.abc.{number}.tmp" / "images").mkdir(parents=True)
    digits_root(FEW)
    assert {path.name for path in cache.iterdir()} == {name, f".{name}.abc.{os.getppid()}.tmp"}


def test_a_cache_that_cannot_be_written_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(digits.CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    with pytest.raises(PixConError, match=r"Could not write the digit scenes to .*Set PIXCON_CACHE"):
        digits_root(FEW)


def test_without_the_variable_the_users_own_cache_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(digits.CACHE_VARIABLE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    assert digits.cache_folder() == Path("/home/someone/.cache/pixcon-diag")
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert digits.cache_folder() == Path("/home/someone/.cache/pixcon-diag")
    monkeypatch.setenv("XDG_CACHE_HOME", "/scratch/cache")
    assert digits.cache_folder() == Path("/scratch/cache/pixcon-diag")
    monkeypatch.setenv(digits.CACHE_VARIABLE, "/fast")
    assert digits.cache_folder() == Path("/fast")


def test_a_user_without_a_home_folder_is_asked_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(digits.CACHE_VARIABLE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 3)
    with pytest.raises(ConfigError, match=digits.CACHE_VARIABLE):
        digits.cache_folder()
