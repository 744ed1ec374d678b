"""Names in any script: which installed fonts have their letters, and how a name is drawn that no font has."""

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import matplotlib.font_manager as manager

DEFAULT = "DejaVu Sans"
"""Comes with matplotlib; it has Latin, Greek and Cyrillic letters."""

PREFERRED = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans CJK TC", "Source Han Sans SC",
    "Source Han Sans", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "Microsoft YaHei", "SimHei",
    "PingFang SC", "Hiragino Sans GB", "Hiragino Sans", "Yu Gothic", "Meiryo", "Malgun Gothic", "Apple SD Gothic Neo",
    "Arial Unicode MS",
)  # fmt: skip
"""Tried before other fonts."""

KANA = re.compile("[\u3040-\u30ff]")
UNUSABLE = re.compile("Emoji|Last Resort")
"""Fonts whose glyphs cannot be drawn, or are the same box for many characters."""


def fallback_fonts(content: Any) -> tuple[tuple[str, ...], frozenset[str]]:
    """Fonts beside :data:`DEFAULT` for the strings in ``content``, and the characters that no installed font has."""
    return _covering(frozenset("".join(_strings(content))) - _characters(DEFAULT) - set(" \n"))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for each in pair for text in _strings(each))
    elif isinstance(value, list):
        yield from (text for each in value for text in _strings(each))


@cache
def _covering(lacking: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    chosen = []
    for name in _names(lacking) if any(map(str.isprintable, lacking)) else ():
        if found := lacking & _characters(name):
            chosen.append(name)
            lacking -= found
        if not lacking:
            break
    return tuple(chosen), lacking


def _names(lacking: frozenset[str]) -> Iterator[str]:
    """Names of the usable fonts, preferred ones first."""
    names = {name for name in _installed() if not UNUSABLE.search(name)}
    preferred = list(PREFERRED)
    if any(map(KANA.match, lacking)):
        preferred.insert(0, "Noto Sans CJK JP")
    yield from (name for name in dict.fromkeys(preferred) if name in names)
    yield from sorted(names.difference(preferred))


@cache
def _installed() -> frozenset[str]:
    """Names of all fonts, also of those installed after matplotlib made its list."""
    known = {font.fname for font in manager.fontManager.ttflist}
    for path in sorted(set(manager.findSystemFonts()) - known):
        with suppress(Exception):  # a file that is no usable font
            manager.fontManager.addfont(path)
    return frozenset(font.name for font in manager.fontManager.ttflist)


@cache
def _characters(name: str) -> frozenset[str]:
    """What a font has; nothing where it cannot be read or has no outlines to draw."""
    path = next((font.fname for font in manager.fontManager.ttflist if font.name == name), None)
    try:
        font = manager.get_font(path) if path else None
    except Exception:  # FreeType's own errors, of no common class
        return frozenset()
    return frozenset(map(chr, font.get_charmap())) if font and font.scalable else frozenset()


def font_settings(fonts: tuple[str, ...]) -> dict[str, Any]:
    """Settings that draw with ``fonts`` what the default font lacks.

    Many of them have PostScript outlines, which viewers show in a PDF as Type 3 alone; the text stays searchable.
    (matplotlib 3.11 looks at ``ps.fonttype`` for PDF files too.)
    """
    return {"font.family": [DEFAULT, *fonts], "pdf.fonttype": 3, "ps.fonttype": 3} if fonts else {}


def drawable(value: Any, lacking: frozenset[str]) -> Any:
    """Saved results whose strings are drawn as they are: ``$`` begins no formula, and what no font has is escaped.

    Names of files stay.
    """
    if isinstance(value, str):
        plain = value.replace("$", r"\$")
        plain = f"\u200b{plain}" if plain.startswith("_") else plain  # legends leave out labels that begin with it
        return "".join(escaped(each) if each in lacking else each for each in plain) if lacking else plain
    if isinstance(value, dict):
        return {
            drawable(key, lacking): each if key == "files" else drawable(each, lacking) for key, each in value.items()
        }
    if isinstance(value, list):
        return [drawable(each, lacking) for each in value]
    return value


def escaped(character: str) -> str:
    """A character by its number."""
    return f"U+{ord(character):04X} "


def missing_note(missing: Collection[str]) -> str:
    """What a reader must know of characters that are not drawn as they are."""
    shown = [each if each.isprintable() else escaped(each).strip() for each in sorted(missing)]
    more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
    return (
        f"figures: no installed font has {' '.join(shown[:12])}{more}; drawn as numbers (U+…). Install a font that has "
        "them (Debian: fonts-noto-cjk) and run the command again."
    )
