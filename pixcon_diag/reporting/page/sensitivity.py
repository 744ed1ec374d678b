"""mIoU over the values of a hyperparameter."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pixcon_diag.reporting.page.charts import Axis, Point, Series, line_chart
from pixcon_diag.statistics.spread import NAN

LEAST = 3
"""Settings from which on a hyperparameter is shown where no base setting is known: two are a comparison of methods."""


def sensitivity_charts(result: Mapping[str, Any]) -> list[Markup]:
    """A chart for each hyperparameter that was varied.

    Args:
        result: content of ``sensitivity``; empty where there is none.
    """
    axes = [axis for axis in result.get("axes", []) if result["base"] or len(axis["settings"]) >= LEAST]
    return [chart for axis in axes if (chart := _chart(axis, result["weights"]))]


def _chart(axis: Mapping[str, Any], weights: str) -> Markup:
    """The best mIoU of each setting; values that are no numbers stand side by side, and nothing joins them."""
    settings = axis["settings"]
    values = [_number(setting["value"]) for setting in settings]
    ordered = all(map(math.isfinite, values))
    places = values if ordered else [float(place) for place in range(len(settings))]
    points = [_point(place, setting) for place, setting in zip(places, settings, strict=True)]
    points = sorted(points) if ordered else points
    ticks = tuple((place, str(setting["value"])) for place, setting in zip(places, settings, strict=True))
    return line_chart(
        axis["hyperparameter"],
        Axis(axis["hyperparameter"], ticks=() if ordered else ticks),
        Axis(f"best {weights} mIoU, %"),
        [Series(axis["hyperparameter"], points, line=ordered)],
    )


def _point(place: float, setting: Mapping[str, Any]) -> Point:
    """The mean over seeds, and the least and the greatest of several."""
    best: Sequence[float] = [100 * value for value in setting["best"]]
    bounds = (min(best), max(best)) if len(best) > 1 else (NAN, NAN)
    text = f"{setting['value']}: {100 * setting['mean']:.2f} % ({', '.join(setting['runs'])})"
    return Point(place, 100 * setting["mean"], *bounds, text)


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return NAN
