"""The replayed bank against a naive loop over images, pixels and classes."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_diag.passes.bank_collector import BankCollector
from pixcon_diag.passes.replayed_banks import ReplayedBanks, ReplayOptions
from pixcon_diag.passes.run import PredictedBatch
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.seeding import seeded
from pixcon_train.evaluation.inference import ModelPrediction
from pixcon_train.method.admission import REPLAYED, admit

CLASSES, CHANNELS, VOID = 3, 5, 255
HEIGHT, WIDTH = 12, 16
GRID = (6, 8)
IMAGES = 7
OPTIONS = ReplayOptions(tau=0.7, size=9, cap=4, batch_size=3, seed=5)


def scene(image: int) -> tuple[Tensor, Tensor, Tensor]:
    """Logits (K, H, W), ground truth (H, W) with void, and feature (C, h, w) of an image."""
    generator = torch.Generator().manual_seed(image)
    logits = 3 * torch.randn(CLASSES, HEIGHT, WIDTH, generator=generator)
    truth = torch.randint(0, CLASSES if image != 2 else 2, (HEIGHT, WIDTH), generator=generator)
    truth[torch.rand(truth.shape, generator=generator) < 0.2] = VOID
    if image == 4:
        truth[:] = VOID
    return logits, truth, torch.randn(CHANNELS, *GRID, generator=generator)


def predicted(images: range) -> PredictedBatch:
    logits, truth, feature = (torch.stack(each) for each in zip(*map(scene, images), strict=True))
    inference = ModelPrediction(*logits.softmax(1).max(1), feature, (HEIGHT, WIDTH), logits)
    return PredictedBatch(tuple(f"{image}.jpg" for image in images), truth, inference)


def batches(size: int = 2) -> Iterator[PredictedBatch]:
    return (predicted(range(start, min(start + size, IMAGES))) for start in range(0, IMAGES, size))


def unit(rows: Tensor) -> Tensor:
    return F.normalize(rows, dim=1)


def collected(at_once: int = 2, *, embed: Callable[[Tensor], Tensor] = unit, **options: Any) -> BankCollector:
    collector = BankCollector(CLASSES, embed, ReplayOptions(**{**vars(OPTIONS), **options}), IMAGES)
    for batch in batches(at_once):
        collector.update(batch)
    return collector


def banks(collector: BankCollector | None = None) -> ReplayedBanks:
    """What the collector's arrays say."""
    collector = collector or collected()
    return ReplayedBanks(collector.snapshot(), CLASSES, collector.options)


def admitted(rule: str, image: int, tau: float = OPTIONS.tau) -> tuple[Tensor, Tensor]:
    """Class under which training admits each pixel of the feature's grid, and the truth there."""
    logits, truth, _ = scene(image)
    small = F.interpolate(logits[None], GRID, mode="bilinear", align_corners=True)
    labels = F.interpolate(truth[None, None].float(), GRID, mode="nearest")[:, 0].long()
    return admit(rule, small, labels, tau=tau)[0], labels[0]


Entry = tuple[int, tuple[float, ...]]
"""Truth and embedding."""


def naive(rule: str) -> list[list[Entry]]:
    """The queue of each class, oldest first, filled image by image and pixel by pixel."""
    queues: list[list[Entry]] = [[] for _ in range(CLASSES)]
    for start in range(0, IMAGES, OPTIONS.batch_size):
        drawn: list[list[tuple[float, Entry]]] = [[] for _ in range(CLASSES)]
        for image in range(start, min(start + OPTIONS.batch_size, IMAGES)):
            classes, truth = admitted(rule, image)
            feature = scene(image)[2]
            draw = torch.rand(truth.numel(), generator=seeded(OPTIONS.seed, 30, image)).view(truth.shape)
            for row in range(GRID[0]):
                for column in range(GRID[1]):
                    label, vector = int(classes[row, column]), feature[:, row, column]
                    if label >= 0:
                        entry = (int(truth[row, column]), tuple((vector / vector.norm()).tolist()))
                        drawn[label].append((float(draw[row, column]), entry))
        for label, pixels in enumerate(drawn):
            queues[label] += [entry for _, entry in sorted(pixels)[: OPTIONS.cap]]
    return [queue[-OPTIONS.size :] for queue in queues]


