"""Report of a study: a page and its plain text, with every table and figure as files."""

import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

from pixcon_diag.analyses.registry import ANALYSES, OPENING, analysis_named
from pixcon_diag.tables.markdown import paragraph, plain_text, to_markdown
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.writing import TABLES
from pixcon_train.core.files import write_text
from pixcon_train.core.version import VERSION

TEXT = "report.md"


def write_report(
    folder: Path,
    results: Sequence[Result],
    figures: Mapping[str, Sequence[Path]],
    *,
    left_out: Sequence[str] = (),
    title: str = "Diagnosis",
) -> list[Path]:
    """Write the page, and every table as Markdown; JSON, CSV, LaTeX and figures are already in the folder.

    Args:
        folder: folder with the results.
        results: in any order.
        figures: paths of figures by command.
        left_out: sentences on what could not be measured.
        title: title of the page.

    Returns:
        The paths written.

    Raises:
        PixConError: the folder cannot be written.
    """
    paths = []
    for result in results:
        for table in result.tables:
            paths.append(folder / TABLES / f"{table.name}.md")
            write_text(paths[-1], to_markdown(table))
    order = [analysis.name for analysis in ANALYSES]
    ordered = sorted(results, key=lambda result: order.index(result.command))
    sections = [_described(result, figures.get(result.command, ())) for result in ordered]
    opening = sum(result.command == OPENING for result in ordered)
    page = _template().render(
        title=plain_text(title),
        about=f"Written by pixcon-diag {VERSION}. Rates marked % are per cent; in tables without "
        "the mark, as of ρ_F, and in JSON and CSV they are fractions. – is an undefined value. Every number's origin "
        "(weights, list, options) stands in those files.",
        opening=sections[:opening],
        sections=sections[opening:],
        left_out=[paragraph(sentence) for sentence in left_out],
    )
    write_text(folder / TEXT, re.sub(r"\n{3,}", "\n\n", page))
    return [folder / TEXT, *paths]


def _described(result: Result, figures: Sequence[Path]) -> dict[str, Any]:
    analysis = analysis_named(result.command)
    files = [f"{result.command}.json", *(f"{table.name}.csv" for table in (*result.tables, *result.files))]
    return {
        "title": analysis.title,
        "anchor": analysis.title.lower().replace(" ", "-"),
        "about": analysis.question,
        "summary": [paragraph(sentence) for sentence in result.summary],
        "tables": [to_markdown(table) for table in result.tables],
        "figures": [path.name for path in figures if path.suffix == ".png"],
        "files": [f"[{name}]({name})" for name in files],
    }


def _template() -> jinja2.Template:
    text = (resources.files("pixcon_diag.reporting") / "report.md.j2").read_text(encoding="utf-8")
    return jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(text)
