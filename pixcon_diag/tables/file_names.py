"""Names of groups as parts of file names."""

from collections.abc import Sequence

from pixcon_train.core.files import cut_name

_LONGEST = 80
"""Bytes; a name of two parts, a prefix and an ending stays within the 255 bytes that file systems allow."""


def file_parts(names: Sequence[str]) -> dict[str, str]:
    """The :func:`file_part` of each name, with a number if an earlier name has the same part."""
    parts: dict[str, str] = {}
    used: set[str] = set()
    for name in dict.fromkeys(names):
        part, number = file_part(name), 1
        while part.lower() in used:  # some file systems ignore case
            number += 1
            part = f"{file_part(name)}-{number}"
        used.add(part.lower())
        parts[name] = part
    return parts


def file_part(name: str) -> str:
    """``name`` with characters unsafe in file names replaced; a long name is cut and ends in its hash."""
    part = "".join(character if character.isalnum() or character in "-_." else "-" for character in name)
    return cut_name(part, _LONGEST)
