"""The confidence filter: what a threshold retains, and how much of that is wrong."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from pixcon_diag.analyses.filter_verdict import overall_verdict
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.reporting.page.section import Context, Section, fold
from pixcon_diag.reporting.page.stops import slider_stops
from pixcon_diag.statistics.spread import quotient

KEPT = 0.01
"""Retention from which on a threshold shows something; the slider starts at one."""


def section(context: Context) -> Section | None:
    """The filter of every checkpoint; None without confidence, as of saved label maps."""
    members = [
        (group.name, member)
        for group in context.measured
        for member in group.members
        if isinstance(member, MeasuredPass)
    ]
    if not members:
        return None
    options = members[0][1].options
    stops = slider_stops(options.edges, options.taus)
    taus = [options.edges[stop] for stop in stops]
    data = {
        "stops": taus,
        "start": start_of([member for _, member in members], taus),
        "classes": members[0][1].data.spec.classes,
        "members": [{"group": group, **counts(member, taus)} for group, member in members],
    }
    tables = context.tables("contamination")
    more = context.tables("tau", "estimate")
    body = Markup('<div id="filter-panel"></div>{}{}')
    return Section(
        "filter",
        "Filter",
        "Which pixels a confidence threshold τ retains, how many of them are wrong, and whether to keep the threshold.",
        body.format(fold("Tables at the thresholds of the study", tables), fold("Choice of the threshold", more)),
        data,
    )


def counts(member: MeasuredPass, taus: Sequence[float]) -> dict[str, Any]:
    """Pixels that a checkpoint retains at each threshold, overall and by predicted class, with the verdicts."""
    found = member.contamination(taus)
    verdicts = [overall_verdict(member, tau) for tau in taus]
    return {
        "name": member.name,
        "valid": found.curve.retained[0],
        "retained": [at.overall.retained for at in found.thresholds],
        "correct": [at.overall.correct for at in found.thresholds],
        "macro": [at.by_predicted.macro_rho_f for at in found.thresholds],
        "verdicts": [
            {"decision": verdict.decision, "low": verdict.interval.low, "high": verdict.interval.high}
            for verdict in verdicts
        ],
        "classes": {
            "predicted": found.thresholds[0].by_predicted.pixels,
            "retained": [at.by_predicted.retained for at in found.thresholds],
            "correct": [at.by_predicted.correct for at in found.thresholds],
        },
    }


def start_of(members: Sequence[MeasuredPass], taus: Sequence[float]) -> float:
    """Where the slider starts: the first threshold of the study, or the largest one below it at which every checkpoint
    retains :data:`KEPT` of the pixels."""
    wanted = members[0].options.taus[0]
    kept = [tau for tau in taus if tau <= wanted and all(_retention(member, tau) >= KEPT for member in members)]
    return max(kept, default=taus[0])


def _retention(member: MeasuredPass, tau: float) -> float:
    valid, retained, _ = member.counts.retained(tau).sum(0)
    return quotient(int(retained), int(valid))
