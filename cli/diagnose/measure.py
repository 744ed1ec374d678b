"""`pixcon-diag measure`."""

from dataclasses import replace
from typing import Any

import click

from pixcon_cli.console import progress
from pixcon_cli.diagnose.deliver import deliver, say
from pixcon_cli.diagnose.measuring import CHECKPOINTS, NO_PREDICTIONS, load_groups
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import TAUS, MeasurementOptions, band_options, measurement_options


@click.command(
    cls=PixConCommand,
    short_help="Make the pass ahead, in one process or more.",
    examples=(
        "pixcon-diag measure runs/",
        "torchrun --nproc_per_node 4 --no-python pixcon-diag measure runs/a",
    ),
)
@CHECKPOINTS
@NO_PREDICTIONS
@measurement_options
@TAUS
@band_options
def measure(checkpoints: tuple[str, ...], common: MeasurementOptions, taus: tuple[float, ...], **band: Any) -> None:
    """Run each checkpoint over its images once and keep what every other command needs of it.

    The other commands do this themselves where it is missing. This one can be started as several processes, which share
    the images: torchrun --nproc_per_node 4 --no-python pixcon-diag measure CKPT. Prints retention and contamination.
    """
    from pixcon_diag.analyses.contamination import contamination_section
    from pixcon_diag.cache.parallel import LaunchedTeam, measure_together
    from pixcon_diag.passes.options import MeasureOptions

    groups = load_groups(checkpoints, common)
    team = LaunchedTeam(common.device)
    run = replace(common.run_choice(), device=team.device)
    options = MeasureOptions(taus=taus, **band)
    members = []
    for group, loaded in groups:
        for checkpoint, data in loaded:
            with progress(f"measuring {checkpoint.name}") as bar:
                measured = measure_together(checkpoint, data, options, run, team, progress=bar, notify=say)
            if measured is not None:
                members.append((group.name, measured))
    team.end()
    if team.rank == 0:
        deliver(contamination_section(members, tuple(dict.fromkeys(taus))), out=common.out, as_json=common.as_json)
