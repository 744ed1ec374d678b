"""From a result to what the user asked for: tables on the screen, JSON, a folder of files and figures."""

from pathlib import Path
from typing import TYPE_CHECKING

from pixcon_cli.console import is_first_process, notes, output, print_json
from pixcon_cli.tables import show_described

if TYPE_CHECKING:  # --help must not load torch
    from pixcon_diag.tables.result import Result


def emit(result: "Result", *, out: Path | None, as_json: bool) -> None:
    """Write ``result`` and its figures into ``out`` if given; print its JSON or its tables.

    Raises:
        PixConError: the folder cannot be written.
    """
    if out is not None:
        from pixcon_figures.drawing import draw_saved, missing_characters

        missing: set[str] = set()
        notify_written([*result.write(out), *draw_saved(out, result.command, missing)])
        notify(*missing_characters(missing))
    if as_json:
        print_json(result.content)
        return
    show_described(output(), result.tables)


def notify(*lines: str) -> None:
    """Notify what is going on, on standard error; one of several processes does."""
    for line in lines if is_first_process() else ():
        notes().print(line, soft_wrap=True, markup=False, style="yellow" if line.startswith("Warning: ") else None)


def notify_written(paths: list[Path]) -> None:
    """Notify which files were written."""
    notify(f"wrote {', '.join(path.name for path in paths)} in {paths[0].parent}")
