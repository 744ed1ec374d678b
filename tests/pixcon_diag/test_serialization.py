"""Results of metrics in a notebook and as data frames."""

from dataclasses import dataclass

import torch

from pixcon_diag import BoundaryError, Contamination
from pixcon_diag.serialization import Serializable


@dataclass(frozen=True)
class _Inner(Serializable):
    rate: float


@dataclass(frozen=True)
class _Outer(Serializable):
    name: str
    inner: _Inner
    parts: tuple[_Inner, ...]
    counts: tuple[int, ...]


RESULT = _Outer("<a>", _Inner(0.25), (_Inner(0.5),), (3, 4))


def test_every_number_has_a_row() -> None:
    assert RESULT.to_frame().to_numpy().tolist() == [
        ["name", "<a>"],
        ["inner.rate", 0.25],
        ["parts[0].rate", 0.5],
        ["counts[0]", 3],
        ["counts[1]", 4],
    ]


def test_a_notebook_shows_a_table_with_escaped_text() -> None:
    shown = RESULT._repr_html_()
    assert "<td>inner.rate</td><td>0.25</td>" in shown and "<td>counts</td><td>2 values</td>" in shown
    assert "&lt;a&gt;" in shown and "<a>" not in shown


def test_the_results_of_metrics_are_shown_so() -> None:
    labels = torch.tensor([[[0, 1], [2, 0]]])
    contamination = Contamination(3, void=255, taus=(0.5,))
    contamination.update(torch.full((1, 2, 2), 0.9), labels, labels)
    boundary = BoundaryError(3, void=255)
    boundary.update(labels, labels)
    for metric in (contamination, boundary):
        result = metric.compute()
        assert result._repr_html_().startswith("<table>") and len(result.to_frame()) > 2, metric
