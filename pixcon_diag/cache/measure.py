"""The pass with its memory: made once per checkpoint and list, kept beside the run, continued after an interruption."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch.utils.data import Subset

from pixcon_diag.cache.keys import pass_folder, pass_key
from pixcon_diag.cache.store import Kept, Store
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.checking import check_once
from pixcon_diag.data.evaluation_data import DataChoice, EvaluationData, choose_data
from pixcon_diag.data.label_maps import KeptMaps, LabelMapFiles
from pixcon_diag.passes.collector import Collector
from pixcon_diag.passes.load_check import check_load
from pixcon_diag.passes.measured import MeasuredPass
from pixcon_diag.passes.options import MeasureOptions, RunChoice, inference_info, pass_options
from pixcon_diag.passes.run import Consumer, PassOptions, PredictedBatch, evaluation_dataset, run_pass
from pixcon_diag.provenance import InferenceInfo, Provenance
from pixcon_train.core.progress import Notify, Progress, no_notes, silent

SAVE_EVERY = 10.0
"""Seconds between saves: what an interrupted pass loses at most."""


def measure(
    checkpoint: LoadedCheckpoint,
    data: EvaluationData | None = None,
    options: MeasureOptions | None = None,
    run: RunChoice | None = None,
    *,
    keep: Path | None = None,
    progress: Progress = silent,
    notify: Notify = no_notes,
) -> MeasuredPass:
    """One pass of ``checkpoint`` over ``data`` with every measurement that needs predictions, or the one kept of it.

    Args:
        data: what to measure on; what the checkpoint knows of itself where None.
        options: what is counted.
        run: how the network is run.
        keep: folder that passes are kept in; ``diag`` beside the checkpoint where None, or the user's cache where that
            cannot be written. A wrapped module's pass is kept only where a folder is given.
        progress: told of the images done.
        notify: told what is reused, continued or made again, and where the mIoU is not the one that the file states.

    Raises:
        ConfigError: an option does not make sense, the device is not there or too small, or the checkpoint and the data
            set have different numbers of classes.
        DataError: an image or mask cannot be read, or a check of the data found something.
    """
    data = choose_data(DataChoice(), checkpoint) if data is None else data
    options = options or MeasureOptions()
    passing = pass_options(checkpoint, data, run or RunChoice())
    collector = Collector(data.spec.num_classes, options)
    place = keep or pass_folder(checkpoint)
    kept = run_kept(
        checkpoint, data, passing, collector, options.key(), place, progress=progress, notify=notify, maps=True
    )
    provenance = Provenance(checkpoint.info, data.info(), kept.inference, asdict(options), version("pixcon-diag"))
    measured = MeasuredPass(checkpoint.name, provenance, data, kept.maps, options, kept.state)
    loaded = check_load(checkpoint, data, passing, measured.iou)
    if loaded is not None and loaded.warning is not None:
        notify(loaded.warning)
    return replace(measured, provenance=replace(provenance, load_check=loaded))


@dataclass(frozen=True)
class FilledPass:
    """A pass over all images, as numbers."""

    state: dict[str, np.ndarray]
    """The collector's sufficient statistics."""
    inference: InferenceInfo
    """How the network was run: when the pass was made, if it was kept."""
    maps: LabelMapFiles | None
    """The label maps, where they are kept."""


class Collecting(Protocol):
    """What a kept pass feeds: it can be put aside after any batch and gone on with."""

    def update(self, batch: PredictedBatch) -> None:
        """Count one batch."""

    def snapshot(self) -> dict[str, np.ndarray]:
        """All that was counted."""

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from a snapshot."""


def run_kept(
    checkpoint: LoadedCheckpoint,
    data: EvaluationData,
    passing: PassOptions,
    collector: Collecting,
    options: Mapping[str, Any],
    place: Path | None,
    *,
    maps: bool,
    progress: Progress = silent,
    notify: Notify = no_notes,
) -> FilledPass:
    """The pass cached in ``place``, or else a pass that feeds ``collector``, new or resumed.

    Args:
        options: what decides what is counted.
        place: folder of passes; nothing is kept where None.
        maps: keep label maps too.

    Raises:
        DataError: an image or mask cannot be read, or a check of the data found something.
        PixConError: the folder cannot be written.
    """
    if place is None:
        check_once(data, checkpoint.info.num_classes, progress=progress, notify=notify)
        run_pass(checkpoint.model, evaluation_dataset(data), [collector.update], passing, progress)
        return FilledPass(collector.snapshot(), inference_info(passing), None)
    store = Store(place, pass_key(checkpoint, data, passing, options))
    everything = range(len(data.pairs))
    with store.locked(notify):
        return fill(store, collector, checkpoint, data, passing, progress, notify, part=everything, maps=maps)


def fill(
    store: Store,
    collector: Collecting,
    checkpoint: LoadedCheckpoint,
    data: EvaluationData,
    passing: PassOptions,
    progress: Progress,
    notify: Notify,
    *,
    part: range,
    maps: bool,
) -> FilledPass:
    """Make what is missing in ``store``, which is locked, of the pass over the images ``part`` of the list."""
    kept = store.read(notify)
    if kept is None:
        check_once(data, checkpoint.info.num_classes, progress=progress, notify=notify)
        store.clear()
    written = KeptMaps(store.maps_folder, data.spec.palette, kept.maps if kept else None, first=part.start)
    done, total = kept.done if kept else 0, len(part)
    inference = inference_info(passing)
    if kept is not None and kept.complete:
        notify(f"{checkpoint.name}: using the pass kept in {store.folder}.")
        return FilledPass(kept.state, replace(inference, **kept.made), written.maps() if maps else None)
    if kept is not None and done:
        collector.restore(kept.state)
        notify(f"{checkpoint.name}: going on after {done} of {total} images (the pass kept in {store.folder}).")
    made = {"batch_size": inference.batch_size, "device": inference.device}
    saver = _Saver(store, collector, written, done, total, made, progress)
    consumers: list[Consumer] = [collector.update]
    if maps:
        consumers.append(lambda batch: written.write(batch.names, batch.prediction.to(torch.uint8).cpu().numpy()))
    run_pass(checkpoint.model, Subset(evaluation_dataset(data), part[done:]), consumers, passing, saver)
    state = saver.save(total)
    return FilledPass(state, inference, written.maps() if maps else None)


class _Saver:
    """Passes progress on and saves from time to time, between batches: then all statistics are of the same images."""

    def __init__(
        self,
        store: Store,
        collector: Collecting,
        maps: KeptMaps,
        start: int,
        total: int,
        made: dict[str, Any],
        progress: Progress,
    ) -> None:
        self.store, self.collector, self.maps = store, collector, maps
        self.start, self.total, self.made, self.progress = start, total, made, progress
        self.last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if done and time.monotonic() - self.last >= SAVE_EVERY:
            self.save(self.start + done)
        self.progress(self.start + done, self.total)

    def save(self, done: int) -> dict[str, np.ndarray]:
        state = self.collector.snapshot()
        self.store.write(Kept(done, self.total, state, dict(self.maps.hashes), self.made))
        self.last = time.monotonic()
        return state
