from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure

from pixcon_figures.palette import OUTLINE, OUTLINE_EDGE, class_colors
from pixcon_figures.qualitative import draw
from pixcon_train.core.errors import DataError
from tests.figures.saved_results import VOID, Content, qualitative

HEIGHT, WIDTH = 20, 30


def truth() -> np.ndarray:
    """Class 0 left, 1 right, a stripe of void on top."""
    labels = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    labels[:, 15:] = 1
    labels[:3] = VOID
    return labels


def right() -> np.ndarray:
    """A prediction that differs from the truth where that is void alone."""
    return np.where(truth() == VOID, 2, truth()).astype(np.uint8)


def wrong(rows: slice = slice(5, 10), columns: slice = slice(3, 9)) -> np.ndarray:
    labels = right()
    labels[rows, columns] = 3
    return labels


def figure(content: Content, folder: Path) -> Figure:
    return draw(content, folder)["qualitative"]


def outlines(panel: Axes) -> list[np.ndarray]:
    """Corners of every closed line on a panel."""
    return [
        polygon
        for lines in panel.collections
        if isinstance(lines, ContourSet)
        for path in lines.get_paths()
        for polygon in path.to_polygons(closed_only=False)
    ]


def test_errors_are_outlined_on_any_colour_and_void_never_is(tmp_path: Path) -> None:
    content = qualitative(tmp_path, [[wrong()], [right()]], [truth()])
    image, target, none, clean = figure(content, tmp_path).axes
    assert outlines(image) == outlines(target) == outlines(clean) == []
    (outline,) = outlines(none)
    assert outline.min(0) == pytest.approx((2.5, 4.5), abs=0.01) and outline.max(0) == pytest.approx(
        (8.5, 9.5), abs=0.01
    )
    (lines,) = none.collections
    (edge,) = lines.get_path_effects()
    assert tuple(lines.get_edgecolor()[0]) == to_rgba(OUTLINE) and edge._gc["foreground"] == OUTLINE_EDGE
    assert edge._gc["linewidth"] > lines.get_linewidth()[0]


def test_an_error_at_the_border_is_closed_and_the_panel_keeps_its_limits(tmp_path: Path) -> None:
    content = qualitative(tmp_path, [[wrong(slice(15, 20), slice(0, 5))]], [truth()])
    panel = figure(content, tmp_path).axes[2]
    (outline,) = outlines(panel)
    assert (outline[0] == outline[-1]).all()
    assert panel.get_xlim() == (-0.5, WIDTH - 0.5) and panel.get_ylim() == (HEIGHT - 0.5, -0.5)


def test_small_regions_are_suppressed(tmp_path: Path) -> None:
    content = qualitative(tmp_path, [[wrong(slice(5, 6), slice(3, 5))]], [truth()])  # 2 of 600 pixels
    assert outlines(figure(content, tmp_path).axes[2]) == []
    content["min_share"] = 0.001
    assert len(outlines(figure(content, tmp_path).axes[2])) == 1


def test_label_maps_take_the_palette_s_colours_and_void_is_white(tmp_path: Path) -> None:
    content = qualitative(tmp_path, [[wrong()]], [truth()])
    _, target, prediction = figure(content, tmp_path).axes
    colors = class_colors(content["palette"])
    shown = target.images[0].get_array()
    assert tuple(shown[0, 0]) == (1, 1, 1)
    assert tuple(shown[10, 0]) == pytest.approx(colors[0]) and tuple(shown[10, 20]) == pytest.approx(colors[1])
    assert tuple(prediction.images[0].get_array()[6, 5]) == pytest.approx(colors[3])


def test_names_errors_and_the_classes_that_occur_are_said(tmp_path: Path) -> None:
    content = qualitative(tmp_path, [[wrong()], [right()]], [truth()])
    drawn = figure(content, tmp_path)
    image, target, none, clean = drawn.axes
    assert [panel.get_title() for panel in drawn.axes] == ["input", "ground truth", "none", "clean"]
    assert image.get_xlabel() == "image_0000"
    error = 100 * 30 / (HEIGHT * WIDTH - 3 * WIDTH)
    assert none.get_xlabel() == f"{error:.1f} % wrong" and clean.get_xlabel() == "0.0 % wrong"
    assert target.get_xlabel() == ""
    texts = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert texts == ["class 0", "class 1", "class 2", "class 3", "void"]
    assert "Outlined: wrong regions of at least 0.5 % of the image" in drawn.get_supxlabel()


