"""The contamination measurement as tables: one row per checkpoint and τ, the boundary, the classes of a single one."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from pixcon_cli.tables import UNDEFINED, add_row, number, per_cent, show, table
from pixcon_diag.contamination_tables import LOWER_BOUND
from pixcon_diag.measures.contamination_result import ClassRates, ThresholdResult
from pixcon_diag.result import MeasuredContamination


def show_contamination(console: Console, results: Sequence[MeasuredContamination]) -> None:
    """Print the results; the table over classes only where there is one checkpoint."""
    tables = [_overall(results), *_zones(results)]
    if len(results) == 1:
        tables.append(_classes(results[0]))
    show(console, *tables)


def _overall(results: Sequence[MeasuredContamination]) -> Table:
    made = table(
        "Contamination of confidence-filtered pseudo-labels",
        *("checkpoint", "weights", "epoch", "mIoU %", "stated %", "τ", "retention %", "accuracy %", "ρ_F", "macro ρ_F"),
        "ECE",
        caption="mIoU: of this pass, over the classes present; stated: what the file says of these weights. "
        "macro ρ_F: mean over predicted classes. " + LOWER_BOUND,
    )
    for result, at in _rows(results):
        checkpoint = result.provenance.checkpoint
        add_row(
            made,
            result.name,
            checkpoint.weights,
            UNDEFINED if checkpoint.scores.epoch is None else str(checkpoint.scores.epoch),
            per_cent(result.iou.miou("skip")),
            per_cent(stated_miou(result)),
            f"{at.tau:g}",
            per_cent(at.overall.retention),
            per_cent(at.overall.retained_accuracy),
            number(at.overall.rho_f),
            number(at.by_predicted.macro_rho_f),
            number(result.contamination.calibration.ece),
        )
    return made


def stated_miou(result: MeasuredContamination) -> float | None:
    """The mIoU that the file states of the weights measured, at their epoch."""
    scores = result.provenance.checkpoint.scores
    return {"ema": scores.ema, "student": scores.student}.get(result.provenance.checkpoint.weights)


def _zones(results: Sequence[MeasuredContamination]) -> Iterator[Table]:
    """The boundary band and the interior; nothing where no width was asked for."""
    made = table(
        "Boundary band and interior",
        *("checkpoint", "τ", "width px", "band's share %", "retention % band", "interior", "ρ_F band", "interior"),
    )
    for result, at in _rows(results):
        for zone in at.zones:
            share = zone.band.pixels / at.overall.pixels if at.overall.pixels else float("nan")
            add_row(
                made,
                result.name,
                f"{at.tau:g}",
                str(zone.width),
                per_cent(share),
                per_cent(zone.band.retention),
                per_cent(zone.interior.retention),
                number(zone.band.rho_f),
                number(zone.interior.rho_f),
            )
    if made.row_count:
        yield made


def _classes(result: MeasuredContamination) -> Table:
    """Every class at the first τ: what a bank of the class would hold, and what the threshold loses of it."""
    at, labels = result.contamination.thresholds[0], result.provenance.data.classes
    made = table(
        f"Classes at τ = {at.tau:g}",
        *("class", "IoU %", "predicted px", "retained px", "ρ_F by prediction", "true px", "retention % by truth"),
        "ρ_F by truth",
        caption=_empty(at.by_predicted, labels),
    )
    predicted, truth = at.by_predicted, at.by_truth
    for index, label in enumerate(labels):
        add_row(
            made,
            label,
            per_cent(result.iou.iou[index]),
            f"{predicted.pixels[index]:,}",
            f"{predicted.retained[index]:,}",
            number(predicted.rho_f[index]),
            f"{truth.pixels[index]:,}",
            per_cent(truth.retention[index]),
            number(truth.rho_f[index]),
        )
    return made


def _empty(rates: ClassRates, labels: Sequence[str]) -> str | None:
    """The classes that no pixel was confidently predicted as."""
    if not rates.empty:
        return None
    return f"Empty at this τ, and in no macro mean: {', '.join(labels[index] for index in rates.empty)}."


def _rows(results: Sequence[MeasuredContamination]) -> Iterator[tuple[MeasuredContamination, ThresholdResult]]:
    return ((result, at) for result in results for at in result.contamination.thresholds)
