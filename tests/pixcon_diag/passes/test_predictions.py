"""What a pass can be asked, and label maps that another framework saved."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pixcon_diag.cache.measure import measure
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.predictions import MeasuredPass, SavedPredictions, measure_predictions, read_target
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.void import VOID
from pixcon_train.data.sources import DataSource
from pixcon_train.data.specs import DatasetSpec, voc_palette
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.iou_result import IoUResult
from tests.pixcon_diag.passes.small import CLASSES, SIZES, cpu, images, network
from tests.pixcon_train.data.files import save_image, write_pairs


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data")


@pytest.fixture
def measured(data: EvaluationData, tmp_path: Path) -> MeasuredPass:
    return measure(network(), data, run=cpu(), cache=tmp_path / "kept")


@pytest.fixture
def saved(measured: MeasuredPass, tmp_path: Path) -> Path:
    """The pass's own label maps, as another framework would save them."""
    folder = tmp_path / "predictions"
    for pair, file in zip(measured.data.pairs, measured.label_maps.files, strict=True):
        target = (folder / pair.image).with_suffix(".png")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return folder


def test_a_pass_answers_from_what_it_counted(measured: MeasuredPass) -> None:
    assert measured.statistics.shape == (len(SIZES), 3, CLASSES)
    assert measured.iou == IoUResult.from_counts(measured.counts.statistics.sum(0))
    assert [at.tau for at in measured.contamination().thresholds] == [0.95]
    assert [at.tau for at in measured.contamination((0.5, 0.7)).thresholds] == [0.5, 0.7]
    with pytest.raises(ConfigError, match=r"Threshold 0.1234 was not counted"):
        measured.contamination((0.1234,))
    rows = measured.counts.retained(0.5).sum(0).tolist()
    overall = measured.contamination((0.5,)).at(0.5).overall
    assert rows == [overall.pixels, overall.retained, overall.retained - overall.correct]
    assert measured.sample().num_classes == CLASSES


def test_geometry_runs_over_the_foreground_classes(measured: MeasuredPass) -> None:
    geometry = measured.geometry(min_pixels=1)
    assert geometry.measured == measured.data.spec.foreground == (1, 2)
    assert measured.geometry(10**6).left_out == (1, 2)


def test_label_maps_are_those_that_were_counted(measured: MeasuredPass) -> None:
    iou = SegmentationIoU(CLASSES, VOID)
    for index in range(len(measured.label_maps)):
        maps = (measured.label_maps.read(index), read_target(measured.data, index))
        iou.update(*(torch.from_numpy(labels)[None] for labels in maps))
    assert iou.compute() == measured.iou


def test_saved_predictions_count_as_the_pass_that_made_them(measured: MeasuredPass, saved: Path) -> None:
    steps: list[tuple[int, int]] = []
    found = measure_predictions(saved, measured.data, progress=lambda *step: steps.append(step))
    assert (found.statistics == measured.statistics).all() and found.iou == measured.iou
    assert (found.name, found.provenance.checkpoint.layout) == ("predictions", "saved label maps")
    assert found.provenance.data == measured.provenance.data
    assert (found.provenance.inference.protocol, found.provenance.checkpoint.scores.epoch) == ("unknown", None)
    assert steps == [(index, len(SIZES)) for index in range(len(SIZES) + 1)]


