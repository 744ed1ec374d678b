"""The slider's stops are edges of the histogram, with every reported threshold among them."""

from pixcon_diag.measures.confidence import confidence_edges
from pixcon_diag.reporting.page.stops import SATURATED, STEPS, slider_stops


def test_every_step_and_every_reported_threshold_is_a_stop() -> None:
    edges = confidence_edges((0.777, 0.95), 15)
    stops = [edges[i] for i in slider_stops(edges, (0.777, 0.95))]
    assert stops == sorted(stops) and stops[0] == 0 and {*STEPS, *SATURATED, 0.777, 0.95} == set(stops)
    assert stops[-1] == max(edge for edge in edges if edge < 1)
