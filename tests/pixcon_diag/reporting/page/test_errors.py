"""The confusion matrix of the page, and the images that its cells open."""

import numpy as np

from pixcon_diag.passes.predictions import read_target
from pixcon_diag.reporting.page import errors
from pixcon_diag.reporting.page.section import Context
from pixcon_train.core.void import VOID


def test_cells_are_the_pixels_of_a_class_predicted_as_another(measured: Context) -> None:
    """Against a count pixel by pixel, and so are the images of each cell."""
    section = errors.section(measured)
    assert section is not None
    member, shown = measured.measured[0].members[0], section.data["members"][0]
    matrix, by_image = np.zeros((3, 3), dtype=int), {}
    for index, pair in enumerate(member.data.pairs):
        target, predicted = read_target(member.data, index), member.label_maps.read(index)
        for t, p in zip(target.ravel().tolist(), predicted.ravel().tolist(), strict=True):
            if t != VOID:
                matrix[t, p] += 1
                by_image.setdefault((t, p), {}).setdefault(pair.image, 0)
                by_image[t, p][pair.image] += 1
    assert shown["shown"] == [0, 1, 2] and shown["matrix"] == matrix.tolist()
    assert shown["truth"] == matrix.sum(1).tolist()
    named = {tuple(map(int, pair.split(","))): dict(images) for pair, images in shown["images"].items()}
    assert named == {pair: images for pair, images in by_image.items() if pair[0] != pair[1]}


def test_of_many_classes_those_with_most_confused_pixels_are_shown() -> None:
    from pixcon_diag.measures.error_budget_result import ErrorBudget
    from tests.pixcon_diag.analyses.made import evaluation_data, predictions

    classes = 30
    statistics = np.zeros((1, 3, classes), dtype=np.int64)
    wrong = np.array([[0, 0, k, (k + 1) % classes, 100 + k] for k in range(0, classes, 2)], dtype=np.int64)
    np.add.at(statistics[0, 1], wrong[:, 3], wrong[:, 4])
    np.add.at(statistics[0, 2], wrong[:, 2], wrong[:, 4])
    member = predictions("a", np.zeros((3, 3)), evaluation_data())
    found = errors.confusions(member, ErrorBudget(statistics, statistics, wrong, 5))
    assert len(found["shown"]) == errors.MOST_CLASSES and 29 in found["shown"] and 0 not in found["shown"]
    assert found["images"]["28,29"] == [["val.txt/0.jpg", 128]]


def test_bars_end_at_100_per_cent(measured: Context) -> None:
    section = errors.section(measured)
    assert section is not None
    content = measured.content("doctor")["results"][0]["errors"]
    assert content["miou"] + sum(one["step"] for one in content["categories"]) == 1
    assert section.body.count('class="part kind-0"') == 4
