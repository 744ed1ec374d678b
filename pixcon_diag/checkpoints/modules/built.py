"""What the module of each library gives."""

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import NamedTuple

from torch import nn

from pixcon_diag.checkpoints.finding import WeightsAsked
from pixcon_diag.checkpoints.layouts.layout import State, Weights
from pixcon_diag.checkpoints.modules.weights import fitting_state, load_state
from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_diag.provenance import Preprocessing


class WeightsOf(NamedTuple):
    """A file of weights, and which of its networks is asked for."""

    file: CheckpointFile
    requested: WeightsAsked

    def state(self, expected: State) -> tuple[State, Weights]:
        """As :func:`fitting_state`."""
        return fitting_state(self.file, expected, self.requested)

    def load(self, module: nn.Module) -> Weights:
        """Load them into ``module``; which ones they are.

        Raises:
            CheckpointError: as :func:`fitting_state` and :func:`load_state`.
        """
        state, chosen = self.state(module.state_dict())
        load_state(module, state, self.file.path)
        return chosen


@dataclass(frozen=True)
class Built:
    """A network of other code, in eval mode, and what its code or its folder says of it."""

    module: nn.Module
    weights: Weights = "unnamed"
    """Which weights of a file it has."""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    multiple: int | None = None
    """What height and width of its input must be a multiple of; None: not known."""
    class_names: tuple[str, ...] | None = None
    """In the order of its output; None: not known."""
    code: str | None = None
    """SHA-256 of the files that say how it is built: of the user's code, or a configuration."""
    libraries: tuple[str, ...] = ()
    """Name and version of each library whose code builds it."""
    remarks: tuple[str, ...] = ()
    """Remarks on how it was built, as short phrases."""


def versions(*packages: str) -> tuple[str, ...]:
    """Name and version of each package."""
    return tuple(f"{package} {version(package)}" for package in packages)
