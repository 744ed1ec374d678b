"""`pixcon-diag compare`."""

from collections.abc import Sequence
from typing import Any

import click

from pixcon_cli.console import progress
from pixcon_cli.diagnose.deliver import deliver
from pixcon_cli.diagnose.measuring import BASELINE, CHECKPOINTS, PREDICTIONS, baseline_first, measure_groups
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import TAUS, MeasurementOptions, band_options, measurement_options


@click.command(
    cls=PixConCommand,
    short_help="Differences with image noise and seed noise.",
    examples=(
        "pixcon-diag compare none=runs/a clean=runs/b",
        "pixcon-diag compare none=runs/a,runs/b clean=runs/c,runs/d --tau 0.9 --tau 0.95",
    ),
)
@CHECKPOINTS
@PREDICTIONS
@BASELINE
@measurement_options
@TAUS
@band_options
@click.option("--draws", type=click.IntRange(min=1), default=1000, show_default=True, help="Of the bootstrap.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap.")
def compare(
    checkpoints: tuple[str, ...],
    predictions: tuple[str, ...],
    baseline: str | None,
    common: MeasurementOptions,
    taus: tuple[float, ...],
    draws: int,
    seed: int,
    **band: Any,
) -> None:
    """The difference of every measurement between methods, with image noise and seed noise in separate rows.

    Seeds are paired in the order in which each group's checkpoints are named.
    """
    from pixcon_diag.analyses.boundary_counts import BandOptions, MeasuredBoundary, measure_boundaries
    from pixcon_diag.analyses.compare import compare_section
    from pixcon_diag.analyses.quantities import not_compared, quantities
    from pixcon_diag.measures.comparison import compare as differences
    from pixcon_train.core.errors import ConfigError, DataError

    taus = tuple(dict.fromkeys(taus))
    groups = baseline_first(
        measure_groups(checkpoints, common, predictions=predictions, compared=True, taus=taus), baseline
    )
    if len(groups) < 2:
        raise ConfigError("A comparison needs two methods: name two checkpoints, or two groups (name=path,path).")
    left_out = not_compared(groups)
    boundaries: Sequence[MeasuredBoundary] = ()
    try:
        with progress("boundary bands") as bar:
            boundaries = measure_boundaries(groups, BandOptions(**band), bar)
    except DataError as error:
        left_out.append(f"boundary and interior error: {error}")
    found = {
        group.name: quantities(group, [each for each in boundaries if each.group == group.name], taus)
        for group in groups
    }
    first, *others = (group.name for group in groups)
    with progress("drawing images anew") as bar:
        rows = {
            other: differences(found[first], found[other], seed=seed, draws=draws, progress=bar) for other in others
        }
    deliver(compare_section(groups, rows, left_out), out=common.out, as_json=common.as_json)
