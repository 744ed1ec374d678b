"""Names of groups as parts of file names."""

import hashlib
from collections.abc import Sequence

_LONGEST = 80
"""Bytes: two parts, what stands around them and an ending stay within the 255 that file systems allow."""


def file_parts(names: Sequence[str]) -> dict[str, str]:
    """Each of ``names`` as :func:`file_part` gives it, numbered where another one before it gives the same."""
    parts: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(names):
        part, number = file_part(name), 1
        while part.lower() in taken:  # some file systems do not tell a from A
            number += 1
            part = f"{file_part(name)}-{number}"
        taken.add(part.lower())
        parts[name] = part
    return parts


def file_part(name: str) -> str:
    """``name`` with every character that a file's name should not have replaced; a long one cut, with its hash."""
    part = "".join(character if character.isalnum() or character in "-_." else "-" for character in name)
    if len(part.encode()) <= _LONGEST:
        return part
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{part.encode()[: _LONGEST - 9].decode(errors='ignore')}-{digest}"
