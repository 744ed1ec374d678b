"""Strong views: the recipe's ranges and frequencies, each operation against torchvision's or SciPy's, the generator."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from pixcon_train.core.seeding import seeded
from pixcon_train.data.strong_views import Adjustment, StrongView, draw_strong_view, render

NOISE = torch.randint(256, (3, 24, 24), generator=seeded(7)).to(torch.uint8)
PALE = NOISE // 8 + 100
"""Little colour, in which hues are decided by few levels."""
TIES = NOISE // 128 * 255
"""Gray pixels and those with two equal channels."""


def test_frequencies_and_ranges_are_the_recipes() -> None:
    views, draws = [draw_strong_view(seeded(seed)) for seed in range(2000)], 2000
    jittered = [dict(view.jitter) for view in views if view.jitter]
    sigmas = [view.sigma for view in views if view.sigma is not None]
    for count, probability in ((len(jittered), 0.8), (sum(view.gray for view in views), 0.2), (len(sigmas), 0.5)):
        assert abs(count - draws * probability) < 5 * (draws * probability * (1 - probability)) ** 0.5
    assert all(set(amounts) == {"brightness", "contrast", "saturation", "hue"} for amounts in jittered)
    for values, low, high in (
        ([amounts["brightness"] for amounts in jittered], 0.5, 1.5),
        ([amounts["contrast"] for amounts in jittered], 0.5, 1.5),
        ([amounts["saturation"] for amounts in jittered], 0.5, 1.5),
        ([amounts["hue"] for amounts in jittered], -0.25, 0.25),
        (sigmas, 0.1, 2.0),
    ):
        assert low <= min(values) < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < max(values) <= high
        assert abs(np.mean(values) - (low + high) / 2) < 5 * (high - low) / (12 * len(values)) ** 0.5


def test_jitter_comes_in_every_order() -> None:
    orders = {tuple(name for name, _ in draw_strong_view(seeded(seed)).jitter) for seed in range(600)}
    assert len(orders - {()}) == 24


def test_nothing_but_the_generator_decides() -> None:
    torch.manual_seed(1)
    first = draw_strong_view(seeded(5))
    torch.manual_seed(2)
    assert first == draw_strong_view(seeded(5)) != draw_strong_view(seeded(6))


@pytest.mark.parametrize("seed", range(20))
def test_a_view_holds_levels_and_leaves_its_crop_as_it_is(seed: int) -> None:
    for crop in (NOISE, NOISE[:, :14, :14], NOISE.permute(1, 2, 0).contiguous().permute(2, 0, 1)):  # 14: one patch
        before = crop.clone()
        view = render(crop, draw_strong_view(seeded(seed)))
        assert view.dtype == torch.float32 and view.shape == crop.shape
        assert view.min() >= 0 and view.max() <= 255.001
        assert torch.equal(crop, before)


def test_a_view_without_an_operation_is_the_crop() -> None:
    assert torch.equal(render(NOISE, StrongView()), NOISE.float())


def test_operations_follow_each_other() -> None:
    first, second = ("brightness", 1.4), ("saturation", 0.6)
    levels = [render(NOISE, StrongView(jitter)) for jitter in ((first, second), (second, first))]
    one_by_one = F.adjust_saturation(F.adjust_brightness(NOISE / 255, 1.4), 0.6) * 255
    assert torch.allclose(levels[0], one_by_one, atol=0.01)
    assert (levels[0] - levels[1]).abs().max() > 5  # levels are cut off at 255 after each


@pytest.mark.parametrize("image", [NOISE, PALE, TIES])
@pytest.mark.parametrize(
    ("name", "amounts", "within"),
    [
        ("brightness", (0.5, 0.9, 1.5), 0.01),
        ("contrast", (0.5, 0.9, 1.5), 0.51),  # the mean is a whole number, as in Pillow
        ("saturation", (0.5, 0.9, 1.5), 0.05),  # torchvision's weights have four digits
        ("hue", tuple(np.linspace(-0.5, 0.5, 49).tolist()), 0.01),
    ],
)
def test_adjustments_are_torchvisions(
    image: Tensor, name: Adjustment, amounts: tuple[float, ...], within: float
) -> None:
    for amount in amounts:
        expected = 255 * getattr(F, f"adjust_{name}")(image / 255, amount)
        assert (render(image, StrongView(((name, amount),))) - expected).abs().max() <= within, amount


def test_the_hue_of_red_by_hand() -> None:
    """Red turns to yellow, green, cyan; a quarter turn is half way from yellow to green."""
    red = torch.tensor([200, 20, 20], dtype=torch.uint8)[:, None, None]
    for turn, expected in (
        (1 / 6, [200, 200, 20]),
        (1 / 3, [20, 200, 20]),
        (1 / 2, [20, 200, 200]),
        (1 / 4, [110, 200, 20]),
        (-1 / 12, [200, 20, 110]),
    ):
        assert render(red, StrongView((("hue", turn),))).flatten().tolist() == pytest.approx(expected, abs=1e-3)


def test_gray_is_the_weighted_mean() -> None:
    expected = 0.299 * NOISE[0] + 0.587 * NOISE[1] + 0.114 * NOISE[2]
    assert torch.allclose(render(NOISE, StrongView(gray=True)), expected.expand(3, -1, -1), atol=1e-3)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("gray", [False, True])
def test_blur_is_a_gaussian_of_its_sigma(sigma: float, gray: bool) -> None:
    sharp = render(NOISE, StrongView(gray=gray)).numpy().astype(float)
    found = render(NOISE, StrongView(gray=gray, sigma=sigma)).numpy()
    expected = gaussian_filter(sharp, sigma=(0, sigma, sigma), mode="mirror", truncate=6)
    assert np.abs(found - expected).max() <= 1


def test_blur_keeps_a_uniform_image_and_spreads_a_point_evenly() -> None:
    uniform = torch.full((3, 20, 20), 77, dtype=torch.uint8)
    assert torch.allclose(render(uniform, StrongView(sigma=1.3)), uniform.float(), atol=1e-3)
    point = torch.zeros(3, 21, 21, dtype=torch.uint8)
    point[:, 10, 10] = 255
    view = render(point, StrongView(sigma=1.3))
    assert torch.allclose(view, view.flip(1)) and torch.allclose(view, view.transpose(1, 2), atol=1e-4)
    assert all(high > low for high, low in pairwise(view[0, 10, 10:14].tolist()))
    assert float(view[0].sum()) == pytest.approx(255, rel=1e-4)
