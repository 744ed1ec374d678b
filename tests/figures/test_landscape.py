from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text

from pixcon_diag.measures.landscape import OwnRun, published
from pixcon_figures.landscape import LINE, RUN_COLOR, draw
from tests.figures.saved_results import landscape_content

MINE = OwnRun("mine", "DINOv2-S", 24_800_000, 0.84, "pascal", "a.pth")
OTHER = OwnRun("my other run", "tiny-S", 1_200_000, 0.74, "pascal", "b.pth", 183)


def figure(*own: OwnRun) -> Figure:
    return draw(landscape_content(own), Path())["landscape"]


def test_published_points_by_family_on_a_logarithmic_axis() -> None:
    (panel,) = figure().axes
    assert panel.get_xscale() == "log"
    assert len(panel.lines) == len(published())
    assert (44.5, 55.3) in [tuple(line.get_xydata()[0].round(6)) for line in panel.lines]
    looks = {line.get_label(): (line.get_color(), line.get_marker()) for line in panel.lines}
    assert set(looks) == {"ResNet", "MiT", "CLIP", "DINOv2"} and len(set(looks.values())) == 4
    assert [text.get_text() for text in figure().legends[0].get_texts()] == ["ResNet", "MiT", "CLIP", "DINOv2"]


def test_own_runs_are_stars_and_their_source_is_said() -> None:
    drawn = figure(MINE, OTHER)
    stars = [line for line in drawn.axes[0].lines if line.get_marker() == "*"]
    assert [line.get_color() for line in stars] == [RUN_COLOR, RUN_COLOR]
    assert tuple(stars[0].get_xydata()[0]) == (24.8, 84)
    assert "mine: mIoU a.pth." in drawn.get_supxlabel()
    assert "own run" in {text.get_text() for text in drawn.legends[0].get_texts()}


def test_every_point_is_named_and_no_name_covers_another() -> None:
    drawn = figure(MINE, OTHER)
    panel = drawn.axes[0]
    assert sorted(text.get_text() for text in panel.texts) == sorted(
        [*(point.name for point in published()), "mine", "my other run"]
    )
    drawn.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in panel.texts]  # without the line to the point
    heights = [(box.x0, box.x1, (box.y0 + box.y1) / 2) for box in boxes]
    for i, (start, end, y) in enumerate(heights):
        for left, right, other in heights[:i]:
            assert end <= left or right <= start or abs(y - other) > 0.8 * LINE * drawn.dpi
