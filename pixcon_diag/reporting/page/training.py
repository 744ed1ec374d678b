"""Training: mIoU of student and teacher, retention, thresholds and losses over the epochs."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
from markupsafe import Markup

from pixcon_diag.logs.history import RunHistory, Weights
from pixcon_diag.measures.dynamics import DynamicsResult, GroupDynamics, RunDynamics, band, dynamics
from pixcon_diag.reporting.page.charts import Axis, Mark, Point, Series, grid, legend, line_chart
from pixcon_diag.reporting.page.landscape import landscape_chart
from pixcon_diag.reporting.page.section import Context, Section, fold
from pixcon_diag.reporting.page.sensitivity import sensitivity_charts
from pixcon_diag.reporting.page.tables import table_html

Values = Callable[[RunDynamics], Sequence[float]]
"""Takes a run's values, one per epoch; NaN where it has none."""

NETWORKS: dict[str, Values] = {"EMA teacher": lambda run: run.ema_miou, "Student": lambda run: run.student_miou}
NAMES: dict[Weights, str] = dict(zip(get_args(Weights), NETWORKS, strict=True))
RATES: dict[str, Values] = {
    "Unlabeled pixels retained": lambda run: run.retention,
    "ρ_F of the pseudo-labels": lambda run: run.contamination,
    "Pseudo-labels replaced by noise": lambda run: run.replaced,
    "ρ_F of the bank": lambda run: run.bank_contamination,
}
"""Shares that some logs have."""
LONG = 10
"""Epochs from which on the second half of a training is shown apart."""
MOST_ROWS = 300
"""Most epochs of all runs whose table is in the page; the downloads have it in any case."""


def section(context: Context) -> Section | None:
    """The training curves, what they depend on, and published results; None without any of them."""
    curves = _curves(context) if "dynamics" in context.results else Markup("")
    body = curves + _settings(context) + _published(context)
    if not body:
        return None
    about = "How the methods came to where they are: mIoU, retention, thresholds and losses in each epoch."
    return Section("training", "Training", about, body)


def _curves(context: Context) -> Markup:
    with context.methods.lenient():
        histories = context.methods.histories()
    weights = context.content("dynamics")["dynamics"]["weights"]
    result = dynamics(histories, weights)
    looks = context.looks(histories)
    last = max((run.finished[-1] for group in result.groups for run in group.runs if run.finished), default=1)
    x, marks = Axis("epochs finished", include=(0, last)), _warmups(histories)
    seeds = any(len(group.runs) > 1 for group in result.groups)
    note = "A line is the mean over seeds, at epochs with a value for each; its band: from the least to the greatest."
    body = (
        legend((name, looks[name]) for name in histories) if len(histories) > 1 else Markup(""),
        grid([*_miou(result, x, looks, marks), _leads(context, histories, result, x, looks)]),
        grid(_charts(result, x, looks, marks)),
        Markup("<p class=note>{}</p>").format(note) if seeds else Markup(""),
        fold("Tables of training", context.tables("dynamics") + _epochs(context)),
    )
    return Markup("").join(body)


def _epochs(context: Context) -> Markup:
    """The numbers of the charts, where they are few."""
    table = context.table("dynamics", "dynamics_curves")
    if table is None or len(table.rows) > MOST_ROWS:
        return Markup("<p class=note>Every epoch of every run: table dynamics_curves among the downloads.</p>")
    return table_html(table)


def _warmups(histories: Mapping[str, Sequence[RunHistory]]) -> list[Mark]:
    """Where the learning rate's warm-up ends, in epochs; with names where it differs."""
    ends: dict[float, list[str]] = {}
    for name, runs in histories.items():
        for run in runs:
            warmup = run.config.get("optimizer.warmup")
            if warmup and run.iterations and run.epochs:
                epochs = warmup / run.iterations * run.finished(run.epochs[-1].epoch)
                ends.setdefault(round(epochs, 2), []).append(name)
    several = len(ends) > 1
    return [
        Mark(at, "warm-up ends" + (f": {', '.join(dict.fromkeys(names))}" if several else ""))
        for at, names in ends.items()
    ]


def _miou(result: DynamicsResult, x: Axis, looks: Mapping[str, int], marks: Sequence[Mark]) -> Iterator[Markup]:
    """Both networks on one scale; then the second half of a long training, whose differences the first ones hide."""
    values = [100 * v for take in NETWORKS.values() for v in _values(result, take) if math.isfinite(v)]
    room = 0.05 * (max(values) - min(values)) if values else 0
    y = Axis("mIoU, %", include=(min(values) - room, max(values) + room) if values else ())
    for title, take in NETWORKS.items():
        curves = _series(result, take, looks, 100)
        yield line_chart(title, x, y, curves, marks)
        if title == NAMES[result.weights] and max(x.include) >= LONG:
            half = round(max(x.include) / 2)
            late = [replace(one, points=[point for point in one.points if point.x >= half]) for one in curves]
            yield line_chart(f"{title} from epoch {half} on", Axis(x.label), Axis(y.label), late)


