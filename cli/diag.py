"""`pixcon-diag`: measure checkpoints."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pixcon_cli.console import notes, output, progress
from pixcon_cli.errors import PixConGroup
from pixcon_cli.measurement_options import MeasurementOptions, data_options, measurement_options

if TYPE_CHECKING:  # --help must not load torch
    from pixcon_diag.checkpoints.loading import LoadedCheckpoint
    from pixcon_diag.passes.data import EvaluationData
    from pixcon_diag.passes.measuring import ContaminationOptions, RunChoice
    from pixcon_diag.result import MeasuredContamination


@click.group(cls=PixConGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="pixcon-diag")
def main() -> None:
    """Measure semi-supervised segmentation checkpoints.

    A checkpoint is a file (of this project, of UniMatch V2 or of PixCon, a bare state dict, safetensors), a run's
    folder, a folder of runs, or hf://owner/repo/file.
    """


@main.command()
@click.argument("checkpoints", nargs=-1, required=True, metavar="CKPT...")
@measurement_options
@click.option(
    "--tau",
    "taus",
    type=click.FloatRange(0, 1),
    multiple=True,
    default=(0.95,),
    show_default=True,
    help="Confidence threshold; may be given several times.",
)
@click.option(
    "--width",
    "widths",
    type=click.IntRange(min=1),
    multiple=True,
    default=(1, 3, 5),
    show_default=True,
    help="Width of the boundary band; may be given several times.",
)
@click.option("--distance", type=click.Choice(["chessboard", "euclidean"]), default="chessboard", show_default=True)
@click.option(
    "--void",
    "void_mode",
    type=click.Choice(["label", "ignore", "nearest"]),
    default="label",
    show_default=True,
    help="What void is to the boundary band.",
)
def contamination(checkpoints: tuple[str, ...], common: MeasurementOptions, **options: Any) -> None:
    """Retention and contamination ρ_F of the pseudo-labels that a confidence threshold keeps.

    ρ_F is the teacher's error among the valid pixels with confidence >= τ (paper, Sec. 3.3 and Table 8): what a bank
    filled by confidence would hold. A checkpoint trained here knows its data; a public file needs --data-root.
    """
    from pixcon_cli.contamination_view import show_contamination
    from pixcon_diag.contamination_tables import contamination_report, contamination_tables
    from pixcon_diag.groups import find_groups
    from pixcon_diag.passes.measuring import ContaminationOptions
    from pixcon_diag.writing import write_results
    from pixcon_train.files import to_json

    chosen = ContaminationOptions(**options)
    groups = find_groups(checkpoints, weights=common.weights)
    prepared = _prepare([source for group in groups for source in group.sources], common)
    results = []
    while prepared:  # a network that was measured is let go before the next one is put on the device
        results.append(_measure(*prepared.pop(0), chosen, common.run_choice()))
    report = contamination_report(results)
    if common.out is not None:
        _say_written(write_results(common.out, "contamination", report, contamination_tables(results)))
    if common.as_json:
        click.echo(to_json(report))
        return
    show_contamination(output(), results)


@main.command("check-data")
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
    from pixcon_train.files import to_json

    loaded = load(checkpoint) if checkpoint is not None else None
    data = choose_data(common.data_choice(), loaded)
    classes = loaded.info.num_classes if loaded is not None else None
    with progress("checking") as bar:
        report = data.check(num_classes=classes, decode_images=True, progress=bar)
    if common.out is not None:
        _say_written(write_results(common.out, "check-data", report.to_dict(), {}))
    if common.as_json:
        click.echo(to_json(report.to_dict()))
    else:
        show_report(output(), data, report)
    if not report.ok:
        raise SystemExit(DataError.exit_code)


def _prepare(sources: list[str], common: MeasurementOptions) -> list[tuple["LoadedCheckpoint", "EvaluationData"]]:
    """Load every checkpoint, tell what was found, and check its data, before the first hour of computing is spent."""
    from pixcon_diag.checkpoints.loading import load, told_apart
    from pixcon_diag.passes.data import choose_data

    prepared, checked = [], set()
    for loaded in told_apart([load(source, weights=common.weights) for source in sources]):
        _say(*loaded.describe())
        data = choose_data(common.data_choice(), loaded)
        if data.note:
            _say(f"note: {data.note}")
        identity = (data.info(), loaded.info.num_classes)
        if identity not in checked:
            with progress("checking the data") as bar:
                data.check(num_classes=loaded.info.num_classes, progress=bar).raise_for_findings()
        checked.add(identity)
        prepared.append((loaded, data))
    return prepared


def _measure(
    loaded: "LoadedCheckpoint", data: "EvaluationData", options: "ContaminationOptions", run: "RunChoice"
) -> "MeasuredContamination":
    from pixcon_diag.passes.measuring import measure_contamination

    with progress(f"measuring {loaded.name}") as bar:
        return measure_contamination(loaded, data, options, run, bar)


def _say(*lines: str) -> None:
    for line in lines:
        notes().print(line, soft_wrap=True, markup=False)


def _say_written(paths: list[Path]) -> None:
    _say(f"wrote {', '.join(path.name for path in paths)} in {paths[0].parent}")
