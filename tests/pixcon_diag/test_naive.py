"""All counts of a pass and a replay against plain loops, on images whose sides are no multiples of the patch.

Only the network itself is shared: what is done to its input and with its output is written out here once more, pixel
by pixel in float64. Choices (the largest class, a threshold) are far enough from a tie that no rounding decides them,
which is asserted.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pixcon_diag.analyses.boundary_counts import measure_boundaries
from pixcon_diag.cache.measure import measure
from pixcon_diag.cache.replay import ReplayedPass, replay
from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.measures.per_class import per_class
from pixcon_diag.passes.options import BandOptions, MeasureOptions
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass
from pixcon_diag.passes.replayed_banks import ReplayOptions
from pixcon_diag.passes.run import evaluation_dataset
from pixcon_train.data.transforms import normalise
from pixcon_train.method.admission import REPLAYED
from pixcon_train.models.build import build_model
from tests.pixcon_diag.passes.small import CLASSES, cpu, images, with_bank
from tests.reference import fill_by_rule

SIZES = [(33, 47), (33, 47), (45, 31), (29, 61)]
VOID, PATCH, WIDTHS = 255, 14, (1, 3)
TAUS = tuple(0.5 + step / 200 for step in range(60))
BANK = ReplayOptions(size=900, cap=220, batch_size=3)
SAFE = 2e-5
"""Least distance of a choice from a tie; float32 outputs agree to 1e-6 between processors."""

Array = np.ndarray


@dataclass
class Naive:
    """What plain loops find of one image."""

    truth: Array
    """(H, W)."""
    scores: Array
    """(K, H, W) logits at the image's size."""
    small: Array
    """(K, h, w) logits at the feature's size."""
    labels: Array
    """(h, w) ground truth there."""
    fused: Array
    """(C, h, w)."""
    embedding: Array
    """(D, h, w)."""


@dataclass
class Study:
    """One network, measured and looped over."""

    checkpoint: LoadedCheckpoint
    data: EvaluationData
    protocol: str
    measured: MeasuredPass
    replayed: ReplayedPass
    loops: list[Naive]
    tau: float


def bilinear(planes: Array, height: int, width: int) -> Array:
    """Corners aligned: (K, H, W) to (K, height, width)."""
    out = np.zeros((len(planes), height, width))
    rows, columns = planes.shape[1:]
    for i in range(height):
        for j in range(width):
            y = i * (rows - 1) / (height - 1) if height > 1 else 0.0
            x = j * (columns - 1) / (width - 1) if width > 1 else 0.0
            top, left = min(int(y), rows - 1), min(int(x), columns - 1)
            below, right = min(top + 1, rows - 1), min(left + 1, columns - 1)
            v, u = y - top, x - left
            upper = (1 - u) * planes[:, top, left] + u * planes[:, top, right]
            lower = (1 - u) * planes[:, below, left] + u * planes[:, below, right]
            out[:, i, j] = (1 - v) * upper + v * lower
    return out


