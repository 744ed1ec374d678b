import pytest

from pixcon_diag.measures.confidence import confidence_edges, off_grid
from pixcon_train.core.errors import ConfigError


def test_every_asked_threshold_and_every_calibration_bin_is_an_edge() -> None:
    edges = confidence_edges((0.123456789, 0.95, 0.9999999), 15)
    assert list(edges) == sorted(set(edges))
    assert edges[0] == 0.0 and edges[-1] == 1.0
    assert {0.123456789, 0.95, 0.9999999} <= set(edges)
    assert {m / 15 for m in range(16)} <= set(edges)
    assert {0.7, 0.9, 0.99, 0.999, 0.9999} <= set(confidence_edges((), 1))


def test_edges_are_every_200th_and_five_a_decade_close_to_one() -> None:
    edges = confidence_edges((0.0, 1.0), 1)
    assert [edge for edge in edges if edge < 0.99] == [step / 200 for step in range(198)]
    near_one = [edge for edge in edges if edge >= 0.99]
    assert near_one[:5] == [0.99, 0.993690427, 0.995, 0.996018928, 0.997488114]
    assert near_one[-3:] == [0.999998415, 0.999999, 1.0]
    assert len(near_one) == 1 + 20 + 2  # 0.99, four decades of five, and 0.995 and 1 of the 200


def test_thresholds_off_the_grid() -> None:
    assert off_grid((0.95, 0.345678, 2 / 15, 0.123456, 1.0, 0.345678), 15) == [0.123456, 0.345678]
    assert off_grid((2 / 15,), 1) == [2 / 15]


@pytest.mark.parametrize(("taus", "bins"), [((1.5,), 15), ((-0.1,), 15), ((float("nan"),), 15), ((0.9,), 0)])
def test_what_makes_no_sense_is_refused(taus: tuple[float, ...], bins: int) -> None:
    with pytest.raises(ConfigError, match="Expected"):
        confidence_edges(taus, bins)
