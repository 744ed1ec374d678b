"""Contamination as tables: one row per checkpoint and τ as in Table 8, the boundary, the classes, the curve."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from pixcon_diag.analyses.class_sets import uneven_note
from pixcon_diag.analyses.identity import identity, load_warnings
from pixcon_diag.measures.contamination_result import ContaminationResult, Rates, ThresholdResult
from pixcon_diag.passes.load_check import stated_miou
from pixcon_diag.passes.measured import MeasuredPass
from pixcon_diag.tables.section import Section, section
from pixcon_diag.tables.table import Cell, Column, Table

LOWER_BOUND = (
    "Void pixels are never counted. They lie where labels are hardest to draw, so every ρ_F here is a lower bound of "
    "the error among the pixels that a bank filled by confidence would take in."
)


@dataclass(frozen=True)
class NamedContamination:
    """A checkpoint's contamination at the thresholds asked for."""

    group: str
    measured: MeasuredPass
    result: ContaminationResult


def contamination_section(members: Sequence[tuple[str, MeasuredPass]], taus: Sequence[float]) -> Section:
    """Contamination of checkpoints, each with its group's name.

    Raises:
        ConfigError: a threshold that their passes did not count.
    """
    results = [NamedContamination(group, measured, measured.contamination(taus)) for group, measured in members]
    classes, tables = classes_table(results), [overall_table(results)]
    if any(at.zones for each in results for at in each.result.thresholds):
        tables.append(zones_table(results))
    single = len(results) == 1
    return section(
        "contamination",
        [*tables, classes] if single else tables,
        [curve_table(results)] if single else [classes, curve_table(results)],
        results=[
            {
                "name": each.measured.name,
                "group": each.group,
                "provenance": asdict(each.measured.provenance),
                "iou": each.measured.iou.to_dict(),
                "contamination": each.result.to_dict(),
            }
            for each in results
        ],
    )


def overall_table(results: Sequence[NamedContamination]) -> Table:
    """Table 8: mIoU of this pass beside the stated one as a check of the load, retention, retained accuracy, ρ_F."""
    rows: list[tuple[Cell, ...]] = []
    about = []
    for each, at in _thresholds(results):
        checkpoint = each.measured.provenance.checkpoint
        rows.append(
            (
                each.measured.name,
                each.measured.provenance.data.dataset,
                checkpoint.weights,
                checkpoint.scores.epoch,
                each.measured.iou.miou("skip"),
                stated_miou(checkpoint),
                at.tau,
                at.overall.retention,
                at.overall.retained_accuracy,
                at.overall.rho_f,
                at.by_predicted.macro_rho_f,
                each.result.calibration.ece,
            )
        )
        other = {"miou_zero": each.measured.iou.miou("zero"), "macro_rho_f_by_truth": at.by_truth.macro_rho_f}
        about.append(_about(each) | other | _counts(at.overall))
    return Table(
        "contamination",
        "Contamination of confidence-filtered pseudo-labels",
        (
            Column("name", "checkpoint"),
            Column("dataset", "data set"),
            Column("weights", "weights"),
            Column("epoch", "epoch"),
            Column("miou", "mIoU %", "per_cent"),
            Column("stated_miou", "stated %", "per_cent"),
            Column("tau", "τ"),
            Column("retention", "retention %", "per_cent"),
            Column("retained_accuracy", "accuracy %", "per_cent"),
            Column("rho_f", "ρ_F", "number"),
            Column("macro_rho_f", "macro ρ_F", "number"),
            Column("ece", "ECE", "number"),
        ),
        tuple(rows),
        (
            *_images(results),
            *_uneven(results),
            "mIoU: of this pass, over the classes present; stated: what the file says of these weights (UniMatch V2 "
            "counts an absent class as 0). macro ρ_F: mean over predicted classes. " + LOWER_BOUND,
            *load_warnings([each.measured for each in results]),
        ),
        tuple(about),
    )


def _images(results: Sequence[NamedContamination]) -> Iterator[str]:
    """How many images of which list the rows are of, a part of it where the user limited them."""
    lists = dict.fromkeys((len(d.pairs), d.list_name, d.limited) for d in (each.measured.data for each in results))
    for images, name, limited in lists:
        part = ", not all of it: the stated mIoU is of other images" if limited else ""
        yield f"{images:,} image{'' if images == 1 else 's'} of {name}{part}."


