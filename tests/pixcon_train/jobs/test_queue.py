"""A queue on this machine: every work is done once, whoever is killed on the way."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.signals import StopRequest
from pixcon_train.jobs.book import BOOK, Book
from pixcon_train.jobs.local import LocalExecutor
from tests.pixcon_train.jobs.works import (
    Note,
    has_begun,
    jobs_folder,
    let_go,
    most_at_a_time,
    until,
    waits_for_another,
    worked_off,
)

pytestmark = pytest.mark.slow


def executor(root: Path, workers: int = 2, **options: Any) -> LocalExecutor:
    return LocalExecutor(jobs_folder(root), [None] * workers, **options)


def test_each_work_is_done_once_and_at_most_two_at_a_time(tmp_path: Path) -> None:
    """None ends before two have begun, so that two, and any third job, are seen to go on at once."""
    works = [Note(f"n{number}", tmp_path, "waits") for number in range(4)]
    most = 0

    def watch(stages: Any) -> None:
        nonlocal most
        most = max(most, sum(stage.going_on for stage in stages.values()))
        if sum(work.begun() for work in works) >= 2:
            let_go(tmp_path)

    stages = worked_off(works, executor(tmp_path), tmp_path, watch=watch)
    assert {name: stage.state for name, stage in stages.items()} == {work.name: "done" for work in works}
    assert most == most_at_a_time(works) == 2 and [work.begun() for work in works] == [1, 1, 1, 1]
    again = worked_off(works, executor(tmp_path), tmp_path)
    assert {stage.state for stage in again.values()} == {"done"} and [work.begun() for work in works] == [1, 1, 1, 1]


def test_what_fails_is_told_and_tried_again_by_the_next_queue(tmp_path: Path) -> None:
    works = [Note("bad", tmp_path, "fails"), Note("wrong", tmp_path, "is wrong")]
    stages = worked_off(works, executor(tmp_path), tmp_path)
    assert (stages["bad"].state, stages["bad"].message, stages["bad"].trace) == ("failed", "no such list", None)
    assert stages["wrong"].trace is not None and "ZeroDivisionError: a defect" in stages["wrong"].trace
    mended = worked_off([Note("bad", tmp_path)], executor(tmp_path), tmp_path)
    assert mended["bad"].state == "done" and works[0].begun() == 2


def test_a_killed_job_is_submitted_again_but_not_for_ever(tmp_path: Path) -> None:
    works = [Note("once", tmp_path, "dies once"), Note("always", tmp_path, "dies")]
    stages = worked_off(works, executor(tmp_path), tmp_path)
    assert stages["once"].state == "done" and works[0].begun() == 2
    assert stages["always"].state == "failed" and works[1].begun() == 3
    message = stages["always"].message
    assert message is not None and "ended 3 times" in message and Path(message.split(": ")[-1]).is_file()


def test_a_job_is_asked_to_stop_and_goes_on_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work, stop = Note("slow", tmp_path, "waits"), StopRequest()

    def watch(stages: Any) -> None:
        if work.begun():
            stop.name = "SIGINT"

    stages = worked_off(
        [work, Note("next", tmp_path, "waits")], executor(tmp_path, 1), tmp_path, interruption=stop, watch=watch
    )
    assert (stages["slow"].state, stages["next"].state) == ("stopped", "waiting")
    assert stages["slow"].message == "by SIGINT; the same command goes on from what is saved"
    assert "waiting for 1 jobs to save and end: slow" in capsys.readouterr().out
    let_go(tmp_path)
    assert worked_off([work], executor(tmp_path), tmp_path)["slow"].state == "done" and work.begun() == 2


QUEUE = """
import sys
from pathlib import Path
from pixcon_train.jobs.local import LocalExecutor
from tests.pixcon_train.jobs.works import Note, jobs_folder, worked_off
root = Path(sys.argv[1])
worked_off([Note("a", root, "waits"), Note("b", root, "waits")], LocalExecutor(jobs_folder(root), [None]), root)
"""


def test_a_job_whose_queue_is_killed_goes_on_and_is_not_begun_again(tmp_path: Path) -> None:
    first, second = Note("a", tmp_path, "waits"), Note("b", tmp_path, "waits")
    with subprocess.Popen([sys.executable, "-c", QUEUE, str(tmp_path)]) as process:
        until(lambda: has_begun(first))
        process.kill()

    def watch(stages: Any) -> None:
        assert stages["a"].state in ("running", "done") and (stages["a"].state == "done" or second.begun() == 0)
        let_go(tmp_path)

    stages = worked_off([first, second], executor(tmp_path, 1), tmp_path, watch=watch)
    assert {stage.state for stage in stages.values()} == {"done"} and (first.begun(), second.begun()) == (1, 1)


def test_a_job_that_lost_its_entry_is_waited_for(tmp_path: Path) -> None:
    """A queue that is killed between a job's start and its entry in the book does not know of the job."""
    work = Note("a", tmp_path, "waits")
    with subprocess.Popen([sys.executable, "-c", QUEUE, str(tmp_path)]) as process:
        until(lambda: has_begun(work))
        process.kill()
    book = tmp_path / BOOK
    before = Book(tmp_path, print).read()["a"]
    book.unlink()

    def watch(stages: Any) -> None:
        if waits_for_another(stages["a"], tmp_path):
            let_go(tmp_path)

    stages = worked_off([work], executor(tmp_path), tmp_path, watch=watch)
    assert stages["a"].state == "done" and stages["a"].job is not None and stages["a"].job.id != before.id
    assert work.begun() == 2  # the second time it finds its file, as a training finds its checkpoint


def test_the_orphan_of_a_killed_controller_is_waited_for(tmp_path: Path) -> None:
    work = Note("a", tmp_path, "waits")
    killed = []

    def watch(stages: Any) -> None:
        job = stages["a"].job
        if work.begun() and job is not None and not killed:
            os.kill(int(job.id), signal.SIGKILL)
            killed.append(job.id)
        if killed and waits_for_another(stages["a"], tmp_path):
            let_go(tmp_path)

    stages = worked_off([work], executor(tmp_path), tmp_path, watch=watch)
    assert stages["a"].state == "done" and stages["a"].job is not None and [stages["a"].job.id] != killed


def test_a_damaged_book_is_one_message(tmp_path: Path) -> None:
    for text in ("[1", "{}", '{"jobs": [{"work": 5}]}', '{"jobs": 5}'):
        (tmp_path / BOOK).write_text(text)
        with pytest.raises(ConfigError, match="no list of submitted jobs"):
            Book(tmp_path, print).read()
