"""The pass over saved maps: predictions are read from files instead of a network, one image at a time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.saved_maps import MapsForm, SavedMaps, form_of_maps, size_of
from pixcon_diag.data.score_files import Scores
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
        DataError: a file is missing or damaged, of another size than its mask, or of another form than the first of
            the list, which another process or an interrupted pass may have read.
    """
    maps = maps_of(folder, data)
    form = form_of_maps(maps, data)
    progress(0, len(images))
    for done, index in enumerate(images, 1):
        target = _target(data, index)
        prediction = _read(maps, index, target.shape, form)
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


def _read(maps: SavedMaps, index: int, size: tuple[int, ...], form: MapsForm) -> ModelPrediction:
    if maps.has_scores:
        return _from_scores(maps.read_scores(index, size, form.form), maps, index)
    labels, confidence = maps.read_labels(index, size, form.scale)
    return _prediction(torch.from_numpy(confidence)[None], torch.from_numpy(labels)[None])


def _from_scores(scores: Scores, maps: SavedMaps, index: int) -> ModelPrediction:
    """Confidence and class of each pixel, as :func:`pixcon_train.evaluation.inference.predict` computes them."""
    values = torch.from_numpy(scores.values)[None]
    if scores.form == "logits":
        if values.dtype == torch.float64:  # whose range exceeds that of float32
            values = values - values.amax(1, keepdim=True)
        values = values.float().softmax(1)
    confidence, prediction = values.float().max(1)
    confidence.clamp_(max=1)  # of interpolated probabilities
    if not confidence.isfinite().all():
        raise DataError(f"{maps.files[index]} holds -∞ for every class of a pixel. Save finite logits.")
    return _prediction(confidence, prediction.to(smallest_type(maps.num_classes)))


def _prediction(confidence: Tensor, prediction: Tensor) -> ModelPrediction:
    return ModelPrediction(confidence, prediction, None, (confidence.shape[-2], confidence.shape[-1]))
