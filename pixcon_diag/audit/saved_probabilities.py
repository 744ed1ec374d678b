"""Class probabilities of one image from saved maps in float64, computed a second time: only the readers are shared."""

import numpy as np

from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.saved_maps import MapsForm, SavedMaps, size_of


def saved_probabilities(maps: SavedMaps, data: EvaluationData, form: MapsForm, index: int) -> np.ndarray:
    """(K, H, W) float64: the probabilities of an image; of labels with a confidence, those of the labels alone.

    Args:
        form: that of the folder.
        index: of the image in the list.

    Raises:
        DataError: a file is missing or damaged, or of another form.
    """
    size = size_of(data, index)
    if form.form is None:
        labels, confidence = maps.read_labels(index, size, form.scale)
        classes = np.arange(maps.num_classes)[:, None, None]
        return np.asarray((classes == labels) * confidence.astype(np.float64))
    values = maps.read_scores(index, size, form.form).values.astype(np.float64)
    if form.form == "probabilities":
        return np.minimum(values, 1)  # interpolated ones exceed it
    exponentials = np.exp(values - values.max(0))
    return np.asarray(exponentials / exponentials.sum(0))
