"""Result of the contamination measurement: counts and rates computed from the histograms of one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pixcon_diag.measures.boundary_result import find_measured
from pixcon_diag.measures.confidence import FIXED_POINT
from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import quotient, quotients
from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.strays import refuse_strays


@dataclass(frozen=True)
class ContaminationCounts:
    """The sufficient statistics, int64 unless said otherwise; bin i of the last axis is [edges[i], edges[i+1])."""

    edges: tuple[float, ...]
    by_predicted: np.ndarray
    """(K, 2, bins): pixels by predicted class, correct and wrong ones."""
    by_truth: np.ndarray
    """(K, 2, bins): pixels by ground-truth class, correct and wrong ones."""
    zones: np.ndarray
    """(len(widths) + 1, 2, bins): pixels by the number of bands they lie outside of, correct and wrong ones."""
    confidence_sum: np.ndarray
    """(bins,), float64: sum of confidences."""

    @classmethod
    def from_state(
        cls, state: Mapping[str, np.ndarray], edges: tuple[float, ...], *, void: int
    ) -> "ContaminationCounts":
        """The counts of a :class:`pixcon_diag.measures.contamination.Contamination`, from a snapshot of its state.

        Raises:
            PixConError: some valid pixels had a confidence outside [0, 1] or a prediction or ground truth outside
                the classes.
        """
        rejected = int(state["rejected"])
        improbable = f"{rejected:,} valid pixels have a confidence that is no probability: does the model give NaN?"
        refuse_strays(state["strays"], len(state["by_truth"]), void, also=[improbable] if rejected else [])
        return cls(
            edges, state["by_predicted"], state["by_truth"], state["zones"], state["confidence_sum"] / FIXED_POINT
        )


@dataclass(frozen=True)
class Rates:
    """One set of pixels at one τ; rates are fractions, NaN over an empty set."""

    pixels: int
    """|V|: valid pixels of the set."""
    retained: int
    """|K_τ|: those with c >= τ."""
    correct: int
    """|K_τ ∧ ŷ = y|."""
    retention: float
    retained_accuracy: float
    rho_f: float

    @classmethod
    def from_counts(cls, pixels: int, retained: int, correct: int) -> "Rates":
        """Rates of three counts, pixels >= retained >= correct >= 0."""
        return cls(
            pixels=int(pixels),
            retained=int(retained),
            correct=int(correct),
            retention=quotient(retained, pixels),
            retained_accuracy=quotient(correct, retained),
            rho_f=quotient(retained - correct, retained),
        )


@dataclass(frozen=True)
class ClassRates:
    """Every class at one τ, arrays in class order."""

    pixels: tuple[int, ...]
    retained: tuple[int, ...]
    correct: tuple[int, ...]
    retention: tuple[float, ...]
    rho_f: tuple[float, ...]
    macro_retention: float
    """Mean over the classes that have a pixel."""
    macro_rho_f: float
    """Mean over the classes with a non-empty K_τ."""
    empty: tuple[int, ...]
    """Classes whose K_τ is empty, excluded from macro ρ_F."""

    @property
    def retained_classes(self) -> tuple[int, ...]:
        """Classes with a non-empty K_τ, over which macro ρ_F is the mean."""
        return tuple(k for k, pixels in enumerate(self.retained) if pixels)

    @classmethod
    def from_counts(cls, pixels: np.ndarray, retained: np.ndarray, correct: np.ndarray) -> "ClassRates":
        """Rates of three count arrays (K,)."""
        rates = [Rates.from_counts(*counts) for counts in zip(pixels, retained, correct, strict=True)]
        return cls(
            pixels=tuple(row.pixels for row in rates),
            retained=tuple(row.retained for row in rates),
            correct=tuple(row.correct for row in rates),
            retention=tuple(row.retention for row in rates),
            rho_f=tuple(row.rho_f for row in rates),
            macro_retention=_mean([row.retention for row in rates if row.pixels]),
            macro_rho_f=_mean([row.rho_f for row in rates if row.retained]),
            empty=tuple(k for k, row in enumerate(rates) if not row.retained),
        )


@dataclass(frozen=True)
class ZoneRates:
    """Inside the boundary band of one width, and in the interior (valid pixels outside of it)."""

    width: int
    band: Rates
    interior: Rates


@dataclass(frozen=True)
class ThresholdResult:
    """Everything at one τ."""

    tau: float
    overall: Rates
    by_predicted: ClassRates
    """A set of pixels per predicted class: ρ_F is the contamination of a confidence bank of that class."""
    by_truth: ClassRates
    """A set of pixels per ground-truth class: 1 − retention is the share that the threshold discards."""
    zones: tuple[ZoneRates, ...]


@dataclass(frozen=True)
class Curve:
    """Retention and ρ_F over τ, ascending; resolved close to 1, where teachers saturate."""

    tau: tuple[float, ...]
    retained: tuple[int, ...]
    correct: tuple[int, ...]
    retention: tuple[float, ...]
    rho_f: tuple[float, ...]


@dataclass(frozen=True)
class Calibration:
    """Reliability diagram over M equal bins [(m−1)/M, m/M), the last one closed; ECE = Σ n_m/n · |acc_m − conf_m|."""

    lower: tuple[float, ...]
    pixels: tuple[int, ...]
    accuracy: tuple[float, ...]
    confidence: tuple[float, ...]
    """Mean confidence of the bin's pixels, NaN where it has none."""
    ece: float


