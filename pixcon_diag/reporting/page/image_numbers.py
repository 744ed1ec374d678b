"""The numbers by which images are chosen and sorted, and the record of each image that the page's script reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pixcon_diag.measures.error_budget_result import ErrorBudget
from pixcon_diag.measures.qualitative import image_errors
from pixcon_diag.measures.uncertainty import pooled_miou
from pixcon_diag.passes.predictions import MeasuredPass, Predictions
from pixcon_diag.reporting.page.image_choice import CONFIDENT, ImageNumbers, Selection, rankings
from pixcon_diag.reporting.page.stops import slider_stops
from pixcon_diag.statistics.spread import quotients
from pixcon_train.core.void import void_of

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
    seeds: int
    budget: ErrorBudget

    @property
    def measured(self) -> MeasuredPass | None:
        """Its pass, if it has a confidence map of every image."""
        member = self.member
        return member if isinstance(member, MeasuredPass) and member.confidence is not None else None

    @property
    def stops(self) -> tuple[int, ...]:
        """The slider's stops among the edges of its histogram; empty without confidence maps."""
        options = self.measured.options if self.measured else None
        return slider_stops(options.edges, options.taus) if options else ()


def ranking_of(shown: Sequence[Shown], seed: int) -> dict[str, list[int]]:
    """The images of each kind of :data:`KINDS`, the most typical first."""
    budget = shown[0].budget
    pairs = [budget.images_of(*cell)[:, 0].tolist() for cell in budget.largest_confusions(PAIRS)]
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


def content(shown: Sequence[Shown], selection: Selection) -> dict[str, Any]:
    """What the script reads: classes, methods, and the numbers of every image; the stops are the filter's."""
    data = shown[0].member.data
    numbers = [(one, numbers_of(one.member), _wrong(one)) for one in shown]
    return {
        "classes": data.spec.classes,
        "palette": data.spec.palette,
        "void": void_of(data.spec.num_classes),
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


def _wrong(one: Shown) -> np.ndarray:
    """(I, stops) int64: wrong retained pixels; no stops without confidence maps."""
    if one.measured is None:
        return np.zeros((len(one.member.statistics), 0), dtype=np.int64)
    counts = one.measured.counts
    return np.stack([counts.retained(counts.edges[stop])[:, 2] for stop in one.stops], 1)


def _numbers(one: Shown, numbers: ImageNumbers, wrong: np.ndarray, image: int) -> dict[str, Any]:
    """The numbers of a method on one image."""
    rows = one.budget.wrong[one.budget.wrong[:, 0] == image]
    cells, inverse = np.unique(rows[:, 2:4], axis=0, return_inverse=True)
    pixels = np.bincount(inverse.ravel(), rows[:, 4], len(cells)).astype(np.int64)
    return {
        "error": float(numbers.error[image]),
        "miou": float(numbers.miou[image]),
        "boundary": float(numbers.boundary[image]),
        "wrong": wrong[image].tolist(),
        "classes": np.flatnonzero(one.member.statistics[image, 1]).tolist(),
        "confused": np.column_stack((cells, pixels)).tolist(),
    }
