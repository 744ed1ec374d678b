"""`pixcon-diag boundary`."""

from typing import Any

import click

from pixcon_cli.console import progress
from pixcon_cli.diagnose.deliver import deliver
from pixcon_cli.diagnose.measuring import BASELINE, CHECKPOINTS, PREDICTIONS, baseline_first, measure_groups
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import MeasurementOptions, band_options, measurement_options


@click.command(
    cls=PixConCommand,
    short_help="Error at object boundaries and inside.",
    examples=(
        "pixcon-diag boundary none=runs/a,runs/b clean=runs/c,runs/d",
        "pixcon-diag boundary runs/a --width 2 --predictions mine=out/val",
    ),
)
@CHECKPOINTS
@PREDICTIONS
@BASELINE
@measurement_options
@band_options
def boundary(
    checkpoints: tuple[str, ...],
    predictions: tuple[str, ...],
    baseline: str | None,
    common: MeasurementOptions,
    **band: Any,
) -> None:
    """Error inside the boundary band and in the interior (paper, Sec. G.1 and Table 7).

    The band of width w holds the valid pixels with a different label within w pixels. Works from label maps, so that
    other widths need no further pass, and --predictions measures what any framework saved.
    """
    from pixcon_diag.analyses.boundary import boundary_section
    from pixcon_diag.analyses.boundary_counts import BandOptions, measure_boundaries

    groups = baseline_first(measure_groups(checkpoints, common, predictions=predictions), baseline)
    with progress("boundary bands") as bar:
        measured = measure_boundaries(groups, BandOptions(**band), bar)
    deliver(boundary_section(measured), out=common.out, as_json=common.as_json)
