"""Contamination as tables: one row per checkpoint and τ as in Table 8, the boundary, the classes, the curve."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from pixcon_diag.analyses.class_sets import uneven_miou, uneven_note
from pixcon_diag.analyses.filter_verdict import judged, verdict_classes_table, verdict_table
from pixcon_diag.analyses.measured import Measured, Part, load_warnings
from pixcon_diag.analyses.quantities import with_confidence
from pixcon_diag.groups.bars import Bar, no_bar
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.comparison import Quantity
from pixcon_diag.measures.contamination_result import ContaminationResult, Rates, ThresholdResult, ZoneRates
from pixcon_diag.measures.uncertainty import pooled_ratio
from pixcon_diag.paper.rates import tables8
from pixcon_diag.passes.load_check import stated_miou
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass, Predictions
from pixcon_diag.statistics.spread import quotient
from pixcon_diag.tables.names import name_list
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table

LOWER_BOUND = (
    "Void pixels are never counted. They lie where labels are hardest to draw, so every ρ_F here is a lower bound on "
    "the error among the pixels that a bank filled by confidence would admit."
)

Contaminated = Measured[MeasuredPass, ContaminationResult]
Threshold = Part[Contaminated, ThresholdResult]


def contamination_result(
    members: Sequence[tuple[str, MeasuredPass]], taus: Sequence[float], bar: Bar = no_bar
) -> Result:
    """Contamination of checkpoints, each with its group's name.

    Raises:
        ConfigError: a threshold that the passes did not count.
    """
    results = [Measured(group, member, member.contamination(taus)) for group, member in members]
    verdicts = judged(members, taus, bar)
    classes, verdict_classes = classes_table(results), verdict_classes_table(verdicts)
    tables = [overall_table(results), verdict_table(verdicts)]
    if any(row.part.zones for row in _rows(results)):
        tables.append(zones_table(results))
    single = len(results) == 1
    records = [
        measured.record(
            iou=measured.member.iou.to_dict(),
            contamination=measured.result.to_dict(),
            verdict=verdict.result.to_dict(),
        )
        for measured, verdict in zip(results, verdicts, strict=True)
    ]
    return Result.of(
        "contamination",
        [*tables, classes, verdict_classes] if single else tables,
        [curve_table(results)] if single else [classes, verdict_classes, curve_table(results)],
        paper=tables8(records),
        results=records,
    )


def overall_table(results: Sequence[Contaminated]) -> Table:
    """Table 8: mIoU of this pass and the stated one (a load check), retention, retained accuracy, ρ_F."""
    members = [measured.member for measured in results]
    return Table.of(
        "contamination",
        "Contamination of confidence-filtered pseudo-labels",
        _rows(results),
        (
            Column("name", "checkpoint"),
            Column("dataset", "data set", of=lambda r: r.measured.member.provenance.data.dataset, minor=True),
            Column("weights", "weights", of=lambda r: r.measured.checkpoint.shown_weights, minor=True),
            Column("epoch", "epoch", of=lambda r: r.measured.checkpoint.scores.epoch, minor=True),
            Column("miou", "mIoU %", "per_cent", of=lambda r: r.measured.member.iou.miou("skip")),
            Column("stated_miou", "stated %", "per_cent", of=lambda r: stated_miou(r.measured.checkpoint), minor=True),
            Column("tau", "τ", of=lambda r: r.part.tau),
            Column("retention", "retention %", "per_cent", of=lambda r: r.part.overall.retention),
            Column(
                "retained_accuracy", "accuracy %", "per_cent", of=lambda r: r.part.overall.retained_accuracy, minor=True
            ),
            Column("rho_f", "ρ_F", "number", of=lambda r: r.part.overall.rho_f),
            Column("macro_rho_f", "macro ρ_F", "number", of=lambda r: r.part.by_predicted.macro_rho_f),
            Column("ece", "ECE", "number", of=lambda r: r.measured.result.calibration.ece, minor=True),
        ),
        (
            *_images(members),
            *uneven_miou(members),
            *_uneven(results),
            "mIoU: of this pass, over the classes present; stated: of these weights according to the file (UniMatch V2 "
            "counts an absent class as 0). macro ρ_F: mean over predicted classes. " + LOWER_BOUND,
            *load_warnings(members),
        ),
        lambda r: {
            **r.measured.origin,
            "miou_zero": r.measured.member.iou.miou("zero"),
            "macro_rho_f_by_truth": r.part.by_truth.macro_rho_f,
            **_counts(r.part.overall),
        },
    )


def _images(members: Sequence[Predictions]) -> Iterator[str]:
    """Number of images and list of the rows, with a note if the list is limited."""
    stated = any(stated_miou(member.provenance.checkpoint) is not None for member in members)
    lists = dict.fromkeys((len(d.pairs), d.list_name, d.limited) for d in (member.data for member in members))
    for images, name, limited in lists:
        part = ", a part of it" * limited + ": the stated mIoU covers other images" * (limited and stated)
        yield f"{images:,} image{'' if images == 1 else 's'} of {name}{part}."


def _uneven(results: Sequence[Contaminated]) -> Iterator[str]:
    """A note for each τ at which the macro ρ_F averages different classes for different checkpoints."""
    by_tau: dict[float, list[tuple[Predictions, tuple[int, ...]]]] = {}
    for row in _rows(results):
        by_tau.setdefault(row.part.tau, []).append((row.measured.member, row.part.by_predicted.retained_classes))
    for tau, means in by_tau.items():
        yield from uneven_note(f"macro ρ_F at τ = {tau:g}", means, "those predicted on a retained pixel")


def zones_table(results: Sequence[Contaminated]) -> Table:
    """Boundary band and interior."""
    return Table.of(
        "contamination_boundary",
        "Boundary band and interior",
        [row._replace(k=k) for row in _rows(results) for k, _ in enumerate(row.part.zones)],
        (
            Column("name", "checkpoint"),
            Column("tau", "τ", of=lambda r: r.part.tau),
            Column("width", "width px", "count", of=lambda r: _zone(r).width),
            Column(
                "share",
                "band's share %",
                "per_cent",
                of=lambda r: quotient(_zone(r).band.pixels, r.part.overall.pixels),
            ),
            Column("band_retention", "band", "per_cent", over="retention %", of=lambda r: _zone(r).band.retention),
            Column(
                "interior_retention",
                "interior",
                "per_cent",
                over="retention %",
                of=lambda r: _zone(r).interior.retention,
            ),
            Column("band_rho_f", "band", "number", over="ρ_F", of=lambda r: _zone(r).band.rho_f),
            Column("interior_rho_f", "interior", "number", over="ρ_F", of=lambda r: _zone(r).interior.rho_f),
        ),
        extra=lambda r: r.measured.origin | _counts(_zone(r).band, "band_") | _counts(_zone(r).interior, "interior_"),
    )


def _zone(row: Threshold) -> ZoneRates:
    return row.part.zones[row.k]


def classes_table(results: Sequence[Contaminated]) -> Table:
    """Every class at every τ: contamination of the pixels predicted as the class, retention of its true pixels."""
    return Table.of(
        "contamination_classes",
        "Classes",
        [row._replace(k=k) for row in _rows(results) for k, _ in enumerate(row.measured.classes)],
        (
            Column("name", "checkpoint"),
            Column("tau", "τ", of=lambda r: r.part.tau),
            Column("class", "class", of=lambda r: r.measured.classes[r.k]),
            Column("iou", "IoU %", "per_cent", of=lambda r: r.measured.member.iou.iou[r.k]),
            Column("predicted_pixels", "predicted px", "count", of=lambda r: r.part.by_predicted.pixels[r.k]),
            Column("predicted_retained", "retained px", "count", of=lambda r: r.part.by_predicted.retained[r.k]),
            Column("predicted_rho_f", "ρ_F by prediction", "number", of=lambda r: r.part.by_predicted.rho_f[r.k]),
            Column("true_pixels", "true px", "count", of=lambda r: r.part.by_truth.pixels[r.k]),
            Column("true_retention", "retention % by truth", "per_cent", of=lambda r: r.part.by_truth.retention[r.k]),
            Column("true_rho_f", "ρ_F by truth", "number", of=lambda r: r.part.by_truth.rho_f[r.k]),
        ),
        filter(None, map(_empty, _rows(results))),
        lambda r: {
            **r.measured.origin,
            "index": r.k,
            "predicted_correct": r.part.by_predicted.correct[r.k],
            "true_retained": r.part.by_truth.retained[r.k],
            "true_correct": r.part.by_truth.correct[r.k],
        },
    )


def _empty(row: Threshold) -> str | None:
    """A note on the predicted classes without a retained pixel."""
    names = name_list(row.measured.classes[k] for k in row.part.by_predicted.empty)
    sentence = f"{row.name}: no pixel retained at τ = {row.part.tau:g} for {names}; left out of the macro mean."
    return sentence if names else None


def curve_table(results: Sequence[Contaminated]) -> Table:
    """Retention and ρ_F at every edge of the histogram."""
    return Table.of(
        "contamination_curve",
        "Retention and ρ_F over τ",
        [
            Part(measured, measured.result.curve, k)
            for measured in results
            for k, _ in enumerate(measured.result.curve.tau)
        ],
        (
            Column("name", "checkpoint"),
            Column("tau", "τ", of=lambda r: r.part.tau[r.k]),
            Column("retained", "retained px", "count", of=lambda r: r.part.retained[r.k]),
            Column("correct", "correct px", "count", of=lambda r: r.part.correct[r.k]),
            Column("retention", "retention %", "per_cent", of=lambda r: r.part.retention[r.k]),
            Column("rho_f", "ρ_F", "number", of=lambda r: r.part.rho_f[r.k]),
        ),
        extra=lambda r: r.measured.origin,
    )


def _counts(rates: Rates, prefix: str = "") -> dict[str, int]:
    """The counts behind the rates, for the files."""
    return {f"{prefix}{name}": getattr(rates, name) for name in ("pixels", "retained", "correct")}


def _rows(results: Sequence[Contaminated]) -> list[Threshold]:
    return [Part(measured, at) for measured in results for at in measured.result.thresholds]


def result_of(methods: Methods) -> Result:
    """Retention and ρ_F of every checkpoint at the study's thresholds."""
    passes = methods.passes(**asdict(methods.options.band))
    members = [(member.group, measured) for member, measured in passes]
    return contamination_result(members, methods.options.taus, methods.bar)


def quantities(methods: Methods, group: MeasuredGroup) -> Iterator[Quantity]:
    """Retention, ρ_F and macro ρ_F at each threshold, and ECE.

    Raises:
        ConfigError: a member is a set of saved label maps without confidence.
    """
    passes = with_confidence(group)
    for tau in methods.options.taus:
        results = [measured.contamination((tau,)).at(tau) for measured in passes]
        counts = tuple(measured.counts.retained(tau) for measured in passes)  # (I, 3): valid, retained, wrong retained
        retention = tuple(result.overall.retention for result in results)
        rho_f = tuple(result.overall.rho_f for result in results)
        macro = tuple(result.by_predicted.macro_rho_f for result in results)
        classes = tuple(result.by_predicted.retained_classes for result in results)
        yield Quantity(f"retention at τ = {tau:g}", "fraction", True, retention, counts, pooled_ratio(1, 0))
        yield Quantity(f"ρ_F at τ = {tau:g}", "fraction", False, rho_f, counts, pooled_ratio(2, 1))
        yield Quantity(f"macro ρ_F at τ = {tau:g}", "fraction", False, macro, classes=classes)
    errors = tuple(measured.contamination().calibration.ece for measured in passes)
    yield Quantity("ECE", "number", False, errors)
