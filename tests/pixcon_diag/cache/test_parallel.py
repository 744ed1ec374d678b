"""A pass shared by several processes: the parts are the whole, bit for bit, and each one goes on where it stopped."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pixcon_diag.cache.job import PassJob
from pixcon_diag.cache.measure import measure
from pixcon_diag.cache.parallel import measure_together
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.options import MeasureOptions, PassOptions
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_train.core.progress import no_notes, silent
from tests.pixcon_diag.cache.test_measure import numbers
from tests.pixcon_diag.passes.small import cpu, images, network, seen

SIZES = [(20, 28)] * 3 + [(24, 16)] * 2 + [(20, 28)] * 2


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data", SIZES)


class Meeting:
    """Threads in place of processes; ``ends_after`` questions it breaks up, as when a process is killed."""

    def __init__(self, processes: int, *, ends_after: int | None = None) -> None:
        self.processes, self.ends_after = processes, ends_after
        self.barrier, self.answer = threading.Barrier(processes), False


class Member:
    """One thread's view of a meeting."""

    def __init__(self, meeting: Meeting, rank: int) -> None:
        self.meeting, self.rank, self.processes, self.asked = meeting, rank, meeting.processes, 0

    def broadcast(self, value: bool) -> bool:
        self.asked += 1
        if self.asked == self.meeting.ends_after:
            raise InterruptedError
        if self.rank == 0:
            self.meeting.answer = value
        self.meeting.barrier.wait()
        result = self.meeting.answer
        self.meeting.barrier.wait()
        return result


def together(
    data: EvaluationData, keep: Path, processes: int, *, ends_after: int | None = None
) -> tuple[list[MeasuredPass | None], list[LoadedCheckpoint]]:
    """What each process is given, and the networks they ran."""
    meeting = Meeting(processes, ends_after=ends_after)
    networks = [network() for _ in range(processes)]

    def work(rank: int) -> MeasuredPass | None:
        team = Member(meeting, rank)
        return measure_together(networks[rank], data, MeasureOptions(), cpu(), team, cache=keep)

    with ThreadPoolExecutor(processes) as pool:
        return list(pool.map(work, range(processes))), networks


@pytest.mark.parametrize(("count", "batch", "processes"), [(7, 2, 3), (7, 2, 1), (1, 4, 3), (101, 4, 8), (8, 4, 2)])
def test_parts_are_neighbouring_whole_batches(count: int, batch: int, processes: int) -> None:
    data: Any = SimpleNamespace(pairs=[None] * count)
    job = PassJob(network(), data, PassOptions("pixcon", None, batch_size=batch), {}, None, None, silent, no_notes)
    parts = [replace(job, share=(rank, processes)).images for rank in range(processes)]
    assert job.images == range(count)
    assert [image for part in parts for image in part] == list(range(count))
    assert all(part.start % batch == 0 or not part for part in parts)
    assert max(map(len, parts)) - min(map(len, parts)) <= 2 * batch


@pytest.mark.parametrize("processes", [2, 3, 6])
def test_the_parts_are_the_pass_that_one_process_makes(data: EvaluationData, tmp_path: Path, processes: int) -> None:
    """Four batches of two: six processes are more than there are batches."""
    alone = numbers(measure(network(), data, MeasureOptions(), cpu(), cache=tmp_path / "alone"))
    (first, *others), networks = together(data, tmp_path / "shared", processes)
    assert first is not None and others == [None] * (processes - 1)
    assert numbers(first) == alone
    assert sum(seen(each) for each in networks) == len(SIZES)
    assert max(seen(each) for each in networks) < len(SIZES)
    later = network()
    assert numbers(measure(later, data, MeasureOptions(), cpu(), cache=tmp_path / "shared")) == alone
    assert seen(later) == 0, "the pass is kept as the whole one"
    assert len([path for path in (tmp_path / "shared").iterdir() if path.is_dir()]) == 1, "no part is left"


def test_a_shared_pass_goes_on_where_its_parts_stopped(data: EvaluationData, tmp_path: Path) -> None:
    """The second question is asked with all parts made and none put together."""
    with pytest.raises(InterruptedError):
        together(data, tmp_path / "shared", 2, ends_after=2)
    (first, _), networks = together(data, tmp_path / "shared", 2)
    assert [seen(each) for each in networks] == [0, 0]
    assert first is not None
    assert numbers(first) == numbers(measure(network(), data, MeasureOptions(), cpu(), cache=tmp_path / "alone"))


def test_the_parts_may_have_their_rows_in_several_files(
    data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = numbers(measure(network(), data, MeasureOptions(), cpu(), cache=tmp_path / "alone"))
    monkeypatch.setattr("pixcon_diag.cache.resumable_run.ROWS_PER_FILE", 2)
    (first, _), _ = together(data, tmp_path / "shared", 2)
    assert first is not None and numbers(first) == alone
    assert len([*(tmp_path / "shared").glob("*/rows-*.npz")]) == 4


def test_a_pass_that_is_there_is_not_made_again(data: EvaluationData, tmp_path: Path) -> None:
    before = measure(network(), data, MeasureOptions(), cpu(), cache=tmp_path)
    (first, _), networks = together(data, tmp_path, 2)
    assert first is not None and numbers(first) == numbers(before)
    assert [seen(each) for each in networks] == [0, 0]
