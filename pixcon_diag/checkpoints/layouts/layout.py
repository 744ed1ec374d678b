"""The content of a checkpoint file, and the definition of a layout."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor

from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_diag.provenance import Scores
from pixcon_train.runs.checkpoint import Checkpoint

Weights = Literal["ema", "student", "unnamed"]
"""Which network; ``unnamed`` where a file holds one and does not name it."""

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Layout:
    """The content of one file."""

    name: str
    states: dict[Weights, State]
    scores: Scores = field(default_factory=Scores)
    bank: State | None = None
    """As saved, but with the number of entries of each class in `filled`."""
    run: Checkpoint | None = None
    """The run recorded in a checkpoint of this project, without tensors."""
    data: dict[str, Any] | None = None
    """Specification of the data set, where the file has it."""
    architecture: str | None = None
    """Name of the architecture, where the file says it; else its keys show it."""
    stated_of_part: bool = False
    """Whether its mIoUs are of a part of the validation list, and the file does not hold the list."""


@dataclass(frozen=True)
class LayoutReader:
    """One layout: how a file is recognised and read."""

    description: str
    """The kind of file with the keys that identify it, for the message about an unknown file."""
    matches: Callable[[CheckpointFile], bool]
    """Whether a file has this layout, of those that no earlier layout of the registry matches."""
    read: Callable[[CheckpointFile], Layout]
    """The content of a file that matches; raises CheckpointError where it is damaged."""
