"""Verdict on the confidence filter: keep it, or lower the threshold (CW-BASS v2, arXiv 2608.12773).

The published rule compares the retained accuracy π_kept(τ) = 1 − ρ_F(τ) with τ itself: strict filtering pays while the
retained pixels are at least as accurate as the threshold demands; otherwise the threshold is lowered to an adaptive
floor. Here an interval over images decides, and the verdict is open where it contains τ.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.intervals import Clustering, Interval, clustering, ratio_interval
from pixcon_diag.statistics.spread import quotient

MIN_IMAGES = 20
"""Least number of images with a retained pixel for a verdict; from there on the interval covers at least 93 % in every
simulated population (``benchmarks/interval_coverage.py``)."""

NONE_UNSEEN = "all images are of the labeled training list, where the error is far below that on other images"
"""Why there is no verdict where no image is left to judge by."""

Decision = Literal["strict", "floor", "undecided", "none"]


@dataclass(frozen=True)
class Verdict(Serializable):
    """The decision at one threshold, for all pixels or for those predicted as one class."""

    tau: float
    images: int
    """Images with a retained pixel, the units of the interval."""
    retained: int
    pi_kept: float
    """1 − ρ_F(τ), in [0, 1]; NaN where nothing is retained."""
    interval: Interval
    """Of π_kept over images; NaN bounds where nothing is retained."""
    decision: Decision
    """``none``: no verdict is given."""
    reason: str
    """Why there is no verdict; empty otherwise."""

    @property
    def words(self) -> str:
        """What to do, as a clause."""
        tau = f"τ = {self.tau:g}"
        return {
            "strict": f"at least {tau}: keep strict filtering",
            "floor": f"below {tau}: lower the threshold to an adaptive floor",
            "undecided": f"undecided, as the interval contains {tau}",
            "none": f"no verdict: {self.reason}",
        }[self.decision]


def judge(tau: float, wrong: np.ndarray, retained: np.ndarray, level: float = 0.95) -> Verdict:
    """The verdict at ``tau`` from the counts of images that the network was not trained on with labels.

    Args:
        tau: τ, in [0, 1].
        wrong: (I,) wrong pixels with c >= τ of each image.
        retained: (I,) pixels with c >= τ of each image.
        level: coverage of the interval.

    Example:
        >>> verdict = judge(0.95, np.array([3, 0, 1, 2] * 10), np.array([100, 80, 90, 100] * 10))
        >>> verdict.decision, round(verdict.pi_kept, 4), verdict.words
        ('strict', 0.9838, 'at least τ = 0.95: keep strict filtering')
    """
    images, kept = int((retained > 0).sum()), int(retained.sum())
    interval = ratio_interval(wrong, retained, level).complement()
    decision, reason = _decide(tau, images, interval) if len(wrong) else ("none", NONE_UNSEEN)
    return Verdict(tau, images, kept, 1 - quotient(wrong.sum(), kept), interval, decision, reason)


def _decide(tau: float, images: int, interval: Interval) -> tuple[Decision, str]:
    """The decision, and why there is none."""
    if not images:
        return "none", "nothing is retained"
    if images < MIN_IMAGES:
        return "none", f"{images} image{'s' if images > 1 else ''} with a retained pixel, fewer than {MIN_IMAGES}"
    if interval.low >= tau:
        return "strict", ""
    return ("floor" if interval.high < tau else "undecided"), ""


@dataclass(frozen=True)
class ThresholdVerdict(Serializable):
    """The verdicts on one checkpoint's filter at one threshold."""

    overall: Verdict
    classes: tuple[Verdict, ...]
    """Of the pixels predicted as each class; empty where they are not counted at this threshold."""
    clustering: Clustering
    """Dependence of the retained pixels within images."""


def verdict_at(
    tau: float, wrong: np.ndarray, retained: np.ndarray, by_class: np.ndarray | None = None, level: float = 0.95
) -> ThresholdVerdict:
    """The verdicts at ``tau`` from the counts of images that the network was not trained on with labels.

    Args:
        tau: τ, in [0, 1].
        wrong: (I,) wrong pixels with c >= τ of each image.
        retained: (I,) pixels with c >= τ of each image.
        by_class: (I, K, 2) correct and wrong pixels with c >= τ by predicted class; None where they are not counted.
        level: coverage of the intervals.
    """
    per_class = () if by_class is None else np.moveaxis(by_class, 1, 0)
    return ThresholdVerdict(
        overall=judge(tau, wrong, retained, level),
        classes=tuple(judge(tau, counts[:, 1], counts.sum(1), level) for counts in per_class),
        clustering=clustering(wrong, retained),
    )
