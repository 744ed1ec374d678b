"""Options of `pixcon-diag power`."""

import click

from pixcon_cli.measurement_options import LOG

OPTIONS = (
    click.option(
        "--effect",
        "effects",
        type=click.FloatRange(min=0, min_open=True),
        multiple=True,
        default=(0.2, 0.5, 1.0),
        show_default=True,
        help="Difference of mIoU in points; may be given several times.",
    ),
    click.option(
        "--seeds",
        type=click.IntRange(min=2),
        multiple=True,
        default=(3, 5, 6, 10),
        show_default=True,
        help="Seeds per method; may be given several times.",
    ),
    click.option(
        "--sd",
        type=click.FloatRange(min=0, min_open=True),
        help="Standard deviation of the paired difference of two runs, in points.  [default: of the runs, or a prior]",
    ),
    click.option(
        "--weights",
        type=click.Choice(["ema", "student"]),
        help="Network whose mIoU is taken.  [default: ema if every log has it]",
    ),
    click.option("--images", is_flag=True, help="Also measure the runs' checkpoints: how many images are needed."),
)
EXAMPLES = (
    "pixcon-diag power",
    "pixcon-diag power --sd 0.5 --effect 0.3 --seeds 4",
    "pixcon-diag power none=runs/a,runs/b,runs/c clean=runs/d,runs/e,runs/f --images",
)
DETAILS = f"""{LOG} Seed noise needs three runs of a group; without them a prior from published logs is taken, and the
output says so."""
