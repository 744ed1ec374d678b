"""Scales of the page's charts."""

import math

import pytest

from pixcon_diag.reporting.page.scales import number_text, scale_of

NAN = math.nan


def test_a_linear_scale_is_even_and_shows_every_value() -> None:
    scale = scale_of([2.0, NAN, 10.0, 4.0], 100, 0)
    assert scale is not None
    assert 100 > scale.at(2.0) > scale.at(4.0) > scale.at(10.0) > 0
    assert scale.at(4.0) - scale.at(6.0) == pytest.approx(scale.at(8.0) - scale.at(10.0))
    assert scale.ticks() == [2, 4, 6, 8, 10]


def test_a_value_that_is_included_ends_the_scale() -> None:
    scale = scale_of([3.0, 9.0], 0, 100, include=(0,))
    assert scale is not None
    assert scale.at(0) == 0
    assert scale.ticks() == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e-9, 1e9])
def test_a_single_value_has_a_scale(value: float) -> None:
    scale = scale_of([value], 0, 100, include=(value,))
    assert scale == scale_of([value], 0, 100) and scale is not None
    assert 0 < scale.at(value) < 100
    assert scale.ticks()


@pytest.mark.parametrize("low", [1e-6, 0.03, 1.0, 700.0])
@pytest.mark.parametrize("factor", [1.5, 10.0, 1e5, 1e12])
@pytest.mark.parametrize("log", [False, True])
def test_ticks_are_few_ascending_and_within_the_scale(low: float, factor: float, log: bool) -> None:
    scale = scale_of([low, low * factor], 0, 100, log=log)
    assert scale is not None
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 9
    assert ticks == sorted(ticks)
    assert all(-1e-6 <= scale.at(tick) <= 100 + 1e-6 for tick in ticks)


def test_a_logarithmic_scale_is_even_in_the_logarithm() -> None:
    scale = scale_of([0.001, 0.1, 10.0], 0, 100, log=True)
    assert scale is not None
    assert scale.at(0.1) - scale.at(0.001) == pytest.approx(scale.at(10) - scale.at(0.1))
    assert scale.ticks() == [0.001, 0.01, 0.1, 1, 10]


def test_zero_stands_apart_on_a_logarithmic_scale_and_negative_values_have_no_place() -> None:
    scale = scale_of([0.0, 0.01, 1.0], 10, 110, log=True)
    assert scale is not None
    assert scale.at(0) == 10
    assert scale.at(0.01) > 15
    assert scale.apart(0)
    assert not scale.apart(0.01)
    assert math.isnan(scale.at(-1.0))
    assert scale.ticks()[0] == 0
    without = scale_of([0.01, 1.0], 10, 110, log=True)
    assert without is not None
    assert math.isnan(without.at(0))


@pytest.mark.parametrize("values", [[], [NAN], [math.inf]])
@pytest.mark.parametrize("log", [False, True])
def test_nothing_has_no_scale(values: list[float], log: bool) -> None:
    assert scale_of(values, 0, 100, log=log) is None


def test_zeros_alone_have_no_logarithmic_scale() -> None:
    assert scale_of([0.0, -1.0], 0, 100, log=True) is None


def test_numbers_are_short() -> None:
    assert [number_text(value) for value in (0.123456, -2.0, 1234567.0, NAN)] == ["0.1235", "−2", "1.235e+06", "–"]
    assert number_text(2.0, sign=True) == "+2"


def test_a_single_value_that_must_be_shown_has_room_about_it() -> None:
    scale = scale_of([0.0, 0.0], 0, 100, include=(0.0,))
    assert scale is not None and scale.low < 0 < scale.high and 0 in scale.ticks()
