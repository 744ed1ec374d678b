"""Options of `pixcon-diag geometry`."""

import click

OPTIONS = (
    click.option(
        "--min-pixels",
        type=click.IntRange(min=1),
        default=100,
        show_default=True,
        help="Feature pixels that a class needs for a centroid.",
    ),
)
EXAMPLES = ("pixcon-diag geometry none=runs/a clean=runs/b", "pixcon-diag geometry runs/a --min-pixels 50")
