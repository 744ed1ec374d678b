"""Splitting a list of images with masks into a labeled and an unlabeled list."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.paths import exists
from pixcon_train.core.progress import Progress, silent, tracked
from pixcon_train.core.void import void_of
from pixcon_train.data.lists import Pair, choose_labeled, write_list
from pixcon_train.data.reading import read_mask
from pixcon_train.data.sources import DataSource


@dataclass(frozen=True)
class Split:
    """A list split in two."""

    labeled: list[Pair]
    unlabeled: list[Pair]
    missing: list[str]
    """Classes of the list without a labeled image."""

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write ``labeled.txt`` and ``unlabeled.txt`` to ``folder`` and return their paths.

        Raises:
            ConfigError: one exists; nothing is overwritten.
        """
        paths = folder / "labeled.txt", folder / "unlabeled.txt"
        for path in paths:
            if exists(path):
                raise ConfigError(f"{path} is there already. Choose another folder with --out, or remove it.")
        for path, pairs in zip(paths, (self.labeled, self.unlabeled), strict=True):
            write_list(path, pairs)
        return paths

    def summary(self) -> str:
        """The size of each list, and the classes without a labeled image."""
        text = f"{len(self.labeled)} labeled, {len(self.unlabeled)} unlabeled images"
        return f"{text}; no labeled image shows {', '.join(self.missing)}" if self.missing else text


def split_list(
    source: DataSource,
    path: Path,
    *,
    count: int | None = None,
    fraction: float | None = None,
    labels: str = "auto",
    seed: int = 0,
    progress: Progress = silent,
) -> Split:
    """Split the list at ``path`` by ``seed``: ``count`` labeled images, or the ``fraction`` of all, rounded.

    Every class of the list is represented if so many images suffice (:func:`choose_labeled`).

    Raises:
        ConfigError: not one of ``count`` and ``fraction`` is given, or it leaves one of the lists empty.
        DataError: the list or a mask is missing or not as declared.
    """
    pairs = source.read(source.list_path(path, None, "training"))
    wanted = _labeled_count(len(pairs), count, fraction)
    encoding = source.encoding(labels, pairs)
    classes = []
    for pair in tracked(pairs, progress):
        mask = read_mask(source.root / str(pair.mask), source.spec, encoding)
        classes.append(frozenset(np.unique(mask).tolist()) - {void_of(source.spec.num_classes)})
    chosen = set(choose_labeled(classes, count=wanted, seed=seed))
    shown = frozenset[int]().union(*(classes[i] for i in chosen))
    missing = sorted(frozenset[int]().union(*classes) - shown)
    return Split(
        labeled=[pair for i, pair in enumerate(pairs) if i in chosen],
        unlabeled=[pair for i, pair in enumerate(pairs) if i not in chosen],
        missing=[source.spec.classes[k] for k in missing],
    )


def _labeled_count(total: int, count: int | None, fraction: float | None) -> int:
    """Number of labeled images asked for, of ``total``."""
    if (count is None) == (fraction is None):
        raise ConfigError("Give one of --count and --fraction.")
    if fraction is not None and not 0 < fraction < 1:
        raise ConfigError(f"--fraction is {fraction}; expected a number between 0 and 1, such as 0.125.")
    wanted = max(1, round(fraction * total)) if fraction is not None else count or 0
    if not 1 <= wanted < total:
        raise ConfigError(f"{wanted} labeled of {total} images would leave a list empty; expected 1 to {total - 1}.")
    return wanted
