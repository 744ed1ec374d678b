"""Teacher noise: the rate as asked within sampling error, never the same class, and where errors come from."""

import math

import pytest
import torch

from pixcon_train.method.label_noise import Noise
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
