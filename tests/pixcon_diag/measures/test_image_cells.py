"""Cells image by image, against loops over pixels."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from pixcon_diag.measures.binning import bin_of
from pixcon_diag.measures.confidence import confidence_edges
from pixcon_diag.measures.image_cells import ImageCells, predicted_band
from pixcon_diag.measures.image_cells_result import EDGES, WIDTH, ImageCellsResult, cell_edges
from pixcon_diag.measures.image_counts import ImageCounts
from pixcon_train.core.errors import ConfigError, PixConError

VOID, CLASSES, TAUS = 255, 3, (0.95, 0.123456)


def scene(images: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    """Confidence, prediction in blocks and target of some images; the last one is all void."""
    generator = torch.Generator().manual_seed(0)
    confidence = torch.rand(images, 12, 20, generator=generator) ** 0.2
    confidence[0, 0, :4] = torch.tensor([0.95, 0.123456, 1.0, 0.0])
    blocks = torch.randint(0, CLASSES, (images, 2, 2), generator=generator)
    prediction = blocks.repeat_interleave(6, 1).repeat_interleave(10, 2)
    target = torch.randint(0, CLASSES, (images, 12, 20), generator=generator)
    target[torch.rand(target.shape, generator=generator) < 0.2] = VOID
    target[-1] = VOID
    return confidence, prediction, target


def metric() -> ImageCells:
    return ImageCells(CLASSES, void=VOID, taus=TAUS)


def counted(parts: Sequence[int] = (5,)) -> ImageCellsResult:
    cells = metric()
    for batch in zip(*(maps.split(list(parts)) for maps in scene()), strict=True):
        cells.update(*batch)
    return cells.compute()


def test_cells_sums_and_histograms_are_those_of_loops() -> None:
    result = counted()
    confidence, prediction, target = (maps.numpy() for maps in scene())
    edges = np.array(result.edges, dtype=np.float32)
    for image in range(5):
        cells, sums = np.zeros(result.shape, dtype=int), np.zeros((2, len(edges)))
        for row, column in np.ndindex(12, 20):
            c, p, y = confidence[image, row, column], prediction[image, row, column], target[image, row, column]
            around = prediction[
                image, max(row - WIDTH, 0) : row + WIDTH + 1, max(column - WIDTH, 0) : column + WIDTH + 1
            ]
            place = np.flatnonzero(edges <= c)[-1]
            cells[p, place, 0 if (around != p).any() else 1, 2 if y == VOID else int(p != y)] += 1
            sums[int(y == VOID), place] += c
        assert (result.counts[[image]].toarray().reshape(result.shape) == cells).all()
        assert result.confidence[image] == pytest.approx(sums, abs=1e-4)
        for tau in (0.95, 0.123456, 0.3, 0.0):
            expected = cells[:, result.first_bin(tau) :].sum((1, 2))
            assert result.retained(tau)[image].tolist() == expected.tolist()
    assert result.counts[:, :].sum() == 5 * 12 * 20 and result.counts.dtype == np.int64
    assert (result.retained(0.0)[-1, :, :2] == 0).all(), "nothing is known of an image that is all void"


def test_strata_are_the_cells_by_class_and_bin() -> None:
    result = counted()
    assert WIDTH == 3 and result.strata.shape == result.shape[:3] == (CLASSES, len(result.edges), 2)
    starts = [result.first_bin(tau) for tau in (0.0, 0.95)]
    for row, tau in enumerate((0.0, 0.95)):
        correct, wrong, unknown = np.moveaxis(result.retained(tau), -1, 0)  # each (I, K)
        for found, pixels in (
            (result.strata.known_sizes(starts), correct + wrong),
            (result.strata.wrong_sizes(starts), wrong),
            (result.strata.sizes(starts), correct + wrong + unknown),
        ):
            assert found[:, row].tolist() == np.column_stack((pixels.sum(1), pixels)).tolist()


def test_known_pixels_are_those_of_the_counts_per_image() -> None:
    other = ImageCounts(CLASSES, void=VOID, taus=TAUS)
    other.update(*scene())
    whole, result = other.compute(), counted()
    for tau in (0.95, 0.5, 0.123456):
        correct, wrong, _ = np.moveaxis(result.retained(tau).sum(1), -1, 0)
        assert (np.stack((correct + wrong, wrong), 1) == whole.retained(tau)[:, 1:]).all()
    known = result.counts.toarray().reshape(5, -1, 3)[..., :2].sum((1, 2))
    assert (known == whole.histogram.sum((1, 2))).all() and (result.histogram >= whole.histogram.sum(1)).all()
    assert (result.histogram.sum(1) == 12 * 20).all()


@pytest.mark.parametrize("parts", [(1, 1, 1, 1, 1), (2, 3)])
def test_the_split_into_batches_does_not_matter(parts: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor how many images wait until they are made sparse."""
    whole = counted()
    monkeypatch.setattr("pixcon_diag.measures.image_cells._DENSE", 2)
    split = counted(parts)
    assert (split.counts != whole.counts).nnz == 0
    assert (split.confidence == whole.confidence).all() and (split.histogram == whole.histogram).all()


