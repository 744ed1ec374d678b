"""`pixcon-diag report`."""

from pathlib import Path

import click

from pixcon_cli.console import print_json, progress
from pixcon_cli.diagnose.deliver import say
from pixcon_cli.diagnose.measuring import BASELINE, CHECKPOINTS, NO_PREDICTIONS, baseline_first, load_groups, one_list
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import TAUS, MeasurementOptions, measurement_options

FOLDER = Path("report")
"""Where the report goes if nothing else is said."""


@click.command(
    cls=PixConCommand,
    short_help="Everything, as a folder with a page.",
    examples=(
        "pixcon-diag report none=runs/a clean=runs/b",
        "pixcon-diag report runs/ --out report --tau 0.9",
    ),
)
@CHECKPOINTS
@NO_PREDICTIONS
@BASELINE
@measurement_options
@TAUS
@click.option("--count", type=click.IntRange(min=1), default=8, show_default=True, help="Images in the grid.")
@click.option("--bank-list", type=click.Path(path_type=Path), help="File of `IMAGE MASK` lines that fills the bank.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of t-SNE, sweep and bootstrap.")
def report(
    checkpoints: tuple[str, ...],
    baseline: str | None,
    common: MeasurementOptions,
    taus: tuple[float, ...],
    count: int,
    bank_list: Path | None,
    seed: int,
) -> None:
    """Every measurement of one, two or many checkpoints: a folder with a page, tables and figures.

    Written to ./report unless --out says otherwise. report.md has everything; beside it lie JSON and CSV at full
    precision, tables as Markdown and LaTeX in the layout of the paper's Tables 4 and 6–10, figures as PNG and PDF.
    """
    from pixcon_diag.data.evaluation_data import DataChoice
    from pixcon_diag.report.building import ReportOptions, build_report
    from pixcon_diag.report.report import write_report
    from pixcon_figures.drawing import draw_saved, missing_characters

    out = common.out or FOLDER
    loaded = load_groups(checkpoints, common)
    one_list(loaded)
    groups = [(group.name, members) for group, members in baseline_first(loaded, baseline, lambda each: each[0].name)]
    bank = DataChoice(common.dataset, common.data_root, bank_list, common.limit, common.labels)
    built = build_report(
        groups,
        out,
        ReportOptions(tuple(dict.fromkeys(taus)), count, seed, bank),
        common.run_choice(),
        bar=progress,
        notify=say,
    )
    figures: dict[str, list[Path]] = {}
    missing: set[str] = set()
    for section in built.sections:
        section.write(out)
    with progress("drawing") as bar:
        for done, section in enumerate(built.sections):
            bar(done, len(built.sections))
            drawn = draw_saved(out, section.command, missing)
            # A picture of two sections' results is drawn again with either, and shown where it was first.
            earlier = {path for paths in figures.values() for path in paths}
            figures[section.command] = [path for path in drawn if path not in earlier]
    write_report(out, built.sections, figures, left_out=built.left_out)
    say(*missing_characters(missing), *(f"left out: {sentence}" for sentence in built.left_out))
    if common.as_json:
        print_json({section.command: section.content for section in built.sections})
        return
    pictures = sum(path.suffix == ".png" for paths in figures.values() for path in paths)
    click.echo(f"{out / 'report.md'}: {len(built.sections)} sections, {pictures} figures.")
