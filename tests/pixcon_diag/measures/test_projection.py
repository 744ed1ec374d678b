import math

import numpy as np
import pytest

from pixcon_diag.measures.map_fit import EVERY, ITERATIONS
from pixcon_diag.measures.pixel_sample_result import PixelSample
from pixcon_diag.measures.projection import ProjectionResult, project, separability
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import to_json


def blobs(noise: float, *, classes: int = 3, each: int = 20, seed: int = 0) -> PixelSample:
    """Classes around orthogonal directions."""
    labels = np.repeat(np.arange(classes), each)
    features = np.eye(classes, 16)[labels] + noise * np.random.default_rng(seed).normal(size=(len(labels), 16))
    features = features.astype(np.float32)
    pixels = tuple(("a.jpg", i, 0) for i in range(len(labels)))
    norms = np.linalg.norm(features, axis=1)
    return PixelSample(features / norms[:, None], norms, labels, pixels, classes + 1, each, 0)


def centres(result: ProjectionResult, index: int) -> np.ndarray:
    positions, labels = np.array(result.projections[index].positions), np.array(result.labels)
    return np.stack([positions[labels == label].mean(0) for label in np.unique(labels)])


def test_purity_of_a_hand_made_arrangement() -> None:
    """Directions at 0°, 10°, 25° of one class and 31°, 90° of the other; each looks at its nearest neighbour."""
    angles, labels = np.deg2rad([0, 10, 25, 31, 90]), np.array([0, 0, 0, 1, 1])
    result = separability(np.stack([np.cos(angles), np.sin(angles)], 1), labels, 3, neighbours=1)
    assert result.purity == pytest.approx((1 + 1 + 0 + 0 + 1) / 5)
    assert result.class_purity[:2] == pytest.approx((2 / 3, 1 / 2)) and math.isnan(result.class_purity[2])
    assert result.chance == pytest.approx((3 * 2 + 2 * 1) / (5 * 4))


def test_purity_and_silhouette_equal_a_naive_loop() -> None:
    sample = blobs(0.4)
    features, labels = sample.features.astype(np.float64), sample.labels
    distance = 1 - features @ features.T
    purity, silhouette = [], []
    for i in range(len(labels)):
        near = [j for j in np.argsort(distance[i], kind="stable") if j != i][:7]
        purity.append(np.mean(labels[near] == labels[i]))
        others = [j for j in np.flatnonzero(labels == labels[i]) if j != i]
        a = distance[i, others].mean()
        b = min(distance[i, labels == label].mean() for label in set(labels) - {labels[i]})
        silhouette.append((b - a) / max(a, b))
    result = separability(features, labels, 4, neighbours=7)
    assert result.purity == pytest.approx(np.mean(purity)) and 0.5 < result.purity < 1
    assert result.silhouette == pytest.approx(np.mean(silhouette))


def test_separability_is_bounded_and_falls_with_noise() -> None:
    clean, noisy = (separability(s.features, s.labels, 4) for s in (blobs(0.01), blobs(3.0)))
    assert clean.purity == 1.0 and clean.silhouette > 0.95
    assert noisy.purity == pytest.approx(noisy.chance, abs=0.2)  # no better than chance
    assert clean.chance == pytest.approx(19 / 59)


def test_undefined_separability() -> None:
    one_class = separability(np.eye(4), np.zeros(4, dtype=int), 2)
    assert one_class.purity == 1.0 and math.isnan(one_class.silhouette)
    one_pixel = separability(np.eye(1), np.zeros(1, dtype=int), 2)
    assert math.isnan(one_pixel.purity) and one_pixel.neighbours == 0


def test_maps_of_the_same_pixels() -> None:
    samples = {"none": blobs(0.1), "clean": blobs(0.1, seed=1)}
    result = project(samples)
    assert [each.name for each in result.projections] == ["none", "clean"]
    assert len(result.projections[0].positions) == len(result.labels) == 60 and result.counts == (20, 20, 20, 0)
    assert result.perplexity == pytest.approx(59 / 3) and not result.aligned
    for index in (0, 1):  # clusters lie apart
        spread = np.linalg.norm(np.array(result.projections[index].positions).reshape(3, 20, 2).std(1), axis=1).max()
        centre = centres(result, index)
        assert min(np.linalg.norm(centre[a] - centre[b]) for a, b in ((0, 1), (0, 2), (1, 2))) > 2 * spread
    for jobs in (1, 2):  # the seed decides everything
        assert to_json(project(samples, jobs=jobs).to_dict()) == to_json(result.to_dict())
    assert "NaN" not in to_json(result.to_dict())


@pytest.mark.slow
def test_aligned_maps_put_classes_where_the_first_has_them() -> None:
    samples = {"a": blobs(0.2, classes=8, each=30), "b": blobs(0.25, classes=8, each=30, seed=1)}
    moved, divergence = {}, {}
    for aligned in (False, True):
        result = project(samples, aligned=aligned)
        moved[aligned] = np.linalg.norm(centres(result, 0) - centres(result, 1), axis=1).mean()
        divergence[aligned] = result.projections[1].kl_divergence
    assert moved[True] < 0.5 * moved[False]
    assert divergence[True] < 1.1 * divergence[False]


def test_different_or_too_few_pixels_are_errors() -> None:
    with pytest.raises(ConfigError, match="different pixels"):
        project({"a": blobs(0.1), "b": blobs(0.1, each=21)})
    with pytest.raises(ConfigError, match="9 valid pixels are too few"):
        project({"a": blobs(0.1, each=3)})
    with pytest.raises(ConfigError, match="at least one"):
        project({})
    broken = blobs(0.1)
    broken.features[3, 0] = math.nan
    with pytest.raises(ConfigError, match="b gives features that are not finite"):
        project({"a": blobs(0.1), "b": broken})


@pytest.mark.parametrize("aligned", [False, True])
def test_progress_goes_over_all_maps_to_the_end(aligned: bool) -> None:
    steps: list[tuple[int, int]] = []
    project({"a": blobs(0.1), "b": blobs(0.2)}, aligned=aligned, progress=lambda *step: steps.append(step))
    assert {total for _, total in steps} == {2 * ITERATIONS}
    done = [each for each, _ in steps]
    assert done == sorted(done) and done[0] <= ITERATIONS // 10 and done[-1] == 2 * ITERATIONS
    assert len(done) > 2 * (500 // EVERY)


def test_an_interrupt_does_not_wait_for_the_maps() -> None:
    calls: list[int] = []

    def stop(done: int, total: int) -> None:
        calls.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project({"a": blobs(0.1), "b": blobs(0.2)}, jobs=2, progress=stop)
    assert len(calls) <= 2
