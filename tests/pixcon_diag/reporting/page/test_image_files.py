"""The files of the page's images, and that they keep to their size."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from pixcon_diag.reporting.page.image_files import EDGES, LEAST, MOST, SourceImage, pack, pack_within
from pixcon_train.core.progress import silent


def smooth(rng: np.random.Generator, shape: tuple[int, int], coarse: int) -> np.ndarray:
    """A random field in [0, 1] with details of about ``coarse`` pixels."""
    noise = rng.random((shape[0] // coarse + 2, shape[1] // coarse + 2))
    field = ndimage.zoom(noise, coarse, order=1)[: shape[0], : shape[1]]
    return (field - field.min()) / (field.max() - field.min())


def made(methods: int = 2, shape: tuple[int, int] = (375, 500)) -> Callable[[int], SourceImage]:
    """Images with blobs of four classes, and predictions from interpolated scores: near the borders labels differ and
    confidence is low. A confidence map takes 18 kB; those of weak networks took 10 kB on Pascal and 17 kB on CamVid."""

    def read(index: int) -> SourceImage:
        rng = np.random.default_rng(index)
        field = 4 * smooth(rng, shape, 120)
        truth = np.minimum(field, 3).astype(np.uint8) * 5
        truth[0, :9] = 255
        labels, confidence = [], []
        for _ in range(methods):
            scores = field + 0.2 * smooth(rng, shape, 42)
            labels.append(np.clip(scores, 0, 3).astype(np.uint8) * 5)
            margin = np.abs(scores - np.rint(scores))
            confidence.append(np.minimum(30, 5 + 250 * margin).astype(np.uint8))
        photo = np.stack([smooth(rng, shape, 12) for _ in range(3)], 2)
        return SourceImage((255 * photo).astype(np.uint8), truth, tuple(labels), tuple(confidence))

    return read


def pixels(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file)))


def test_maps_are_exact_and_of_full_size_and_the_photograph_is_small() -> None:
    source = made()(0)
    files = pack(source).files(320, 2)
    assert [*files] == ["photo", "truth", "labels-0", "confidence-0", "labels-1", "confidence-1"]
    np.testing.assert_array_equal(pixels(files["truth"]), source.truth)
    for i in range(2):
        np.testing.assert_array_equal(pixels(files[f"labels-{i}"]), source.labels[i])
        np.testing.assert_array_equal(pixels(files[f"confidence-{i}"]), source.confidence[i])
    assert all(Image.open(io.BytesIO(file)).mode == "L" for part, file in files.items() if part != "photo")
    photo = pixels(files["photo"]).astype(int)
    assert photo.shape == (240, 320, 3)
    small = np.asarray(Image.fromarray(source.photo).resize((320, 240)), dtype=int)
    assert np.abs(photo - small).mean() < 6


def test_a_small_image_keeps_its_size_and_saved_maps_have_no_confidence() -> None:
    source = made(1, (40, 64))(0)
    files = pack(SourceImage(source.photo, source.truth, source.labels, (None,))).files(320, 1)
    assert [*files] == ["photo", "truth", "labels-0"]
    assert pixels(files["photo"]).shape == (40, 64, 3)


def test_the_budget_holds_and_the_size_is_that_of_the_page() -> None:
    order = range(8)
    read = made(shape=(240, 330))
    everything = pack_within(read, order, None, 2, silent)
    sizes = [sum(len(part) + 2 + 4 * ((len(file) + 2) // 3) for part, file in one.items()) for one in everything.images]
    assert everything.size == sum(sizes) and len(sizes) == 8 and everything.edge == EDGES[0]
    packing = pack_within(read, order, int(0.99 * sum(sizes)), 2, silent)
    assert packing.size <= 0.99 * sum(sizes) and packing.edge < EDGES[0] and len(packing.images) == 8
    assert [one["truth"] for one in packing.images] == [one["truth"] for one in everything.images]


def test_methods_beyond_the_second_give_way_the_last_one_first() -> None:
    order, read = range(8), made(4, (90, 120))
    two = pack_within(read, order, None, 2, silent).size
    for budget, methods in ((two, 2), (int(1.4 * two), 3)):
        packing = pack_within(read, order, budget, 4, silent)
        assert packing.methods == methods and len(packing.images) == 8 and packing.size <= budget
        assert f"labels-{methods - 1}" in packing.images[0] and f"labels-{methods}" not in packing.images[0]


def test_fewer_images_where_nothing_else_helps_but_never_none() -> None:
    read, asked = made(shape=(90, 120)), []

    def counted(index: int) -> SourceImage:
        asked.append(index)
        return read(index)

    packing = pack_within(counted, range(80), 30_000, 2, silent)
    assert 1 < len(packing.images) < 10 and packing.size <= 30_000 and packing.edge == EDGES[-1]
    assert len(asked) < 80, "what can no longer fit is not packed"
    assert len(pack_within(read, range(2), 10, 2, silent).images) == 1
    assert pack_within(read, [], 10, 2, silent).images == ()


ROOM = 3_900_000
"""What a page of 5 MB has for its images, about."""


def test_enough_images_of_a_data_set_like_pascal_fit() -> None:
    sizes = [pack(made()(index)).size(EDGES[-1], 2) for index in range(6)]
    assert LEAST * np.mean(sizes) <= ROOM


@pytest.mark.slow
@pytest.mark.reference
def test_real_photographs_fit(reference: Path) -> None:
    files = sorted((reference / "data/voc_animals/JPEGImages").glob("*.jpg"))[:MOST]
    read = made()

    def photographed(index: int) -> SourceImage:
        photo = np.asarray(Image.open(files[index]).convert("RGB").resize((500, 375)))
        source = read(index)
        return SourceImage(photo, source.truth, source.labels, source.confidence)

    packing = pack_within(photographed, range(len(files)), ROOM, 2, silent)
    assert len(packing.images) >= LEAST and packing.size <= ROOM
