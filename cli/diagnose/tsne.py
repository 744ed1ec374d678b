"""`pixcon-diag tsne`."""

import click

from pixcon_cli.console import progress
from pixcon_cli.diagnose.deliver import deliver
from pixcon_cli.diagnose.measuring import CHECKPOINTS, NO_PREDICTIONS, measure_groups
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import MeasurementOptions, measurement_options


@click.command(
    cls=PixConCommand,
    short_help="Maps of the same pixels.",
    examples=("pixcon-diag tsne none=runs/a clean=runs/b --aligned --out maps",),
)
@CHECKPOINTS
@NO_PREDICTIONS
@measurement_options
@click.option("--aligned", is_flag=True, help="Start each later map from the first one's, so that positions compare.")
@click.option(
    "--per-class",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Pixels of each class; others need a pass.",
)
@click.option("--perplexity", type=click.FloatRange(min=1), default=30.0, show_default=True, help="Of t-SNE.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of t-SNE.")
def tsne(
    checkpoints: tuple[str, ...],
    common: MeasurementOptions,
    aligned: bool,
    per_class: int,
    perplexity: float,
    seed: int,
) -> None:
    """t-SNE of the same pixels for each checkpoint, with neighbour purity and silhouette (Fig. 11).

    Of a group of seeds the first one is taken.
    """
    from pixcon_diag.analyses.tsne import tsne_section
    from pixcon_diag.passes.measured import MeasuredPass

    groups = measure_groups(checkpoints, common, compared=True, per_class=per_class)
    first = [(group.name, group.members[0]) for group in groups]
    measured = [(name, each) for name, each in first if isinstance(each, MeasuredPass)]
    with progress("fitting") as bar:
        section = tsne_section(measured, aligned=aligned, seed=seed, perplexity=perplexity, jobs=-1, progress=bar)
    deliver(section, out=common.out, as_json=common.as_json)
