"""Which measured images were trained on with labels."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pixcon_diag.data.labeled_images import in_labeled_list
from pixcon_train.data.lists import Pair
from tests.pixcon_diag.analyses.made import evaluation_data


def run(text: str, name: str = "three", root: Path = Path("trained")) -> Any:
    return SimpleNamespace(
        data={"name": name}, root=str(root), lists={"labeled": {"path": "labeled.txt", "text": text}}
    )


def test_images_are_compared_by_their_paths() -> None:
    data = evaluation_data(3)
    listed = "val.txt/1.jpg val.txt/1.png\nother.jpg other.png\n"
    assert in_labeled_list(data, run(listed, data.spec.name)).tolist() == [False, True, False]


def test_an_image_of_another_data_set_is_another_image() -> None:
    data = evaluation_data(2)
    assert not in_labeled_list(data, run("val.txt/1.jpg val.txt/1.png\n", "other")).any()


def test_without_a_list_nothing_is_known() -> None:
    data = evaluation_data(2)
    assert in_labeled_list(data, None) is None
    assert in_labeled_list(data, SimpleNamespace(data={"name": "three"}, lists={})) is None  # type: ignore[arg-type]


def test_the_convention_of_paths_does_not_matter(tmp_path: Path) -> None:
    """DeepLab's lists begin paths with a slash."""
    (tmp_path / "val.txt").mkdir()
    (tmp_path / "val.txt/1.jpg").touch()
    data = evaluation_data(2)
    here: Any = SimpleNamespace(spec=data.spec, pairs=data.pairs, source=SimpleNamespace(root=tmp_path))
    assert in_labeled_list(here, run("/val.txt/1.jpg /val.txt/1.png\n", data.spec.name)).tolist() == [False, True]


def test_an_absolute_path_names_the_same_image(tmp_path: Path) -> None:
    """Else the verdict would judge by images whose labels the network has learned."""
    data = evaluation_data(2)
    source = SimpleNamespace(root=tmp_path)
    pairs = tuple(Pair(str(tmp_path / pair.image), pair.mask) for pair in data.pairs)
    absolute: Any = SimpleNamespace(spec=data.spec, pairs=pairs, source=source)
    assert in_labeled_list(absolute, run("./val.txt/1.jpg val.txt/1.png\n", data.spec.name)).tolist() == [False, True]


def test_a_file_of_the_training_is_known_under_any_data_set_and_root(tmp_path: Path) -> None:
    data = evaluation_data(2)
    here: Any = SimpleNamespace(spec=data.spec, pairs=data.pairs, source=SimpleNamespace(root=tmp_path))
    for name in ("other", data.spec.name):
        trained = run("1.jpg 1.png\n", name, tmp_path / "val.txt")
        assert in_labeled_list(here, trained).tolist() == [False, True]
