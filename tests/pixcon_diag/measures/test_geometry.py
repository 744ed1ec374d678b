import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_diag.measures.geometry import Geometry, class_sums, labels_on_grid
from pixcon_diag.measures.geometry_result import GeometryResult, TightnessMeans
from pixcon_train.core.errors import ConfigError, PixConError
from pixcon_train.core.files import to_json

VOID = 255


def measure(vectors: list[list[float]], labels: list[int], **options: Any) -> GeometryResult:
    """Geometry of pixels in a row; ``vectors`` has one feature a pixel."""
    metric = Geometry(**{"num_classes": 3, "channels": len(vectors[0]), "void": VOID, "min_pixels": 1, **options})
    metric.update(torch.tensor(vectors).T[None, :, None], torch.tensor([[labels]]))
    return metric.compute()


def scene(seed: int, *, images: int = 4, classes: int = 5, channels: int = 8) -> tuple[Tensor, Tensor]:
    """Features around one direction a class, and labels of twice their resolution with some void."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, classes, (images, 6, 7), generator=generator)
    centre = torch.randn(classes, channels, generator=generator)
    features = centre[labels].permute(0, 3, 1, 2) + torch.randn(images, channels, 6, 7, generator=generator)
    labels = torch.where(torch.rand(labels.shape, generator=generator) < 0.1, VOID, labels)
    return features, labels.repeat_interleave(2, 1).repeat_interleave(2, 2)


def test_orthogonal_classes() -> None:
    result = measure([[2.0, 0, 0], [5.0, 0, 0], [0, 1.0, 0], [0, 0, 3.0]], [0, 0, 1, 2])
    assert result.compactness == 1
    assert (result.mean_inter, result.max_inter, result.margin) == (0, 0, 1)
    assert result.classes.pixels == (2, 1, 1)
    assert result.cosine == ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    assert result.cdnv == 0  # points have no variance


def test_identical_classes() -> None:
    result = measure([[1.0, 1.0]] * 3, [0, 1, 2])
    assert result.compactness == pytest.approx(1, abs=1e-15)
    assert result.mean_inter == pytest.approx(1, abs=1e-15)
    assert result.max_inter <= 1
    assert result.margin == pytest.approx(0, abs=1e-15)
    assert math.isnan(result.cdnv)  # the means coincide


def test_antipodal_classes() -> None:
    result = measure([[1.0, 0.0], [-4.0, 0.0]], [0, 1])
    assert (result.compactness, result.mean_inter, result.max_inter, result.margin) == (1, -1, -1, 2)
    assert result.classes.nearest == (1, 0, None)
    assert result.left_out == (2,)


def test_a_class_that_cancels_has_no_centroid() -> None:
    result = measure([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 2.0], [1.0, 1.0]], [0, 0, 1, 1, 2])
    assert result.classes.compactness == pytest.approx((0, 1, 1))
    assert result.compactness == pytest.approx(2 / 3)
    assert result.mean_inter == pytest.approx(math.sqrt(0.5))  # the pair 1, 2 alone
    assert result.classes.nearest == (None, 2, 1)


def test_what_rounding_leaves_of_features_that_cancel_is_no_centroid() -> None:
    """Ten steps around a circle do not add up to 0 exactly."""
    turn = torch.arange(10) * 0.2 * torch.pi
    around = torch.stack((turn.cos(), turn.sin()), 1).tolist()
    result = measure([*around, [1.0, 0.0], [0.0, 1.0]], [0] * 10 + [1, 2])
    assert 0 < result.classes.compactness[0] < 1e-6
    assert result.classes.nearest == (None, 2, 1) and math.isnan(result.classes.nearest_cosine[0])
    assert result.mean_inter == pytest.approx(0)


def test_classes_with_the_same_mean_up_to_rounding_have_no_cdnv() -> None:
    vectors = [[0.3, 0.7], [0.1, -0.2], [0.3 + 1e-8, 0.7], [0.1, -0.2 - 1e-8], [1.0, 0.0], [1.0, 0.0]]
    result = measure(vectors, [0, 0, 1, 1, 2, 2])
    one, other = (result.classes.cdnv[k] for k in (0, 1))
    assert one == pytest.approx(other) and result.cdnv == pytest.approx(one) and 0 < one < 1e3
    same = measure([[1.0, 2.0], [2.0, 4.0]], [0, 1])
    assert math.isnan(same.cdnv) and same.mean_inter == pytest.approx(1)


@pytest.mark.parametrize(("step", "apart"), [(1e-3, True), (1e-5, True), (1e-7, False)])
def test_means_closer_than_float32_tells_apart_are_the_same(step: float, apart: bool) -> None:
    """Points have no variance, but for rounding."""
    assert measure([[1.0, 0.0], [1.0, step]], [0, 1]).cdnv == pytest.approx(
        0.0 if apart else math.nan, abs=1e-4, nan_ok=True
    )


def test_hand_computed_table() -> None:
    # Class 0 at 0° and 90°, class 1 at 90°, class 2 at 180°: centroids at 45°, 90°, 180°.
    result = measure([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [-1.0, 0.0]], [0, 0, 1, 2])
    half = math.sqrt(0.5)
    assert result.classes.compactness == pytest.approx((half, 1, 1))
    assert result.mean_inter == pytest.approx((half + 0 - half) / 3)
    assert result.max_inter == pytest.approx(half)
    assert result.closest == (0, 1)
    assert result.margin == pytest.approx((half + 2) / 3)
    assert result.classes.nearest == (1, 0, 1)
    assert result.classes.nearest_cosine == pytest.approx((half, half, 0), abs=1e-15)
    # V_0 = 1/2 and V_1 = V_2 = 0; squared distances of the means: 1/2 (0-1), 5/2 (0-2), 2 (1-2).
    assert result.cdnv == pytest.approx((0.5 / 1 + 0.5 / 5 + 0) / 3)
    assert result.classes.cdnv == pytest.approx((0.3, 0.25, 0.05))


def test_background_has_a_row_but_no_say() -> None:
    vectors, labels = [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [-1.0, 0.0]], [0, 1, 2, VOID]
    result = measure(vectors, labels, foreground=(1, 2))
    assert result.measured == (1, 2)
    assert result.closest == (1, 2)
    assert result.cosine[0][1] == pytest.approx(1 / math.sqrt(1.01))
    assert result.classes.nearest == (None, 2, 1)
    assert result.classes.compactness[0] == 1
    assert math.isnan(result.classes.cdnv[0])


def test_too_few_pixels_are_left_out_and_listed() -> None:
    vectors, labels = [[1.0, 0.0]] * 3 + [[0.0, 1.0]] * 3 + [[1.0, 1.0]] * 2, [0] * 3 + [1] * 3 + [2] * 2
    result = measure(vectors, labels, min_pixels=3)
    assert (result.measured, result.left_out, result.min_pixels) == ((0, 1), (2,), 3)
    assert result.mean_inter == 0
    assert math.isnan(result.cosine[2][2])
    assert math.isnan(result.classes.compactness[2])
    assert result.classes.pixels == (3, 3, 2)


@pytest.mark.parametrize(("vectors", "labels"), [([[1.0, 0.0]], [VOID]), ([[1.0, 0.0]], [1])])
def test_no_pair_is_undefined(vectors: list[list[float]], labels: list[int]) -> None:
    result = measure(vectors, labels)
    assert math.isnan(result.mean_inter)
    assert math.isnan(result.max_inter)
    assert math.isnan(result.margin)
    assert result.closest is None
    assert '"margin": null' in to_json(result.to_dict())


def test_equals_a_naive_loop_over_pixels() -> None:
    features, labels = scene(1)
    metric = Geometry(num_classes=5, channels=8, void=VOID, min_pixels=1)
    metric.update(features, labels)
    result = metric.compute()
    groups: dict[int, list[np.ndarray]] = {k: [] for k in range(5)}
    for image, truth in zip(features.double().numpy(), labels.numpy(), strict=True):
        for y, x in np.ndindex(6, 7):
            if truth[2 * y, 2 * x] != VOID:
                groups[truth[2 * y, 2 * x]].append(image[:, y, x] / np.linalg.norm(image[:, y, x]))
    means = np.stack([np.mean(groups[k], axis=0) for k in range(5)])
    centroids = means / np.linalg.norm(means, axis=1, keepdims=True)
    compactness = [np.mean(np.stack(groups[k]) @ centroids[k]) for k in range(5)]
    pairs = [(i, j) for i in range(5) for j in range(i + 1, 5)]
    variance = [np.mean(((np.stack(groups[k]) - means[k]) ** 2).sum(1)) for k in range(5)]
    spread = [(variance[i] + variance[j]) / (2 * ((means[i] - means[j]) ** 2).sum()) for i, j in pairs]
    assert result.classes.pixels == tuple(len(groups[k]) for k in range(5))
    assert result.classes.compactness == pytest.approx(compactness, abs=1e-12)
    assert result.mean_inter == pytest.approx(np.mean([centroids[i] @ centroids[j] for i, j in pairs]), abs=1e-12)
    assert result.max_inter == pytest.approx(max(centroids[i] @ centroids[j] for i, j in pairs), abs=1e-12)
    assert result.cdnv == pytest.approx(np.mean(spread), abs=1e-12)
    assert np.allclose(result.cosine, centroids @ centroids.T, atol=1e-12)


def test_batches_add_up_and_scale_does_not_matter() -> None:
    features, labels = scene(2)
    whole, parts = (Geometry(num_classes=5, channels=8, void=VOID, min_pixels=1) for _ in range(2))
    whole.update(features, labels)
    for index in (torch.tensor([3]), torch.tensor([1, 0]), torch.tensor([2])):
        parts.update(features[index] * 4, labels[index])
    assert torch.equal(whole.pixels, parts.pixels)
    assert torch.allclose(whole.sums, parts.sums, atol=1e-12)
    assert whole.sums.dtype == torch.float64


def test_a_rotation_of_the_space_changes_nothing() -> None:
    features, labels = scene(3)
    rotation = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64))[0]
    results = []
    for turned in (features.double(), torch.einsum("dc,bchw->bdhw", rotation, features.double())):
        metric = Geometry(num_classes=5, channels=8, void=VOID, min_pixels=1)
        metric.update(turned, labels)
        results.append(metric.compute())
    first, second = results
    assert first.margin == pytest.approx(second.margin, abs=1e-12)
    assert first.classes.nearest == second.classes.nearest
    assert np.allclose(first.cosine, second.cosine, atol=1e-12)


def test_renaming_classes_renames_the_result() -> None:
    features, labels = scene(4)
    order = torch.tensor([2, 0, 4, 1, 3])
    renamed = torch.where(labels == VOID, VOID, order[labels.clamp(max=4)])
    results = []
    for truth in (labels, renamed):
        metric = Geometry(num_classes=5, channels=8, void=VOID, min_pixels=1)
        metric.update(features, truth)
        results.append(metric.compute())
    assert results[0].margin == pytest.approx(results[1].margin, abs=1e-12)
    assert results[0].classes.pixels == tuple(results[1].classes.pixels[new] for new in order.tolist())


def test_labels_come_to_the_features_resolution_as_in_training() -> None:
    labels = torch.randint(0, 9, (2, 13, 17), generator=torch.Generator().manual_seed(5))
    expected = F.interpolate(labels[:, None].float(), (5, 6), mode="nearest")[:, 0].long()
    assert torch.equal(labels_on_grid(labels, (5, 6), void=VOID), expected)


def test_what_a_padded_image_adds_is_void() -> None:
    labels = torch.ones(1, 10, 12, dtype=torch.long)
    small = labels_on_grid(labels, (7, 7), void=VOID, covered=(14, 14))
    assert (small[0, :5, :6] == 1).all()
    assert (small[0, 5:] == VOID).all()
    assert (small[0, :, 6:] == VOID).all()
    wide = labels_on_grid(torch.ones(1, 4, 4, dtype=torch.long), (4, 3), void=VOID, covered=(8, 6))
    assert wide[0].tolist() == [[1, 1, VOID]] * 2 + [[VOID] * 3] * 2


def test_void_and_padding_reach_no_class() -> None:
    """The image is padded from 2 columns to 4; of the feature's columns the last two see no image."""
    metric = Geometry(num_classes=4, channels=1, void=3, min_pixels=1)
    metric.update(torch.tensor([[[[1.0, -2.0, 5.0, 5.0]]]]), torch.tensor([[[0, 3]]]), covered=(1, 4))
    assert metric.pixels.tolist() == [1, 0, 0, 0] and metric.sums.tolist() == [[1.0], [0.0], [0.0], [0.0]]
    metric.update(torch.tensor([[[[1.0, -2.0]]]]), torch.tensor([[[0, 1]]]))
    assert metric.pixels.tolist() == [2, 1, 0, 0] and metric.sums.tolist() == [[2.0], [-1.0], [0.0], [0.0]]
    assert metric.pixels.dtype == torch.int64
    alone = metric.sums.clone(), metric.pixels.clone()
    other = Geometry(num_classes=4, channels=1, void=3, min_pixels=1)
    other.update(torch.tensor([[[[1.0, -2.0]]]]), torch.tensor([[[0, 1]]]))
    metric.merge_state(other)
    assert torch.equal(metric.sums, alone[0] + other.sums) and torch.equal(metric.pixels, alone[1] + other.pixels)


