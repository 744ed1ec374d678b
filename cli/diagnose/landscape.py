"""`pixcon-diag landscape`."""

from pathlib import Path

import click

from pixcon_cli.diagnose.deliver import deliver, say
from pixcon_cli.diagnose.measuring import CHECKPOINTS
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import output_options


@click.command(
    cls=PixConCommand,
    short_help="Model size against mIoU.",
    examples=("pixcon-diag landscape runs/a best.pth --points others.csv --out landscape",),
)
@CHECKPOINTS
@click.option(
    "--points",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="CSV of further points: name, encoder, parameters, miou (a fraction), dataset.",
)
@output_options
def landscape(checkpoints: tuple[str, ...], points: Path | None, out: Path | None, as_json: bool) -> None:
    """Model size against mIoU: the paper's published figures and your own runs (Fig. 7).

    mIoU is what a checkpoint states of its weights; parameters are counted, without the projection head.
    """
    from pixcon_diag.analyses.landscape import landscape_section, own_runs, read_points
    from pixcon_diag.checkpoints.loading import load
    from pixcon_diag.groups.arguments import RUNS, find_groups, named
    from pixcon_diag.measures.landscape import landscape as measured
    from pixcon_train.core.errors import CheckpointError

    try:
        groups = find_groups(checkpoints)
    except CheckpointError:
        if checkpoints:
            raise
        say(f"no checkpoint named and no runs in ./{RUNS}: the published figures alone.")
        groups = ()
    loaded = named([(group, [load(source) for source in group.sources]) for group in groups])
    runs, left_out = own_runs([each for members in loaded for each in members])
    for sentence in left_out:
        say(f"left out: {sentence}")
    further = read_points(points) if points is not None else []
    deliver(landscape_section(measured([*runs, *further])), out=out, as_json=as_json)
