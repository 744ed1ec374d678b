"""Options of `pixcon-diag estimate`."""

from pathlib import Path

import click

from pixcon_cli.measurement_options import TAUS

UNLABELED = click.option(
    "--unlabeled",
    type=click.Path(path_type=Path),
    help="File of `IMAGE` or `IMAGE MASK` lines.  [default: the run's unlabeled list]",
)

OPTIONS = (UNLABELED, TAUS)
EXAMPLES = (
    "pixcon-diag estimate runs/a --tau 0.9 --tau 0.95",
    "pixcon-diag estimate best.pth --dataset pascal --data-root /data/VOC2012 --list val.txt --unlabeled unlabeled.txt",
)
DETAILS = """The error is counted on held-out labeled images (the validation list, or --list) by predicted class,
confidence and distance to predicted boundaries, and carried over to the unlabeled images. Their masks, where they
exist, only serve to verify the estimate."""
