"""Text from outside – names of classes, methods and files – as the page shows it.

Everything in the page passes through here once, when it is put together: its HTML through :func:`shown`, the data of
its scripts through :func:`shown_data`. What a button saves is not shown and keeps its text.
"""

import re
from typing import Any

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
"""Control characters except tab and line feed, line separators, marks and overrides of the direction of writing,
characters without width, and lone surrogates, which stand for bytes of a file name that is not UTF-8. A joiner
(U+200C, U+200D) is a part of words in some scripts."""


def is_hidden(text: str) -> bool:
    """Whether :func:`shown` changes the text."""
    return _HIDDEN.search(text) is not None


def shown(text: str) -> str:
    """Text with every character that is not seen, or that would move its neighbours, as its code point: ⟨U+202E⟩."""
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def shown_data(value: Any) -> Any:
    """A copy of nested dicts, lists and tuples with every text as :func:`shown`."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {shown(str(key)): shown_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shown_data(item) for item in value]
    return value
