"""Passes of a run's networks over images with masks: validation, and the calibration of thresholds by class."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from pixcon_train.engine.components import RunComponents
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.evaluation.inference import ClassPrediction, ModelPrediction, predict, predict_classes
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.validation import Batch, Predicted, over_images, summary
from pixcon_train.method.thresholds import CalibratedThreshold
from pixcon_train.models.base import SegmentationModel


class Evaluator:
    """Validates the networks of a run and calibrates its thresholds; ``stop`` is called after each batch."""

    def __init__(self, parts: RunComponents, observer: TrainingObserver, stop: Callable[[], bool]) -> None:
        self._parts, self._observer, self._stop = parts, observer, stop

    def validate(self) -> dict[str, dict[str, Any]] | None:
        """Metrics (see :func:`summary`) by `student` and `ema`; None on a stop request.

        Raises:
            TrainingError: a network predicts NaN.
        """
        metric, metrics = self._parts.metric, dict[str, dict[str, Any]]()
        for name, model in (("student", self._parts.student), ("ema", self._parts.teacher)):
            metric.reset()
            count = partial(_score, metric)
            if not self._pass(model, self._parts.validation, predict_classes, count, f"validation ({name})"):
                return None
            metrics[name] = summary(metric)
        return metrics

    def calibrate(self) -> bool:
        """Calibrate the threshold on the held-out images, if its rule is calibrated; False on a stop request.

        Raises:
            TrainingError: the teacher predicts NaN.
        """
        parts, threshold = self._parts, self._parts.rules.threshold
        if not isinstance(threshold, CalibratedThreshold) or parts.held_out is None:
            return True
        none = torch.zeros(0, 1, 1, dtype=torch.long, device=parts.accelerator.device)
        counts = threshold.held_out_counts(none.float(), none, none)

        def count(predicted: ModelPrediction, masks: Tensor) -> None:
            counts.add_(threshold.held_out_counts(predicted.confidence, predicted.prediction, masks))

        if not self._pass(parts.teacher, parts.held_out, predict, count, "calibrating thresholds"):
            return False
        threshold.calibrate(parts.accelerator.reduce(counts, reduction="sum"))
        return True

    def _pass(
        self,
        model: SegmentationModel,
        batches: Iterable[Batch],
        predict: Callable[..., Predicted],
        count: Callable[[Predicted, Tensor], None],
        what: str,
    ) -> bool:
        return over_images(
            model,
            batches,
            predict,
            count,
            device=self._parts.accelerator.device,
            protocol=self._parts.protocol,
            window=self._parts.window,
            progress=partial(self._observer.progressed, what),
            stop=self._stop,
        )


def _score(metric: SegmentationIoU, predicted: ClassPrediction, masks: Tensor) -> None:
    metric.update(predicted.prediction, masks)
