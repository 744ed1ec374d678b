"""`pixcon-diag measure`."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from pixcon_cli.console import progress
from pixcon_cli.diagnose.next_command import notify_next
from pixcon_cli.diagnose.pass_jobs import measure_in_jobs
from pixcon_cli.emit import emit, notify
from pixcon_cli.executors import executor_options, take_choice
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import (
    AUDIT,
    CHECKPOINTS,
    PREDICTIONS,
    TAUS,
    band_options,
    measurement_options,
    study_options,
)


@click.command(
    cls=PixConCommand,
    short_help="Run and cache the passes, in one process or several.",
    examples=(
        "pixcon-diag measure runs/",
        "pixcon-diag measure runs/ --executor local --jobs 2",
        "torchrun --nproc_per_node 4 --no-python pixcon-diag measure runs/a",
    ),
)
@CHECKPOINTS
@PREDICTIONS
@measurement_options
@TAUS
@AUDIT
@band_options
@executor_options
def measure(
    methods: tuple[str, ...], predictions: tuple[str, ...], out: Path | None, as_json: bool, **arguments: Any
) -> None:
    """Run each checkpoint over its images once and cache the results for the other commands.

    The maps of --predictions, which need a confidence, are read instead.

    Other commands do this on demand. This one can run in several processes, which divide the images:
    torchrun --nproc_per_node 4 --no-python pixcon-diag measure CKPT. With --executor, each checkpoint is measured in
    a job. Prints retention and contamination.
    """
    from pixcon_diag.analyses.contamination import contamination_result
    from pixcon_diag.cache.parallel import LaunchedTeam, measure_together
    from pixcon_diag.passes.options import MeasureOptions
    from pixcon_diag.study import Study

    choice = take_choice(arguments)
    study = Study(methods, predictions=predictions, options=study_options(arguments), bar=progress, notify=notify)
    measure_in_jobs(study, choice)
    study.require_confidence()  # reads the checkpoints, as the jobs have done
    options, members = study.options, study.members
    team = LaunchedTeam(options.run.device)
    run = replace(options.run, device=team.device)
    counted = MeasureOptions(taus=options.taus, **asdict(options.band))
    passes = []
    for member in members:
        with progress(f"measuring {member.checkpoint.name}") as bar:
            measured = measure_together(member.checkpoint, member.data, counted, run, team, progress=bar, notify=notify)
        if measured is not None:
            passes.append((member.group, study.audited(member.checkpoint, measured) if options.audit else measured))
    team.end()
    if team.rank == 0:
        emit(contamination_result(passes, options.taus), out=out, as_json=as_json)
        if not as_json:
            notify_next()
