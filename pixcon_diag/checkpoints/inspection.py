"""What is in a weight file, without building a network."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from pixcon_diag.checkpoints.layouts.fields import state_dict
from pixcon_diag.checkpoints.layouts.layout import Layout
from pixcon_diag.checkpoints.layouts.registry import recognise
from pixcon_diag.checkpoints.reading import CheckpointFile, read_file
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.pickle_values import Inert, shown
from pixcon_train.models.state import ModelDescription, infer_architecture, strip_prefix

MOST_PARTS = 40
"""Entries of a file that are listed."""


@dataclass(frozen=True)
class Network:
    """The weights of one network."""

    weights: str
    """``ema``, ``student`` or ``unnamed``; the key of the entry where the layout is unknown."""
    entries: int
    values: int
    """Numbers in all entries."""
    dtypes: tuple[str, ...]
    norm: float
    """L2 norm of all floats that are finite."""
    largest: float
    """Largest magnitude of a float that is finite; 0 if there is none."""
    not_finite: int
    """Floats that are NaN or infinite."""
    model: ModelDescription | None
    """Architecture, size and classes; None where they are unknown."""
    unknown: str | None
    """Why they are; None where they are known."""


@dataclass(frozen=True)
class Part:
    """An entry at the top of a file."""

    name: str
    content: str
    """Its kind and size in words, or a number."""


@dataclass(frozen=True)
class Inspection:
    """A weight file."""

    file: CheckpointFile
    size: int
    """Bytes."""
    layout: Layout | None
    """None where it is unknown."""
    unknown: str | None
    """Why the layout is unknown; None where it is known."""
    networks: tuple[Network, ...]
    parts: tuple[Part, ...]
    """At most :data:`MOST_PARTS` of them."""


def inspect(path: Path, *, allow_legacy: bool = False) -> Inspection:
    """Read a weight file and describe it; nothing in it is run, and no network is built.

    Raises:
        CheckpointError: it cannot be read, is damaged or unsafe, or holds no dictionary.
    """
    file = read_file(path, allow_legacy=allow_legacy)
    layout, unknown = None, None
    try:
        layout = recognise(file)
    except CheckpointError as error:
        unknown = str(error)
    states = {} if layout is None else {str(name): state for name, state in layout.states.items()}
    return Inspection(
        file,
        path.stat().st_size,
        layout,
        unknown,
        tuple(_network(name, state) for name, state in (states or dict(_states(file.content))).items()),
        tuple(Part(shown(str(key)), _content(value)) for key, value in list(file.content.items())[:MOST_PARTS]),
    )


def _states(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
    """Entries that are state dicts, by their keys."""
    for key, value in content.items():
        if (state := state_dict(value)) is not None:
            yield shown(str(key)), state


def _network(name: str, state: Mapping[str, Tensor]) -> Network:
    squares, largest, not_finite = 0.0, 0.0, 0
    for value in state.values():
        if not value.is_floating_point():
            continue
        finite = value[value.isfinite()].double()  # one tensor at a time: in float64 all would not fit into memory
        squares += float(finite.square().sum())
        largest = max(largest, float(finite.abs().max()) if len(finite) else 0.0)
        not_finite += value.numel() - len(finite)
    model, unknown = None, None
    try:
        model = infer_architecture(strip_prefix(state))
    except CheckpointError as error:
        unknown = str(error)
    return Network(
        weights=name,
        entries=len(state),
        values=sum(value.numel() for value in state.values()),
        dtypes=tuple(sorted({str(value.dtype).removeprefix("torch.") for value in state.values()})),
        norm=math.sqrt(squares),
        largest=largest,
        not_finite=not_finite,
        model=model,
        unknown=unknown,
    )


def _content(value: Any) -> str:
    """A value in words."""
    if isinstance(value, Tensor):
        return f"tensor {tuple(value.shape)} of {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, Mapping):
        state = state_dict(value)
        return f"state dict of {len(state):,} entries" if state else f"dictionary of {len(value):,} entries"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} of {len(value):,}"
    if isinstance(value, Inert):
        return f"Python object, not restored: {shown(value.name)}"
    return shown(f"{value!r}" if isinstance(value, str) else str(value))
