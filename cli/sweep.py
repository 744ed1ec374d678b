"""`pixcon-train sweep`."""

import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from pixcon_cli.console import announce_stop, notes, output, say
from pixcon_cli.executors import ExecutorChoice, executor_options, take_choice, typed_command
from pixcon_cli.help import PixConCommand
from pixcon_cli.run_names import without_common_parts
from pixcon_cli.sweep_summary import SummaryFiles
from pixcon_cli.tables import show_tables
from pixcon_diag.tables.table import Column, Table

if TYPE_CHECKING:  # --help imports no torch
    from pixcon_train.core.signals import StopRequest
    from pixcon_train.jobs.queue import Stage
    from pixcon_train.sweeps.grid import Point, Sweep
    from pixcon_train.sweeps.run_states import RunState

_PATH = click.Path(path_type=Path)


@click.command(
    cls=PixConCommand,
    short_help="Train every run of sweep files.",
    examples=(
        "pixcon-train sweep pascal/table4 --dry-run",
        "pixcon-train sweep digits/parents digits/fork-admission --pretrained encoder.pth --runs pretrained",
        "pixcon-train sweep mine.yaml --executor slurm --partition gpu --time 4:00:00 --slurm mem=32G",
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@click.option("--runs", type=_PATH, default=Path("runs"), show_default=True, help="Parent of the sweep's folder.")
@click.option("--data-root", type=_PATH, help="Root of the lists' paths (or PIXCON_DATA_ROOT).")
@click.option("--pretrained", metavar="WEIGHTS", help="Encoder weights of all runs: a file, hub or none.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Value for all runs, by dotted key.")
@click.option("--only", metavar="I/N", help="Every N-th run from the I-th on, to divide a sweep among N machines.")
@click.option("--allow-outside", is_flag=True, help="Let FILE name a data root and lists anywhere.")
@click.option("--dry-run", is_flag=True, help="List runs, states and GPU-hours without training.")
@executor_options
def sweep(
    files: tuple[Path, ...],
    runs: Path,
    data_root: Path | None,
    pretrained: str | None,
    assignments: tuple[str, ...],
    only: str | None,
    allow_outside: bool,
    dry_run: bool,
    **executor: Any,
) -> None:
    """Train every run of the sweep in FILE: a grid of values, and seeds.

    FILE is a YAML file, or the name of a built-in sweep such as pascal/table4. Several are trained one after the
    other, such as parents and their forks.

    Finished runs are skipped and unfinished ones resumed, so the same command continues an interrupted sweep. The
    folder RUNS/NAME holds a folder per run, sweep.json and sweep.csv; `pixcon-diag sensitivity`, `compare`,
    `per-class` and `report` read it.
    """
    from pixcon_train.config.resolve import parse_assignments
    from pixcon_train.sweeps.grid import every_nth, find_sweep, read_sweep

    choice = take_choice(executor)
    named = {"data.root": None if data_root is None else str(data_root), "model.pretrained": pretrained}
    changes = parse_assignments(assignments) | {key: value for key, value in named.items() if value is not None}
    grids = [read_sweep(find_sweep(file), changes, runs=runs, allow_outside=allow_outside) for file in files]
    for grid in grids:
        chosen = grid.points if only is None else every_nth(grid.points, only)
        train_points(grid, chosen, runs, choice, dry_run=dry_run)


def train_points(
    grid: "Sweep", chosen: Sequence["Point"], runs: Path, choice: ExecutorChoice, *, dry_run: bool
) -> None:
    """Train the ``chosen`` points of a sweep under ``runs``, or list them, and show their states.

    Raises:
        TrainingError: a run failed or ended early, or a folder holds another run.
        SystemExit: a signal ended it.
    """
    from pixcon_train.core.signals import StopRequest
    from pixcon_train.sweeps.grid import one_process

    console = notes()
    with StopRequest(lambda name: _announce(console, name, choice)) as interruption:
        from pixcon_train.core.errors import TrainingError
        from pixcon_train.sweeps.plan import hours_left, missing_lists
        from pixcon_train.sweeps.run_states import run_state

        one_process(int(os.environ.get("WORLD_SIZE", "1")))
        folder = runs / grid.name
        states = {point.name: run_state(point, folder) for point in chosen}
        hours = hours_left([states[point.name] for point in chosen])
        for line in [f"note: {reason}" for reason in missing_lists(chosen)] if dry_run else hours_notes(hours.values()):
            say(console, line)
        if dry_run and choice.executor == "slurm":
            left = [point for point in chosen if states[point.name].state in ("not started", "unfinished")]
            say(console, choice.slurm_options(grid.name, on_cpu=_on_cpu(chosen)).submission(len(left)))
        if not dry_run:
            files = SummaryFiles(grid.points, folder, lambda line: say(console, line))
            work = _Work(chosen, states, folder, choice, interruption, console, files)
            if choice.executor == "inline":
                work.one_after_the_other()
            else:
                work.in_jobs()
    selected = [states[point.name] for point in chosen]
    _show(grid.name, selected, hours if dry_run else {})
    if interruption.requested:
        if choice.executor != "slurm":
            say(console, f"Stopped by {interruption.name}; the same command continues.")
        raise SystemExit(interruption.exit_code)
    open_ones = [
        state
        for state in selected
        if state.state in ("failed", "differs") or (state.state != "finished" and not dry_run)
    ]
    if open_ones:
        raise TrainingError(_open_ones(open_ones, len(selected)))


def _open_ones(states: Sequence["RunState"], count: int) -> str:
    """Which of ``count`` runs failed, differ or ended early, and why."""
    lines = [f"{state.point.name}: {state.message or state.state}" for state in states]
    failed = [state.state for state in states if state.state in ("failed", "differs")]
    if early := len(states) - len(failed):
        lines.insert(0, f"{early} of {count} runs ended early; the same command continues.")
    if failed:
        lines.insert(0, f"{len(failed)} of {count} runs {'failed or differ' if 'differs' in failed else 'failed'}.")
    return "\n".join(lines)


def _announce(console: Console, name: str, choice: ExecutorChoice) -> None:
    """Say that a signal was received, and what happens now."""
    if choice.executor == "inline":
        announce_stop(console, name)
    else:
        announce_stop(
            console,
            name,
            "the jobs go on" if choice.executor == "slurm" else "every run finishes its step, saves and ends",
        )


@dataclass
class _Work:
    """The points of a sweep that are to be trained."""

    points: Sequence["Point"]
    states: dict[str, "RunState"]
    """Of these points by name, renewed while they are trained."""
    folder: Path
    choice: ExecutorChoice
    interruption: "StopRequest"
    console: Console
    files: SummaryFiles
    ended: set[str] = field(default_factory=set)
    """Names of the points whose last stage was seen."""

    def one_after_the_other(self) -> None:
        """Train the points in this process."""
        with self._summarized():
            for number, point in enumerate(self.points, 1):
                if not self.interruption.requested:
                    say(self.console, f"{number}/{len(self.points)} {point.name}")
                    self.states[point.name] = _run(self.states[point.name], self.interruption, self.console)
                    self.files.write(self.states)

    def in_jobs(self) -> None:
        """Train the points in jobs."""
        from pixcon_cli.jobs import JobsDisplay, say_what_goes_on
        from pixcon_train.jobs.queue import JOBS, Queue
        from pixcon_train.sweeps.jobs import TrainingWork

        def watch(stages: Mapping[str, "Stage"]) -> None:
            display.show(stages)
            self._renew(stages)

        queue = Queue(
            [TrainingWork(point, self.folder) for point in self.points],
            self.choice.start(self.folder / JOBS, self.folder.name, on_cpu=_on_cpu(self.points)),
            self.folder,
            interruption=self.interruption,
            notify=lambda line: say(self.console, line),
        )
        heads = ("epoch", "EMA mIoU %", "left")
        with self._summarized(), JobsDisplay(self.console, "runs", heads, self._cells) as display:
            stages = queue.work_off(watch)
        if self.interruption.requested and self.choice.executor == "slurm":
            say_what_goes_on(self.console, stages, typed_command())

    def _cells(self, name: str) -> tuple[str, ...]:
        """Progress of a run in the table of jobs."""
        from pixcon_train.sweeps.jobs import run_progress

        found, epochs = run_progress(self.folder / name), self.states[name].point.config.schedule.epochs
        done = max(found.epoch, self.states[name].epochs_done)
        return (f"{done}/{epochs}", _shown(100 * found.miou, "{:.2f}"), _duration(found.seconds_left))

    def _renew(self, stages: Mapping[str, "Stage"]) -> None:
        """Read the states of the runs whose jobs have ended since the last call."""
        from pixcon_train.sweeps.run_states import ended_state

        new = {name: stage for name, stage in stages.items() if stage.is_last and name not in self.ended}
        if new:
            self.ended |= new.keys()
            self.states.update({name: ended_state(self.states[name], stage) for name, stage in new.items()})
            self.files.write(self.states)

    @contextmanager
    def _summarized(self) -> Iterator[None]:
        """Write the summary before the block and after it, however it ends: an earlier command may have been killed."""
        from pixcon_train.sweeps.run_states import run_state

        self.files.write(self.states)
        try:
            yield
        finally:
            for name, before in self.states.items():
                now = run_state(before.point, self.folder) if before.state != "finished" else before
                open_before = before.state in ("not started", "unfinished") and name not in self.ended
                if open_before or now.state == "finished":  # one that failed here may have been trained by another
                    self.states[name] = now
            self.files.write(self.states)


def _on_cpu(points: Sequence["Point"]) -> bool:
    """Whether every run is one of a CPU."""
    return all(point.config.runtime.device == "cpu" for point in points)


def _shown(value: float, form: str) -> str:
    return "–" if math.isnan(value) else form.format(value)


def _duration(seconds: float) -> str:
    """Hours, minutes and seconds."""
    if math.isnan(seconds):
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _run(state: "RunState", interruption: "StopRequest", console: Console) -> "RunState":
    """Train one run with a progress display; print the reason if it fails."""
    from pixcon_cli.training import TrainingDisplay
    from pixcon_train.sweeps.running import run_point

    with TrainingDisplay(console) as display:
        after = run_point(state.point, state.folder.parent, interruption=interruption, observer=display)
    if after.trace is not None:
        say(console, after.trace)
    elif after.message is not None:
        say(console, f"{'Left as it is' if after.state == 'differs' else 'Failed'}: {after.message}")
    return after


def hours_notes(hours: Collection[float]) -> list[str]:
    """What the runs that are left take on one GPU, if it can be estimated for one of them."""
    known = [value for value in hours if not math.isnan(value)]
    if not known:
        return []
    without = f" for {len(known)} of {len(hours)} runs, the others have no estimate" if len(known) < len(hours) else ""
    return [
        f"About {sum(known):.1f} GPU-hours are left{without}: by arithmetic from step times measured on one H100, "
        "validation included; start and loading of images are not (docs/launching.md)."
    ]


def _show(name: str, states: Sequence["RunState"], hours: Mapping[str, float]) -> None:
    """Print the state of every run, and the GPU-hours left of each where one is known."""
    about_hours = hours_notes(hours.values())
    shown, about_names = without_common_parts([state.point.name for state in states])
    columns: list[Column[RunState]] = [
        Column("run", "run", of=lambda state: shown[state.point.name]),
        Column("state", "state"),
        Column("miou", "best EMA mIoU %", "per_cent"),
        Column("epoch", "epoch", "count"),
        Column("done", "epochs done", of=lambda state: f"{state.epochs_done}/{state.point.config.schedule.epochs}"),
    ]
    if about_hours:
        columns.append(Column("hours", "≈ GPU-hours left", "number", 1, of=lambda state: hours[state.point.name]))
    remarks = [f"{about_names}."] * bool(about_names) + about_hours
    show_tables(output(), [Table.of("sweep", f"{name}: {len(states)} runs", states, columns, remarks)])