@pytest.mark.parametrize("rule", REPLAYED)
def test_the_bank_holds_what_a_naive_loop_enters(rule: str) -> None:
    entries = banks().entries(rule)
    for label, queue in enumerate(naive(rule)):
        rows = entries.held & (entries.labels == label)
        found = sorted(zip(entries.truth[rows].tolist(), entries.embeddings[rows].tolist(), strict=True))
        assert len(found) == len(queue)
        for (truth, vector), (expected, other) in zip(found, sorted(queue), strict=True):
            assert truth == expected and vector == pytest.approx(other, abs=1e-6)


@pytest.mark.parametrize("rule", REPLAYED)
def test_coverage_counts_what_a_naive_loop_counts(rule: str) -> None:
    found = banks().coverage(rule)
    per_image = [admitted(rule, image) for image in range(IMAGES)]
    for k in range(CLASSES):
        eligible = [int((classes == k).sum()) for classes, _ in per_image]
        labeled = [int((truth == k).sum()) for _, truth in per_image]
        capped = [min(sum(eligible[i : i + OPTIONS.batch_size]), OPTIONS.cap) for i in range(0, IMAGES, 3)]
        until = next((3 * n for n in range(1, 4) if sum(capped[:n]) >= OPTIONS.size), None)
        assert found.classes.images[k] == sum(count > 0 for count in labeled)
        assert found.classes.labeled[k] == sum(labeled)
        assert found.classes.eligible[k] == sum(eligible)
        assert found.classes.admitted[k] == sum(capped)
        assert found.classes.fill[k] == min(sum(capped), OPTIONS.size)
        assert found.classes.images_until_full[k] == (None if until is None else min(until, IMAGES))
        held = banks().entries(rule)
        assert int((held.held & (held.labels == k)).sum()) == found.classes.fill[k]


def test_confusion_counts_valid_pixels_of_the_grid() -> None:
    expected = torch.zeros(CLASSES, CLASSES, dtype=torch.int64)
    for image in range(IMAGES):
        logits, _, _ = scene(image)
        prediction = F.interpolate(logits[None], GRID, mode="bilinear", align_corners=True)[0].argmax(0)
        for truth, label in zip(admitted("labeled", image)[1].flatten(), prediction.flatten(), strict=True):
            if truth != VOID:
                expected[truth, label] += 1
    assert banks().confusion.tolist() == expected.tolist()


def test_a_higher_threshold_admits_fewer_pixels() -> None:
    rates = []
    for tau in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        counts = banks(collected(tau=tau)).coverage("confidence").classes.eligible
        expected = [admitted("confidence", image, tau)[0] for image in range(IMAGES)]
        assert list(counts) == [sum(int((classes == k).sum()) for classes in expected) for k in range(CLASSES)]
        rates.append(sum(counts))
    assert rates == sorted(rates, reverse=True) and rates[0] > rates[-1] > 0


def test_predictions_at_the_image_s_size_play_no_part() -> None:
    """Training resamples the network's logits; what was resized to the image already would be resampled twice."""
    collector = BankCollector(CLASSES, unit, OPTIONS, IMAGES)
    for batch in batches():
        nothing = {name: torch.zeros_like(getattr(batch, name)) for name in ("confidence", "prediction")}
        collector.update(PredictedBatch(batch.names, batch.target, batch.inference._replace(**nothing)))
    assert same(collector.snapshot(), collected().snapshot())


@pytest.mark.parametrize("rule", ["clean", "labeled"])
def test_rules_by_ground_truth_enter_nothing_wrong(rule: str) -> None:
    found = banks()
    entries = found.entries(rule)
    assert entries.held.any() and (entries.truth == entries.labels)[entries.held].all()
    result = found.coverage(rule)
    assert result.classes.eligible[0] > 0 and set(result.classes.rho_f) == {0.0}


