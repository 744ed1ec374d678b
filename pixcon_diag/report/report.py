"""A folder with everything that was measured: one page to read, and every table and figure as files."""

import re
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2

from pixcon_diag.tables.latex import to_latex
from pixcon_diag.tables.markdown import to_markdown
from pixcon_diag.tables.section import Section
from pixcon_train.core.files import write_text

PAGE = "report.md"
TABLES = "tables"

SECTIONS = {
    "checkpoints": ("Checkpoints", "What was measured, and the best EMA mIoU of each bank rule (Table 4)."),
    "contamination": (
        "Contamination and retention",
        "The teacher's error among the pixels that a confidence threshold keeps: what a bank filled by confidence "
        "would hold (Sec. 3.3, Table 8).",
    ),
    "gradient": (
        "Gradient split",
        "How much of an anchor's gradient comes from false positives of the bank (Obs. 3.1, Cor. 3.2, Fig. 3).",
    ),
    "coverage": ("Bank coverage", "Whether every class reaches the bank, and what the stored one holds (Sec. G.3)."),
    "boundary": ("Boundary and interior", "Where the errors are (Sec. G.1, Table 7)."),
    "geometry": ("Centroid geometry", "How tightly classes cluster and how far apart they lie (Sec. G.4, Table 9)."),
    "tsne": ("t-SNE", "The same pixels under each checkpoint (Fig. 11)."),
    "qualitative": ("Qualitative", "Images ranked by error, errors outlined in red (Figs. 5, 6, 9, 10)."),
    "per-class": ("Per class", "IoU of every class (Table 6, Fig. 12)."),
    "compare": ("Differences", "Every measurement's difference with its two kinds of noise."),
    "dynamics": (
        "Training dynamics",
        "mIoU, retention, losses, thresholds and contamination over the epochs (Fig. 4, Sec. H.1).",
    ),
    "sensitivity": ("Sensitivity", "Best mIoU over one hyperparameter at a time (Table 10, Sec. H.3)."),
    "landscape": ("Landscape", "Model size against mIoU beside the paper's published figures (Fig. 7)."),
}
"""Title and a sentence for each command's section, in the order of the page."""


def write_report(
    folder: Path,
    sections: Sequence[Section],
    figures: Mapping[str, Sequence[Path]],
    *,
    left_out: Sequence[str] = (),
    title: str = "Diagnosis",
) -> list[Path]:
    """Write the page, and every table as Markdown and LaTeX; JSON, CSV and figures lie beside it already.

    Args:
        folder: where the sections were written.
        sections: in any order.
        figures: pictures by command.
        left_out: what could not be measured, and why.
        title: of the page.

    Returns:
        The paths written.

    Raises:
        PixConError: the folder cannot be written.
    """
    paths = []
    for section in sections:
        for table in section.tables:
            for ending, text in ((".md", to_markdown(table)), (".tex", to_latex(table))):
                paths.append(folder / TABLES / f"{table.name}{ending}")
                write_text(paths[-1], text)
    order = list(SECTIONS)
    ordered = sorted(sections, key=lambda section: order.index(section.command))
    page = _template().render(
        title=title,
        about=f"Written by pixcon-diag {version('pixcon-diag')}. Rates are per cent here, fractions in the JSON and "
        "CSV files; – is an undefined value. Every number's origin (weights, list, options) stands in those files.",
        sections=[_described(section, figures.get(section.command, ())) for section in ordered],
        left_out=left_out,
    )
    write_text(folder / PAGE, re.sub(r"\n{3,}", "\n\n", page))
    return [folder / PAGE, *paths]


def _described(section: Section, figures: Sequence[Path]) -> dict[str, Any]:
    title, about = SECTIONS[section.command]
    files = [f"{section.command}.json", *(f"{table.name}.csv" for table in (*section.tables, *section.files))]
    return {
        "title": title,
        "anchor": title.lower().replace(" ", "-"),
        "about": about,
        "tables": [to_markdown(table) for table in section.tables],
        "figures": [path.name for path in figures if path.suffix == ".png"],
        "files": [f"[{name}]({name})" for name in files],
    }


def _template() -> jinja2.Template:
    text = (resources.files("pixcon_diag.report") / "report.md.j2").read_text(encoding="utf-8")
    return jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(text)
