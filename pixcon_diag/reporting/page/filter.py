"""The confidence filter: what a threshold retains, and how much of that is wrong."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from pixcon_diag.analyses.filter_verdict import overall_verdict
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.reporting.page.charts import Axis, Mark, Point, Series, grid, legend, line_chart
from pixcon_diag.reporting.page.section import Context, Section, fold
from pixcon_diag.reporting.page.stops import slider_stops
from pixcon_diag.statistics.spread import NAN, quotient

TICKS = (0.0, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999)
"""Thresholds named below the curves."""
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
    start = start_of([member for _, member in members], taus)
    counted = [{"group": group, **counts(member, taus)} for group, member in members]
    data = {"stops": taus, "start": start, "classes": members[0][1].data.spec.classes, "members": counted}
    tables = context.tables("contamination")
    more = context.tables("tau", "estimate")
    body = Markup("<div id=filter-panel></div><div id=filter-curves>{}</div>{}{}")
    return Section(
        "filter",
        "Filter",
        "Which pixels a confidence threshold τ retains, how many of them are wrong, and whether to keep the threshold.",
        body.format(
            curves(counted, taus, start),
            fold("Tables at the thresholds of the study", tables),
            fold("Choice of the threshold", more),
        ),
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


def curves(members: Sequence[dict[str, Any]], taus: Sequence[float], start: float) -> Markup:
    """Retention and ρ_F at every stop, evenly spaced, as thresholds crowd close to 1; a rule marks the slider's."""
    last = len(taus) - 1
    ticks = tuple((float(taus.index(tau)), f"{tau:g}") for tau in TICKS if tau in taus)
    axis = Axis("τ", include=(0.0, float(last)), ticks=ticks)
    mark = [Mark(float(taus.index(start)))]
    kept = [Series(one["name"], _retention_points(one, taus), look) for look, one in enumerate(members)]
    wrong = [Series(one["name"], _rho_points(one, taus), look, "band") for look, one in enumerate(members)]
    charts = (
        line_chart("Retention", axis, Axis("% of the pixels", include=(0.0, 100.0)), kept, mark),
        line_chart("ρ_F, its interval over images", axis, Axis("% of the retained", include=(0.0,)), wrong, mark),
    )
    return legend((one["name"], look) for look, one in enumerate(members)) + grid(charts)


def _retention_points(member: dict[str, Any], taus: Sequence[float]) -> list[Point]:
    rates = [100 * quotient(kept, member["valid"]) for kept in member["retained"]]
    return [
        Point(i, y, text=f"{member['name']} at τ = {tau:g}: {y:.2f} % retained")
        for i, (tau, y) in enumerate(zip(taus, rates, strict=True))
    ]


def _rho_points(member: dict[str, Any], taus: Sequence[float]) -> list[Point]:
    counts = zip(taus, member["retained"], member["correct"], member["verdicts"], strict=True)
    points = []
    for i, (tau, kept, correct, verdict) in enumerate(counts):
        y, low, high = 100 * quotient(kept - correct, kept), 100 - 100 * verdict["high"], 100 - 100 * verdict["low"]
        text = f"{member['name']} at τ = {tau:g}: {y:.2f} % ({low:.2f} to {high:.2f})"
        few = verdict["decision"] == "none"  # so few images that the interval would hide the rest
        points.append(Point(i, y, NAN if few else low, NAN if few else high, text))
    return points


def start_of(members: Sequence[MeasuredPass], taus: Sequence[float]) -> float:
    """Where the slider starts: the first threshold of the study, or the largest one below it at which every checkpoint
    retains :data:`KEPT` of the pixels."""
    wanted = members[0].options.taus[0]
    kept = [tau for tau in taus if tau <= wanted and all(_retention(member, tau) >= KEPT for member in members)]
    return max(kept, default=taus[0])


def _retention(member: MeasuredPass, tau: float) -> float:
    valid, retained, _ = member.counts.retained(tau).sum(0)
    return quotient(int(retained), int(valid))
