"""Which images to show, and which errors to outline on them (Figs. 5, 6, 9, 10; measurements, section 6)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

import numpy as np

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import quotients
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.hints import hint

RankBy = Literal["error-diff", "regressions", "both", "error", "random", "names"]


@dataclass(frozen=True)
class RankedImage:
    """One image's errors: wrong / valid pixels, NaN where it has no valid pixel."""

    index: int
    """Index in the measured list."""
    name: str
    error_baseline: float
    error_other: float
    """NaN where only one method was given."""
    delta: float
    """error_other − error_baseline: negative where the other is better."""


@dataclass(frozen=True)
class Ranking(Serializable):
    """The chosen images, first to be shown first."""

    rank_by: RankBy
    images: tuple[RankedImage, ...]
    candidates: int
    """Images that could have been chosen."""
    undefined: tuple[str, ...]
    """Images without a valid pixel, which have no error and are not ranked."""


def image_errors(statistics: np.ndarray) -> np.ndarray:
    """Error of each image, wrong / valid pixels: float64 (n,), NaN for an image without a valid pixel.

    Args:
        statistics: (n, 3, K) int64: true positives, predicted and true pixels per class, as ``image_statistics`` of
            :mod:`pixcon_train.evaluation.iou` counts them.
    """
    correct, _, valid = statistics.sum(-1).T
    return quotients(valid - correct, valid)


def rank_images(
    names: Sequence[str],
    baseline: np.ndarray,
    other: np.ndarray | None = None,
    *,
    rank_by: RankBy = "error-diff",
    count: int = 16,
    generator: np.random.Generator | None = None,
    chosen: Sequence[str] = (),
) -> Ranking:
    """Choose ``count`` images; ties stay in the order of the list.

    ``error-diff`` takes the images with a smaller error of ``other`` than of the baseline (wins), the largest
    difference first, ``regressions`` those with a larger error (losses), ``both`` half of ``count`` of each, wins
    first, ``error`` ranks by the largest error (of ``other`` where there is one), ``random`` draws from ``generator``
    without replacement, ``names`` takes ``chosen`` in the order given.

    Args:
        names: of the images, in the order of the errors.
        baseline: (n,) errors from :func:`image_errors`.
        other: (n,) errors of the method compared with it.
        chosen: for ``names``: names of images, or a unique part of them (the file name without folder and suffix).

    Raises:
        ConfigError: a difference is requested without a second method, an unknown or ambiguous name, ``random``
            without a generator, or an unknown way to rank.
        ValueError: not one error per name.
    """
    images = _images(names, baseline, other)
    defined = [image for image in images if not math.isnan(image.error_baseline)]
    picked = _pick(images if rank_by == "names" else defined, rank_by, count, generator, chosen, other is not None)
    return Ranking(
        rank_by=rank_by,
        images=tuple(picked if rank_by == "names" else picked[:count]),
        candidates=len(defined),
        undefined=tuple(image.name for image in images if math.isnan(image.error_baseline)),
    )


def _images(names: Sequence[str], baseline: np.ndarray, other: np.ndarray | None) -> list[RankedImage]:
    others = np.full(len(baseline), math.nan) if other is None else other
    if not len(names) == len(baseline) == len(others):
        raise ValueError(f"Expected one error per name, got {len(baseline)} and {len(others)} for {len(names)} names.")
    errors = zip(names, baseline.tolist(), others.tolist(), strict=True)
    return [RankedImage(i, name, first, second, second - first) for i, (name, first, second) in enumerate(errors)]


def _pick(
    images: list[RankedImage],
    rank_by: RankBy,
    count: int,
    generator: np.random.Generator | None,
    chosen: Sequence[str],
    paired: bool,
) -> list[RankedImage]:
    """All of ``images`` in the order of ``rank_by``; for ``names``, the chosen ones."""
    if rank_by in ("error-diff", "regressions", "both") and not paired:
        raise ConfigError(
            f"Ranking by `{rank_by}` compares two methods, but one was given. Rank by `error` or `random`."
        )
    wins = sorted((image for image in images if image.delta < 0), key=lambda image: image.delta)
    losses = sorted((image for image in images if image.delta > 0), key=lambda image: -image.delta)
    if rank_by == "error-diff":
        return wins
    if rank_by == "regressions":
        return losses
    if rank_by == "both":
        return [*wins[: -(-count // 2)], *losses[: count // 2]]
    if rank_by == "error":
        return sorted(images, key=lambda image: -(image.error_other if paired else image.error_baseline))
    if rank_by == "random":
        if generator is None:
            raise ConfigError("Ranking by `random` needs a generator, so that the choice can be repeated.")
        return [images[i] for i in generator.permutation(len(images))]
    if rank_by == "names":
        return [_find(images, name) for name in chosen]
    raise ConfigError(f"Unknown ranking `{rank_by}`; expected error-diff, regressions, both, error, random or names.")


def _find(images: Sequence[RankedImage], name: str) -> RankedImage:
    """The image called ``name``, by its path or its file name, with or without suffix."""
    found = [image for image in images if name == image.name]
    files = [(image, PurePosixPath(image.name)) for image in images]
    found = found or [image for image, file in files if name in (file.stem, file.name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(
            f"{name!r} means several images: {', '.join(image.name for image in found[:4])}. Give the path."
        )
    near = hint(name, [file.stem for _, file in files])
    raise ConfigError(f"No image is called {name!r} among the {len(images)} measured{near}.")


def occurring_classes(label_maps: Iterable[np.ndarray], void: int) -> tuple[int, ...]:
    """Classes in any of ``label_maps``, ascending, without void: the classes in a figure's legend."""
    found = {int(label) for labels in label_maps for label in np.unique(labels)}
    return tuple(sorted(found - {void}))
