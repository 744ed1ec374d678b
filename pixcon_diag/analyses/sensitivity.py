"""Sensitivity to hyperparameters in the layout of Table 10: a block each, its values side by side."""

from pixcon_diag.analyses.deltas import delta_column
from pixcon_diag.groups.methods import Methods
from pixcon_diag.logs.history import Weights
from pixcon_diag.measures.sensitivity import Axis, SensitivityResult, sensitivity
from pixcon_diag.statistics import Spread, seeds_note
from pixcon_diag.tables.file_names import file_part
from pixcon_diag.tables.section import Section, section
from pixcon_diag.tables.table import AnyColumn, Cell, Column, Table


def sensitivity_section(result: SensitivityResult) -> Section:
    """All blocks in one table, and each one in the paper's layout."""
    return section(
        "sensitivity",
        [settings_table(result), *(block(axis, result) for axis in result.axes)],
        sensitivity=result.to_dict(),
    )


def settings_table(result: SensitivityResult) -> Table:
    """A row for each hyperparameter and value."""
    rows: list[tuple[Cell, ...]] = []
    for axis in result.axes:
        for setting in axis.settings:
            value = f"{setting.value}{' *' if setting.is_base else ''}"
            peak = ", ".join(map(str, setting.peak_epochs))
            best = Spread(setting.mean, setting.std)
            delta = None if setting.is_base else setting.delta
            rows.append((axis.hyperparameter, value, len(setting.runs), best, delta, peak, ", ".join(setting.runs)))
    return Table(
        "sensitivity",
        f"Best {result.weights} mIoU by hyperparameter",
        (
            Column("hyperparameter", "hyperparameter"),
            Column("value", "value"),
            Column("seeds", "seeds", "count"),
            Column("miou", "mIoU %", "per_cent"),
            delta_column("delta", "from the base", higher_is_better=True),
            Column("peak", "peak epoch"),
            Column("runs", "runs"),
        ),
        tuple(rows),
        _notes(result),
    )


def block(axis: Axis, result: SensitivityResult) -> Table:
    """Table 10's block of one hyperparameter: value, mIoU and peak epoch, a column a setting."""
    head: list[AnyColumn] = [Column("row", axis.hyperparameter)]
    columns: list[AnyColumn] = [
        Column(f"setting_{index}", f"{setting.value}{' *' if setting.is_base else ''}")
        for index, setting in enumerate(axis.settings)
    ]
    cell: AnyColumn = Column("miou", "mIoU %", "per_cent")
    miou = [cell.text(Spread(setting.mean, setting.std)) for setting in axis.settings]
    peak = [", ".join(map(str, setting.peak_epochs)) for setting in axis.settings]
    return Table(
        f"table10_{file_part(axis.hyperparameter)}",
        f"{axis.hyperparameter} (layout of Table 10)",
        (*head, *columns),
        (("mIoU %", *miou), ("peak epoch", *peak)),
        (f"Spread over the settings: {100 * axis.spread:.2f} points.",),
    )


def _notes(result: SensitivityResult) -> tuple[str, ...]:
    notes = [seeds_note([len(s.runs) for axis in result.axes for s in axis.settings])]
    if result.base:
        notes.append(f"* the base setting: {', '.join(result.base)}.")
    else:
        notes.append("Which setting is the base could not be told; name one with --base to have differences from it.")
    if result.partly_known:
        notes.append(f"Only some logs tell, and not compared: {', '.join(result.partly_known)}.")
    return tuple(notes)


def section_of(methods: Methods, base: str | None = None, weights: Weights = "ema") -> Section:
    """The best mIoU of the training logs over each hyperparameter.

    Args:
        methods: whose logs are compared.
        base: run or method of the base setting; the one from which all others differ once where None.
        weights: whose mIoU.
    """
    groups = methods.histories()
    runs = [run for group in groups.values() for run in group]
    return sensitivity_section(
        sensitivity(runs, base=groups[base][0].source if base in groups else base, weights=weights)
    )
