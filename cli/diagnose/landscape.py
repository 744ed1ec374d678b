"""Options of `pixcon-diag landscape`."""

from pathlib import Path

import click

OPTIONS = (
    click.option(
        "--points",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="CSV of further points: name, encoder, parameters, miou (a fraction), dataset.",
    ),
)
EXAMPLES = ("pixcon-diag landscape runs/a best.pth --points others.csv --out landscape",)
DETAILS = """The mIoU is the one stated in the checkpoint; parameters are counted without the projection head."""
