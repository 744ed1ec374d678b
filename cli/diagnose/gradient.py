"""Options of `pixcon-diag gradient`."""

import click

from pixcon_cli.measurement_options import bank_options, seed_option

OPTIONS = (
    bank_options,
    click.option(
        "--temperature",
        type=click.FloatRange(min=0, min_open=True),
        help="η of Eq. 3.  [default: the run's, or 0.1]",
    ),
    click.option("--anchors", type=click.IntRange(1, 100), default=50, show_default=True, help="Anchors per class."),
    seed_option("the controlled sweep"),
)
EXAMPLES = ("pixcon-diag gradient runs/a", "pixcon-diag gradient runs/a --rule confidence --admission-tau 0.9")
DETAILS = """Anchors are pixels of the measured list with their target; the bank is filled by replaying the admission
rule over the labeled list. Both forms of the loss, and a controlled contamination of the clean bank."""
