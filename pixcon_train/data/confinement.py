"""Which files a checkpoint, run or sweep file may name: those under the data root, unless the user allows others."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.paths import resolved
from pixcon_train.data.digits import cache_folder
from pixcon_train.data.lists import Pair
from pixcon_train.data.remembered import is_remembered_path, is_remembered_root
from pixcon_train.data.sources import ROOT_VARIABLE

OPTION = "--allow-outside (in Python allow_outside=True)"
"""The user's word that a file may name any other file."""


def is_inside(path: str | Path, folder: str | Path) -> bool:
    """Whether a path, with links followed, lies in a folder or is it."""
    return _below(str(resolved(Path(path))), str(resolved(Path(folder))))


def outside(pairs: Sequence[Pair], root: Path) -> list[str]:
    """The paths of a list that leave its root: absolute ones, through ``..``, and links."""
    leaves = _leaves(root)
    return [path for path in dict.fromkeys(path for pair in pairs for path in pair if path is not None) if leaves(path)]


def outside_note(pairs: Sequence[Pair], root: Path) -> Iterator[str]:
    """One sentence on the paths of a list that leave its root, if there are any."""
    if found := outside(pairs, root):
        yield f"{len(found):,} paths of the list lead out of the data root {root}, {found[0]} for one."


def require_inside(pairs: Sequence[Pair], root: Path, named_by: str) -> None:
    """Require that a list which a file holds stays under the data root.

    Raises:
        DataError: a path leaves it.
    """
    if found := outside(pairs, root):
        raise DataError(
            f"{named_by} names {found[0]}, which leads out of the data root {root}. A checkpoint does not choose which "
            f"other files are read: name a list of your own (--list, --bank-list), or, if you trust it, say {OPTION}."
        )


def is_own_root(root: Path) -> bool:
    """Whether a data root is the user's: named on this machine before, under PIXCON_DATA_ROOT, in the user's cache, or
    a relative path that stays in the working directory."""
    folders = [cache_folder(), Path(os.environ.get(ROOT_VARIABLE) or cache_folder())]
    folders += [] if root.is_absolute() else [Path.cwd()]
    return is_remembered_root(root) or any(is_inside(root, folder) for folder in folders)


def require_own_root(root: Path, named_by: str) -> None:
    """Require that the data root which a file names is the user's (:func:`is_own_root`).

    Raises:
        ConfigError: it is not.
    """
    if not is_own_root(root):
        raise ConfigError(
            f"{named_by} names {root} as the data root, which you have not named on this machine. If its images may be "
            f"read, give --data-root {root} once, which is remembered; or say {OPTION}."
        )


def require_own_file(path: Path, root: Path | None, named_by: str, what: str) -> None:
    """Require that a file which another file names lies under the data root, was named by the user before, or
    stays in the working directory, links followed; an absolute path there is no other file than a relative one.

    Raises:
        ConfigError: none of these.
    """
    below_root = root is not None and is_inside(root / path, root)
    if not (below_root or is_inside(path, Path.cwd()) or is_remembered_path(path)):
        raise ConfigError(
            f"{named_by} names {path} as {what}, which lies outside the data root and the working directory. Name it "
            f"yourself on the command line, or, if you trust the file, say {OPTION}."
        )


def _leaves(root: Path) -> Callable[[str], bool]:
    """Whether a path of a list leaves ``root``; the links of each folder are followed once."""
    top, folders = os.path.realpath(root), dict[Path, Path]()

    def leaves(path: str) -> bool:
        given = root / path
        if given.parent not in folders:
            folders[given.parent] = Path(os.path.realpath(given.parent))
        place = folders[given.parent] / given.name
        linked = given.name == ".." or os.path.islink(place)  # noqa: PTH114  # Path.is_symlink fails for a long name
        return not _below(os.path.realpath(place) if linked else str(place), top)

    return leaves


def _below(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)
