from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from pixcon_diag.measures.pixel_sample import STRIDE, PixelSampler
from pixcon_diag.measures.pixel_sample_result import PixelSample
from pixcon_train.core.errors import ConfigError

VOID = 255
CLASSES = 4


def scene(index: int, height: int = 44, width: int = 36) -> tuple[Tensor, Tensor]:
    """Fused feature (1, 3, h, w), whose channels say image, row and column of the cell, and target (1, H, W)."""
    generator = torch.Generator().manual_seed(index)
    target = torch.randint(0, CLASSES - 1, (1, height // 4, width // 4), generator=generator)
    target = target.repeat_interleave(4, 1).repeat_interleave(4, 2)
    target[:, :8, :8] = VOID
    rows, columns = torch.meshgrid(torch.arange(height // 2), torch.arange(width // 2), indexing="ij")
    fused = torch.stack([torch.full_like(rows, index + 1), rows + 1, columns + 1])[None].float()
    return fused, target


def sampled(indices: Sequence[int], *, batch: int = 1, per_class: int = 12, seed: int = 0) -> PixelSample:
    sampler = PixelSampler(CLASSES, void=VOID, per_class=per_class, seed=seed)
    for group in (indices[start : start + batch] for start in range(0, len(indices), batch)):
        fused, target = (torch.cat(each) for each in zip(*(scene(i) for i in group), strict=True))
        sampler.update(fused, target, [f"{i}.jpg" for i in group])
    return sampler.compute()


def same(first: PixelSample, second: PixelSample) -> bool:
    return first.pixels == second.pixels and np.array_equal(first.features, second.features)


def test_counts_are_balanced_and_labels_are_the_truth() -> None:
    sample = sampled(range(6))
    assert sample.counts == (12, 12, 12, 0)  # class 3 does not occur
    assert sample.features.shape == (36, 3) and np.allclose(np.linalg.norm(sample.features, axis=1), 1)
    assert len(set(sample.pixels)) == 36
    for (name, row, column), label in zip(sample.pixels, sample.labels.tolist(), strict=True):
        target = scene(int(name.removesuffix(".jpg")))[1]
        assert target[0, row, column] == label
        assert row % STRIDE == column % STRIDE == STRIDE // 2


def test_features_are_those_of_the_pixels_cells() -> None:
    sample = sampled(range(6))
    for (name, row, column), feature in zip(sample.pixels, sample.features, strict=True):
        expected = torch.tensor([int(name.removesuffix(".jpg")) + 1, row // 2 + 1, column // 2 + 1]).float()
        assert np.allclose(feature, expected / expected.norm())


def test_norms_give_the_feature_back() -> None:
    """The projection head wants the feature as the network made it."""
    sample = sampled(range(6))
    raw = sample.features * sample.norms[:, None]
    for (name, row, column), feature in zip(sample.pixels, raw, strict=True):
        expected = torch.tensor([int(name.removesuffix(".jpg")) + 1, row // 2 + 1, column // 2 + 1]).float()
        np.testing.assert_allclose(feature, expected, rtol=1e-6)
    sampler = PixelSampler(CLASSES, void=VOID, per_class=12)
    sampler.update(torch.zeros(1, 3, 22, 18), scene(0)[1], ["0.jpg"])
    assert not sampler.compute().norms.any() and np.isfinite(sampler.compute().features).all()


def test_padding_shifts_no_cell() -> None:
    """A fused feature that covers 56 x 56 pixels, of which the image has 44 x 36."""
    _, target = scene(0)
    fused = torch.arange(1, 15).float()[None, None, :, None].expand(1, 1, 14, 14)
    fused = torch.cat([fused, torch.ones_like(fused)], 1)
    sampler = PixelSampler(CLASSES, void=VOID, per_class=50)
    sampler.update(fused, target, ["0.jpg"], covered=(56, 56))
    sample = sampler.compute()
    for (_, row, _), feature in zip(sample.pixels, sample.features, strict=True):
        assert float(feature[0] / feature[1]) == pytest.approx(row // 4 + 1)


def test_order_batches_and_processes_do_not_matter() -> None:
    whole = sampled(range(8))
    assert same(whole, sampled(range(7, -1, -1)))
    assert same(whole, sampled(range(8), batch=3))
    first, second = (PixelSampler(CLASSES, void=VOID, per_class=12) for _ in range(2))
    for index in range(8):
        fused, target = scene(index)
        (first if index % 3 else second).update(fused, target, [f"{index}.jpg"])
    first._names |= second._names
    first.merge_state(second)
    assert same(whole, first.compute())


def test_the_pixels_do_not_depend_on_the_feature_but_on_the_seed() -> None:
    sampler = PixelSampler(CLASSES, void=VOID, per_class=12)
    for index in range(6):
        sampler.update(torch.rand(1, 9, 7, 5), scene(index)[1], [f"{index}.jpg"])
    assert sampler.compute().pixels == sampled(range(6)).pixels
    assert sampled(range(6), seed=1).pixels != sampled(range(6)).pixels


def test_every_candidate_is_as_likely() -> None:
    """Over many seeds each of the lattice's pixels of a one-class image is taken equally often."""
    target = torch.zeros(1, 16, 16, dtype=torch.long)
    counts = torch.zeros(16, 16)
    for seed in range(300):
        sampler = PixelSampler(1, void=VOID, per_class=4, seed=seed)
        sampler.update(torch.rand(1, 2, 4, 4), target, ["a"])
        for _, row, column in sampler.compute().pixels:
            counts[row, column] += 1
    taken = counts[2::4, 2::4].flatten()
    assert taken.sum() == 1200 and counts.sum() == 1200
    assert (taken - 75).abs().max() < 5 * 7.5  # binomial: mean 75, std 7.5


def test_memory_is_bounded_by_the_sample() -> None:
    sampler = PixelSampler(CLASSES, void=VOID, per_class=3)
    for index in range(5):
        sampler.update(*scene(index), [f"{index}.jpg"])
        assert sum(len(each) for each in sampler.features) <= 3 * CLASSES


def test_no_valid_pixel_gives_an_empty_sample_and_reset_forgets() -> None:
    sampler = PixelSampler(CLASSES, void=VOID)
    fused, target = scene(0)
    sampler.update(fused, torch.full_like(target, VOID), ["0.jpg"])
    assert sampler.compute().counts == (0, 0, 0, 0)
    sampler.update(fused, target, ["0.jpg"])
    assert sum(sampler.compute().counts) > 0
    sampler.reset()
    with pytest.warns(UserWarning, match="before the ``update``"):
        assert sampler.compute().pixels == ()


def test_sliding_windows_and_senseless_numbers_are_errors() -> None:
    with pytest.raises(ConfigError, match="Sliding windows"):
        PixelSampler(CLASSES, void=VOID).update(None, scene(0)[1], ["0.jpg"])
    with pytest.raises(ConfigError, match="at least one pixel per class"):
        PixelSampler(CLASSES, void=VOID, per_class=0)
