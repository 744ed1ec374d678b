"""Tables of values under typed columns, the source of every rendering and file."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Never, TypeVar, get_args

from pixcon_diag.statistics.spread import Spread

UNDEFINED = "–"

Kind = Literal["text", "count", "delta_count", "number", "delta", "per_cent", "points"]
"""``per_cent``: a fraction, shown times 100; ``delta`` and ``delta_count``: a difference of numbers or counts with its
sign; ``points``: a difference of fractions in percentage points with its sign."""

Side = Literal["better", "worse"]
SIDES: tuple[Side, ...] = get_args(Side)

_COUNTS = ("count", "delta_count")
_DIGITS: dict[Kind, int] = {"count": 1, "delta_count": 1, "number": 4, "delta": 4, "per_cent": 2, "points": 2}
"""Default decimals; those of a count apply to a mean of counts, as a count is an integer."""


Cell = str | int | float | Spread | None

Row = TypeVar("Row")
RowIn = TypeVar("RowIn", contravariant=True)


@dataclass(frozen=True)
class Column(Generic[RowIn]):
    """One column, and the function that takes its cell from a row object."""

    key: str
    """Its name in CSV files."""
    head: str
    """Heading shown above it."""
    kind: Kind = "text"
    digits: int | None = None
    """Decimals; None: the default of the kind."""
    over: str = ""
    """Heading shared with the neighbouring columns, set above them in LaTeX and HTML."""
    of: Callable[[RowIn], Cell] | None = None
    """Takes the cell from a row object; None: the row's attribute ``key``."""
    minor: bool = False
    """Whether a narrow terminal leaves it out before the others."""
    higher_is_better: bool | None = None
    """The better sign of a difference; None for other columns."""

    def cell(self, row: RowIn) -> Cell:
        """The value of ``row`` in this column."""
        return getattr(row, self.key) if self.of is None else self.of(row)

    @property
    def title(self) -> str:
        """Both headings in one."""
        return f"{self.over} {self.head}".strip()

    def side(self, value: Cell) -> Side | None:
        """Whether a cell says that something is better or worse, by its sign or in words; None if neither."""
        if isinstance(value, str):
            return next((side for side in SIDES if value == side), None)
        number = value.mean if isinstance(value, Spread) else value
        if self.higher_is_better is None or number is None or not number or math.isnan(number):
            return None
        return "better" if (number > 0) == self.higher_is_better else "worse"

    def text(self, value: Cell) -> str:
        """A cell as shown; an undefined value is a dash."""
        if value is None or value == "":
            return UNDEFINED
        if isinstance(value, Spread):
            mean = self.text(value.mean)
            finite = math.isfinite(value.mean) and math.isfinite(value.std)
            return f"{mean} ± {self._number(value.std, sign=False)}" if finite else mean
        if isinstance(value, str):
            return value
        if not math.isfinite(value):
            return UNDEFINED
        if self.kind in _COUNTS and value == int(value):
            return f"{int(value):{'+' if self.kind == 'delta_count' else ''},}"
        if self.kind == "text":
            return f"{value:g}" if isinstance(value, float) else str(value)
        return self._number(value, sign=self.kind in ("delta", "delta_count", "points"))

    def _number(self, value: float, *, sign: bool) -> str:
        digits = _DIGITS[self.kind] if self.digits is None else self.digits
        scaled = 100 * value if self.kind in ("per_cent", "points") else value
        return f"{scaled:{'+' if sign else ''}{',' if self.kind in _COUNTS else ''}.{digits}f}"


AnyColumn = Column[Never]
"""A column of any type of rows."""


@dataclass(frozen=True)
class Table:
    """Rows of values under typed columns."""

    name: str
    """Name of its file."""
    title: str
    columns: tuple[AnyColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    """Sentences below it: definitions, assumptions, what was left out."""
    extra: tuple[Mapping[str, Any], ...] = ()
    """For each row, columns that only files have, such as the provenance."""

    @classmethod
    def of(
        cls,
        name: str,
        title: str,
        rows: Iterable[Row],
        columns: Sequence[Column[Row]],
        notes: Iterable[str] = (),
        extra: Callable[[Row], Mapping[str, Any]] | None = None,
    ) -> "Table":
        """A table with one row per row object, from which each column takes its cell.

        Args:
            name: name of its file.
            title: text above it.
            rows: one object per row.
            columns: columns from left to right.
            notes: see :attr:`notes`.
            extra: gives a row's entry of :attr:`extra`.
        """
        row_list = list(rows)
        cells = tuple(tuple(column.cell(row) for column in columns) for row in row_list)
        return cls(name, title, tuple(columns), cells, tuple(notes), tuple(map(extra, row_list)) if extra else ())

    def __post_init__(self) -> None:
        if self.extra and len(self.extra) != len(self.rows):
            raise ValueError(f"Table {self.name} has {len(self.rows)} rows, but extra columns for {len(self.extra)}.")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"Table {self.name} has {len(self.columns)} columns, but a row of {len(row)} cells.")

    def texts(self) -> list[list[str]]:
        """Every row as shown."""
        return [[column.text(cell) for column, cell in zip(self.columns, row, strict=True)] for row in self.rows]

    def records(self) -> list[dict[str, Any]]:
        """Every row as values by column name, at full precision; a spread gives the mean and ``<name>_std``."""
        extras = self.extra or ({},) * len(self.rows)
        return [{**extra, **dict(_flat(self.columns, row))} for extra, row in zip(extras, self.rows, strict=True)]


def _flat(columns: Sequence[AnyColumn], row: Sequence[Cell]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for column, cell in zip(columns, row, strict=True):
        if isinstance(cell, Spread):
            pairs += [(column.key, cell.mean), (f"{column.key}_std", cell.std)]
        else:
            pairs.append((column.key, cell))
    return pairs
