"""Names in any script, with fonts of the test's own choosing."""

import json
import re
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from matplotlib.cbook import is_math_text
from matplotlib.text import Text

from pixcon_diag.analyses.registry import ANALYSES
from pixcon_figures import fonts
from pixcon_figures.drawing import draw_saved, missing_characters
from pixcon_train.core.files import write_json
from tests.figures.test_drawing import save

FONTS = {
    "DejaVu Sans": "aρ$_ ⟨U+0123456789ABCDEF⟩", "Noto Sans CJK SC": "道路あ", "Noto Sans CJK JP": "道路あ",
    "Abc": "路ก", "Other": "ก",
}  # fmt: skip


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with the fonts of FONTS."""
    monkeypatch.setattr(fonts, "_characters", lambda name: frozenset(FONTS[name]))
    monkeypatch.setattr(fonts, "_installed", lambda: set(FONTS))
    fonts._covering.cache_clear()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("text", "chosen", "lacking"),
    [
        ("aρ", (), ""),
        ("道路", ("Noto Sans CJK SC",), ""),
        ("道あ", ("Noto Sans CJK JP",), ""),
        ("道ก", ("Noto Sans CJK SC", "Abc"), ""),
        ("道\x1b𓀀", ("Noto Sans CJK SC",), "𓀀"),
        ("a\ud800\u2028", (), ""),
    ],
)
def test_the_fonts_that_have_what_is_lacking(text: str, chosen: tuple[str, ...], lacking: str) -> None:
    assert fonts.fallback_fonts([text]) == (chosen, frozenset(lacking))


def test_real_fonts_are_asked() -> None:
    """Whatever fonts there are: the default has Greek, and no font has what is no character."""
    fonts._covering.cache_clear()
    assert fonts.fallback_fonts("Straße ρ – Ж") == ((), frozenset())
    assert fonts.fallback_fonts("\U0001ff8a\ufdd0")[1] >= {"\ufdd0"}


def test_strings_are_drawn_as_they_are() -> None:
    content = {"$a": ["_b", 3, None], "道": "x道", "files": {"image": "$a道.png"}}
    drawn = fonts.drawable(content, frozenset("道"))
    assert drawn == {r"\$a": ["\u200b_b", 3, None], "U+9053 ": "xU+9053 ", "files": {"image": "$a道.png"}}


HOSTILE = r"$x^{$_\frac" + "\u202e"


def named(value: Any) -> Any:
    """``value`` whose class and group names, wherever they stand, are hostile and hold what no font has."""
    if isinstance(value, str):
        return re.sub(r"^(class \d+|none|clean|a|b)$", lambda found: f"_{found[0]}{HOSTILE}\ufdd0", value)
    if isinstance(value, dict):
        return {named(name): each if name == "files" else named(each) for name, each in value.items()}
    return [named(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("command", [analysis.name for analysis in ANALYSES if analysis.command])
def test_no_name_is_a_formula_or_costs_a_warning(tmp_path: Path, command: str) -> None:
    content = fonts.drawable(named(json.loads(json.dumps(save(tmp_path, command)))), frozenset("\ufdd0"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in import_module(f"pixcon_figures.{command.replace('-', '_')}").draw(content, tmp_path).values():
            figure.draw_without_rendering()
            texts = [text.get_text() for text in figure.findobj(Text)]
            assert not [text for text in texts if is_math_text(text) and "x^{" in text.replace(r"\$", "")]


@pytest.mark.parametrize("command", ["per-class", "coverage"])
def test_what_no_font_has_is_drawn_as_numbers_and_said_once(tmp_path: Path, command: str) -> None:
    write_json(tmp_path / f"{command}.json", named(json.loads(json.dumps(save(tmp_path, command)))))
    missing: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert draw_saved(tmp_path, command, missing)
    (line,) = missing_characters(missing)
    assert (
        line.startswith("figures: no installed font has U+FDD0; drawn as code points")
        and missing_characters(set()) == []
    )
