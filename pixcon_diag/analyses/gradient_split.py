"""The gradient split of a checkpoint: anchors from the measured images, banks from the labeled list."""

from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from pixcon_diag.analyses.measured import Measured
from pixcon_diag.cache.derived import derived
from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.measures.gradient_result import GradientOptions, GradientResult, SweepPoint
from pixcon_diag.passes.forms import formed
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.passes.state import part
from pixcon_train.core.progress import Progress, silent

FORMAT = 1
"""To be raised when the same sample, bank and options give different numbers."""


@dataclass(frozen=True)
class GradientSplit:
    """The gradient split against the banks of several rules, and the controlled sweep."""

    replayed: ReplayedPass
    options: GradientOptions
    by_rule: dict[str, GradientResult]
    sweep: dict[str, tuple[SweepPoint, ...]]
    """Of the clean bank: ``uniform`` relabels to any other class, ``confusion`` follows the network's confusion
    matrix. Empty if that bank is empty or not among the rules."""


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

    Anchors carry their ground-truth class; their images are not in the bank if the two lists are disjoint. The numbers
    are cached with the replay.

    Raises:
        ConfigError: the pass has no features, or an option is out of range.
        PixConError: an embedding is not finite.
    """
    sample = measured.sample()

    def compute() -> dict[str, np.ndarray]:
        from pixcon_diag.analyses.gradient_arrays import split_arrays  # imports PyTorch

        return split_arrays(checkpoint, sample, replayed, options, progress)

    key = {"format": FORMAT, "sample": sample.digest(), "options": asdict(options)}
    split = derived(replayed.folder, "gradient", key, compute, partial(_read, replayed=replayed, options=options))
    return Measured(group, measured, split)


def _read(arrays: dict[str, np.ndarray], replayed: ReplayedPass, options: GradientOptions) -> GradientSplit:
    """The split of stored arrays.

    Raises:
        ValueError: they are not of one.
    """
    rates = f"real 2 {replayed.num_classes + 1} 10"
    forms = {f"rule.{rule}": rates for rule in options.rules}
    forms |= {name: f"real {len(options.fractions)} {rates[5:]}" for name in arrays if name.startswith("sweep.")}
    formed(arrays, forms)
    by_rule = {name: GradientResult.from_array(rates) for name, rates in part(arrays, "rule").items()}
    sweep = {
        mode: tuple(
            SweepPoint(float(fraction), GradientResult.from_array(point))
            for fraction, point in zip(options.fractions, points, strict=True)
        )
        for mode, points in part(arrays, "sweep").items()
    }
    return GradientSplit(replayed, options, by_rule, sweep)


def temperature_of(checkpoint: LoadedCheckpoint, temperature: float | None = None) -> float:
    """The given η, else that of the checkpoint's training, else the paper's (Table 5)."""
    if temperature is not None:
        return temperature
    run = checkpoint.run
    trained = None if run is None else run.settings.bank.temperature
    return GradientOptions().temperature if trained is None else trained
