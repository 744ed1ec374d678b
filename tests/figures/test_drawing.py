"""Every command's figures, from the JSON text alone."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixcon_diag.analyses.registry import ANALYSES
from pixcon_figures import drawing
from pixcon_figures.drawing import draw_saved
from pixcon_figures.sources import source_line
from pixcon_figures.style import SMALL, small_print, style
from pixcon_train.core.errors import DataError
from pixcon_train.core.files import write_json
from tests.figures import saved_results as made
from tests.figures.test_audit_labels import content as audit_content
from tests.figures.test_doctor import content as doctor_content
from tests.figures.test_duel import content as duel_content
from tests.figures.test_tau import content as tau_content

LABELS = np.arange(48, dtype=np.uint8).reshape(6, 8) // 24

CONTENTS: dict[str, Callable[[Path], made.Content]] = {
    "doctor": lambda _: doctor_content({"none": 10.0, "clean": 5.0}),
    "contamination": lambda _: made.contamination({"none": 2, "clean": 1}),
    "estimate": lambda _: made.estimate({"none": 2, "clean": 1}),
    "tau": lambda _: tau_content(),
    "gradient": lambda _: made.gradient(["none"], kinds=("uniform",)),
    "coverage": lambda _: made.coverage({"clean": 1}, stored=True),
    "boundary": lambda _: made.boundary({"none": 2, "clean": 1}),
    "geometry": lambda _: made.geometry({"none": 1}),
    "tsne": lambda _: made.tsne(["none"]),
    "qualitative": lambda folder: made.qualitative(folder, [[1 - LABELS]], [LABELS], methods=["none"]),
    "per-class": lambda _: made.per_class_content(["clean"]),
    "audit-labels": lambda _: audit_content(reviewed=True),
    "duel": lambda _: duel_content(labelled=True),
    "dynamics": lambda _: made.dynamics_content({"none": [made.history("a", [0.5, 0.6])]}),
    "sensitivity": lambda _: made.sensitivity_content(
        [made.history("a", [0.5], tau=0.7), made.history("b", [0.6], tau=0.9)]
    ),
    "bank-effect": lambda _: made.bank_effect_content(),
    "power": lambda _: made.power_content({"none": [made.history("a", [0.5, 0.6])]}),
    "landscape": lambda _: made.landscape_content(),
    "compare": lambda _: made.compare(["clean"]),
}

STEMS = {
    "contamination": ["contamination", "reliability", "verdict"],
    "power": ["power", "power-epochs"],
    "dynamics": ["dynamics", "mask_ratio", "losses"],
}

NEVER_UNDEFINED = {
    *("tau", "lower", "positions", "level", "min_share", "value", "parameters", "miou", "best"),
    *("alpha", "power", "effects", "sd"),
}
"""Keys whose numbers are choices, or defined by construction."""
OF_ONE_COMMAND = {"tau": {"delta"}}
"""Such keys that mean something else in other commands."""

COMMANDS = [analysis.name for analysis in ANALYSES if analysis.command]
"""Every analysis but the table of checkpoints has a figure."""


def undefined(value: Any, defined: set[str], key: str = "") -> Any:
    """``value`` with every float null whose key is not in ``defined``."""
    if isinstance(value, dict):
        return {name: undefined(each, defined, name) for name, each in value.items()}
    if isinstance(value, list):
        return [undefined(each, defined, key) for each in value]
    return None if isinstance(value, float) and key not in defined else value


def save(folder: Path, command: str) -> made.Content:
    content = CONTENTS[command](folder)
    write_json(folder / f"{command}.json", content)
    return content


def test_every_command_with_a_figure_is_tried_here() -> None:
    assert CONTENTS.keys() == set(COMMANDS)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_drawn_in_three_formats_and_again_with_the_same_bytes(tmp_path: Path, command: str) -> None:
    save(tmp_path, command)
    paths = draw_saved(tmp_path, command)
    expected = [tmp_path / f"{stem}.{kind}" for stem in STEMS.get(command, [command]) for kind in ("png", "pdf", "svg")]
    assert paths == expected
    first = [path.read_bytes() for path in paths]
    assert all(data.startswith((b"\x89PNG", b"%PDF", b"<?xml")) for data in first)
    assert [path.read_bytes() for path in draw_saved(tmp_path, command)] == first
    assert not list(tmp_path.glob("*.tmp"))


def test_a_layout_made_once_gives_the_bytes_that_matplotlib_gives_with_its_own(tmp_path: Path) -> None:
    content = save(tmp_path, "geometry")
    drawn = draw_saved(tmp_path, "geometry")
    with style():
        figure = import_module("pixcon_figures.geometry").draw(content, tmp_path)["geometry"]
        small_print(figure, source_line(content))
        for path in drawn:
            kind = path.suffix[1:]
            with drawing._fonts_without_layout():
                figure.savefig(tmp_path / f"own.{kind}", dpi=drawing.PNG_DPI, metadata=drawing.UNDATED[kind])
            figure.set_layout_engine("none")  # that of the first file holds for all
            assert path.read_bytes() == (tmp_path / f"own.{kind}").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_undefined_values_are_drawn_as_nothing(tmp_path: Path, command: str) -> None:
    content = undefined(save(tmp_path, command), NEVER_UNDEFINED | OF_ONE_COMMAND.get(command, set()))
    write_json(tmp_path / f"{command}.json", content)
    assert draw_saved(tmp_path, command)


@pytest.mark.slow
def test_t_sne_and_geometry_together_make_fig11_whichever_comes_last(tmp_path: Path) -> None:
    save(tmp_path, "tsne")
    assert {path.stem for path in draw_saved(tmp_path, "tsne")} == {"tsne"}
    save(tmp_path, "geometry")
    for command in ("tsne", "geometry"):
        assert {path.stem for path in draw_saved(tmp_path, command)} == {command, "fig11"}


def test_a_command_without_a_figure_draws_nothing(tmp_path: Path) -> None:
    assert draw_saved(tmp_path, "check-data") == []


def test_missing_results_are_said_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No results at .*boundary\.json"):
        draw_saved(tmp_path, "boundary")
    assert list(tmp_path.iterdir()) == []


def test_a_lost_key_is_said(tmp_path: Path) -> None:
    content = save(tmp_path, "boundary")
    del content["results"][0]["boundary"]
    write_json(tmp_path / "boundary.json", content)
    with pytest.raises(DataError, match="lacks 'boundary'"):
        draw_saved(tmp_path, "boundary")


@pytest.mark.parametrize("results", [None, 1, "x", [1], [[]], [{"group": 1, "geometry": None}]])
def test_results_of_another_kind_are_one_message(tmp_path: Path, results: Any) -> None:
    write_json(tmp_path / "geometry.json", made.geometry({"none": 1}) | {"results": results})
    with pytest.raises(DataError, match=r"geometry\.json (cannot be drawn|lacks).* Run `pixcon-diag geometry` again"):
        draw_saved(tmp_path, "geometry")


def test_nothing_of_the_reader_s_settings_is_used_or_left_changed(tmp_path: Path) -> None:
    import matplotlib

    save(tmp_path, "boundary")
    first = [path.read_bytes() for path in draw_saved(tmp_path, "boundary")]
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        assert [path.read_bytes() for path in draw_saved(tmp_path, "boundary")] == first
        assert matplotlib.rcParams["font.size"] == 30


@pytest.mark.parametrize("command", COMMANDS)
def test_no_text_is_too_small_to_read(tmp_path: Path, command: str) -> None:
    from importlib import import_module

    from matplotlib.text import Text

    content = json.loads(json.dumps(save(tmp_path, command)))
    for figure in import_module(f"pixcon_figures.{command.replace('-', '_')}").draw(content, tmp_path).values():
        texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
        assert texts and min(text.get_fontsize() for text in texts) >= SMALL


def test_importing_loads_nothing_that_draws() -> None:
    probe = "import sys, pixcon_figures.drawing; print({'matplotlib', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=280)
    assert done.stdout.strip() == "set()", done.stderr
