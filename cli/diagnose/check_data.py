"""`pixcon-diag check-data`."""

import click

from pixcon_cli.console import output, print_json, progress
from pixcon_cli.diagnose.deliver import say_written
from pixcon_cli.measurement_options import MeasurementOptions, data_options


@click.command("check-data", short_help="Look over images and masks.")
@click.argument("checkpoint", required=False, metavar="[CKPT]")
@data_options
def check_data(checkpoint: str | None, common: MeasurementOptions) -> None:
    """Look over a data set: files, sizes, labels, classes. With CKPT, the data it would be measured on.

    Exit code 3 where something is wrong; each finding says what to do.
    """
    from pixcon_cli.check_view import show_report
    from pixcon_diag.checkpoints.loading import load
    from pixcon_diag.passes.data import choose_data
    from pixcon_diag.writing import write_results
    from pixcon_train.errors import DataError

    loaded = load(checkpoint) if checkpoint is not None else None
    data = choose_data(common.data_choice(), loaded)
    classes = loaded.info.num_classes if loaded is not None else None
    with progress("checking") as bar:
        report = data.check(num_classes=classes, decode_images=True, progress=bar)
    if common.out is not None:
        say_written(write_results(common.out, "check-data", report.to_dict(), {}))
    if common.as_json:
        print_json(report.to_dict())
    else:
        show_report(output(), data, report)
    if not report.ok:
        raise SystemExit(DataError.exit_code)
