"""A small table for the tests of its renderings."""

from typing import Any

from pixcon_diag.tables.table import Cell, Column, Table


def made(*rows: tuple[Cell, ...], **options: Any) -> Table:
    columns = (Column("name", "checkpoint"), Column("rho_f", "ρ_F", "number"), Column("pixels", "px", "count"))
    return Table("t", "A title", columns, rows, **options)


TWO_LEVELS = Table(
    "t",
    "T",
    (
        Column("name", "checkpoint"),
        Column("a", "band", "number", over="ρ_F"),
        Column("b", "interior", "number", over="ρ_F"),
        Column("c", "px", "count"),
    ),
    (("x", 0.1, 0.2, 3),),
)
"""Two columns under one heading."""
