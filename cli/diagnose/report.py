"""`pixcon-diag report`."""

from pathlib import Path
from typing import Any

import click

from pixcon_cli.console import open_page, output, print_json, progress, say
from pixcon_cli.diagnose.pass_jobs import measure_in_jobs
from pixcon_cli.emit import notify
from pixcon_cli.executors import executor_options, take_choice
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import (
    AUDIT,
    BANK_LIST,
    BASELINE,
    CHECKPOINTS_OR_LOGS,
    PREDICTIONS,
    TAUS,
    measurement_options,
    seed_option,
    study_options,
    style_option,
)


@click.command(
    cls=PixConCommand,
    short_help="Everything, as one HTML page and a folder.",
    examples=(
        "pixcon-diag report none=runs/a clean=runs/b",
        "pixcon-diag report runs/ --out report --tau 0.9 --open",
        "pixcon-diag report runs/ --executor local --jobs 2",
    ),
)
@CHECKPOINTS_OR_LOGS
@PREDICTIONS
@BASELINE
@measurement_options
@TAUS
@AUDIT
@click.option("--count", type=click.IntRange(min=1), default=8, show_default=True, help="Images in the grid.")
@click.option(
    "--images", type=click.IntRange(min=1), help="Images on the page.  [default: as many as 5 MB hold, 60 at least]"
)
@click.option("--no-images", is_flag=True, help="No images on the page.")
@BANK_LIST
@style_option
@seed_option("t-SNE, sweep and bootstrap")
@executor_options
@click.option("--open", "opened", is_flag=True, help="Open the page in the default browser.")
def report(
    methods: tuple[str, ...],
    predictions: tuple[str, ...],
    baseline: str | None,
    count: int,
    images: int | None,
    no_images: bool,
    out: Path | None,
    as_json: bool,
    opened: bool,
    style: str | None,
    **arguments: Any,
) -> None:
    """Every measurement of one, two or many checkpoints, maps or logs: a folder with page, tables and figures.

    Written to ./report unless --out says otherwise. index.html is one file that needs no network, report.md the same
    in plain text; beside them lie JSON and CSV at full precision, tables as Markdown and LaTeX, also in the layout
    of the paper's Tables 1–4 and 6–10, figures as PNG, PDF and SVG.
    """
    from pixcon_diag.groups.logs import split_logs
    from pixcon_diag.study import REPORT, Study

    if no_images and images is not None:
        raise click.UsageError("--images and --no-images exclude each other.")
    choice = take_choice(arguments)
    checkpoints, logs = split_logs(methods)
    study = Study(
        checkpoints, logs=logs or None, baseline=baseline, predictions=predictions,
        options=study_options(arguments), bar=progress, notify=notify,
    )  # fmt: skip
    if not study.only_logs:
        measure_in_jobs(study, choice)
    built = study.report(out or REPORT, count=count, images=0 if no_images else images, style=style)
    if as_json:
        print_json({result.command: result.content for result in built.results})
    else:
        say(output(), repr(built))
    if opened:
        open_page(built.page)
