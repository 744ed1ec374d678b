"""Folders of saved maps in a study: with confidence they are members, without they are counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pixcon_diag.cache.count_cells import count_cells
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.saved_maps import CONFIDENCE
from pixcon_diag.groups.saved_folders import SavedFolders, refuse_equal_names
from pixcon_diag.passes.export_maps import export_maps
from pixcon_diag.passes.predicted_maps import PredictedMaps
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.progress import Progress, no_notes, silent
from pixcon_train.data.lists import Pair
from tests.pixcon_diag.passes.small import SIZES, cpu, images, listed, network


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data")


@pytest.fixture
def folders(tmp_path: Path, data: EvaluationData) -> list[tuple[str, Path]]:
    """Labels alone, labels with confidence, and scores."""
    export_maps(network(), data, tmp_path / "labels", "png", cpu())
    for file in (tmp_path / "labels/images").glob(f"*{CONFIDENCE}"):
        file.unlink()
    export_maps(network(), data, tmp_path / "both", "png", cpu())
    export_maps(network(), data, tmp_path / "scores", "npz", cpu())
    return [(name, tmp_path / name) for name in ("labels", "both", "scores")]


def opened(folders: list[tuple[str, Path]], data: EvaluationData, bars: list[str]) -> SavedFolders:
    @contextmanager
    def bar(description: str) -> Iterator[Progress]:
        bars.append(description)
        yield silent

    return SavedFolders(folders, lambda: data, (0.5, 0.95), 3, bar, no_notes)


def test_folders_with_confidence_are_members(folders: list[tuple[str, Path]], data: EvaluationData) -> None:
    found = opened(folders, data, bars := [])
    assert [(member.place, member.group, member.checkpoint.name) for member in found.members] == [
        (3, "both", "both"),
        (4, "scores", "scores"),
    ]
    assert [member.checkpoint.maps for member in found.members] == [folders[1][1], folders[2][1]]
    assert found.without_confidence == ["labels"] and bars == [f"hashing {folder}" for _, folder in folders[1:]]
    assert [(saved.name, len(saved.statistics)) for saved in found.labels] == [("labels", len(SIZES))]
    assert bars[2:] == [f"reading {folders[0][1]}"]


def test_label_maps_of_other_images_need_no_masks(folders: list[tuple[str, Path]], data: EvaluationData) -> None:
    part = listed(data.source.root, [Pair(pair.image, None) for pair in data.pairs[1:3]])

    def count(checkpoint: LoadedCheckpoint, images: EvaluationData) -> PredictedMaps:
        return count_cells(checkpoint, images, maps=True)

    (_, labels), (_, both), (_, scores) = opened(folders, data, []).predicted(part, count)
    for index in range(2):
        expected = labels.label_maps.read(index)
        assert expected.shape == SIZES[index + 1]
        assert all((other.label_maps.read(index) == expected).all() for other in (both, scores))


def test_without_a_folder_no_images_are_chosen() -> None:
    def never() -> EvaluationData:
        raise AssertionError

    found = SavedFolders([], never, (0.5,), 0, lambda _: pytest.fail("no bar"), no_notes)
    assert (found.members, found.labels, found.without_confidence) == ((), (), [])


def test_other_images_of_a_folder_need_a_confidence_too(folders: list[tuple[str, Path]], data: EvaluationData) -> None:
    found = opened(folders, data, [])
    both = found.members[0].checkpoint
    part = listed(data.source.root, list(data.pairs[1:3]))
    assert found.on(both, part).info.sha256 != both.info.sha256
    assert found.on(both, data).info == both.info
    for file in (folders[1][1] / "images").glob(f"*{CONFIDENCE}"):
        file.unlink()
    with pytest.raises(DataError, match="hold no confidence"):
        found.on(both, part)


def test_names_are_distinct() -> None:
    refuse_equal_names([("a", Path("x")), ("b", Path("x"))], ["c"])
    for folders, groups in (([("a", Path("x")), ("a", Path("y"))], []), ([("a", Path("x"))], ["a"])):
        with pytest.raises(ConfigError, match="Two groups are called 'a'"):
            refuse_equal_names(folders, groups)
