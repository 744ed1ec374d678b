"""The gradient split of a checkpoint: anchors from the measured images against banks replayed from other ones."""

from dataclasses import asdict, dataclass

import numpy as np

from pixcon_diag.analyses.measured import Measured
from pixcon_diag.cache.derived import derived
from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.measures.gradient_result import GradientOptions, GradientResult, SweepPoint
from pixcon_diag.passes.measured import MeasuredPass
from pixcon_diag.passes.state import part
from pixcon_train.core.progress import Progress, silent

FORMAT = 1
"""Raised when the same sample, bank and options give other numbers."""


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

    Anchors carry their ground truth and are of images outside the bank, where the two lists differ. The numbers are
    cached with the replay.

    Raises:
        ConfigError: the pass has no features, or an option does not make sense.
        PixConError: an embedding is not finite.
    """
    sample = measured.sample()

    def compute() -> dict[str, np.ndarray]:
        from pixcon_diag.analyses.gradient_arrays import split_arrays  # runs the projection head

        return split_arrays(checkpoint, sample, replayed, options, progress)

    key = {"format": FORMAT, "sample": sample.digest(), "options": asdict(options)}
    arrays = derived(replayed.folder, "gradient", key, compute)
    by_rule = {name: GradientResult.from_array(rates) for name, rates in part(arrays, "rule").items()}
    sweep = {
        way: tuple(
            SweepPoint(float(fraction), GradientResult.from_array(point))
            for fraction, point in zip(options.fractions, points, strict=True)
        )
        for way, points in part(arrays, "sweep").items()
    }
    return Measured(group, measured, GradientSplit(replayed, options, by_rule, sweep))


def temperature_of(checkpoint: LoadedCheckpoint, given: float | None = None) -> float:
    """η that is given, else the one the checkpoint was trained with, else the paper's (Table 5)."""
    if given is not None:
        return given
    own = checkpoint.own
    return GradientOptions().temperature if own is None else float(own.config["bank"]["temperature"])
