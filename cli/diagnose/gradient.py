"""`pixcon-diag gradient`."""

from typing import Any

import click

from pixcon_cli.console import progress
from pixcon_cli.diagnose.deliver import deliver
from pixcon_cli.diagnose.measuring import CHECKPOINTS, NO_PREDICTIONS, load_groups, measure_one
from pixcon_cli.diagnose.replaying import replay_one, replay_options
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import MeasurementOptions, measurement_options


@click.command(
    cls=PixConCommand,
    short_help="False positives in the anchors' gradient.",
    examples=(
        "pixcon-diag gradient runs/a",
        "pixcon-diag gradient runs/a --rule confidence --admission-tau 0.9",
    ),
)
@CHECKPOINTS
@NO_PREDICTIONS
@measurement_options
@replay_options
@click.option(
    "--temperature",
    type=click.FloatRange(min=0, min_open=True),
    help="η of Eq. 3.  [default: the run's, or 0.1]",
)
@click.option("--anchors", type=click.IntRange(1, 100), default=50, show_default=True, help="Anchors a class.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the controlled sweep.")
def gradient(
    checkpoints: tuple[str, ...],
    common: MeasurementOptions,
    rules: tuple[str, ...],
    temperature: float | None,
    anchors: int,
    seed: int,
    **replaying: Any,
) -> None:
    """How much of the anchors' gradient comes from false positives of the bank (Obs. 3.1, Cor. 3.2, Fig. 3).

    Anchors are pixels of the measured list, with their ground truth; the bank is filled by replaying the admission rule
    over the labeled list. Both forms of the loss, and a sweep that contaminates the clean bank step by step.
    """
    from dataclasses import replace

    from pixcon_diag.analyses.gradient import gradient_section
    from pixcon_diag.analyses.gradient_split import GradientOptions, measure_gradient, temperature_of

    options = GradientOptions(anchors=anchors, seed=seed)
    options = replace(options, rules=rules or options.rules)
    results = []
    for group, loaded in load_groups(checkpoints, common):
        for checkpoint, data in loaded:
            measured = measure_one(checkpoint, data, common)
            replayed = replay_one(checkpoint, common, **replaying)
            own = replace(options, temperature=temperature_of(checkpoint, temperature))
            with progress(f"splitting {checkpoint.name}'s gradient") as bar:
                results.append(measure_gradient(group.name, checkpoint, measured, replayed, own, bar))
    deliver(gradient_section(results), out=common.out, as_json=common.as_json)
