"""The threshold with a guarantee as a table: the smallest τ at which ρ_F is promised to stay below α."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from pixcon_diag.analyses.measured import Measured
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.controlled_threshold import ControlledThreshold, ThresholdPoint, controlled_threshold
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Kind, Table

Controlled = Measured[MeasuredPass, ControlledThreshold]

METHOD = (
    "promised: over images of this kind and for this checkpoint; thresholds are tested from strict to loose (Learn "
    "then Test), by betting on α·retained − wrong of each image. plain: the smallest τ whose measured ρ_F is at most "
    "α, with no guarantee. correct/wrong: the τ that retains most correct pixels per wrong one, where 20 images hold a "
    "wrong one."
)


def result_of(methods: Methods, alpha: float = 0.05, delta: float = 0.1) -> Result:
    """The threshold of every checkpoint.

    Raises:
        ConfigError: ``alpha`` or ``delta`` outside (0, 1).
    """
    results = [
        Measured(member.group, measured, _threshold(measured, alpha, delta, methods.options.seed))
        for member, measured in methods.passes()
    ]
    return Result.of(
        "tau",
        [tau_table(results)],
        [curve_table(results)],
        results=[
            controlled.record(tau=controlled.result.to_dict(), sentence=controlled.result.sentence)
            for controlled in results
        ],
    )


def _threshold(measured: MeasuredPass, alpha: float, delta: float, seed: int) -> ControlledThreshold:
    counts = measured.counts
    return controlled_threshold(
        counts.histogram,
        counts.edges,
        alpha=alpha,
        delta=delta,
        labeled=measured.labeled,
        rng=np.random.default_rng(seed),
    )


def tau_table(results: Sequence[Controlled]) -> Table:
    """A row for each checkpoint."""
    return Table.of(
        "tau",
        "Threshold with a guarantee",
        results,
        (
            Column("name", "checkpoint"),
            Column("images", "images", "count", of=lambda r: r.result.images),
            Column("alpha", "α", of=lambda r: r.result.alpha),
            Column("delta", "δ", of=lambda r: r.result.delta),
            *_point("promised", "promised", tau="τ", retention="retention %", rho_f="measured ρ_F"),
            *_point("plain", "plain", tau="τ", retention="retention %"),
            *_point("efficient", "correct/wrong", tau="τ", correct_per_wrong="ratio"),
        ),
        (*(f"{controlled.name}: {controlled.result.sentence}" for controlled in results), METHOD, *_lists(results)),
        lambda r: {**r.origin, "possible_alpha": r.result.possible_alpha, "start": r.result.start},
    )


_KINDS: dict[str, Kind] = {"retention": "per_cent"}


def _point(name: str, over: str, **heads: str) -> Iterator[Column[Controlled]]:
    """Columns of one of the chosen thresholds, by the quantities and their headings."""
    for key, head in heads.items():
        kind = _KINDS.get(key, "number")
        digits = 1 if key == "correct_per_wrong" else None
        yield Column(f"{name}_{key}", head, kind, digits, over, partial(_value, name, key))


def _value(name: str, key: str, row: Controlled) -> float | None:
    point: ThresholdPoint | None = getattr(row.result, name)
    return None if point is None else float(getattr(point, key))


def _lists(results: Sequence[Controlled]) -> Iterator[str]:
    """Images that are not used, and what is assumed."""
    for controlled in results:
        if controlled.result.left_out:
            yield (
                f"{controlled.name}: {controlled.result.left_out} images of the labeled training list are left out, as "
                "the error there is far below that on other images."
            )
    unknown = ", ".join(controlled.name for controlled in results if controlled.result.left_out is None)
    if unknown:
        yield f"{unknown}: the labeled training list is unknown; the promise assumes that no image is of it."


def curve_table(results: Sequence[Controlled]) -> Table:
    """Retention, ρ_F and the ratio at every threshold."""
    return Table.of(
        "tau_curve",
        "Retained correct pixels per wrong one over τ",
        [(controlled, point) for controlled in results for point in controlled.result.curve],
        (
            Column("name", "checkpoint", of=lambda r: r[0].name),
            Column("tau", "τ", of=lambda r: r[1].tau),
            Column("retention", "retention %", "per_cent", of=lambda r: r[1].retention),
            Column("rho_f", "ρ_F", "number", of=lambda r: r[1].rho_f),
            Column("correct_per_wrong", "correct per wrong", "number", 1, of=lambda r: r[1].correct_per_wrong),
        ),
        extra=lambda r: r[0].origin,
    )
