"""Rules on the confidence filter: whether it retains anything, and whether a frequent class hides the others."""

import numpy as np

from pixcon_diag.findings.facts import Filter, Member
from pixcon_diag.findings.finding import Finding, Fine, Outcome, interval, per_cent
from pixcon_diag.findings.training import NEARLY_NOTHING
from pixcon_diag.statistics.intervals import ratio_interval
from pixcon_diag.statistics.spread import quotient

MIN_ERROR = 1e-3
"""Error that counts as allowed where τ is closer to 1, for the size of a finding."""
HALF = 0.5
"""The share that a suggested threshold retains."""
SMALL_RHO_F = 0.1
"""ρ_F up to which a filter looks clean."""
HIDDEN = 2.0
"""Times ρ_F from which a macro ρ_F is hidden by it."""
HIDDEN_POINTS = 0.03
"""Least difference of the two."""


def nothing_retained(member: Member) -> Outcome:
    """Next to no pixel above the threshold, in the last epoch of training or on the measured list."""
    run, filter_ = member.training, None if member.measured is None else member.measured.filter
    shares = _shares(member)
    if not shares:
        return None
    least = min(shares.values())
    text = " and ".join(f"{per_cent(share)} {where}" for where, share in shares.items())
    if least > NEARLY_NOTHING:
        return Fine(f"the threshold retains {text}")
    tau = filter_.tau if filter_ is not None else None if run is None else run.tau
    return Finding(
        "severe",
        NEARLY_NOTHING / max(least, NEARLY_NOTHING / 10),
        f"The confidence threshold{'' if tau is None else f' τ = {tau:g}'} of {member.name} retains {text}"
        f"{'' if filter_ is None else _interval(filter_, 1, 0)}, so unlabeled images contribute next to nothing.",
        _lower(filter_),
        {"tau": tau, **{f"retention {where}": share for where, share in shares.items()}},
    )


def _shares(member: Member) -> dict[str, float]:
    """Retention by where it was measured."""
    shares = {}
    if member.training is not None and member.training.retention:
        shares["of the unlabeled pixels in the last epoch"] = member.training.retention[-1]
    if member.measured is not None and member.measured.filter is not None:
        valid, retained, _ = member.measured.filter.counts.sum(0)
        shares["of the pixels measured"] = quotient(retained, valid)
    return {where: share for where, share in shares.items() if share == share}


def _lower(filter_: Filter | None) -> str:
    """The advice of a lower threshold, with its price where the histogram is known."""
    if filter_ is None:
        return "Lower the threshold; measure the checkpoint to see which τ retains half of the pixels."
    enough = [i for i, retention in enumerate(filter_.retention) if retention >= HALF]
    if not enough:
        return "Train longer: not even a low threshold retains half of the pixels."
    best = enough[-1]
    return (
        f"If no other finding is the cause, lower the threshold: τ = {filter_.taus[best]:g} would retain "
        f"{per_cent(filter_.retention[best], 0)} of the pixels, {per_cent(filter_.rho_f[best])} of them wrong."
    )


def _interval(filter_: Filter, part: int, whole: int) -> str:
    ends = ratio_interval(filter_.counts[:, part], filter_.counts[:, whole])
    return interval(ends.low, ends.high, ends.level)


def hidden_macro(member: Member) -> Outcome:
    """A small ρ_F over a large macro ρ_F."""
    measured = member.measured
    if measured is None or measured.filter is None or not measured.filter.counts[:, 1].any():
        return None
    filter_ = measured.filter
    _, retained, wrong = filter_.counts.sum(0)
    rho_f, macro = quotient(wrong, retained), filter_.macro_rho_f
    if rho_f > SMALL_RHO_F or macro < HIDDEN * rho_f or macro - rho_f < HIDDEN_POINTS:
        return Fine(f"ρ_F ({per_cent(rho_f)}) does not hide the mean over classes ({per_cent(macro)})")
    largest = int(np.argmax(filter_.retained))
    share = quotient(filter_.retained[largest], sum(filter_.retained))
    return Finding(
        "moderate",
        min(macro / max(rho_f, 1e-9) / HIDDEN, 100.0),
        f"At τ = {filter_.tau:g} only {per_cent(rho_f)} of the pixels that {member.name} retains are wrong"
        f"{_interval(filter_, 2, 1)}, but {per_cent(macro)} in the mean over classes: {per_cent(share, 0)} of the "
        f"retained pixels are {measured.classes[largest]}, which hides the others.",
        "Judge the filter by class (verdict_classes.csv of `pixcon-diag contamination --out`): a bank filled from "
        "images like these holds equally many entries of each class, so its contamination is near the mean over "
        "classes. From the labeled list, which the teacher has learned, it is lower.",
        {"tau": filter_.tau, "rho_f": rho_f, "macro_rho_f": macro, "class": measured.classes[largest], "share": share},
    )


def filter_verdict(member: Member) -> Outcome:
    """A filter that the published rule would lower, or on which the images do not decide."""
    verdict = None if member.measured is None or member.measured.filter is None else member.measured.filter.verdict
    if verdict is None or verdict.decision == "none":
        return None
    ends = interval(verdict.interval.low, verdict.interval.high, verdict.interval.level)
    kept = f"{per_cent(verdict.pi_kept, 2)} of the pixels that {member.name} retains are right{ends}"
    if verdict.decision == "strict":
        return Fine(f"{kept}, {verdict.words}")
    error, allowed = 1 - verdict.pi_kept, max(1 - verdict.tau, MIN_ERROR)
    floor = verdict.decision == "floor"
    return Finding(
        "moderate" if floor else "minor",
        error / allowed,
        f"{kept}, {verdict.words}.",
        "Lower the threshold to an adaptive floor (consistency.threshold.rule dynamic_floor): strict filtering "
        "discards pixels without being as accurate as it demands."
        if floor
        else "Keep τ for now, and measure more images to decide (`pixcon-diag contamination`).",
        {
            "tau": verdict.tau,
            "pi_kept": verdict.pi_kept,
            "low": verdict.interval.low,
            "high": verdict.interval.high,
            "decision": verdict.decision,
        },
    )
