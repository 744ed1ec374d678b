"""Model size against mIoU, beside the published methods."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pixcon_diag.reporting.page.charts import Axis, Point, Series, line_chart

OWN, PUBLISHED = "this study", "published"


def landscape_chart(result: Mapping[str, Any]) -> Markup:
    """The chart; nothing where no checkpoint of the study was measured in the published setting.

    Args:
        result: content of ``landscape``; empty where there is none.
    """
    points = result.get("points", [])
    own = [_point(point) for point in points if point["own"]]
    if not own:
        return Markup("")
    published = [_point(point) for point in points if not point["own"]]
    series = [
        Series(PUBLISHED, published, line=False, quiet=True, hollow=True),
        *(Series(OWN, [point], line=False, label=point.text.split(":")[0]) for point in own),
    ]
    x, y = Axis("parameters, millions", log=True), Axis("mIoU, %")
    return line_chart(result["setting"], x, y, series)


def _point(point: Mapping[str, Any]) -> Point:
    size, miou = point["parameters"], 100 * point["miou"]
    return Point(size, miou, text=f"{point['name']}: {point['encoder']}, {size:.1f} M parameters, {miou:.2f} %")
