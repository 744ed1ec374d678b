"""Where a data set lies: its specification, its root, and the lists that belong to it."""

import os
from dataclasses import dataclass
from pathlib import Path

from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.data.digits import digits_root
from pixcon_train.data.lists import Pair, located, read_list
from pixcon_train.data.reading import Encoding, detect_encoding
from pixcon_train.data.specs import DatasetSpec, get_spec

ROOT_VARIABLE = "PIXCON_DATA_ROOT"
_OPTIONS = {
    "labeled": "--bank-list to measure, --labeled to train",
    "unlabeled": "--bank-list to measure, --unlabeled to train",
}
"""Options that name a list, by what it is; the usual ones are those of validation."""
_LOOK_AT = 50
"""Masks looked at to tell how a data set holds labels; void is in nearly every image of those that have it."""


@dataclass(frozen=True)
class DataSource:
    """A data set on this machine."""

    spec: DatasetSpec
    root: Path

    def list_path(self, given: str | Path | None, default: str | None, what: str) -> Path:
        """The list ``given`` on the command line or in a file, else the data set's own.

        A relative path is looked for from here, then from the root.

        Raises:
            ConfigError: neither is there.
        """
        if given is None and default is None:
            raise ConfigError(
                f"{self.spec.name} has no {what} list of its own; name a file of `IMAGE MASK` lines "
                f"({_options(what)}). `pixcon-train split` makes labeled and unlabeled lists."
            )
        if given is None:
            return self._own_list(self.root / str(default), what)
        path = Path(given)
        below = self.root / path
        return below if not path.exists() and below.exists() else path

    def _own_list(self, path: Path, what: str) -> Path:
        if not path.is_file():
            name = self.spec.name
            raise DataError(
                f"{name}'s {what} list is not at {path}. Name one ({_options(what)}): a file of `IMAGE MASK` lines "
                f"relative to {self.root}, such as UniMatch V2's splits/{name}/val.txt."
            )
        return path

    def read(self, path: Path, *, masks_required: bool = True) -> list[Pair]:
        """Pairs of a list, their paths as they lead to files below the root (:func:`located`).

        Raises:
            DataError: as of :func:`read_list`.
        """
        return located(read_list(path, masks_required=masks_required), self.root)

    def encoding(self, labels: str, pairs: list[Pair]) -> Encoding:
        """How the masks of ``pairs`` hold labels.

        Args:
            labels: ``auto`` looks at them; ``index``, ``shifted`` and ``raw`` say it.

        Raises:
            ConfigError: no such form, or ``raw`` or ``shifted`` for a data set that has only one.
            DataError: a mask that was looked at is missing, unreadable or coloured.
        """
        if labels == "auto":
            return detect_encoding(self.spec, (self.root / pair.mask for pair in pairs[:_LOOK_AT] if pair.mask))
        forms: dict[str, Encoding] = {"index": "index", "shifted": "shifted", "raw": "raw"}
        if labels not in forms:
            raise ConfigError(f"--labels is `{labels}`; expected auto, {', '.join(forms)}.")
        if self.spec.void == 0 and labels != "raw":
            raise ConfigError(
                f"--labels is `{labels}`, but {self.spec.name} has `void: 0`, so its masks hold 1..K (raw)."
            )
        if labels != "index" and self.spec.labels == "index" and self.spec.void != 0:
            raise ConfigError(f"--labels {labels} is for ADE20K; {self.spec.name} has one form of masks.")
        return forms[labels]


def _options(what: str) -> str:
    return _OPTIONS.get(what, "--list to measure, --val to train")


def open_dataset(name: str, root: str | Path | None = None) -> DataSource:
    """The data set ``name`` (built in, or a user's YAML file) under ``root``, else under PIXCON_DATA_ROOT.

    ``digits`` makes its own files the first time.

    Raises:
        ConfigError: unknown data set, or no root given.
        DataError: the root is no folder.
    """
    return locate(get_spec(name), root)


def locate(spec: DatasetSpec, root: str | Path | None = None) -> DataSource:
    """The data set that ``spec`` describes (as a checkpoint stores it), found and failing as :func:`open_dataset`."""
    if root is None and spec.name == "digits":
        return DataSource(spec, digits_root())
    given = root or os.environ.get(ROOT_VARIABLE)
    if not given:
        raise ConfigError(f"Where is {spec.name}? Give --data-root FOLDER, or set {ROOT_VARIABLE}.")
    return DataSource(spec, existing_root(given))


def existing_root(given: str | Path) -> Path:
    """The folder that a data root names.

    Raises:
        DataError: there is no such folder.
    """
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise DataError(f"The data root {folder} is not a folder. Give the folder that the lists' paths start from.")
    return folder
