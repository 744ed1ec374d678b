"""Teacher noise: the rate as asked within sampling error, never the same class, and where errors come from."""

import math

import pytest
import torch

from pixcon_train.method.label_noise import Noise, first_of_region
from tests.waiting import NoWaiting

K = 5


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def labels(*shape: int) -> torch.Tensor:
    return torch.randint(K, shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", ["uniform", "confusion"])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.4, 1.0])
def test_the_rate_is_as_asked_within_sampling_error(rate: float, kind: str) -> None:
    """Perfect pseudo-labels, all retained: their contamination is the rate, within five standard deviations."""
    truth = labels(4, 200, 200)
    noisy, replaced = Noise(K, rate, kind)(truth, torch.ones_like(truth, dtype=torch.bool), generator())
    contamination = (noisy != truth).float().mean().item()
    assert contamination == pytest.approx(rate, abs=5 * math.sqrt(rate * (1 - rate) / truth.numel()) + 1e-9)
    assert torch.equal(replaced, noisy != truth), "a replaced label is always another class"
    assert 0 <= int(noisy.min()) <= int(noisy.max()) < K


def test_only_retained_labels_are_replaced() -> None:
    pseudo, retained = labels(2, 50, 50), torch.zeros(2, 50, 50, dtype=torch.bool)
    retained[0] = True
    noisy, replaced = Noise(K, 1.0, "uniform")(pseudo, retained, generator())
    assert torch.equal(noisy[1], pseudo[1])
    assert torch.equal(replaced, retained)


def test_uniform_noise_takes_every_other_class_alike() -> None:
    pseudo = torch.full((1, 300, 300), 2)
    noisy, _ = Noise(K, 1.0, "uniform")(pseudo, torch.ones_like(pseudo, dtype=torch.bool), generator())
    shares = noisy.flatten().bincount(minlength=K) / noisy.numel()
    assert shares.tolist() == pytest.approx([0.25, 0.25, 0.0, 0.25, 0.25], abs=5 * math.sqrt(0.25 * 0.75 / 90_000))


def test_confusion_noise_takes_the_classes_mistaken_for_it() -> None:
    """Truth 0 was predicted as 1 three times and as 3 once, so label 0 becomes 1 or 3 as 3 to 1; label 2 was never
    mistaken and becomes any other."""
    noise = Noise(K, 1.0, "confusion")
    truth = torch.tensor([[[0, 0, 0, 0, 0, 0, 2, 255]]])
    predicted = torch.tensor([[[1, 1, 1, 3, 0, 0, 2, 4]]])
    logits = torch.nn.functional.one_hot(predicted, K).permute(0, 3, 1, 2).float()
    noise.update(noise.observe(logits, truth))
    assert noise.confusion[0].tolist() == [2, 3, 0, 1, 0]
    assert int(noise.confusion.sum()) == 7, "void is no mistake"
    pseudo = torch.zeros(1, 300, 300, dtype=torch.long)
    pseudo[:, 150:] = 2
    noisy, _ = noise(pseudo, torch.ones_like(pseudo, dtype=torch.bool), generator())
    of_zero = noisy[:, :150].flatten().bincount(minlength=K) / 45_000
    assert of_zero.tolist() == pytest.approx([0, 0.75, 0, 0.25, 0], abs=5 * math.sqrt(0.75 * 0.25 / 45_000))
    assert (noisy[:, 150:].flatten().bincount(minlength=K) > 0).tolist() == [True, True, False, True, True]


def plain_regions(labels: torch.Tensor) -> torch.Tensor:
    """The first pixel of each pixel's region by a flood fill."""
    first = torch.full(labels.shape, -1)
    count, height, width = labels.shape
    for number, start in enumerate((b, y, x) for b in range(count) for y in range(height) for x in range(width)):
        queue = [start] if first[start] < 0 else []
        while queue:
            b, y, x = queue.pop()
            if first[b, y, x] >= 0:
                continue
            first[b, y, x] = number
            near = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
            inside = [(b, v, u) for v, u in near if 0 <= v < height and 0 <= u < width]
            queue += [place for place in inside if labels[place] == labels[b, y, x]]
    return first.flatten()


@pytest.mark.parametrize("shape", [(2, 9, 7), (1, 1, 5), (3, 4, 1), (0, 3, 3)])
def test_regions_are_those_of_a_flood_fill(shape: tuple[int, ...]) -> None:
    values = torch.randint(2, shape, generator=generator())
    assert torch.equal(first_of_region(values), plain_regions(values))


def test_noise_of_regions_replaces_whole_regions() -> None:
    """Regions of 4×4 pixels, none next to one of its class: each has one label afterwards, and half of them another."""
    blocks = (torch.arange(50)[None, :, None] * 2 + torch.arange(50)) % K
    pseudo = blocks.repeat_interleave(4, 1).repeat_interleave(4, 2)
    assert len(first_of_region(pseudo).unique()) == 2500
    noisy, replaced = Noise(K, 0.5, "regions")(pseudo, torch.ones_like(pseudo, dtype=torch.bool), generator())
    assert torch.equal(noisy, noisy[:, ::4, ::4].repeat_interleave(4, 1).repeat_interleave(4, 2))
    assert torch.equal(replaced, noisy != pseudo)
    assert replaced.float().mean().item() == pytest.approx(0.5, abs=5 * 0.5 / 50)
    retained = torch.arange(200) < 100
    _, some = Noise(K, 1.0, "regions")(pseudo, retained.expand_as(pseudo), generator())
    assert torch.equal(some, retained.expand_as(pseudo))


def test_uniform_noise_learns_nothing() -> None:
    noise = Noise(K, 0.5, "uniform")
    sums = noise.observe(torch.zeros(1, K, 2, 2), torch.zeros(1, 2, 2).long())
    assert sums.numel() == 0
    noise.update(sums)
    assert not noise.confusion.any()


def test_noise_is_repeatable_and_waits_for_nothing() -> None:
    pseudo, noise = labels(1, 20, 20), Noise(K, 0.5, "confusion")
    retained = torch.ones_like(pseudo, dtype=torch.bool)
    first = noise(pseudo, retained, generator())[0]
    with NoWaiting():
        noise.update(noise.observe(torch.zeros(1, K, 20, 20), pseudo))
        noise(pseudo, retained, generator())
    assert torch.equal(Noise(K, 0.5, "confusion")(pseudo, retained, generator())[0], first)
