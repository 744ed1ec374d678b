"""The paths in a configuration: the user's own are remembered, those of a file from elsewhere are checked."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.paths import expanded
from pixcon_train.core.yaml_files import flatten
from pixcon_train.data.confinement import require_own_file, require_own_root
from pixcon_train.data.remembered import remember_path, remember_root
from pixcon_train.data.specs import is_file_name

_ROOT = "data.root"
_LISTS = ("data.labeled", "data.unlabeled", "data.val")


def require_own_paths(values: Mapping[str, Any], named_by: str) -> None:
    """Require that the paths in ``values`` (by dotted key), which a run or a sweep file names, are the user's.

    Raises:
        ConfigError: a root that the user has not named on this machine, or a file outside it and the working directory.
    """
    root = expanded(Path(values[_ROOT])) if isinstance(values.get(_ROOT), str) else None
    if root is not None:
        require_own_root(root, named_by)
    for key, path in _files(values):
        require_own_file(path, root, named_by, f"`{key}`")


def remember_paths(config: TrainConfig) -> None:
    """Note the paths that the user trains with, so that resuming the run needs no question."""
    values = flatten(config.model_dump())
    if values.get(_ROOT) is not None:
        remember_root(expanded(Path(values[_ROOT])))
    for _, path in _files(values):
        remember_path(path)


def _files(values: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """The keys whose value is the path of a file."""
    for key in (*_LISTS, "data.dataset", "model.pretrained", "fork.checkpoint"):
        value = values.get(key)
        if isinstance(value, str) and _IS_PATH.get(key, bool)(value):
            yield key, Path(value)


_IS_PATH: Mapping[str, Callable[[str], bool]] = {
    "data.dataset": is_file_name,
    "model.pretrained": lambda value: value not in ("auto", "hub", "none"),
}
"""Whether a value is a path, where it may be something else."""
