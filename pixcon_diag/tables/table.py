"""Tables as values under described columns, from which every rendering and every file is made."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Never, TypeVar

from pixcon_diag.statistics import Spread

UNDEFINED = "–"

Kind = Literal["text", "count", "number", "delta", "per_cent", "points"]
"""``per_cent``: a fraction, shown times 100; ``delta``: a difference with its sign; ``points``: a difference of
fractions in percentage points with its sign."""

_DIGITS: dict[Kind, int] = {"count": 1, "number": 4, "delta": 4, "per_cent": 2, "points": 2}
"""Usual decimals; those of a count are for a mean of counts, a count itself has none."""


Cell = str | int | float | Spread | None

Row = TypeVar("Row")
RowIn = TypeVar("RowIn", contravariant=True)


@dataclass(frozen=True)
class Column(Generic[RowIn]):
    """One column, with how a row object gives its cell."""

    key: str
    """Its name in CSV files."""
    head: str
    """What a reader sees above it."""
    kind: Kind = "text"
    digits: int | None = None
    """Decimals; what is usual for the kind where None."""
    over: str = ""
    """Heading that it shares with its neighbours, which LaTeX and HTML set above them."""
    of: Callable[[RowIn], Cell] | None = None
    """The cell of a row object; where None, the row's attribute called ``key``."""

    def cell(self, row: RowIn) -> Cell:
        """The value of a row object in this column."""
        return getattr(row, self.key) if self.of is None else self.of(row)

    @property
    def title(self) -> str:
        """Both headings in one."""
        return f"{self.over} {self.head}".strip()

    def text(self, value: Cell) -> str:
        """A cell as it is shown; an undefined value is a dash."""
        if value is None or value == "":
            return UNDEFINED
        if isinstance(value, Spread):
            mean = self.text(value.mean)
            known = math.isfinite(value.mean) and math.isfinite(value.std)
            return f"{mean} ± {self._number(value.std, sign=False)}" if known else mean
        if isinstance(value, str):
            return value
        if not math.isfinite(value):
            return UNDEFINED
        if self.kind == "count" and value == int(value):
            return f"{int(value):,}"
        if self.kind == "text":
            return f"{value:g}" if isinstance(value, float) else str(value)
        return self._number(value, sign=self.kind in ("delta", "points"))

    def _number(self, value: float, *, sign: bool) -> str:
        digits = _DIGITS[self.kind] if self.digits is None else self.digits
        scaled = 100 * value if self.kind in ("per_cent", "points") else value
        return f"{scaled:{'+' if sign else ''}{',' if self.kind == 'count' else ''}.{digits}f}"


AnyColumn = Column[Never]
"""A column as it is shown, of whatever rows."""


@dataclass(frozen=True)
class Table:
    """Rows of values under described columns."""

    name: str
    """Name of its file."""
    title: str
    columns: tuple[AnyColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    """What must be said below it: assumptions, what was left out."""
    about: tuple[Mapping[str, Any], ...] = ()
    """For each row, further columns that only files have: where its numbers come from."""

    @classmethod
    def of(
        cls,
        name: str,
        title: str,
        rows: Iterable[Row],
        columns: Sequence[Column[Row]],
        notes: Iterable[str] = (),
        about: Callable[[Row], Mapping[str, Any]] | None = None,
    ) -> "Table":
        """A table of row objects, from which each column takes its cells.

        Args:
            name: name of its file.
            title: what stands above it.
            rows: one object a row.
            columns: from left to right.
            notes: see :attr:`notes`.
            about: gives a row's entry of :attr:`about`.
        """
        kept = list(rows)
        cells = tuple(tuple(column.cell(row) for column in columns) for row in kept)
        return cls(name, title, tuple(columns), cells, tuple(notes), tuple(map(about, kept)) if about else ())

    def __post_init__(self) -> None:
        if self.about and len(self.about) != len(self.rows):
            raise ValueError(f"Table {self.name} has {len(self.rows)} rows, but says of {len(self.about)} where from.")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"Table {self.name} has {len(self.columns)} columns, but a row of {len(row)} cells.")

    def texts(self) -> list[list[str]]:
        """Every row as it is shown."""
        return [[column.text(cell) for column, cell in zip(self.columns, row, strict=True)] for row in self.rows]

    def records(self) -> list[dict[str, Any]]:
        """Every row as values by column name, at full precision; of a spread, the mean and ``<name>_std``."""
        about = self.about or ({},) * len(self.rows)
        return [{**where, **dict(_flat(self.columns, row))} for where, row in zip(about, self.rows, strict=True)]


def _flat(columns: Sequence[AnyColumn], row: Sequence[Cell]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for column, cell in zip(columns, row, strict=True):
        if isinstance(cell, Spread):
            pairs += [(column.key, cell.mean), (f"{column.key}_std", cell.std)]
        else:
            pairs.append((column.key, cell))
    return pairs
