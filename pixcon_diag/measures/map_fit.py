"""Fits of t-SNE maps, several at once."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from pixcon_train.core.progress import Progress

ITERATIONS = 750
"""Of one map: 250 with exaggeration and 500 after it."""
EVERY = 25
"""Iterations between progress updates."""
SHRINK = 0.1
"""Scale of the first map as the initialisation of a later one. Measured on noisy clusters: without scaling, the later
map's divergence stays 5 to 12 % above that of an independent fit; scaled by 0.1, at most 2 % above, and classes move a
third to a sixth as far as between independent fits."""

Map = tuple[np.ndarray, float]
"""Positions (M, 2) and the Kullback-Leibler divergence reached."""


def fit_maps(
    features: Sequence[np.ndarray], perplexity: float, *, aligned: bool, seed: int, jobs: int, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (maps, M, 2) and divergences (maps,) of a map for each of ``features``, (M, C) float64.

    Each is fitted by one thread: the divergence is then the same to the last digit in every run, and threads that
    shared a map would wait for one another in each of its iterations.

    Args:
        features: of the same pixels.
        perplexity: of t-SNE.
        aligned: whether each map but the first starts from the first one's positions, not from a PCA.
        seed: of t-SNE.
        jobs: maps that are fitted at the same time.
        progress: called with the iterations done, over all maps.
    """
    steps = _Steps(progress, len(features) * ITERATIONS)
    fit = partial(_fit, perplexity=perplexity, seed=seed, steps=steps)
    first = [fit(features[0], None)] if aligned else []
    start = first[0][0] if aligned else None
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            others = [*pool.map(lambda found: fit(found, start), features[len(first) :])]
        finally:
            steps.stopped = True  # an interrupt need not wait for the maps
    progress(steps.total, steps.total)  # an aligned map needs fewer
    positions, divergences = zip(*first, *others, strict=True)
    return np.stack(positions), np.array(divergences)


def _fit(features: np.ndarray, start: np.ndarray | None, *, perplexity: float, seed: int, steps: "_Steps") -> Map:
    from openTSNE import TSNE, TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    # Exact neighbours: the sample is small, and approximate ones add noise.
    near = PerplexityBasedNN(features, perplexity=perplexity, method="exact", random_state=seed)
    common = {"negative_gradient_method": "bh", "random_state": seed}
    common |= {"callbacks": steps, "callbacks_every_iters": EVERY}
    if start is None:
        embedding = TSNE(initialization="pca", **common).fit(features, affinities=near)
    else:
        # No early exaggeration, which would break up the initial positions, but the momentum that follows it.
        embedding = TSNEEmbedding(SHRINK * start, near, **common).optimize(n_iter=500, momentum=0.8)
    return np.asarray(embedding), float(embedding.kl_divergence)


class _Steps:
    """The callback of openTSNE during the maps; True ends a fit."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.done, self.total = progress, 0, total
        self.stopped, self.lock = False, threading.Lock()

    def __call__(self, iteration: int, error: float, embedding: np.ndarray) -> bool:
        with self.lock:
            self.done += EVERY
            self.progress(self.done, self.total)
        return self.stopped
