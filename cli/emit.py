"""Output of a result: tables on the screen, JSON, or a folder of files and figures."""

from pathlib import Path
from typing import TYPE_CHECKING

from pixcon_cli.console import details_asked, is_first_process, notes, output, print_json, say
from pixcon_cli.encoding import printable
from pixcon_cli.tables import show_tables
from pixcon_train.core.progress import Detail

if TYPE_CHECKING:  # --help imports no torch
    from pixcon_diag.tables.result import Result


def emit(result: "Result", *, out: Path | None, as_json: bool, style: str | None = None) -> None:
    """Write ``result`` and its figures into ``out`` if given; print its JSON or its tables.

    Raises:
        PixConError: the folder cannot be written.
    """
    if out is not None:
        from pixcon_figures.drawing import draw_saved, missing_characters

        missing: set[str] = set()
        notify_written([*result.write(out), *draw_saved(out, result.command, missing, style=style)], out)
        notify(*missing_characters(missing))
    if as_json:
        print_json(result.content)
        return
    for number, sentence in enumerate(result.summary, 1):
        output().print(printable(f"{number}. {sentence}"))
    show_tables(output(), result.tables)


def notify(*lines: str) -> None:
    """Print notes on standard error, in the first process only; details only where they are asked for."""
    for line in lines if is_first_process() else ():
        if isinstance(line, Detail) and not details_asked():
            continue
        say(notes(), line, "yellow" if line.startswith("Warning: ") else None)


def notify_written(paths: list[Path], folder: Path) -> None:
    """Print the names of the files written into ``folder``."""
    notify(f"wrote {', '.join(path.relative_to(folder).as_posix() for path in paths)} in {folder}")
