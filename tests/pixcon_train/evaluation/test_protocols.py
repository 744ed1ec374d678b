"""Where sliding windows lie."""

import pytest

from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.protocols import SlidingWindow


@pytest.mark.parametrize(
    ("crop", "length", "starts"),
    [(28, 28, [0]), (28, 46, [0, 18]), (28, 47, [0, 18, 19]), (70, 154, [0, 46, 84]), (798, 1024, [0, 226])],
)
def test_windows_begin_a_stride_apart_and_end_at_the_border(crop: int, length: int, starts: list[int]) -> None:
    assert SlidingWindow(crop).starts(length) == starts
    covered = {pixel for start in starts for pixel in range(start, start + crop)}
    assert covered == set(range(length))


def test_a_window_is_a_multiple_of_a_patch() -> None:
    with pytest.raises(ConfigError, match="expected a multiple of 14"):
        SlidingWindow(100)


@pytest.mark.parametrize(
    ("crop", "length", "starts"),
    [(801, 1024, [0, 534]), (801, 2048, [0, 534, 1068, 1602]), (9, 6, [0]), (9, 7, [0, 6]), (9, 13, [0, 6, 12])],
)
def test_windows_that_are_cut_off_go_on_to_the_border(crop: int, length: int, starts: list[int]) -> None:
    window = SlidingWindow(crop, unit=1, cut_off=True)
    assert window.starts(length) == starts and window.fits((length, length))
    assert not SlidingWindow(14).fits((13, 20))
