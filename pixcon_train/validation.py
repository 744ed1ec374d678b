"""mIoU of a network on the validation list, during training."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from pixcon_train.data.datasets import EvaluationDataset
from pixcon_train.inference import SlidingWindow, predict_probabilities
from pixcon_train.interruption import stand_aside
from pixcon_train.iou import SegmentationIoU
from pixcon_train.loaders import Collate, Guarded, opened
from pixcon_train.models import SegmentationModel
from pixcon_train.progress import Progress

BATCH = 8
"""Images per forward pass where neighbours in the list have one size; 1 with windows, whose images are large."""


def collate_by_size(items: list[dict[str, Any]]) -> list[tuple[Tensor, Tensor]]:
    """Images (B, 3, H, W) and masks (B, H, W), one pair for each run of neighbours with one size."""
    runs = [list(run) for _, run in groupby(items, key=lambda item: item["image"].shape)]
    return [(torch.stack([i["image"] for i in run]), torch.stack([i["mask"] for i in run])) for run in runs]


def validation_loader(
    dataset: EvaluationDataset, *, rank: int, processes: int, workers: int, batch: int = BATCH
) -> DataLoader[Any]:
    """Loader of this process's share of the images, ``batch`` at a time.

    Batches are dealt out whole, since a network's output depends in its last digits on what else is in the batch.
    """
    share = [i for i in range(len(dataset)) if i // batch % processes == rank]
    return DataLoader(
        Subset(Guarded(dataset), share),
        batch_size=batch,
        collate_fn=Collate(collate_by_size),
        num_workers=workers,
        worker_init_fn=stand_aside,
    )


def validate(
    model: SegmentationModel,
    batches: Iterable[list[tuple[Tensor, Tensor]]],
    metric: SegmentationIoU,
    *,
    device: torch.device,
    protocol: Literal["unimatch-v2", "pixcon"],
    window: SlidingWindow | None,
    progress: Progress,
    stop: Callable[[], bool],
) -> dict[str, Any] | None:
    """`miou`, `miou_zero` (both conventions, fractions) and `iou` per class of ``model``, or None if told to stop.

    ``metric`` is reset and filled; the model comes back in the mode it was in. Over several processes the counts are
    added up, so that the result is what one process gives.
    """
    metric.reset()
    was_training = model.training
    model.eval()
    total = len(batches)  # type: ignore[arg-type]
    progress(0, total)
    with torch.inference_mode():
        for done, groups in enumerate(opened(batches), 1):
            for images, masks in groups:
                images, masks = images.to(device, non_blocking=True), masks.to(device, non_blocking=True)
                prediction = predict_probabilities(model, images, protocol=protocol, window=window)
                metric.update(prediction.probabilities.argmax(1), masks)
            progress(done, total)
            if stop():
                model.train(was_training)
                return None
    model.train(was_training)
    return summary(metric)


def summary(metric: SegmentationIoU) -> dict[str, Any]:
    """Both mIoU conventions and the IoU of each class (NaN where it is in neither truth nor prediction)."""
    result = metric.compute()
    return {"miou": result.miou("skip"), "miou_zero": result.miou("zero"), "iou": result.iou}
