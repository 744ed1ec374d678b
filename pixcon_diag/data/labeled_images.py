"""Which of the measured images a checkpoint was trained on with their labels."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pixcon_diag.checkpoints.description import RunRecord
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_train.data.lists import Pair, located, parse_list


def in_labeled_list(data: EvaluationData, run: RunRecord | None) -> np.ndarray | None:
    """Whether each image of ``data`` is of the labeled list of ``run``: the same file, however lists write its path.

    In a data set of the same name the list is also read under the root of ``data``, which may be a copy.

    Returns:
        (I,) bool; None where the labeled list is unknown, as for files of other projects.
    """
    if run is None or "labeled" not in run.lists:
        return None
    stored = run.lists["labeled"]
    pairs = parse_list(stored["text"], stored["path"], masks_required=False)
    roots = [Path(run.root), *([data.source.root] if data.spec.name == run.data["name"] else [])]
    labeled = {file for root in roots for file in image_files(located(pairs, root), root)}
    return np.array([file in labeled for file in image_files(data.pairs, data.source.root)], dtype=bool)


def image_files(pairs: Sequence[Pair], root: Path) -> list[str]:
    """The file of each image; an image has the same one whether its path is absolute, relative or a link."""
    return [os.path.realpath(root / pair.image) for pair in pairs]
