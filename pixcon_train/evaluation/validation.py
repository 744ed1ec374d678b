"""A network's pass over images with masks during training, and the metrics of a validation."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed
from torch.utils.data import DataLoader, Subset

from pixcon_train.core.errors import TrainingError
from pixcon_train.core.progress import Progress
from pixcon_train.core.signals import ignore_stop_signals
from pixcon_train.data.datasets import EvaluationDataset
from pixcon_train.data.loading import ErrorsAsItems, collate_or_error, raise_errors
from pixcon_train.evaluation.inference import ClassPrediction, ModelPrediction
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.protocols import Protocol, SlidingWindow
from pixcon_train.models.base import SegmentationModel

BATCH = 8
"""Images per forward pass if neighbours in the list have one size; 1 with windows, whose images are large."""

Batch = list[tuple[Tensor, Tensor]]
"""Images (B, 3, H, W) and masks (B, H, W), one pair for each run of neighbours with one size."""


def collate_by_size(items: list[dict[str, Any]]) -> Batch:
    """A batch of consecutive items."""
    runs = [list(run) for _, run in groupby(items, key=lambda item: item["image"].shape)]
    return [(torch.stack([i["image"] for i in run]), torch.stack([i["mask"] for i in run])) for run in runs]


def validation_loader(
    dataset: EvaluationDataset, *, rank: int, processes: int, workers: int, batch: int = BATCH
) -> DataLoader[Any]:
    """Loader of this process's share of the images, ``batch`` at a time.

    Batches are assigned whole, since the last digits of a network's output depend on the rest of the batch.
    """
    share = [i for i in range(len(dataset)) if i // batch % processes == rank]
    return DataLoader(
        Subset(ErrorsAsItems(dataset), share),
        batch_size=batch,
        collate_fn=partial(collate_or_error, collate=collate_by_size),
        num_workers=workers,
        worker_init_fn=ignore_stop_signals,
    )


Predicted = TypeVar("Predicted", ModelPrediction, ClassPrediction)


def over_images(
    model: SegmentationModel,
    batches: Iterable[Batch],
    predict: Callable[..., Predicted],
    count: Callable[[Predicted, Tensor], None],
    *,
    device: torch.device,
    protocol: Protocol,
    window: SlidingWindow | None,
    progress: Progress,
    stop: Callable[[], bool],
) -> bool:
    """Call ``count`` with the predictions and masks of all images; False if ``stop`` returned True in between.

    ``predict`` is :func:`pixcon_train.evaluation.inference.predict` or, where no confidence is needed,
    :func:`pixcon_train.evaluation.inference.predict_classes`.
    Afterwards the model is in the mode it was in. Over several processes each passes over its share of the images.

    Raises:
        TrainingError: the network predicts NaN, on images of this or another process.
    """
    was_training = model.training
    model.eval()
    total, done = len(batches), 0  # type: ignore[arg-type]
    progress(0, total)
    finite = torch.ones((), dtype=torch.bool, device=device)  # read after the loop: a sync
    with torch.inference_mode():
        for done, groups in enumerate(raise_errors(batches), 1):
            for images, masks in groups:
                images, masks = images.to(device, non_blocking=True), masks.to(device, non_blocking=True)
                predicted = predict(model, images, protocol=protocol, window=window)
                finite &= predicted.finite
                count(predicted, masks)
            progress(done, total)
            if stop():
                break
    model.train(was_training)
    if not _in_every_process(finite):
        raise TrainingError(
            "The network predicts NaN on images of the validation list: it has diverged. The last saved checkpoint is "
            "intact. Try a lower optimizer.lr, a longer optimizer.warmup, or runtime.precision=fp32."
        )
    return done == total


def _in_every_process(flag: Tensor) -> bool:
    """Whether ``flag`` is set in all processes; each process calls this at the same point."""
    least = flag.int()
    if distributed.is_available() and distributed.is_initialized():
        distributed.all_reduce(least, op=distributed.ReduceOp.MIN)
    return bool(least)


def summary(metric: SegmentationIoU) -> dict[str, Any]:
    """Both mIoU conventions and the IoU of each class (NaN where it is in neither target nor prediction)."""
    result = metric.compute()
    return {"miou": result.miou("skip"), "miou_zero": result.miou("zero"), "iou": result.iou}
