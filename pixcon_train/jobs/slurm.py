"""Jobs in Slurm: arrays of jobs, which ask for more time when theirs is over."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import ConfigError
from pixcon_train.jobs.book import Life, Submitted
from pixcon_train.jobs.executors import Lives, submitit_for
from pixcon_train.jobs.job import Job, Work

REQUEUES = 10_000
"""Most times that a job whose time is over is submitted again."""
_LIVES: Mapping[str, Life] = {"CANCELLED": "cancelled", "PENDING": "queued", "SUSPENDED": "queued"}
_ENDED = ("COMPLETED", "FAILED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE", "PREEMPTED")
_PATIENCE = 60.0
"""Seconds to wait for an answer of Slurm."""


@dataclass(frozen=True)
class SlurmOptions:
    """What each job asks for."""

    minutes: int
    """Its time; a run that needs more is submitted again and goes on."""
    gpus: int = 1
    runs_per_job: int = 1
    """Runs that share its GPUs."""
    at_a_time: int | None = None
    """Most jobs of an array that run at a time; None: as many as Slurm lets."""
    name: str = "pixcon"
    partition: str | None = None
    others: Mapping[str, str | bool] = field(default_factory=dict)
    """Parameters of sbatch by name; True: a flag without a value."""

    def submission(self, runs: int) -> str:
        """What is submitted for a number of runs, as a sentence."""
        if not runs:
            return "Nothing is left to submit to Slurm."
        limit = "" if self.at_a_time is None else f", at most {self.at_a_time} at a time"
        partition = "Slurm's default" if self.partition is None else self.partition
        others = "".join(f", {name}{'' if value is True else f'={value}'}" for name, value in self.others.items())
        return (
            f"To be submitted to Slurm: {_count(runs, 'run')} as an array of "
            f"{_count(ceil(runs / self.runs_per_job), 'job')}{limit}. Each: {_count(self.runs_per_job, 'run')}, "
            f"{_count(self.gpus, 'GPU')}, time {self.minutes} min, asked for again while a run needs it. "
            f"Job name {self.name}, partition {partition}{others}."
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


class SlurmExecutor:
    """Arrays of jobs.

    Args:
        folder: folder of the jobs' files, which all nodes share.

    Raises:
        ConfigError: submitit is not installed, there is no Slurm, or a parameter is unknown.
    """

    poll = 5.0
    leaves_jobs = True

    def __init__(self, folder: Path, options: SlurmOptions) -> None:
        submitit = submitit_for("slurm")
        if not all(map(shutil.which, ("sbatch", "srun", "squeue"))):
            raise ConfigError(
                "--executor slurm needs Slurm's commands sbatch, srun and squeue, which are not on PATH. Start the "
                "command on a login node of the cluster, or use --executor local."
            )
        self._folder, self._options = folder, options
        self._executor = submitit.SlurmExecutor(folder, max_num_timeout=REQUEUES)
        self._executor.update_parameters(**self._parameters())

    def _parameters(self) -> dict[str, Any]:
        options = self._options
        delay = min(120, 60 * options.minutes // 4)  # time to finish a step and save
        parameters = {
            "job_name": options.name,
            "time": options.minutes,
            "ntasks_per_node": max(1, options.gpus) if options.runs_per_job == 1 else 1,
            "signal_delay_s": delay,
            "additional_parameters": {name.replace("-", "_"): value for name, value in options.others.items()},
        }
        if options.gpus:
            parameters["gpus_per_node"] = options.gpus
        if options.partition is not None:
            parameters["partition"] = options.partition
        if options.at_a_time is not None:
            parameters["array_parallelism"] = options.at_a_time
        return parameters

    def room(self, going_on: Sequence[Submitted]) -> int:
        """All works: Slurm has a queue of its own."""
        return 1_000_000

    def submit(self, works: Sequence[Work], going_on: Sequence[Submitted]) -> list[Submitted]:
        """Submit all works as one array."""
        size = self._options.runs_per_job
        packs = [tuple(works[at : at + size]) for at in range(0, len(works), size)]
        try:
            jobs = self._executor.submit_array([Job(pack, self._folder) for pack in packs])
        except (RuntimeError, ValueError, OSError) as error:  # submitit's are of the first two classes
            raise ConfigError(f"Slurm refuses the jobs: {str(error).strip()}") from None
        host = socket.gethostname()
        return [
            Submitted(work.name, "slurm", job.job_id, host)
            for pack, job in zip(packs, jobs, strict=True)
            for work in pack
        ]

    def stop(self, jobs: Iterable[Submitted]) -> None:
        """Do nothing: jobs go on, and `scancel` ends them."""


def slurm_lives(jobs: Sequence[Submitted]) -> Lives:
    """What has become of jobs; nothing where Slurm does not answer."""
    asked = ["squeue", "--me", "--array", "--noheader", "--states=all", "--format=%i|%T"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=_PATIENCE, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    states = dict(line.split("|", 1) for line in answer.splitlines() if "|" in line)
    return {job.work: _life(states.get(job.id, "COMPLETED")) for job in jobs}


def _life(state: str) -> Life:
    if state in _ENDED:
        return "ended"
    return _LIVES.get(state, "running")


def sbatch_values(given: Iterable[str]) -> dict[str, str | bool]:
    """Parameters of sbatch from ``KEY=VALUE`` or ``KEY``, as on its command line without the dashes.

    Raises:
        ConfigError: something else.
    """
    values: dict[str, str | bool] = {}
    for text in given:
        name, equals, value = text.removeprefix("--").partition("=")
        if not re.fullmatch(r"[a-z][a-z_-]*", name) or "\n" in value:
            raise ConfigError(f"--slurm {text!a} is no parameter of sbatch; expected KEY=VALUE, such as mem=32G.")
        values[name] = value if equals else True
    return values


def minutes_of(text: str) -> int:
    """Minutes of a time as Slurm writes it: M, M:S, H:M:S, D-H, D-H:M or D-H:M:S; begun minutes count.

    Raises:
        ConfigError: it is none, or less than a minute.
    """
    found = re.fullmatch(r"(?:(\d{1,4})-)?(\d{1,6})(?::(\d{1,2}))?(?::(\d{1,2}))?", text)
    days, *rest = found.groups(default="") if found else ("", "")
    numbers = [int(part) for part in rest if part]
    if days:  # hours first
        hours, minutes, seconds = [*numbers, 0, 0][:3]
    elif len(numbers) == 3:
        hours, minutes, seconds = numbers
    else:
        hours, minutes, seconds = 0, *[*numbers, 0, 0][:2]
    total = (int(days or 0) * 24 + hours) * 60 + minutes + (seconds > 0)
    if not total:
        raise ConfigError(f"'{text}' is no time of a job; expected minutes, H:MM:SS or D-HH:MM, such as 4:00:00.")
    return total
