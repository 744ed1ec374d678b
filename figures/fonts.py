"""Fonts for names in any script, and escapes for characters without a font."""

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import matplotlib.font_manager as manager

from pixcon_train.core.foreign_text import shown_line

DEFAULT = "DejaVu Sans"
"""Ships with matplotlib; covers Latin, Greek and Cyrillic."""

PREFERRED = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans CJK TC", "Source Han Sans SC",
    "Source Han Sans", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "Microsoft YaHei", "SimHei",
    "PingFang SC", "Hiragino Sans GB", "Hiragino Sans", "Yu Gothic", "Meiryo", "Malgun Gothic", "Apple SD Gothic Neo",
    "Arial Unicode MS",
)  # fmt: skip
"""Fonts tried first, in order."""

KANA = re.compile("[\u3040-\u30ff]")
UNUSABLE = re.compile("Emoji|Last Resort")
"""Fonts with glyphs that cannot be drawn or a placeholder box for many characters."""


def fallback_fonts(content: Any) -> tuple[tuple[str, ...], frozenset[str]]:
    """Fonts beside :data:`DEFAULT` for the strings in ``content``, and the characters that no installed font has."""
    return _covering(frozenset(shown_line("".join(_strings(content)))) - _characters(DEFAULT))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for item in pair for text in _strings(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in _strings(item))


@cache
def _covering(lacking: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    chosen = []
    for name in _names(lacking) if any(map(str.isprintable, lacking)) else ():
        if covered := lacking & _characters(name):
            chosen.append(name)
            lacking -= covered
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
    """Names of all fonts, including those installed after matplotlib cached its list."""
    listed = {font.fname for font in manager.fontManager.ttflist}
    for path in sorted(set(manager.findSystemFonts()) - listed):
        with suppress(Exception):  # not a usable font file
            manager.fontManager.addfont(path)
    return frozenset(font.name for font in manager.fontManager.ttflist)


@cache
def _characters(name: str) -> frozenset[str]:
    """Characters of a font; empty if it cannot be read or has no outlines."""
    path = next((font.fname for font in manager.fontManager.ttflist if font.name == name), None)
    try:
        font = manager.get_font(path) if path else None
    except Exception:  # FreeType's errors share no class
        return frozenset()
    return frozenset(map(chr, font.get_charmap())) if font and font.scalable else frozenset()


def drawable(value: Any, lacking: frozenset[str]) -> Any:
    """Saved results with strings safe to draw, as :func:`shown_line`: ``$`` starts no formula, and characters without a
    font are escaped.

    File names are unchanged. Cut such a string by :mod:`pixcon_figures.saved` alone, which does not part ``\\$``.
    """
    if isinstance(value, str):
        plain = shown_line(value).replace("$", r"\$")
        plain = f"\u200b{plain}" if plain.startswith("_") else plain  # legends omit labels that begin with _
        return "".join(escaped(c) if c in lacking else c for c in plain) if lacking else plain
    if isinstance(value, dict):
        return {
            drawable(key, lacking): item if key == "files" else drawable(item, lacking) for key, item in value.items()
        }
    if isinstance(value, list):
        return [drawable(item, lacking) for item in value]
    return value


def escaped(character: str) -> str:
    """A character as its code point."""
    return f"U+{ord(character):04X} "


def missing_note(missing: Collection[str]) -> str:
    """The note on characters without a font."""
    names = [character if character.isprintable() else escaped(character).strip() for character in sorted(missing)]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return (
        f"figures: no installed font has {' '.join(names[:12])}{more}; drawn as code points (U+…). Install a font that "
        "has them (Debian: fonts-noto-cjk) and run the command again."
    )
