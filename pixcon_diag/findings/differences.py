"""Rules on the difference between a method and the baseline: noise of images and seeds, one class, boundaries."""

import math

import numpy as np

from pixcon_diag.findings.facts import Method, Pair
from pixcon_diag.findings.finding import Finding, Fine, Outcome, interval, points
from pixcon_diag.measures.uncertainty import ImageNoise
from pixcon_diag.measures.verdict import MIN_IMAGES
from pixcon_diag.statistics.intervals import half_width
from pixcon_diag.statistics.spread import mean, sample_std

LEVEL = 0.95
ONE_CLASS = 0.8
"""Share of a difference in mIoU that one class carries."""
LEAST = 0.001
"""Difference in mIoU below which there is nothing to carry."""
FEWEST_SEEDS = 3
"""Seeds of a method from which the spread over seeds means anything."""


def image_noise(pair: Pair) -> Outcome:
    """A difference that another validation set could reverse."""
    noise = pair.image_noise
    if noise is None or math.isnan(noise.low):
        return None
    text = f"{points(noise.difference)} mIoU{interval(noise.low, noise.high, noise.level)}"
    if noise.images >= MIN_IMAGES and (noise.low > 0 or noise.high < 0):
        return Fine(f"the difference {pair.name} exceeds the noise of the {noise.images} images ({text})")
    half = (noise.high - noise.low) / 2
    sentence, remedy = _within_noise(pair.name, noise, text)
    return Finding(
        "moderate",
        _times(half, noise.difference),
        sentence,
        remedy,
        {"difference": noise.difference, "low": noise.low, "high": noise.high, "images": noise.images},
    )


def _within_noise(name: str, noise: ImageNoise, text: str) -> tuple[str, str]:
    """What is said of a difference that images do not show, and what to do."""
    neither = "Do not call either better on these images; measure on more of them (`pixcon-diag power`)"
    if noise.low == noise.high == 0:
        return (
            f"The difference {name} is 0 in every draw of the {noise.images:,} images: both predict the same.",
            "Check that two different networks, or folders, are named.",
        )
    if noise.images < MIN_IMAGES:
        return (
            f"The difference {name}, {text}, is of {noise.images:,} images, too few for its interval to hold: at least "
            f"{MIN_IMAGES} are needed.",
            f"{neither}.",
        )
    return (
        f"The difference {name}, {text}, is within the noise of the {noise.images:,} images: another validation set "
        "may reverse it.",
        f"{neither}, or state the interval.",
    )


def seed_noise(pair: Pair) -> Outcome:
    """A difference that other seeds could reverse."""
    if len(pair.seeds) < 2:
        return None
    center, std = mean(pair.seeds), sample_std(pair.seeds)
    half = half_width(pair.seeds, LEVEL)
    text = f"{points(center)} mIoU{interval(center - half, center + half, LEVEL)}"
    if abs(center) > half:
        return Fine(f"the difference {pair.name} exceeds the noise of {len(pair.seeds)} seeds ({text})")
    return Finding(
        "moderate",
        _times(half, center),
        f"The difference {pair.name}, {text}, is within the noise of {len(pair.seeds)} seeds (standard deviation of "
        f"the paired differences {100 * std:.2f}).",
        "Train more seeds of both (`pixcon-diag power` says how many), or report that no difference is shown.",
        {"difference": center, "low": center - half, "high": center + half, "std": std, "seeds": len(pair.seeds)},
    )


def _times(half: float, difference: float) -> float:
    """By how many times half of the interval exceeds the difference, at most ten."""
    return min(10.0, half / abs(difference)) if difference else 10.0


def one_class(pair: Pair) -> Outcome:
    """A difference that one class carries."""
    deltas = np.array(pair.by_class)
    defined = ~np.isnan(deltas)
    if defined.sum() < 2:
        return None
    total = deltas[defined].sum() / defined.sum()
    if abs(total) < LEAST:
        return None
    shares = np.where(defined, deltas, 0.0) / defined.sum() / total
    largest = int(np.argmax(shares))
    if shares[largest] < ONE_CLASS:
        return Fine(f"the difference {pair.name} is not carried by one class")
    rest = (deltas[defined].sum() - deltas[largest]) / (defined.sum() - 1)
    name = pair.classes[largest]
    return Finding(
        "moderate",
        float(shares[largest] / ONE_CLASS),
        f"One class carries the difference {pair.name}: {name} changes by {points(deltas[largest])} IoU, and the mean "
        f"over the other {defined.sum() - 1} classes by {points(rest)}, where the mIoU changes by {points(total)}.",
        f"Report the difference with and without {name}, and look at its images (`pixcon-diag per-class`, `pixcon-diag "
        "qualitative`).",
        {"class": name, "delta": float(deltas[largest]), "others": float(rest), "miou": float(total)},
    )


def boundary_ranking(pair: Pair) -> Outcome:
    """Another order of the methods away from boundaries."""
    whole, inner = pair.image_noise, pair.inner
    if whole is None or inner is None or math.isnan(whole.difference * inner.difference):
        return None
    text = (
        f"{points(whole.difference)} mIoU{interval(whole.low, whole.high, whole.level)}, but away from boundaries "
        f"{points(inner.difference)}{interval(inner.low, inner.high, inner.level)}"
    )
    if whole.difference * inner.difference >= 0:
        return Fine(f"the order {pair.name} is the same away from boundaries ({points(inner.difference)} mIoU)")
    return Finding(
        "moderate" if inner.low > 0 or inner.high < 0 else "minor",
        abs(inner.difference) / LEAST / 10,
        f"Boundaries decide the order {pair.name}: {text}.",
        "Say which of the two is claimed: the difference in Table 7's bands (`pixcon-diag boundary`) beside the mIoU.",
        {"difference": whole.difference, "inner": inner.difference, "low": inner.low, "high": inner.high},
    )


def few_seeds(method: Method) -> Outcome:
    """A compared method with too few seeds."""
    if not method.compared:
        return None
    if method.seeds >= FEWEST_SEEDS:
        return Fine(f"{method.name} has {method.seeds} seeds")
    number, known = ("one seed", "unknown") if method.seeds == 1 else (f"{method.seeds} seeds", "barely known")
    return Finding(
        "minor",
        FEWEST_SEEDS / method.seeds,
        f"{method.name} has {number}, so the noise of training is {known}.",
        "Train at least three seeds of every method; `pixcon-diag power` says how many a difference needs.",
        {"seeds": method.seeds},
    )
