"""The statistics that a stored state must have."""

import numpy as np
import pytest

from pixcon_diag.passes.state import Statistics, names_of, part

STATISTICS = Statistics(frozenset({"seen"}), (names_of("a", "x", "y"),), (names_of("b", "z"),))


@pytest.mark.parametrize(
    ("names", "of_part", "of_whole"),
    [
        ("seen a.x a.y b.z other", "", ""),
        ("seen", "", "b.z"),
        ("a.x b.z", "seen a.y", "seen a.y"),
        ("", "seen", "seen b.z"),
    ],
)
def test_missing_statistics(names: str, of_part: str, of_whole: str) -> None:
    state = {name: np.zeros(1) for name in names.split()}
    assert list(STATISTICS.missing(state, complete=False)) == of_part.split()
    assert list(STATISTICS.missing(state, complete=True)) == of_whole.split()


def test_a_part_is_named_without_its_prefix() -> None:
    assert part({"a.x": np.ones(1), "b.x": np.zeros(1)}, "a") == {"x": np.ones(1)}
