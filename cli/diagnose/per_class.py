"""`pixcon-diag per-class`."""

import click

from pixcon_cli.diagnose.deliver import deliver
from pixcon_cli.diagnose.measuring import BASELINE, CHECKPOINTS, PREDICTIONS, baseline_first, measure_groups
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import MeasurementOptions, measurement_options


@click.command(
    "per-class",
    cls=PixConCommand,
    short_help="IoU per class against the baseline.",
    examples=(
        "pixcon-diag per-class none=runs/a,runs/b clean=runs/c,runs/d",
        "pixcon-diag per-class runs/a --predictions mine=out/val",
    ),
)
@CHECKPOINTS
@PREDICTIONS
@BASELINE
@measurement_options
def per_class(
    checkpoints: tuple[str, ...], predictions: tuple[str, ...], baseline: str | None, common: MeasurementOptions
) -> None:
    """IoU per class of each method against the baseline (Table 6, Fig. 12)."""
    from pixcon_diag.analyses.per_class import per_class_section

    groups = baseline_first(measure_groups(checkpoints, common, predictions=predictions, compared=True), baseline)
    deliver(per_class_section(groups), out=common.out, as_json=common.as_json)