def test_their_name_is_the_folder_s_or_one_that_is_given(
    measured: MeasuredPass, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert measure_predictions(saved, measured.data, name="theirs").name == "theirs"
    monkeypatch.chdir(saved)
    assert measure_predictions(Path(), measured.data).name == "predictions"


def test_their_hash_is_of_the_labels_whatever_the_file_s_form(measured: MeasuredPass, saved: Path) -> None:
    def found() -> SavedPredictions:
        return measure_predictions(saved, measured.data)

    before = found().provenance.checkpoint.sha256
    path = saved / "images/2.png"
    labels = np.asarray(Image.open(path))
    Image.fromarray(labels).save(path)
    assert found().provenance.checkpoint.sha256 == before
    Image.fromarray((labels + 1) % CLASSES).save(path)
    assert found().provenance.checkpoint.sha256 != before


def change(data: EvaluationData, saved: Path, index: int, where: str, value: int) -> None:
    """Put ``value`` where the truth is void, or where it is not."""
    path = saved / f"images/{index}.png"
    labels = np.array(Image.open(path))
    void = read_target(data, index) == VOID
    labels[void if where == "void" else ~void] = value
    Image.fromarray(labels).save(path)


def test_where_the_truth_is_void_they_may_hold_anything(measured: MeasuredPass, saved: Path) -> None:
    change(measured.data, saved, 1, "void", 255)
    assert (measure_predictions(saved, measured.data).statistics == measured.statistics).all()


@pytest.mark.parametrize("value", [CLASSES, 255])
def test_a_class_that_there_is_not_is_refused(measured: MeasuredPass, saved: Path, value: int) -> None:
    change(measured.data, saved, 1, "valid", value)
    with pytest.raises(DataError, match=rf"images/1.png predicts class {value}, but three has classes 0..2"):
        measure_predictions(saved, measured.data)


def test_another_size_than_the_mask_s_is_refused(measured: MeasuredPass, saved: Path) -> None:
    Image.fromarray(np.zeros((10, 14), dtype=np.uint8)).save(saved / "images/0.png")
    with pytest.raises(DataError, match=r"images/0.png is 14×10 pixels, but its mask is 28×20"):
        measure_predictions(saved, measured.data)


def test_a_missing_map_is_refused_before_any_is_read(measured: MeasuredPass, saved: Path) -> None:
    (saved / "images/4.png").unlink()
    steps: list[tuple[int, int]] = []
    with pytest.raises(DataError, match=r"has no prediction of images/4.png"):
        measure_predictions(saved, measured.data, progress=lambda *step: steps.append(step))
    assert steps == []


def test_a_mask_that_cannot_be_read_is_named(measured: MeasuredPass, saved: Path) -> None:
    Image.fromarray(np.full(SIZES[3], 7, dtype=np.uint8)).save(measured.data.source.root / "masks/3.png")
    with pytest.raises(DataError, match=r"masks/3.png holds the value 7"):
        measure_predictions(saved, measured.data)


def test_maps_of_labels_one_too_high_are_refused(measured: MeasuredPass, saved: Path) -> None:
    for index in range(len(SIZES)):
        truth = read_target(measured.data, index).astype(int)
        shifted = np.where(truth >= CLASSES - 1, 0, truth) + 1  # the last class is not predicted, so all are classes
        Image.fromarray(shifted.astype(np.uint8)).save(saved / f"images/{index}.png")
    with pytest.raises(DataError, match=r"look one too high.*convert-masks .* OUT --shift -1"):
        measure_predictions(saved, measured.data)


def test_masks_of_0_and_255_are_refused_for_saved_maps_too(tmp_path: Path) -> None:
    """A network that finds nothing must not get 100 %, and images need not be there."""
    spec = DatasetSpec(name="cracks", classes=("background", "crack"), palette=tuple(voc_palette(2)))
    pairs = write_pairs(tmp_path, [[[0, 0, 255, 255]]])
    (tmp_path / "images/0.png").unlink()
    save_image(tmp_path / "maps/0.png", np.zeros((1, 4)))
    data = EvaluationData(DataSource(spec, tmp_path), "val.txt", tuple(pairs), "index")
    with pytest.raises(DataError, match="No pixel of `crack`"):
        measure_predictions(tmp_path / "maps", data)
    notes: list[str] = []
    stated = spec.model_copy(update={"void": 255})
    data = EvaluationData(DataSource(stated, tmp_path), "val.txt", tuple(pairs), "index")
    measure_predictions(tmp_path / "maps", data, notify=notes.append)
    assert len(notes) == 1 and "No pixel of `crack`" in notes[0]