def test_a_pass_resumes_and_parts_join_in_the_order_of_the_images() -> None:
    first, second = zip(*(maps.split([2, 3]) for maps in scene()), strict=True)
    before, after, resumed, whole = metric(), metric(), metric(), counted()
    before.update(*first)
    resumed.restore(before.snapshot())
    resumed.update(*second)
    after.update(*second)
    after.merge_state(before)  # puts the other one's images first
    dense, joined = metric(), metric()
    dense.update(*first)
    joined.update(*second)
    joined.merge_state(dense)
    for result in (resumed.compute(), after.compute(), joined.compute()):
        assert (result.counts != whole.counts).nnz == 0 and (result.histogram == whole.histogram).all()
    assert before.snapshot()["index"].dtype == np.int32 and "dense" not in before.snapshot()


def test_bins_that_the_caller_has_are_taken() -> None:
    confidence, prediction, target = scene()
    cells = metric()
    cells.update(torch.zeros_like(confidence), prediction, target, bin_of(confidence, confidence_edges(TAUS, 15)))
    assert (cells.compute().counts != counted().counts).nnz == 0
    assert (cells.compute().histogram == counted().histogram).all()


def test_so_is_the_band() -> None:
    cells, maps = metric(), scene()
    cells.update(*maps, band=torch.ones_like(maps[1], dtype=torch.bool))
    counts = cells.compute().counts.toarray().reshape(5, *counted().shape)
    assert counts[..., 0, :].sum() == 5 * 12 * 20 and counts[..., 1, :].sum() == 0


def test_further_rows_add_to_their_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the images before are made sparse between the parts."""
    monkeypatch.setattr("pixcon_diag.measures.image_cells._DENSE", 1)
    confidence, prediction, target = scene()
    bins, band = bin_of(confidence, metric().fine), predicted_band(prediction, slice(0, 12))
    cells = metric()
    for first, last in ((0, 2), (2, 5)):
        for rows in (slice(0, 7), slice(7, 12)):
            parts = (values[first:last, rows] for values in (confidence, prediction, target, bins, band))
            cells.update(*parts, continued=rows.start > 0)
    found, whole = cells.compute(), counted()
    assert (found.counts != whole.counts).nnz == 0
    assert (found.confidence == whole.confidence).all() and (found.histogram == whole.histogram).all()


def test_an_upright_image_has_the_cells_of_the_same_image_lying() -> None:
    cells = metric()
    cells.update(*(maps.mT for maps in scene()))
    assert (cells.compute().counts != counted().counts).nnz == 0
    assert counted().counts.nnz == np.count_nonzero(counted().counts.toarray()), "empty cells take no memory"


def test_predictions_that_are_no_class_are_refused_also_where_the_truth_is_unknown() -> None:
    confidence, prediction, target = scene()
    prediction[-1, 0, 0] = CLASSES
    cells = metric()
    cells.update(confidence, prediction, target)
    with pytest.raises(PixConError, match=f"1 valid pixels of the prediction hold label {CLASSES}"):
        cells.compute()


def test_edges_are_those_of_the_fine_histogram_and_do_not_follow_its_own_thresholds() -> None:
    assert set(EDGES) <= set(confidence_edges((), 15))
    assert cell_edges((0.645, 0.95), 15) == EDGES == cell_edges((1 / 15,), 15)
    assert 0.123456 in cell_edges(TAUS, 15) and 1 / 15 in cell_edges((1 / 15,), 10)
    with pytest.raises(ConfigError, match=r"Threshold 0.645 was not counted by predicted class.*0.6, 0.65"):
        counted().retained(0.645)


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_no_image_no_row() -> None:
    result = metric().compute()
    assert result.counts.shape == (0, np.prod(result.shape)) and result.retained(0.95).shape == (0, CLASSES, 3)
    assert result.histogram.shape == (0, len(confidence_edges(TAUS, 15))) and len(result.confidence) == 0
