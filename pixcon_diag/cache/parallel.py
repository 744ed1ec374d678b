"""One pass made by several processes: each keeps its part of the list, and the first one puts the parts together."""

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from pixcon_diag.cache.keys import pass_folder, pass_key
from pixcon_diag.cache.measure import fill, measure
from pixcon_diag.cache.store import Kept, Store
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.collector import Collector
from pixcon_diag.passes.measured import MeasuredPass
from pixcon_diag.passes.options import MeasureOptions, RunChoice, pass_options
from pixcon_train.core.progress import Notify, Progress, no_notes, silent

PATIENCE = timedelta(days=7)
"""How long a process waits for the others to finish their parts."""


class Team(Protocol):
    """The processes that share a pass."""

    rank: int
    processes: int

    def first_says(self, answer: bool) -> bool:
        """The first process's answer, in all of them, once all have come here."""


class LaunchedTeam:
    """The processes that torchrun started; one, where it did not."""

    def __init__(self, device: str | None) -> None:
        self._state = PartialState(cpu=device == "cpu", timeout=PATIENCE)
        self.rank, self.processes = self._state.process_index, self._state.num_processes
        self.device = str(self._state.device) if self.processes > 1 else device
        """Where this process computes: its own accelerator, of several."""

    def first_says(self, answer: bool) -> bool:
        """See :class:`Team`."""
        answers = [answer]
        broadcast_object_list(answers)
        return answers[0]

    def end(self) -> None:
        """Part: from here on each process is on its own, and a metric's ``compute`` asks no other one."""
        self._state.destroy_process_group()


def part_of(images: int, batch_size: int, rank: int, processes: int) -> range:
    """The images of one process: neighbours, in whole batches, so that each batch is one of the undivided pass.

    A network's output depends in its last digits on what else is in the batch. Empty where there are more processes
    than batches.
    """
    batches = -(-images // batch_size)
    first, last = (batches * each // processes * batch_size for each in (rank, rank + 1))
    return range(min(first, images), min(last, images))


@dataclass(frozen=True)
class _Part:
    """One process's part of a pass, and where it is kept."""

    images: range
    store: Store


def measure_together(
    checkpoint: LoadedCheckpoint,
    data: EvaluationData,
    options: MeasureOptions,
    run: RunChoice,
    team: Team,
    *,
    keep: Path | None = None,
    progress: Progress = silent,
    notify: Notify = no_notes,
) -> MeasuredPass | None:
    """:func:`pixcon_diag.cache.measure.measure`, its images shared by the processes of ``team``.

    Each process runs its part of the list and keeps it, so that an interrupted pass goes on with the same number of
    processes where each one stopped. The parts together are the pass that one process makes: counts are the same ones.

    Args:
        keep: folder that passes are kept in, which all processes see; as in ``measure`` where None.

    Returns:
        The pass in the first process, None in the others.

    Raises:
        As ``measure``.
    """
    place = keep or pass_folder(checkpoint)
    if team.processes == 1 or place is None:
        return measure(checkpoint, data, options, run, keep=keep, progress=progress, notify=notify)
    passing = pass_options(checkpoint, data, run)
    key = pass_key(checkpoint, data, passing, options.key())
    whole, ranks = Store(place, key), range(team.processes)
    kept = whole.read() if team.rank == 0 else None
    if not team.first_says(kept is not None and kept.complete):
        parts = [
            _Part(
                part_of(len(data.pairs), passing.batch_size, rank, team.processes),
                Store(place, {**key, "part": [rank, team.processes]}),
            )
            for rank in ranks
        ]
        own = parts[team.rank]
        collector = Collector(data.spec.num_classes, options)
        with own.store.locked(notify):
            fill(own.store, collector, checkpoint, data, passing, progress, notify, part=own.images, maps=True)
        team.first_says(True)  # all parts are there
        if team.rank == 0:
            with whole.locked(notify):
                _put_together(whole, parts, data, options)
        team.first_says(True)
    if team.rank > 0:
        return None
    return measure(checkpoint, data, options, run, keep=keep, progress=progress, notify=notify)


def _put_together(whole: Store, parts: list[_Part], data: EvaluationData, options: MeasureOptions) -> None:
    """Make the undivided pass of its parts, which are removed."""
    collector = Collector(data.spec.num_classes, options)
    found = [part.store.read() for part in parts]
    assert all(kept is not None and kept.complete for kept in found)
    whole.clear()
    maps: dict[str, str] = {}
    for part, kept in zip(parts, found, strict=True):
        assert kept is not None
        for file in kept.maps:
            shutil.move(part.store.maps_folder / file, whole.maps_folder / file)
        maps |= kept.maps
    for kept in reversed(found):
        assert kept is not None
        before = Collector(data.spec.num_classes, options)
        before.restore(kept.state)
        collector.prepend(before)
    assert found[0] is not None
    images = len(data.pairs)
    whole.write(Kept(images, images, collector.snapshot(), maps, found[0].made))
    for part in parts:
        part.store.remove()
