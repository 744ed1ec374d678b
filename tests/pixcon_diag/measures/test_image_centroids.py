"""Class sums image by image: against loops, and against the geometry of the whole set."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from pixcon_diag.measures.geometry import Geometry
from pixcon_diag.measures.image_centroids import ImageCentroids
from pixcon_diag.measures.image_centroids_result import CentroidRows
from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import to_json

VOID, CLASSES, CHANNELS = 255, 5, 6


def scene(images: int = 4) -> tuple[Tensor, Tensor]:
    """Features (B, C, 3, 4) and labels of twice their resolution; class 4 is nowhere, the last image all void."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(images, CHANNELS, 3, 4, generator=generator)
    labels = torch.randint(0, CLASSES - 1, (images, 3, 4), generator=generator)
    labels[torch.rand(labels.shape, generator=generator) < 0.2] = VOID
    labels[-1] = VOID
    return features, labels.repeat_interleave(2, 1).repeat_interleave(2, 2)


def rows(parts: Sequence[int] = (4,)) -> CentroidRows:
    metric = ImageCentroids(CLASSES, void=VOID)
    for features, labels in zip(*(each.split(list(parts)) for each in scene()), strict=True):
        metric.update(features, labels)
    return metric.compute()


def naive() -> dict[tuple[int, int], tuple[int, np.ndarray]]:
    """Pixels and sum of unit features of every class of every image."""
    features, labels = scene()
    found: dict[tuple[int, int], tuple[int, np.ndarray]] = {}
    for image in range(len(features)):
        for row in range(3):
            for column in range(4):
                label = int(labels[image, 2 * row, 2 * column])
                vector = features[image, :, row, column].double().numpy()
                if label != VOID:
                    pixels, total = found.get((image, label), (0, np.zeros(CHANNELS)))
                    found[image, label] = (pixels + 1, total + vector / np.linalg.norm(vector))
    return found


def test_every_class_of_every_image_has_its_sum() -> None:
    found, expected = rows(), naive()
    assert list(zip(found.image.tolist(), found.label.tolist(), strict=True)) == sorted(expected)
    for image, label, pixels, sums in zip(found.image, found.label, found.pixels, found.sums, strict=True):
        assert pixels == expected[image, label][0]
        np.testing.assert_allclose(sums, expected[image, label][1], rtol=1e-12)
    assert (len(found.classes), found.num_classes) == (4, CLASSES)


def test_the_geometry_is_that_of_the_whole_set() -> None:
    metric = Geometry(CLASSES, CHANNELS, void=VOID, foreground=(1, 2, 3, 4), min_pixels=2)
    metric.update(*scene())
    ours, theirs = (
        json.loads(to_json(each.to_dict())) for each in (rows().geometry((1, 2, 3, 4), 2), metric.compute())
    )
    assert ours.keys() == theirs.keys()
    for key in ("measured", "left_out", "closest", "min_pixels"):
        assert ours[key] == theirs[key]
    for key in ("compactness", "mean_inter", "max_inter", "margin", "cdnv"):
        assert ours[key] == pytest.approx(theirs[key], rel=1e-12)
    assert ours["classes"]["pixels"] == theirs["classes"]["pixels"]


@pytest.mark.parametrize("parts", [(1, 1, 1, 1), (1, 3)])
def test_the_split_into_batches_does_not_matter(parts: tuple[int, ...]) -> None:
    split, whole = rows(parts), rows()
    for name in ("image", "label", "pixels", "sums"):
        assert (getattr(split, name) == getattr(whole, name)).all()


def test_sums_per_image_can_be_pooled() -> None:
    """A row an image, all void ones too; chosen rows add up to the geometry of those images."""
    found = rows()
    dense = found.per_image().toarray().reshape(4, CLASSES, CHANNELS + 1)
    assert not dense[3].any() and not dense[:, 4].any()
    for (image, label), (pixels, sums) in naive().items():
        assert dense[image, label, -1] == pixels
        np.testing.assert_allclose(dense[image, label, :-1], sums, rtol=1e-12)
    np.testing.assert_allclose(dense.sum(0)[:, -1], found.geometry(range(CLASSES), 1).classes.pixels)


def test_what_the_feature_covers_beyond_the_image_is_void() -> None:
    """A feature of 3×4 cells over 6×8 pixels of which the image has 4×6: the last row and column count nothing."""
    metric = ImageCentroids(2, void=VOID)
    metric.update(torch.ones(1, 2, 3, 4), torch.zeros(1, 4, 6, dtype=torch.int64), covered=(6, 8))
    assert metric.compute().pixels.tolist() == [2 * 3]


def test_a_feature_that_is_not_finite_is_reported() -> None:
    metric = ImageCentroids(2, void=VOID)
    metric.update(torch.full((1, 2, 2, 2), torch.nan), torch.zeros(1, 2, 2, dtype=torch.int64))
    with pytest.raises(PixConError, match="diverged"):
        metric.compute().geometry((0, 1))


def test_parts_of_a_list_are_joined_image_by_image() -> None:
    """As the processes that share a pass are."""
    parts = []
    for features, labels in zip(*(values.split(2) for values in scene()), strict=True):
        metric = ImageCentroids(CLASSES, void=VOID)
        metric.update(features, labels)
        parts.append(metric)
    parts[1].merge_state(parts[0])
    assert (parts[1].compute().per_image() != rows().per_image()).nnz == 0


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_no_image_no_row() -> None:
    found = ImageCentroids(3, void=VOID).compute()
    assert len(found.image) == 0 and found.per_image().shape == (0, 3)
    assert found.geometry((0, 1, 2)).left_out == (0, 1, 2)
