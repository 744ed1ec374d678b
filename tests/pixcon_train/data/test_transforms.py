"""Random crops: hand-computed alignment and the ranges of the recipe; normalisation."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from pixcon_train.core.seeding import seeded
from pixcon_train.data.transforms import Geometry, normalise, random_crop
from tests.pixcon_train.data.files import denormalise

FILL = 254


def crop_of(
    image: Tensor, labels: Tensor, *, crop: int, seed: int = 0, base: int | None = None, scale: Any = (1.0, 1.0)
) -> tuple[Tensor, Tensor]:
    return random_crop(image, labels, Geometry(crop, base, scale), fill=FILL, generator=seeded(seed))


def coordinates(height: int, width: int) -> tuple[Tensor, Tensor]:
    """An image of its own coordinates (row, column, 0) and labels that number the pixels, at most 254 of them."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    image = torch.stack([rows, columns, torch.zeros_like(rows)]).to(torch.uint8)
    return image, (rows * width + columns).to(torch.uint8)


def ramp(width: int) -> tuple[Tensor, Tensor]:
    """Pixels and labels both hold the column."""
    labels = torch.arange(width, dtype=torch.uint8).expand(6, width).contiguous()
    return labels.expand(3, 6, width).contiguous(), labels


# Geometry


@given(height=st.integers(1, 12), width=st.integers(1, 12), crop=st.integers(1, 16), seed=st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_a_crop_is_a_flipped_window_of_the_padded_image(height: int, width: int, crop: int, seed: int) -> None:
    image, labels = coordinates(height, width)
    pixels, found = crop_of(image, labels, crop=crop, seed=seed)
    assert pixels.shape == (3, crop, crop) and found.shape == (crop, crop)
    inside = found != FILL
    assert int(inside.sum()) == min(height, crop) * min(width, crop)
    assert (pixels[:, ~inside] == 0).all()  # padding is black
    rows, columns = found[inside] // width, found[inside] % width
    assert torch.equal(pixels[0, inside], rows) and torch.equal(pixels[1, inside], columns)
    step = columns.view(min(height, crop), -1).int().diff(dim=1)
    assert (step == 1).all() or (step == -1).all()


def test_padding_is_at_the_right_and_bottom_before_the_flip() -> None:
    image, labels = coordinates(2, 3)
    for seed in range(20):
        _, found = crop_of(image, labels, crop=4, seed=seed)
        top = found[0].tolist()
        assert top in ([0, 1, 2, FILL], [FILL, 2, 1, 0])
        assert found[2:].unique().tolist() == [FILL]


def test_labels_are_sampled_at_the_centre_of_their_pixels() -> None:
    """A third of the size: pixel i covers columns 3i to 3i+2, whose centre is 3i+1. Plain NEAREST would give 3i."""
    image, labels = ramp(90)
    pixels, found = crop_of(image, labels, crop=30, base=30)
    expected = torch.arange(1, 90, 3, dtype=torch.uint8)
    assert found[0].tolist() in (expected.tolist(), expected.flip(0).tolist())
    interior = slice(1, -1)  # antialiasing is one-sided at the ends
    assert ((pixels[0, 0].int() - found[0].int())[interior].abs() <= 1).all()


@pytest.mark.parametrize("base", [20, 37, 60, 101, 180])
def test_image_and_labels_stay_aligned_at_any_size(base: int) -> None:
    image, labels = ramp(90)
    pixels, found = crop_of(image, labels, crop=base, base=base)
    inside = found != FILL
    error = (pixels[0].int() - found.int())[inside].float()
    assert error.abs().mean() < 0.5 * max(1, 90 / base)
    assert abs(float(error.mean())) < 0.1 + 0.5 * (base > 90)  # no shift; bilinear values are rounded when enlarged


@given(height=st.integers(1, 40), width=st.integers(1, 40), base=st.integers(5, 60), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_labels_are_those_of_the_whole_label_map_resized(height: int, width: int, base: int, seed: int) -> None:
    labels = torch.randint(254, (height, width), generator=seeded(seed)).to(torch.uint8)
    _, found = crop_of(labels.expand(3, -1, -1), labels, crop=120, base=base, seed=seed, scale=(0.5, 2.0))
    inside = found != FILL
    size = [int(inside.any(1).sum()), int(inside.any(0).sum())]
    whole = F.resize(labels[None], size, interpolation=v2.InterpolationMode.NEAREST_EXACT)[0]
    assert any(torch.equal(found[inside].view(size), expected) for expected in (whole, whole.flip(-1)))


def test_rescaling_invents_no_label() -> None:
    labels = torch.tensor([0, 7, 20, 255], dtype=torch.uint8)[torch.randint(4, (30, 40), generator=seeded(1))]
    image = torch.zeros(3, 30, 40, dtype=torch.uint8)
    for seed in range(20):
        _, found = crop_of(image, labels, crop=32, seed=seed, scale=(0.5, 2.0))
        assert set(found.unique().tolist()) <= {0, 7, 20, 255, FILL}


def rescaled_sizes(height: int, width: int, *, base: int | None, draws: int = 400) -> tuple[list[int], list[int]]:
    """Heights and widths that images have before they are padded to a crop larger than any of them."""
    image = torch.zeros(3, height, width, dtype=torch.uint8)
    labels = torch.zeros(height, width, dtype=torch.uint8)
    crop = 2 * (base or max(height, width))
    found = [crop_of(image, labels, crop=crop, seed=seed, base=base, scale=(0.5, 2.0))[1] for seed in range(draws)]
    inside = [labels != FILL for labels in found]
    return [int(part.any(1).sum()) for part in inside], [int(part.any(0).sum()) for part in inside]


def test_the_long_side_is_half_to_twice_the_images_own() -> None:
    heights, widths = rescaled_sizes(8, 12, base=None)
    assert set(widths) == set(range(6, 25))
    assert all(abs(height - width * 8 / 12) <= 0.5 for height, width in zip(heights, widths, strict=True))


def test_or_half_to_twice_a_base_size() -> None:
    heights, widths = rescaled_sizes(8, 4, base=10)
    assert set(heights) == set(range(5, 21))
    assert all(abs(width - height / 2) <= 0.5 for height, width in zip(heights, widths, strict=True))


def test_half_of_the_crops_are_flipped_and_corners_are_uniform() -> None:
    image, labels = coordinates(9, 9)
    corners, flips = torch.zeros(5, 5), 0
    for seed in range(1000):
        _, found = crop_of(image, labels, crop=5, seed=seed)
        flipped = bool(found[0, 0] > found[0, 1])
        corner = int(found[0, -1] if flipped else found[0, 0])
        corners[corner // 9, corner % 9] += 1
        flips += flipped
    assert abs(flips - 500) < 5 * 250**0.5
    assert int(corners.sum()) == 1000
    assert ((corners - 40).abs() < 5 * (1000 * 0.04 * 0.96) ** 0.5).all()


def test_a_long_thin_image_keeps_at_least_a_pixel() -> None:
    image, labels = torch.zeros(3, 1, 100, dtype=torch.uint8), torch.zeros(1, 100, dtype=torch.uint8)
    _, found = crop_of(image, labels, crop=14, base=14)
    assert int((found != FILL).sum()) == 14


# Normalisation


def test_normalisation_by_hand() -> None:
    pixel = torch.tensor([255, 0, 128], dtype=torch.uint8)[:, None, None]
    expected = [(1 - 0.485) / 0.229, (0 - 0.456) / 0.224, (128 / 255 - 0.406) / 0.225]
    assert normalise(pixel).flatten().tolist() == pytest.approx(expected, rel=1e-6)
    assert normalise(pixel).dtype == torch.float32


def test_denormalisation_is_its_inverse() -> None:
    levels = torch.arange(256, dtype=torch.uint8).expand(3, 1, 256)
    assert torch.equal(denormalise(normalise(levels)), levels)