@dataclass(frozen=True)
class ContaminationResult(Serializable):
    """The measurement of one pass: the reported thresholds, the whole curve, calibration."""

    thresholds: tuple[ThresholdResult, ...]
    curve: Curve
    calibration: Calibration

    @classmethod
    def from_counts(
        cls, counts: ContaminationCounts, taus: Sequence[float], widths: Sequence[int], calibration_bins: int
    ) -> "ContaminationResult":
        """The result at every τ of ``taus``.

        Raises:
            ConfigError: a threshold that is no edge of ``counts``.
        """
        unknown = [tau for tau in taus if float(tau) not in counts.edges]
        if unknown:
            raise ConfigError(f"Threshold {unknown[0]:g} was not counted. Ask for it when the pass is made.")
        return cls(
            thresholds=tuple(_threshold(counts, float(tau), widths) for tau in taus),
            curve=_curve(counts),
            calibration=_calibration(counts, calibration_bins),
        )

    def at(self, tau: float) -> ThresholdResult:
        """The result at one of the measured thresholds.

        Raises:
            ConfigError: ``tau`` was not measured.
        """
        return find_measured("Threshold", {result.tau: result for result in self.thresholds}, tau)


def _threshold(counts: ContaminationCounts, tau: float, widths: Sequence[int]) -> ThresholdResult:
    start = counts.edges.index(tau)
    zones, retained = counts.zones.sum(-1), counts.zones[..., start:].sum(-1)
    return ThresholdResult(
        tau=tau,
        overall=_zone_rates(zones, retained),
        zones=tuple(
            ZoneRates(
                width=width,
                band=_zone_rates(zones[: index + 1], retained[: index + 1]),
                interior=_zone_rates(zones[index + 1 :], retained[index + 1 :]),
            )
            for index, width in enumerate(widths)
        ),
        by_predicted=_class_rates(counts.by_predicted, start),
        by_truth=_class_rates(counts.by_truth, start),
    )


def _class_rates(histogram: np.ndarray, start: int) -> ClassRates:
    """Rates of every class over the bins from ``start`` on; the histogram is (K, 2, bins)."""
    retained = histogram[..., start:].sum(-1)
    return ClassRates.from_counts(histogram.sum((1, 2)), retained.sum(1), retained[:, 0])


def _zone_rates(pixels: np.ndarray, retained: np.ndarray) -> Rates:
    """Rates of some zones together; both arrays (zones, 2) with correct and wrong pixels."""
    return Rates.from_counts(pixels.sum(), retained.sum(), retained[:, 0].sum())


def _curve(counts: ContaminationCounts) -> Curve:
    right, wrong = counts.zones.sum(0)
    correct = right[::-1].cumsum()[::-1]
    retained = correct + wrong[::-1].cumsum()[::-1]
    total = int(right.sum() + wrong.sum())
    points = [Rates.from_counts(total, *counts) for counts in zip(retained, correct, strict=True)]
    return Curve(
        tau=counts.edges,
        retained=tuple(point.retained for point in points),
        correct=tuple(point.correct for point in points),
        retention=tuple(point.retention for point in points),
        rho_f=tuple(point.rho_f for point in points),
    )


def _calibration(counts: ContaminationCounts, bins: int) -> Calibration:
    starts = [counts.edges.index(m / bins) for m in range(bins)]
    right, wrong = np.add.reduceat(counts.zones.sum(0), starts, axis=-1)
    sums = np.add.reduceat(counts.confidence_sum, starts)
    pixels = right + wrong
    accuracy, confidence = quotients(right, pixels).tolist(), quotients(sums, pixels).tolist()
    gaps = sum(int(n) * abs(a - c) for n, a, c in zip(pixels, accuracy, confidence, strict=True) if n)
    return Calibration(
        lower=tuple(m / bins for m in range(bins)),
        pixels=tuple(int(n) for n in pixels),
        accuracy=tuple(accuracy),
        confidence=tuple(confidence),
        ece=quotient(gaps, int(pixels.sum())),
    )


def _mean(values: Sequence[float]) -> float:
    """Mean of the values, NaN where there are none."""
    return quotient(sum(values), len(values))
