"""`pixcon-diag dynamics`."""

from pathlib import Path
from typing import Any

import click

from pixcon_cli.diagnose.deliver import deliver
from pixcon_cli.diagnose.measuring import BASELINE
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import output_options

SOURCES = click.argument("sources", nargs=-1, metavar="[LOG...]")
"""Run folders, folders of runs or logs, log.jsonl, TensorBoard files, text logs of others, name=path[,path...]."""


@click.command(
    cls=PixConCommand,
    short_help="Curves, best epochs, who leads.",
    examples=(
        "pixcon-diag dynamics runs/",
        "pixcon-diag dynamics umv2=exp/out.log none=runs/a,runs/b --out curves",
    ),
)
@SOURCES
@BASELINE
@click.option(
    "--weights",
    type=click.Choice(["ema", "student"]),
    default="ema",
    show_default=True,
    help="Whose mIoU is compared; logs without an EMA column have the student's.",
)
@output_options
def dynamics(sources: tuple[str, ...], baseline: str | None, weights: Any, out: Path | None, as_json: bool) -> None:
    """Curves, best epochs, and who leads over how many of them (Fig. 4, Sec. H.1).

    LOG is a run's folder, a folder of runs or of logs, log.jsonl, TensorBoard files, a text log of UniMatch V1
    or V2 or of PrevMatch, or a group of seeds: name=path,path. With none named, the runs under ./runs are taken.
    """
    from pixcon_diag.analyses.dynamics import dynamics_section
    from pixcon_diag.groups.logs import read_groups
    from pixcon_diag.measures.dynamics import dynamics as measured
    from pixcon_train.core.errors import ConfigError

    groups = read_groups(sources)
    if baseline is not None and baseline not in groups:
        raise ConfigError(f"No group is called '{baseline}'. There are: {', '.join(groups)}.")
    ordered = dict(sorted(groups.items(), key=lambda item: baseline is not None and item[0] != baseline))
    deliver(dynamics_section(measured(ordered, weights)), out=out, as_json=as_json)
