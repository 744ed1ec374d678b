"""The pass over saved maps: predictions are read from files instead of a network, one image at a time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.saved_maps import SavedMaps, size_of
from pixcon_diag.data.score_files import Form, Scores
from pixcon_diag.passes.predictions import read_target
from pixcon_diag.passes.run import Consumer, PredictedBatch
from pixcon_diag.passes.saved_maps import maps_of
from pixcon_train.core.errors import DataError
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.void import label_type, void_of
from pixcon_train.evaluation.inference import ModelPrediction
from pixcon_train.evaluation.windows import smallest_type


def read_pass(
    folder: Path,
    data: EvaluationData,
    images: Sequence[int],
    consumers: Sequence[Consumer],
    progress: Progress = silent,
) -> None:
    """Read the predictions of some images of ``data`` in order, and pass each to every consumer.

    Args:
        images: their places in the list.

    Raises:
        DataError: a file is missing or damaged, of another size than its mask, or of another kind than the first.
    """
    maps = maps_of(folder, data)
    form: Form | None = None
    progress(0, len(images))
    for done, index in enumerate(images, 1):
        target = _target(data, index)
        if maps.has_scores:
            scores = maps.read_scores(index, target.shape, form)
            form = scores.form
            prediction = _from_scores(scores, maps, index)
        else:
            labels, confidence = maps.read_labels(index, target.shape)
            prediction = _prediction(torch.from_numpy(confidence)[None], torch.from_numpy(labels)[None])
        batch = PredictedBatch((data.pairs[index].image,), torch.from_numpy(target)[None], prediction)
        for consumer in consumers:
            consumer(batch)
        progress(done, len(images))


def _target(data: EvaluationData, index: int) -> np.ndarray:
    """The target of an image, (H, W); void where it has no mask."""
    if data.pairs[index].mask is not None:
        return read_target(data, index)
    count = data.spec.num_classes
    return np.full(size_of(data, index), void_of(count), dtype=label_type(count))


def _from_scores(scores: Scores, maps: SavedMaps, index: int) -> ModelPrediction:
    """Confidence and class of each pixel, as :func:`pixcon_train.evaluation.inference.predict` computes them."""
    values = torch.from_numpy(scores.values)[None].float()
    confidence, prediction = (values if scores.form == "probabilities" else values.softmax(1)).max(1)
    if not confidence.isfinite().all():
        raise DataError(f"{maps.files[index]} holds -∞ for every class of a pixel. Save finite logits.")
    return _prediction(confidence, prediction.to(smallest_type(maps.num_classes)))


def _prediction(confidence: Tensor, prediction: Tensor) -> ModelPrediction:
    return ModelPrediction(confidence, prediction, None, (confidence.shape[-2], confidence.shape[-1]))
