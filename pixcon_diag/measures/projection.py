"""t-SNE maps of the same pixels for several checkpoints, and how separable the classes are (Fig. 11, Sec. G.4)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pixcon_diag.measures.pixel_sample_result import PixelSample
from pixcon_diag.serialization import Serializable
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.progress import Progress, silent

PERPLEXITY = 30.0
NEIGHBOURS = 10
FEWEST = 10
"""Minimum number of pixels of a map."""
ITERATIONS = 750
"""Of one map: 250 with exaggeration and 500 after it."""
EVERY = 25
"""Iterations between progress updates."""
SHRINK = 0.1
"""Scale of the first map as the initialisation of a later one. Measured on noisy clusters: without scaling, the later
map's divergence stays 5 to 12 % above that of an independent fit; scaled by 0.1, at most 2 % above, and classes move a
third to a sixth as far as between independent fits."""


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
        jobs: threads.
        progress: called with the iterations done, over all maps.

    Raises:
        ConfigError: no sample, one with fewer than 10 pixels or a feature that is not finite, or samples of different
            pixels.
    """
    first = _same_pixels(samples)
    perplexity = min(perplexity, (len(first.labels) - 1) / 3)
    labels, start = first.labels, None
    projections: list[Projection] = []
    for number, (name, sample) in enumerate(samples.items()):
        step = _Step(progress, number, len(samples))
        features = sample.features.astype(np.float64)
        positions, divergence = _tsne(features, start, perplexity, seed, jobs, step)
        start = positions if aligned and start is None else start
        numbers = separability(features, labels, sample.num_classes, neighbours)
        projections.append(Projection(name, tuple((float(x), float(y)) for x, y in positions), divergence, numbers))
    progress(len(samples) * ITERATIONS, len(samples) * ITERATIONS)  # an aligned map needs fewer
    return ProjectionResult(
        projections=tuple(projections),
        aligned=aligned,
        labels=tuple(labels.tolist()),
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
    from sklearn.metrics import silhouette_score  # imported here: scikit-learn takes a second
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


def _tsne(
    features: np.ndarray, start: np.ndarray | None, perplexity: float, seed: int, jobs: int, step: "_Step"
) -> tuple[np.ndarray, float]:
    """Positions (M, 2) and the Kullback-Leibler divergence reached."""
    from openTSNE import TSNE, TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    # Exact neighbours: the sample is small, and approximate ones add noise.
    near = PerplexityBasedNN(features, perplexity=perplexity, method="exact", random_state=seed, n_jobs=jobs)
    common = {"negative_gradient_method": "bh", "random_state": seed, "n_jobs": jobs}
    common |= {"callbacks": step, "callbacks_every_iters": EVERY}
    if start is None:
        embedding = TSNE(initialization="pca", **common).fit(features, affinities=near)
    else:
        # No early exaggeration, which would break up the initial positions, but the momentum that follows it.
        embedding = TSNEEmbedding(SHRINK * start, near, **common).optimize(n_iter=500, momentum=0.8)
    return np.asarray(embedding), float(embedding.kl_divergence)


class _Step:
    """The callback of openTSNE during one map."""

    def __init__(self, progress: Progress, number: int, maps: int) -> None:
        self.progress, self.done, self.total = progress, number * ITERATIONS, maps * ITERATIONS

    def __call__(self, iteration: int, error: float, embedding: np.ndarray) -> None:
        self.done = min(self.done + EVERY, self.total)
        self.progress(self.done, self.total)
