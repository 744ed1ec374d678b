"""The error budget of every member of a study, from its label maps and targets; cached with a pass."""

from functools import partial

import numpy as np

from pixcon_diag.cache.derived import derived
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.error_budget import CATEGORIES, FOUND, WIDTH, image_errors
from pixcon_diag.measures.error_budget_result import ErrorBudget
from pixcon_diag.passes.forms import formed
from pixcon_diag.passes.predictions import MeasuredPass, Predictions, read_target
from pixcon_train.core.progress import Progress
from pixcon_train.core.void import void_of

FORMAT = 1
"""Raised when the same label maps give other counts."""


def error_budgets(methods: Methods, width: int = WIDTH) -> dict[str, ErrorBudget]:
    """The budget of every member by its name, computed once per study; those without label maps are left out.

    Args:
        width: of the boundary zone, in pixels.

    Raises:
        PixConError: a mask or label map cannot be read.
    """
    members = [member for group in methods.measured() for member in group.members if member.maps is not None]
    return methods.once(("error budgets", width), lambda: {m.name: _budget(methods, m, width) for m in members})


def _budget(methods: Methods, member: Predictions, width: int) -> ErrorBudget:
    def compute() -> dict[str, np.ndarray]:
        with methods.bar(f"errors of {member.name}") as progress:
            counted = count_errors(member, width, progress)
        return {"statistics": counted.statistics, "inner": counted.inner, "wrong": counted.wrong}

    folder = member.folder if isinstance(member, MeasuredPass) else None  # that of saved label maps is the user's
    key = {"format": FORMAT, "width": width, "found": FOUND}
    return derived(folder, "errors", key, compute, partial(_read, images=len(member.data.pairs), width=width))


def _read(arrays: dict[str, np.ndarray], images: int, width: int) -> ErrorBudget:
    """The budget of stored arrays.

    Raises:
        ValueError: they are not of one.
    """
    counts = f"int>=0 {images} 3 K"
    budget = ErrorBudget(width=width, **formed(arrays, {"statistics": counts, "inner": counts, "wrong": "int>=0 N 5"}))
    classes = budget.statistics.shape[2]
    if (budget.wrong[:, :4] >= (images, len(CATEGORIES), classes, classes)).any():
        raise ValueError("a wrong pixel is of no image, category or class")
    return budget


def count_errors(member: Predictions, width: int, progress: Progress) -> ErrorBudget:
    """Count the errors of every image.

    Raises:
        ConfigError: the label maps were not saved.
        DataError: a mask or label map cannot be read.
    """
    num_classes = member.data.spec.num_classes
    count, images = partial(image_errors, num_classes=num_classes, void=void_of(num_classes), width=width), []
    total = len(member.label_maps)
    for index in range(total):
        progress(index, total)
        images.append(count(member.label_maps.read(index), read_target(member.data, index)))
    progress(total, total)
    return ErrorBudget.of(images, num_classes, width)
