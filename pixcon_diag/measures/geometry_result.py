"""Result of the geometry measurement, computed from the sums and counts of one pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import quotients
from pixcon_train.core.errors import PixConError

MIN_PIXELS = 100
"""Default minimum of feature pixels for a class to be measured."""

ROUNDING = 16 * float(np.finfo(np.float32).eps)
"""Norm up to which a mean of unit-norm float32 features, or a difference of two such means, is rounding error: a
centroid of at most this norm has no direction, and two classes at most this far apart have the same mean."""


@dataclass(frozen=True)
class ClassGeometry:
    """Every class, arrays in class order; NaN (None for a nearest class) where a class is not among those measured."""

    pixels: tuple[int, ...]
    """n_k."""
    compactness: tuple[float, ...]
    """‖S_k‖ / n_k in [0, 1]; also of a background class with enough pixels."""
    nearest: tuple[int | None, ...]
    """The other foreground class whose centroid has the largest cosine to this one's."""
    nearest_cosine: tuple[float, ...]
    cdnv: tuple[float, ...]
    """Mean over the other foreground classes of the class-distance normalised variance."""


@dataclass(frozen=True)
class TightnessMeans:
    """The means of Table 9, recomputed for every bootstrap draw; NaN where no class or pair defines them."""

    compactness: float
    mean_inter: float
    margin: float

    @classmethod
    def of(cls, compactness: np.ndarray, cosine: np.ndarray) -> "TightnessMeans":
        """The means over M classes of their compactness (M,), and over their pairs of the cosine (M, M)."""
        mean_compactness, mean_inter = _mean(compactness), _mean_over_pairs(cosine)
        return cls(mean_compactness, mean_inter, mean_compactness - mean_inter)

    @classmethod
    def from_sums(cls, sums: np.ndarray, pixels: np.ndarray, min_pixels: int) -> "TightnessMeans":
        """The means over the classes with enough pixels, of S_k (M, C) and n_k (M,)."""
        enough = pixels >= min_pixels
        sums, pixels = sums[enough], pixels[enough]
        lengths = np.linalg.norm(sums, axis=1)
        return cls.of(quotients(lengths, pixels), _cosines(sums, np.where(lengths > ROUNDING * pixels, lengths, 0.0)))


@dataclass(frozen=True)
class GeometryResult(Serializable):
    """Table 9: means over the foreground classes with enough pixels, and the quantities behind them.

    The class-distance normalised variance of a pair is (V_j + V_k) / (2‖μ_j − μ_k‖²) with the mean μ_k = S_k / n_k of a
    class's unit features and their variance V_k = 1 − ‖μ_k‖²; lower is better separated (Galanti et al., 2022).
    """

    compactness: float
    """Mean of ‖S_k‖ / n_k; higher is tighter."""
    mean_inter: float
    """Mean cosine over pairs of centroids; lower is better separated."""
    max_inter: float
    margin: float
    """compactness − mean_inter."""
    cdnv: float
    """Mean over pairs."""
    closest: tuple[int, int] | None
    """The pair of classes with the cosine ``max_inter``."""
    measured: tuple[int, ...]
    """The classes that the means run over."""
    left_out: tuple[int, ...]
    """Foreground classes with fewer than ``min_pixels`` pixels."""
    min_pixels: int
    classes: ClassGeometry
    cosine: tuple[tuple[float, ...], ...]
    """(K, K): cosine of every two centroids, 1 on the diagonal; rows and columns of classes without enough pixels are
    NaN. A background class has its row here, though no mean includes it."""

    @classmethod
    def from_sums(
        cls, sums: np.ndarray, pixels: np.ndarray, foreground: Sequence[int], min_pixels: int
    ) -> "GeometryResult":
        """The result of S_k (K, C) float64 and n_k (K,) int64.

        A class whose features cancel (‖S_k‖ ≤ ``ROUNDING`` · n_k) has no centroid: its cosines are NaN and in no mean.

        Raises:
            PixConError: a feature was not finite.
        """
        if not np.isfinite(sums).all():
            raise PixConError("Some features are NaN or infinite. Does the checkpoint hold a network that diverged?")
        enough = pixels >= min_pixels
        chosen = np.isin(np.arange(len(pixels)), foreground) & enough
        lengths = np.linalg.norm(sums, axis=1)
        compactness = np.where(enough, quotients(lengths, pixels), np.nan)
        cosine = _cosines(sums, np.where(enough & (lengths > ROUNDING * pixels), lengths, 0.0))
        means = TightnessMeans.of(compactness[chosen], cosine[np.ix_(chosen, chosen)])
        pairs, spread = _blank(cosine, chosen), _blank(_cdnv(sums, pixels), chosen)
        found = not np.isnan(pairs).all()
        closest = np.unravel_index(np.nanargmax(pairs), pairs.shape) if found else None
        return cls(
            compactness=means.compactness,
            mean_inter=means.mean_inter,
            max_inter=float(np.nanmax(pairs)) if found else float("nan"),
            margin=means.margin,
            cdnv=_mean_over_pairs(spread),
            closest=None if closest is None else (int(min(closest)), int(max(closest))),
            measured=tuple(np.flatnonzero(chosen).tolist()),
            left_out=tuple(k for k in foreground if not enough[k]),
            min_pixels=min_pixels,
            classes=_classes(pixels, compactness, pairs, spread),
            cosine=tuple(tuple(row) for row in cosine.tolist()),
        )


def _classes(pixels: np.ndarray, compactness: np.ndarray, pairs: np.ndarray, spread: np.ndarray) -> ClassGeometry:
    nearest = [None if np.isnan(row).all() else int(np.nanargmax(row)) for row in pairs]
    return ClassGeometry(
        pixels=tuple(pixels.tolist()),
        compactness=tuple(compactness.tolist()),
        nearest=tuple(nearest),
        nearest_cosine=tuple(float("nan") if k is None else float(pairs[i, k]) for i, k in enumerate(nearest)),
        cdnv=tuple(_mean(row) for row in spread),
    )


def _cosines(sums: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """Cosines of every two centroids (K, K); NaN for classes whose ``norms`` (K,) are 0, as of features that cancel."""
    unit = quotients(sums, norms[:, None])
    cosine: np.ndarray = np.clip(unit @ unit.T, -1.0, 1.0)  # rounding may give 1 + 2e-16
    np.fill_diagonal(cosine, np.where(norms > 0, 1.0, np.nan))
    return cosine


def _cdnv(sums: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Class-distance normalised variance of every two classes (K, K); NaN where their means coincide up to rounding."""
    means = quotients(sums, pixels[:, None])
    variance = np.clip(1 - (means**2).sum(1), 0.0, None)  # of equal features it is 0 ± 1e-16
    distance = ((means[:, None] - means) ** 2).sum(-1)
    return quotients(variance[:, None] + variance, np.where(distance > ROUNDING**2, 2 * distance, 0.0))


def _blank(matrix: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """A copy with NaN on the diagonal and in the rows and columns that are not chosen."""
    pairs = chosen[:, None] & chosen & ~np.eye(len(chosen), dtype=bool)
    return np.where(pairs, matrix, np.nan)


def _mean_over_pairs(matrix: np.ndarray) -> float:
    """Mean over the pairs of different classes of a symmetric matrix (K, K)."""
    return _mean(matrix[_pairs(len(matrix))])


@cache
def _pairs(classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns above the diagonal; every draw of a bootstrap asks for them."""
    return np.triu_indices(classes, 1)


def _mean(values: np.ndarray) -> float:
    """Mean of the values that are not NaN; NaN where there are none."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
