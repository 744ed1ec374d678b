import matplotlib
import pytest
from matplotlib.patches import Patch

from pixcon_figures.style import NARROW, WIDE, explain, new_figure


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("length", [1, 12, 32])
def test_a_legend_stays_within_the_page(width: float, length: int) -> None:
    figure = new_figure(width, 6)
    explain(figure, [Patch(label=("the quick brown fox " * 2)[:length]) for _ in range(20)], "lower")
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
    assert len(figure.legends[0].get_texts()) == 20


def test_no_legend_of_nothing() -> None:
    figure = new_figure(WIDE, 2)
    explain(figure, [], "upper")
    assert figure.legends == []


def test_text_in_a_pdf_stays_text() -> None:
    assert matplotlib.rcParams["pdf.fonttype"] == 42
