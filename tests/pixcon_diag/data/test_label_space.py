"""Label maps of other frameworks whose numbers of classes are not the data set's."""

from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.data.label_space import LabelSpace
from pixcon_train.core.errors import DataError
from pixcon_train.core.void import VOID
from pixcon_train.data.specs import get_spec
from tests.pixcon_train.data.files import THREE

ADE = get_spec("ade20k")
FOLDER = Path("maps")


def truth(classes: int, seed: int = 0) -> np.ndarray:
    labels = np.random.default_rng(seed).integers(0, classes, (20, 30), dtype=np.uint8)
    labels[0] = VOID
    return labels


def space(predict: object, classes: int = 5, spec: object = ADE, images: int = 3) -> LabelSpace:
    """Maps that ``predict`` makes of the truth, which is void in its first line."""
    found = LabelSpace(spec, FOLDER)  # type: ignore[arg-type]
    for seed in range(images):
        labels = truth(classes, seed)
        found.add(predict(labels), labels, FOLDER / f"{seed}.png")  # type: ignore[operator]
    return found


def blurred(labels: np.ndarray) -> np.ndarray:
    """The truth with every fifth column of another class, and a class where the truth is void."""
    made = np.where(labels == VOID, 0, labels)
    made[:, ::5] = 0
    return made


def test_labels_that_count_as_the_data_set_does() -> None:
    for predict in (blurred, lambda labels: np.full_like(labels, 1), lambda labels: truth(5, 77)):
        found = space(predict)
        found.check()
        assert list(found.notes()) == []


@pytest.mark.parametrize("classes", [5, 150])
def test_labels_one_too_high_are_the_official_form(classes: int) -> None:
    with pytest.raises(
        DataError, match=r"labels of the maps in maps look one too high.*none is 0.*with labels -1"
    ) as caught:
        space(lambda labels: blurred(labels) + 1, classes).check()
    assert "convert-masks maps OUT --shift -1" in str(caught.value) and "official form" in str(caught.value)


def test_the_miou_of_both_readings_is_told() -> None:
    with pytest.raises(DataError, match=r"mIoU is 0\.00 % as they are, 100\.00 % with labels -1"):
        space(lambda labels: np.where(labels == VOID, 0, labels) + 1).check()


def test_labels_one_too_low() -> None:
    with pytest.raises(DataError, match=r"look one too low: none is 149.*with labels \+1.*--shift 1"):
        space(lambda labels: np.where(labels == VOID, 1, labels) - (labels > 0)).check()


def test_one_class_everywhere_is_no_shift() -> None:
    """A network that finds the second class everywhere is wrong, not shifted."""
    space(lambda labels: np.ones_like(labels), classes=1, spec=THREE).check()


def test_void_in_place_of_classes() -> None:
    def unsure(labels: np.ndarray) -> np.ndarray:
        made = blurred(labels)
        made[5:10] = 255
        return made

    with pytest.raises(DataError, match=r"3 of 3 label maps, maps/0\.png for one, predict class 255.*\(26\.3 % of"):
        space(unsure, 3, THREE).check()


def test_values_of_another_data_set() -> None:
    with pytest.raises(DataError, match=r"predict class 7, 8, but three has classes 0\.\.2.*another data set"):
        space(lambda labels: np.where(labels == 1, 7, np.where(labels == 2, 8, 0)).astype(np.uint8), 3, THREE).check()


def test_anything_may_stand_where_the_truth_is_void() -> None:
    found = space(lambda labels: labels, 3, THREE)  # 255 in the first line
    found.check()
    assert found.foreign == []


def test_classes_that_no_mask_has_are_told() -> None:
    found = space(lambda labels: np.where(labels == 1, 2, 0).astype(np.uint8), classes=2, spec=THREE)
    found.check()
    (note,) = found.notes()
    assert "predicted as classes that no mask of the list has (dog)" in note


@pytest.mark.parametrize("shape", [(21, 30), (20, 29), (30, 20)])
def test_one_pixel_off_is_another_size(shape: tuple[int, int]) -> None:
    with pytest.raises(DataError, match=rf"0\.png is {shape[1]}×{shape[0]} pixels, but its mask is 30×20"):
        space(lambda labels: np.zeros(shape, dtype=np.uint8), 3, THREE)
