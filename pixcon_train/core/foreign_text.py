"""Text from outside – names of classes, methods and files – as people see it.

Everything that a terminal, a page, a figure or a file for reading shows passes through :func:`shown` or
:func:`shown_line`, so that no name moves the cursor, reverses its neighbours or looks like another one. Where text is
more than text, it is escaped besides: :func:`html_text`, :func:`csv_text`, and ``pixcon_diag.tables`` for Markdown and
LaTeX.
"""

import re
from html import escape
from typing import Any

HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<![\u0600-\u1fff\u2190-\ud7ff\uf900-\ufffd\U00010000-\U0001ffff])[\u200c\u200d]"
)
"""Control characters except tab and line feed, line separators, marks and overrides of the direction of writing,
characters without width or sight, and lone surrogates, which stand for bytes of a file name that is not UTF-8. A joiner
(U+200C, U+200D) is a part of words in some scripts and of emoji, after whose characters it stays."""

_BREAKS = re.compile("[\t\n]")

LONGEST = 10_000
"""Most characters of a message: a name in it may have any length."""


def is_hidden(text: str) -> bool:
    """Whether :func:`shown` changes the text."""
    return HIDDEN.search(text) is not None


def shown(text: str) -> str:
    """Text with every character that is not seen, or that would move its neighbours, as its code point: ⟨U+202E⟩."""
    return HIDDEN.sub(_code_point, text)


def shown_line(text: str) -> str:
    """As :func:`shown`, on one line: tabs and line feeds too are code points."""
    return _BREAKS.sub(_code_point, shown(text))


def shown_message(text: str) -> str:
    """A message of several lines as :func:`shown`, with every line but the first indented, so that no name in it can
    begin a line; without the middle where it is longer than :data:`LONGEST`."""
    half = LONGEST // 2
    kept = text if len(text) <= LONGEST else f"{text[:half]} … {text[-half:]}"
    return shown(kept).rstrip("\n").replace("\n", "\n  ")


def html_text(text: str) -> str:
    """Text on one line for HTML, its attributes too."""
    return escape(shown_line(text))


_FORMULA = re.compile("[=+\\-@\t\r\n＝＋－＠]")
"""How text begins that Excel or LibreOffice may take for a formula."""
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def csv_text(text: str) -> str:
    """Text for a cell of a CSV file: what a spreadsheet would run as a formula follows an apostrophe, unless it is a
    number."""
    return f"'{shown(text)}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else shown(text)


def shown_data(value: Any) -> Any:
    """A copy of nested dicts, lists and tuples with every text as :func:`shown`."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {shown(str(key)): shown_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shown_data(item) for item in value]
    return value


def _code_point(found: re.Match[str]) -> str:
    return f"⟨U+{ord(found[0]):04X}⟩"
