"""Options of `pixcon-diag audit-labels`."""

from pathlib import Path

import click

from pixcon_cli.measurement_options import ANSWERS, TAUS, seed_option

OPTIONS = (
    TAUS,
    ANSWERS,
    click.option(
        "--top", type=click.IntRange(0, 1000), default=50, show_default=True, help="Suspect regions on the sheet."
    ),
    click.option(
        "--count",
        type=click.IntRange(0, 1000),
        default=100,
        show_default=True,
        help="Sampled errors on the sheet, for the corrected ρ_F.",
    ),
    seed_option("the sample and of which class is called A"),
)
EXAMPLES = (
    "pixcon-diag audit-labels runs/a --out audit",
    "pixcon-diag audit-labels runs/a --out audit --answers audit_labels_answers.csv",
)
DETAILS = """Ranks the regions that the checkpoint predicts confidently and coherently as another class than the label,
and writes a sheet of the first ones and of a probability sample of the retained errors at the first --tau. Open it in a
browser, answer with the keys A, B, N and U, and give the saved CSV to --answers. Written to ./audit-labels unless --out
says otherwise."""
FOLDER = Path("audit-labels")
"""Where the sheet is written by default."""
