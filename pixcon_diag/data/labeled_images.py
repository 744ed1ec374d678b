"""Which of the measured images a checkpoint was trained on with their labels."""

import numpy as np

from pixcon_diag.checkpoints.description import RunRecord
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_train.data.lists import located, parse_list


def in_labeled_list(data: EvaluationData, run: RunRecord | None) -> np.ndarray | None:
    """Whether each image of ``data`` is of the labeled list of ``run``, by its path in a data set of the same name.

    Returns:
        (I,) bool; None where the labeled list is unknown, as for files of other projects.
    """
    if run is None or "labeled" not in run.lists:
        return None
    if data.spec.name != run.data["name"]:
        return np.zeros(len(data.pairs), dtype=bool)
    stored = run.lists["labeled"]
    pairs = located(parse_list(stored["text"], stored["path"], masks_required=False), data.source.root)
    labeled = {pair.image for pair in pairs}
    return np.array([pair.image in labeled for pair in data.pairs], dtype=bool)
