"""`pixcon-diag check-data`."""

from pathlib import Path
from typing import Any

import click

from pixcon_cli.console import output, print_json, progress
from pixcon_cli.emit import notify_written
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import ALLOW_LEGACY, data_choice, data_options


@click.command(
    "check-data",
    cls=PixConCommand,
    short_help="Check images and masks.",
    examples=(
        "pixcon-diag check-data --dataset crops.yaml --data-root data",
        "pixcon-diag check-data runs/NAME",
        "pixcon-diag check-data --dataset pascal --data-root VOC2012 --labeled labeled.txt --unlabeled unlabeled.txt",
    ),
)
@click.argument("checkpoint", required=False, metavar="[CKPT]")
@data_options
@click.option("--labeled", type=click.Path(path_type=Path), help="List of labeled images.  [default: the data set's]")
@click.option(
    "--unlabeled", type=click.Path(path_type=Path), help="List of unlabeled images.  [default: the data set's]"
)
@ALLOW_LEGACY
def check_data(
    checkpoint: str | None,
    labeled: Path | None,
    unlabeled: Path | None,
    allow_legacy: bool,
    out: Path | None,
    as_json: bool,
    **images: Any,
) -> None:
    """Check the lists of a data set: files, sizes, labels, classes, images shared between lists, the recipe.

    With CKPT, check the data it was trained on and would be measured on. The exit code is 3 if there are findings;
    each one names its remedy.
    """
    from pixcon_cli.check_view import show_report
    from pixcon_diag.checkpoints.loading import load
    from pixcon_diag.data.evaluation_data import check_choice, choose_lists
    from pixcon_diag.data.list_checks import check_lists
    from pixcon_diag.tables.writing import write_results
    from pixcon_train.core.errors import DataError

    choice = data_choice(images)
    if checkpoint is not None:
        check_choice(choice, checkpoint)
    loaded = load(checkpoint, allow_legacy=allow_legacy) if checkpoint is not None else None
    source, encoding, lists = choose_lists(choice, loaded, labeled=labeled, unlabeled=unlabeled)
    classes = loaded.info.num_classes if loaded is not None else None
    with progress("checking") as bar:
        report = check_lists(source.spec, source.root, lists, encoding=encoding, num_classes=classes, progress=bar)
    if out is not None:
        notify_written(write_results(out, "check-data", report.to_dict(), {}), out)
    if as_json:
        print_json(report.to_dict())
    else:
        show_report(output(), source.spec, report)
    if not report.ok:
        raise SystemExit(DataError.exit_code)
