"""Retained pixels of every image by predicted class, at any threshold of the fine grid."""

import numpy as np

from pixcon_diag.cache.derived import derived
from pixcon_diag.groups.bars import Bar
from pixcon_diag.passes.forms import formed
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_train.core.progress import Progress, tracked

FORMAT = 1
"""Raised when the same maps give other counts."""


def retained_by_class(member: MeasuredPass, tau: float, bar: Bar) -> np.ndarray | None:
    """Correct and wrong valid pixels with c >= ``tau`` by predicted class, (I, K, 2) int64.

    The pass counts them at the usual thresholds; at others they are counted from its label maps and confidence maps,
    once. None where these maps are not cached.

    Raises:
        ConfigError: a threshold that the pass did not count.
        DataError: a mask or map cannot be read.
    """
    if tau in member.cells.edges:
        counted: np.ndarray = member.cells.retained(tau)[..., :2]
        return counted
    if member.maps is None:
        return None

    def compute() -> dict[str, np.ndarray]:
        with bar(f"classes of {member.name} at τ = {tau:g}") as progress:
            return {"counts": _count(member, tau, progress)}

    forms = {"counts": f"int>=0 {len(member.data.pairs)} {member.data.spec.num_classes} 2"}
    key = {"format": FORMAT, "tau": tau}
    return derived(member.folder, "classes", key, compute, lambda arrays: formed(arrays, forms)["counts"])


def _count(member: MeasuredPass, tau: float, progress: Progress) -> np.ndarray:
    classes = member.data.spec.num_classes
    counts = np.zeros((len(member.label_maps), classes, 2), dtype=np.int64)
    for index in tracked(range(len(counts)), progress):
        maps = member.image(index)
        kept, wrong = maps.retained(tau), maps.wrong
        for column, pixels in enumerate((kept & ~wrong, kept & wrong)):
            counts[index, :, column] = np.bincount(maps.prediction[pixels], minlength=classes)
    return counts
