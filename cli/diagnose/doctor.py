"""Options of `pixcon-diag doctor`."""

import click

from pixcon_cli.measurement_options import BANK_LIST, TAUS, seed_option

OPTIONS = (
    TAUS,
    click.option(
        "--width",
        type=click.IntRange(min=1),
        default=5,
        show_default=True,
        help="Pixels within which a misplaced border is a boundary error.",
    ),
    BANK_LIST,
    seed_option("the bootstrap"),
)
EXAMPLES = (
    "pixcon-diag doctor runs/a",
    "pixcon-diag doctor none=runs/a,runs/b clean=runs/c,runs/d --out diagnosis",
    "pixcon-diag doctor training.log",
)
DETAILS = """Takes what is there: checkpoints, training logs (LOG, as `dynamics` takes them), saved label maps. Every
rule compares numbers with a threshold that docs/decisions.md lists; rules whose numbers are missing are left out."""
