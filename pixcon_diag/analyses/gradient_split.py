"""The gradient split of a checkpoint: anchors from the measured images against banks replayed from other ones."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from torch import Tensor

from pixcon_diag.analyses.measured import Measured
from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.measures.bank_entries import Entries
from pixcon_diag.measures.gradient import ContaminationGradient
from pixcon_diag.measures.gradient_result import FRACTIONS, GradientResult, SweepPoint
from pixcon_diag.measures.gradient_sweep import contamination_sweep
from pixcon_diag.measures.pixel_sample_result import PixelSample
from pixcon_diag.passes.embedding import embed
from pixcon_diag.passes.measured import MeasuredPass
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.seeding import seeded

_SWEEP = 31
"""Stream of random numbers that relabel entries."""

CLEAN = "clean"
"""The rule whose bank the controlled sweep contaminates."""


@dataclass(frozen=True)
class GradientOptions:
    """What is split, and against which banks."""

    rules: tuple[str, ...] = ("confidence", CLEAN)
    temperature: float = 0.1
    anchors: int = 50
    """Anchors of each class."""
    fractions: tuple[float, ...] = FRACTIONS
    seed: int = 0


@dataclass(frozen=True)
class GradientSplit:
    """The gradient split against the banks of several rules, and the controlled sweep."""

    replayed: ReplayedPass
    options: GradientOptions
    by_rule: dict[str, GradientResult]
    sweep: dict[str, tuple[SweepPoint, ...]]
    """Of the clean bank: ``uniform`` relabels to any other class, ``confusion`` as the network confuses them. Empty
    where that bank holds nothing, or is not among the rules."""


MeasuredGradient = Measured[MeasuredPass, GradientSplit]


def measure_gradient(
    group: str,
    checkpoint: LoadedCheckpoint,
    measured: MeasuredPass,
    replayed: ReplayedPass,
    options: GradientOptions,
    progress: Progress = silent,
) -> MeasuredGradient:
    """Split the gradient of sampled pixels of ``measured`` against the banks of ``replayed``.

    Anchors carry their ground truth and are of images outside the bank, where the two lists differ.

    Raises:
        ConfigError: the pass has no features, or an option does not make sense.
        PixConError: an embedding is not finite.
    """
    anchors = _anchors(checkpoint, measured.sample(), options.anchors)
    classes = measured.data.spec.num_classes
    sweeps: dict[str, Tensor | None] = {}
    if CLEAN in options.rules and replayed.entries(CLEAN).held.any():
        sweeps = {"uniform": None, "confusion": torch.from_numpy(replayed.confusion)}
    steps, done = len(options.rules) + len(sweeps) * len(options.fractions), count()
    by_rule = {}
    for rule in options.rules:
        progress(next(done), steps)
        metric = ContaminationGradient(classes, temperature=options.temperature)
        metric.update(*anchors, _entries(replayed, rule))
        by_rule[rule] = metric.compute()
    sweep = {
        name: _sweep(*anchors, replayed, options, confusion, lambda: progress(next(done), steps))
        for name, confusion in sweeps.items()
    }
    progress(steps, steps)
    return Measured(group, measured, GradientSplit(replayed, options, by_rule, sweep))


def _sweep(
    anchors: Tensor,
    labels: Tensor,
    replayed: ReplayedPass,
    options: GradientOptions,
    confusion: Tensor | None,
    step: Callable[[], None],
) -> tuple[SweepPoint, ...]:
    """The clean bank, contaminated step by step; ``step`` is told of each."""
    points: list[SweepPoint] = []
    for fraction in options.fractions:
        step()
        points += contamination_sweep(
            anchors,
            labels,
            _entries(replayed, CLEAN),
            num_classes=replayed.data.spec.num_classes,
            generator=seeded(options.seed, _SWEEP),  # the same one each time: the sweep is nested
            fractions=(fraction,),
            temperature=options.temperature,
            confusion=confusion,
        )
    return tuple(points)


def temperature_of(checkpoint: LoadedCheckpoint, given: float | None = None) -> float:
    """η that is given, else the one the checkpoint was trained with, else the paper's (Table 5)."""
    if given is not None:
        return given
    own = checkpoint.own
    return GradientOptions().temperature if own is None else float(own.config["bank"]["temperature"])


def _entries(replayed: ReplayedPass, rule: str) -> Entries[Tensor]:
    return Entries(*map(torch.from_numpy, replayed.entries(rule)))


def _anchors(checkpoint: LoadedCheckpoint, sample: PixelSample, most: int) -> tuple[Tensor, Tensor]:
    """Embeddings (A, D) and labels (A,) of the first ``most`` sampled pixels of each class."""
    first = np.searchsorted(sample.labels, sample.labels)  # the sample lies class by class
    kept = np.arange(len(sample.labels)) - first < most
    features = sample.features[kept] * sample.norms[kept][:, None]
    return embed(checkpoint, torch.from_numpy(features)), torch.from_numpy(sample.labels[kept])
