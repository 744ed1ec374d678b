"""Every kind of cell as text, and rows as records."""

import math
from typing import Any, get_args

import numpy as np
import pytest

from pixcon_diag.statistics.spread import Spread
from pixcon_diag.tables.table import Cell, Column, Kind, Table
from tests.pixcon_diag.tables.made import made

NAN = math.nan


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("text", "a b", "a b"),
        ("text", 0.95, "0.95"),
        ("text", 7, "7"),
        ("text", True, "True"),
        ("count", 1234567, "1,234,567"),
        ("count", 3.0, "3"),
        ("count", np.int64(1000), "1,000"),
        ("delta_count", 2.0, "+2"),
        ("delta_count", -1234, "-1,234"),
        ("delta_count", 1.5, "+1.5"),
        ("number", 0.01849, "0.0185"),
        ("number", 2, "2.0000"),
        ("delta", 0.01, "+0.0100"),
        ("delta", -0.01, "-0.0100"),
        ("per_cent", 0.98765, "98.77"),
        ("points", 0.0123, "+1.23"),
        ("points", -0.0123, "-1.23"),
        ("number", Spread(0.5, 0.25), "0.5000 ± 0.2500"),
        ("per_cent", Spread(0.5, 0.025), "50.00 ± 2.50"),
        ("points", Spread(0.5, 0.025), "+50.00 ± 2.50"),
        ("count", Spread(1234.5, 2.0), "1,234.5 ± 2.0"),
        ("number", Spread(0.5, NAN), "0.5000"),
        ("number", Spread(NAN, 0.5), "–"),
    ],
)
def test_every_kind_has_its_text(kind: Kind, value: Cell, text: str) -> None:
    assert Column("x", "x", kind).text(value) == text


@pytest.mark.parametrize("kind", [*get_args(Kind)])
@pytest.mark.parametrize("value", [None, NAN, math.inf, "", Spread(NAN, NAN), np.float32("nan")])
def test_what_is_undefined_is_a_dash_and_never_zero(kind: Kind, value: Any) -> None:
    assert Column("x", "x", kind).text(value) == "–"


def test_decimals_can_be_asked_for() -> None:
    assert Column("x", "x", "per_cent", 1).text(0.12345) == "12.3"
    assert Column("x", "x", "per_cent", 0).text(Spread(0.5, 0.125)) == "50 ± 12"


def test_a_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="has 3 columns, but a row of 2 cells"):
        made(("a", 0.5))
    with pytest.raises(ValueError, match="has 1 rows, but extra columns for 2"):
        made(("a", 0.5, 1), extra=({}, {}))


def test_records_are_full_values_after_where_they_come_from() -> None:
    table = made(("a", 1 / 3, 2), ("b", Spread(0.5, 0.25), None), extra=({"sha256": "f0"}, {"sha256": "f1"}))
    assert table.records() == [
        {"sha256": "f0", "name": "a", "rho_f": 1 / 3, "pixels": 2},
        {"sha256": "f1", "name": "b", "rho_f": 0.5, "rho_f_std": 0.25, "pixels": None},
    ]
    assert list(table.records()[0]) == ["sha256", "name", "rho_f", "pixels"]
    assert made(("a", 0.5, 1)).records() == [{"name": "a", "rho_f": 0.5, "pixels": 1}]


def test_columns_take_their_cells_from_row_objects() -> None:
    """By a function, or the attribute of the column's name."""
    columns: tuple[Column[complex], ...] = (Column("real", "Re"), Column("double", "2 Im", of=lambda row: 2 * row.imag))
    table = Table.of("t", "T", iter((1 + 2j, 3 + 4j)), columns, ["A note."], lambda row: {"conjugate": row.conjugate()})
    assert table.columns == columns and table.notes == ("A note.",)
    assert table.rows == ((1.0, 4.0), (3.0, 8.0))
    assert table.records()[1] == {"conjugate": 3 - 4j, "real": 3.0, "double": 8.0}
