"""Hostile texts of any format: files that are none, odd encodings, and changes by rule of a good text or value."""

import copy
import math
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.case import Case, mutated

SNIPPETS = (
    *(
        b"\0",
        b"\xff",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        "\u2028".encode(),
        "\x85".encode(),
        b"\x1b]0;t\x07",
    ),
    *(
        b"nan",
        b"1e400",
        b"-1e400",
        b"9" * 10_000,
        b"-1",
        b"1.5",
        b"true",
        b"null",
        b"0x",
        b".inf",
        b"1_000",
        b"1:30:00",
    ),
    *(
        b"[",
        b"{",
        b'"',
        b"'",
        b"\n",
        b"\r",
        b"\t",
        b":",
        b", ",
        b"#",
        b"|",
        b">",
        b"?",
        b"- " * 200,
        b"---\n",
        b"...",
        b"~",
    ),
    *(
        b"&a",
        b"*a",
        b"<<: *a",
        b"!!int abc",
        b"!!binary x",
        b"!!python/object/apply:os.system ['touch $PIXCON_CANARY']",
    ),
    *(b"2001-99-99", b"\\ud800", b"../../etc/passwd", b"/etc/passwd", b"A" * 5_000, "\u202e".encode()),
)
NUMBERS = (
    b"nan",
    b"1e400",
    b"-1",
    b"0",
    b"9" * 5_000,
    b"1e308",
    b"true",
    b'""',
    b"[]",
    b"{}",
    b"null",
    b"Infinity",
    b"0.5",
)


def changed(text: bytes, generator: Random) -> bytes:
    """A text with snippets inserted, lines exchanged, and numbers or bytes replaced."""
    for _ in range(generator.choice((1, 1, 1, 2, 5, 20))):
        kind, place = generator.randrange(4), generator.randrange(len(text) + 1)
        numbers = list(re.finditer(rb"\d+(\.\d+)?", text))
        if kind == 0:
            text = text[:place] + generator.choice(SNIPPETS) + text[place:]
        elif kind == 1 and numbers:
            found = generator.choice(numbers)
            text = text[: found.start()] + generator.choice(NUMBERS) + text[found.end() :]
        elif kind == 2:
            lines = text.split(b"\n")
            one, other = generator.randrange(len(lines)), generator.randrange(len(lines))
            lines[one], lines[other] = lines[other], lines[one]
            text = b"\n".join(lines)
        else:
            text = mutated(text, generator)
    return text


def writes(content: bytes | Callable[[], bytes]) -> Callable[[Path], object]:
    """Writes a content, which may be made when it is written."""
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content())


def odd_files(name: str, good: bytes) -> Iterator[Case]:
    """What is no regular file, of no plausible size, or in another encoding."""

    def sparse(size: int, start: bytes = b"") -> Callable[[Path], object]:
        def write(path: Path) -> None:
            path.write_bytes(start)
            os.truncate(path, size)

        return write

    def bind(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))

    text = good.decode(errors="replace")
    contents: dict[str, bytes | Callable[[], bytes]] = {
        "empty": b"",
        "UTF-16": text.encode("utf-16"),
        "UTF-16 without a mark": text.encode("utf-16-le"),
        "UTF-16 cut in a character": text.encode("utf-16")[:-1],
        "UTF-32": text.encode("utf-32"),
        "NUL bytes": bytes(100_000),
        "0xff": b"\xff" * 1_000,
        "one long line": lambda: b"a" * 3_000_000,
        "empty lines": lambda: b"\n" * 3_000_000,
        "carriage returns": lambda: b"\r" * 1_000_000,
        "the file twice": good * 2,
    }
    files: dict[str, Callable[[Path], object]] = {
        "missing": lambda path: None,
        "a folder": Path.mkdir,
        "a pipe": os.mkfifo,
        "a socket": bind,
        "a link to itself": lambda path: path.symlink_to(path.name),
        "a link to nothing": lambda path: path.symlink_to("nothing"),
        "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
        "a link to a process's memory": lambda path: path.symlink_to("/proc/self/mem"),
        "1 GB of nothing": sparse(2**30),
        "20 GB of nothing": sparse(20 * 2**30),
        "1 GB of nothing behind it": sparse(2**30, good),
    }
    for rule, write in (files | {rule: writes(content) for rule, content in contents.items()}).items():
        yield Case(rule, name, write)


def _nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


_STRANGE = (
    *(
        None,
        True,
        False,
        -1,
        0,
        10**30,
        10**400,
        1e308,
        math.nan,
        math.inf,
        0.5,
        "",
        "x",
        "nan",
        "1e400",
        "x" * 100_000,
    ),
    *("\ud800", "\u2028", "\x1b[31m", "a\0b", "../../x", "/etc/passwd", [], {}, [1], [[]], [None], {"a": 1}, {"": {}}),
    *(list(range(300)), {str(key): key for key in range(300)}, _nested(30), _nested(400)),
)


def mangled(value: Any, generator: Random) -> Any:
    """A copy of a nested value with entries removed, added, or replaced by others of any kind."""
    value = copy.deepcopy(value)
    for _ in range(generator.choice((1, 1, 1, 2, 4))):
        places = list(_places(value))
        if not places:
            return value
        parent, key = generator.choice(places)
        action = generator.random()
        if action < 0.25:
            del parent[key]
        elif action < 0.35 and isinstance(parent, dict):
            parent[generator.choice(("x", "", "event", "a.b", "\ud800", "\u2028"))] = generator.choice(_STRANGE)
        else:
            parent[key] = copy.deepcopy(generator.choice(_STRANGE))
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each entry as its container and key."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(entries):
        yield value, key
        yield from _places(item)
