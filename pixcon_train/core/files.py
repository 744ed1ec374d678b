"""Reading text, and writing files atomically: to a temporary name, then renamed."""

import codecs
import errno
import glob
import hashlib
import json
import math
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any

from pixcon_train.core.errors import PixConError
from pixcon_train.core.foreign_text import HIDDEN
from pixcon_train.core.paths import is_folder

_TEMPORARY = re.compile(r"\..+\.(\d{1,9})\.tmp")
"""Temporary names of :func:`replacing`, which end in the process's number."""

LARGEST_TEXT = 80_000_000
"""Most bytes of a text that is read: a list of a million images, or the log of four million steps, every 20th of them
recorded. What Python makes of a text can take thirty times as much memory."""

MOST_LINES = 1_000_000
"""Most lines of a text that is read."""

_DEEPEST = 50
"""Most levels of a JSON document; those of this project have about ten."""

_LONGEST_STEM = 200
"""Longest :func:`file_stem` in bytes; file systems allow names of 255 bytes."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; rename it to ``path`` when the block succeeds.

    A missing folder is created. If the block fails, the temporary file is removed and ``path`` is unchanged.

    Raises:
        PixConError: the disk is full or the folder cannot be written; the message names ``path``.
    """
    temporary = path.with_name(f".{cut_name(path.name)}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())  # the rename must not reach the disk before the content
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PixConError(f"Could not write {path}: {reason}. The previous file, if any, is intact.") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def remove_leftovers(folder: Path, name: str | None = None) -> None:
    """Remove the temporary files and folders of processes that have ended from ``folder``.

    Those of this process's number are removed too: in a container, a restarted process often has the number of the one
    that was killed. This process must not be writing there, nor another machine.

    Args:
        name: of the file or folder that they would have become; None: of any.
    """
    pattern = ".*.tmp" if name is None else f".{glob.escape(cut_name(name))}.*.tmp"
    with suppress(OSError):  # a folder that cannot be read: writing into it reports the error
        for path in [*folder.glob(pattern)]:
            found = _TEMPORARY.fullmatch(path.name)
            if found and (int(found[1]) == os.getpid() or not is_running(int(found[1]))):
                with suppress(OSError):
                    shutil.rmtree(path) if is_folder(path) else path.unlink()


def is_running(pid: int) -> bool:
    """Whether a process of this machine has the number ``pid``; True where that cannot be known."""
    if os.name != "posix":  # elsewhere the signal 0 is no mere question
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading; a pipe or a device could wait or write for ever.

    Raises:
        OSError: there is no such file, it cannot be read, is no regular file, or no file can have this name.
    """
    try:
        file = open(path, "rb", opener=_open_nonblocking)  # noqa: SIM115  # the caller closes it
    except ValueError:  # a NUL byte, or a lone surrogate that stands for no byte
        raise OSError(errno.EINVAL, "no file can have this name") from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file")
    return file


def _open_nonblocking(path: str, flags: int) -> int:
    """Open without blocking on a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def read_bytes(path: Path, largest: int) -> bytes:
    """The content of a regular file.

    Raises:
        OSError: as :func:`open_regular`, or it has more than ``largest`` bytes.
    """
    with open_regular(path) as file:
        content = b"" if os.fstat(file.fileno()).st_size > largest else file.read(largest + 1)
        size = max(os.fstat(file.fileno()).st_size, len(content))
    if size > largest:
        raise OSError(errno.EFBIG, f"it has {size:,} bytes, and at most {largest:,} are read")
    return content


def read_end(path: Path, most: int) -> bytes:
    """The last ``most`` bytes of a regular file, or all of it.

    Raises:
        OSError: as :func:`open_regular`.
    """
    with open_regular(path) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - most))
        return file.read(most)


def read_text(path: Path, largest: int = LARGEST_TEXT) -> str:
    """The text of a file written by a person or another program, with ``\\n`` as line ends.

    UTF-8 with or without a byte-order mark, or UTF-16 with one, as PowerShell's `>` and Tee-Object write it.

    Raises:
        OSError: the file cannot be read, is no regular file, or has more than ``largest`` bytes or
            :data:`MOST_LINES` lines.
        UnicodeDecodeError: it is text in neither encoding.
    """
    text = _decoded(read_bytes(path, largest))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if (lines := text.count("\n")) > MOST_LINES:
        raise OSError(errno.EFBIG, f"it has {lines:,} lines, and at most {MOST_LINES:,} are read")
    return text


