"""One command's outcome, ready to be shown, written and drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixcon_diag.tables.html import to_html
from pixcon_diag.tables.latex import to_latex
from pixcon_diag.tables.paper_table import PaperTable
from pixcon_diag.tables.table import Table
from pixcon_diag.tables.text import to_text
from pixcon_diag.tables.writing import TABLES, write_latex, write_results
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import remove_leftovers
from pixcon_train.core.foreign_text import html_text
from pixcon_train.core.hints import hint
from pixcon_train.core.version import VERSION

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Result:
    """The result of an analysis: a table in a terminal, HTML in a notebook.

    Example:
        >>> import torch
        >>> from pixcon_diag import DataChoice, RunChoice, Study, StudyOptions, wrap_module
        >>> network = wrap_module(torch.nn.Conv2d(3, 11, 1), num_classes=11, name="one layer")
        >>> options = StudyOptions(data=DataChoice("digits", limit=2), run=RunChoice(workers=0))
        >>> result = Study({"mine": network}, options=options).contamination()
        >>> result.to_dict()["command"], result.to_frame()["name"][0]
        ('contamination', 'mine')
    """

    command: str
    content: dict[str, Any]
    """The full content for JSON: rates as fractions with their counts, undefined values NaN."""
    tables: tuple[Table, ...]
    """Tables that are shown, in order."""
    files: tuple[Table, ...] = ()
    """Longer tables that are only written to files."""
    paper: tuple[PaperTable, ...] = ()
    """Tables in the layout, rounding and signs of the paper, written as LaTeX."""
    summary: tuple[str, ...] = ()
    """Sentences above the tables, the conclusion first."""
    folder: Path = Path()
    """Folder of the files that the content names, such as the panels of ``qualitative``."""

    @classmethod
    def of(
        cls,
        command: str,
        tables: Sequence[Table],
        files: Sequence[Table] = (),
        *,
        paper: Iterable[PaperTable] = (),
        summary: Sequence[str] = (),
        **content: Any,
    ) -> "Result":
        """A result whose content begins with the command, the version, the notes of its tables and its summary."""
        notes = list(dict.fromkeys(note for table in tables for note in table.notes))
        head = {"command": command, "version": VERSION, "notes": notes}
        head |= {"summary": list(summary)} if summary else {}
        return cls(command, head | content, tuple(tables), tuple(files), tuple(paper), tuple(summary))

    def __repr__(self) -> str:
        numbered = "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(self.summary, 1))
        return "\n\n".join(filter(None, (numbered, *(to_text(table) for table in self.tables))))

    def _repr_html_(self) -> str:
        sentences = [f"<p>{html_text(sentence)}</p>" for sentence in self.summary]
        return "\n".join([*sentences, *(to_html(table) for table in self.tables)])

    def to_dict(self) -> dict[str, Any]:
        """What the command writes as JSON."""
        return self.content

    def to_frame(self, name: str | None = None) -> "pd.DataFrame":
        """A table as a data frame: a row per record, at full precision, with the provenance columns.

        Args:
            name: name of the table (and its CSV file); None: the first table.

        Raises:
            ConfigError: no table has that name.
        """
        import pandas as pd

        tables = {table.name: table for table in (*self.tables, *self.files)}
        if name is not None and name not in tables:
            raise ConfigError(f"No table is called '{name}'{hint(name, tables)}. There are: {', '.join(tables)}.")
        return pd.DataFrame(tables[name or next(iter(tables))].records())

    def plot(self, name: str | None = None, *, style: str | None = None) -> "Figure":
        """The figure of the command, drawn from the result alone.

        Args:
            name: name of the figure; None: the first figure.
            style: a style of matplotlib, or the path of an ``.mplstyle`` file.

        Raises:
            ConfigError: no figure of the command has that name, or there is no such style.
        """
        from pixcon_figures.drawing import draw_result  # imported here: nothing but drawing needs matplotlib

        figures = draw_result(self.command, self.content, self.folder, style=style)
        if not figures or (name is not None and name not in figures):
            raise ConfigError(f"No figure of `{self.command}` is called '{name}'. There are: {', '.join(figures)}.")
        return figures[name or next(iter(figures))]

    def write(self, folder: str | Path) -> list[Path]:
        """Write ``<command>.json``, a CSV file per table, and into ``tables`` a LaTeX file per shown table and per
        table in the layout of the paper; return the paths written.

        Temporary files that a killed process left in these folders are removed.

        Raises:
            PixConError: the folder cannot be written.
        """
        folder = Path(folder)
        tables = {table.name: table.records() for table in (*self.tables, *self.files)}
        for place in (folder, folder / TABLES):
            remove_leftovers(place)
        return [*write_results(folder, self.command, self.content, tables), *write_latex(folder, self.latex())]

    def latex(self) -> dict[str, str]:
        """LaTeX of each shown table, and of each table in the layout of the paper, by name."""
        return {table.name: to_latex(table) for table in self.tables} | {
            table.name: table.to_latex() for table in self.paper
        }
