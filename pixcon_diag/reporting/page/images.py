"""Images with what every method predicts on them; their maps are exact, so that the script counts as the pass does."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from pixcon_diag.analyses.error_budgets import error_budgets
from pixcon_diag.passes.predictions import read_target
from pixcon_diag.reporting.page.image_choice import Selection, choose
from pixcon_diag.reporting.page.image_files import EDGES, LEAST, MOST, Packing, SourceImage, pack_within
from pixcon_diag.reporting.page.image_numbers import KINDS, Shown, content, ranking_of
from pixcon_diag.reporting.page.section import Context, Section
from pixcon_diag.reporting.page.tables import table_html
from pixcon_diag.tables.table import Column, Table
from pixcon_train.data.images import read_image

OWN = 120_000
"""Characters of this section besides the images: its tables, and the numbers of each image."""


def section(context: Context, room: int) -> Section | None:
    """The images; None where none are wanted, or no method has label maps.

    Args:
        context: what the page shows.
        room: characters of the page that are left for this section; a number of images that is asked for may take more.
    """
    shown = [] if context.images == 0 else _shown(context)
    if not shown:
        return None
    ranked = ranking_of(shown, context.methods.options.seed)
    budget = max(room - OWN, 0) if context.images is None else None
    order = choose(ranked, MOST if context.images is None else context.images).images
    with context.methods.bar("packing images") as progress:
        packing = pack_within(lambda index: _read(shown, index), order, budget, len(shown), progress)
    selection = choose(ranked, len(packing.images))
    kept = shown[: packing.methods]
    data = content(kept, selection)
    tables = (_choice_table(selection), _image_table(kept, data["images"]))
    return Section(
        "images",
        "Images",
        "Where the predictions are wrong, on the images themselves.",
        _body(shown, selection, packing, tables),
        data,
        {record["key"]: files for record, files in zip(data["images"], packing.images, strict=True)},
        tables,
    )


def _shown(context: Context) -> list[Shown]:
    """The first seed of every method that has label maps."""
    first = [(group.name, group.members[0], len(group.members)) for group in context.measured]
    budgets = error_budgets(context.methods)
    return [Shown(*one, budgets[one[1].name]) for one in first if one[1].name in budgets]


def _read(shown: Sequence[Shown], index: int) -> SourceImage:
    """An image with its maps."""
    data = shown[0].member.data
    return SourceImage(
        read_image(data.source.root / data.pairs[index].image),
        read_target(data, index),
        tuple(one.member.label_maps.read(index) for one in shown),
        tuple(_reached(one, index) for one in shown),
    )


def _reached(one: Shown, index: int) -> np.ndarray | None:
    """Index of the stop that each pixel's confidence reaches; None without confidence maps."""
    if one.measured is None:
        return None
    stop_of = np.searchsorted(one.stops, np.arange(256), side="right") - 1  # of a bin
    reached: np.ndarray = stop_of.astype(np.uint8)[one.measured.confidence_maps.read(index)]
    return reached


def _body(shown: Sequence[Shown], selection: Selection, packing: Packing, tables: Sequence[Table]) -> Markup:
    """What is shown and what is left out, and the places of viewer and grid."""
    sentences = Markup("").join(Markup("<p>{}</p>").format(text) for text in _sentences(shown, selection, packing))
    chosen, listed = (table_html(table, folded=True) for table in tables)
    return Markup("{}{}<div id=image-viewer></div><div id=image-grid></div>{}").format(sentences, chosen, listed)


def _sentences(shown: Sequence[Shown], selection: Selection, packing: Packing) -> Iterator[str]:
    """What is shown, and what was left out for the size of the page."""
    count, total, kept = len(selection.images), selection.ranked["random"], shown[: packing.methods]
    left = f"{total - count:,} are left out (--images N shows N)" if count < total else "none is left out"
    yield f"{count:,} of {total:,} images; {left}."
    seeds = [f"{one.member.name}, the first of {one.seeds}" for one in kept if one.seeds > 1]
    if seeds:
        yield f"Seeds shown: {'; '.join(seeds)}."
    if packing.edge < EDGES[0]:
        yield f"Photographs are reduced to {packing.edge} pixels, so that more images fit; maps have full size."
    if len(kept) < len(shown):
        names = ", ".join(one.name for one in shown[len(kept) :])
        yield f"Not shown on images, so that more images fit: {names}."
    if count < min(LEAST, total) and packing.edge == EDGES[-1]:
        yield f"The maps are so large that not even {LEAST} images fit into {packing.size / 1e6:.1f} MB."
    if any(one.measured is None for one in kept):
        names = ", ".join(one.name for one in kept if one.measured is None)
        yield f"No confidence is known of saved label maps: {names}."


def _choice_table(selection: Selection) -> Table:
    """The kinds of images, and how many of each are shown."""
    return Table(
        "image-choice",
        "How the images are chosen",
        (
            Column("kind", "kind"),
            Column("ranked_by", "ranked by"),
            Column("shown", "first images shown", "count"),
            Column("ranked", "of", "count"),
        ),
        tuple((*KINDS[kind], len(first), selection.ranked[kind]) for kind, first in selection.first.items()),
        ("The first images of every kind are all shown; an image may be of several kinds.",),
    )


def _image_table(shown: Sequence[Shown], images: Sequence[Mapping[str, Any]]) -> Table:
    """The images shown, with the error of each method and the difference to the baseline."""
    columns = [Column[Any]("image", "image"), Column[Any]("kinds", "kinds")]
    columns += [Column(f"error_{one.name}", f"error % {one.name}", "per_cent") for one in shown]
    columns += [Column(f"delta_{one.name}", f"Δ error {one.name}", "points") for one in shown[1:]]
    rows = []
    for image in images:
        first, *others = (method["error"] for method in image["methods"])
        names = ", ".join(KINDS[kind][0].lower() for kind in image["kinds"])
        rows.append((image["name"], names, first, *others, *(other - first for other in others)))
    note = "Δ is method − baseline, in percentage points: below 0 is better. Error is wrong / valid pixels."
    return Table("images", "Images shown", tuple(columns), tuple(rows), (note,) if len(shown) > 1 else ())
