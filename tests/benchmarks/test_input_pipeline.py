"""The PIL baseline and the input pipeline draw from the same distributions and do the same to an image."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import chi2_contingency, ks_2samp
from torchvision.transforms import functional as F

from benchmarks.baselines import input_pipeline as baseline
from benchmarks.input_pipeline import synthetic_images
from pixcon_train.core.seeding import seeded
from pixcon_train.data.datasets import UnlabeledDataset
from pixcon_train.data.lists import Pair
from pixcon_train.data.specs import get_spec
from pixcon_train.data.strong_views import JITTER, StrongView, draw_strong_view, render
from pixcon_train.data.transforms import Geometry, random_crop

DRAWS = 2000
LEAST = 1e-3
"""Smallest p-value; all draws are seeded, so a test that passes passes always."""


def same_counts(first: list[Any], second: list[Any]) -> bool:
    """Whether two samples of categories may come from one distribution (χ²)."""
    counts = Counter(first), Counter(second)
    names = sorted(counts[0] | counts[1])
    return bool(chi2_contingency([[count[name] for name in names] for count in counts]).pvalue > LEAST)


def same_values(first: list[float], second: list[float]) -> bool:
    """Whether two samples of numbers may come from one distribution (Kolmogorov and Smirnov)."""
    return bool(ks_2samp(first, second).pvalue > LEAST)


def test_the_comparisons_notice_a_difference() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(0.5, 1.5, DRAWS).tolist()
    assert not same_values(values, rng.uniform(0.4, 1.5, DRAWS).tolist())
    assert not same_counts(rng.integers(24, size=DRAWS).tolist(), (rng.integers(36, size=DRAWS) % 24).tolist())


# Crops


def windows(way: Callable[[Image.Image, Image.Image, int], np.ndarray]) -> list[tuple[int, int, bool]]:
    """Corner of the crop and whether it is flipped, for an image that is not scaled; its mask numbers the pixels."""
    mask = np.arange(12 * 20, dtype=np.uint8).reshape(12, 20)
    image = Image.fromarray(np.repeat(mask[:, :, None], 3, 2))
    found = []
    for seed in range(DRAWS):
        crop = way(image, Image.fromarray(mask), seed)
        flipped = bool(crop[0, 0] > crop[0, 1])
        corner = int(crop[0, -1] if flipped else crop[0, 0])
        found.append((corner // 20, corner % 20, flipped))
    return found


def baseline_window(image: Image.Image, mask: Image.Image, seed: int) -> np.ndarray:
    random.seed(seed)
    return np.asarray(baseline.weak_view(image, mask, 9, fill=254, scale=(1, 1))[1])


def own_window(image: Image.Image, mask: Image.Image, seed: int) -> np.ndarray:
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    labels = torch.from_numpy(np.array(mask))
    return random_crop(pixels, labels, Geometry(9, None, (1, 1)), fill=254, generator=seeded(seed))[1].numpy()


def test_corners_and_flips() -> None:
    theirs, ours = windows(baseline_window), windows(own_window)
    for part in range(3):
        assert same_counts([window[part] for window in theirs], [window[part] for window in ours])


def test_scales() -> None:
    """Crops larger than any scaled image show its size; both round a side in the same way."""
    labels = torch.zeros(30, 45, dtype=torch.uint8)
    pixels = labels.expand(3, -1, -1)
    mask = Image.fromarray(labels.numpy())
    theirs, ours = [], []
    for seed in range(DRAWS):
        random.seed(seed)
        found = np.asarray(baseline.weak_view(mask.convert("RGB"), mask, 100, fill=254)[1]) == 0
        theirs.append((int(found.any(1).sum()), int(found.any(0).sum())))
        crop = random_crop(pixels, labels, Geometry(100, None), fill=254, generator=seeded(seed))[1] == 0
        ours.append((int(crop.any(1).sum()), int(crop.any(0).sum())))
    assert same_values([width for _, width in theirs], [width for _, width in ours])
    assert set(theirs) == set(ours)


# Strong views


def baseline_views(monkeypatch: pytest.MonkeyPatch) -> list[StrongView]:
    """Draws of the baseline, noted by the operations that it calls."""
    notes: list[tuple[str, Any]] = []

    def noting(name: str) -> Callable[..., Any]:
        def operation(image: Any, *amount: float) -> Any:
            notes.append((name, *amount))
            return image

        return operation

    for name in JITTER:
        monkeypatch.setattr(F, f"adjust_{name}", noting(name))
    monkeypatch.setattr(baseline.ImageOps, "grayscale", noting("gray"))
    monkeypatch.setattr(baseline.ImageFilter, "GaussianBlur", lambda radius: radius)
    monkeypatch.setattr(Image.Image, "filter", lambda image, radius: noting("blur")(image, radius))
    image, views = Image.new("RGB", (4, 4)), []
    random.seed(0)
    torch.manual_seed(0)
    for _ in range(DRAWS):
        notes.clear()
        baseline.strong_view(image)
        amounts = {note[0]: note[1] for note in notes if note[0] != "gray"}
        jitter = tuple((name, amounts[name]) for name in amounts if name in JITTER)
        views.append(StrongView(jitter, ("gray",) in notes, amounts.get("blur")))  # type: ignore[arg-type]
    return views


def test_strong_views(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, ours = baseline_views(monkeypatch), [draw_strong_view(seeded(seed)) for seed in range(DRAWS)]
    for decided in (lambda view: bool(view.jitter), lambda view: view.gray, lambda view: view.sigma is not None):
        assert same_counts([decided(view) for view in theirs], [decided(view) for view in ours])
    assert same_counts(*([tuple(name for name, _ in view.jitter) for view in views] for views in (theirs, ours)))
    for name in JITTER:
        assert same_values(*([dict(view.jitter)[name] for view in views if view.jitter] for views in (theirs, ours)))
    assert same_values(*([view.sigma for view in views if view.sigma is not None] for views in (theirs, ours)))


# Images


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("images")
    synthetic_images(found, 1)
    return found


@pytest.mark.parametrize(
    ("view", "operation"),
    [
        *(
            pytest.param(
                StrongView(((name, amount),)),
                lambda image, name=name, amount=amount: getattr(F, f"adjust_{name}")(image, amount),
                id=f"{name} {amount}",
            )
            for name, bounds in JITTER.items()
            for amount in (*bounds, 0.1)
        ),
        pytest.param(StrongView(gray=True), lambda image: baseline.ImageOps.grayscale(image).convert("RGB"), id="gray"),
        *(
            pytest.param(
                StrongView(sigma=sigma),
                lambda image, sigma=sigma: image.filter(baseline.ImageFilter.GaussianBlur(sigma)),
                id=f"blur {sigma}",
            )
            for sigma in (0.1, 0.5, 1.0, 2.0)
        ),
    ],
)
def test_each_operation_is_pillows_up_to_its_rounding(
    folder: Path, view: StrongView, operation: Callable[[Image.Image], Image.Image]
) -> None:
    """On average within a level: Pillow cuts off fractions, keeps hues in 8 bits, and blurs by three boxes."""
    with Image.open(folder / "0.jpg") as image:
        expected = np.asarray(operation(image)).astype(float)
        found = render(torch.from_numpy(np.array(image)).permute(2, 0, 1), view).permute(1, 2, 0).numpy()
        changed = np.abs(np.asarray(image) - expected).mean()
    assert np.abs(found - expected).mean() <= 1
    assert changed > 3 or view.sigma in (0.1, 0.5)


def test_a_crop_is_pillows_within_two_levels(folder: Path) -> None:
    """The same windows of the same scaled image."""
    with Image.open(folder / "0.jpg") as image:
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        labels = torch.zeros(375, 500, dtype=torch.uint8)
        for length in (300, 500, 777):
            expected = baseline.rescale(image, image, length)[0]
            geometry = Geometry(800, length, (1, 1))
            crop = random_crop(pixels, labels, geometry, fill=254, generator=seeded(0))[0]
            found = crop[:, : expected.height]
            assert any(
                np.abs(part.permute(1, 2, 0).numpy().astype(int) - np.asarray(expected)).max() <= 2
                for part in (found[:, :, : expected.width], found.flip(-1)[:, :, : expected.width])
            )


def test_items_have_the_same_content(folder: Path) -> None:
    item = UnlabeledDataset(get_spec("pascal"), folder, [Pair("0.jpg", None)], Geometry(64, None), seed=0)[0]
    found = baseline.unlabeled_item(folder / "0.jpg", 64)
    for name in ("weak", "strong1", "strong2"):
        assert item[name].shape == found[name].shape == (3, 64, 64)
        assert item[name].dtype == found[name].dtype == torch.float32
    assert item["ignore"].shape == found["ignore"].shape == found["box1"].shape == (64, 64)
