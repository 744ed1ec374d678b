"""A data set on disk: its specification, root and lists."""

import os
from dataclasses import dataclass
from pathlib import Path

from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.paths import exists, expanded, is_file, is_folder
from pixcon_train.data.digits import NAME as BUILT_IN
from pixcon_train.data.digits import digits_root
from pixcon_train.data.lists import Pair, located, read_list
from pixcon_train.data.reading import Encoding, detect_encoding
from pixcon_train.data.specs import DatasetSpec, get_spec

ROOT_VARIABLE = "PIXCON_DATA_ROOT"
_OPTIONS = {
    "labeled": "--bank-list to measure, --labeled to train",
    "unlabeled": "--bank-list to measure, --unlabeled to train",
}
"""Options for a list by its kind; by default those of validation."""
_FORMS: dict[str, Encoding] = {"index": "index", "shifted": "shifted", "raw": "raw"}
_LOOK_AT = 50
"""Masks read to detect the encoding; void is in nearly every image of data sets that have it."""


@dataclass(frozen=True)
class DataSource:
    """A data set on this machine."""

    spec: DatasetSpec
    root: Path

    def list_path(self, given: str | Path | None, default: str | None, what: str) -> Path:
        """The list ``given`` on the command line or in a file, else the data set's own.

        A relative path is relative to the working directory, else to the root.

        Raises:
            ConfigError: neither is there.
        """
        if given is None and default is None:
            raise ConfigError(
                f"{self.spec.name} has no {what} list of its own; name a file of `IMAGE MASK` lines "
                f"({_options(what)}). `pixcon-train split` makes labeled and unlabeled lists."
            )
        if given is None:
            path, name = self.root / str(default), self.spec.name
            if not is_file(path):
                raise DataError(
                    f"{name}'s {what} list is not at {path}. Name one ({_options(what)}): a file of `IMAGE MASK` lines "
                    f"relative to {self.root}, such as UniMatch V2's splits/{name}/val.txt."
                )
            return path
        path = Path(given)
        below = self.root / path
        return below if not exists(path) and exists(below) else path

    def read(self, path: Path, *, masks_required: bool = True) -> list[Pair]:
        """Pairs of a list, with paths in the usual convention (:func:`located`).

        Raises:
            DataError: as of :func:`read_list`.
        """
        return located(read_list(path, masks_required=masks_required), self.root)

    def encoding(self, labels: str, pairs: list[Pair]) -> Encoding:
        """The encoding of the masks of ``pairs``.

        Args:
            labels: ``auto`` detects it; else ``index``, ``shifted`` or ``raw``.

        Raises:
            ConfigError: unknown encoding, or ``raw`` or ``shifted`` for a data set with only one.
            DataError: a mask that was looked at is missing, unreadable or coloured.
        """
        self.require_labels(labels)
        if labels == "auto":
            return detect_encoding(self.spec, (self.root / pair.mask for pair in pairs[:_LOOK_AT] if pair.mask))
        return _FORMS[labels]

    def require_labels(self, labels: str) -> None:
        """Require that masks of the data set may hold labels in a form.

        Raises:
            ConfigError: unknown encoding, or ``raw`` or ``shifted`` for a data set with only one.
        """
        if labels == "auto":
            return
        if labels not in _FORMS:
            raise ConfigError(f"--labels is `{labels}`; expected auto, {', '.join(_FORMS)}.")
        if self.spec.void == 0 and labels != "raw":
            raise ConfigError(
                f"--labels is `{labels}`, but {self.spec.name} has `void: 0`, so its masks hold 1..K (raw)."
            )
        if labels != "index" and self.spec.labels == "index" and self.spec.void != 0:
            raise ConfigError(f"--labels {labels} is for ADE20K; {self.spec.name} has one form of masks.")


def _options(what: str) -> str:
    return _OPTIONS.get(what, "--list to measure, --val to train")


def open_dataset(name: str, root: str | Path | None = None) -> DataSource:
    """The data set ``name`` (built in, or a user's YAML file) under ``root``, else under PIXCON_DATA_ROOT.

    ``digits`` creates its files on first use.

    Raises:
        ConfigError: unknown data set, or no root given.
        DataError: the root is no folder.
    """
    return locate(get_spec(name), root)


def locate(spec: DatasetSpec, root: str | Path | None = None) -> DataSource:
    """The data set that ``spec`` describes (as a checkpoint stores it), found and failing as :func:`open_dataset`."""
    if root is None and spec.name == BUILT_IN:
        return DataSource(spec, digits_root())
    given = root or os.environ.get(ROOT_VARIABLE)
    if not given:
        raise ConfigError(f"Where is {spec.name}? Give --data-root FOLDER, or set {ROOT_VARIABLE}.")
    return DataSource(spec, existing_root(given))


def existing_root(given: str | Path) -> Path:
    """The folder of a data root.

    Raises:
        DataError: there is no such folder.
    """
    folder = expanded(Path(given))
    require_root(folder)
    return folder


def require_root(folder: Path) -> None:
    """Require that a data root is a folder.

    Raises:
        DataError: there is no such folder.
    """
    if not is_folder(folder):
        raise DataError(f"The data root {folder} is not a folder. Give the folder that the lists' paths start from.")