def _decoded(content: bytes) -> str:
    """UTF-8 with or without a byte-order mark, or UTF-16 with one, as text."""
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if utf16 else "utf-8-sig")


def read_json(path: Path) -> Any:
    """The value that a JSON file holds, which may have any number of lines.

    Raises:
        OSError: as :func:`read_bytes`, with at most :data:`LARGEST_TEXT` bytes.
        ValueError: it is no JSON (UnicodeDecodeError and JSONDecodeError are such), or nested too deeply.
    """
    return parse_json(_decoded(read_bytes(path, LARGEST_TEXT)))


def parse_json(text: str) -> Any:
    """The value of a JSON document.

    Raises:
        ValueError: it is none (JSONDecodeError), nested too deeply, or has a number of thousands of digits.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if text.count("[") + text.count("{") <= _DEEPEST:  # nearly every line of a log
        return value
    level = [value]
    for _ in range(_DEEPEST):
        level = [item for part in level if isinstance(part, dict | list) for item in _items(part)]
        if not level:
            return value
    raise ValueError(f"it is nested more than {_DEEPEST} levels deep")


def _items(part: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return part.values() if isinstance(part, dict) else part


def read_input(path: Path, what: str, kind: type[PixConError], *, missing: str | None = None) -> str:
    """:func:`read_text` of a file that a user names; ``what`` it is begins the message, or ``missing`` is the message.

    Raises:
        PixConError: of ``kind``, where the file cannot be read.
    """
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        absent = missing is not None and isinstance(error, FileNotFoundError)
        raise kind(missing if absent else f"{what} cannot be read: {unreadable(error)}.") from None


def unreadable(error: OSError | UnicodeDecodeError) -> str:
    """A phrase for an error of :func:`read_text`, with the remedy for an unknown encoding."""
    if isinstance(error, UnicodeDecodeError):
        found = f"the byte 0x{error.object[error.start]:02x} at position {error.start}"
        return f"it is not text in UTF-8 or UTF-16 ({found}); save it as UTF-8"
    return error.strerror or str(error)


def plain_name(name: str) -> str:
    """``name``, which must be of a file in a folder itself.

    Raises:
        ValueError: a path to elsewhere.
    """
    if name in ("", ".", "..") or any(character in name for character in "/\\:"):
        raise ValueError(f"{name[:80]!r} is no file name")
    return name


def file_stem(name: str) -> str:
    """File name of a path without its suffix, shortened so that a prefix and a suffix still fit."""
    return cut_name(PurePosixPath(name).stem)


def cut_name(name: str, longest: int = _LONGEST_STEM) -> str:
    """``name`` in at most ``longest`` bytes: of a longer one the beginning and its hash."""
    content = name.encode(errors="surrogatepass")
    if len(content) <= longest:
        return name
    return content[: longest - 9].decode(errors="ignore") + "-" + hashlib.sha256(content).hexdigest()[:8]


def split_lines(text: str) -> list[str]:
    """The lines of ``text``, without their ends; only ``\\n`` ends one.

    ``str.splitlines`` also splits at U+2028, NEL, form feeds and others, which a class or file name may contain.
    """
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` atomically as UTF-8; lone surrogates are written as their escapes."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def to_json(value: Any, *, indent: int | None = 2, ascii_only: bool = False) -> str:
    """``value`` as strict JSON at full precision; NaN and infinities (undefined values) become ``null``.

    Characters that are not seen are escaped: a terminal obeys some, and lone surrogates, which stand for the bytes of a
    file name that is not UTF-8, cannot be written.
    """
    return _escaped(json.dumps(_finite(value), indent=indent, ensure_ascii=ascii_only, allow_nan=False))


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` to ``path`` atomically as JSON (:func:`to_json`), whose text is never in memory as a whole."""
    encoder = json.JSONEncoder(indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        handle.writelines(_escaped(part) for part in encoder.iterencode(_finite(value)))
        handle.write("\n")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content, read in chunks."""
    with open_regular(path) as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _escaped(text: str) -> str:
    """JSON with the characters that are not seen as escapes."""
    return HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


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
    """Convert the string fields ``names`` of a frozen dataclass to paths."""
    for name in names:
        value = getattr(options, name)
        object.__setattr__(options, name, value if value is None else Path(value))
