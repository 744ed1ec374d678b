"""Draw the figures of a command from its saved results, as PNG, PDF and SVG next to the JSON."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixcon_train.core.errors import DataError, PixConError
from pixcon_train.core.files import replacing, to_json
from pixcon_train.core.paths import is_file

if TYPE_CHECKING:  # loaded only when something is drawn
    from matplotlib.figure import Figure

    from pixcon_figures.saved import Content

TOGETHER = ("tsne", "geometry")
"""Commands whose results together make the paper's Fig. 11."""
FIG11 = "fig11"

PNG_DPI = 200
UNUSED_TABLES = ("GSUB", "GPOS", "GDEF", "kern")
"""Tables of a font that lay out text, which no reader of a PDF uses; to subset them takes most of the time of a PDF."""
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
    together = command in TOGETHER and all(is_file(folder / f"{name}.json") for name in TOGETHER)
    names = [*filter(has_figure, [command]), *([FIG11] if together else ())]
    return [path for name in names for path in draw_named(folder, name, missing, style=style)]


def draw_named(folder: Path, name: str, missing: set[str] | None = None, *, style: str | None = None) -> list[Path]:
    """Draw the figures of a command alone, or :data:`FIG11`, as :func:`draw_saved`."""
    from pixcon_figures.saved import read_saved

    content = {command: read_saved(folder, command) for command in (TOGETHER if name == FIG11 else (name,))}
    with _drawn(folder, name, content, style) as (figures, lacking):
        return [path for stem, figure in figures.items() for path in _save(figure, folder / stem, lacking, missing)]


def has_figure(command: str) -> bool:
    """Whether results of a command are drawn."""
    return find_spec(_module(command)) is not None


def _module(command: str) -> str:
    """Name of the module that draws a command's results."""
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
    if not has_figure(command):
        return {}
    with _drawn(folder, command, {command: json.loads(to_json(content))}, style) as (figures, _):
        return figures


@contextmanager
def _drawn(
    folder: Path, name: str, content: "Mapping[str, Content]", style: str | None
) -> "Iterator[tuple[dict[str, Figure], frozenset[str]]]":
    """The figures of a command or :data:`FIG11`, and the characters without a font; the style holds in the block."""
    from pixcon_figures import style as styles
    from pixcon_figures.fonts import fallback_fonts

    fonts, lacking = fallback_fonts(list(content.values()))
    with styles.style(style, fonts), _naming(folder, content):
        yield _draw(folder, name, content, lacking), lacking


def missing_characters(missing: Collection[str]) -> list[str]:
    """A line on the characters without a font; empty if there are none."""
    from pixcon_figures.fonts import missing_note

    return [missing_note(missing)] if missing else []


def _draw(folder: Path, name: str, content: "Mapping[str, Content]", lacking: frozenset[str]) -> "dict[str, Figure]":
    from pixcon_figures.fonts import drawable
    from pixcon_figures.sources import source_line
    from pixcon_figures.style import small_print

    plain = {command: drawable(saved, lacking) for command, saved in content.items()}
    module = import_module(_module(name))
    figures: dict[str, Figure] = (
        module.draw_together(*plain.values()) if name == FIG11 else module.draw(plain[name], folder)
    )
    if line := drawable(source_line([*content.values()]), lacking):
        for figure in figures.values():
            small_print(figure, line)
    return figures


@contextmanager
def _naming(folder: Path, content: "Mapping[str, Content]") -> "Iterator[None]":
    """Whatever fails within the block is laid to the results, of which the files may hold anything."""
    try:
        yield
    except (PixConError, MemoryError):
        raise
    except Exception as error:
        files = " or ".join(str(folder / f"{command}.json") for command in content)
        versions = ", ".join(dict.fromkeys(str(saved.get("version", "not stated")) for saved in content.values()))
        fault = f"lacks {error}" if isinstance(error, KeyError) else f"cannot be drawn ({error})"
        again = " and ".join(f"`pixcon-diag {command}`" for command in content)
        raise DataError(
            f"{files} {fault}: it is damaged or of another version ({versions}). Run {again} again."
        ) from error


def _lay_out(figure: "Figure") -> None:
    """Place everything, once for all files: with a layout engine matplotlib draws each file twice."""
    figure.set_dpi(PNG_DPI)
    if engine := figure.get_layout_engine():
        engine.execute(figure)
    figure.set_layout_engine(None)


@contextmanager
def _fonts_without_layout() -> "Iterator[None]":
    """Within the block, fonts are embedded without :data:`UNUSED_TABLES`."""
    from fontTools.subset import Options

    # matplotlib makes the options itself; a version of fontTools without this list only takes longer.
    before = getattr(Options, "_drop_tables_default", [])
    Options._drop_tables_default = [*before, *UNUSED_TABLES]
    try:
        yield
    finally:
        Options._drop_tables_default = before


def _save(figure: "Figure", stem: Path, lacking: frozenset[str], missing: set[str] | None) -> list[Path]:
    from matplotlib.text import Text

    from pixcon_figures.fonts import escaped

    paths = [stem.with_name(f"{stem.name}.{kind}") for kind in UNDATED]
    _lay_out(figure)
    for path, (kind, metadata) in zip(paths, UNDATED.items(), strict=True):
        with replacing(path) as temporary, _fonts_without_layout():
            figure.savefig(temporary, format=kind, dpi=PNG_DPI, metadata=metadata)
    if missing is not None and lacking:
        drawn = "".join(text.get_text() for text in figure.findobj(Text))
        missing.update(character for character in lacking if escaped(character) in drawn)
    figure.clear()
    return paths
