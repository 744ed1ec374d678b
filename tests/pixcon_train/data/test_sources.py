"""Where a data set lies: its root, its lists, and how its masks hold labels."""

from pathlib import Path

import numpy as np
import pytest

from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.data import digits
from pixcon_train.data.lists import Pair
from pixcon_train.data.reading import read_mask
from pixcon_train.data.sources import ROOT_VARIABLE, DataSource, locate, open_dataset
from pixcon_train.data.specs import get_spec
from tests.pixcon_train.data.files import THREE, save_image


@pytest.fixture(autouse=True)
def _no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)


def test_the_root_given_goes_before_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("given", "variable"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "variable"))
    assert open_dataset("pascal").root == tmp_path / "variable"
    assert open_dataset("pascal", tmp_path / "given").root == tmp_path / "given"


def test_a_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "voc").mkdir()
    assert open_dataset("pascal", "~/voc").root == tmp_path / "voc"


def test_no_root() -> None:
    with pytest.raises(ConfigError, match=r"Where is pascal.*--data-root FOLDER, or set PIXCON_DATA_ROOT"):
        open_dataset("pascal")


def test_a_root_that_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none is not a folder"):
        open_dataset("pascal", tmp_path / "none")


def test_digits_make_their_own_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(root: Path, scenes: digits.Scenes) -> None:
        root.mkdir(parents=True)

    monkeypatch.setenv(digits.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))  # meant for other data sets
    monkeypatch.setattr(digits, "write_scenes", write)
    assert locate(get_spec("digits")).root.parent == tmp_path / "cache"
    assert locate(get_spec("digits"), tmp_path).root == tmp_path


def test_a_list_is_looked_for_from_here_then_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, root = tmp_path / "here", tmp_path / "root"
    for folder in (here, root):
        folder.mkdir()
    monkeypatch.chdir(here)
    source = DataSource(THREE, root)
    (root / "mine.txt").write_text("a b\n")
    assert source.list_path("mine.txt", "val.txt", "validation") == root / "mine.txt"
    (here / "mine.txt").write_text("a b\n")
    assert source.list_path("mine.txt", "val.txt", "validation") == Path("mine.txt")
    assert source.list_path("none.txt", "val.txt", "validation") == Path("none.txt")  # reading it says what is wrong
    with pytest.raises(DataError, match=r"validation list is not at .*val\.txt\. Name one"):
        source.list_path(None, "val.txt", "validation")
    (root / "val.txt").write_text("a b\n")
    assert source.list_path(None, "val.txt", "validation") == root / "val.txt"


def test_a_data_set_without_a_list_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no labeled list of its own.*--bank-list.*--labeled.*pixcon-train split"):
        DataSource(THREE, tmp_path).list_path(None, None, "labeled")
    with pytest.raises(DataError, match=r"three's unlabeled list is not at .*--bank-list.*--unlabeled"):
        DataSource(THREE, tmp_path).list_path(None, "unlabeled.txt", "unlabeled")


def ade(root: Path, *masks: list[int]) -> tuple[DataSource, list[Pair]]:
    for i, mask in enumerate(masks):
        save_image(root / f"{i}.png", np.array([mask]))
    return DataSource(get_spec("ade20k"), root), [Pair(f"{i}.jpg", f"{i}.png") for i in range(len(masks))]


def test_the_form_of_labels_is_seen_or_said(tmp_path: Path) -> None:
    source, pairs = ade(tmp_path, [0, 4], [0, 255])
    assert source.encoding("auto", pairs) == "shifted"
    assert source.encoding("auto", [Pair("0.jpg", None), *pairs[:1]]) == "raw"
    assert source.encoding("raw", pairs) == "raw"
    assert DataSource(THREE, tmp_path).encoding("auto", pairs) == "index"
    assert DataSource(THREE, tmp_path).encoding("index", pairs) == "index"


def test_masks_hold_one_to_k_where_zero_is_void(tmp_path: Path) -> None:
    spec = THREE.model_copy(update={"void": 0})
    save_image(tmp_path / "a.png", np.array([[0, 1, 2, 3]]))
    source = DataSource(spec, tmp_path)
    assert source.encoding("auto", [Pair("a.jpg", "a.png")]) == source.encoding("raw", []) == "raw"
    assert read_mask(tmp_path / "a.png", spec, "raw").tolist() == [[255, 0, 1, 2]]
    save_image(tmp_path / "b.png", np.array([[0, 4]]))
    with pytest.raises(DataError, match=r"holds the value 4.*expected 1\.\.3, or 0 for void"):
        read_mask(tmp_path / "b.png", spec, "raw")
    with pytest.raises(ConfigError, match="--labels is `shifted`, but three has `void: 0`"):
        source.encoding("shifted", [])


def test_a_list_is_read_with_paths_that_are_there(tmp_path: Path) -> None:
    save_image(tmp_path / "images/a.png", np.zeros((2, 2)))
    (tmp_path / "val.txt").write_text("/images/a.png /masks/a.png\n")
    assert DataSource(THREE, tmp_path).read(tmp_path / "val.txt") == [Pair("images/a.png", "masks/a.png")]


def test_a_form_that_the_data_set_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--labels raw is for ADE20K; three has one form"):
        DataSource(THREE, tmp_path).encoding("raw", [])
    with pytest.raises(ConfigError, match="--labels is `rwa`; expected auto, index, shifted, raw"):
        DataSource(get_spec("ade20k"), tmp_path).encoding("rwa", [])
