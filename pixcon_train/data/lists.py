"""Lists of images and masks in UniMatch V2's form: one `IMAGE MASK` pair of relative paths a line."""

import itertools
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pixcon_train.core.errors import DataError
from pixcon_train.core.files import is_file, read_text, split_lines, unreadable, write_text


class Pair(NamedTuple):
    """One line of a list; paths are relative to the data's root."""

    image: str
    mask: str | None
    """None where the line names no mask, or the image itself, as an unlabeled list may."""


def read_list(path: Path, *, masks_required: bool) -> list[Pair]:
    """Pairs of the list at ``path``; empty lines are passed over.

    Raises:
        DataError: no such file, nothing in it, a line that is not one or two paths, or a mask missing though required.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise DataError(f"No list at {path}. Expected a text file of `IMAGE MASK` lines.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The list {path} cannot be read: {unreadable(error)}.") from None
    return parse_list(text, str(path), masks_required=masks_required)


def parse_list(text: str, where: str, *, masks_required: bool) -> list[Pair]:
    """Pairs of a list's ``text``, as a checkpoint stores it; ``where`` names it in messages.

    Raises:
        DataError: nothing in it, a line that is not one or two paths, or a mask missing though required.
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
    """Write ``pairs`` as a list, whole or not at all; :func:`read_list` reads the same pairs."""
    write_text(path, "".join(f"{_line(pair)}\n" for pair in pairs))


def _line(pair: Pair) -> str:
    parts = [part for part in pair if part is not None]
    if not any(" " in part for part in parts):
        return " ".join(parts)
    return "\t".join(parts if len(parts) == 2 else parts * 2)  # IMAGE IMAGE: no mask


def located(pairs: list[Pair], root: Path) -> list[Pair]:
    """``pairs`` with paths that are there under ``root``, where the list was written by another convention.

    `/images/a.jpg` (DeepLab's lists) means `images/a.jpg` where nothing is at the absolute place, and a backslash
    (Windows) a slash. The first such path that leads to a file tells for the whole list; no more than a few files
    are looked for.
    """
    for marked, usual in _CONVENTIONS:
        paths = (path for pair in pairs for path in pair if path is not None and marked(path))
        for path in itertools.islice(paths, _LOOK_AT):
            if is_file(root / path):
                break
            if _leads_somewhere(root, path):
                pairs = [Pair(usual(image), None if mask is None else usual(mask)) for image, mask in pairs]
                break
    return pairs


_LOOK_AT = 10
"""Paths of another convention that are looked for."""


def _leads_somewhere(root: Path, path: str) -> bool:
    """Whether a file is at ``path`` written with slashes and below ``root``."""
    return is_file(root / path.replace("\\", "/").lstrip("/"))


_CONVENTIONS: tuple[tuple[Callable[[str], bool], Callable[[str], str]], ...] = (
    (lambda path: "\\" in path, lambda path: path.replace("\\", "/")),
    (lambda path: path.startswith("/"), lambda path: path.lstrip("/")),
)
"""Whether a path follows another convention, and how it is usually written."""


def choose_labeled(classes_of: list[frozenset[int]], *, count: int, seed: int) -> list[int]:
    """Positions of ``count`` images, drawn by ``seed``, with every class among them where that is possible.

    Rare classes are served first: as long as a class is missing, the next image is one that holds the rarest missing
    class and, among those, the most missing ones. What remains is drawn uniformly.

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
