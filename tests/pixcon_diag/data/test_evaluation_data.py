"""What decides the images that a checkpoint is measured on. Files are not opened here beyond lists and masks."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.checkpoints.description import RunRecord
from pixcon_diag.data.evaluation_data import DataChoice, check_choice, choose_data, choose_unlabeled
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.data.remembered import remember_list, remember_root
from pixcon_train.data.specs import get_spec


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIXCON_DATA_ROOT", raising=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/val.txt").write_text("a.jpg a.png\nb.jpg b.png\nc.jpg c.png\n")
    remember_root(tmp_path / "data")
    return tmp_path / "data"


def public(num_classes: int, **changes: Any) -> Any:
    """A loaded checkpoint that says nothing of its data."""
    info = SimpleNamespace(num_classes=num_classes)
    return SimpleNamespace(info=info, run=None, data=None, **changes)


def own(root: Path, *, val_limit: int | None = None) -> Any:
    """A loaded checkpoint of this project, trained on CamVid."""
    spec = get_spec("camvid").to_dict()
    lists = {"val": {"path": "old/val.txt", "text": "x.jpg x.png\ny.jpg y.png\n"}}
    config = {"data": {"dataset": "camvid", "labels": "auto", "val_limit": val_limit}}
    checkpoint = RunRecord(config, spec, str(root), lists)
    return SimpleNamespace(info=SimpleNamespace(num_classes=11, source="a.pth"), run=checkpoint, data=spec)


def images(data: Any) -> list[str]:
    return [pair.image for pair in data.pairs]


@pytest.mark.parametrize(("count", "name"), [(21, "pascal"), (11, "camvid"), (81, "coco")])
def test_a_public_file_s_number_of_classes_is_taken_for_its_data_set(root: Path, count: int, name: str) -> None:
    data = choose_data(DataChoice(root=root), public(count))
    assert data.spec.name == name and f"{count} classes are assumed to be {name}" in str(data.note)


def test_what_the_user_says_goes_before_a_guess(root: Path) -> None:
    data = choose_data(DataChoice(dataset="pascal", root=root, limit=2), public(11))
    assert (data.spec.name, data.note, images(data)) == ("pascal", None, ["a.jpg", "b.jpg"])


def test_a_choice_is_checked_without_reading_its_files(root: Path, tmp_path: Path) -> None:
    (tmp_path / "public.pth").touch()
    choice = DataChoice("pascal", root, root / "val.txt")
    (root / "val.txt").write_bytes(b"\0")
    check_choice(choice, str(tmp_path / "public.pth"))
    for wrong, words in (
        ({"root": tmp_path / "none"}, "none is not a folder"),
        ({"list_path": tmp_path / "none.txt"}, "No list at"),
        ({"labels": "raw"}, "--labels raw is for ADE20K"),
        ({"labels": "odd"}, "--labels is `odd`"),
    ):
        with pytest.raises((ConfigError, DataError), match=words):
            check_choice(replace(choice, **wrong), str(tmp_path / "public.pth"))


def test_nothing_to_go_by(root: Path) -> None:
    with pytest.raises(ConfigError, match="Which data set"):
        choose_data(DataChoice(root=root))
    with pytest.raises(ConfigError, match="no public one has 7 classes"):
        choose_data(DataChoice(root=root), public(7))
    with pytest.raises(ConfigError, match="--data-root"):
        choose_data(DataChoice(), public(11))


def test_a_run_of_this_project_knows_its_list_and_root(root: Path) -> None:
    data = choose_data(DataChoice(), own(root))
    assert (data.source.root, data.list_name, images(data), data.note) == (
        root,
        "old/val.txt",
        ["x.jpg", "y.jpg"],
        None,
    )


def test_a_list_or_root_that_the_user_names_goes_before_the_run_s(root: Path, tmp_path: Path) -> None:
    data = choose_data(DataChoice(list_path=root / "val.txt"), own(root))
    assert images(data) == ["a.jpg", "b.jpg", "c.jpg"]
    assert choose_data(DataChoice(root=tmp_path), own(root)).source.root == tmp_path
    with pytest.raises(DataError, match="not a folder"):
        choose_data(DataChoice(root=tmp_path / "nothing"), own(root))


def test_data_that_moved_are_looked_for_in_the_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXCON_DATA_ROOT", str(root))
    data = choose_data(DataChoice(), own(root / "gone"))
    assert data.source.root == root and "is not here" in str(data.note)


def test_another_data_set_has_its_own_list(root: Path) -> None:
    data = choose_data(DataChoice(dataset="digits", root=root), own(root))
    assert (data.spec.name, images(data)) == ("digits", ["a.jpg", "b.jpg", "c.jpg"])


def test_a_part_of_the_list_in_training_is_mentioned(root: Path) -> None:
    assert "validated on the first 1 images" in str(choose_data(DataChoice(), own(root, val_limit=1)).note)
    assert choose_data(DataChoice(limit=1), own(root, val_limit=1)).note is None


def test_the_pairs_have_a_hash_wherever_the_list_lies(root: Path) -> None:
    (root / "copy.txt").write_text("\na.jpg   a.png\nb.jpg b.png\nc.jpg c.png\n")
    first = choose_data(DataChoice(root=root), public(11)).info()
    copy = choose_data(DataChoice(root=root, list_path=root / "copy.txt"), public(11)).info()
    part = choose_data(DataChoice(root=root, limit=2), public(11)).info()
    assert first.list_sha256 == copy.list_sha256 != part.list_sha256
    assert (first.images, part.images) == (3, 2)


def test_ade20k_s_two_forms_are_told_apart_and_can_be_said(root: Path) -> None:
    for name in "abc":
        Image.fromarray(np.full((4, 4), 150, dtype=np.uint8)).save(root / f"{name}.png")
    assert choose_data(DataChoice(dataset="ade20k", root=root)).encoding == "raw"
    assert choose_data(DataChoice(dataset="ade20k", root=root, labels="shifted")).encoding == "shifted"
    with pytest.raises(ConfigError, match="ADE20K"):
        choose_data(DataChoice(dataset="camvid", root=root, labels="raw"))


def test_the_lists_a_run_was_trained_on_are_kept_in_its_checkpoint(root: Path) -> None:
    loaded = own(root, val_limit=1)
    lists = {"labeled": "l.jpg l.png\n", "unlabeled": "u.jpg u.png\nv.jpg v.png\n"}
    loaded.run.lists.update({name: {"path": f"old/{name}.txt", "text": text} for name, text in lists.items()})
    labeled, unlabeled = (choose_data(DataChoice(), loaded, split) for split in ("labeled", "unlabeled"))
    assert (labeled.list_name, images(labeled)) == ("old/labeled.txt", ["l.jpg"])
    assert (unlabeled.list_name, images(unlabeled)) == ("old/unlabeled.txt", ["u.jpg", "v.jpg"])
    assert labeled.note is None  # the limit was one of validation
    assert images(choose_data(DataChoice(list_path=root / "val.txt", limit=2), loaded, "labeled")) == ["a.jpg", "b.jpg"]


def test_unlabeled_images_without_masks_cannot_be_measured(root: Path) -> None:
    loaded = own(root)
    loaded.run.lists["unlabeled"] = {"path": "old/unlabeled.txt", "text": "u.jpg\n"}
    with pytest.raises(DataError, match=r"old/unlabeled.txt, line 1: found `u.jpg`, expected `IMAGE MASK`"):
        choose_data(DataChoice(), loaded, "unlabeled")


def test_an_unlabeled_list_may_lack_masks(root: Path) -> None:
    """Also where it names files that do not exist; each is then None."""
    loaded = own(root)
    loaded.run.lists["unlabeled"] = {"path": "old/unlabeled.txt", "text": "u.jpg\nv.jpg v.png\nw.jpg w.png\n"}
    Image.fromarray(np.zeros((2, 2), dtype=np.uint8)).save(root / "w.png")
    data = choose_unlabeled(DataChoice(), loaded)
    assert [(pair.image, pair.mask) for pair in data.pairs] == [("u.jpg", None), ("v.jpg", None), ("w.jpg", "w.png")]
    assert (data.list_name, data.limited) == ("old/unlabeled.txt", False)
    (root / "mine.txt").write_text("a.jpg\nb.jpg\n")
    named = choose_unlabeled(DataChoice(limit=1, list_path=root / "val.txt"), loaded, root / "mine.txt")
    assert (images(named), named.limited, named.spec.name) == (["a.jpg"], True, "camvid")


def test_a_public_file_has_its_data_set_s_lists_or_is_told_one(root: Path) -> None:
    (root / "own.yaml").write_text("classes: [a, b]\nlabeled_list: labeled.txt\n")
    (root / "labeled.txt").write_text("l.jpg l.png\n")
    choice = DataChoice(dataset=str(root / "own.yaml"), root=root)
    assert images(choose_data(choice, public(2), "labeled")) == ["l.jpg"]
    with pytest.raises(ConfigError, match=r"no unlabeled list of its own.*--bank-list"):
        choose_data(choice, public(2), "unlabeled")


def test_a_root_that_a_stranger_s_checkpoint_names_is_not_read(root: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    stranger = own(tmp_path / "private")
    with pytest.raises(ConfigError, match=r"a\.pth names .*private as the data root.*--data-root.*--allow-outside"):
        choose_data(DataChoice(), stranger)
    assert choose_data(DataChoice(allow_outside=True), stranger).source.root == tmp_path / "private"
    with pytest.raises(ConfigError):  # allowed once is not named
        choose_data(DataChoice(), stranger)
    assert choose_data(DataChoice(root=tmp_path / "private"), stranger).source.root == tmp_path / "private"
    assert choose_data(DataChoice(), stranger).source.root == tmp_path / "private"  # the user has named it


def test_the_environment_s_root_goes_before_a_stranger_s(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIXCON_DATA_ROOT", str(root))
    (tmp_path / "private").mkdir()
    data = choose_data(DataChoice(), own(tmp_path / "private"))
    assert data.source.root == root and "not named on this machine" in str(data.note)


@pytest.mark.parametrize("name", ["x" * 300, "/" + "x/" * 3000, "a\0b", "~nobody-of-this-name/x", "link"])
def test_a_root_that_no_folder_can_have_is_missing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to("link")
    with pytest.raises(ConfigError, match="--data-root"):
        choose_data(DataChoice(), own(Path(name)))
    with pytest.raises(DataError, match="is not a folder"):
        choose_data(DataChoice(root=Path(name)), own(root))


@pytest.mark.parametrize("path", ["/etc/passwd", "../private/a.jpg", "link.jpg", "linked/a.jpg", "a/../../private/a"])
def test_a_list_in_a_checkpoint_stays_under_the_root(root: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private/a.jpg").touch()
    (root / "link.jpg").symlink_to(tmp_path / "private/a.jpg")
    (root / "linked").symlink_to(tmp_path / "private")
    checkpoint = own(root)
    text = checkpoint.run.lists["val"]["text"] = f"x.jpg x.png\n{path} y.png\n"
    with pytest.raises(DataError, match=r"val list in a\.pth names .*, which leads out of .*--allow-outside"):
        choose_data(DataChoice(), checkpoint)
    assert images(choose_data(DataChoice(allow_outside=True), checkpoint)) == ["x.jpg", path]
    (root / "mine.txt").write_text(text)
    assert images(choose_data(DataChoice(list_path=root / "mine.txt"), checkpoint)) == ["x.jpg", path]
    remember_list(root, text)  # as training with this list does
    assert images(choose_data(DataChoice(), checkpoint)) == ["x.jpg", path]


def test_a_path_that_stays_under_the_root_may_go_up(root: Path) -> None:
    checkpoint = own(root)
    checkpoint.run.lists["val"]["text"] = "b/../x.jpg x.png\n"
    assert images(choose_data(DataChoice(), checkpoint)) == ["b/../x.jpg"]


def test_a_list_file_that_a_checkpoint_names_stays_under_the_root(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("a b\n")
    checkpoint = own(root)
    checkpoint.run.lists.clear()
    for name in (str(tmp_path / "secret.txt"), "../secret.txt"):
        checkpoint.data = checkpoint.data | {"val_list": name}
        checkpoint.run = replace(checkpoint.run, data=checkpoint.data)
        with pytest.raises(ConfigError, match=r"a\.pth names .*secret\.txt as its validation list"):
            choose_data(DataChoice(), checkpoint)
