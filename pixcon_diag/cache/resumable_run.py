"""Run the pass of a job, saving it periodically so that an interrupted pass is resumed."""

import time

import numpy as np
import torch
from torch.utils.data import Subset

from pixcon_diag.cache.job import PassJob, PassResult
from pixcon_diag.cache.store import CachedPass, Store
from pixcon_diag.data.label_maps import LabelMapWriter
from pixcon_diag.passes.bank_collector import BankCollector
from pixcon_diag.passes.collector import Collector
from pixcon_diag.passes.run import PredictedBatch, choose_device, evaluation_dataset, run_pass
from pixcon_diag.provenance import InferenceInfo

SAVE_EVERY = 10.0
"""Seconds between saves, at most lost when a pass is interrupted."""


def run_job(job: PassJob, collector: Collector | BankCollector) -> PassResult:
    """Run the network of ``job``, or resume its pass; where another process is running it, wait for its result.

    Raises:
        PixConError: as :func:`pixcon_diag.cache.reuse.reuse_or_run`.
    """
    device = choose_device(job.options.device)
    inference = job.options.inference(str(device))
    if job.folder is None:
        job.check_data()
        run_pass(job.checkpoint.model, evaluation_dataset(job.data), [collector.update], job.options, job.progress)
        return PassResult(collector.snapshot(), inference, None, None)
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


class _CachedRun:
    """A pass that is saved between batches, when all statistics cover the same images."""

    def __init__(
        self,
        job: PassJob,
        collector: Collector | BankCollector,
        store: Store,
        inference: InferenceInfo,
        found: CachedPass | None,
    ) -> None:
        self.job, self.collector, self.store, self.inference = job, collector, store, inference
        self.start, self.total = found.done if found else 0, len(job.images)
        hashes = found.maps if found else None
        self.maps = LabelMapWriter(store.maps_folder, job.data.spec.palette, hashes, first=job.images.start)
        self.saved = time.monotonic()
        if found is not None and found.done:
            collector.restore(found.state)
            name, folder = job.checkpoint.name, store.folder
            job.notify(f"{name}: resuming after {found.done} of {self.total} images (the pass cached in {folder}).")

    def finish(self) -> PassResult:
        """Run the network on the remaining images."""
        remaining = Subset(evaluation_dataset(self.job.data), self.job.images[self.start :])
        run_pass(self.job.checkpoint.model, remaining, [self._consume], self.job.options, self._progress)
        maps = self.maps.maps() if self.job.with_maps else None
        return PassResult(self._save(self.total), self.inference, maps, self.store.folder)

    def _consume(self, batch: PredictedBatch) -> None:
        self.collector.update(batch)
        if self.job.with_maps:
            self.maps.write(batch.names, batch.prediction.to(torch.uint8).cpu().numpy())

    def _progress(self, done: int, total: int) -> None:
        if done and time.monotonic() - self.saved >= SAVE_EVERY:
            self._save(self.start + done)
        self.job.progress(self.start + done, self.total)

    def _save(self, done: int) -> dict[str, np.ndarray]:
        state = self.collector.snapshot()
        made = {"batch_size": self.inference.batch_size, "device": self.inference.device}
        self.store.write(CachedPass(done, self.total, state, dict(self.maps.hashes), made))
        self.saved = time.monotonic()
        return state
