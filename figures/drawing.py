"""From saved results to pictures: every figure of a command, as PNG and PDF beside its JSON."""

import json
from collections.abc import Collection, Mapping
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
"""Commands whose results, where both are there, also make the paper's Fig. 11."""

PNG_DPI = 200


def draw_saved(folder: Path, command: str, missing: set[str] | None = None) -> list[Path]:
    """Draw the figures of ``<command>.json`` in ``folder``; the paths written, none for a command without a figure.

    The same results and fonts give the same bytes. Characters that no installed font has are drawn as their numbers and
    added to ``missing``; :func:`missing_characters` words them.

    Raises:
        DataError: the results are missing, damaged, or from a version that saved something else.
        PixConError: the folder cannot be written.
    """
    if find_spec(_module(command)) is None:
        return []
    from pixcon_figures.fonts import fallback_fonts, font_settings
    from pixcon_figures.saved import read_saved
    from pixcon_figures.style import style

    content = {each: read_saved(folder, each) for each in _read_with(folder, command)}
    fonts, lacking = fallback_fonts(list(content.values()))
    with style(font_settings(fonts)):
        figures = _draw(folder, command, content, lacking)
        return [path for stem, figure in figures.items() for path in _save(figure, folder / stem, lacking, missing)]


def _module(command: str) -> str:
    """The module that draws a command's results, where it has figures."""
    return f"pixcon_figures.{command.replace('-', '_')}"


def draw_result(command: str, content: Any, folder: Path = Path()) -> "dict[str, Figure]":
    """The figures of a result in memory by name; none for a command without a figure.

    Args:
        command: which result it is.
        content: what the command writes as JSON.
        folder: where its panels lie, for `qualitative`.
    """
    if find_spec(_module(command)) is None:
        return {}
    from pixcon_figures.fonts import fallback_fonts, font_settings
    from pixcon_figures.style import style

    plain = json.loads(to_json(content))
    fonts, lacking = fallback_fonts([plain])
    with style(font_settings(fonts)):
        return _draw(folder, command, {command: plain}, lacking)


def _read_with(folder: Path, command: str) -> list[str]:
    """Commands whose results are drawn: this one's, and those drawn together with it where both are there."""
    together = command in TOGETHER and all((folder / f"{each}.json").is_file() for each in TOGETHER)
    return [command, *(each for each in TOGETHER if together and each != command)]


def missing_characters(missing: Collection[str]) -> list[str]:
    """A line to tell of characters that :func:`draw_saved` found no font for; none where there are none."""
    from pixcon_figures.fonts import missing_note

    return [missing_note(missing)] if missing else []


def _draw(folder: Path, command: str, content: "Mapping[str, Content]", lacking: frozenset[str]) -> "dict[str, Figure]":
    from pixcon_figures.fonts import drawable

    try:
        plain = {name: drawable(each, lacking) for name, each in content.items()}
        figures: dict[str, Figure] = import_module(_module(command)).draw(plain[command], folder)
        if len(plain) > 1:
            figures |= import_module("pixcon_figures.fig11").draw_together(*(plain[each] for each in TOGETHER))
    except KeyError as missing:
        raise DataError(
            f"{folder / f'{command}.json'} lacks {missing}: it is damaged or of another version "
            f"({content[command].get('version', 'not said')}). Run `pixcon-diag {command}` again."
        ) from missing
    return figures


def _save(figure: "Figure", stem: Path, lacking: frozenset[str], missing: set[str] | None) -> list[Path]:
    from matplotlib.text import Text

    from pixcon_figures.fonts import escaped

    paths = [stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "pdf")]
    for path in paths:
        # A PDF's date would make two drawings of the same results differ.
        about = {"CreationDate": None} if path.suffix == ".pdf" else None
        with replacing(path) as temporary:
            figure.savefig(temporary, format=path.suffix[1:], dpi=PNG_DPI, metadata=about)
    if missing is not None and lacking:
        drawn = "".join(text.get_text() for text in figure.findobj(Text))
        missing.update(each for each in lacking if escaped(each) in drawn)
    figure.clear()
    return paths
