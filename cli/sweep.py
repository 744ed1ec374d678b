"""`pixcon-train sweep`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from pixcon_cli.console import announce_stop, notes, output, say
from pixcon_cli.help import PixConCommand
from pixcon_cli.tables import show_tables
from pixcon_diag.tables.table import Column, Table

if TYPE_CHECKING:  # --help imports no torch
    from pixcon_train.core.signals import StopRequest
    from pixcon_train.sweeps.run_states import RunState

_PATH = click.Path(path_type=Path)


@click.command(
    cls=PixConCommand,
    short_help="Train every run of a sweep file.",
    examples=(
        "pixcon-train sweep digits/table4 --dry-run",
        "pixcon-train sweep pascal/table10 --data-root /data/VOC2012 --only 1/4",
        "pixcon-train sweep mine.yaml",
    ),
)
@click.argument("file", type=_PATH)
@click.option("--runs", type=_PATH, default=Path("runs"), show_default=True, help="Parent of the sweep's folder.")
@click.option("--data-root", type=_PATH, help="Root of the lists' paths (or PIXCON_DATA_ROOT).")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Value for all runs, by dotted key.")
@click.option("--only", metavar="I/N", help="Every N-th run from the I-th on, to divide a sweep among N machines.")
@click.option("--allow-outside", is_flag=True, help="Let FILE name a data root and lists anywhere.")
@click.option("--dry-run", is_flag=True, help="List the runs and their states without training.")
def sweep(
    file: Path,
    runs: Path,
    data_root: Path | None,
    assignments: tuple[str, ...],
    only: str | None,
    allow_outside: bool,
    dry_run: bool,
) -> None:
    """Train every run of the sweep in FILE: a grid of values, and seeds.

    FILE is a YAML file, or the name of a built-in sweep such as pascal/table4.

    Finished runs are skipped and unfinished ones resumed, so the same command continues an interrupted sweep. The
    folder RUNS/NAME holds a folder per run, sweep.json and sweep.csv; `pixcon-diag sensitivity`, `compare`,
    `per-class` and `report` read it.
    """
    from pixcon_train.config.resolve import parse_assignments
    from pixcon_train.core.signals import StopRequest
    from pixcon_train.sweeps.grid import every_nth, find_sweep, one_process, read_sweep

    changes = parse_assignments(assignments) | ({} if data_root is None else {"data.root": str(data_root)})
    grid = read_sweep(find_sweep(file), changes, allow_outside=allow_outside)
    chosen = grid.points if only is None else every_nth(grid.points, only)
    console = notes()
    with StopRequest(lambda name: announce_stop(console, name)) as interruption:
        from pixcon_train.core.errors import TrainingError
        from pixcon_train.sweeps.run_states import run_state

        one_process(int(os.environ.get("WORLD_SIZE", "1")))
        folder = runs / grid.name
        states = {point.name: run_state(point, folder) for point in grid.points}
        if not dry_run:
            for number, point in enumerate(chosen, 1):
                if not interruption.requested:
                    say(console, f"{number}/{len(chosen)} {point.name}")
                    states[point.name] = _run(states[point.name], interruption, console)
                    _write(folder, list(states.values()))
    selected = [states[point.name] for point in chosen]
    _show(grid.name, selected)
    if interruption.requested:
        say(console, f"Stopped by {interruption.name}; the same command continues.")
        raise SystemExit(interruption.exit_code)
    failed = [state for state in selected if state.state == "failed"]
    if failed:
        reasons = "".join(f"\n{state.point.name}: {state.message}" for state in failed)
        raise TrainingError(f"{len(failed)} of {len(selected)} runs failed.{reasons}")


def _run(state: "RunState", interruption: "StopRequest", console: Console) -> "RunState":
    """Train one run with a progress display; print the reason if it fails."""
    from pixcon_cli.training import TrainingDisplay
    from pixcon_train.sweeps.running import run_point

    with TrainingDisplay(console) as display:
        after = run_point(state.point, state.folder.parent, interruption=interruption, observer=display)
    if after.trace is not None:
        say(console, after.trace)
    elif after.message is not None:
        say(console, f"Failed: {after.message}")
    return after


def _write(folder: Path, states: Sequence["RunState"]) -> None:
    from pixcon_diag.tables.writing import write_results
    from pixcon_train.sweeps.run_states import summary

    write_results(folder, "sweep", summary(states), {"sweep": [state.row() for state in states]})


def _show(name: str, states: Sequence["RunState"]) -> None:
    """Print the state of every run."""
    columns: tuple[Column[RunState], ...] = (
        Column("run", "run", of=lambda state: state.point.name),
        Column("state", "state"),
        Column("miou", "best EMA mIoU %", "per_cent"),
        Column("epoch", "epoch", "count"),
        Column("done", "epochs done", of=lambda state: f"{state.epochs_done}/{state.row()['epochs']}"),
    )
    show_tables(output(), [Table.of("sweep", f"{name}: {len(states)} runs", states, columns)])
