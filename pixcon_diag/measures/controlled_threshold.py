"""The smallest τ at which ρ_F is promised to stay below a bound, and the τ that retains most correct pixels per wrong
one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.intervals import Interval, ratio_interval
from pixcon_diag.statistics.risk_control import promised_threshold
from pixcon_diag.statistics.spread import quotients
from pixcon_train.core.errors import ConfigError

MIN_IMAGES = 20
"""Least number of images with a valid pixel, as for a verdict."""
STEP = 1.1
"""Ratio of the successive α that are tried where none can be promised."""
LARGEST_ALPHA = 0.5


@dataclass(frozen=True)
class ThresholdPoint(Serializable):
    """One threshold; NaN where nothing is retained."""

    tau: float
    retention: float
    rho_f: float
    correct_per_wrong: float
    """Retained correct pixels per retained wrong one; NaN without a wrong one."""


@dataclass(frozen=True)
class ControlledThreshold(Serializable):
    """A threshold with a guarantee on ρ_F, for one checkpoint."""

    alpha: float
    delta: float
    images: int
    """Images with a valid pixel, labeled ones left out."""
    left_out: int | None
    """Images of the labeled training list, which are not used; None where that list is unknown."""
    promised: ThresholdPoint | None
    """The smallest τ at which ρ_F <= α with probability 1 − δ; None: none can be promised."""
    interval: Interval | None
    """95 % interval over images of ρ_F at that τ, for this τ alone."""
    start: float | None
    """The strictest τ tested; None without a test."""
    possible_alpha: float | None
    """Where no τ is promised, the smallest α of those tried at which one would have been; None: none up to 0.5."""
    plain: ThresholdPoint | None
    """The smallest τ whose measured ρ_F is at most α, without a guarantee; None: no τ has one."""
    efficient: ThresholdPoint | None
    """The τ that retains most correct pixels per wrong one, among those at which 20 images hold a wrong one; None where
    there is none."""
    curve: tuple[ThresholdPoint, ...]

    @property
    def sentence(self) -> str:
        """The result as a sentence."""
        if self.promised is not None:
            return (
                f"With probability {1 - self.delta:g}, ρ_F is at most {self.alpha:g} at τ = {self.promised.tau:g}, "
                f"where {self.promised.retention:.1%} of the pixels are retained."
            )
        if self.start is None:
            return f"No τ is promised: {self.images} images to test on, fewer than {MIN_IMAGES}."
        none = f"No τ can be promised for α = {self.alpha:g} and δ = {self.delta:g} with {self.images} images"
        if self.possible_alpha is None:
            return f"{none}, nor for any α up to {LARGEST_ALPHA:g}."
        return f"{none}; α = {self.possible_alpha:.3g} would have been possible."


def controlled_threshold(
    histogram: np.ndarray,
    edges: Sequence[float],
    *,
    alpha: float,
    delta: float,
    labeled: np.ndarray | None,
    rng: np.random.Generator,
) -> ControlledThreshold:
    """The smallest τ at which ρ_F is promised to be at most ``alpha``.

    Args:
        histogram: (I, 2, bins) correct and wrong valid pixels of each image by confidence.
        edges: left edges of the bins, the thresholds that can be chosen.
        alpha: bound of ρ_F, in (0, 1).
        delta: probability of a broken promise, in (0, 1).
        labeled: (I,) bool, whether an image is of the labeled training list; None where that is unknown.
        rng: orders the images.

    Raises:
        ConfigError: ``alpha`` or ``delta`` outside (0, 1).
    """
    if not (0 < alpha < 1 and 0 < delta < 1):
        raise ConfigError(f"Expected α and δ between 0 and 1, got {alpha:g} and {delta:g}.")
    used = histogram.sum((1, 2)) > 0 if labeled is None else (histogram.sum((1, 2)) > 0) & ~labeled
    above = histogram[used, :, ::-1].cumsum(-1)[..., ::-1]  # (I, 2, T): correct and wrong retained at each edge
    wrong, kept = above[:, 1], above.sum(1)
    curve = _curve(above.sum(0), edges)
    index, start, possible = None, None, None
    if used.sum() >= MIN_IMAGES:
        seed = int(rng.integers(2**32))  # the same order of images for every α
        promise = promised_threshold(wrong, kept, alpha=alpha, delta=delta, rng=np.random.default_rng(seed))
        index, start = promise.index, edges[promise.start]
        possible = None if index is not None else _possible_alpha(wrong, kept, alpha, delta, seed)
    return ControlledThreshold(
        alpha=alpha,
        delta=delta,
        images=int(used.sum()),
        left_out=None if labeled is None else int(labeled.sum()),
        promised=None if index is None else curve[index],
        interval=None if index is None else ratio_interval(wrong[:, index], kept[:, index]),
        start=start,
        possible_alpha=possible,
        plain=next((point for point in curve if point.rho_f <= alpha), None),
        efficient=_efficient(curve, (wrong > 0).sum(0)),
        curve=curve,
    )


def _curve(retained: np.ndarray, edges: Sequence[float]) -> tuple[ThresholdPoint, ...]:
    """The points of retained correct and wrong pixels (2, T)."""
    correct, wrong = retained
    kept = correct + wrong
    columns = (quotients(kept, kept[:1]), quotients(wrong, kept), quotients(correct, wrong))
    return tuple(ThresholdPoint(tau, *map(float, rates)) for tau, *rates in zip(edges, *columns, strict=True))


def _possible_alpha(wrong: np.ndarray, kept: np.ndarray, alpha: float, delta: float, seed: int) -> float | None:
    """The smallest α above ``alpha``, in steps of 10 %, with which a threshold is promised."""
    while (alpha := alpha * STEP) <= LARGEST_ALPHA:
        promise = promised_threshold(wrong, kept, alpha=alpha, delta=delta, rng=np.random.default_rng(seed))
        if promise.index is not None:
            return alpha
    return None


def _efficient(curve: Sequence[ThresholdPoint], images: np.ndarray) -> ThresholdPoint | None:
    """The point with most correct pixels per wrong one, among those with a wrong pixel in enough ``images`` (T,)."""
    points = [point for point, number in zip(curve, images, strict=True) if number >= MIN_IMAGES]
    return max(points, key=lambda point: point.correct_per_wrong, default=None)
