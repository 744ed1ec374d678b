"""t-SNE maps of the same pixels for several checkpoints, and how separable the classes are (Fig. 11, Sec. G.4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pixcon_diag.measures.map_fit import fit_maps
from pixcon_diag.measures.pixel_sample_result import PixelSample
from pixcon_diag.serialization import Serializable
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.progress import Progress, silent

PERPLEXITY = 30.0
NEIGHBOURS = 10
FEWEST = 10
"""Minimum number of pixels of a map."""

Arrays = dict[str, np.ndarray]
Keep = Callable[[Callable[[], Arrays]], Arrays]


def at_once(compute: Callable[[], Arrays]) -> Arrays:
    """Keep nothing."""
    return compute()


@dataclass(frozen=True)
class Separability:
    """Separability in feature space with distance 1 − cosine, independent of the distortions of a map."""

    neighbours: int
    """k."""
    purity: float
    """Mean share of a pixel's k nearest neighbours (excluding itself) that have its class, in [0, 1]."""
    chance: float
    """The purity of a random feature: the mean share of a pixel's class among the other pixels."""
    class_purity: tuple[float, ...]
    """Mean over the pixels of each class; NaN for a class without one."""
    silhouette: float
    """Mean silhouette in [−1, 1]; NaN where there are fewer than two classes, or as many as pixels."""

    def to_array(self) -> np.ndarray:
        """The numbers as float64 (4 + K,), for :meth:`from_array`."""
        return np.array([self.neighbours, self.purity, self.chance, self.silhouette, *self.class_purity])

    @classmethod
    def from_array(cls, numbers: np.ndarray) -> "Separability":
        """The separability of :meth:`to_array`."""
        neighbours, purity, chance, silhouette, *classes = numbers.tolist()
        return cls(int(neighbours), purity, chance, tuple(classes), silhouette)


@dataclass(frozen=True)
class Projection:
    """One checkpoint's map."""

    name: str
    positions: tuple[tuple[float, float], ...]
    """Of each pixel; clusters and neighbourhoods are meaningful, distances between clusters are not."""
    kl_divergence: float
    """The minimised objective; not comparable between samples."""
    separability: Separability


@dataclass(frozen=True)
class ProjectionResult(Serializable):
    """The same pixels under each checkpoint; tuples over pixels are parallel."""

    projections: tuple[Projection, ...]
    aligned: bool
    """Whether each map but the first starts from the first one, so that positions can be compared."""
    labels: tuple[int, ...]
    pixels: tuple[tuple[str, int, int], ...]
    """Image, row and column."""
    perplexity: float
    """As used: at most (pixels − 1) / 3."""
    per_class: int
    counts: tuple[int, ...]
    """Pixels of each class."""
    sample_seed: int
    seed: int


def project(
    samples: Mapping[str, PixelSample],
    *,
    aligned: bool = False,
    seed: int = 0,
    perplexity: float = PERPLEXITY,
    neighbours: int = NEIGHBOURS,
    jobs: int = 1,
    keep: Keep = at_once,
    progress: Progress = silent,
) -> ProjectionResult:
    """t-SNE of each sample from a PCA initialisation, and the separability of its classes.

    Independent fits (the paper's Fig. 11) may put the same class anywhere; with ``aligned`` each later map starts from
    the first one's positions. Euclidean distance of unit features orders pairs as their cosine does.

    Args:
        samples: by checkpoint, each of the same pixels.
        seed: of t-SNE.
        perplexity: of t-SNE; lowered where the sample is too small for it.
        neighbours: k of the purity.
        jobs: maps that are fitted at the same time.
        keep: returns the arrays that its argument computes, or those kept of earlier calls with the same arguments.
        progress: called with the iterations done, over all maps.

    Raises:
        ConfigError: no sample, one with fewer than 10 pixels or a feature that is not finite, or samples of different
            pixels.
    """
    first = _same_pixels(samples)
    perplexity = min(perplexity, (len(first.labels) - 1) / 3)

    def compute() -> Arrays:
        features = [sample.features.astype(np.float64) for sample in samples.values()]
        positions, divergences = fit_maps(
            features, perplexity, aligned=aligned, seed=seed, jobs=jobs, progress=progress
        )
        numbers = [separability(found, first.labels, first.num_classes, neighbours) for found in features]
        return {
            "positions": positions,
            "divergences": divergences,
            "separability": np.stack([found.to_array() for found in numbers]),
        }

    found = keep(compute)
    return ProjectionResult(
        projections=tuple(
            Projection(name, tuple((x, y) for x, y in positions), divergence, Separability.from_array(numbers))
            for name, positions, divergence, numbers in zip(
                samples, found["positions"].tolist(), found["divergences"].tolist(), found["separability"], strict=True
            )
        ),
        aligned=aligned,
        labels=tuple(first.labels.tolist()),
        pixels=first.pixels,
        perplexity=perplexity,
        per_class=first.per_class,
        counts=first.counts,
        sample_seed=first.seed,
        seed=seed,
    )


def separability(
    features: np.ndarray, labels: np.ndarray, num_classes: int, neighbours: int = NEIGHBOURS
) -> Separability:
    """k-nearest-neighbour purity and silhouette of ``features`` (M, C) with ``labels`` (M,), by cosine distance.

    k is at most M − 1; everything is NaN for fewer than two pixels.
    """
    from sklearn.metrics import silhouette_score  # takes longer to import than to read kept maps
    from sklearn.neighbors import NearestNeighbors

    total = len(labels)
    k = min(neighbours, total - 1)
    if k < 1:
        return Separability(0, np.nan, np.nan, (np.nan,) * num_classes, np.nan)
    search = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(features)
    same = (labels[search.kneighbors(return_distance=False)] == labels[:, None]).mean(1)
    counts = np.bincount(labels, minlength=num_classes)
    present = int((counts > 0).sum())
    return Separability(
        neighbours=k,
        purity=float(same.mean()),
        chance=float((counts * (counts - 1)).sum() / (total * (total - 1))),
        class_purity=tuple(float(same[labels == c].mean()) if n else np.nan for c, n in enumerate(counts)),
        silhouette=float(silhouette_score(features, labels, metric="cosine")) if 1 < present < total else np.nan,
    )


def _same_pixels(samples: Mapping[str, PixelSample]) -> PixelSample:
    """The first sample; raises unless all samples have its pixels and these are enough."""
    if not samples:
        raise ConfigError("A t-SNE needs at least one checkpoint's sample of pixels.")
    name, first = next(iter(samples.items()))
    if len(first.labels) < FEWEST:
        raise ConfigError(
            f"{len(first.labels)} valid pixels are too few for a t-SNE, expected at least {FEWEST}. Take more images "
            "or more pixels per class."
        )
    for other, sample in samples.items():
        if not np.isfinite(sample.features).all():
            raise ConfigError(f"{other} gives features that are not finite. Are its weights damaged?")
        if sample.pixels != first.pixels:
            raise ConfigError(
                f"The samples of {name} and {other} are of different pixels: measure both on the same data set, list "
                "and limit, with the same seed and number per class."
            )
    return first
