"""Options of `pixcon-diag qualitative`."""

from pathlib import Path

import click

from pixcon_cli.measurement_options import seed_option

OPTIONS = (
    click.option(
        "--rank-by",
        type=click.Choice(["error-diff", "regressions", "both", "error", "random"]),
        help="Wins, losses, both, largest errors, or any.  [default: error-diff of two methods, error of one]",
    ),
    click.option("--count", type=click.IntRange(min=1), default=16, show_default=True, help="Images shown."),
    click.option(
        "--image", "names", multiple=True, metavar="NAME", help="This image instead; may be given several times."
    ),
    seed_option("--rank-by random"),
    click.option(
        "--min-share",
        type=click.FloatRange(0, 1),
        default=0.005,
        show_default=True,
        help="Error regions below this share of the image get no contour.",
    ),
)
EXAMPLES = (
    "pixcon-diag qualitative none=runs/a clean=runs/b",
    "pixcon-diag qualitative runs/a --image 2007_000033 --out grid",
)
DETAILS = """A grid of input, target and predictions. Written to ./qualitative unless --out says otherwise."""
FOLDER = Path("qualitative")
"""Where the grid is written by default: a ranking without its picture is of little use."""
