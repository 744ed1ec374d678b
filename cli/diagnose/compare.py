"""Options of `pixcon-diag compare`."""

import click

from pixcon_cli.measurement_options import AUDIT, BANK_LIST, TAUS, band_options, seed_option

OPTIONS = (
    TAUS,
    AUDIT,
    band_options,
    click.option(
        "--draws", type=click.IntRange(min=1), default=1000, show_default=True, help="Bootstrap samples of the images."
    ),
    BANK_LIST,
    seed_option("the bootstrap"),
)
EXAMPLES = (
    "pixcon-diag compare none=runs/a clean=runs/b",
    "pixcon-diag compare none=runs/a,runs/b clean=runs/c,runs/d --tau 0.9 --tau 0.95",
)
DETAILS = """Image noise and seed noise are in separate rows. Runs are paired by their seed and, of forks, their
start; where files state no seed, in the order in which each group's checkpoints are named."""
