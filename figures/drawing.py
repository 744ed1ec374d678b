"""Draw the figures of a command from its saved results, as PNG, PDF and SVG next to the JSON."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixcon_train.core.errors import DataError
from pixcon_train.core.files import replacing, to_json

if TYPE_CHECKING:  # loaded only when something is drawn
    from matplotlib.figure import Figure

    from pixcon_figures.saved import Content

TOGETHER = ("tsne", "geometry")
"""Commands whose results together make the paper's Fig. 11."""

PNG_DPI = 200
UNDATED = {"png": None, "pdf": {"CreationDate": None}, "svg": {"Date": None}}
"""Formats of the files, and their metadata without a date, by which two drawings of the same results would differ."""


def draw_saved(folder: Path, command: str, missing: set[str] | None = None, *, style: str | None = None) -> list[Path]:
    """Draw the figures of ``<command>.json`` in ``folder`` and return their paths; none for a command without figures.

    The same results, fonts and style give the same bytes.

    Args:
        folder: folder with the results, into which the figures are written.
        command: command of the results.
        missing: receives the characters without an installed font, which are drawn as code points; see
            :func:`missing_characters`.
        style: a style of matplotlib, or the path of an ``.mplstyle`` file.

    Raises:
        ConfigError: there is no such style.
        DataError: the results are missing, damaged, or from an incompatible version.
        PixConError: the folder cannot be written.
    """
    if find_spec(_module(command)) is None:
        return []
    from pixcon_figures.saved import read_saved

    content = {name: read_saved(folder, name) for name in _read_with(folder, command)}
    with _drawn(folder, command, content, style) as (figures, lacking):
        return [path for stem, figure in figures.items() for path in _save(figure, folder / stem, lacking, missing)]


def _module(command: str) -> str:
    """Name of the module that draws a command's results; it exists only for commands with figures."""
    return f"pixcon_figures.{command.replace('-', '_')}"


def draw_result(command: str, content: Any, folder: Path = Path(), *, style: str | None = None) -> "dict[str, Figure]":
    """The figures of a result in memory by name; none for a command without a figure.

    Args:
        command: command of the result.
        content: what the command writes as JSON.
        folder: folder of the panels, for `qualitative`.
        style: a style of matplotlib, or the path of an ``.mplstyle`` file.

    Raises:
        ConfigError: there is no such style.
    """
    if find_spec(_module(command)) is None:
        return {}
    with _drawn(folder, command, {command: json.loads(to_json(content))}, style) as (figures, _):
        return figures


@contextmanager
def _drawn(
    folder: Path, command: str, content: "Mapping[str, Content]", style: str | None
) -> "Iterator[tuple[dict[str, Figure], frozenset[str]]]":
    """The figures of a command and the characters without a font; the style holds within the block."""
    from pixcon_figures import style as styles
    from pixcon_figures.fonts import fallback_fonts

    fonts, lacking = fallback_fonts(list(content.values()))
    with styles.style(style, fonts):
        yield _draw(folder, command, content, lacking), lacking


def _read_with(folder: Path, command: str) -> list[str]:
    """Commands whose results are read: this one, and its partner in :data:`TOGETHER` if both results exist."""
    together = command in TOGETHER and all((folder / f"{name}.json").is_file() for name in TOGETHER)
    return [command, *(name for name in TOGETHER if together and name != command)]


def missing_characters(missing: Collection[str]) -> list[str]:
    """A line on the characters without a font; empty if there are none."""
    from pixcon_figures.fonts import missing_note

    return [missing_note(missing)] if missing else []


def _draw(folder: Path, command: str, content: "Mapping[str, Content]", lacking: frozenset[str]) -> "dict[str, Figure]":
    from pixcon_figures.fonts import drawable
    from pixcon_figures.sources import source_line
    from pixcon_figures.style import small_print

    try:
        plain = {name: drawable(saved, lacking) for name, saved in content.items()}
        figures: dict[str, Figure] = import_module(_module(command)).draw(plain[command], folder)
        if len(plain) > 1:
            figures |= import_module("pixcon_figures.fig11").draw_together(*(plain[name] for name in TOGETHER))
        if line := drawable(source_line(content[command]), lacking):
            for figure in figures.values():
                small_print(figure, line)
    except KeyError as missing:
        raise DataError(
            f"{folder / f'{command}.json'} lacks {missing}: it is damaged or of another version "
            f"({content[command].get('version', 'not stated')}). Run `pixcon-diag {command}` again."
        ) from missing
    return figures


def _lay_out(figure: "Figure") -> None:
    """Place everything, once for all files: with a layout engine matplotlib draws each file twice."""
    figure.set_dpi(PNG_DPI)
    if engine := figure.get_layout_engine():
        engine.execute(figure)
    figure.set_layout_engine(None)


def _save(figure: "Figure", stem: Path, lacking: frozenset[str], missing: set[str] | None) -> list[Path]:
    from matplotlib.text import Text

    from pixcon_figures.fonts import escaped

    paths = [stem.with_name(f"{stem.name}.{kind}") for kind in UNDATED]
    _lay_out(figure)
    for path, (kind, metadata) in zip(paths, UNDATED.items(), strict=True):
        with replacing(path) as temporary:
            figure.savefig(temporary, format=kind, dpi=PNG_DPI, metadata=metadata)
    if missing is not None and lacking:
        drawn = "".join(text.get_text() for text in figure.findobj(Text))
        missing.update(character for character in lacking if escaped(character) in drawn)
    figure.clear()
    return paths
