"""The pass: one network over one data set, with every batch passed to all consumers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.measures.binning import bin_of
from pixcon_diag.passes.options import PassOptions
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.exhausted_memory import explain_out_of_memory
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.signals import ignore_stop_signals
from pixcon_train.data.datasets import EvaluationDataset
from pixcon_train.data.loading import ErrorsAsItems, collate_or_error, default_workers, raise_errors, worker_deaths
from pixcon_train.evaluation.inference import ModelPrediction, predict
from pixcon_train.evaluation.windows import smallest_type
from pixcon_train.models.base import SegmentationModel

STRIP = 2**20
"""Pixels of a batch that are measured at once."""


@dataclass(frozen=True)
class PredictedBatch:
    """Images of one size with their predictions, on the network's device."""

    names: tuple[str, ...]
    target: Tensor
    """y, (B, H, W), class indices and void."""
    inference: ModelPrediction
    """Confidence, prediction, and the fused feature of the same pass."""
    _bins: dict[tuple[float, ...], Tensor] = field(default_factory=dict)

    @property
    def confidence(self) -> Tensor:
        """c = max p, (B, H, W), float32."""
        return self.inference.confidence

    @property
    def prediction(self) -> Tensor:
        """ŷ = argmax p, (B, H, W), integer."""
        return self.inference.prediction

    def strips(self) -> Iterator[slice]:
        """Consecutive rows, few enough that whatever is computed from all their pixels needs little memory."""
        count, height, width = self.target.shape
        step = max(1, STRIP // (count * width))
        for first in range(0, height, step):
            yield slice(first, min(first + step, height))

    def maps(self, rows: slice) -> tuple[Tensor, Tensor, Tensor]:
        """Confidence, prediction and target of some rows, labels as int64."""
        return self.confidence[:, rows], self.prediction[:, rows].long(), self.target[:, rows].long()

    def bins(self, edges: tuple[float, ...]) -> Tensor:
        """Bin of each confidence, (B, H, W), uint8 or int16, computed once per ``edges``."""
        if edges not in self._bins:
            kind = smallest_type(len(edges))
            found = [bin_of(self.confidence[:, rows], edges).to(kind) for rows in self.strips()]
            self._bins[edges] = torch.cat(found, 1)
        return self._bins[edges]


class StatisticsCollector(Protocol):
    """Counts batches; its statistics can be saved and restored."""

    def update(self, batch: PredictedBatch) -> None:
        """Count one batch."""

    def snapshot(self) -> dict[str, np.ndarray]:
        """All sufficient statistics."""

    def take_rows(self) -> dict[str, np.ndarray]:
        """The statistics of each image so far, which are removed from it: results are computed from what was taken."""

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Resume from a snapshot."""


Consumer = Callable[[PredictedBatch], None]
"""Processes a batch, as a Metric's ``update``, without holding on to it."""


def choose_device(name: str | None) -> torch.device:
    """The device ``name``, or for None and ``auto`` the machine's accelerator, else its CPU.

    Raises:
        ConfigError: the device does not exist here.
    """
    if name in (None, "auto"):
        found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        return found or torch.empty(0).device
    try:
        return torch.empty(0, device=name).device
    # torch raises different classes for an unknown name, an index out of range and a build without CUDA.
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"Device '{name}' cannot be used here ({reason}). Use --device auto or cpu.") from error


def evaluation_dataset(data: EvaluationData) -> EvaluationDataset:
    """The images and masks of ``data`` in order."""
    return EvaluationDataset(data.spec, data.source.root, data.pairs, encoding=data.encoding)