def test_a_large_feature_is_summed_in_parts() -> None:
    """2^18 numbers at once are 4 pixels of 2^16 channels; the eleven pixels are three parts."""
    channels = 2**16
    features = torch.zeros(1, channels, 1, 11)
    features[0, range(11), 0, range(11)] = 2.0
    sums, pixels = class_sums(features, torch.tensor([[[0, 1] * 5 + [0]]]), 2)
    assert pixels.tolist() == [6, 5] and sums[:, 11:].count_nonzero() == 0
    assert sums[:, :11].tolist() == [[1.0, 0.0] * 5 + [1.0], [0.0, 1.0] * 5 + [0.0]]


def test_a_feature_shorter_than_a_trillionth_is_no_direction() -> None:
    """As in torch.nn.functional.normalize: below 1e-12 it is divided by that."""
    features = torch.tensor([[[[5e-13, 5e-12]]]], dtype=torch.float64)
    sums, _ = class_sums(features, torch.tensor([[[0, 1]]]), 2)
    assert sums[:, 0].tolist() == pytest.approx([0.5, 1.0])


def test_means_over_classes_are_those_of_the_result() -> None:
    """What each draw of a bootstrap computes from the sums of its images."""
    features, labels = scene(6)
    metric = Geometry(num_classes=5, channels=8, void=VOID, min_pixels=1)
    metric.update(features, labels)
    sums, pixels = metric.sums.numpy(), metric.pixels.numpy()
    least = int(sorted(pixels)[1])  # leaves out the class with fewest pixels, not that with exactly as many
    result = GeometryResult.from_sums(sums, pixels, range(5), least)
    means = TightnessMeans.from_sums(sums, pixels, least)
    assert len(result.measured) == 4
    assert (means.compactness, means.mean_inter, means.margin) == pytest.approx(
        (result.compactness, result.mean_inter, result.margin), abs=1e-15
    )
    cancelled = TightnessMeans.from_sums(np.array([[2e-6, 0.0], [4.0, 0.0], [0.0, 2.0]]), np.array([4, 4, 4]), 1)
    assert cancelled.compactness == pytest.approx(0.5) and cancelled.mean_inter == 0.0


