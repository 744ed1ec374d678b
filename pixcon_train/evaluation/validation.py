"""mIoU of a network on the validation list, during training."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, Literal

import torch
from torch import Tensor, distributed
from torch.utils.data import DataLoader, Subset

from pixcon_train.core.errors import TrainingError
from pixcon_train.core.progress import Progress
from pixcon_train.core.signals import ignore_stop_signals
from pixcon_train.data.datasets import EvaluationDataset
from pixcon_train.data.loading import Collate, ErrorsAsItems, raise_errors
from pixcon_train.evaluation.inference import predict_probabilities
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.protocols import SlidingWindow
from pixcon_train.models.base import SegmentationModel

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
        Subset(ErrorsAsItems(dataset), share),
        batch_size=batch,
        collate_fn=Collate(collate_by_size),
        num_workers=workers,
        worker_init_fn=ignore_stop_signals,
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

    Raises:
        TrainingError: the network predicts NaN.
    """
    metric.reset()

    def count(probabilities: Tensor, masks: Tensor) -> None:
        metric.update(probabilities.argmax(1), masks)

    finished = over_images(
        model, batches, count, device=device, protocol=protocol, window=window, progress=progress, stop=stop
    )
    return summary(metric) if finished else None


def over_images(
    model: SegmentationModel,
    batches: Iterable[list[tuple[Tensor, Tensor]]],
    count: Callable[[Tensor, Tensor], None],
    *,
    device: torch.device,
    protocol: Literal["unimatch-v2", "pixcon"],
    window: SlidingWindow | None,
    progress: Progress,
    stop: Callable[[], bool],
) -> bool:
    """Call ``count`` with probabilities and masks of all images; False if told to stop.

    Raises:
        TrainingError: the network predicts NaN, on images of this or another process.
    """
    was_training = model.training
    model.eval()
    total, done = len(batches), 0  # type: ignore[arg-type]
    progress(0, total)
    finite = torch.ones((), dtype=torch.bool, device=device)  # looked at in the end: it would wait for the device
    with torch.inference_mode():
        for done, groups in enumerate(raise_errors(batches), 1):
            for images, masks in groups:
                images, masks = images.to(device, non_blocking=True), masks.to(device, non_blocking=True)
                prediction = predict_probabilities(model, images, protocol=protocol, window=window)
                finite &= prediction.probabilities.sum().isfinite()
                count(prediction.probabilities, masks)
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
    """Whether ``flag`` is set in all processes; each calls this at the same point, so that none waits for another."""
    least = flag.int()
    if distributed.is_available() and distributed.is_initialized():
        distributed.all_reduce(least, op=distributed.ReduceOp.MIN)
    return bool(least)


def summary(metric: SegmentationIoU) -> dict[str, Any]:
    """Both mIoU conventions and the IoU of each class (NaN where it is in neither target nor prediction)."""
    result = metric.compute()
    return {"miou": result.miou("skip"), "miou_zero": result.miou("zero"), "iou": result.iou}
