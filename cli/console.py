"""Consoles: results go to standard output, everything else to standard error, so that ``--json`` prints only JSON."""

import os
import re
import sys
import webbrowser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from textwrap import fill
from typing import Any

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.segment import Segment
from rich.table import Column
from rich.text import Text

from pixcon_cli.encoding import spelled_for
from pixcon_cli.streams import within
from pixcon_train.core.files import to_json
from pixcon_train.core.foreign_text import shown, shown_message
from pixcon_train.core.paths import resolved
from pixcon_train.core.progress import Progress
from pixcon_train.core.shell import folded_line, quoted_line

_BAR, _NUMBERS, _LEAST = 12, 44, 12
"""Widths of a progress bar, of the numbers beside it, and least width of its description."""
_INDENT = 2
"""Of the lines of a message but the first."""
_COMMAND = re.compile("`[^`]+`")
"""A command in a message."""
_HELD = "\0"
"""Stands for a space at which no line ends."""


class ShownConsole(Console):
    """A console whose text is only text, and whose styles and movements of the cursor are its own."""

    def render_str(self, text: str, **options: Any) -> Text:
        """``text`` without styles, before it is laid out."""
        return super().render_str(shown(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces of anything that is printed, as they go to the terminal."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown(segment.text))


def output() -> Console:
    """The console of results (standard output)."""
    # Brackets in a path or class name are not markup, and `:100:` is not an emoji.
    return ShownConsole(file=within(sys.stdout), highlight=False, markup=False, emoji=False)


def notes() -> Console:
    """The console of notes, warnings and progress (standard error)."""
    return ShownConsole(file=within(sys.stderr), stderr=True, highlight=False, markup=False, emoji=False)


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print a message, in lines as :func:`wrapped` makes them."""
    console.print(wrapped(console, shown_message(text)), soft_wrap=True, style=style)


def say_command(console: Console, head: str, words: Iterable[str], purpose: str = "") -> None:
    """Print a command to paste, on the line of its head, or below it in lines that end in backslashes."""
    words, width = list(words), line_width(console)
    after = f"  ({purpose})" if purpose else ""
    text = f"{head}: {quoted_line(words)}{after}"
    if width is not None and len(text) > width:
        say(console, f"{head}: {purpose}".rstrip())
        text = "\n".join(f"{' ' * _INDENT}{line}" for line in folded_line(words, width - _INDENT).split("\n"))
    print_whole(console, text)


def print_whole(console: Console, text: str) -> None:
    """Print lines for a shell as they are: a terminal shows a long one on several lines, and copies it as one."""
    console.print(text, soft_wrap=True)


def line_width(console: Console) -> int | None:
    """The width of a terminal, or without one that of ``COLUMNS``; None where there is neither, as in a log file."""
    return console.width if console.is_terminal or os.environ.get("COLUMNS", "").isdigit() else None


def wrapped(console: Console, text: str) -> str:
    """The text with line breaks between words, so that its lines fit.

    A path or another long word stays whole, and so does a command in backquotes.
    """
    width = line_width(console)
    if width is None:
        return text
    return "\n".join(_fitting(line, width) for line in text.split("\n"))


def _fitting(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    filled = fill(
        _COMMAND.sub(lambda found: found[0].replace(" ", _HELD), line),
        max(width, len(indent) + 1),
        subsequent_indent=indent,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled.replace(_HELD, " ")


def print_json(value: Any) -> None:
    """Print ``value`` as JSON, escaped to ASCII if standard output cannot encode it."""
    text = to_json(value)
    click.echo(text if spelled_for(sys.stdout, text) == text else to_json(value, ascii_only=True))


def print_file(text: str) -> None:
    """Print ``text`` as a file's content: UTF-8, or the terminal's encoding on a terminal."""
    if sys.stdout.isatty():
        click.echo(text, nl=False)
    else:
        click.echo(text.encode("utf-8", "backslashreplace"), file=within(sys.stdout), nl=False)


def open_page(page: Path) -> None:
    """Open a file in the default browser; nothing happens where there is none."""
    with suppress(webbrowser.Error):
        webbrowser.open_new_tab(resolved(page).as_uri())


def bars(console: Console) -> RichProgress:
    """A progress display with elapsed and remaining time; disabled if ``console`` is not a terminal."""
    room = max(_LEAST, console.width - _BAR - _NUMBERS)
    return RichProgress(
        TextColumn(
            "{task.description}", markup=False, table_column=Column(max_width=room, no_wrap=True, overflow="ellipsis")
        ),
        BarColumn(bar_width=_BAR),
        MofNCompleteColumn(),
        TextColumn("elapsed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal or not is_first_process(),
    )


def announce_stop(console: Console, name: str, now: str = "finishing this step, then saving") -> None:
    """Report that signal ``name`` was received and what happens ``now``.

    After SIGHUP the terminal is gone, and writing to it would fail.
    """
    if name == "SIGHUP":
        null = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            if stream.isatty():
                os.dup2(null, stream.fileno())
        os.close(null)
    say(console, f"{name}: {now}.")


def ask_for_details(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    """Keep for :func:`details_asked` whether the command line asks for details."""
    context.meta[__name__] = value


def details_asked() -> bool:
    """Whether the command line that runs asks for details."""
    context = click.get_current_context(silent=True)
    return context is not None and context.meta.get(__name__, False)


def launched_processes() -> int:
    """Number of processes that torchrun started for this command; 1 without torchrun."""
    return int(os.environ["WORLD_SIZE"]) if "RANK" in os.environ and "WORLD_SIZE" in os.environ else 1


def is_first_process() -> bool:
    """Whether this is the process that prints, among those started by torchrun."""
    return launched_processes() == 1 or os.environ["RANK"] == "0"


@contextmanager
def progress(description: str) -> Iterator[Progress]:
    """A callback (done, total) that draws a bar on standard error within the block.

    The bar appears with the first call, so a cached result shows none.
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
