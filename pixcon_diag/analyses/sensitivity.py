"""Sensitivity to hyperparameters in the layout of Table 10: one block per hyperparameter, values side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pixcon_diag.analyses.deltas import delta_column
from pixcon_diag.groups.methods import Methods
from pixcon_diag.logs.history import Weights, common_weights, origins
from pixcon_diag.measures.sensitivity import Axis, SensitivityResult, Setting, sensitivity
from pixcon_diag.paper.sweep import table10
from pixcon_diag.statistics.spread import Spread, seeds_note
from pixcon_diag.tables.file_names import file_part
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import AnyColumn, Column, Table


def sensitivity_result(result: SensitivityResult, logs: Sequence[Mapping[str, str | None]] = ()) -> Result:
    """All settings in one table, and each hyperparameter in the paper's layout."""
    return Result.of(
        "sensitivity",
        [settings_table(result), *(block(axis) for axis in result.axes)],
        paper=[table10(result.to_dict())],
        sensitivity=result.to_dict(),
        logs=list(logs),
    )


_Line = tuple[str, Callable[[Setting], str]]
"""A line of a block: its label, and its text for each setting."""


class _Row(NamedTuple):
    """One value of a hyperparameter."""

    hyperparameter: str
    setting: Setting


def settings_table(result: SensitivityResult) -> Table:
    """A row for each hyperparameter and value."""
    return Table.of(
        "sensitivity",
        f"Best {result.weights} mIoU by hyperparameter",
        [_Row(axis.hyperparameter, setting) for axis in result.axes for setting in axis.settings],
        (
            Column("hyperparameter", "hyperparameter"),
            Column("value", "value", of=lambda r: _value(r.setting)),
            Column("seeds", "seeds", "count", of=lambda r: len(r.setting.runs)),
            Column("miou", "mIoU %", "per_cent", of=lambda r: Spread(r.setting.mean, r.setting.std)),
            delta_column(
                "delta",
                "from the base",
                higher_is_better=True,
                of=lambda r: None if r.setting.is_base else r.setting.delta,
            ),
            Column("peak", "peak epoch", of=lambda r: _peak(r.setting)),
            Column("runs", "runs", of=lambda r: ", ".join(r.setting.runs)),
        ),
        _notes(result),
    )


def block(axis: Axis) -> Table:
    """Table 10's block of one hyperparameter: value, mIoU and peak epoch, one column per setting."""
    return Table.of(
        f"table10_{file_part(axis.hyperparameter)}",
        f"{axis.hyperparameter} (layout of Table 10)",
        (("mIoU %", _miou), ("peak epoch", _peak)),
        (
            Column("row", axis.hyperparameter, of=lambda line: line[0]),
            *(_setting_column(index, setting) for index, setting in enumerate(axis.settings)),
        ),
        [f"Spread over the settings: {100 * axis.spread:.2f} points."],
    )


def _setting_column(index: int, setting: Setting) -> Column[_Line]:
    return Column(f"setting_{index}", _value(setting), of=lambda line: line[1](setting))


def _value(setting: Setting) -> str:
    return f"{setting.value}{' *' if setting.is_base else ''}"


def _miou(setting: Setting) -> str:
    cell: AnyColumn = Column("miou", "mIoU %", "per_cent")
    return cell.text(Spread(setting.mean, setting.std))


def _peak(setting: Setting) -> str:
    return ", ".join(map(str, setting.peak_epochs))


def _notes(result: SensitivityResult) -> tuple[str, ...]:
    notes = [seeds_note([len(s.runs) for axis in result.axes for s in axis.settings])]
    if result.base:
        notes.append(f"* the base setting: {', '.join(result.base)}.")
    else:
        notes.append("The base setting is ambiguous. Name it with --base to show differences from it.")
    if result.partly_known:
        notes.append(f"Recorded in only some logs, so not compared: {', '.join(result.partly_known)}.")
    return tuple(notes)


def result_of(methods: Methods, base: str | None = None, weights: Weights | None = None) -> Result:
    """The best mIoU of the training logs over each hyperparameter.

    Args:
        methods: the methods with logs to compare.
        base: run or method of the base setting; None: the one from which all others differ in one value.
        weights: network whose mIoU is compared; None: the EMA teacher, or the student if only that is in every log.

    Raises:
        ConfigError: the logs are not of a sweep.
    """
    groups = methods.histories()
    weights = weights or common_weights(groups)
    runs = [run for group in groups.values() for run in group]
    found = sensitivity(runs, base=groups[base][0].source if base in groups else base, weights=weights)
    return sensitivity_result(found, origins(groups))
