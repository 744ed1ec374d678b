"""Published results on the page."""

from typing import Any

from pixcon_diag.reporting.page.landscape import OWN, PUBLISHED, landscape_chart
from tests.pixcon_diag.reporting.page.drawn import chart, paths, places, series, texts, titles


def point(name: str, parameters: float, miou: float, *, own: bool = False) -> dict[str, Any]:
    about = {"name": name, "encoder": "DINOv2-B", "parameters": parameters, "miou": miou}
    return about | {"own": own}


PRIOR = (point("UniMatch V2", 97.5, 0.87), point("AugSeg", 44.5, 0.75))


def test_own_checkpoints_stand_beside_the_published_ones() -> None:
    svg = chart(
        landscape_chart({"points": [*PRIOR, point("mine", 22.1, 0.8, own=True)], "setting": "Pascal"}), "Pascal"
    )
    drawn = series(svg)
    assert titles(drawn[PUBLISHED])[0] == "UniMatch V2: DINOv2-B, 97.5 M parameters, 87.00 %"
    assert len(places(drawn[OWN])) == 1 and "mine" in texts(svg)
    assert not paths(svg, "line")
    assert places(drawn[OWN])[0][0] < min(left for left, _ in places(drawn[PUBLISHED]))


def test_absent_where_no_checkpoint_was_measured_in_that_setting() -> None:
    assert landscape_chart({"points": [*PRIOR], "setting": "Pascal"}) == ""
    assert landscape_chart({}) == ""
