"""`pixcon-diag geometry`."""

import click

from pixcon_cli.diagnose.deliver import deliver
from pixcon_cli.diagnose.measuring import BASELINE, CHECKPOINTS, NO_PREDICTIONS, baseline_first, measure_groups
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import MeasurementOptions, measurement_options


@click.command(
    cls=PixConCommand,
    short_help="Class centroids: compactness, cosines, margin.",
    examples=(
        "pixcon-diag geometry none=runs/a clean=runs/b",
        "pixcon-diag geometry runs/a --min-pixels 50",
    ),
)
@CHECKPOINTS
@NO_PREDICTIONS
@BASELINE
@measurement_options
@click.option(
    "--min-pixels",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Feature pixels that a class needs for a centroid.",
)
def geometry(checkpoints: tuple[str, ...], baseline: str | None, common: MeasurementOptions, min_pixels: int) -> None:
    """Class centroids of the fused decoder feature: compactness, inter-class cosine, margin (Sec. G.4, Table 9)."""
    from pixcon_diag.analyses.geometry import geometry_section

    groups = baseline_first(measure_groups(checkpoints, common), baseline)
    deliver(geometry_section(groups, min_pixels), out=common.out, as_json=common.as_json)
