"""Statistics read when they are asked for."""

from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.cache.arrays import write_arrays
from pixcon_diag.cache.saved_state import SavedState, narrowed
from pixcon_train.core.errors import PixConError


def saved(folder: Path) -> SavedState:
    """Rows in two files, of which the second has integers of another type and a statistic of its own, and in memory."""
    write_arrays(folder / "a.npz", {"pixels": np.array([1, 2], dtype=np.int8), "sums": np.array([0.5])})
    write_arrays(folder / "b.npz", {"pixels": np.array([300], dtype=np.int16), "label": np.array([7])})
    return SavedState([folder / "a.npz", folder / "b.npz"], {"total": np.array(3), "sums": np.array([1.5, 2.5])})


def test_rows_of_several_files_are_joined_in_their_order(tmp_path: Path) -> None:
    state = saved(tmp_path)
    assert list(state) == ["total", "sums", "pixels", "label"] and len(state) == 4 and "rows" not in state
    assert state["pixels"].tolist() == [1, 2, 300] and state["pixels"].dtype == np.int16
    assert state["sums"].tolist() == [0.5, 1.5, 2.5]
    assert (state["label"].tolist(), int(state["total"])) == ([7], 3)
    with pytest.raises(KeyError, match="rows"):
        state["rows"]


def test_a_file_is_read_only_when_it_is_asked_for(tmp_path: Path) -> None:
    state = saved(tmp_path)
    (tmp_path / "b.npz").unlink()
    assert state["sums"].tolist() == [0.5, 1.5, 2.5]
    with pytest.raises(PixConError, match=r"b.npz cannot be read .*No such file.*Run the command again"):
        state["pixels"]


@pytest.mark.parametrize("rows", [np.array([1.5]), np.array(3), np.ones((1, 2), np.int8)])
def test_rows_that_do_not_fit_those_of_another_file_are_refused(tmp_path: Path, rows: np.ndarray) -> None:
    write_arrays(tmp_path / "a.npz", {"pixels": np.array([1, 2])})
    write_arrays(tmp_path / "b.npz", {"pixels": rows})
    with pytest.raises(ValueError, match="the rows of pixels are"):
        SavedState([tmp_path / "a.npz", tmp_path / "b.npz"], {})


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 127], np.int8),
        ([-128], np.int8),
        ([-129, 0], np.int16),
        ([128], np.int16),
        ([32768], np.int32),
        ([2**31 - 1], np.int32),
        ([2**31], np.int64),
        ([0.5], np.float64),
        ([], np.int64),
    ],
)
def test_integers_take_the_smallest_type_that_holds_them(values: list[float], kind: type) -> None:
    array = np.array(values, dtype=np.float64 if kind is np.float64 else np.int64)
    found = narrowed(array)
    assert found.dtype == kind and found.tolist() == values
