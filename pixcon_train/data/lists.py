"""Lists of images and masks in UniMatch V2's form: one `IMAGE MASK` pair of relative paths a line."""

import random
from pathlib import Path
from typing import NamedTuple

from pixcon_train.errors import DataError
from pixcon_train.files import write_text


class Pair(NamedTuple):
    """One line of a list; paths are relative to the data's root."""

    image: str
    mask: str | None
    """None where the line names no mask, as an unlabeled list may."""


def read_list(path: Path, *, masks_required: bool) -> list[Pair]:
    """Pairs of the list at ``path``; empty lines are passed over.

    Raises:
        DataError: no such file, nothing in it, a line that is not one or two paths, or a mask missing though required.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"No list at {path}. Expected a text file of `IMAGE MASK` lines.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The list {path} cannot be read: {error}.") from None
    return parse_list(text, str(path), masks_required=masks_required)


def parse_list(text: str, where: str, *, masks_required: bool) -> list[Pair]:
    """Pairs of a list's ``text``, as a checkpoint stores it; ``where`` names it in messages.

    Raises:
        DataError: nothing in it, a line that is not one or two paths, or a mask missing though required.
    """
    lines = enumerate(text.splitlines(), 1)
    pairs = [_pair(line, number, where, masks_required) for number, line in lines if line.strip()]
    if not pairs:
        raise DataError(f"The list {where} is empty. Expected `IMAGE MASK` lines.")
    return pairs


def _pair(line: str, number: int, where: str, masks_required: bool) -> Pair:
    parts = line.split()
    if len(parts) > 2 or (masks_required and len(parts) < 2):
        wanted = "`IMAGE MASK`" if masks_required else "`IMAGE` or `IMAGE MASK`"
        raise DataError(f"{where}, line {number}: found `{line.strip()}`, expected {wanted} with one space between.")
    return Pair(parts[0], parts[1] if len(parts) == 2 else None)


def write_list(path: Path, pairs: list[Pair]) -> None:
    """Write ``pairs`` as a list, whole or not at all."""
    write_text(path, "".join(f"{' '.join(filter(None, pair))}\n" for pair in pairs))


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
