"""Images as networks of other code expect them, against plain restatements."""

import numpy as np
import pytest
import torch
from PIL import Image

from pixcon_diag.checkpoints.preprocessing import prepared, target_size
from pixcon_diag.provenance import Preprocessing
from pixcon_train.data.transforms import normalise

LEVELS = torch.randint(0, 256, (1, 3, 20, 30), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


def stated(levels: np.ndarray) -> np.ndarray:
    """(3, H, W) levels normalised as :data:`MEAN` and :data:`STD` say."""
    return np.asarray((levels / 255 - np.array(MEAN)[:, None, None]) / np.array(STD)[:, None, None])


def test_another_mean_and_deviation() -> None:
    found = prepared(normalise(LEVELS), Preprocessing(MEAN, STD))[0].numpy()
    np.testing.assert_allclose(found, stated(LEVELS[0].numpy()), atol=1e-5)


def test_channels_in_reverse_are_reversed_before_they_are_normalised() -> None:
    found = prepared(normalise(LEVELS), Preprocessing(MEAN, STD, bgr=True))[0].numpy()
    np.testing.assert_allclose(found, stated(LEVELS[0].numpy()[::-1]), atol=1e-5)


def test_nothing_is_changed_by_default() -> None:
    images = normalise(LEVELS)
    assert torch.equal(prepared(images, Preprocessing()), images)


@pytest.mark.parametrize(
    ("resample", "pillow"), [("nearest", Image.NEAREST), ("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)]
)
def test_images_are_resized_as_pillow_does_but_for_its_rounding(resample: str, pillow: int) -> None:
    smooth = np.linspace(0, 255, 24 * 32).reshape(24, 32).astype(np.float32)
    planes = np.stack([smooth, smooth.T.reshape(24, 32), smooth[::-1]])
    expected = np.stack([np.asarray(Image.fromarray(plane).resize((16, 12), pillow)) for plane in planes])
    preprocessing = Preprocessing(MEAN, STD, size=(12, 16), resample=resample)  # type: ignore[arg-type]
    found = prepared(normalise(torch.from_numpy(planes.copy())[None]), preprocessing)[0].numpy()
    np.testing.assert_allclose(found, stated(expected), atol=1e-4)


@pytest.mark.parametrize(
    ("size", "expected"),
    [(None, (20, 30)), ((7, 9), (7, 9)), (10, (10, 15)), (7, (7, 10))],
)
def test_sizes(size: tuple[int, int] | int | None, expected: tuple[int, int]) -> None:
    assert target_size(20, 30, size) == expected
    assert target_size(30, 20, size) == (expected if isinstance(size, tuple) else expected[::-1])


@pytest.mark.parametrize(
    ("size", "expected"), [(None, (20, 30)), ((7, 9), (8, 12)), ((8, 12), (8, 12)), (10, (12, 16)), (9, (12, 16))]
)
def test_sizes_are_rounded_up_to_the_multiple(size: tuple[int, int] | int | None, expected: tuple[int, int]) -> None:
    assert target_size(20, 30, size, 4) == expected
    assert prepared(normalise(LEVELS), Preprocessing(size=size), 4).shape[-2:] == expected


def test_bicubic_levels_stay_within_their_range() -> None:
    edge = torch.tensor([0, 255], dtype=torch.uint8).repeat_interleave(8).expand(1, 3, 16, 16)
    found = prepared(normalise(edge), Preprocessing((0, 0, 0), (1, 1, 1), size=(16, 40), resample="bicubic"))
    assert found.min() >= -1e-6 and found.max() <= 1 + 1e-6
