"""Image noise in a difference between two checkpoints or groups: a paired bootstrap over images.

Image noise is the variation over validation images for fixed weights, and needs one seed only. Seed noise, the
variation over seeds on fixed images, is in :mod:`pixcon_diag.measures.seeds`; the two are never mixed. A difference is
second − first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pixcon_diag.measures.geometry_result import TightnessMeans
from pixcon_diag.measures.pooling import PerImage, Pool, SparsePool, draw_images, pool
from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import quotients
from pixcon_train.core.errors import ConfigError

Statistic = Callable[[np.ndarray], np.ndarray]
"""From sufficient statistics pooled over images, (R, ...) float64, to a value for each of the R rows, NaN where it is
undefined."""

_CHUNK = 256
"""Draws at once, which bounds memory."""


@dataclass(frozen=True)
class ImageNoise(Serializable):
    """A difference and its percentile interval over resampled images."""

    first: float
    second: float
    difference: float
    low: float
    """Lower end of the interval of the difference; NaN where no draw defines it."""
    high: float
    level: float
    draws: int
    undefined: int
    """Draws without a value (an empty set), excluded from the interval."""
    images: int
    runs: tuple[int, int]
    """Checkpoints in each group; a group's value is the mean over them."""


def paired_bootstrap(
    first: Sequence[PerImage],
    second: Sequence[PerImage],
    statistic: Statistic,
    *,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> ImageNoise:
    """Percentile interval of the difference of a statistic over images resampled with replacement.

    Every draw uses the same images for all checkpoints, pools their sufficient statistics and computes the statistic
    from the pool, so the difference of a checkpoint to itself is exactly 0.

    Args:
        first: an array (I, ...) a checkpoint of the first group: per-image statistics that add up, images in one order;
            or a sparse matrix (I, S).
        second: the same for the second group.
        statistic: e.g. :func:`pooled_miou`.
        rng: generator of the draws.
        draws: number of resamples.
        level: coverage of the interval.

    Raises:
        ConfigError: no draws, or a level outside (0, 1).
        ValueError: no images, or not the same number everywhere.

    Example:
        >>> wrong_of_pixels = np.array([[10.0, 4.0], [10.0, 2.0]])  # two images
        >>> rng = np.random.default_rng(0)
        >>> noise = paired_bootstrap([wrong_of_pixels], [wrong_of_pixels], pooled_ratio(1, 0), rng=rng)
        >>> noise.first, noise.low, noise.high
        (0.3, 0.0, 0.0)
    """
    if draws < 1 or not 0 < level < 1:
        raise ConfigError(f"Expected draws >= 1 and a level between 0 and 1, got {draws} and {level}.")
    sizes = {statistics.shape[0] for statistics in (*first, *second)}
    if not first or not second or len(sizes) != 1 or 0 in sizes:
        raise ValueError(f"Expected statistics of the same images for every checkpoint, got {sorted(sizes)} images.")
    images = sizes.pop()
    pooled = pool([*first, *second])
    value, other = (found[0] for found in _values(pooled, len(first), statistic, np.ones((1, images))))
    blocks = (draw_images(images, min(_CHUNK, draws - start), rng) for start in range(0, draws, _CHUNK))
    pairs = [_values(pooled, len(first), statistic, times) for times in blocks]
    differences = np.concatenate([after - before for before, after in pairs])
    defined = differences[~np.isnan(differences)]
    tails = (0.5 - level / 2, 0.5 + level / 2)
    low, high = np.quantile(defined, tails) if len(defined) else (np.nan, np.nan)
    return ImageNoise(
        first=float(value),
        second=float(other),
        difference=float(other - value),
        low=float(low),
        high=float(high),
        level=level,
        draws=draws,
        undefined=draws - len(defined),
        images=images,
        runs=(len(first), len(second)),
    )


def pooled_miou(counts: np.ndarray) -> np.ndarray:
    """mIoU over present classes from pooled (..., 3, K): true positives, predicted and true pixels per class."""
    hit, predicted, target = np.moveaxis(counts, -2, 0)
    union = predicted + target - hit
    present = union > 0
    total = np.divide(hit, union, out=np.zeros_like(hit, dtype=np.float64), where=present).sum(-1)
    return quotients(total, present.sum(-1))


def pooled_ratio(part: int, whole: int) -> Statistic:
    """The statistic column ``part`` / column ``whole`` of pooled (..., S); an error rate, ρ_F, retention."""
    return lambda sums: quotients(sums[..., part], sums[..., whole])


def pooled_geometry(quantity: str, num_classes: int, foreground: Sequence[int], min_pixels: int) -> Statistic:
    """``compactness``, ``mean_inter`` or ``margin`` of pooled (R, K·(C + 1)): every class's sum of unit features and
    its pixels, as :meth:`pixcon_diag.measures.image_centroids_result.CentroidRows.per_image` lays them out."""

    def statistic(pooled: np.ndarray) -> np.ndarray:
        draws = pooled.reshape(len(pooled), num_classes, -1)[:, list(foreground)]
        means = (TightnessMeans.from_sums(draw[:, :-1], draw[:, -1], min_pixels) for draw in draws)
        return np.array([getattr(mean, quantity) for mean in means])

    return statistic


def _values(
    pooled: Pool | SparsePool, runs: int, statistic: Statistic, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the statistic over the first ``runs`` checkpoints, and over the others, in each draw: (R,) each."""
    found = [statistic(sums) for sums in pooled.sums(times)]
    return np.mean(found[:runs], axis=0), np.mean(found[runs:], axis=0)
