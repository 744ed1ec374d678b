"""Places of this machine, and what a job is given there."""

import os
from pathlib import Path

import pytest

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.process_times import goes_on, start_time
from pixcon_train.jobs.local import LocalExecutor, places_of
from tests.pixcon_train.jobs.works import Note, jobs_folder, worked_off


@pytest.mark.parametrize(
    ("gpus", "options", "places"),
    [
        (["0", "1"], {"gpus_per_run": 1, "runs_per_gpu": 1, "most": None}, ["0", "1"]),
        (["2", "5"], {"gpus_per_run": 1, "runs_per_gpu": 2, "most": None}, ["2", "5", "2", "5"]),
        (["2", "5"], {"gpus_per_run": 1, "runs_per_gpu": 2, "most": 3}, ["2", "5", "2"]),
        (["0", "1", "2", "3", "4"], {"gpus_per_run": 2, "runs_per_gpu": 1, "most": None}, ["0,1", "2,3"]),
        (["0"], {"gpus_per_run": 0, "runs_per_gpu": 1, "most": 3}, [None, None, None]),
    ],
)
def test_runs_are_spread_over_the_gpus(gpus: list[str], options: dict[str, int], places: list[str | None]) -> None:
    assert places_of(gpus, **options) == places  # type: ignore[arg-type]


def test_too_few_gpus_are_one_message() -> None:
    with pytest.raises(ConfigError, match="1 GPUs are usable here, which is room for 0 runs of 2 GPUs"):
        places_of(["0"], gpus_per_run=2, runs_per_gpu=1, most=None)
    with pytest.raises(ConfigError, match="room for 2 runs of 1 GPUs at a time, not for 3"):
        places_of(["0", "1"], gpus_per_run=1, runs_per_gpu=1, most=3)


@pytest.mark.slow
def test_a_job_has_its_gpus_and_its_share_of_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("pixcon_train.jobs.local.usable_cores", lambda: 6)
    works = [Note("a", tmp_path), Note("b", tmp_path)]
    worked_off(works, LocalExecutor(jobs_folder(tmp_path), ["3", "GPU-f00,1"]), tmp_path)
    found = [(tmp_path / f"{work.name}.begun").read_text().split()[:2] for work in works]
    assert found == [["3", "3"], ["3", "GPU-f00,1"]] and "OMP_NUM_THREADS" not in os.environ


def test_a_process_is_told_from_another_one_with_its_number() -> None:
    started = start_time(os.getpid())
    assert goes_on(os.getpid(), started) and goes_on(os.getpid(), None)
    if started is not None:
        assert not goes_on(os.getpid(), f"{started}0")
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # it has ended, and its number is still taken
    assert start_time(child) is None
    os.waitpid(child, 0)
