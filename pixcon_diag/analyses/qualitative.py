"""The images chosen for a grid, and how wrong each method is on them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from pixcon_diag.analyses.deltas import delta_column, delta_note
from pixcon_diag.analyses.panels import Choice, Chosen, choose_images, write_panels
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.error_regions import MIN_SHARE
from pixcon_diag.measures.qualitative import RankBy, RankedImage
from pixcon_diag.passes.measured import MeasuredGroup
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.void import VOID


def qualitative_result(groups: Sequence[MeasuredGroup], choice: Choice, folder: Path) -> Result:
    """Choose images and write their panels into ``folder``, where the result's JSON belongs.

    Raises:
        ConfigError: the choice does not fit the groups.
        PixConError: something cannot be read or written.
    """
    chosen = choose_images(groups, choice)
    panels = write_panels(chosen, folder)
    spec = chosen.members[0].data.spec
    return Result.of(
        "qualitative",
        [ranking_table(chosen)],
        classes=spec.classes,
        palette=spec.palette,
        void=VOID,
        rank_by=choice.rank_by,
        min_share=choice.min_share,
        methods=chosen.methods,
        provenance=[asdict(member.provenance) for member in chosen.members],
        candidates=chosen.ranking.candidates,
        images=panels,
    )


def ranking_table(chosen: Chosen) -> Table:
    """A row an image, the first to be shown first."""
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
    yield f"Ranked by {_way(chosen)} among {ranking.candidates} images."
    if len(methods) > 1:
        better, worse = (sum(sign * image.delta < 0 for image in ranking.images) for sign in (1, -1))
        yield f"{delta_note(*methods)} Of those shown {methods[1]} is better on {better}, worse on {worse}."
    yield "Of each method the first checkpoint. " + ", ".join(member.name for member in chosen.members) + "."
    if ranking.undefined:
        yield f"{len(ranking.undefined)} images have no valid pixel and no error."


def _way(chosen: Chosen) -> str:
    """How the images were ranked; of a difference, which one."""
    way = chosen.ranking.rank_by
    methods = chosen.methods if way == "error-diff" else chosen.methods[::-1]
    return f"{way}, error of {methods[0]} − error of {methods[1]}," if way in ("error-diff", "regressions") else way


FOLDER = Path("qualitative")
"""Where the panels are written if no folder is named."""


def result_of(
    methods: Methods,
    *,
    folder: Path = FOLDER,
    rank_by: RankBy | None = None,
    count: int = Choice.count,
    names: Sequence[str] = (),
    min_share: float = MIN_SHARE,
    first: int | None = None,
) -> Result:
    """A grid of input, target and predictions of images ranked by error.

    Args:
        methods: whose predictions are shown, at most two methods.
        folder: where the panels are written.
        rank_by: ``error-diff`` of two methods and ``error`` of one where None.
        count: images shown.
        names: these images instead.
        min_share: error regions below this share of the image get no contour.
        first: only so many methods; all where None.
    """
    groups = methods.measured()[:first]
    ranked: RankBy = "names" if names else rank_by or ("error-diff" if len(groups) > 1 else "error")
    choice = Choice(ranked, count, tuple(names), methods.options.seed, min_share)
    return qualitative_result(groups, choice, folder)
