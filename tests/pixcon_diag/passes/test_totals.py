"""A stored pass whose statistics contradict each other is not used."""

import json
from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.cache.arrays import read_arrays, write_arrays
from pixcon_diag.cache.measure import measure
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.predictions import pass_statistics
from pixcon_diag.passes.totals import cell_disagreements, pass_disagreements
from pixcon_train.core.files import sha256
from tests.pixcon_diag.passes.small import CLASSES, cpu, images, network, seen


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    return dict(measure(network(), images(tmp_path_factory.mktemp("data")), run=cpu()).state)


def test_the_totals_of_a_pass_agree(state: dict[str, np.ndarray]) -> None:
    assert list(pass_disagreements(state)) == [] and list(cell_disagreements(state)) == []


@pytest.mark.parametrize(
    ("statistic", "total"),
    [
        ("images.statistics", "predicted pixels by class"),
        ("images.histogram", "confidences by image and by zone"),
        ("images.boundary", "pixels of the boundary bands"),
        ("contamination.by_predicted", "confidences by image and by predicted class"),
        ("contamination.by_truth", "confidences by image and by true class"),
        ("contamination.zones", "confidences by image and by zone"),
        ("cells.rows", "non-empty cells"),
        ("cells.pixels", "pixels of each image's cells"),
        ("cells.histogram", "pixels of each image's cells"),
    ],
)
def test_one_pixel_more_in_one_statistic_is_found(state: dict[str, np.ndarray], statistic: str, total: str) -> None:
    for place in np.argwhere(state[statistic])[:: len(state[statistic])]:
        forged = {**state, statistic: state[statistic].copy()}
        forged[statistic][tuple(place)] += 1
        found = found_in(forged)
        assert found, (statistic, place)
    assert total in found_in(add_to_first(state, statistic))


def add_to_first(state: dict[str, np.ndarray], statistic: str) -> dict[str, np.ndarray]:
    forged = {**state, statistic: state[statistic].copy()}
    if statistic == "images.statistics":
        forged[statistic][0, 1, 0] += 1
    else:
        forged[statistic].flat[0] += 1
    return forged


def found_in(state: dict[str, np.ndarray]) -> str:
    try:
        return "; ".join(pass_disagreements(state))
    except ValueError as error:
        return f"non-empty cells: {error}"


def test_an_image_less_is_found(state: dict[str, np.ndarray]) -> None:
    for name in ("images.statistics", "images.boundary", "cells.sums"):
        assert found_in({**state, name: state[name][1:]})


def test_strays_are_left_to_the_results(state: dict[str, np.ndarray]) -> None:
    """A pixel of no class is in some totals only; each result refuses it with a message of its own."""
    strays = state["images.strays"].copy()
    strays[1, 0] = 1
    forged = {**add_to_first(state, "images.histogram"), "images.strays": strays}
    assert list(pass_disagreements(forged)) == []


def test_a_stored_pass_that_contradicts_itself_is_run_again(tmp_path: Path) -> None:
    data, first = images(tmp_path / "data"), network()
    done = measure(first, data, run=cpu(), cache=tmp_path / "kept")
    (manifest_file,) = (tmp_path / "kept").glob("*/manifest.json")
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    file = manifest_file.parent / manifest["state"]
    arrays = {name: np.array(value) for name, value in read_arrays(file).items()}
    arrays["contamination.by_predicted"].flat[0] += 1
    write_arrays(file, arrays)
    manifest["sha256"] = sha256(file)
    manifest_file.write_text(json.dumps(manifest), encoding="utf-8")
    told: list[str] = []
    again = network()
    repeated = measure(again, data, run=cpu(), cache=tmp_path / "kept", notify=told.append)
    assert any("its totals do not agree" in sentence and "it is run again" in sentence for sentence in told)
    assert seen(again) == len(data.pairs)
    np.testing.assert_array_equal(repeated.statistics, done.statistics)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cells.index", 10**6),
        ("cells.index", -1),
        ("centroids.label", CLASSES),
        ("sampler.labels", CLASSES),
        ("cells.rows", 2**62),
    ],
)
def test_an_index_beyond_its_table_is_found(state: dict[str, np.ndarray], name: str, value: int) -> None:
    forged = state[name].astype(np.int64)
    forged[0] = value
    statistics, images = pass_statistics(CLASSES, MeasureOptions()), len(state["images.statistics"])
    with pytest.raises(ValueError, match=rf"{name} holds .*{value}"):
        statistics.check({**state, name: forged}, complete=True, images=images)


def test_a_state_is_checked_whole(state: dict[str, np.ndarray]) -> None:
    statistics, images = pass_statistics(CLASSES, MeasureOptions()), len(state["images.statistics"])
    statistics.check(state, complete=True, images=images)
    with pytest.raises(ValueError, match=r"its state lacks cells\.rows"):
        statistics.check({n: value for n, value in state.items() if n != "cells.rows"}, complete=True, images=images)
