"""Images needed: by hand, and as the share of image sets whose interval excludes 0."""

import numpy as np
import pytest

from pixcon_diag.measures.image_power import image_power
from pixcon_diag.measures.uncertainty import ImageNoise, paired_bootstrap, pooled_ratio


def test_by_hand() -> None:
    noise = ImageNoise(0.5, 0.51, 0.01, 0.0, 0.02, 0.95, 1000, 0, 100, (1, 1))
    power = image_power("none", "clean", noise, (0.005, 0.02))
    assert power.half_width == 0.01 and power.detectable == pytest.approx(0.0143, abs=1e-4)
    assert [row.images for row in power.needed] == [818, 52]


def errors(images: int, effect: float, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Valid and wrong pixels of each image, of two networks whose error differs by ``effect`` in the mean."""
    common = generator.normal(0.3, 0.1, images)
    pixels = np.full(images, 1000.0)
    first, second = (common + shift + generator.normal(0, 0.05, images) for shift in (0.0, effect))
    return np.stack((pixels, 1000 * first), 1), np.stack((pixels, 1000 * second), 1)


def noise_of(images: int, effect: float, generator: np.random.Generator) -> ImageNoise:
    first, second = errors(images, effect, generator)
    return paired_bootstrap([first], [second], pooled_ratio(1, 0), rng=generator, draws=300)


def test_the_detectable_difference_is_found_in_four_of_five_image_sets() -> None:
    generator = np.random.default_rng(0)
    powers = [image_power("a", "b", noise_of(80, 0.0, generator), ()) for _ in range(30)]
    effect = float(np.mean([power.detectable for power in powers]))
    found = [noise_of(80, effect, generator).low > 0 for _ in range(400)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.07)


def test_four_times_as_many_images_halve_the_interval() -> None:
    generator = np.random.default_rng(1)
    widths = [
        np.mean([image_power("a", "b", noise_of(images, 0.0, generator), ()).half_width for _ in range(30)])
        for images in (60, 240)
    ]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.1)
