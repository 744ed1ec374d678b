"""`pixcon-diag coverage`."""

from typing import Any

import click

from pixcon_cli.diagnose.deliver import deliver
from pixcon_cli.diagnose.measuring import CHECKPOINTS, NO_PREDICTIONS, load_groups
from pixcon_cli.diagnose.replaying import replay_one, replay_options
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import MeasurementOptions, measurement_options
from pixcon_train.method.admission import REPLAYED


@click.command(
    cls=PixConCommand,
    short_help="Does every class reach the bank?",
    examples=(
        "pixcon-diag coverage runs/a --rule clean --rule confidence",
        "pixcon-diag coverage best.pth --dataset pascal --data-root /data/VOC2012 --bank-list labeled.txt",
    ),
)
@CHECKPOINTS
@NO_PREDICTIONS
@measurement_options
@replay_options
def coverage(
    checkpoints: tuple[str, ...], common: MeasurementOptions, rules: tuple[str, ...], **replaying: Any
) -> None:
    """Does every class reach the bank? The admission rule replayed over the labeled list (Sec. G.3).

    And the bank that a training checkpoint carries: its fill, and how far the network has moved on since. --list names
    the list that is replayed.
    """
    from pixcon_diag.analyses.coverage import coverage_section

    replaying["bank_list"] = replaying["bank_list"] or common.list_path
    replayed = [
        (group.name, replay_one(each[0], common, **replaying))
        for group, loaded in load_groups(checkpoints, common)
        for each in loaded
    ]
    deliver(coverage_section(replayed, tuple(dict.fromkeys(rules)) or REPLAYED), out=common.out, as_json=common.as_json)
