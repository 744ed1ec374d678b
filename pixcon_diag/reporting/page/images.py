"""Images with what every method predicts on them; their maps are exact, so that the script counts as the pass does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from pixcon_diag.analyses.error_budgets import error_budgets
from pixcon_diag.measures.error_budget_result import ErrorBudget
from pixcon_diag.measures.qualitative import image_errors
from pixcon_diag.measures.uncertainty import pooled_miou
from pixcon_diag.passes.predictions import MeasuredPass, Predictions, read_target
from pixcon_diag.reporting.page.image_choice import CONFIDENT, ImageNumbers, Selection, choose, rankings
from pixcon_diag.reporting.page.image_files import EDGES, LEAST, MOST, Packing, SourceImage, pack_within
from pixcon_diag.reporting.page.section import Context, Section
from pixcon_diag.reporting.page.stops import slider_stops
from pixcon_diag.reporting.page.tables import table_html
from pixcon_diag.statistics.spread import quotients
from pixcon_diag.tables.table import Column, Table
from pixcon_train.data.images import read_image

BUDGET, LARGE_BUDGET = 4_200_000, 6_500_000
"""Characters of the page for the images; the larger one from :data:`MANY_CLASSES` on, whose maps compress less."""
MANY_CLASSES = 50
PAIRS = 12
"""Pairs of confused classes whose images are shown."""
KINDS = {
    "error": ("Largest error", "wrong / valid pixels of the worst method"),
    "win": ("Win, by error", "error of the baseline − error of another method"),
    "loss": ("Loss, by error", "error of another method − error of the baseline"),
    "miou-win": ("Win, by mIoU", "mIoU of another method − mIoU of the baseline, on the image"),
    "miou-loss": ("Loss, by mIoU", "mIoU of the baseline − mIoU of another method, on the image"),
    "boundary": ("Boundary error", "wrong / valid pixels in the widest boundary band of the worst method"),
    "confident": ("Confidently wrong", f"wrong pixels with a confidence of at least {CONFIDENT} / valid pixels"),
    "pair": ("Confused classes", f"pixels of the {PAIRS} largest cells of the baseline's confusion matrix, in turn"),
    "random": ("Random sample", "drawn without replacement"),
}
"""Each kind's name, and what it ranks by."""


@dataclass(frozen=True)
class Shown:
    """A method on the images: its first seed."""

    name: str
    member: Predictions
    budget: ErrorBudget

    @property
    def measured(self) -> MeasuredPass | None:
        """Its pass, if it has a confidence map of every image."""
        member = self.member
        return member if isinstance(member, MeasuredPass) and member.confidence is not None else None


def section(context: Context) -> Section | None:
    """The images; None where none are wanted, or no method has label maps."""
    shown = [] if context.images == 0 else _shown(context)
    if not shown:
        return None
    ranked = ranking_of(shown, context.methods.options.seed)
    edges, stops = _stops(shown)
    many = shown[0].member.data.spec.num_classes >= MANY_CLASSES
    budget = (LARGE_BUDGET if many else BUDGET) if context.images is None else None
    order = choose(ranked, MOST if context.images is None else context.images).images
    with context.methods.bar("packing images") as progress:
        packing = pack_within(lambda index: _read(shown, index, stops), order, budget, len(shown), progress)
    selection = choose(ranked, len(packing.images))
    data = content(shown[: packing.methods], selection, edges, stops)
    return Section(
        "images",
        "Images",
        "Where the predictions are wrong, on the images themselves.",
        _body(shown, selection, packing, data["images"]),
        data,
        {record["key"]: files for record, files in zip(data["images"], packing.images, strict=True)},
    )


def _shown(context: Context) -> list[Shown]:
    """The first seed of every method that has label maps."""
    first = [(group.name, group.members[0]) for group in context.measured]
    budgets = context.methods.attempt("images", lambda: error_budgets(context.methods)) or {}
    return [Shown(name, member, budgets[member.name]) for name, member in first if member.name in budgets]


