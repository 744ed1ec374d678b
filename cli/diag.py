"""`pixcon-diag`: measure checkpoints."""

import click

from pixcon_cli.console import launched_processes
from pixcon_cli.diagnose.boundary import boundary
from pixcon_cli.diagnose.check_data import check_data
from pixcon_cli.diagnose.compare import compare
from pixcon_cli.diagnose.contamination import contamination
from pixcon_cli.diagnose.convert_masks import convert_masks
from pixcon_cli.diagnose.coverage import coverage
from pixcon_cli.diagnose.dynamics import dynamics
from pixcon_cli.diagnose.geometry import geometry
from pixcon_cli.diagnose.gradient import gradient
from pixcon_cli.diagnose.landscape import landscape
from pixcon_cli.diagnose.measure import measure
from pixcon_cli.diagnose.per_class import per_class
from pixcon_cli.diagnose.qualitative import qualitative
from pixcon_cli.diagnose.report import report
from pixcon_cli.diagnose.sensitivity import sensitivity
from pixcon_cli.diagnose.tsne import tsne
from pixcon_cli.errors import PixConGroup


@click.group(cls=PixConGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="pixcon-diag")
@click.pass_context
def main(context: click.Context) -> None:
    """Measure semi-supervised segmentation checkpoints.

    A checkpoint is a file (of this project, of UniMatch V2 or of PixCon, a bare state dict, safetensors), a run's
    folder, a folder of runs, hf://owner/repo/file, or a group of seeds: name=path,path. With none named, the runs under
    ./runs are taken.
    """
    processes, name = launched_processes(), context.invoked_subcommand
    if processes > 1 and name != measure.name:
        raise click.UsageError(
            f"{processes} processes were started, but `{name}` is one. Let them share the passes, then look: "
            f"`torchrun … --no-python pixcon-diag measure CKPT…`, then `pixcon-diag {name} CKPT…` alone."
        )


main.add_command(measure)
main.add_command(contamination)
main.add_command(boundary)
main.add_command(geometry)
main.add_command(tsne)
main.add_command(per_class)
main.add_command(qualitative)
main.add_command(coverage)
main.add_command(gradient)
main.add_command(compare)
main.add_command(dynamics)
main.add_command(sensitivity)
main.add_command(landscape)
main.add_command(report)
main.add_command(check_data)
main.add_command(convert_masks)
