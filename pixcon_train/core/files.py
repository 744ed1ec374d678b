"""Files that are whole or absent: written beside their place, then renamed into it."""

import codecs
import errno
import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from pixcon_train.core.errors import PixConError

_TEMPORARY = re.compile(r"\..+\.\d+\.tmp")
"""Names that :func:`replacing` gives while it writes."""

_SURROGATE = re.compile("[\ud800-\udfff]")

_LONGEST_STEM = 200
"""Bytes of :func:`file_stem`; file systems take names of 255 bytes."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; rename it to ``path`` when the block succeeds.

    The folder is made if missing. When the block fails the temporary file is removed and ``path`` is as before.

    Raises:
        PixConError: the disk is full or the folder cannot be written; the message names ``path``.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())  # a rename must not outrun its content when the machine stops
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PixConError(f"Could not write {path}: {reason}. The previous file, if any, is intact.") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed processes left in ``folder``, which nobody else is writing to."""
    for path in folder.glob(".*.tmp"):
        if _TEMPORARY.fullmatch(path.name):
            with suppress(OSError):
                path.unlink()


def read_text(path: Path) -> str:
    """The text of a file that a person or another program wrote, its line ends as ``\\n``.

    UTF-8 with or without a byte-order mark, or UTF-16 with one, as PowerShell's `>` and Tee-Object write it.

    Raises:
        OSError: the file cannot be read, or is no regular file (reading a pipe could wait for ever).
        UnicodeDecodeError: it is text in neither encoding.
    """
    if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
        raise OSError(errno.EINVAL, "not a regular file")
    content = path.read_bytes()
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if utf16 else "utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Why :func:`read_text` could not read a file, in a few words, and what to do about an encoding."""
    if isinstance(error, UnicodeDecodeError):
        found = f"the byte 0x{error.object[error.start]:02x} at position {error.start}"
        return f"it is not text in UTF-8 or UTF-16 ({found}); save it as UTF-8"
    return error.strerror or str(error)


def is_file(path: Path) -> bool:
    """Whether a file lies at ``path``; a name that is too long or holds a NUL byte names none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def file_stem(name: str) -> str:
    """Name of a path's file without its suffix, cut where a prefix and a suffix would not fit into a name any more."""
    stem = PurePosixPath(name).stem
    content = stem.encode(errors="surrogatepass")
    if len(content) <= _LONGEST_STEM:
        return stem
    return content[: _LONGEST_STEM - 9].decode(errors="ignore") + "-" + hashlib.sha256(content).hexdigest()[:8]


def split_lines(text: str) -> list[str]:
    """The lines of ``text``, without their ends; only ``\\n`` ends one.

    ``str.splitlines`` also splits at U+2028, NEL, form feeds and others, which a class or file name may contain.
    """
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, whole or not at all; what is no text (a lone surrogate) as its escape."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def to_json(value: Any, *, indent: int | None = 2, ascii_only: bool = False) -> str:
    """``value`` as strict JSON at full precision; NaN and infinities (undefined values) become ``null``.

    Lone surrogates, which stand for the bytes of a file name that is not UTF-8, are escaped: they cannot be written.
    """
    text = json.dumps(_finite(value), indent=indent, ensure_ascii=ascii_only, allow_nan=False)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` to ``path`` as by :func:`to_json`, whole or not at all."""
    write_text(path, to_json(value) + "\n")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content, read in pieces."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _finite(value: Any) -> Any:
    """A copy of nested dicts, lists and tuples with every non-finite float replaced by None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def paths_of(options: object, *names: str) -> None:
    """Turn fields of a frozen dataclass that a user gave as strings into paths."""
    for name in names:
        value = getattr(options, name)
        object.__setattr__(options, name, value if value is None else Path(value))
