"""`pixcon-diag inspect`."""

from pathlib import Path

import click

from pixcon_cli.emit import emit
from pixcon_cli.help import PixConCommand
from pixcon_cli.measurement_options import ALLOW_LEGACY, output_options


@click.command(
    "inspect",
    cls=PixConCommand,
    short_help="Describe a weight file.",
    examples=("pixcon-diag inspect best.pth", "pixcon-diag inspect model.safetensors --json"),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--tensors", is_flag=True, help="List every tensor of every network with its shape.")
@ALLOW_LEGACY
@output_options
def inspect(file: Path, tensors: bool, allow_legacy: bool, out: Path | None, as_json: bool) -> None:
    """Say what FILE is and what it holds: layout, networks, sizes, classes, scores, norms, NaNs.

    Nothing in the file is run, and no network is built; a file of an unknown layout is described as far as possible.
    """
    from pixcon_diag.analyses.inspection import inspection_result
    from pixcon_diag.checkpoints.finding import local_file
    from pixcon_diag.checkpoints.model_spec import refuse_spec

    refuse_spec(str(file))
    result = inspection_result(local_file(str(file)), allow_legacy=allow_legacy, tensors=tensors)
    emit(result, out=out, as_json=as_json)
