"""`pixcon-diag convert`."""

from pathlib import Path
from typing import Any

import click

from pixcon_cli.console import output, say
from pixcon_cli.emit import notify
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import ALLOW_LEGACY


@click.command(
    "convert",
    cls=PixConCommand,
    short_help="Write the weights of any checkpoint as safetensors.",
    examples=(
        "pixcon-diag convert best.pth best.safetensors",
        "pixcon-diag convert a.pth b.safetensors --weights student",
    ),
)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--weights", type=click.Choice(["ema", "student"]), help="[default: ema, or the only one in the file]")
@ALLOW_LEGACY
def convert(source: str, target: Path, weights: Any, allow_legacy: bool) -> None:
    """Write one network of the checkpoint IN and its description to the safetensors file OUT, and nothing else.

    IN may have any layout that can be measured. OUT predicts what IN does. It holds no optimizer, bank, list of images
    or Python object.
    """
    from pixcon_diag.checkpoints.conversion import convert as write
    from pixcon_diag.checkpoints.finding import local_file

    done = write(local_file(source, weights), target, weights=weights, allow_legacy=allow_legacy)
    about = done.description
    network = f"{about['architecture']} {about['size']}, {about['num_classes']} classes"
    for remark in done.remarks:
        notify(f"note: {source}: {remark}")
    say(output(), f"{target}: {network}, {about['weights']} weights of a {done.layout}")
