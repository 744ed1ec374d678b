from pathlib import Path

import numpy as np
import pytest

from pixcon_figures.palette import class_colors
from pixcon_figures.tsne import draw
from tests.figures.saved_results import names, tsne


def test_a_map_per_checkpoint_in_the_palette_s_colours() -> None:
    content = tsne(["none", "clean"])
    figure = draw(content, Path())["tsne"]
    assert len(figure.axes) == 2
    colors = class_colors(content["palette"])
    for panel, projection in zip(figure.axes, content["projection"]["projections"], strict=True):
        (points,) = panel.collections
        assert np.asarray(points.get_offsets()) == pytest.approx(np.array(projection["positions"]))
        expected = [colors[label] for label in content["projection"]["labels"]]
        assert points.get_facecolors()[:, :3] == pytest.approx(np.array(expected))


def test_titles_say_purity_and_silhouette() -> None:
    content = tsne(["none"])
    numbers = content["projection"]["projections"][0]["separability"]
    title = draw(content, Path())["tsne"].axes[0].get_title()
    assert title.split("\n")[0] == "none"
    assert f"{numbers['neighbours']}-NN purity {numbers['purity']:.3f} (chance {numbers['chance']:.3f})" in title
    assert f"silhouette {numbers['silhouette']:.3f}" in title


def test_an_undefined_silhouette_is_a_dash() -> None:
    content = tsne(["none"])
    content["projection"]["projections"][0]["separability"]["silhouette"] = None
    assert draw(content, Path())["tsne"].axes[0].get_title().endswith("silhouette –")


def test_the_legend_names_the_sampled_classes_while_they_are_few() -> None:
    texts = draw(tsne(["none"]), Path())["tsne"].legends[0].get_texts()
    assert [text.get_text() for text in texts] == names(4)  # of the fifth there is no pixel
    assert draw(tsne(["none"], classes=150, each=1), Path())["tsne"].legends == []
