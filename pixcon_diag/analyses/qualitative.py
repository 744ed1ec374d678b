"""The images of a grid, and the error of each method on them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from pixcon_diag.analyses.deltas import delta_column, delta_note
from pixcon_diag.analyses.panels import Choice, Chosen, choose_images, write_panels
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.error_regions import MIN_SHARE
from pixcon_diag.measures.qualitative import RankBy, RankedImage
from pixcon_diag.passes.predictions import MeasuredGroup
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.void import void_of


def qualitative_result(groups: Sequence[MeasuredGroup], choice: Choice, folder: Path) -> Result:
    """Choose images and write their panels into ``folder``, which also takes the result's JSON.

    Raises:
        ConfigError: the choice does not fit the groups.
        PixConError: something cannot be read or written.
    """
    chosen = choose_images(groups, choice)
    panels = write_panels(chosen, folder)
    spec = chosen.members[0].data.spec
    result = Result.of(
        "qualitative",
        [ranking_table(chosen)],
        classes=spec.classes,
        palette=spec.palette,
        void=void_of(spec.num_classes),
        rank_by=choice.rank_by,
        min_share=choice.min_share,
        methods=chosen.methods,
        provenance=[asdict(member.provenance) for member in chosen.members],
        candidates=chosen.ranking.candidates,
        images=panels,
    )
    return replace(result, folder=folder)


def ranking_table(chosen: Chosen) -> Table:
    """A row per image, in the order shown."""
    baseline, *others = chosen.methods
    columns: list[Column[RankedImage]] = [
        Column("image", "image", of=lambda image: image.name),
        Column("error_baseline", f"error % {baseline}", "per_cent"),
    ]
    for other in others:
        columns += [Column("error_other", other, "per_cent"), delta_column("delta", higher_is_better=False)]
    return Table.of("qualitative", "Images shown", chosen.ranking.images, columns, _notes(chosen))


def _notes(chosen: Chosen) -> Iterator[str]:
    ranking, methods = chosen.ranking, chosen.methods
    yield f"Ranked by {_ranking_text(chosen)} among {ranking.candidates} images."
    if len(methods) > 1:
        better, worse = (sum(sign * image.delta < 0 for image in ranking.images) for sign in (1, -1))
        yield f"{delta_note(*methods)} Of the images shown, {methods[1]} is better on {better}, worse on {worse}."
    if ranking.rank_by == "error-diff" and len(methods) > 1:
        yield "The largest gains come first; --rank-by both shows the largest losses too."
    if not ranking.images:
        yield "No image is among these, so there is no figure."
    yield "The first checkpoint of each method: " + ", ".join(member.name for member in chosen.members) + "."
    if ranking.undefined:
        yield f"{len(ranking.undefined)} images have no valid pixel, so no error."


def _ranking_text(chosen: Chosen) -> str:
    """How the images were ranked, with the direction of a difference."""
    rank_by = chosen.ranking.rank_by
    if rank_by == "both":
        baseline, other = chosen.methods
        return f"the difference in error: images on which {other} wins over {baseline}, then images on which it loses,"
    methods = chosen.methods if rank_by == "error-diff" else chosen.methods[::-1]
    return (
        f"{rank_by}, error of {methods[0]} − error of {methods[1]},"
        if rank_by in ("error-diff", "regressions")
        else rank_by
    )


FOLDER = Path("qualitative")
"""Default folder of the panels."""


def result_of(
    methods: Methods,
    *,
    folder: str | Path = FOLDER,
    rank_by: RankBy | None = None,
    count: int = Choice.count,
    names: Sequence[str] = (),
    min_share: float = MIN_SHARE,
    first: int | None = None,
) -> Result:
    """A grid of input, target and predictions of images ranked by error.

    Args:
        methods: at most two methods, of which predictions are shown.
        folder: where the panels are written.
        rank_by: None: ``error-diff`` (wins) for two methods, ``error`` for one.
        count: images shown.
        names: show these images instead.
        min_share: error regions below this share of the image get no contour.
        first: number of methods to show; all if None.
    """
    groups, folder = methods.measured()[:first], Path(folder)
    ranked: RankBy = "names" if names else rank_by or ("error-diff" if len(groups) > 1 else "error")
    choice = Choice(ranked, count, tuple(names), methods.options.seed, min_share)
    return qualitative_result(groups, choice, folder)