def _uneven(results: Sequence[NamedContamination]) -> list[str]:
    """Which means over classes are not over the same ones in all rows."""
    notes = uneven_note("mIoU", [(each.measured, each.measured.iou.present) for each in results])
    by_tau: dict[float, list[tuple[MeasuredPass, tuple[int, ...]]]] = {}
    for each, at in _thresholds(results):
        by_tau.setdefault(at.tau, []).append((each.measured, at.by_predicted.retained_classes))
    for tau, means in by_tau.items():
        notes += uneven_note(f"macro ρ_F at τ = {tau:g}", means)
    return notes


def zones_table(results: Sequence[NamedContamination]) -> Table:
    """Boundary band and interior."""
    rows: list[tuple[Cell, ...]] = []
    about = []
    for each, at in _thresholds(results):
        for zone in at.zones:
            share = zone.band.pixels / at.overall.pixels if at.overall.pixels else float("nan")
            rates = (zone.band.retention, zone.interior.retention, zone.band.rho_f, zone.interior.rho_f)
            rows.append((each.measured.name, at.tau, zone.width, share, *rates))
            about.append(_about(each) | _counts(zone.band, "band_") | _counts(zone.interior, "interior_"))
    return Table(
        "contamination_boundary",
        "Boundary band and interior",
        (
            Column("name", "checkpoint"),
            Column("tau", "τ"),
            Column("width", "width px", "count"),
            Column("share", "band's share %", "per_cent"),
            Column("band_retention", "band", "per_cent", over="retention %"),
            Column("interior_retention", "interior", "per_cent", over="retention %"),
            Column("band_rho_f", "band", "number", over="ρ_F"),
            Column("interior_rho_f", "interior", "number", over="ρ_F"),
        ),
        tuple(rows),
        about=tuple(about),
    )


def classes_table(results: Sequence[NamedContamination]) -> Table:
    """Every class at every τ: what a bank of the class would hold, and what the threshold loses of it."""
    rows: list[tuple[Cell, ...]] = []
    about = []
    empty = []
    for each, at in _thresholds(results):
        names, predicted, truth = each.measured.data.spec.classes, at.by_predicted, at.by_truth
        for k, label in enumerate(names):
            kept = (predicted.pixels[k], predicted.retained[k], predicted.rho_f[k])
            lost = (truth.pixels[k], truth.retention[k], truth.rho_f[k])
            rows.append((each.measured.name, at.tau, label, each.measured.iou.iou[k], *kept, *lost))
            counts = {"predicted_correct": predicted.correct[k], "true_retained": truth.retained[k]}
            about.append(_about(each) | {"index": k} | counts | {"true_correct": truth.correct[k]})
        if at.by_predicted.empty:
            labels = ", ".join(names[k] for k in at.by_predicted.empty)
            empty.append(f"{each.measured.name}: nothing retained at τ = {at.tau:g} of {labels}; in no macro mean.")
    return Table(
        "contamination_classes",
        "Classes",
        (
            Column("name", "checkpoint"),
            Column("tau", "τ"),
            Column("class", "class"),
            Column("iou", "IoU %", "per_cent"),
            Column("predicted_pixels", "predicted px", "count"),
            Column("predicted_retained", "retained px", "count"),
            Column("predicted_rho_f", "ρ_F by prediction", "number"),
            Column("true_pixels", "true px", "count"),
            Column("true_retention", "retention % by truth", "per_cent"),
            Column("true_rho_f", "ρ_F by truth", "number"),
        ),
        tuple(rows),
        tuple(empty),
        tuple(about),
    )


def curve_table(results: Sequence[NamedContamination]) -> Table:
    """Retention and ρ_F at every edge of the histogram."""
    rows: list[tuple[Cell, ...]] = []
    about = []
    for each in results:
        curve = each.result.curve
        points = zip(curve.tau, curve.retained, curve.correct, curve.retention, curve.rho_f, strict=True)
        rows += [(each.measured.name, *point) for point in points]
        about += [_about(each)] * len(curve.tau)
    return Table(
        "contamination_curve",
        "Retention and ρ_F over τ",
        (
            Column("name", "checkpoint"),
            Column("tau", "τ"),
            Column("retained", "retained px", "count"),
            Column("correct", "correct px", "count"),
            Column("retention", "retention %", "per_cent"),
            Column("rho_f", "ρ_F", "number"),
        ),
        tuple(rows),
        about=tuple(about),
    )


def _about(each: NamedContamination) -> dict[str, object]:
    return {"group": each.group, **identity(each.measured)}


def _counts(rates: Rates, prefix: str = "") -> dict[str, object]:
    """What rates come from, for the files."""
    return {f"{prefix}{name}": getattr(rates, name) for name in ("pixels", "retained", "correct")}


def _thresholds(results: Sequence[NamedContamination]) -> Iterator[tuple[NamedContamination, ThresholdResult]]:
    return ((each, at) for each in results for at in each.result.thresholds)
