"""Hostile lists of images and masks."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from pixcon_train.data.dataset_check import check_data
from pixcon_train.data.lists import located, read_list
from tests.fuzz.case import Case
from tests.fuzz.texts import changed, odd_files, writes
from tests.pixcon_train.data.files import THREE

NAME = "val.txt"
GOOD = b"".join(b"img/%d.png ann/%d.png\n" % (number, number) for number in range(5))


def attempt(path: Path) -> str:
    """The pairs as a measurement takes them, and the check of the first ones."""
    pairs = located(read_list(path, masks_required=True), path.parent)
    report = check_data(THREE, path.parent, pairs[:20], encoding="index")
    return f"{pairs[:20]} {len(pairs)} {report.to_dict()}"


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`."""
    yield from odd_files(NAME, GOOD)
    for rule, content in _bombs().items():
        yield Case(rule, NAME, writes(content))
    while True:
        yield Case("a changed text", NAME, writes(changed(GOOD, generator)))


def _bombs() -> dict[str, Any]:
    return {
        "a million pairs": lambda: b"a b\n" * 999_999,
        "a million pairs of an absolute path": lambda: b"/a b\n" * 999_999,
        "a line of blanks": lambda: b" " * 20_000_000,
        "a line of tabs": lambda: b"a\t" * 10_000_000 + b"b",
        "a line of pairs of blanks": lambda: b"a" + b" " * 20_000_000 + b"b",
        "names of 100,000 letters": b"a" * 100_000 + b" " + b"b" * 100_000 + b"\n",
        "parts of a path": b"a/" * 50_000 + b"a b\n",
        "paths upwards": b"../" * 1_000 + b"etc/passwd b\n",
        "devices": b"/dev/zero /dev/stdin\n/dev/tty /dev/random\n",
        "the image as mask": b"a a\n",
        "three paths": b"a b c\n",
        "surrogates": b"a\xed\xa0\x80 b\n",
        "other line ends": GOOD.replace(b"\n", "\u2028".encode()),
        "a folder": b". ..\n",
        "names of a process": b"/proc/self/mem /proc/self/fd/0\n",
    }
