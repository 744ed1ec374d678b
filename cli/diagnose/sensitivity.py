"""Options of `pixcon-diag sensitivity`."""

import click

from pixcon_cli.measurement_options import LOG, weights_option

OPTIONS = (
    click.option(
        "--base",
        metavar="NAME",
        help="Run or group of the base setting.  [default: the one all others differ from once]",
    ),
    weights_option("Whose mIoU."),
)
EXAMPLES = ("pixcon-diag sensitivity runs/pascal-table10 --base bank.weight-0.1--seed-0",)
DETAILS = f"{LOG} The hyperparameters are those the logs hold. Runs of one recipe are its seeds."
