"""From saved results to pictures: every figure of a command, as PNG and PDF beside its JSON."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from pixcon_train.errors import DataError
from pixcon_train.files import replacing

if TYPE_CHECKING:  # loaded only when something is drawn
    from matplotlib.figure import Figure

MODULES = {
    "contamination": "contamination",
    "gradient": "gradient",
    "coverage": "coverage",
    "boundary": "boundary",
    "geometry": "geometry",
    "tsne": "tsne",
    "qualitative": "qualitative",
    "per-class": "per_class",
    "dynamics": "dynamics",
    "sensitivity": "sensitivity",
    "landscape": "landscape",
    "compare": "compare",
}
"""Which module draws a command's results."""

TOGETHER = ("tsne", "geometry")
"""Commands whose results, where both are there, also make the paper's Fig. 11."""

PNG_DPI = 200


def draw_saved(folder: Path, command: str) -> list[Path]:
    """Draw the figures of ``<command>.json`` in ``folder``; the paths written, none for a command without a figure.

    The same results give the same bytes.

    Raises:
        DataError: the results are missing, damaged, or from a version that saved something else.
        PixConError: the folder cannot be written.
    """
    if command not in MODULES:
        return []
    from pixcon_figures.style import style

    with style():
        return [path for stem, figure in _draw(folder, command).items() for path in _save(figure, folder / stem)]


def _draw(folder: Path, command: str) -> "dict[str, Figure]":
    from pixcon_figures.saved import read_saved

    content = read_saved(folder, command)
    try:
        figures: dict[str, Figure] = import_module(f"pixcon_figures.{MODULES[command]}").draw(content, folder)
        if command in TOGETHER and all((folder / f"{each}.json").is_file() for each in TOGETHER):
            draw_together = import_module("pixcon_figures.fig11").draw_together
            figures |= draw_together(*(read_saved(folder, each) for each in TOGETHER))
    except KeyError as missing:
        raise DataError(
            f"{folder / f'{command}.json'} lacks {missing}: it is damaged or of another version "
            f"({content.get('version', 'not said')}). Run `pixcon-diag {command}` again."
        ) from missing
    return figures


def _save(figure: "Figure", stem: Path) -> list[Path]:
    paths = [stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "pdf")]
    for path in paths:
        # A PDF's date would make two drawings of the same results differ.
        about = {"CreationDate": None} if path.suffix == ".pdf" else None
        with replacing(path) as temporary:
            figure.savefig(temporary, format=path.suffix[1:], dpi=PNG_DPI, metadata=about)
    figure.clear()
    return paths
