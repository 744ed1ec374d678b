"""Options of `pixcon-diag tau`."""

import click

from pixcon_cli.measurement_options import seed_option

OPTIONS = (
    click.option(
        "--alpha",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=0.05,
        show_default=True,
        help="Largest ρ_F that is allowed.",
    ),
    click.option(
        "--delta",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=0.1,
        show_default=True,
        help="Probability with which the promise may be broken.",
    ),
    seed_option("the order of the images"),
)
EXAMPLES = ("pixcon-diag tau runs/a", "pixcon-diag tau runs/a --alpha 0.02 --delta 0.05")
DETAILS = """The unit is the image. If no τ can be promised, the smallest α with which one could be is named. Images of
the labeled training list are not used."""
