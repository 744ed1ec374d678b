"""What is shown while a command works: results go to standard output, everything else to standard error.

Keeping the two apart is what lets ``--json`` print JSON alone on standard output.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from pixcon_cli.encoding import printable
from pixcon_train.core.files import to_json
from pixcon_train.core.progress import Progress


def output() -> Console:
    """The console of results (standard output)."""
    # A path or a class name with brackets is no markup, and one with `:100:` no emoji.
    return Console(highlight=False, markup=False, emoji=False)


def notes() -> Console:
    """The console of notes, warnings and progress (standard error)."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_json(value: Any) -> None:
    """Print ``value`` as JSON, escaped in ASCII where standard output's encoding lacks one of its characters."""
    text = to_json(value)
    click.echo(text if printable(text) == text else to_json(value, ascii_only=True))


def print_file(text: str) -> None:
    """Print ``text`` that may be read again as a file: UTF-8 unless a terminal of another encoding shows it."""
    if sys.stdout.isatty():
        click.echo(text, nl=False)
    else:
        click.echo(text.encode("utf-8", "backslashreplace"), nl=False)


def bars(console: Console) -> RichProgress:
    """A progress display with time taken and time left; it shows nothing where ``console`` is not a terminal."""
    return RichProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("elapsed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal or not is_first_process(),
    )


def told_to_stop(console: Console, name: str) -> None:
    """Say that the signal ``name`` was heard. After SIGHUP there is no terminal, and writing to it would fail."""
    if name == "SIGHUP":
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            if stream.isatty():
                os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    console.print(f"{name}: finishing this step, then saving.")


def launched_processes() -> int:
    """How many processes torchrun started this command as; 1 without it."""
    return int(os.environ["WORLD_SIZE"]) if "RANK" in os.environ and "WORLD_SIZE" in os.environ else 1


def is_first_process() -> bool:
    """Whether this is the process that speaks, of those that torchrun started."""
    return launched_processes() == 1 or os.environ["RANK"] == "0"


@contextmanager
def progress(description: str) -> Iterator[Progress]:
    """A callback (done, total) for a library, drawn as one bar on standard error while the block runs.

    The bar is there from the first call on: where a result is found and nothing is computed, there is none.
    """
    display = bars(notes())

    def show(done: int, total: int) -> None:
        if not display.tasks:
            display.add_task(description, total=total)
            display.start()
        display.update(display.tasks[0].id, completed=done, total=total)

    try:
        yield show
    finally:
        display.stop()
