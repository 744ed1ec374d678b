"""What is asked of Slurm, and its answers, with scripts in its place; `test_real_slurm.py` asks a real one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pixcon_train.core.errors import ConfigError
from pixcon_train.jobs.book import Submitted
from pixcon_train.jobs.slurm import SlurmExecutor, SlurmOptions, minutes_of, sbatch_values, slurm_lives
from tests.pixcon_train.jobs.works import Note, jobs_folder, worked_off

Commands = Callable[..., None]


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Writes shell scripts in the place of Slurm's commands."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def write(**scripts: str) -> None:
        for name, script in {"srun": "", **scripts}.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)

    return write


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("90", 90), ("4:00:00", 240), ("1:30", 2), ("0:30", 1), ("2-12", 3600), ("1-0:30", 1470), ("1-1:0:1", 1501)],
)
def test_a_time_is_read_as_slurm_reads_it(text: str, minutes: int) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize("text", ["", "0", "an hour", "1:2:3:4", "-5", "1-"])
def test_what_is_no_time_is_one_message(text: str) -> None:
    with pytest.raises(ConfigError, match="no time of a job"):
        minutes_of(text)


def test_any_parameter_is_given_by_name() -> None:
    assert sbatch_values(["mem=32G", "--exclusive", "mail-user=a=b"]) == {
        "mem": "32G",
        "exclusive": True,
        "mail-user": "a=b",
    }
    for wrong in ("", "=x", "a b", "mem=1\n#SBATCH --x"):
        with pytest.raises(ConfigError, match="no parameter of sbatch"):
            sbatch_values([wrong])


def test_all_works_are_one_array_with_the_parameters(tmp_path: Path, commands: Commands) -> None:
    commands(sbatch=f"/bin/cp $1 {tmp_path}/script; echo Submitted batch job 7", squeue="")
    options = SlurmOptions(240, 2, 1, 3, "mine", "gpu", {"cpus-per-task": "4", "exclusive": True})
    works = [Note(name, tmp_path) for name in "abc"]
    jobs = SlurmExecutor(jobs_folder(tmp_path), options).submit(works, [])
    assert [(job.work, job.id) for job in jobs] == [("a", "7_0"), ("b", "7_1"), ("c", "7_2")]
    lines = (tmp_path / "script").read_text().splitlines()
    expected = ("job-name=mine", "partition=gpu", "time=240", "gpus-per-node=2", "ntasks-per-node=2", "array=0-2%3")
    assert {f"#SBATCH --{line}" for line in (*expected, "cpus-per-task=4", "exclusive", "signal=USR2@120")} <= {*lines}


def test_runs_that_share_a_gpu_are_one_job(tmp_path: Path, commands: Commands) -> None:
    commands(sbatch="echo Submitted batch job 7", squeue="")
    works = [Note(name, tmp_path) for name in "abc"]
    jobs = SlurmExecutor(jobs_folder(tmp_path), SlurmOptions(60, 1, 2)).submit(works, [])
    assert [(job.work, job.id) for job in jobs] == [("a", "7_0"), ("b", "7_0"), ("c", "7_1")]


def test_what_would_be_submitted_is_told() -> None:
    told = SlurmOptions(240, 1, 2, 3, "mine", "gpu", {"mem": "32G", "exclusive": True}).submission(5)
    assert "5 runs as an array of 3 jobs, at most 3 at a time. Each: 2 runs, 1 GPU, time 240 min" in told
    assert told.endswith("Job name mine, partition gpu, mem=32G, exclusive.")
    assert "1 run as an array of 1 job. Each: 1 run, 0 GPUs" in SlurmOptions(5, 0).submission(1)
    assert "Nothing is left" in SlurmOptions(5).submission(0)


def test_what_slurm_answers(commands: Commands) -> None:
    jobs = [Submitted(name, "slurm", f"7_{number}", "login") for number, name in enumerate("abcde")]
    commands(squeue="printf '7_0|RUNNING\\n7_1|PENDING\\n7_2|CANCELLED\\n7_3|TIMEOUT\\n8_4|RUNNING\\n'")
    assert slurm_lives(jobs) == {"a": "running", "b": "queued", "c": "cancelled", "d": "ended", "e": "ended"}
    commands(squeue="exit 1")
    assert slurm_lives(jobs) == {}


def test_nothing_is_submitted_while_slurm_does_not_answer(tmp_path: Path, commands: Commands) -> None:
    """A job of an earlier queue may go on."""
    commands(sbatch="echo Submitted batch job 7", squeue="exit 1")
    work, executor = Note("a", tmp_path), SlurmExecutor(jobs_folder(tmp_path), SlurmOptions(60, 0))
    executor.poll = 0.01
    looks = []

    def watch(stages: object) -> None:
        looks.append(stages)
        if len(looks) == 5:
            work.run(None)  # type: ignore[arg-type]
            commands(squeue="")

    assert worked_off([work], executor, tmp_path, watch=watch)["a"].state == "done"


def test_a_refusal_and_a_missing_slurm_are_one_message(tmp_path: Path, commands: Commands) -> None:
    with pytest.raises(ConfigError, match="needs Slurm's commands"):
        SlurmExecutor(jobs_folder(tmp_path), SlurmOptions(60))
    commands(sbatch="echo 'sbatch: error: invalid partition specified: gpux' >&2; exit 1", squeue="")
    with pytest.raises(ConfigError, match=r"Slurm refuses the jobs: .*invalid partition"):
        SlurmExecutor(jobs_folder(tmp_path), SlurmOptions(60)).submit([Note("a", tmp_path)], [])
