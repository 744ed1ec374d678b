"""`pixcon-diag export-maps`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pixcon_cli.console import output, print_json, progress
from pixcon_cli.diagnose.estimate import UNLABELED
from pixcon_cli.emit import notify
from pixcon_cli.help import PixConCommand, options_under
from pixcon_cli.measurement_options import CHECKPOINTS, network_options, study_options
from pixcon_cli.tables import show_tables

if TYPE_CHECKING:  # --help imports no torch
    from pixcon_diag.passes.export_maps import ExportedMaps
    from pixcon_diag.tables.table import Table

FORMATS = {
    "png": "labels and confidence, PNG",
    "npz": "probabilities, float32 .npz",
    "logits-npz": "logits, float32 .npz",
    "logits-pt": "logits, float32 .pt",
}
"""By the name of the format, what is written."""


@click.command(
    "export-maps",
    cls=PixConCommand,
    short_help="Write a network's predictions as files.",
    examples=(
        "pixcon-diag export-maps runs/a",
        "pixcon-diag export-maps best.pth --out maps --as npz --dataset pascal --data-root VOC2012 --list val.txt",
    ),
)
@CHECKPOINTS
@options_under(
    "Output",
    [
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            default=Path("maps"),
            show_default=True,
            help="Folder of the files.",
        ),
        click.option(
            "--as",
            "form",
            type=click.Choice([*FORMATS]),
            default="png",
            show_default=True,
            help="Labels and confidence, or probabilities or logits of every class.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print only JSON on standard output."),
    ],
)
@UNLABELED
@network_options
def export_maps(
    methods: tuple[str, ...], out: Path, form: Any, as_json: bool, unlabeled: Path | None, **arguments: Any
) -> None:
    """Write the predictions of each checkpoint as --predictions reads them, with equal counts at every usual τ.

    The predictions of one checkpoint are written to the folder itself, those of several to a folder of each inside.
    With --unlabeled the images of that list, which needs no masks, are predicted; the folder may hold the predictions
    of several lists.
    """
    from pixcon_diag.passes.export_maps import export_maps as write
    from pixcon_diag.study import Study
    from pixcon_diag.tables.file_names import file_parts

    study = Study(methods, options=study_options(arguments), bar=progress, notify=notify)
    parts = file_parts([member.checkpoint.name for member in study.members])
    records, rows = [], []
    for member in study.members:
        name = member.checkpoint.name
        data = member.data if unlabeled is None else study.unlabeled_data(member.checkpoint, unlabeled)
        folder = out / parts[name] if len(parts) > 1 else out
        with progress(f"exporting {name}") as bar:
            done = write(member.checkpoint, data, folder, form, study.options.run, progress=bar)
        files = [str(file) for file in done.files]
        records.append({"name": name, **asdict(done), "folder": str(folder), "files": files})
        rows.append((name, done))
    if as_json:
        print_json({"exported": records})
    else:
        show_tables(output(), [_table(rows, FORMATS[form])])


def _table(rows: "Sequence[tuple[str, ExportedMaps]]", form: str) -> "Table":
    """A row for each checkpoint."""
    from pixcon_diag.tables.table import Column, Table

    return Table.of(
        "export-maps",
        f"Predictions written: {form}",
        rows,
        (
            Column("name", "checkpoint", of=lambda row: row[0]),
            Column("folder", "folder", of=lambda row: str(row[1].folder)),
            Column("images", "images", "count", of=lambda row: row[1].images),
            Column("files", "files", "count", of=lambda row: len(row[1].files)),
            Column("megabytes", "MB", "number", 1, of=lambda row: row[1].bytes / 1e6),
        ),
        ("Other commands read a folder as --predictions NAME=FOLDER.",),
    )