def _charts(result: DynamicsResult, x: Axis, looks: Mapping[str, int], marks: Sequence[Mark]) -> Iterator[Markup]:
    """Retention and the like, thresholds, and losses; those that no log has are absent."""
    for title, take in RATES.items():
        yield line_chart(title, x, Axis("%", include=(0, 1)), _series(result, take, looks, 100), marks)
    if len({v for v in _values(result, lambda run: run.threshold) if math.isfinite(v)}) > 1:
        yield line_chart("Mean threshold", x, Axis("τ"), _series(result, lambda run: run.threshold, looks, 1), marks)
    yield line_chart("Thresholds of the classes: median and range", x, Axis("τ"), [*_thresholds(result, looks)], marks)
    for name in dict.fromkeys(name for group in result.groups for run in group.runs for name in run.losses):
        yield _loss(name, result, x, looks, marks)


def _loss(name: str, result: DynamicsResult, x: Axis, looks: Mapping[str, int], marks: Sequence[Mark]) -> Markup:
    """A loss, on a logarithmic axis unless it is negative somewhere."""

    def take(run: RunDynamics) -> Sequence[float]:
        return run.losses.get(name, (math.nan,) * len(run.finished))

    values = [value for value in _values(result, take) if math.isfinite(value)]
    if not any(values):
        return Markup("")
    return line_chart(name, x, Axis("", log=min(values) >= 0), _series(result, take, looks, 1), marks)


def _values(result: DynamicsResult, take: Values) -> list[float]:
    return [value for group in result.groups for run in group.runs for value in take(run)]


def _series(result: DynamicsResult, take: Values, looks: Mapping[str, int], scale: float) -> list[Series]:
    """A curve for each method: the mean over its seeds within their range."""
    return [series for group in result.groups for series in _group(group, take, looks[group.name], scale)]


def _group(group: GroupDynamics, take: Values, look: int, scale: float) -> Iterator[Series]:
    """One curve; one for each seed where no epoch has a value for all of them."""
    curves = [_curve(run, take, scale) for run in group.runs]
    shared = band(curves)
    if shared.finished or len(curves) == 1:
        bounds = (shared.low, shared.high) if len(curves) > 1 else ([math.nan] * len(shared.mean),) * 2
        points = map(Point, shared.finished, shared.mean, *bounds)
        yield Series(group.name, list(points), look, interval="band")
        return
    for run, curve in zip(group.runs, curves, strict=True):
        yield Series(run.name, [Point(*point) for point in curve.items()], look)


def _curve(run: RunDynamics, take: Values, scale: float) -> dict[int, float]:
    """The values by epochs finished, where there are any."""
    return {at: scale * value for at, value in zip(run.finished, take(run), strict=True) if math.isfinite(value)}


def _thresholds(result: DynamicsResult, looks: Mapping[str, int]) -> Iterator[Series]:
    """Median over the classes, from the least to the greatest, of each method's first run with thresholds by class."""
    for group in result.groups:
        run = next((run for run in group.runs if run.thresholds), None)
        if run is not None:
            rows = np.array([*run.thresholds.values()])
            defined = np.isfinite(rows).any(0)
            by_epoch = [
                np.nanmedian(rows[:, defined], 0),
                np.nanmin(rows[:, defined], 0),
                np.nanmax(rows[:, defined], 0),
            ]
            points = zip(np.array(run.finished)[defined].tolist(), *(row.tolist() for row in by_epoch), strict=True)
            yield Series(group.name, [Point(*point) for point in points], looks[group.name], interval="band")


def _leads(
    context: Context,
    histories: Mapping[str, Sequence[RunHistory]],
    result: DynamicsResult,
    x: Axis,
    looks: Mapping[str, int],
) -> Markup:
    """Lead over the baseline in each epoch, for each baseline with a log."""

    def over(baseline: str, found: DynamicsResult) -> Markup:
        curves = [
            Series(
                lead.other,
                [Point(at, 100 * margin) for at, margin in zip(lead.finished, lead.margin, strict=True)],
                looks[lead.other],
            )
            for lead in found.leads
        ]
        y = Axis("Δ mIoU, points", include=(0,))
        return line_chart(f"Lead over {baseline}, {NAMES[result.weights]}", x, y, curves, [Mark(0, "", "y")])

    def against(baseline: str, _: object) -> Markup | None:
        if baseline not in histories:
            return None
        return over(baseline, dynamics({baseline: histories[baseline], **histories}, result.weights))

    return context.variants(against) or over(result.groups[0].name, result)


def _settings(context: Context) -> Markup:
    charts = sensitivity_charts(context.content("sensitivity").get("sensitivity", {}))
    return (
        fold("Sensitivity to hyperparameters", grid(charts) + context.tables("sensitivity")) if charts else Markup("")
    )


def _published(context: Context) -> Markup:
    chart = landscape_chart(context.content("landscape").get("landscape", {}))
    return fold("Beside published results", grid([chart]) + context.tables("landscape")) if chart else Markup("")
