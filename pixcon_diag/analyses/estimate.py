"""ρ_F on images without labels as tables: the estimate with its interval, other estimators, and the truth if known."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pixcon_diag.analyses.measured import Measured, Part
from pixcon_diag.data.labeled_images import image_files, in_labeled_list
from pixcon_diag.groups.members import Member
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.error_estimate import ErrorEstimate, RateEstimate, ThresholdEstimate, estimate_error
from pixcon_diag.measures.verdict import MIN_IMAGES
from pixcon_diag.passes.cells import CellsPass
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.statistics.spread import quotient
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.errors import ConfigError

ASSUMPTION = (
    "Assumed: among pixels of one predicted class, confidence and zone of the predicted boundaries, the error is the "
    "same on both lists. The intervals are over images, for the error on the unlabeled list itself."
)
OTHERS = (
    "held-out: ρ_F of the calibration images; AC: average confidence (Hendrycks and Gimpel 2017); DoC: difference of "
    "confidences (Guillory et al. 2021); ATC: average thresholded confidence (Garg et al. 2022); CBPE: calibrated "
    "confidence (Kivimäki et al. 2025); each as the ρ_F that it gives."
)
VERIFIED = (
    "Verified with hidden truth (docs/experiments.md): with lists drawn at random from the same images all estimates "
    "but AC are equally close (digits); with calibration images of other video sequences all but AC fail (CamVid); "
    "where classes are more frequent on the unlabeled list than the network predicts them, all are too low, the "
    "intervals miss the truth half of the time, and this comparison sees nothing (VOC animal subset)."
)
NAMES = {
    "post_stratified": "strata", "held_out": "held-out", "ac": "AC", "doc": "DoC", "atc": "ATC", "cbpe": "CBPE"
}  # fmt: skip
"""Names of the estimators in tables."""
TRUTH = "true: by the masks of the unlabeled list, which are used for nothing else."


class Estimate(NamedTuple):
    """The estimate of one checkpoint."""

    unlabeled: CellsPass
    left_out: int | None
    """Validation images of the labeled training list, which are not used; None where that list is unknown."""
    trained: int
    """Images of the unlabeled list that are of the labeled training list; 0 where that list is unknown."""
    error: ErrorEstimate

    def to_dict(self) -> dict[str, Any]:
        """The estimate with its sentences and the provenance of the unlabeled pass, ready for JSON."""
        sentences = [*(sentence(at) for at in self.error.thresholds), trust(self.error)]
        return {
            "left_out": self.left_out,
            "trained": self.trained,
            "masks": self.unlabeled.has_masks,
            "unlabeled": asdict(self.unlabeled.provenance),
            **self.error.to_dict(),
            "sentences": sentences,
        }


Estimated = Measured[MeasuredPass, Estimate]
Row = Part[Estimated, ThresholdEstimate]


def result_of(methods: Methods, unlabeled: Path | None = None, cached_only: bool = False) -> Result:
    """The error of every checkpoint on its unlabeled list, at the study's thresholds.

    Args:
        unlabeled: list of the images; None: the unlabeled list of training.
        cached_only: whether a pass over it that is not cached is an error.

    Raises:
        ConfigError: no unlabeled list, no image to calibrate on, or a threshold that the passes do not count.
    """
    passes: dict[int, CellsPass] = {}
    for member in methods.members:
        make = partial(_predicted, methods, member, unlabeled, cached_only)
        beside = member.checkpoint.maps is not None and methods.groups  # networks are estimated without saved maps
        found = methods.attempt(f"estimate of {member.checkpoint.name}", make) if beside else make()
        passes |= {} if found is None else {member.place: found}
    calibrations = methods.passes(**asdict(methods.options.band))
    results = [
        _estimated(methods, member, measured, passes[member.place])
        for member, measured in calibrations
        if member.place in passes
    ]
    tables = [estimate_table(results), estimators_table(results)]
    classes = classes_table(results)
    single = len(results) == 1
    return Result.of(
        "estimate",
        [*tables, classes] if single else tables,
        () if single else [classes],
        results=[measured.record(estimate=measured.result.to_dict()) for measured in results],
    )


def _predicted(methods: Methods, member: Member, unlabeled: Path | None, cached_only: bool) -> CellsPass:
    """The pass of a member over its unlabeled list."""
    data = methods.unlabeled_data(member.checkpoint, unlabeled)
    return methods.unlabeled(member.checkpoint, data, cached_only=cached_only)


def _estimated(methods: Methods, member: Member, calibration: MeasuredPass, unlabeled: CellsPass) -> Estimated:
    unseen = np.ones(len(calibration.data.pairs), bool) if calibration.labeled is None else ~calibration.labeled
    if not unseen.any():
        raise ConfigError(
            f"All images of {calibration.data.list_name} are of {member.checkpoint.name}'s labeled training list, "
            "where the error is far below that on other images. Name a list of held-out labeled images with --list."
        )
    error = estimate_error(
        calibration.cells.images(unseen),
        calibration.counts.histogram[unseen],
        unlabeled.cells,
        calibration.options.edges,
        methods.options.taus,
        masks=unlabeled.has_masks,
        rng=np.random.default_rng(methods.options.seed),
    )
    left_out = None if calibration.labeled is None else int(calibration.labeled.sum())
    trained = in_labeled_list(unlabeled.data, member.checkpoint.run)
    estimate = Estimate(unlabeled, left_out, 0 if trained is None else int(trained.sum()), error)
    return Measured(member.group, calibration, estimate)


def sentence(at: ThresholdEstimate) -> str:
    """The estimate in words."""
    rate = at.overall
    if not rate.pixels:
        return f"At τ = {at.tau:g} no unlabeled pixel is retained."
    return (
        f"At τ = {at.tau:g} the teacher retains {at.retention:.1%} of the unlabeled pixels, of which an estimated "
        f"{rate.rho_f:.2%} are wrong ({rate.level:.0%} interval {rate.low:.2%} to {rate.high:.2%})."
    )


def trust(error: ErrorEstimate) -> str:
    """Which estimate to trust: by the masks where they exist, else by whether the lists differ and by VERIFIED."""
    p = f"p = {error.shift_p:.2g} over images"
    if min(error.calibration_images, error.target_images) < MIN_IMAGES:
        return (
            f"Trust no estimate here, nor the intervals: {error.calibration_images} calibration and "
            f"{error.target_images} unlabeled images, and at least {MIN_IMAGES} of both are needed. {VERIFIED}"
        )
    if error.closest():
        counts = ", ".join(f"{NAMES[name]} at {count}" for name, count in error.closest().items())
        first = (
            f"Closest to the truth by the masks of the unlabeled list, of {len(error.thresholds)} thresholds: {counts}."
        )
    elif error.shifted:
        first = "Trust no estimate here, nor the intervals."
    else:
        first = (
            "Trust the interval if both lists were drawn at random from the same images, and not otherwise; held-out, "
            "DoC, ATC and CBPE are as close as the strata's estimate."
        )
    if error.shifted:
        return (
            f"{first} What is predicted for the two lists differs by more than chance ({p}), so their accuracies may "
            f"too: draw the calibration images at random from the source of the unlabeled ones. {VERIFIED}"
        )
    return f"{first} What is predicted for the two lists differs by no more than chance ({p}). {VERIFIED}"


def _rate_columns(*, true: bool) -> tuple[Column[Any], ...]:
    """The estimate, its interval and, if known, the truth."""
    columns: tuple[Column[Any], ...] = (
        Column("rho_f", "ρ_F", "number", of=lambda r: _rate(r).rho_f),
        Column("low", "low", "number", over="95 %", of=lambda r: _rate(r).low),
        Column("high", "high", "number", over="95 %", of=lambda r: _rate(r).high),
    )
    return (*columns, Column("true_rho_f", "true", "number", of=lambda r: _rate(r).truth)) if true else columns


OVERALL = -1
"""Index of a row on all pixels, in the place of a class."""


def estimate_table(results: Sequence[Estimated]) -> Table:
    """A row for each checkpoint and threshold."""
    return Table.of(
        "estimate",
        "Estimated contamination on the unlabeled list",
        [row._replace(k=OVERALL) for row in _rows(results)],
        (
            Column("name", "checkpoint"),
            Column("tau", "τ", of=lambda r: r.part.tau),
            Column("retention", "retention %", "per_cent", of=lambda r: r.part.retention),
            *_rate_columns(true=_any_masks(results)),
        ),
        (*_lists(results), ASSUMPTION, *([TRUTH] if _any_masks(results) else [])),
        lambda r: {**r.measured.origin, "retained": r.part.overall.pixels, "sentence": sentence(r.part)},
    )


def estimators_table(results: Sequence[Estimated]) -> Table:
    """The other estimators beside the post-stratified one."""
    true: tuple[Column[Row], ...] = (Column("true_rho_f", "true", "number", of=lambda r: r.part.overall.truth),)
    return Table.of(
        "estimators",
        "ρ_F by each estimator",
        _rows(results),
        (
            Column("name", "checkpoint"),
            Column("tau", "τ", of=lambda r: r.part.tau),
            Column("post_stratified", "strata", "number", of=lambda r: r.part.post_stratified),
            Column("held_out", "held-out", "number", of=lambda r: r.part.held_out),
            Column("ac", "AC", "number", of=lambda r: r.part.ac),
            Column("doc", "DoC", "number", of=lambda r: r.part.doc),
            Column("atc", "ATC", "number", of=lambda r: r.part.atc),
            Column("cbpe", "CBPE", "number", of=lambda r: r.part.cbpe),
            *(true if _any_masks(results) else ()),
        ),
        (OTHERS, *(f"{measured.name}: {trust(measured.result.error)}" for measured in results)),
        lambda r: {**r.measured.origin, **{f"{name}_error": value for name, value in r.part.errors().items()}},
    )


def classes_table(results: Sequence[Estimated]) -> Table:
    """A row for each checkpoint, threshold and predicted class."""
    return Table.of(
        "estimate_classes",
        "Estimated contamination by predicted class",
        [row._replace(k=k) for row in _rows(results) for k, _ in enumerate(row.part.classes)],
        (
            Column("name", "checkpoint"),
            Column("tau", "τ", of=lambda r: r.part.tau),
            Column("class", "class", of=lambda r: r.measured.classes[r.k]),
            Column("retained", "retained px", "count", of=lambda r: _rate(r).pixels),
            *_rate_columns(true=_any_masks(results)),
        ),
        extra=lambda r: {**r.measured.origin, "index": r.k},
    )


def _rows(results: Sequence[Estimated]) -> list[Row]:
    return [Part(measured, at) for measured in results for at in measured.result.error.thresholds]


def _rate(row: Row) -> RateEstimate:
    """The estimate on the pixels predicted as class ``k``, or on all."""
    return row.part.overall if row.k == OVERALL else row.part.classes[row.k]


def _any_masks(results: Sequence[Estimated]) -> bool:
    return any(measured.result.unlabeled.has_masks for measured in results)


def _lists(results: Sequence[Estimated]) -> Iterator[str]:
    """The lists, and what is left out or assumed of them."""
    for measured in results:
        estimate, data = measured.result, measured.member.data
        left_out = f" ({estimate.left_out} of the labeled training list left out)" if estimate.left_out else ""
        yield (
            f"{measured.name}: {estimate.error.target_images:,} images of {estimate.unlabeled.data.list_name}; "
            f"calibrated on {estimate.error.calibration_images:,} of {data.list_name}{left_out}."
        )
        calibrating = {*image_files(data.pairs, data.source.root)}
        target = image_files(estimate.unlabeled.data.pairs, estimate.unlabeled.data.source.root)
        shared = sum(file in calibrating for file in target)
        if shared:
            share = quotient(shared, len(target))
            yield f"{measured.name}: {shared:,} unlabeled images ({share:.0%}) are also in the calibration list."
        if estimate.trained:
            share = quotient(estimate.trained, len(target))
            yield (
                f"{measured.name}: {estimate.trained:,} unlabeled images ({share:.0%}) are in the labeled training "
                "list, where the error is far below that on other images; the estimate is too high for these."
            )
    unknown = ", ".join(measured.name for measured in results if measured.result.left_out is None)
    if unknown:
        yield f"{unknown}: the labeled training list is unknown; it is assumed to hold no calibration image."
