"""Run the pass of a job, saving it periodically so that an interrupted pass is resumed."""

import time

import numpy as np
from torch.utils.data import Subset

from pixcon_diag.cache.job import PassJob, PassResult
from pixcon_diag.cache.store import CONFIDENCE_MAPS, LABEL_MAPS, CachedPass, Store
from pixcon_diag.data.label_maps import MapWriter
from pixcon_diag.passes.read_maps import read_pass
from pixcon_diag.passes.run import (
    Consumer,
    PredictedBatch,
    StatisticsCollector,
    choose_device,
    evaluation_dataset,
    run_pass,
)
from pixcon_diag.provenance import InferenceInfo
from pixcon_train.core.progress import Progress
from pixcon_train.core.void import label_type

SAVE_EVERY = 10.0
"""Seconds between saves, at most lost when a pass is interrupted."""

ROWS_PER_FILE = 1024
"""Images whose statistics are in memory, and in every save, until they are written to a file of their own."""


def run_job(job: PassJob, collector: StatisticsCollector) -> PassResult:
    """Run the network of ``job``, or resume its pass; where another process is running it, wait for its result.

    Raises:
        PixConError: as :func:`pixcon_diag.cache.reuse.reuse_or_run`.
    """
    device = choose_device(job.options.device)
    inference = job.options.inference(str(device))
    if job.folder is None:
        job.check_data()
        _run(job, range(len(job.data.pairs)), collector.update, job.progress)
        return PassResult(collector.snapshot(), inference, None, None, None)
    store = job.store(device.type)
    with store.locked(job.notify):
        found = store.read(job.notify)
        if found is not None and found.complete:
            return job.reuse(store, found)
        if found is None:
            job.name_old_passes()
            job.check_data()
            store.clear()
        return _CachedRun(job, collector, store, inference, found).finish()


def _run(job: PassJob, images: range, consumer: Consumer, progress: Progress) -> None:
    """Predict some images of the job's list, or read their saved predictions."""
    if job.checkpoint.maps is not None:
        read_pass(job.checkpoint.maps, job.data, images, [consumer], progress)
        return
    dataset = Subset(evaluation_dataset(job.data), images)
    run_pass(job.checkpoint.model, dataset, [consumer], job.options, progress)


class _CachedRun:
    """A pass that is saved between batches, when all statistics cover the same images."""

    def __init__(
        self,
        job: PassJob,
        collector: StatisticsCollector,
        store: Store,
        inference: InferenceInfo,
        found: CachedPass | None,
    ) -> None:
        self.job, self.collector, self.store, self.inference = job, collector, store, inference
        self.start, self.total = found.done if found else 0, len(job.images)
        self.rows, self.written = dict(found.rows) if found else {}, self.start
        hashes, palettes = found.maps if found else {}, {LABEL_MAPS: job.data.spec.palette, CONFIDENCE_MAPS: None}
        self.types = {LABEL_MAPS: label_type(job.data.spec.num_classes), CONFIDENCE_MAPS: np.uint8}
        self.maps = {
            maps: MapWriter(store.folder / maps, palette, hashes.get(maps), first=job.images.start)
            for maps, palette in palettes.items()
            if job.edges is not None
        }
        self.saved = time.monotonic()
        if found is not None and found.done:
            collector.restore(found.state)
            name, folder = job.checkpoint.name, store.folder
            job.notify(f"{name}: resuming after {found.done} of {self.total} images (the pass cached in {folder}).")

    def finish(self) -> PassResult:
        """Run the network on the remaining images."""
        _run(self.job, self.job.images[self.start :], self._consume, self._progress)
        return self.job.result(self.store, self._save(self.total), self.inference)

    def _consume(self, batch: PredictedBatch) -> None:
        self.collector.update(batch)
        if self.job.edges is not None:
            values = {LABEL_MAPS: batch.prediction, CONFIDENCE_MAPS: batch.bins(self.job.edges)}
            for maps, writer in self.maps.items():
                writer.write(batch.names, values[maps].cpu().numpy().astype(self.types[maps], copy=False))

    def _progress(self, done: int, total: int) -> None:
        due = time.monotonic() - self.saved >= SAVE_EVERY or self.start + done - self.written >= ROWS_PER_FILE
        if done < total and done and due:  # the last save is that of :meth:`finish`
            self._save(self.start + done)
        self.job.progress(self.start + done, self.total)

    def _save(self, done: int) -> CachedPass:
        if done == self.total or done - self.written >= ROWS_PER_FILE:
            self.written = done
            if rows := self.collector.take_rows():
                self.rows |= self.store.write_rows(len(self.rows), rows)
        maps = {name: dict(writer.hashes) for name, writer in self.maps.items()}
        made = {"batch_size": self.inference.batch_size, "device": self.inference.device}
        saved = CachedPass(done, self.total, self.collector.snapshot(), maps, made, dict(self.rows))
        self.store.write(saved)
        self.saved = time.monotonic()
        return saved
