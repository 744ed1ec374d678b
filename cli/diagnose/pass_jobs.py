"""Measuring the checkpoints of a command in jobs, before it reads their passes from the cache."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pixcon_cli.console import announce_stop, notes, say
from pixcon_cli.executors import ExecutorChoice, typed_command

if TYPE_CHECKING:  # --help imports no torch
    from pixcon_diag.groups.methods import Methods

FOLDER = Path("pixcon-jobs")
"""Folder of the jobs' files, in the working folder, which jobs of Slurm share."""


def measure_in_jobs(methods: "Methods", choice: ExecutorChoice) -> None:
    """Run the pass of every checkpoint in a job and cache it; nothing for `inline`, where the command does it.

    Raises:
        PixConError: a checkpoint cannot be found or measured, or the executor cannot be used.
        SystemExit: the command was interrupted.
    """
    if choice.executor == "inline" or not methods.groups:  # saved maps are read here
        return
    if (choice.gpus_per_run or 0) > 1:
        raise click.UsageError("--gpus-per-run is at most 1 here: a pass that is measured in a job uses one GPU.")
    from pixcon_cli.jobs import JobsDisplay, say_what_goes_on
    from pixcon_diag.groups.pass_jobs import pass_works
    from pixcon_train.core.errors import CheckpointError
    from pixcon_train.core.signals import StopRequest
    from pixcon_train.jobs.queue import JOBS, Queue

    console = notes()
    works = pass_works(methods, FOLDER / JOBS)
    executor = choice.start(FOLDER / JOBS, "pixcon-diag", on_cpu=methods.options.run.device == "cpu")
    now = "the jobs go on" if choice.executor == "slurm" else "every pass saves and ends"
    with StopRequest(lambda name: announce_stop(console, name, now)) as interruption:
        queue = Queue(works, executor, FOLDER, interruption=interruption, notify=lambda line: say(console, line))
        with JobsDisplay(console, "passes") as display:
            stages = queue.work_off(display.show)
    if interruption.requested:
        if choice.executor == "slurm":
            say_what_goes_on(console, stages, typed_command())
        raise SystemExit(interruption.exit_code)
    failed = {name: stage.message for name, stage in stages.items() if stage.state in ("failed", "stopped")}
    if failed:
        reasons = "".join(f"\n{work.source}: {failed[work.name]}" for work in works if work.name in failed)
        raise CheckpointError(f"{len(failed)} of {len(works)} checkpoints could not be measured.{reasons}")
