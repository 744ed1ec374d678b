"""The gradient split as tables: the ratio of both loss forms beside the count law, and the controlled sweep."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from pixcon_diag.analyses.gradient_split import CLEAN, MeasuredGradient
from pixcon_diag.analyses.measured import identity
from pixcon_diag.analyses.trained_rules import trained_notes
from pixcon_diag.measures.gradient_result import LAW_TOLERANCE, SplitRates
from pixcon_diag.tables.section import Section, section
from pixcon_diag.tables.table import AnyColumn, Cell, Column, Table

FORMS = {"eq3": "Eq. 3", "supcon": "SupCon"}

WHAT = (
    "−η ∂L/∂z of each anchor split by the truth of its positives: g_T from true ones, g_F from false ones. The law "
    "ρ_F/(1−ρ_F) assumes equal weight per entry (assumption iii) and leaves cancellation within either part out; the "
    "paper reads it as an upper estimate. ratio/law says whether it is one here."
)

_RATES: tuple[AnyColumn, ...] = (
    Column("anchors", "anchors", "count"),
    Column("rho_f", "ρ_F of positives", "number"),
    Column("ratio", "‖g_F‖/‖g_T‖", "number"),
    Column("law", "law", "number"),
    Column("departure", "ratio/law", "number", 3),
    Column("mass", "mass of P^F", "number"),
    Column("cosine", "cos(g_F, g_T)", "number", 3),
    Column("deflection", "deflection °", "number", 2),
)


def gradient_section(measured: Sequence[MeasuredGradient]) -> Section:
    """The split of every checkpoint and rule, and the sweep."""
    return section(
        "gradient",
        [split_table(measured), *([sweep_table(measured)] if any(each.sweep for each in measured) else [])],
        [classes_table(measured)],
        results=[
            {
                "name": each.measured.name,
                "group": each.group,
                "provenance": asdict(each.measured.provenance),
                "bank": asdict(each.replayed.provenance),
                "options": asdict(each.options),
                "classes": each.measured.data.spec.classes,
                "rule": rule,
                "trained_rule": each.replayed.trained,
                "tau": each.replayed.options.tau,
                "space": each.replayed.space,
                "gradient": result.to_dict(),
                "sweep": _sweep(each) if rule == CLEAN else {},
            }
            for each in measured
            for rule, result in each.by_rule.items()
        ],
    )


def split_table(measured: Sequence[MeasuredGradient]) -> Table:
    """A row for each checkpoint, rule and form of the loss."""
    rows: list[tuple[Cell, ...]] = []
    about = []
    for each in measured:
        for rule, result in each.by_rule.items():
            for form, label in FORMS.items():
                rows.append((each.measured.name, rule, label, *_cells(getattr(result, form).overall)))
                about.append(_about(each))
    columns: tuple[AnyColumn, ...] = (Column("name", "checkpoint"), Column("rule", "bank"), Column("form", "loss"))
    return Table(
        "gradient",
        "Gradient of the anchors by the truth of their positives",
        (*columns, *_RATES),
        tuple(rows),
        (WHAT, *_spaces(measured), *trained_notes([each.replayed for each in measured]), *_departures(measured)),
        tuple(about),
    )


def sweep_table(measured: Sequence[MeasuredGradient]) -> Table:
    """The clean bank with ever more relabelled entries, against the law."""
    rows: list[tuple[Cell, ...]] = []
    for each in measured:
        for way, points in each.sweep.items():
            for point in points:
                eq3, supcon = point.result.eq3.overall, point.result.supcon.overall
                ratios = (supcon.law, eq3.ratio, eq3.departure, supcon.ratio, supcon.departure)
                rows.append((each.measured.name, way, point.fraction, supcon.rho_f, *ratios))
    return Table(
        "gradient_sweep",
        "Controlled contamination of the clean bank",
        (
            Column("name", "checkpoint"),
            Column("way", "relabelled by"),
            Column("fraction", "fraction", "number", 2),
            Column("rho_f", "ρ_F", "number"),
            Column("law", "law", "number"),
            Column("eq3_ratio", "ratio", "number", over="Eq. 3"),
            Column("eq3_departure", "ratio/law", "number", 3, over="Eq. 3"),
            Column("supcon_ratio", "ratio", "number", over="SupCon"),
            Column("supcon_departure", "ratio/law", "number", 3, over="SupCon"),
        ),
        tuple(rows),
        tuple(_sweep_departures(measured)),
    )


def classes_table(measured: Sequence[MeasuredGradient]) -> Table:
    """Every class of the anchor."""
    rows: list[tuple[Cell, ...]] = []
    for each in measured:
        names = each.measured.data.spec.classes
        for rule, result in each.by_rule.items():
            for form, label in FORMS.items():
                for name, rates in zip(names, getattr(result, form).classes, strict=True):
                    rows.append((each.measured.name, rule, label, name, *_cells(rates)))
    columns: tuple[AnyColumn, ...] = (
        Column("name", "checkpoint"),
        Column("rule", "bank"),
        Column("form", "loss"),
        Column("class", "class"),
    )
    return Table("gradient_classes", "Classes", (*columns, *_RATES), tuple(rows))


def _cells(rates: SplitRates) -> tuple[Cell, ...]:
    return tuple(getattr(rates, column.key) for column in _RATES)


def _sweep(each: MeasuredGradient) -> dict[str, list[dict[str, object]]]:
    return {way: [point.to_dict() for point in points] for way, points in each.sweep.items()}


def _about(each: MeasuredGradient) -> dict[str, object]:
    bank = each.replayed.provenance.data
    return {
        "group": each.group,
        **identity(each.measured),
        "space": each.replayed.space,
        "bank_list": bank.list_name,
        "bank_list_sha256": bank.list_sha256,
        "temperature": each.options.temperature,
        **asdict(each.replayed.options),
    }


def _spaces(measured: Sequence[MeasuredGradient]) -> Iterator[str]:
    for space in dict.fromkeys(each.replayed.space for each in measured):
        names = ", ".join(each.measured.name for each in measured if each.replayed.space == space)
        what = "the projection head's output" if space == "projection" else "the fused decoder feature (no head)"
        yield f"Embedding of {names}: {what}. Anchors: pixels of the measured list with their ground truth."


def _departures(measured: Sequence[MeasuredGradient]) -> Iterator[str]:
    """Where the ratio of Eq. 3 is not the law's."""
    for each in measured:
        for rule, result in each.by_rule.items():
            if result.eq3.departs:
                names = ", ".join(each.measured.data.spec.classes[k] for k in result.eq3.departs)
                where = f"{each.measured.name}, {rule}"
                yield f"{where}: Eq. 3 departs from the law by more than {LAW_TOLERANCE:.0%} for {names}."


def _sweep_departures(measured: Sequence[MeasuredGradient]) -> Iterator[str]:
    for each in measured:
        for way, points in each.sweep.items():
            for form, label in FORMS.items():
                rates = [getattr(point.result, form).overall for point in points]
                off = [r.rho_f for r in rates if abs(r.departure - 1) > LAW_TOLERANCE]
                known = sum(not math.isnan(r.departure) for r in rates)
                where = f"{each.measured.name}, {way}, {label}"
                said = f" (ρ_F {min(off):.3f} to {max(off):.3f})" if off else ""
                yield f"{where}: more than {LAW_TOLERANCE:.0%} from the law at {len(off)} of {known} points{said}."
