"""Colours of the page."""

import re
from importlib import resources

import pytest

from pixcon_diag.reporting.page.coverage_matrix import DEEPEST

STYLE = (resources.files("pixcon_diag.reporting.page") / "assets" / "style.css").read_text(encoding="utf-8")
LIGHT, DARK, PAPER = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r'(?::root|\[data-theme="dark"\]) \{(.*?)\n *\}', STYLE, re.DOTALL)
)
THEMES = {"light": LIGHT, "dark": LIGHT | DARK, "paper": LIGHT | PAPER}
LEAST = 4.5
"""Least contrast of text (WCAG 2.1, 1.4.3)."""


def channels(color: str) -> list[float]:
    return [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def luminance(rgb: list[float]) -> float:
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: list[float], second: list[float]) -> float:
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_definition() -> None:
    assert contrast(channels("#000000"), channels("#ffffff")) == pytest.approx(21)
    assert contrast(channels("#777777"), channels("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
def test_texts_and_lines_stand_out(theme: str) -> None:
    colors = THEMES[theme]
    names = ["text", "soft", "accent", "good", "bad", "warn", *(f"series-{k}" for k in range(1, 7))]
    for back in ("back", "panel"):
        weak = {name for name in names if contrast(channels(colors[name]), channels(colors[back])) < LEAST}
        assert not weak, f"on --{back}"


@pytest.mark.parametrize("theme", THEMES)
def test_numbers_stand_out_on_the_deepest_colour_of_the_matrix(theme: str) -> None:
    colors = THEMES[theme]
    accent, back = channels(colors["accent"]), channels(colors["back"])
    deepest = [DEEPEST / 100 * a + (1 - DEEPEST / 100) * b for a, b in zip(accent, back, strict=True)]
    assert contrast(channels(colors["text"]), deepest) >= LEAST


def test_the_dark_theme_is_for_screens() -> None:
    assert STYLE.index("@media screen {") < STYLE.index('[data-theme="dark"] {')
    assert STYLE.count('[data-theme="dark"] {') == 1
