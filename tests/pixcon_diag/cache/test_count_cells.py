"""A pass over images that may have no masks: what it counts, reuses and resumes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.cache.count_cells import count_cells
from pixcon_diag.cache.measure import measure
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.cells import CellsPass
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.progress import Notify, Progress, no_notes, silent
from pixcon_train.data.lists import Pair
from tests.pixcon_diag.passes.small import CLASSES, SIZES, cpu, images, network, seen


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data")


@pytest.fixture
def keep(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def unlabeled(data: EvaluationData) -> EvaluationData:
    return replace(data, pairs=tuple(Pair(pair.image, None) for pair in data.pairs))


def run(
    data: EvaluationData, keep: Path | None, *, progress: Progress = silent, notify: Notify = no_notes, **options: bool
) -> CellsPass:
    return count_cells(network(), data, (0.5,), cpu(), cache=keep, progress=progress, notify=notify, **options)


def equal(first: CellsPass, second: CellsPass) -> bool:
    return bool((first.cells.counts != second.cells.counts).nnz == 0)


def test_with_masks_it_counts_what_a_measured_pass_counts(data: EvaluationData, keep: Path) -> None:
    cells, measured = run(data, keep).cells, measure(network(), data, run=cpu(), cache=keep).cells
    assert (cells.counts != measured.counts).nnz == 0 and (cells.histogram == measured.histogram).all()
    assert (cells.confidence == measured.confidence).all()


def test_without_masks_every_pixel_is_unknown(data: EvaluationData, keep: Path) -> None:
    known, unknown = run(data, keep), run(unlabeled(data), keep)
    assert known.has_masks and not unknown.has_masks
    counts = unknown.cells.retained(0.5)
    assert counts.shape == (len(SIZES), CLASSES, 3) and (counts[..., :2] == 0).all()
    assert (counts.sum(-1) == known.cells.retained(0.5).sum(-1)).all()
    assert unknown.cells.counts.sum(1).ravel().tolist() == [[height * width for height, width in SIZES]]
    assert (unknown.cells.histogram == known.cells.histogram).all()


def test_a_second_call_runs_no_network(data: EvaluationData, keep: Path) -> None:
    told: list[str] = []
    first, checkpoint = run(unlabeled(data), keep), network()
    again = count_cells(checkpoint, unlabeled(data), (0.5,), cpu(), cache=keep, cached_only=True, notify=told.append)
    assert seen(checkpoint) == 0 and equal(first, again) and "reusing the pass cached in" in told[0]
    assert equal(first, run(unlabeled(data), None)), "keeping changes no number"


def test_it_resumes(data: EvaluationData, keep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixcon_diag.cache.resumable_run.SAVE_EVERY", 0.0)

    def stop(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    whole = run(unlabeled(data), None)  # which also checks the data
    with pytest.raises(KeyboardInterrupt):
        run(unlabeled(data), keep, progress=stop)
    told: list[str] = []
    assert equal(run(unlabeled(data), keep, notify=told.append), whole)
    assert "resuming after 4 of 5 images" in told[0]


def test_a_pass_that_must_be_cached_and_is_not(data: EvaluationData, keep: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"the 5 images of val.txt is not cached. `pixcon-diag estimate mine` makes it"
    ):
        run(data, keep, cached_only=True)
    assert np.array_equal([*keep.glob("*")], [])