def run_pass(
    model: nn.Module,
    dataset: Dataset[dict[str, Any]],
    consumers: Sequence[Consumer],
    options: PassOptions,
    progress: Progress = silent,
) -> None:
    """Predict every image of ``dataset`` once, in order, and pass each batch to every consumer.

    Memory does not depend on the number of images. The pass may be interrupted at any time by an exception (Ctrl-C, or
    one raised by ``progress``); the consumers then hold the statistics of the batches so far.

    Args:
        model: in eval mode; moved to the device of ``options`` for the pass and back afterwards, so that
            several networks do not fill the device.
        dataset: items with ``image`` (3, H, W), uint8 or normalised, ``mask`` (H, W) and ``name``.

    Raises:
        DataError: an image or mask cannot be read.
        ConfigError: the memory of the machine or the device is exhausted.
        WorkerError: a loader worker died.
        CheckpointError: the network predicts NaN; the batch reaches no consumer.
    """
    total, done = len(dataset), 0  # type: ignore[arg-type]
    device = choose_device(options.device)
    progress(done, total)
    batch: list[dict[str, Any]] = []
    with worker_deaths(), explain_out_of_memory(lambda: _lower(batch, device)), on_device(model, device):
        for items in raise_errors(_loader(dataset, options, pinned=device.type == "cuda")):
            for batch in _same_size(items):
                predicted = _predict(model, batch, options, device)
                for consumer in consumers:
                    consumer(predicted)
            done += len(items)
            progress(done, total)


def _lower(batch: list[dict[str, Any]], device: torch.device) -> str:
    """What to do where memory is out at ``batch``, in words; it is empty before the first one."""
    sizes = {"×".join(map(str, item["mask"].shape)) for item in batch}  # one, as batches are made
    size = f" of {sizes.pop()} pixels" if sizes else ""
    lower = ["a smaller --batch-size"] if len(batch) != 1 else []
    lower += ["fewer --workers"] + (["--device cpu"] if device.type != "cpu" else [])
    return (
        f"It was at a batch of {len(batch)} images{size} on {device}. Use {', '.join(lower)}, or sliding windows "
        "(--window), which need less memory for large images and give other numbers."
    )


@contextmanager
def on_device(model: nn.Module, device: torch.device) -> Iterator[nn.Module]:
    """``model`` on ``device`` while the block runs, and back afterwards."""
    before = next((parameter.device for parameter in model.parameters()), device)
    try:
        yield model.to(device)
    finally:
        model.to(before)


def _loader(dataset: Dataset[dict[str, Any]], options: PassOptions, *, pinned: bool) -> DataLoader[Any]:
    workers = default_workers() if options.workers is None else options.workers
    return DataLoader(
        ErrorsAsItems(dataset),
        batch_size=options.batch_size,
        collate_fn=partial(collate_or_error, collate=_copied),
        num_workers=workers,
        pin_memory=pinned,
        worker_init_fn=ignore_stop_signals,
    )


def _copied(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items from which the pass may drop the image, also where the data set keeps its own."""
    return [dict(item) for item in items]


def _same_size(items: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Consecutive images of one size, so the order is preserved and nothing is padded."""
    for _, run in groupby(items, key=lambda item: item["image"].shape):
        yield list(run)


@torch.inference_mode()
def _predict(
    model: nn.Module, items: list[dict[str, Any]], options: PassOptions, device: torch.device
) -> PredictedBatch:
    # An image may be large, and the caller holds its item: it goes when it is predicted.
    images = _stacked([item.pop("image") for item in items]).to(device, non_blocking=True)
    masks = _stacked([item["mask"] for item in items]).to(device, non_blocking=True)
    network = cast(SegmentationModel, model)  # or a wrapped module, with the same interface for inference
    inference = predict(network, images, protocol=options.protocol, window=options.window, keep=options.keep)
    _refuse_nan(inference.confidence, items)
    return PredictedBatch(tuple(item["name"] for item in items), masks, inference)


def _stacked(tensors: list[Tensor]) -> Tensor:
    """The tensors as one; a single one, which may be large, is not copied."""
    return torch.stack(tensors) if len(tensors) > 1 else tensors[0][None]


def _refuse_nan(confidence: Tensor, items: list[dict[str, Any]]) -> None:
    """Raise where a network's probabilities are NaN, which every measurement would count as some class."""
    finite = confidence.flatten(1).sum(1).isfinite().tolist()  # a sum propagates NaN without extra memory
    if not all(finite):
        names = [item["name"] for item, valid in zip(items, finite, strict=True) if not valid]
        raise CheckpointError(
            f"The network predicts NaN for {', '.join(names)}, so there is nothing to measure. Has its training "
            "diverged, or does it overflow? Take an earlier checkpoint."
        )
