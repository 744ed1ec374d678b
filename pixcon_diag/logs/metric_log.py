"""Runs in tables of metrics: a row per epoch, step or evaluation, with columns known by their names.

Rows of one epoch are put together: of a (class) IoU the last value, of losses, retention and threshold the mean.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pixcon_diag.logs.history import (
    MOST_EPOCHS,
    EpochRecord,
    Evaluation,
    NoEpochError,
    RunHistory,
    Weights,
    folder_name,
)
from pixcon_diag.logs.metric_columns import Quantity, Role, clearness, role_of
from pixcon_diag.logs.metric_files import MetricTable
from pixcon_diag.statistics.spread import NAN, mean
from pixcon_train.core.errors import DataError

GENERIC = frozenset({"metrics", "history", "wandb-history", "wandb_history", "scalars"})
"""Names of files that do not name the run."""
RUN = " - "
"""Between the run's name and the metric in the columns of a chart exported from W&B."""
NAMED = 6
"""Most columns that a note names."""
NETWORKS: tuple[Weights, ...] = ("student", "ema")
EXPECTED = "`epoch`, `miou` or `val/mIoU`, `ema_miou`, `iou/CLASS`, `loss`, `mask_ratio`, `threshold`"

Key = tuple[Quantity, Weights, str]


def histories_of(path: Path, table: MetricTable) -> list[RunHistory]:
    """The runs in a table: one, or each of those in a chart exported from W&B (`RUN - METRIC`).

    Raises:
        DataError: no column with a mIoU, no value in it, a rate outside of [0, 100], or epochs that begin again.
    """
    runs = _runs(table.columns)
    if runs:
        return [_Run(path, name or path.stem, columns, table).history() for name, columns in runs.items()]
    generic = path.stem.lower() in GENERIC
    return [_Run(path, folder_name(path.absolute().parent) if generic else path.stem, table.columns, table).history()]


def _runs(columns: Mapping[str, Sequence[float]]) -> dict[str, dict[str, Sequence[float]]]:
    """The columns of each run in a chart's table, with those that all share; empty if it is none."""
    shared = {name: values for name, values in columns.items() if RUN not in name}
    own = [name for name in columns if RUN in name]
    if not own or any((role := role_of(name)) is None or role.quantity not in ("epoch", "step") for name in shared):
        return {}
    runs: dict[str, dict[str, Sequence[float]]] = {}
    for name in own:
        run, _, metric = name.rpartition(RUN)
        runs.setdefault(run, dict(shared))[metric] = columns[name]
    return runs


@dataclass(frozen=True)
class _Run:
    """The columns of one run."""

    path: Path
    name: str
    columns: Mapping[str, Sequence[float]]
    table: MetricTable

    def history(self) -> RunHistory:
        """The run, epoch by epoch."""
        roles = {name: role for name in self.columns if (role := role_of(name)) is not None}
        chosen = _chosen(roles)
        if not any(quantity == "miou" for quantity, _, _ in chosen):
            raise DataError(
                f"{self.path} has no column with a mIoU; it has {_listed([*self.columns, *self.table.text])}. Name the "
                f"columns as {EXPECTED}."
            )
        rows = self._rows_by_epoch(chosen)
        scales = {quantity: self._scale(chosen, quantity) for quantity in ("miou", "iou", "retention", "threshold")}
        classes = tuple(dict.fromkeys(name for quantity, _, name in chosen if quantity == "iou"))
        epochs = _Epochs(self.columns, chosen, scales, classes)
        return RunHistory(
            name=self.name,
            source=str(self.path),
            format="table",
            classes=classes,
            first_epoch=min(1, *rows),
            epochs=tuple(epochs.record(epoch, rows[epoch]) for epoch in rows),
            note=" ".join(self._notes(chosen, scales, {*roles} - {*chosen.values()})),
        )

    def _rows_by_epoch(self, chosen: Mapping[Key, str]) -> dict[int, list[int]]:
        """The rows of each epoch; without a column of epochs, each evaluation ends one."""
        evaluated = self._evaluated(chosen)
        if not any(evaluated):
            raise NoEpochError(f"{self.path} has no evaluated epoch: its columns of the mIoU are empty.")
        column = chosen.get(("epoch", "student", ""))
        numbers = self.columns[column] if column is not None else _counted(evaluated)
        if column is None:
            self._check_steps(evaluated)
        rows: dict[int, list[int]] = {}
        last, waiting = 0, list[int]()
        for row, number in enumerate(numbers):
            waiting.append(row)
            if math.isnan(number):
                continue
            epoch = self._epoch(number)
            if rows and epoch < last:
                raise DataError(
                    f"{self.path}: the epochs begin again, epoch {epoch} after epoch {last}. Give each run a separate "
                    "file."
                )
            rows.setdefault(epoch, []).extend(waiting)
            last, waiting = epoch, []
        if len(rows) > MOST_EPOCHS:
            raise DataError(
                f"{self.path} has {len(rows):,} epochs; at most {MOST_EPOCHS:,} are read. If its rows are steps, add a "
                "column `epoch`."
            )
        return rows

    def _evaluated(self, chosen: Mapping[Key, str]) -> list[bool]:
        """Whether each row has a mIoU."""
        mious = [self.columns[name] for (quantity, _, _), name in chosen.items() if quantity == "miou"]
        return [any(not math.isnan(values[row]) for values in mious) for row in range(len(mious[0]))]

    def _check_steps(self, evaluated: Sequence[bool]) -> None:
        for before, step in pairwise(self._steps(evaluated)):
            if step < before:
                raise DataError(
                    f"{self.path}: the steps begin again, step {step:g} after step {before:g}. Give each run a "
                    "separate file."
                )

    def _steps(self, evaluated: Sequence[bool]) -> list[float]:
        """The steps of the evaluations, as the first column of steps has them; empty without one."""
        columns = [values for name, values in self.columns.items() if role_of(name) == _STEP]
        steps = [step for step, there in zip(columns[0], evaluated, strict=True) if there] if columns else []
        return [step for step in steps if not math.isnan(step)]

    def _epoch(self, number: float) -> int:
        """A part of an epoch, as transformers counts them, belongs to the epoch in progress."""
        if not 0 <= number < 1e9:
            raise DataError(f"{self.path}: found the epoch {number:g}, expected a number from 0.")
        return math.ceil(number)

    def _scale(self, chosen: Mapping[Key, str], quantity: str) -> float:
        """The factor from the values of a quantity to fractions: they are in per cent if one is above 1."""
        names = [name for (found, _, _), name in chosen.items() if found == quantity]
        highest = 0.0
        for name in names:
            for value in self.columns[name]:
                if not math.isnan(value) and not 0 <= value <= 100:
                    raise DataError(
                        f"{self.path}, column `{name[:80]}`: found {value:g}, expected a fraction in [0, 1] or per "
                        "cent in [0, 100]."
                    )
                highest = max(highest, 0.0 if math.isnan(value) else value)
        return 0.01 if highest > 1 else 1.0

    def _notes(self, chosen: Mapping[Key, str], scales: Mapping[str, float], doubles: set[str]) -> list[str]:
        """What was read as what, and what was not."""
        unit = "per cent" if scales["miou"] < 1 else "fractions"
        read = [
            f"{network}: `{chosen['miou', network, '']}`" for network in NETWORKS if ("miou", network, "") in chosen
        ]
        notes = [f"mIoU read as {unit} ({', '.join(read)})."]
        others = [name for name in self.columns if name in chosen.values() and role_of(name) not in _MIOU]
        if others:
            notes.append(f"Also read: {_listed(others)}.")
        if ("epoch", "student", "") not in chosen:
            steps = self._steps(self._evaluated(chosen))
            at = f", at steps {steps[0]:g} to {steps[-1]:g}" if steps else ""
            notes.append(f"There is no column `epoch`: evaluations are counted{at}.")
        unknown = [name for name in self.columns if role_of(name) is None]
        if unread := [*unknown, *sorted(name for name in doubles if role_of(name) not in _QUIET), *self.table.text]:
            notes.append(f"Not read: {_listed(unread)}.")
        return [*notes, *([self.table.note] if self.table.note else [])]


