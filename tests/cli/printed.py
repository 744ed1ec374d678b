"""Tables as a terminal of some width shows them."""

import io
import re
from collections.abc import Sequence

from rich.console import Console

from pixcon_cli.tables import show_tables
from pixcon_diag.tables.table import Table


def printed(tables: Sequence[Table], width: int) -> str:
    """What stands on the screen."""
    console = Console(file=(buffer := io.StringIO()), force_terminal=True, width=width, color_system=None, emoji=False)
    show_tables(console, tables)
    return buffer.getvalue()


def cells(text: str) -> list[list[str]]:
    """The cells of every printed line that is part of a table."""
    lines = [line for line in text.splitlines() if line.startswith(("│", "┃"))]
    return [[cell.strip() for cell in re.split("[│┃]", line)[1:-1]] for line in lines]
