"""`pixcon-diag`: measure checkpoints."""

import click

from pixcon_cli.console import launched_processes
from pixcon_cli.diagnose.analysis import analysis_command
from pixcon_cli.diagnose.check_data import check_data
from pixcon_cli.diagnose.convert import convert
from pixcon_cli.diagnose.convert_masks import convert_masks
from pixcon_cli.diagnose.demo import demo
from pixcon_cli.diagnose.export_maps import export_maps
from pixcon_cli.diagnose.inspect import inspect
from pixcon_cli.diagnose.measure import measure
from pixcon_cli.diagnose.report import report
from pixcon_cli.errors import PixConGroup
from pixcon_diag.analyses.registry import ANALYSES
from pixcon_train.core.version import VERSION


@click.group(cls=PixConGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(VERSION)
@click.pass_context
def main(context: click.Context) -> None:
    """Measure semi-supervised segmentation checkpoints.

    A checkpoint is a file (of this project or of nine public releases, a bare state dict, safetensors), a run's folder,
    a folder of runs, hf://owner/repo/file, or a group of seeds: name=path,path. Without one, the runs under ./runs are
    taken.
    """
    processes, name = launched_processes(), context.invoked_subcommand
    if processes > 1 and name != measure.name:
        raise click.UsageError(
            f"`{name}` runs in one process, but {processes} were started. Measure in parallel first: "
            f"`torchrun … --no-python pixcon-diag measure CKPT…`, then run `pixcon-diag {name} CKPT…`."
        )


for command in (
    measure,
    *(analysis_command(analysis) for analysis in ANALYSES if analysis.command),
    report,
    check_data,
    inspect,
    convert,
    convert_masks,
    export_maps,
    demo,
):
    main.add_command(command)
