"""`pixcon-diag sensitivity`."""

from pathlib import Path
from typing import Any

import click

from pixcon_cli.diagnose.deliver import deliver
from pixcon_cli.diagnose.dynamics import SOURCES
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import output_options


@click.command(
    cls=PixConCommand,
    short_help="Best mIoU over one hyperparameter.",
    examples=("pixcon-diag sensitivity runs/pascal-table10 --base bank.weight=0.1",),
)
@SOURCES
@click.option(
    "--base", metavar="NAME", help="Run or group of the base setting.  [default: the one all others differ from once]"
)
@click.option("--weights", type=click.Choice(["ema", "student"]), default="ema", show_default=True, help="Whose mIoU.")
@output_options
def sensitivity(sources: tuple[str, ...], base: str | None, weights: Any, out: Path | None, as_json: bool) -> None:
    """Best mIoU and its epoch over runs that differ in one hyperparameter (Table 10).

    LOG as for `dynamics`; the hyperparameters are those the logs hold. Runs of one recipe are seeds of it.
    """
    from pixcon_diag.analyses.sensitivity import sensitivity_section
    from pixcon_diag.groups.logs import read_groups
    from pixcon_diag.measures.sensitivity import sensitivity as measured

    groups = read_groups(sources)
    runs = [run for group in groups.values() for run in group]
    if base in groups:
        base = groups[base][0].source
    deliver(sensitivity_section(measured(runs, base=base, weights=weights)), out=out, as_json=as_json)
