"""`pixcon-diag contamination`."""

from typing import Any

import click

from pixcon_cli.diagnose.deliver import deliver
from pixcon_cli.diagnose.measuring import CHECKPOINTS, NO_PREDICTIONS, load_groups, measure_one
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import TAUS, MeasurementOptions, band_options, measurement_options


@click.command(
    cls=PixConCommand,
    short_help="Retention and contamination over thresholds.",
    examples=(
        "pixcon-diag contamination runs/a",
        "pixcon-diag contamination umv2=best.pth --dataset pascal --data-root /data/VOC2012 --list val.txt",
    ),
)
@CHECKPOINTS
@NO_PREDICTIONS
@measurement_options
@TAUS
@band_options
def contamination(
    checkpoints: tuple[str, ...], common: MeasurementOptions, taus: tuple[float, ...], **band: Any
) -> None:
    """Retention and contamination ρ_F of the pseudo-labels that a confidence threshold keeps.

    ρ_F is the teacher's error among the valid pixels with confidence >= τ (paper, Sec. 3.3 and Table 8): what a bank
    filled by confidence would hold. A checkpoint trained here knows its data; a public file needs --data-root.
    """
    from pixcon_diag.analyses.contamination import contamination_section

    members = [
        (group.name, measure_one(*each, common, taus=taus, **band))
        for group, loaded in load_groups(checkpoints, common)
        for each in loaded
    ]
    deliver(contamination_section(members, tuple(dict.fromkeys(taus))), out=common.out, as_json=common.as_json)
