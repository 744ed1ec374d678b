"""Options of `pixcon-diag duel`."""

from pathlib import Path

import click

from pixcon_cli.measurement_options import ANSWERS, seed_option

OPTIONS = (
    click.option(
        "--unlabeled",
        type=click.Path(path_type=Path),
        metavar="LIST",
        help="Compare on these images: a file of `IMAGE` or `IMAGE MASK` lines.  [default: the list with masks]",
    ),
    ANSWERS,
    click.option(
        "--count", type=click.IntRange(1, 1000), default=100, show_default=True, metavar="N", help="Draws on a sheet."
    ),
    seed_option("the draws and of which class is called A"),
)
EXAMPLES = (
    "pixcon-diag duel none=runs/a clean=runs/b",
    "pixcon-diag duel none=runs/a clean=runs/b --answers duel_answers.csv",
    "pixcon-diag duel none=runs/a clean=runs/b --unlabeled photos.txt",
)
DETAILS = """Writes a sheet of the regions on which two checkpoints disagree, drawn by size. Open it in a browser,
answer with the keys A, B, N and M, and give the saved CSV to --answers. Δ accuracy has an interval that is valid after
every label, so labelling may stop as soon as it excludes 0. Masks are not used, and the list of --unlabeled needs none;
name it again with --answers. Written to ./duel unless --out says otherwise."""
FOLDER = Path("duel")
"""Where the sheet is written by default."""
