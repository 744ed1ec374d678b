"""Rules on the kind of errors: at boundaries or of whole regions, and pairs of classes."""

import numpy as np

from pixcon_diag.findings.facts import Member
from pixcon_diag.findings.finding import Finding, Fine, Outcome, interval, per_cent, points
from pixcon_diag.measures.error_budget_result import CategoryBudget

MOSTLY = 0.5
"""Share of the wrong pixels of one kind from which errors are mostly of it."""
WORTH = 0.02
"""mIoU recovered from which a kind of region error is worth a sentence."""
CONFUSED = 0.05
"""Share of each class's true pixels taken for the other one, both ways."""
CLOSE = 0.5
"""Position of the pair's cosine between the mean over pairs (0) and 1 from which centroids are close."""
EXPLANATIONS = {
    "extent": "regions are recognised, but end at the wrong place, farther from the boundary than its width",
    "confusion": "whole regions are predicted as another class",
    "missed": "whole regions are missed",
    "hallucinated": "regions are predicted where there are none",
}
REMEDIES = {
    "extent": "Look at the resolution of the features and the size of the crop",
    "confusion": "Look at the pairs of classes in the error budget and at their centroids (`pixcon-diag geometry`)",
    "missed": "Look at the recall of small objects, the crop's scale and the classes' share in the labeled list",
    "hallucinated": "Look at the contamination of these classes' pseudo-labels (`pixcon-diag contamination`)",
}


def boundary_errors(member: Member) -> Outcome:
    """Most errors on misplaced boundaries."""
    budget = None if member.measured is None else member.measured.budget
    if budget is None or not budget.wrong:
        return None
    boundary = budget.categories[0]
    if boundary.share < MOSTLY:
        return Fine(f"{per_cent(boundary.share, 0)} of the wrong pixels are misplaced boundaries")
    return Finding(
        "minor",
        boundary.share / MOSTLY,
        f"{per_cent(boundary.share, 0)} of {member.name}'s wrong pixels are boundaries misplaced by at most "
        f"{budget.width} pixels; correcting them alone would give {points(boundary.recovered)} mIoU"
        f"{_ends(boundary, budget.level)}.",
        "Differences between methods may be about boundaries: compare the mIoU away from them "
        f"({per_cent(budget.inner_miou)} here) and the error by zone (`pixcon-diag boundary`).",
        {"share": boundary.share, "recovered": boundary.recovered, "low": boundary.low, "high": boundary.high},
    )


def region_errors(member: Member) -> Outcome:
    """A kind of region error that costs more than the boundaries."""
    budget = None if member.measured is None else member.measured.budget
    if budget is None or not budget.wrong:
        return None
    boundary, *regions = budget.categories
    worst = max(regions, key=lambda category: category.recovered)
    if worst.recovered < WORTH or worst.recovered <= boundary.recovered:
        return Fine("no kind of region error costs more than the boundaries")
    return Finding(
        "minor",
        worst.recovered / WORTH,
        f"Region errors cost {member.name} most: {EXPLANATIONS[worst.name]} ({per_cent(worst.share, 0)} of the wrong "
        f"pixels), and correcting them alone would give {points(worst.recovered)} mIoU{_ends(worst, budget.level)}; "
        f"boundaries would give {points(boundary.recovered)}.",
        f"{REMEDIES[worst.name]}.",
        {"kind": worst.name, "share": worst.share, "recovered": worst.recovered, "low": worst.low, "high": worst.high},
    )


def _ends(category: CategoryBudget, level: float) -> str:
    return interval(category.low, category.high, level)


def confused_pair(member: Member) -> Outcome:
    """Two classes confused both ways whose centroids are close."""
    measured = member.measured
    if measured is None or measured.confusion is None or measured.cosine is None:
        return None
    confusion = measured.confusion.astype(float)
    true = confusion.sum(1, keepdims=True)
    rates = np.divide(confusion, true, out=np.zeros_like(confusion), where=true > 0)
    both = np.minimum(rates, rates.T)
    off = ~np.eye(len(both), dtype=bool)
    average = np.nanmean(measured.cosine[off]) if not np.isnan(measured.cosine[off]).all() else np.nan
    close = off & (measured.cosine >= average + CLOSE * (1 - average))
    if np.isnan(average):
        return None
    both = np.where(close, both, 0.0)
    i, j = np.unravel_index(np.argmax(np.triu(both)), both.shape)
    if both[i, j] < CONFUSED:
        return Fine("no two classes with close centroids are confused both ways")
    first, second = measured.classes[i], measured.classes[j]
    gain = _recovered(member, int(i), int(j))
    return Finding(
        "moderate",
        both[i, j] / CONFUSED,
        f"{member.name} confuses {first} and {second} both ways ({per_cent(rates[i, j])} of {first} is predicted as "
        f"{second}, {per_cent(rates[j, i])} the other way), and their centroids are close (cosine "
        f"{measured.cosine[i, j]:.2f}, mean over pairs {average:.2f})"
        f"{'' if gain is None else f'; correcting the pair would give {points(gain)} mIoU'}.",
        "Separate the two in feature space: a bank with clean entries of both (bank.rule clean), and more labeled "
        "images that show them side by side.",
        {
            "first": first,
            "second": second,
            "there": float(rates[i, j]),
            "back": float(rates[j, i]),
            "cosine": float(measured.cosine[i, j]),
            "mean_cosine": float(average),
        },
    )


def _recovered(member: Member, i: int, j: int) -> float | None:
    """mIoU gained by correcting a pair, boundaries apart."""
    budget = None if member.measured is None else member.measured.budget
    pairs = () if budget is None else budget.pairs
    return next((pair.recovered for pair in pairs if (pair.first, pair.second) == (i, j)), None)
