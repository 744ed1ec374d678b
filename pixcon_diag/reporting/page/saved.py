"""What the page's buttons save: tables as text, and figures that also lie beside the page."""

import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pixcon_diag.reporting.page.section import Context, Section
from pixcon_diag.tables.latex import to_latex
from pixcon_diag.tables.markdown import to_markdown
from pixcon_diag.tables.paper_table import PaperTable
from pixcon_diag.tables.table import Table
from pixcon_diag.tables.writing import to_csv
from pixcon_train.core.files import read_bytes, to_json

FORMATS: Mapping[str, Callable[[Table], str]] = {
    "csv": lambda table: to_csv(table.records()),
    "json": lambda table: to_json(table.records()) + "\n",
    "md": to_markdown,
    "tex": to_latex,
}
"""Texts of a table by the suffix of the file that they are saved as."""
LONG, LONGEST = 100, 2000
"""Rows from which on a table is saved as CSV alone, and from which on the page does not hold it."""
FIGURE_SUFFIXES = (".svg", ".pdf")
FIGURES_SIZE = 200_000
"""Bytes of the page that figures take at most; the smallest ones are in it."""


Saved = Table | PaperTable


def tables_of(context: Context, sections: Iterable[Section]) -> dict[str, Saved]:
    """Every table by its name: of the results, of those against other baselines, and of the sections."""
    results = [*context.results.values(), *(r for by in context.by_baseline.values() for r in by.values())]
    tables: list[Saved] = [table for section in sections for table in section.tables]
    for result in reversed(results):
        tables[:0] = [*result.tables, *result.files, *result.paper]
    by_name: dict[str, Saved] = {}
    for table in tables:
        by_name.setdefault(table.name, table)
    return by_name


def formats_of(table: Saved) -> tuple[str, ...]:
    """The formats in which the page holds a table; one in the layout of the paper is LaTeX alone."""
    if isinstance(table, PaperTable):
        return ("tex",)
    if len(table.rows) > LONGEST:
        return ()
    return ("csv",) if len(table.rows) > LONG else tuple(FORMATS)


def table_texts(tables: Mapping[str, Saved]) -> dict[str, dict[str, str]]:
    """The texts of every table, by name and format, as its files hold them."""
    return {name: {kind: _written(_text(table, kind)) for kind in formats_of(table)} for name, table in tables.items()}


def _text(table: Saved, kind: str) -> str:
    return table.to_latex() if isinstance(table, PaperTable) else FORMATS[kind](table)


def _written(text: str) -> str:
    """Text with lone surrogates as their escapes, as they are written to a file."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def table_list(tables: Mapping[str, Saved]) -> dict[str, dict[str, Any]]:
    """What the page says of every table, by name."""
    return {name: _listed(table) | {"formats": formats_of(table)} for name, table in tables.items()}


def _listed(table: Saved) -> dict[str, Any]:
    if isinstance(table, PaperTable):  # whose caption and rows are LaTeX
        return {"title": "In the layout of the paper", "rows": len(table.body)}
    return {"title": table.title, "rows": len(table.rows)}


class Figure(NamedTuple):
    """A figure beside the page."""

    name: str
    files: tuple[str, ...]
    """Suffixes of its files, as ``svg``."""
    held: Mapping[str, bytes]
    """By suffix, the compressed files that the page holds."""


def figures_of(paths: Sequence[Path], size: int = FIGURES_SIZE) -> list[Figure]:
    """The figures of a report, in order.

    Args:
        paths: files of the figures; only vector graphics are taken.
        size: bytes of base64 that the page spends on them.

    Raises:
        OSError: a figure cannot be read.
    """
    files = [path for path in paths if path.suffix in FIGURE_SUFFIXES]
    packed = {path: gzip.compress(read_bytes(path, 2**31), compresslevel=9, mtime=0) for path in files}
    held: set[Path] = set()
    for path in sorted(files, key=lambda path: len(packed[path])):
        size -= -(-len(packed[path]) // 3) * 4
        if size >= 0:
            held.add(path)
    return [
        Figure(
            stem,
            tuple(path.suffix[1:] for path in files if path.stem == stem),
            {path.suffix[1:]: packed[path] for path in files if path.stem == stem and path in held},
        )
        for stem in dict.fromkeys(path.stem for path in files)
    ]