def padded(image: Array) -> Array:
    """Reflected at the bottom and right up to multiples of the patch."""
    _, rows, columns = image.shape
    height, width = -(-rows // PATCH) * PATCH, -(-columns // PATCH) * PATCH
    out = np.zeros((len(image), height, width), dtype=image.dtype)
    for i in range(height):
        for j in range(width):
            out[:, i, j] = image[:, i if i < rows else 2 * rows - 2 - i, j if j < columns else 2 * columns - 2 - j]
    return out


def nearest(labels: Array, height: int, width: int) -> Array:
    """The label at ⌊i · H/h⌋, ⌊j · W/w⌋."""
    rows, columns = labels.shape
    out = np.zeros((height, width), dtype=int)
    for i in range(height):
        for j in range(width):
            out[i, j] = labels[i * rows // height, j * columns // width]
    return out


def looped(model: Any, image: Array, truth: Array, protocol: str) -> Naive:
    """One image, by the protocol's own description."""
    rows, columns = truth.shape
    if protocol == "unimatch-v2":  # resized to the nearest multiples
        seen = bilinear(image, *(max(1, int(edge / PATCH + 0.5)) * PATCH for edge in (rows, columns)))
        covered = truth
    else:
        seen = padded(image)
        covered = np.full(seen.shape[1:], VOID)
        covered[:rows, :columns] = truth
    with torch.no_grad():
        output = model(torch.from_numpy(seen).float()[None], embed=True)
    logits, fused, embedding = (each[0].double().numpy() for each in (output.logits, output.fused, output.embedding))
    size = fused.shape[1:]
    return Naive(
        truth=truth,
        scores=bilinear(logits, rows, columns) if protocol == "unimatch-v2" else logits[:, :rows, :columns],
        small=bilinear(logits, *size),
        labels=nearest(covered, *size),
        fused=fused,
        embedding=embedding,
    )


def choice(scores: Array) -> tuple[int, float]:
    """Class and confidence of one pixel (K,)."""
    ordered = sorted(scores.tolist(), reverse=True)
    assert ordered[0] - ordered[1] > SAFE
    return scores.tolist().index(ordered[0]), 1 / sum(math.exp(score - ordered[0]) for score in ordered)


def pixels(planes: Array, labels: Array) -> Iterator[tuple[int, int, int, int, float]]:
    """Row, column, truth, prediction and confidence of every valid pixel."""
    for i in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            if labels[i, j] != VOID:
                yield i, j, int(labels[i, j]), *choice(planes[:, i, j])


def safe_threshold(loops: list[Naive]) -> float:
    """The one that is farthest from every confidence."""
    maps = [(each.scores, each.truth) for each in loops] + [(each.small, each.labels) for each in loops]
    found = [confidence for planes, labels in maps for *_, confidence in pixels(planes, labels)]
    distance = {tau: min(abs(confidence - tau) for confidence in found) for tau in TAUS}
    tau = max(distance, key=lambda tau: distance[tau])
    assert distance[tau] > SAFE
    return tau


def balanced(model: Any) -> Any:
    """With logits of mean 0 and standard deviation 1 for each class, so that every class is predicted somewhere."""
    (*_, classifier) = (each for each in model.modules() if getattr(each, "out_channels", None) == CLASSES)
    with torch.no_grad():
        logits = model.eval()(torch.randn(1, 3, 70, 70, generator=torch.Generator().manual_seed(9))).logits
        std, mean = torch.std_mean(logits, (0, 2, 3))
        classifier.weight /= std[:, None, None, None]
        classifier.bias.copy_((classifier.bias - mean) / std)
    return model


def made(folder: Path, architecture: str, protocol: str) -> Study:
    """Nothing but the pass and the replay on one side, and the loops on the other."""
    model = balanced(fill_by_rule(build_model(architecture, "nano", CLASSES, projection=True, embedding_dim=6)))
    torch.save(model.state_dict(), path := folder / "best.pth")
    checkpoint, data = load(path), images(folder / "data", SIZES, block=4)
    how = cpu(protocol=protocol)
    loops = [
        looped(checkpoint.model, normalise(item["image"]).double().numpy(), item["mask"].numpy().astype(int), protocol)
        for item in evaluation_dataset(data)
    ]
    tau = safe_threshold(loops)
    measured = measure(checkpoint, data, MeasureOptions(taus=(tau,), widths=WIDTHS), how, cache=folder / "kept")
    replayed = replay(checkpoint, data, replace(BANK, tau=tau), how, cache=folder / "kept")
    return Study(checkpoint, data, protocol, measured, replayed, loops, tau)


@pytest.fixture(
    scope="module",
    params=[("unimatch_v2", "unimatch-v2"), ("pixcon", "pixcon"), ("unimatch_v2", "pixcon"), ("pixcon", "unimatch-v2")],
    ids="-".join,
)
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return made(tmp_path_factory.mktemp("naive"), *request.param)


def test_counts_of_each_image_and_class(study: Study) -> None:
    for image, each in enumerate(study.loops):
        expected = np.zeros((3, CLASSES), dtype=int)
        for _, _, truth, predicted, _ in pixels(each.scores, each.truth):
            expected[0, truth] += truth == predicted
            expected[1, predicted] += 1
            expected[2, truth] += 1
        np.testing.assert_array_equal(study.measured.statistics[image], expected)
    assert study.measured.statistics.sum(0).min() > 0  # no count is equal for being 0


def test_iou_per_class(study: Study) -> None:
    hit, union = [0] * CLASSES, [0] * CLASSES
    for each in study.loops:
        for _, _, truth, predicted, _ in pixels(each.scores, each.truth):
            hit[truth] += truth == predicted
            for k in {truth, predicted}:
                union[k] += 1
    ious = [h / u for h, u in zip(hit, union, strict=True)]
    result = per_class(study.data.spec.classes, [study.measured.iou.iou], [ious])
    assert {row.delta for row in result.rows} == {0.0} and result.mean.delta == 0.0
    assert study.measured.iou.miou() == pytest.approx(sum(ious) / CLASSES, rel=1e-12)


def test_retention_and_contamination(study: Study) -> None:
    found = study.measured.contamination((study.tau,)).at(study.tau)
    kept, right = [0] * CLASSES, [0] * CLASSES
    kept_truth = [0] * CLASSES
    for each in study.loops:
        for _, _, truth, predicted, confidence in pixels(each.scores, each.truth):
            if confidence >= study.tau:
                kept[predicted] += 1
                right[predicted] += truth == predicted
                kept_truth[truth] += 1
    assert (found.by_predicted.retained, found.by_predicted.correct) == (tuple(kept), tuple(right))
    assert found.by_truth.retained == tuple(kept_truth)
    assert 0 < found.overall.retained == sum(kept) < found.overall.pixels and found.overall.correct == sum(right)


def test_boundary_bands(study: Study) -> None:
    group = MeasuredGroup("mine", (study.measured,))
    (found,) = measure_boundaries([group], BandOptions(widths=WIDTHS))
    for image, each in enumerate(study.loops):
        rows, columns = each.truth.shape
        expected = np.zeros((len(WIDTHS) + 1, 2), dtype=int)
        for i, j, truth, predicted, _ in pixels(each.scores, each.truth):
            for place, width in enumerate(WIDTHS):
                near = {
                    int(each.truth[y, x])
                    for y in range(max(0, i - width), min(rows, i + width + 1))
                    for x in range(max(0, j - width), min(columns, j + width + 1))
                }
                if len(near) > 1:
                    expected[place] += (1, truth != predicted)
            expected[-1] += (1, truth != predicted)
        np.testing.assert_array_equal(found.result.counts[image], expected)


def admitted(each: Naive, rule: str, tau: float = 1.0) -> Iterator[tuple[int, int, int, int]]:
    """Row, column, truth of a cell and the class it is entered under."""
    for i, j, truth, predicted, confidence in pixels(each.small, each.labels):
        if rule == "labeled" or (rule == "clean" and predicted == truth):
            yield i, j, truth, truth
        elif rule == "confidence" and confidence >= tau:
            yield i, j, truth, predicted


@pytest.mark.parametrize("rule", REPLAYED)
def test_coverage(study: Study, rule: str) -> None:
    found, entries = study.replayed.coverage(rule), study.replayed.entries(rule)
    per_image = np.zeros((len(SIZES), 3, CLASSES), dtype=int)  # labeled, eligible, wrongly eligible
    for image, each in enumerate(study.loops):
        for i in range(each.labels.shape[0]):
            for j in range(each.labels.shape[1]):
                if each.labels[i, j] != VOID:
                    per_image[image, 0, each.labels[i, j]] += 1
        for _, _, truth, entered in admitted(each, rule, study.tau):
            per_image[image, 1, entered] += 1
            per_image[image, 2, entered] += truth != entered
    for k in range(CLASSES):
        labeled, eligible, wrong = per_image[:, :, k].T.tolist()
        batches = [min(sum(eligible[i : i + BANK.batch_size]), BANK.cap) for i in range(0, len(SIZES), BANK.batch_size)]
        assert found.classes.images[k] == sum(count > 0 for count in labeled)
        assert found.classes.labeled[k] == sum(labeled)
        assert found.classes.eligible[k] == sum(eligible)
        assert found.classes.admitted[k] == sum(batches)
        assert found.classes.fill[k] == min(sum(batches), BANK.size)
        assert int((entries.held & (entries.labels == k)).sum()) == found.classes.fill[k]
        if sum(eligible):
            assert found.classes.rho_f[k] == pytest.approx(sum(wrong) / sum(eligible), abs=1e-12)
    assert sum(found.classes.eligible) > 0


def test_confusion_at_the_feature_s_resolution(study: Study) -> None:
    expected = np.zeros((CLASSES, CLASSES), dtype=int)
    for each in study.loops:
        for _, _, truth, predicted, _ in pixels(each.small, each.labels):
            expected[truth, predicted] += 1
    np.testing.assert_array_equal(study.replayed.confusion, expected)


def test_stored_bank(study: Study) -> None:
    """Fill, purity and staleness of a bank that the checkpoint is said to carry."""
    generator = torch.Generator().manual_seed(0)
    queue = torch.nn.functional.normalize(torch.randn(CLASSES, 7, 6, generator=generator), dim=2)
    filled, truth = torch.tensor([7, 3, 0]), torch.randint(-1, CLASSES, (CLASSES, 7), generator=generator)
    bank = {"queue": queue, "ptr": filled % 7, "filled": filled, "truth": truth}
    carrying = with_bank(study.checkpoint, bank)
    found = replay(carrying, study.data, replace(BANK, size=10**4, cap=10**4), cpu(protocol=study.protocol)).stored
    assert found is not None and found.known is not None
    assert (found.fill, found.with_entry, found.at_capacity) == ((7, 3, 0), 2, 1)
    for k in range(CLASSES):
        known = [int(t) for t in truth[k, : filled[k]] if t >= 0]
        assert found.known[k] == len(known)
        assert not known or found.contamination[k] == sum(t != k for t in known) / len(known)
        now = np.zeros(6)
        for each in study.loops:
            for i, j, _, entered in admitted(each, "clean"):
                if entered == k:
                    now += each.embedding[:, i, j]
        stored = queue[k, : filled[k]].double().numpy().sum(0)
        lengths = np.linalg.norm(stored) * np.linalg.norm(now)
        if lengths:
            assert found.staleness[k] == pytest.approx(stored @ now / lengths, abs=1e-5)
        else:
            assert math.isnan(found.staleness[k])


def test_geometry(study: Study) -> None:
    found = study.measured.geometry(min_pixels=1)
    sums, counts = np.zeros((CLASSES, study.loops[0].fused.shape[0])), [0] * CLASSES
    for each in study.loops:
        for i in range(each.labels.shape[0]):
            for j in range(each.labels.shape[1]):
                if (k := each.labels[i, j]) != VOID:
                    vector = each.fused[:, i, j]
                    sums[k] += vector / np.linalg.norm(vector)
                    counts[k] += 1
    assert found.classes.pixels == tuple(counts) and min(counts) > 0
    for k in range(CLASSES):
        assert found.classes.compactness[k] == pytest.approx(np.linalg.norm(sums[k]) / counts[k], abs=1e-5)
        for other in range(CLASSES):
            cosine = sums[k] @ sums[other] / np.linalg.norm(sums[k]) / np.linalg.norm(sums[other])
            assert found.cosine[k][other] == pytest.approx(cosine, abs=1e-5)