def test_100_pixels_are_enough_unless_asked_otherwise() -> None:
    metric = Geometry(num_classes=3, channels=2, void=VOID)
    labels = torch.tensor([[[0] * 100 + [1] * 99 + [2] * 101]])
    metric.update(torch.ones(1, 2, 1, 300), labels)
    assert (metric.compute().measured, metric.compute().left_out) == ((0, 2), (1,))


def test_a_stray_label_is_named_as_of_the_ground_truth() -> None:
    metric = Geometry(num_classes=2, channels=1, void=VOID)
    metric.update(torch.ones(1, 1, 1, 2), torch.tensor([[[0, 2]]]))
    with pytest.raises(PixConError, match="ground truth"):
        metric.compute()


def test_a_figure_is_drawn_of_the_foreground() -> None:
    metric = Geometry(num_classes=3, channels=2, void=VOID, foreground=(1, 2))
    assert metric.drawn_with() == {"classes": ["0", "1", "2"], "foreground": (1, 2)}


def test_sums_ignore_labels_that_are_no_class_and_zero_vectors() -> None:
    features = torch.tensor([[[[3.0, 0.0, 1.0]], [[4.0, 0.0, 0.0]]]])
    sums, pixels = class_sums(features, torch.tensor([[[0, 0, -1]]]), 2)
    assert sums.tolist() == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))
    assert pixels.tolist() == [2, 0]


def test_planted_faults_are_named() -> None:
    metric = Geometry(num_classes=2, channels=1, void=VOID)
    metric.update(torch.tensor([[[[float("nan"), 1.0]]]]), torch.tensor([[[0, 1]]]))
    with pytest.raises(PixConError, match="NaN or infinite"):
        metric.compute()
    with pytest.raises(ValueError, match=r"Expected floating point features \(B, 1, h, w\)"):
        metric.update(torch.zeros(1, 3, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long))
    for features in (torch.zeros(2, 1, 2, 2), torch.zeros(1, 1, 2), torch.zeros(1, 1, 2, 2, dtype=torch.long)):
        with pytest.raises(ValueError, match="Expected floating point features"):
            metric.update(features, torch.zeros(1, 2, 2, dtype=torch.long))
    with pytest.raises(ConfigError, match=r"foreground classes in 0\.\.1, got \(1, 2\)"):
        Geometry(num_classes=2, channels=1, void=VOID, foreground=(1, 2))
    with pytest.raises(ConfigError, match="at least 1 pixel"):
        Geometry(num_classes=2, channels=1, void=VOID, min_pixels=0)
