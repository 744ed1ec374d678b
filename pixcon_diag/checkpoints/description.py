"""The description of a checkpoint file, cached under the file's hash so that its weights need not be read.

Descriptions are read and written in the user's cache only: one beside a checkpoint could come from anyone.
"""

from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pixcon_diag.checkpoints.finding import WeightsAsked
from pixcon_diag.provenance import CheckpointInfo, Preprocessing
from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import read_bytes, remove_leftovers, to_json, write_text
from pixcon_train.core.records import validated
from pixcon_train.core.version import VERSION
from pixcon_train.data.digits import cache_folder
from pixcon_train.evaluation.protocols import Protocol

FORMAT = 3
"""Raised when the description of the same file changes. 3: `feature`, `recipe`."""
FOLDER = "checkpoints"
"""Folder of the descriptions in the user's cache."""
LIMIT = 2**24
"""Bytes of a description that is read."""
_WEIGHTS = {None: ("ema", "student", "unnamed"), "ema": ("ema",), "student": ("student",)}
"""Weights that a file may be described with, by the requested ones."""


class _Part(BaseModel):
    """A part of a configuration; entries that are not read may be anything."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class _Data(_Part):
    labels: str = "auto"
    val_limit: int | None = Field(default=None, ge=1)
    crop: int | None = Field(default=None, ge=1, le=2**16)


class _Bank(_Part):
    rule: str | None = None
    tau: float | None = Field(default=None, ge=0, le=1)
    size: int | None = Field(default=None, ge=1, le=2**24)
    cap: int | None = Field(default=None, ge=1, le=2**31)
    temperature: float | None = Field(default=None, gt=0)


class _Schedule(_Part):
    batch: int | None = Field(default=None, ge=1, le=2**31)


class _Fork(_Part):
    checkpoint: str | None = None


class Settings(_Part):
    """The entries of a run's configuration that a measurement depends on; None where the file has none."""

    seed: int | None = Field(default=None, ge=0)
    data: _Data = _Data()
    bank: _Bank = _Bank()
    schedule: _Schedule = _Schedule()
    fork: _Fork = _Fork()


@dataclass(frozen=True)
class RunRecord:
    """The run recorded in a checkpoint of this project."""

    config: dict[str, Any]
    """The resolved configuration."""
    data: dict[str, Any]
    """The data set's specification."""
    root: str
    """Folder that the paths in the lists are relative to."""
    lists: dict[str, dict[str, str]]
    """`labeled`, `unlabeled`, `val`: each with `path`, `sha256` and the whole `text` of the list."""

    @cached_property
    def settings(self) -> Settings:
        """The configuration, typed.

        Raises:
            ValueError: an entry is of another type.
        """
        return validated(TypeAdapter(Settings), self.config, "config")


@dataclass(frozen=True, kw_only=True)
class Description:
    """A network of a checkpoint file and its run, without weights."""

    info: CheckpointInfo
    protocol: Protocol
    """The inference protocol that belongs to the architecture."""
    parameters: int
    """Of the network without its projection head, which inference does not use."""
    data: dict[str, Any] | None = None
    """Specification of the data set (``DatasetSpec.from_dict``), where the file has it."""
    run: RunRecord | None = None
    """The run that wrote the checkpoint; None for files of other projects."""
    has_bank: bool = False
    """Whether the file holds the memory bank."""
    remarks: tuple[str, ...] = ()
    """Remarks on how the file was read, as short phrases."""
    stated_of_part: bool = False
    """Whether its mIoUs are of a part of the validation list, and the file does not hold the list."""


@dataclass(frozen=True)
class Wrapping:
    """What identifies a network of other code beside its weights."""

    feature: str | None = None
    """The layer whose input or output is its feature."""
    multiple: int = 1
    """What height and width of its input must be a multiple of."""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    order: tuple[int, ...] | None = None
    """For each class the channel of its output; None: the same."""
    spec: str | None = None
    """The SPEC that names it, without weights; None for a network in memory."""
    code: str | None = None
    """SHA-256 of the files that say how it is built: of the user's code, or a configuration."""
    libraries: tuple[str, ...] = ()
    """Name and version of each library whose code builds it."""
    function: str | None = None
    """Fingerprint of what it predicts for one image, for changes that none of the above shows."""


@dataclass(frozen=True)
class _Stored:
    """The content of a description's file."""

    format: int
    version: str
    sha256: str
    requested: WeightsAsked
    description: Description


@dataclass(frozen=True)
class DescriptionFile:
    """The cached description of the requested network in a checkpoint file.

    Args:
        sha256: of the checkpoint file.
        requested: which weights.
    """

    sha256: str
    requested: WeightsAsked

    @property
    def path(self) -> Path:
        """Path of the description."""
        return cache_folder() / FOLDER / f"checkpoint-{self.sha256[:16]}-{self.requested or 'default'}.json"

    def read(self) -> Description | None:
        """The description; None where there is none, or one that is damaged or of another version."""
        try:
            stored = _adapter().validate_json(read_bytes(self.path, LIMIT))
        except Exception:  # whatever is wrong with it, the checkpoint is read again
            return None
        return stored.description if self._fits(stored) else None

    def write(self, description: Description) -> None:
        """Save ``description``, unless JSON changes it (NaN in a configuration) or the folder cannot be written."""
        text = to_json(asdict(self._content(description)), ascii_only=True) + "\n"
        try:
            if _adapter().validate_json(text).description == description:
                remove_leftovers(self.path.parent, self.path.name)
                write_text(self.path, text)
        except (PixConError, ValidationError):
            return  # not cached: the checkpoint is read again next time

    def _fits(self, stored: _Stored) -> bool:
        """Whether a stored description is of this file, these weights and this version."""
        info = stored.description.info
        of_file = info.sha256 == self.sha256 and info.weights in _WEIGHTS[self.requested]
        return of_file and stored == self._content(stored.description)

    def _content(self, description: Description) -> _Stored:
        return _Stored(FORMAT, VERSION, self.sha256, self.requested, description)


@cache
def _adapter() -> TypeAdapter[_Stored]:
    return TypeAdapter(_Stored)