_MIOU = tuple(Role("miou", network) for network in NETWORKS)
_STEP = Role("step")
_QUIET = (Role("aside"), _STEP, Role("epoch"))


def _counted(evaluated: Sequence[bool]) -> list[float]:
    """Numbers of evaluations from 1; NaN at other rows."""
    count, numbers = 0, []
    for is_evaluation in evaluated:
        count += is_evaluation
        numbers.append(float(count) if is_evaluation else NAN)
    return numbers


def _chosen(roles: Mapping[str, Role]) -> dict[Key, str]:
    """The column of each quantity: of several the one whose name says most, else the first."""
    chosen: dict[Key, str] = {}
    for name, role in roles.items():
        key = (role.quantity, role.network, role.name)
        if role.quantity not in ("aside", "step") and (key not in chosen or clearness(name) > clearness(chosen[key])):
            chosen[key] = name
    return chosen


@dataclass(frozen=True)
class _Epochs:
    """Makes the record of an epoch from its rows."""

    columns: Mapping[str, Sequence[float]]
    chosen: Mapping[Key, str]
    scales: Mapping[str, float]
    classes: tuple[str, ...]

    def record(self, epoch: int, rows: Sequence[int]) -> EpochRecord:
        """The values of an epoch."""
        losses = [(name, column) for (quantity, _, name), column in self.chosen.items() if quantity == "loss"]
        return EpochRecord(
            epoch=epoch,
            student=self._evaluation("student", rows),
            ema=self._evaluation("ema", rows),
            retention=self._rate("retention", rows),
            losses={name: mean(self._values(column, rows)) for name, column in losses},
            threshold=self._rate("threshold", rows),
        )

    def _evaluation(self, network: Weights, rows: Sequence[int]) -> Evaluation:
        miou = self._last("miou", network, "", rows)
        iou = tuple(self._last("iou", network, name, rows) for name in self.classes)
        return Evaluation(miou, iou if not math.isnan(miou) and not all(map(math.isnan, iou)) else ())

    def _last(self, quantity: Quantity, network: Weights, name: str, rows: Sequence[int]) -> float:
        column = self.chosen.get((quantity, network, name))
        values = self._values(column, rows) if column is not None else []
        return _scaled(values[-1], self.scales[quantity]) if values else NAN

    def _rate(self, quantity: Quantity, rows: Sequence[int]) -> float:
        column = self.chosen.get((quantity, "student", ""))
        return mean([_scaled(value, self.scales[quantity]) for value in self._values(column, rows)]) if column else NAN

    def _values(self, column: str, rows: Sequence[int]) -> list[float]:
        """The values of a column in the rows that have one."""
        values = self.columns[column]
        return [values[row] for row in rows if not math.isnan(values[row])]


def _scaled(value: float, scale: float) -> float:
    """The fraction, as near to a printed number of per cent as the one that text logs give."""
    return value if scale == 1 else value / 100


def _listed(names: Sequence[str]) -> str:
    """The first names, and how many there are."""
    shown = ", ".join(f"`{name[:40]}`" for name in names[:NAMED]) or "none"
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown
