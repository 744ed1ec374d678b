"""The forms of stored arrays."""

from typing import Any

import numpy as np
import pytest

from pixcon_diag.passes.forms import formed

FORMS = {"index": "int<N R", "rows": "int<=R I", "counts": "int>=0 I 2 N", "sums": "real R C", "seen": "int>=0"}


def arrays(**changes: Any) -> dict[str, np.ndarray]:
    good = {
        "index": np.array([0, 3, 1], dtype=np.int8),
        "rows": np.array([3, 0]),
        "counts": np.ones((2, 2, 4), dtype=np.int16),
        "sums": np.array([[np.nan, 1.0]] * 3),
        "seen": np.array(2),
        "other": np.array(["x"]),
    }
    return good | changes


def test_arrays_of_their_forms_are_given_back() -> None:
    assert formed(arrays(), FORMS).keys() == arrays().keys()
    empty = {"index": np.zeros(0, np.int64), "sums": np.zeros((0, 5), np.float32), "rows": np.zeros(2, np.int8)}
    assert formed(arrays(**empty), FORMS)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"index": np.array([0, 4, 1])}, r"index holds 0 to 4, expected int<N R"),
        ({"index": np.array([0, -1, 1])}, r"index holds -1 to 1"),
        ({"index": np.array([0.0, 1.0, 2.0])}, r"index is real \(3,\), expected int<N R"),
        ({"index": np.array([True, False, True])}, r"index is bool"),
        ({"index": np.array([0, 1, 2], dtype=np.uint8)}, r"index is uint8"),
        ({"rows": np.array([4, 0])}, r"rows holds 0 to 4"),
        ({"counts": np.ones((2, 3, 4), np.int64)}, r"counts has the shape \(2, 3, 4\), .* with 2 = 2"),
        ({"counts": np.ones((3, 2, 4), np.int64)}, r"counts has the shape \(3, 2, 4\), .* with I = 2"),
        ({"counts": np.ones((2, 8), np.int64)}, r"counts is int \(2, 8\)"),
        ({"counts": np.full((2, 2, 4), -1)}, r"counts holds -1 to -1"),
        ({"sums": np.ones((2, 2))}, r"sums has the shape \(2, 2\), .* with R = 3"),
        ({"sums": np.ones((3, 2), dtype=np.float16)}, r"sums is float16"),
        ({"sums": np.full((3, 2), "x")}, r"sums is <U1"),
        ({"seen": np.array([2])}, r"seen is int \(1,\)"),
    ],
)
def test_another_form_is_named(changes: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        formed(arrays(**changes), FORMS)


def test_a_missing_array_is_named() -> None:
    with pytest.raises(ValueError, match="sums is missing"):
        formed({name: array for name, array in arrays().items() if name != "sums"}, FORMS)