def _stops(shown: Sequence[Shown]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Edges of the histogram, and the slider's stops among them; empty where no method has confidence maps."""
    options = next((one.measured.options for one in shown if one.measured), None)
    return (options.edges, slider_stops(options.edges, options.taus)) if options else ((), ())


def _read(shown: Sequence[Shown], index: int, stops: Sequence[int]) -> SourceImage:
    """An image with its maps; confidence as the index of the stop that a pixel reaches."""
    data = shown[0].member.data
    reached = (np.searchsorted(stops, np.arange(256), side="right") - 1).astype(np.uint8)
    return SourceImage(
        read_image(data.source.root / data.pairs[index].image),
        read_target(data, index),
        tuple(one.member.label_maps.read(index) for one in shown),
        tuple(reached[one.measured.confidence_maps.read(index)] if one.measured else None for one in shown),
    )


def ranking_of(shown: Sequence[Shown], seed: int) -> dict[str, list[int]]:
    """The images of each kind of :data:`KINDS`, the most typical first."""
    budget = shown[0].budget
    wrong = budget.confusion - np.diag(budget.confusion.diagonal())
    largest = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
    cells = [(int(t), int(p)) for t, p in zip(*np.unravel_index(largest, wrong.shape), strict=True) if wrong[t, p]]
    pairs = [budget.images_of(*cell)[:, 0].tolist() for cell in cells]
    return rankings([numbers_of(one.member) for one in shown], pairs, np.random.default_rng(seed))


def numbers_of(member: Predictions) -> ImageNumbers:
    """What a method's images are ranked by; boundary and confidence are undefined for saved label maps."""
    statistics = member.statistics
    boundary = confident = np.full(len(statistics), np.nan)
    if isinstance(member, MeasuredPass):
        pixels, wrong = member.counts.boundary[:, -2].T  # the last entry is the whole image
        boundary = quotients(wrong, pixels)
        valid, _, confident_wrong = member.counts.retained(CONFIDENT).T
        confident = quotients(confident_wrong, valid)
    return ImageNumbers(image_errors(statistics), pooled_miou(statistics), boundary, confident)


def content(
    shown: Sequence[Shown], selection: Selection, edges: Sequence[float], stops: Sequence[int]
) -> dict[str, Any]:
    """What the script reads: classes, the slider's stops, methods, and the numbers of every image."""
    data = shown[0].member.data
    numbers = [(one, numbers_of(one.member), _retained(one, edges, stops)) for one in shown]
    return {
        "classes": data.spec.classes,
        "palette": data.spec.palette,
        "stops": [edges[stop] for stop in stops],
        "kinds": {kind: KINDS[kind][0] for kind in selection.first},
        "methods": [
            {"name": one.name, "checkpoint": one.member.name, "confidence": one.measured is not None} for one in shown
        ],
        "images": [
            {
                "key": str(place),
                "name": data.pairs[image].image,
                "kinds": [kind for kind, first in selection.first.items() if image in first],
                "classes": np.flatnonzero(shown[0].member.statistics[image, 2]).tolist(),
                "methods": [_numbers(*one, image) for one in numbers],
            }
            for place, image in enumerate(selection.images)
        ],
    }


def _retained(one: Shown, edges: Sequence[float], stops: Sequence[int]) -> np.ndarray:
    """(I, 2, stops) int64: retained pixels and the wrong ones among them; no stops without confidence maps."""
    if one.measured is None:
        return np.zeros((len(one.member.statistics), 2, 0), dtype=np.int64)
    return np.stack([one.measured.counts.retained(edges[stop])[:, 1:] for stop in stops], 2)


def _numbers(one: Shown, numbers: ImageNumbers, retained: np.ndarray, image: int) -> dict[str, Any]:
    """The numbers of a method on one image."""
    rows = one.budget.wrong[one.budget.wrong[:, 0] == image]
    cells, inverse = np.unique(rows[:, 2:4], axis=0, return_inverse=True)
    pixels = np.bincount(inverse.ravel(), rows[:, 4], len(cells)).astype(np.int64)
    return {
        "error": float(numbers.error[image]),
        "miou": float(numbers.miou[image]),
        "boundary": float(numbers.boundary[image]),
        "retained": retained[image, 0].tolist(),
        "wrong": retained[image, 1].tolist(),
        "classes": np.flatnonzero(one.member.statistics[image, 1]).tolist(),
        "confused": np.column_stack((cells, pixels)).tolist(),
    }


def _body(
    shown: Sequence[Shown], selection: Selection, packing: Packing, images: Sequence[Mapping[str, Any]]
) -> Markup:
    """What is shown and what is left out, the place of the viewer, and the images as a table."""
    sentences = Markup("").join(Markup("<p>{}</p>").format(text) for text in _sentences(shown, selection, packing))
    kinds = Table(
        "image_choice",
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
    return Markup("{}{}<div id=image-viewer></div><div id=image-grid></div>{}").format(
        sentences, table_html(kinds, folded=True), table_html(_image_table(shown[: packing.methods], images))
    )


def _sentences(shown: Sequence[Shown], selection: Selection, packing: Packing) -> list[str]:
    """What is shown, and what was left out for the size of the page."""
    count, total, kept = len(selection.images), selection.ranked["random"], shown[: packing.methods]
    left = f"{total - count:,} are left out" if count < total else "none is left out"
    said = [
        f"{count:,} of {total:,} images: {left}. `report --images N` shows N. Methods are shown by their first seed: "
        + ", ".join(f"{one.name} ({one.member.name})" if one.name != one.member.name else one.name for one in kept)
        + "."
    ]
    if packing.edge < EDGES[0]:
        said.append(f"Photographs are reduced to {packing.edge} pixels, so that more images fit; maps have full size.")
    if len(kept) < len(shown):
        names = ", ".join(one.name for one in shown[len(kept) :])
        said.append(f"Not shown on images, so that more images fit: {names}.")
    if count < min(LEAST, total) and packing.edge == EDGES[-1]:
        said.append(f"The maps are so large that not even {LEAST} images fit into {packing.size / 1e6:.1f} MB.")
    if any(one.measured is None for one in kept):
        names = ", ".join(one.name for one in kept if one.measured is None)
        said.append(f"No confidence is known of saved label maps: {names}.")
    return said


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
