"""`pixcon-diag qualitative`."""

from pathlib import Path
from typing import Any

import click

from pixcon_cli.diagnose.deliver import deliver
from pixcon_cli.diagnose.measuring import BASELINE, CHECKPOINTS, PREDICTIONS, baseline_first, measure_groups
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import MeasurementOptions, measurement_options

FOLDER = Path("qualitative")
"""Where the grid goes if nothing else is said: a ranking without its picture is of little use."""


@click.command(
    cls=PixConCommand,
    short_help="Grids of predictions, errors outlined.",
    examples=(
        "pixcon-diag qualitative none=runs/a clean=runs/b",
        "pixcon-diag qualitative runs/a --image 2007_000033 --out grid",
    ),
)
@CHECKPOINTS
@PREDICTIONS
@BASELINE
@measurement_options
@click.option(
    "--rank-by",
    type=click.Choice(["error-diff", "regressions", "error", "random"]),
    help="Wins, losses, largest errors, or any.  [default: error-diff of two methods, error of one]",
)
@click.option("--count", type=click.IntRange(min=1), default=16, show_default=True, help="Images shown.")
@click.option("--image", "names", multiple=True, metavar="NAME", help="This image instead; may be given several times.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of --rank-by random.")
@click.option(
    "--min-share",
    type=click.FloatRange(0, 1),
    default=0.005,
    show_default=True,
    help="Error regions below this share of the image get no contour.",
)
def qualitative(
    checkpoints: tuple[str, ...],
    predictions: tuple[str, ...],
    baseline: str | None,
    common: MeasurementOptions,
    rank_by: str | None,
    names: tuple[str, ...],
    **options: Any,
) -> None:
    """A grid of input, ground truth and predictions, errors outlined in red (Figs. 5, 6, 9, 10).

    Written to ./qualitative unless --out says otherwise.
    """
    from pixcon_diag.analyses.panels import Choice
    from pixcon_diag.analyses.qualitative import qualitative_section

    groups = baseline_first(measure_groups(checkpoints, common, predictions=predictions, compared=True), baseline)
    ranked: Any = "names" if names else rank_by or ("error-diff" if len(groups) > 1 else "error")
    out = common.out or FOLDER
    section = qualitative_section(groups, Choice(rank_by=ranked, names=names, **options), out)
    deliver(section, out=out, as_json=common.as_json)
