"""What is in a weight file, without building a network."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
MOST_SETTINGS = 20
"""Entries of a dictionary within a file that are listed."""
MOST_ITEMS = 6
"""Items of a list that are spelled."""
MOST_GROUPS = 20
"""Parts into which the tensors of a state dict are put together by the beginnings of their names."""


_DEEPEST = 6
"""Most words of a name that are compared."""


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
    """An entry at the top of a file, a group of them with one beginning, or a tensor of a network."""

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
    more: int
    """Entries that are in none of the parts."""
    tensors: tuple[Part, ...]
    """Every tensor of every network."""


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
    states = states or dict(_states(file.content))
    parts, more = _parts(file.content)
    return Inspection(
        file,
        path.stat().st_size,
        layout,
        unknown,
        tuple(_network(name, state) for name, state in states.items()),
        parts,
        more,
        tuple(
            Part(f"{name}: {shown(key)}", _content(value))
            for name, state in states.items()
            for key, value in state.items()
        ),
    )


def _parts(content: Mapping[str, Any]) -> tuple[tuple[Part, ...], int]:
    """The entries of a file, and how many are left out; those of a long state dict are put together."""
    state = state_dict(content)
    if state is not None and len(state) > MOST_GROUPS:
        groups = _grouped(state)
        shown_groups = list(groups.items())[:MOST_PARTS]
        left = sum(len(tensors) for _, tensors in list(groups.items())[MOST_PARTS:])
        return tuple(Part(shown(name), _together(tensors)) for name, tensors in shown_groups), left
    parts = [part for key, value in content.items() for part in _entry(shown(str(key)), value)]
    return tuple(parts[:MOST_PARTS]), max(0, len(parts) - MOST_PARTS)


def _entry(name: str, value: Any) -> list[Part]:
    """An entry; a dictionary with settings in it, such as Lightning's hyper-parameters, is followed by its entries."""
    entry = Part(name, _content(value))
    if not isinstance(value, Mapping) or state_dict(value) or not any(map(_spelled, value.values())):
        return [entry]
    items = [Part(f"{name}.{shown(str(key))}", _content(item)) for key, item in value.items()]
    return [entry, *items[:MOST_SETTINGS]]


def _is_setting(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _spelled(value: Any) -> bool:
    """Whether a value says something in a table: a setting, or a list of names."""
    return _is_setting(value) or (isinstance(value, list | tuple) and any(isinstance(item, str) for item in value))


def _grouped(state: Mapping[str, Tensor]) -> dict[str, list[Tensor]]:
    """The tensors by the beginnings of their names.

    The group with most tensors is split by one more word, as long as there are at most :data:`MOST_GROUPS` in all.
    """
    groups, tried = _by_beginning(state, 1), set[str]()
    while len(groups) < MOST_GROUPS:
        open_groups = [name for name, keys in groups.items() if len(keys) > 1 and name not in tried]
        if not open_groups:
            break
        largest = max(open_groups, key=lambda name: len(groups[name]))
        tried.add(largest)
        depth = largest.count(".") + 2
        parts = _by_beginning(groups[largest], depth)
        if depth <= _DEEPEST and len(groups) + len(parts) - 1 <= MOST_GROUPS:
            groups = {
                name: keys
                for old, kept in groups.items()
                for name, keys in (parts.items() if old == largest else [(old, kept)])
            }
    return {name: [state[key] for key in keys] for name, keys in groups.items()}


def _by_beginning(keys: Iterable[str], depth: int) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for key in keys:
        groups.setdefault(_beginning(key, depth), []).append(key)
    return groups


def _beginning(key: str, depth: int) -> str:
    return ".".join(key.split(".", depth)[:depth])


def _together(tensors: Sequence[Tensor]) -> str:
    if len(tensors) == 1:
        return _content(tensors[0])
    return f"{len(tensors):,} tensors, {sum(value.numel() for value in tensors):,} values"


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
        spelled = [shown(str(item)) for item in value[:MOST_ITEMS] if _is_setting(item)]
        more = ", …" if len(value) > len(spelled) else ""
        return f"{type(value).__name__} of {len(value):,}" + (f": {', '.join(spelled)}{more}" if spelled else "")
    if isinstance(value, Inert):
        return f"Python object, not restored: {shown(value.name)}"
    return shown(f"{value!r}" if isinstance(value, str) else str(value))
