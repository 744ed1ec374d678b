"""What a file is that was taken for weights: a pointer, a page or a text, as failed downloads leave them."""

import re

from pixcon_train.core.foreign_text import shown_line

START = 1024
"""Bytes of a file's beginning that are looked at."""

_LFS = re.compile(rb"version https?://git-lfs\.github\.com/spec/.{0,200}?\nsize (\d{1,15})", re.DOTALL)
_PAGE = re.compile(rb"\s*(?:<!--.{0,200}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(rb"<title[^>]{0,80}>([^<]{1,200})", re.IGNORECASE)
_ARCHIVES = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"7z\xbc\xaf\x27\x1c": "7-Zip"}
_SHOWN = 60
"""Most characters of a text that are quoted."""


def foreign_kind(start: bytes) -> str | None:
    """What a file with these first bytes is, to stand after its name, with the remedy; None if unknown."""
    if pointer := _LFS.match(start):
        return (
            f"is a pointer of Git LFS to a file of {int(pointer[1]):,} bytes, not the file. Fetch it with `git lfs "
            "pull`, or download it from the repository's page."
        )
    if _PAGE.match(start):
        title = _TITLE.search(start)
        about = f" with the title {_quoted(title[1])}" if title else ""
        return (
            f"is an HTML page{about}, not weights: the download got a page, such as a login or a warning. Open the "
            "address in a browser, and save the file itself."
        )
    for magic, name in _ARCHIVES.items():
        if start.startswith(magic):
            return f"is an archive ({name}), not weights. Unpack it, and give the file in it."
    if _is_text(start):
        return f"is a text that begins with {_quoted(start)}, not weights."
    return None


def _quoted(text: bytes) -> str:
    line = text.strip().partition(b"\n")[0].decode(errors="replace")
    return f"`{shown_line(line[:_SHOWN])}{'…' if len(line) > _SHOWN else ''}`"


def _is_text(start: bytes) -> bool:
    """Whether the bytes are UTF-8 without control characters; a character may be cut off at their end."""
    text = start.decode(errors="ignore")
    whole = len(text.encode()) >= len(start) - 3
    return bool(text.strip()) and whole and all(c.isprintable() or c in "\t\n\r\f" for c in text)
