"""Computing the gradient split: sampled pixels pass through the projection head and meet replayed banks."""

from collections.abc import Callable
from itertools import count

import numpy as np
import torch
from torch import Tensor

from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.measures.bank_entries import Entries
from pixcon_diag.measures.gradient import ContaminationGradient
from pixcon_diag.measures.gradient_result import CLEAN, GradientOptions, GradientResult
from pixcon_diag.measures.gradient_sweep import contamination_sweep
from pixcon_diag.measures.pixel_sample_result import PixelSample
from pixcon_diag.passes.embedding import embed
from pixcon_train.core.progress import Progress
from pixcon_train.core.seeding import seeded

_SWEEP = 31
"""Random stream of the relabelling."""


def split_arrays(
    checkpoint: LoadedCheckpoint,
    sample: PixelSample,
    replayed: ReplayedPass,
    options: GradientOptions,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Every result as :meth:`GradientResult.to_array` gives it: ``rule.NAME``, and ``sweep.MODE`` (fractions, ...).

    Raises:
        ConfigError: an option is out of range.
        PixConError: an embedding is not finite.
    """
    anchors = _anchors(checkpoint, sample, options.anchors)
    sweeps: dict[str, Tensor | None] = {}
    if CLEAN in options.rules and replayed.entries(CLEAN).held.any():
        sweeps = {"uniform": None, "confusion": torch.from_numpy(replayed.confusion)}
    steps, done = len(options.rules) + len(sweeps) * len(options.fractions), count()
    arrays = {}
    for rule in options.rules:
        progress(next(done), steps)
        metric = ContaminationGradient(sample.num_classes, temperature=options.temperature)
        metric.update(*anchors, _entries(replayed, rule))
        result: GradientResult = metric.compute()
        arrays[f"rule.{rule}"] = result.to_array()
    for mode, confusion in sweeps.items():
        arrays[f"sweep.{mode}"] = _sweep(*anchors, replayed, options, confusion, lambda: progress(next(done), steps))
    progress(steps, steps)
    return arrays


def _sweep(
    anchors: Tensor,
    labels: Tensor,
    replayed: ReplayedPass,
    options: GradientOptions,
    confusion: Tensor | None,
    step: Callable[[], None],
) -> np.ndarray:
    """The clean bank, contaminated at each fraction; ``step`` is called before each."""
    rates = []
    for fraction in options.fractions:
        step()
        (point,) = contamination_sweep(
            anchors,
            labels,
            _entries(replayed, CLEAN),
            num_classes=replayed.data.spec.num_classes,
            generator=seeded(options.seed, _SWEEP),  # the same seed for every fraction: the sweep is nested
            fractions=(fraction,),
            temperature=options.temperature,
            confusion=confusion,
        )
        rates.append(point.result.to_array())
    return np.stack(rates)


def _entries(replayed: ReplayedPass, rule: str) -> Entries[Tensor]:
    return Entries(*map(torch.from_numpy, replayed.entries(rule)))


def _anchors(checkpoint: LoadedCheckpoint, sample: PixelSample, limit: int) -> tuple[Tensor, Tensor]:
    """Embeddings (A, D) and labels (A,) of the first ``limit`` sampled pixels of each class."""
    first = np.searchsorted(sample.labels, sample.labels)  # the sample is sorted by class
    selected = np.arange(len(sample.labels)) - first < limit
    features = sample.features[selected] * sample.norms[selected][:, None]
    return embed(checkpoint, torch.from_numpy(features)), torch.from_numpy(sample.labels[selected])
