"""One command's outcome, ready to be shown, written and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pixcon_diag.tables.table import Table
from pixcon_diag.tables.writing import write_results


@dataclass(frozen=True)
class Section:
    """What a command found."""

    command: str
    content: dict[str, Any]
    """Everything, ready for JSON: rates as fractions, counts beside them, undefined values NaN."""
    tables: tuple[Table, ...]
    """What a person reads, in order."""
    files: tuple[Table, ...] = ()
    """Longer ones that are only written."""

    def write(self, folder: Path) -> list[Path]:
        """Write ``<command>.json`` and a CSV file per table into ``folder``; the paths written.

        Raises:
            PixConError: the folder cannot be written.
        """
        tables = {table.name: table.records() for table in (*self.tables, *self.files)}
        return write_results(folder, self.command, self.content, tables)


def section(command: str, tables: Sequence[Table], files: Sequence[Table] = (), **content: Any) -> Section:
    """A section whose JSON says which command and version made it, and repeats its tables' notes."""
    notes = list(dict.fromkeys(note for table in tables for note in table.notes))
    head = {"command": command, "version": version("pixcon-diag"), "notes": notes}
    return Section(command, head | content, tuple(tables), tuple(files))