def test_a_confidence_bank_has_the_share_of_wrong_entries_that_coverage_says() -> None:
    found = banks(collected(size=10**4, cap=10**4))
    entries, result = found.entries("confidence"), found.coverage("confidence")
    assert 0 < result.classes.rho_f[0] < 1
    for k, rho_f in enumerate(result.classes.rho_f):
        rows = entries.held & (entries.labels == k)
        assert (entries.truth[rows] != k).mean() == pytest.approx(rho_f)


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_the_network_s_batches_do_not_matter(size: int) -> None:
    """Those of training do: they say which pixels share a cap."""
    assert same(collected(size).snapshot(), collected(2).snapshot())
    first, other = (banks(collected(2, batch_size=size)).coverage("labeled") for size in (3, 2))
    assert first.classes.eligible == other.classes.eligible and first.classes.admitted != other.classes.admitted


@pytest.mark.parametrize("done", [1, 2, 3])
def test_it_can_be_put_aside_between_any_two_batches(done: int) -> None:
    """Within a training batch too, whose pixels wait for the others."""
    parts = list(batches())
    before, after = (BankCollector(CLASSES, unit, OPTIONS, IMAGES) for _ in range(2))
    for batch in parts[:done]:
        before.update(batch)
    after.restore(before.snapshot())
    for batch in parts[done:]:
        after.update(batch)
    assert same(after.snapshot(), collected().snapshot())


def test_a_snapshot_is_what_arrays_can_hold_and_a_lack_is_an_error() -> None:
    state = collected().snapshot()
    assert all(value.dtype != object for value in state.values())
    del state["confusion"]
    with pytest.raises(KeyError, match="confusion"):
        BankCollector(CLASSES, unit, OPTIONS, IMAGES).restore(state)


def test_nothing_admitted_is_an_empty_bank() -> None:
    """As by confidence, of a network that is never sure."""
    found = banks(collected(tau=1.0))
    entries = found.entries("confidence")
    assert not entries.held.any() and entries.embeddings.shape == (CLASSES * OPTIONS.size, CHANNELS)
    result = found.coverage("confidence")
    assert result.with_entry == 0 and result.starved == (0, 1, 2)
    assert found.coverage("clean").with_entry == CLASSES


def test_only_pixels_within_the_cap_are_embedded() -> None:
    """A projection head costs more than the admission."""
    rows: list[int] = []

    def counted(features: Tensor) -> Tensor:
        rows.append(len(features))
        return unit(features)

    collected(embed=counted)
    assert len(rows) == IMAGES * len(REPLAYED) and max(rows) <= CLASSES * OPTIONS.cap


def test_padding_is_beyond_the_image_and_never_admitted() -> None:
    """A feature of 6 × 8 cells over 24 × 32 pixels of which the image has a quarter."""
    batch = predicted(range(1))
    covered = (2 * HEIGHT, 2 * WIDTH)
    moved = PredictedBatch(batch.names, batch.target, batch.inference._replace(covered=covered))
    collector = BankCollector(CLASSES, unit, OPTIONS, IMAGES)
    collector.update(moved)
    expected = F.interpolate(batch.target[:, None].float(), (3, 4), mode="nearest")
    assert sum(banks(collector).coverage("labeled").classes.labeled) == int((expected != VOID).sum())
    assert int(collector.confusion.sum()) == int((expected != VOID).sum())


@pytest.mark.parametrize("lack", [{"fused": None}, {"fused": torch.zeros(2, 0, 1, 1)}, {"network_logits": None}])
def test_no_feature_no_bank(lack: dict[str, Any]) -> None:
    batch = predicted(range(2))
    without = PredictedBatch(batch.names, batch.target, batch.inference._replace(**lack))
    with pytest.raises(ConfigError, match="--window 0"):
        BankCollector(CLASSES, unit, OPTIONS, IMAGES).update(without)
