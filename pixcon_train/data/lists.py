"""Lists of images and masks in UniMatch V2's format: one `IMAGE MASK` pair of relative paths per line."""

import itertools
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pixcon_train.core.errors import DataError
from pixcon_train.core.files import read_input, split_lines, write_text
from pixcon_train.core.paths import exists, is_file


class Pair(NamedTuple):
    """One line of a list; paths are relative to the data's root."""

    image: str
    mask: str | None
    """None if the line has no mask, or repeats the image, as unlabeled lists may."""


def read_list(path: Path, *, masks_required: bool) -> list[Pair]:
    """Pairs of the list at ``path``; empty lines are skipped.

    Raises:
        DataError: no such file, no lines, a line that is not one or two paths, or a missing mask that is required.
    """
    text = read_input(path, f"The list {path}", DataError, missing=_missing(path))
    return parse_list(text, str(path), masks_required=masks_required)


def require_list(path: Path) -> None:
    """Require that there is a file at ``path``, without reading it.

    Raises:
        DataError: there is none.
    """
    if not exists(path):
        raise DataError(_missing(path))


def _missing(path: Path) -> str:
    return f"No list at {path}. Expected a text file of `IMAGE MASK` lines."


def parse_list(text: str, where: str, *, masks_required: bool) -> list[Pair]:
    """Pairs of a list's ``text``, as a checkpoint stores it; ``where`` names it in messages.

    Raises:
        DataError: no lines, a line that is not one or two paths, or a missing mask that is required.
    """
    if "\0" in text:
        raise DataError(
            f"The list {where} holds NUL bytes. Expected text of `IMAGE MASK` lines; if it is in UTF-16, save it as "
            "UTF-8."
        )
    lines = enumerate(split_lines(text), 1)
    pairs = [_pair(line, number, where, masks_required) for number, line in lines if line.strip()]
    if not pairs:
        raise DataError(f"The list {where} is empty. Expected `IMAGE MASK` lines.")
    return pairs


def _pair(line: str, number: int, where: str, masks_required: bool) -> Pair:
    line = line.strip(_BLANKS)
    parts = (_TAB if "\t" in line else _SPACES).split(line)
    if len(parts) > 2 or (masks_required and len(parts) < 2):
        wanted = "`IMAGE MASK`" if masks_required else "`IMAGE` or `IMAGE MASK`"
        raise DataError(
            f"{where}, line {number}: found `{line}`, expected {wanted} with one space between, or a tab where "
            "names hold spaces."
        )
    image, mask = parts[0], parts[1] if len(parts) == 2 else None
    if mask == image and masks_required:
        raise DataError(f"{where}, line {number}: the mask of {image} is the image itself. Expected a file of labels.")
    return Pair(image, None if mask == image else mask)


_BLANKS = " \t\r"
_TAB, _SPACES = re.compile(r" *\t[ \t]*"), re.compile(" +")


def write_list(path: Path, pairs: list[Pair]) -> None:
    """Write ``pairs`` as a list atomically; :func:`read_list` reads the same pairs."""
    write_text(path, "".join(f"{_line(pair)}\n" for pair in pairs))


def _line(pair: Pair) -> str:
    parts = [part for part in pair if part is not None]
    if not any(" " in part for part in parts):
        return " ".join(parts)
    return "\t".join(parts if len(parts) == 2 else parts * 2)  # IMAGE IMAGE: no mask


def located(pairs: list[Pair], root: Path) -> list[Pair]:
    """``pairs`` with paths that exist under ``root``, for a list with another path convention.

    `/images/a.jpg` (DeepLab's lists) means `images/a.jpg` if the absolute path does not exist, and a backslash
    (Windows) is a slash. The first such path to a file decides for the whole list; only a few files are tried.
    """
    for marked, usual in _CONVENTIONS:
        paths = (path for pair in pairs for path in pair if path is not None and marked(path))
        for path in itertools.islice(paths, _LOOK_AT):
            if is_file(root / path):
                break
            if is_file(root / path.replace("\\", "/").lstrip("/")):
                pairs = [Pair(usual(image), None if mask is None else usual(mask)) for image, mask in pairs]
                break
    return pairs


_LOOK_AT = 10
"""Most paths that are tried."""


_CONVENTIONS: tuple[tuple[Callable[[str], bool], Callable[[str], str]], ...] = (
    (lambda path: "\\" in path, lambda path: path.replace("\\", "/")),
    (lambda path: path.startswith("/"), lambda path: path.lstrip("/")),
)
"""Whether a path follows another convention, and its conversion."""


def choose_labeled(classes_of: list[frozenset[int]], *, count: int, seed: int) -> list[int]:
    """Positions of ``count`` images, drawn by ``seed``, with every class among them if possible.

    Rare classes come first: while a class is missing, the next image holds the rarest missing class and, among those,
    the most missing classes. The rest is drawn uniformly.

    Args:
        classes_of: for each image the classes in its mask.

    Raises:
        DataError: ``count`` is not between 1 and the number of images.
    """
    if not 1 <= count <= len(classes_of):
        raise DataError(f"Cannot label {count} of {len(classes_of)} images; expected 1 to {len(classes_of)}.")
    order = list(range(len(classes_of)))
    random.Random(seed).shuffle(order)
    frequency = {k: sum(k in classes for classes in classes_of) for k in frozenset().union(*classes_of)}
    missing, chosen = set(frequency), list[int]()
    while missing and len(chosen) < count:
        rarest = min(missing, key=lambda k: (frequency[k], k))
        best = max((i for i in order if rarest in classes_of[i]), key=lambda i: len(classes_of[i] & missing))
        chosen.append(best)
        missing -= classes_of[best]
    rest = [i for i in order if i not in set(chosen)]
    return sorted(chosen + rest[: count - len(chosen)])
