"""`pixcon-diag demo`."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from pixcon_cli.console import open_page, output, progress, say
from pixcon_cli.emit import emit, notify
from pixcon_cli.help import PixConCommand
from pixcon_train.core.paths import exists
from pixcon_train.core.signals import StopRequest
from pixcon_train.runs.file_names import LATEST

RULES = ("none", "clean")
"""Admission rules of the two runs: without and with the clean-positive bank."""
QUICK_IMAGES = 24
QUICK = (
    *("--epochs", "2", "--val-limit", str(QUICK_IMAGES)),
    *("--set", "schedule.validate_every=1", "--set", "optimizer.warmup=20"),
)
"""Options of runs that only show what the tool does."""
_FOLDER = click.Path(path_type=Path)


@click.command(
    cls=PixConCommand,
    short_help="Train two small teachers, measure them and report.",
    examples=("pixcon-diag demo --open", "pixcon-diag demo --quick"),
)
@click.option("--runs", type=_FOLDER, default=Path("runs"), show_default=True, help="Parent folder of both runs.")
@click.option("--out", type=_FOLDER, help="Folder of the report.  [default: report, or report-quick]")
@click.option("--quick", is_flag=True, help=f"Two epochs and {QUICK_IMAGES} images: sooner done, but poor teachers.")
@click.option("--open", "opened", is_flag=True, help="Open the page in the default browser.")
def demo(runs: Path, out: Path | None, quick: bool, opened: bool) -> None:
    """Train without and with the clean-positive bank on embedded data, measure both, and write the report.

    Takes up to five minutes on two cores. An interrupted demo continues where it stopped; finished runs are not
    trained again.
    """
    name = "demo-quick" if quick else "demo"
    folders = {rule: runs / f"{name}-{rule}" for rule in RULES}
    train_side_by_side(folders, QUICK if quick else ())
    from pixcon_diag.data.evaluation_data import DataChoice
    from pixcon_diag.groups.options import StudyOptions
    from pixcon_diag.study import REPORT, Study

    methods = {rule: [str(folder)] for rule, folder in folders.items()}
    options = StudyOptions(data=DataChoice(limit=QUICK_IMAGES if quick else None))
    study = Study(methods, options=options, bar=progress, notify=notify)
    emit(study.contamination(), out=None, as_json=False)
    built = study.report(out or (Path(f"{REPORT}-quick") if quick else REPORT))
    say(output(), repr(built))
    if opened:
        open_page(built.page)


def train_side_by_side(folders: Mapping[str, Path], options: Sequence[str]) -> None:
    """Train a run by each rule on a thread of its own; only the progress of the last one is shown.

    Args:
        folders: of the runs, by rule.
        options: of new runs.

    Raises:
        TrainingError: a run failed.
        SystemExit: a signal stopped the runs, which are saved.
    """
    from pixcon_train.core.errors import TrainingError

    *hidden, shown = folders
    outputs = {rule: folder.with_name(f"{folder.name}.txt") for rule, folder in folders.items() if rule in hidden}
    children: dict[str, subprocess.Popen[bytes]] = {}

    def forward(name: str) -> None:
        for child in children.values():
            child.send_signal(getattr(signal, name))

    notify(f"Training {shown}, and beside it {', '.join(f'{rule} (output in {outputs[rule]})' for rule in hidden)}.")
    with StopRequest(forward) as interruption:
        for rule, folder in folders.items():
            children[rule] = _start(rule, folder, options, outputs.get(rule))
        codes = {rule: child.wait() for rule, child in children.items()}
    if interruption.requested:
        notify("The same command continues.")
        raise SystemExit(interruption.exit_code)
    for rule in (rule for rule, code in codes.items() if code):
        output = outputs[rule].read_text(encoding="utf-8", errors="replace") if rule in outputs else ""
        raise TrainingError(f"Training {rule} failed (exit code {codes[rule]}).\n{output}".rstrip())


def _start(rule: str, folder: Path, options: Sequence[str], output: Path | None) -> "subprocess.Popen[bytes]":
    """Start or resume a run; with ``output``, everything it prints goes there."""
    if exists(folder / LATEST):
        chosen = ["--resume", str(folder)]
    else:
        chosen = ["--bank", rule, "--runs", str(folder.parent), "--name", folder.name, *options]
    command = [sys.executable, "-m", "pixcon_train", "run", "--workers", "0", *chosen]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if output is None:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("wb") as handle:
        return subprocess.Popen(command, stdout=handle, stderr=subprocess.STDOUT, env=environment)
