"""The verdict on the filter as tables: strict, floor or undecided at every threshold, overall and by class."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from pixcon_diag.analyses.measured import Measured, Part
from pixcon_diag.analyses.retained_classes import retained_by_class
from pixcon_diag.groups.bars import Bar, no_bar
from pixcon_diag.measures.verdict import MIN_IMAGES, ThresholdVerdict, Verdict, judge, verdict_at
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.tables.table import Column, Table

RULE = (
    "Verdict (CW-BASS v2, arXiv 2608.12773): strict if π_kept = 1 − ρ_F(τ) >= τ, else lower the threshold to an "
    "adaptive floor; undecided if the 95 % interval over images contains τ; none for fewer than "
    f"{MIN_IMAGES} images with a retained pixel."
)


OVERALL = -1
"""Index of a row on all pixels, in the place of a class."""


class FilterVerdict(NamedTuple):
    """The verdicts on one checkpoint's filter."""

    images: int
    """Images that are judged by."""
    left_out: int | None
    """Images of the labeled training list, which are not; None where that list is unknown."""
    thresholds: tuple[ThresholdVerdict, ...]

    def to_dict(self) -> dict[str, Any]:
        """The verdicts with their sentences, ready for JSON."""
        thresholds = [at.to_dict() | {"sentence": sentence(at.overall)} for at in self.thresholds]
        return {"images": self.images, "left_out": self.left_out, "thresholds": thresholds}


Judged = Measured[MeasuredPass, FilterVerdict]
Row = Part[Judged, ThresholdVerdict]


def judged(members: Sequence[tuple[str, MeasuredPass]], taus: Sequence[float], bar: Bar = no_bar) -> list[Judged]:
    """The verdicts on every checkpoint, each with its group's name."""
    return [Measured(group, member, filter_verdict(member, taus, bar)) for group, member in members]


def filter_verdict(member: MeasuredPass, taus: Sequence[float], bar: Bar = no_bar) -> FilterVerdict:
    """The verdicts on a checkpoint, from the images that are not of its labeled training list."""
    unseen = _unseen(member)
    thresholds = []
    for tau in taus:
        _, retained, wrong = member.counts.retained(tau)[unseen].T
        by_class = retained_by_class(member, tau, bar)
        thresholds.append(verdict_at(tau, wrong, retained, None if by_class is None else by_class[unseen]))
    left_out = None if member.labeled is None else int(member.labeled.sum())
    return FilterVerdict(int(unseen.sum()), left_out, tuple(thresholds))


def overall_verdict(member: MeasuredPass, tau: float) -> Verdict:
    """The verdict at ``tau`` on all pixels, from the same images."""
    _, retained, wrong = member.counts.retained(tau)[_unseen(member)].T
    return judge(tau, wrong, retained)


def _unseen(member: MeasuredPass) -> np.ndarray:
    """Whether each image is judged by, (I,) bool."""
    return np.ones(len(member.data.pairs), dtype=bool) if member.labeled is None else ~member.labeled


def sentence(verdict: Verdict) -> str:
    """The verdict as a sentence that states its evidence."""
    if verdict.decision == "none":
        return f"No verdict at τ = {verdict.tau:g}: {verdict.reason}."
    low, high = verdict.interval.low, verdict.interval.high
    evidence = f"π_kept = {verdict.pi_kept:.4f} ({verdict.interval.level:.0%} interval {low:.4f} to {high:.4f})"
    return f"{evidence} is {verdict.words}."


_VERDICT: tuple[Column[Any], ...] = (
    Column("pi_kept", "π_kept", "number", of=lambda r: _verdict(r).pi_kept),
    Column("low", "low", "number", over="95 %", of=lambda r: _verdict(r).interval.low),
    Column("high", "high", "number", over="95 %", of=lambda r: _verdict(r).interval.high),
    Column("verdict", "verdict", of=lambda r: _verdict(r).decision),
)


def verdict_table(results: Sequence[Judged], name: str = "verdict") -> Table:
    """A row for each checkpoint and threshold, in a table called ``name``."""
    rows = _rows(results)
    return Table.of(
        name,
        "Verdict on the filter",
        [row._replace(k=OVERALL) for row in rows],
        (
            Column("name", "checkpoint"),
            Column("tau", "τ", of=lambda r: _verdict(r).tau),
            Column("images", "images", "count", of=lambda r: _verdict(r).images),
            *_VERDICT,
        ),
        (RULE, *_left_out(results), *_clustering(rows), *_reasons(rows)),
        lambda r: {
            **r.measured.origin,
            "retained": _verdict(r).retained,
            "icc": r.part.clustering.icc,
            "design_effect": r.part.clustering.design_effect,
            "effective_pixels": r.part.clustering.effective_pixels,
            "sentence": sentence(_verdict(r)),
        },
    )


def verdict_classes_table(results: Sequence[Judged]) -> Table:
    """A row for each checkpoint, threshold and predicted class."""
    rows = _rows(results)
    missing = dict.fromkeys(f"{row.part.overall.tau:g}" for row in rows if not row.part.classes)
    return Table.of(
        "verdict_classes",
        "Verdict by predicted class",
        [row._replace(k=k) for row in rows for k, _ in enumerate(row.part.classes)],
        (
            Column("name", "checkpoint"),
            Column("tau", "τ", of=lambda r: _verdict(r).tau),
            Column("class", "class", of=lambda r: r.measured.classes[r.k]),
            Column("images", "images", "count", of=lambda r: _verdict(r).images),
            *_VERDICT,
        ),
        (
            "Each class is judged on the pixels predicted as it; the intervals are not corrected for their number.",
            *(f"Not judged by class at τ = {tau}: the pass was not cached." for tau in missing),
        ),
        lambda r: {**r.measured.origin, "index": r.k, "retained": _verdict(r).retained, "reason": _verdict(r).reason},
    )


def _rows(results: Sequence[Judged]) -> list[Row]:
    return [Part(measured, at) for measured in results for at in measured.result.thresholds]


def _verdict(row: Row) -> Verdict:
    """The verdict on the pixels predicted as class ``k``, or on all."""
    return row.part.overall if row.k == OVERALL else row.part.classes[row.k]


def _left_out(results: Sequence[Judged]) -> Iterator[str]:
    """What is not judged by, and what is assumed."""
    for measured in results:
        if measured.result.left_out and measured.result.images:
            yield (
                f"{measured.name}: {measured.result.left_out} of the images are of the labeled training list, where "
                "the error is far below that on other images; the verdict leaves them out."
            )
    unknown = ", ".join(measured.name for measured in results if measured.result.left_out is None)
    if unknown:
        yield f"{unknown}: the labeled training list is unknown; the verdict assumes that no image is of it."


def _clustering(rows: Sequence[Row]) -> Iterator[str]:
    """The design effect, once, as the reason for the unit of the intervals."""
    for row in rows:
        found, verdict = row.part.clustering, row.part.overall
        if found.design_effect > 1:
            yield (
                f"Intervals are over images, as pixels of an image depend on each other: for {row.name} at "
                f"τ = {verdict.tau:g} the ICC is {found.icc:.3f} and the design effect 1 + (m − 1)·ICC is "
                f"{found.design_effect:,.0f}, so that {found.pixels:,} retained pixels say as much as "
                f"{found.effective_pixels:,.0f} independent ones."
            )
            return


def _reasons(rows: Sequence[Row]) -> Iterator[str]:
    """Why some thresholds have no verdict."""
    for row in rows:
        if row.part.overall.decision == "none":
            yield f"{row.name}: {sentence(row.part.overall)}"
