"""Labels outside the classes: recorded while counting, refused when a result is computed."""

from collections.abc import Sequence

import numpy as np

from pixcon_train.core.errors import PixConError

PREDICTION, TRUTH = "valid pixels of the prediction", "valid pixels of the ground truth"


def refuse_strays(
    strays: np.ndarray, num_classes: int, void: int, maps: Sequence[str] = (TRUTH, PREDICTION), also: Sequence[str] = ()
) -> None:
    """Raise PixConError if some labels were outside the classes, or with the further faults ``also``.

    Args:
        strays: (maps, 3) int64: per map the number of labels outside the classes, the smallest and the largest.
        num_classes: K.
        void: the label that is never counted.
        maps: names of the label maps, in the plural.
        also: sentences about other faults.
    """
    found = [
        f"{count:,} {name} hold {_range(low, high)}, outside 0..{num_classes - 1} (void is {void})."
        for name, (count, low, high) in zip(maps, strays.tolist(), strict=True)
        if count
    ]
    hint = " Expected class indices: are the masks another data set's, or is void another value?" if found else ""
    if found or also:
        raise PixConError(" ".join((*also, *found)) + hint)


def _range(low: int, high: int) -> str:
    return f"label {low}" if low == high else f"labels from {low} to {high}"
