"""What a job does in its process: its works, and asking for more time."""

import os
import signal
from pathlib import Path

import pytest
import submitit

from pixcon_train.jobs.job import Job
from pixcon_train.jobs.outcome import Outcome, outcome_file, read_outcome, write_outcome
from tests.pixcon_train.jobs.works import Note, let_go, until


@pytest.mark.slow
def test_a_job_whose_time_is_over_is_submitted_again(tmp_path: Path) -> None:
    work = Note("a", tmp_path, "waits")
    executor = submitit.LocalExecutor(tmp_path / "jobs", max_num_timeout=5)
    executor.update_parameters(timeout_min=60)
    job = executor.submit(Job((work,), tmp_path / "jobs"))
    until(work.begun)
    os.kill(int((tmp_path / "a.begun").read_text().split()[-1]), signal.SIGUSR2)  # as Slurm does
    until(lambda: work.begun() == 2)
    let_go(tmp_path)
    until(work.finished)
    job.wait()
    assert work.begun() == 2 and read_outcome(tmp_path / "jobs", "a") == Outcome()


@pytest.mark.slow
def test_works_of_one_job_run_side_by_side(tmp_path: Path) -> None:
    works = (Note("a", tmp_path, "waits"), Note("b", tmp_path, "waits"), Note("c", tmp_path, "fails"))
    job = submitit.LocalExecutor(tmp_path / "jobs").submit(Job(works, tmp_path / "jobs"))
    until(lambda: works[0].begun() and works[1].begun())
    let_go(tmp_path)
    job.wait()
    assert works[0].finished() and works[1].finished()
    assert read_outcome(tmp_path / "jobs", "c") == Outcome("no such list")


def test_an_outcome_is_read_as_it_was_written(tmp_path: Path) -> None:
    outcome = Outcome("why", "where", "SIGTERM")
    write_outcome(tmp_path, "a", outcome)
    assert read_outcome(tmp_path, "a") == outcome and read_outcome(tmp_path, "b") is None
    for damaged in ("[]", "{", '{"message": 5}'):
        outcome_file(tmp_path, "a").write_text(damaged)
        assert read_outcome(tmp_path, "a") is None
