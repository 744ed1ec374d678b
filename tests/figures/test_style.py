from pathlib import Path

import matplotlib
import pytest
from matplotlib.patches import Patch

from pixcon_figures.palette import GROUPS, color
from pixcon_figures.style import NARROW, WIDE, explain, footnote, known_style, new_figure, small_print, style
from pixcon_train.core.errors import ConfigError


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("length", [1, 12, 32])
def test_a_legend_stays_within_the_page(width: float, length: int) -> None:
    figure = new_figure(width, 6)
    explain(figure, [Patch(label=("the quick brown fox " * 2)[:length]) for _ in range(20)])
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
    assert len(figure.legends[0].get_texts()) == 20


def test_no_legend_of_nothing() -> None:
    figure = new_figure(WIDE, 2)
    explain(figure, [])
    assert figure.legends == []


def test_text_in_a_pdf_stays_text() -> None:
    assert matplotlib.rcParams["pdf.fonttype"] == 42


def test_small_print_is_wrapped_below_and_the_panels_keep_their_height() -> None:
    figure, plain = new_figure(NARROW, 3), new_figure(NARROW, 3)
    for drawn in (figure, plain):
        footnote(drawn, "A note.")
        drawn.subplots().set_xlabel("x")
    small_print(figure, "Data: farm, val.txt (4 images). Measured: " + "a/b/best_ema.pth (ema), " * 4)
    heights = []
    for drawn in (figure, plain):
        drawn.draw_without_rendering()
        heights.append(drawn.axes[0].get_window_extent().height)
    assert heights[0] == pytest.approx(heights[1], rel=0.05)
    note = figure._supxlabel.get_window_extent()  # type: ignore[attr-defined]
    assert note.x1 <= figure.bbox.x1 and note.y1 < figure.axes[0].xaxis.label.get_window_extent().y0
    assert figure.get_supxlabel().startswith("A note.\nData: farm")


def test_a_style_by_name_or_file_takes_precedence_and_an_unknown_one_is_said(tmp_path: Path) -> None:
    (tmp_path / "paper.mplstyle").write_text("font.size: 11\nfont.family: serif\n")
    (tmp_path / "broken.mplstyle").write_text("font.size: large and small\n")
    with style(str(tmp_path / "paper.mplstyle")):
        assert matplotlib.rcParams["font.size"] == 11 and matplotlib.rcParams["font.family"] == ["serif", "DejaVu Sans"]
        assert matplotlib.rcParams["pdf.fonttype"] == 42  # of the figures' own style
    with style("ggplot"):
        assert color(0) == "#E24A33"
    assert color(0) == GROUPS[0]
    with pytest.raises(ConfigError, match=r"No style of matplotlib is called 'gplot' \(did you mean 'ggplot'\?\)"):
        known_style("gplot")
    with pytest.raises(ConfigError, match=r"broken\.mplstyle cannot be used"):
        known_style(str(tmp_path / "broken.mplstyle"))
