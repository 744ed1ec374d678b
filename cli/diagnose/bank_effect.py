"""Options of `pixcon-diag bank-effect`."""

import click

from pixcon_cli.measurement_options import LOG, weights_option

OPTIONS = (
    click.option(
        "--reference",
        metavar="RULE",
        default="clean",
        show_default=True,
        help="Admission rule that the others are compared with.",
    ),
    weights_option("Whose mIoU."),
)
EXAMPLES = ("pixcon-diag bank-effect runs/digits-fork-contamination",)
DETAILS = f"{LOG} Runs whose configurations differ in bank.rule alone are a pair."
