"""Training curves as tables: every epoch of every run, and the thresholds by class."""

from typing import NamedTuple

from pixcon_diag.measures.dynamics import DynamicsResult, RunDynamics
from pixcon_diag.tables.table import Column, Kind, Table


class Curve(NamedTuple):
    """A quantity of :class:`RunDynamics` with a value in each epoch."""

    key: str
    """Its name in CSV files."""
    head: str
    kind: Kind = "per_cent"
    digits: int | None = None
    attribute: str = ""
    """Its attribute, if other than ``key``."""

    def values(self, run: RunDynamics) -> tuple[float, ...]:
        """The values of ``run``, one per epoch."""
        values: tuple[float, ...] = getattr(run, self.attribute or self.key)
        return values


MIOUS = (Curve("ema_miou", "EMA mIoU %"), Curve("student_miou", "student mIoU %"))
RETAINED = Curve("mask_ratio", "retained %", attribute="retention")
TRAINING = (
    Curve("threshold", "τ", "number", 3),
    Curve("contamination", "ρ_F", "number"),
    Curve("replaced", "replaced %"),
    Curve("bank_contamination", "bank's ρ_F", "number"),
)
"""Curves of the pseudo-labels and the bank, which only some logs have."""


class _Epoch(NamedTuple):
    """An epoch of a run, and a class in tables by class."""

    group: str
    run: RunDynamics
    i: int
    label: str = ""


_EPOCH: tuple[Column[_Epoch], ...] = (
    Column("group", "group"),
    Column("run", "run", of=lambda r: r.run.name),
    Column("epoch", "epoch", of=lambda r: r.run.epoch[r.i]),
    Column("finished", "epochs finished", of=lambda r: r.run.finished[r.i]),
)


def curves_table(result: DynamicsResult) -> Table:
    """Every epoch of every run."""
    losses = dict.fromkeys(name for group in result.groups for run in group.runs for name in run.losses)
    columns = [
        *_EPOCH,
        *map(_curve_column, (*MIOUS, RETAINED)),
        *map(_loss_column, losses),
        *map(_curve_column, logged(result)),
    ]
    return Table.of("dynamics_curves", "Curves", _epochs(result), columns)


def thresholds_tables(result: DynamicsResult) -> list[Table]:
    """τ of every class in every epoch, of the runs with thresholds by class; no table if there are none."""
    rows = [row._replace(label=label) for row in _epochs(result) for label in row.run.thresholds]
    columns: tuple[Column[_Epoch], ...] = (
        *_EPOCH,
        Column("class", "class", of=lambda r: r.label),
        Column("threshold", "τ", "number", 3, of=lambda r: r.run.thresholds[r.label][r.i]),
    )
    return [Table.of("dynamics_thresholds", "Thresholds by class", rows, columns)] if rows else []


def _curve_column(curve: Curve) -> Column[_Epoch]:
    return Column(curve.key, curve.head, curve.kind, curve.digits, of=lambda r: curve.values(r.run)[r.i])


def _loss_column(name: str) -> Column[_Epoch]:
    return Column(name, name, "number", of=lambda r: r.run.losses[name][r.i] if name in r.run.losses else None)


def logged(result: DynamicsResult) -> list[Curve]:
    """The curves of :data:`TRAINING` that at least one log has."""
    runs = [run for group in result.groups for run in group.runs]
    return [c for c in TRAINING if any(value == value for run in runs for value in c.values(run))]


def _epochs(result: DynamicsResult) -> list[_Epoch]:
    return [_Epoch(g.name, run, i) for g in result.groups for run in g.runs for i in range(len(run.epoch))]