def test_an_image_of_void_alone_has_a_dash_for_its_error(tmp_path: Path) -> None:
    empty = np.full((HEIGHT, WIDTH), VOID, dtype=np.uint8)
    content = qualitative(tmp_path, [[right()]], [empty])
    assert figure(content, tmp_path).axes[2].get_xlabel() == "– % wrong"


@pytest.mark.parametrize(("images", "blocks"), [(3, 1), (4, 2), (7, 2)])
def test_more_than_three_images_make_two_blocks(tmp_path: Path, images: int, blocks: int) -> None:
    content = qualitative(tmp_path, [[wrong()] * images, [right()] * images], [truth()] * images)
    drawn = figure(content, tmp_path)
    assert len(drawn.axes) == 4 * images
    heads = [panel.get_title() for panel in drawn.axes if panel.get_title()]
    assert heads == ["input", "ground truth", "none", "clean"] * blocks
    places = [panel.get_subplotspec() for panel in drawn.axes[::4]]
    per_block = -(-images // blocks)
    assert [place.rowspan.start for place in places] == [k % per_block for k in range(images)]
    assert [place.colspan.start for place in places] == [5 * (k // per_block) for k in range(images)]


def test_wins_and_losses_are_in_blocks_of_their_own(tmp_path: Path) -> None:
    content = qualitative(tmp_path, [[wrong(), right(), wrong()], [right(), wrong(), right()]], [truth()] * 3)
    content["rank_by"] = "both"
    drawn = figure(content, tmp_path)
    places = [panel.get_subplotspec() for panel in drawn.axes[::4]]
    assert [(place.rowspan.start, place.colspan.start) for place in places] == [(0, 0), (1, 0), (0, 5)]
    heads = [panel.get_title() for panel in drawn.axes[::4] if panel.get_title()]
    assert heads == ["WINS\ninput", "LOSSES\ninput"]
    assert "Wins: images on which clean has a smaller share than none" in drawn.get_supxlabel().replace("\n", " ")


def test_names_of_images_are_shortened_and_names_of_methods_wrapped(tmp_path: Path) -> None:
    method = "a method whose name does not end"
    content = qualitative(tmp_path, [[wrong()] * 4], [truth()] * 4, methods=(method,))
    for image in content["images"]:
        image["name"] = f"leftImg8bit/val/frankfurt/{'frankfurt_000000_' * 4}leftImg8bit.png"
    drawn = figure(content, tmp_path)
    assert drawn.axes[0].get_xlabel().startswith("frankf") and "…" in drawn.axes[0].get_xlabel()
    assert len(drawn.axes[0].get_xlabel()) < 25
    assert drawn.axes[2].get_title().replace("\n", " ") == method


def test_no_image_is_no_figure(tmp_path: Path) -> None:
    content = qualitative(tmp_path, [[wrong()]], [truth()])
    content["images"] = []
    assert draw(content, tmp_path) == {}


def test_a_missing_panel_is_said(tmp_path: Path) -> None:
    content = qualitative(tmp_path, [[wrong()]], [truth()])
    (tmp_path / content["images"][0]["files"]["truth"]).unlink()
    with pytest.raises(DataError, match=r"00_truth\.png"):
        draw(content, tmp_path)


@pytest.mark.parametrize("path", ["/etc/hostname", "../image.png", "a/../../b.png", ".."])
def test_no_file_elsewhere_is_read(tmp_path: Path, path: str) -> None:
    content = qualitative(tmp_path, [[wrong()]], [truth()])
    content["images"][0]["files"]["image"] = path
    with pytest.raises(ValueError, match="is no file name"):
        draw(content, tmp_path)
