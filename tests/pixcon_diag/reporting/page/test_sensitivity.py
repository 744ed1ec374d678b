"""Sensitivity on the page."""

from typing import Any

import pytest

from pixcon_diag.reporting.page.sensitivity import sensitivity_charts
from tests.pixcon_diag.reporting.page.drawn import paths, places, series, svgs, texts, titles


def setting(value: str, *best: float) -> dict[str, Any]:
    return {
        "value": value,
        "runs": [f"run {value} {k}" for k in range(len(best))],
        "best": best,
        "mean": sum(best) / len(best),
    }


def result(*settings: dict[str, Any], base: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"base": base, "weights": "ema", "axes": [{"hyperparameter": "bank.size", "settings": list(settings)}]}


NUMBERS = result(setting("256", 0.6), setting("64", 0.5), setting("128", 0.5, 0.54))


def test_numbers_are_in_order_and_joined() -> None:
    (svg,) = svgs(sensitivity_charts(NUMBERS)[0])
    drawn = series(svg)["bank.size"]
    assert titles(drawn) == [
        "64: 50.00 % (run 64 0)",
        "128: 52.00 % (run 128 0, run 128 1)",
        "256: 60.00 % (run 256 0)",
    ]
    first, second, third = (left for left, _ in places(drawn))
    assert third - second == pytest.approx(2 * (second - first), abs=0.21)
    assert len(paths(drawn, "line")) == 1 and len(paths(drawn, "bar")) == 1


def test_categories_stand_side_by_side_and_nothing_joins_them() -> None:
    (svg,) = svgs(sensitivity_charts(result(*(setting(name, 0.5) for name in ("none", "clean", "labeled"))))[0])
    assert not paths(svg, "line")
    assert {"none", "clean", "labeled"} <= {*texts(svg)}


def test_two_settings_are_shown_only_beside_a_base() -> None:
    two = (setting("0.9", 0.5), setting("0.95", 0.6))
    assert sensitivity_charts(result(*two)) == []
    assert len(sensitivity_charts(result(*two, base=("none",)))) == 1


def test_nothing_without_a_result() -> None:
    assert sensitivity_charts({}) == []
