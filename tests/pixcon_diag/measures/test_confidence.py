import pytest

from pixcon_diag.measures.confidence import confidence_edges
from pixcon_train.core.errors import ConfigError


def test_every_asked_threshold_and_every_calibration_bin_is_an_edge() -> None:
    edges = confidence_edges((0.123456789, 0.95, 0.9999999), 15)
    assert list(edges) == sorted(set(edges))
    assert edges[0] == 0.0 and edges[-1] == 1.0
    assert {0.123456789, 0.95, 0.9999999} <= set(edges)
    assert {m / 15 for m in range(16)} <= set(edges)
    assert {0.7, 0.9, 0.99, 0.999, 0.9999} <= set(confidence_edges((), 1))


@pytest.mark.parametrize(("taus", "bins"), [((1.5,), 15), ((-0.1,), 15), ((float("nan"),), 15), ((0.9,), 0)])
def test_what_makes_no_sense_is_refused(taus: tuple[float, ...], bins: int) -> None:
    with pytest.raises(ConfigError, match="Expected"):
        confidence_edges(taus, bins)
