"""One pass by several processes: each runs and caches a part of the list, and the first one joins the parts."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from pixcon_diag.cache.arrays import read_arrays
from pixcon_diag.cache.job import PassJob
from pixcon_diag.cache.measure import measured_pass
from pixcon_diag.cache.reuse import reuse_or_run
from pixcon_diag.cache.store import MAPS, CachedPass, Store
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.class_order import in_order_of
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.collector import Collector
from pixcon_diag.passes.options import MeasureOptions, RunChoice, pass_options
from pixcon_diag.passes.predictions import MeasuredPass, pass_statistics
from pixcon_diag.passes.run import choose_device
from pixcon_train.core.progress import Notify, Progress, no_notes, silent

PATIENCE = timedelta(days=7)
"""Timeout of a process that waits for the others to finish their parts."""


class Team(Protocol):
    """The processes that share a pass."""

    rank: int
    processes: int

    def broadcast(self, value: bool) -> bool:
        """The first process's ``value``, returned in all of them once all have called this."""


class LaunchedTeam:
    """The processes started by torchrun; a single one without it."""

    def __init__(self, device: str | None) -> None:
        self._state = PartialState(cpu=device == "cpu", timeout=PATIENCE)
        self.rank, self.processes = self._state.process_index, self._state.num_processes
        self.device = str(self._state.device) if self.processes > 1 else device
        """The device of this process: one accelerator per process."""

    def broadcast(self, value: bool) -> bool:
        """See :class:`Team`."""
        values = [value]
        broadcast_object_list(values)
        return values[0]

    def end(self) -> None:
        """Destroy the process group, so that later metrics compute locally."""
        self._state.destroy_process_group()


def measure_together(
    checkpoint: LoadedCheckpoint,
    data: EvaluationData,
    options: MeasureOptions,
    run: RunChoice,
    team: Team,
    *,
    cache: Path | None = None,
    progress: Progress = silent,
    notify: Notify = no_notes,
) -> MeasuredPass | None:
    """As :func:`pixcon_diag.cache.measure.measure`, with the images shared by the processes of ``team``.

    Each process runs and caches its part of the list; an interrupted pass is resumed by the same number of processes.
    The joined counts equal those of a single process.

    Args:
        cache: folder of cached passes, shared by all processes; as in ``measure`` where None.

    Returns:
        The pass in the first process, None in the others.

    Raises:
        As ``measure``.
    """
    checkpoint = in_order_of(checkpoint, data.spec)
    passing = pass_options(checkpoint, data, run)
    statistics = pass_statistics(data.spec.num_classes, options)
    job = PassJob(checkpoint, data, passing, options.key(), options.edges, cache, progress, notify, statistics)
    if team.processes > 1 and job.folder is not None:
        done = team.rank == 0 and replace(job, notify=no_notes).cached() is not None
        if not team.broadcast(done):
            parts = [replace(job, share=(rank, team.processes)) for rank in range(team.processes)]
            reuse_or_run(parts[team.rank], lambda: Collector(data.spec.num_classes, options))
            team.broadcast(True)  # all parts are there
            if team.rank == 0:
                _join(job, parts, options)
            team.broadcast(True)
    return measured_pass(job, options) if team.rank == 0 else None


def _join(job: PassJob, parts: Sequence[PassJob], options: MeasureOptions) -> None:
    """Join the parts into the undivided pass and remove them."""
    device = choose_device(job.options.device).type
    whole, stores = job.store(device), [part.store(device) for part in parts]
    with whole.locked(job.notify):
        found = [_complete(store) for store in stores]
        whole.clear()
        for store, part in zip(stores, found, strict=True):
            for kind in MAPS:
                for file in part.maps[kind]:
                    shutil.move(store.folder / kind / file, whole.folder / kind / file)
        rows: dict[str, str] = {}
        for store, part in zip(stores, found, strict=True):
            for name in part.rows:
                rows |= whole.write_rows(len(rows), read_arrays(store.folder / name))
        collector = Collector(job.data.spec.num_classes, options)
        for part in reversed(found):
            before = Collector(job.data.spec.num_classes, options)
            before.restore(part.state)
            collector.prepend(before)
        images = len(job.images)
        maps = {kind: {name: digest for part in found for name, digest in part.maps[kind].items()} for kind in MAPS}
        whole.write(CachedPass(images, images, collector.snapshot(), maps, found[0].made, rows))
        for store in stores:
            store.remove()


def _complete(store: Store) -> CachedPass:
    found = store.read()
    assert found is not None and found.complete
    return found
