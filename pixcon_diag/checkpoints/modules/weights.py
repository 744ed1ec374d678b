"""Weights of a file in a network of other code, in any wrapping."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from pixcon_diag.checkpoints.finding import WeightsAsked
from pixcon_diag.checkpoints.layouts.fields import refuse_objects, shown_keys, state_dict
from pixcon_diag.checkpoints.layouts.layout import State, Weights
from pixcon_diag.checkpoints.layouts.prefixes import AVERAGES
from pixcon_diag.checkpoints.network import choose
from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.weight_checks import refuse_non_finite, refuse_other_kinds

_DEPTH = 3
"""Dictionaries within one another that are searched for state dicts."""
_SHOWN = 3
"""Keys of each kind that a message names."""


def fitting_state(file: CheckpointFile, expected: State, requested: WeightsAsked) -> tuple[dict[str, Tensor], Weights]:
    """The state dict in a file whose keys are those of a network, under the network's own names.

    State dicts are searched in nested dictionaries; one in an entry (or under a prefix) whose name has a word such as
    ``ema`` or ``teacher`` is the EMA teacher's. Prefixes of wrappers are removed, and where there was one, all entries
    without it.

    Args:
        expected: state dict of the network; its keys count, not its shapes.
        requested: which weights; None for the EMA teacher, or the only ones.

    Raises:
        CheckpointError: no state dict in the file has keys of the network, several have, or the requested weights are
            not there.
    """
    refuse_objects(file, *(str(key) for key in file.content if _is_teacher(str(key))))
    every = (_networks(place, state, expected) for place, state in _state_dicts(file.content))
    found = {place: state for networks in every for place, state in networks}
    shares = {place: len(state.keys() & expected.keys()) / max(len(expected), 1) for place, state in found.items()}
    best = max(shares.values(), default=0.0)
    if not best:
        left_out = "" if file.left_out is None else f" ({file.left_out}: save a state dict)"
        raise CheckpointError(
            f"{file.path}: none of its weights has a key of the network. Found {_first_keys(file)}{left_out}; expected "
            f"keys such as {shown_keys(expected)}."
        )
    fitting = [place for place, share in shares.items() if share > best / 2]
    states: dict[Weights, dict[str, Tensor]] = {}
    for place in fitting:
        kind: Weights = "ema" if _is_teacher(place) else "student"
        if kind in states:
            raise CheckpointError(
                f"{file.path} holds several networks that fit: {', '.join(fitting)}. Save one of them alone: "
                "torch.save(network.state_dict(), FILE)."
            )
        states[kind] = found[place]
    if "ema" not in states:
        states = {"unnamed": states["student"]}
    chosen = choose(states, requested, file.path)
    return states[chosen], chosen


def load_state(module: nn.Module, state: Mapping[str, Tensor], where: object) -> None:
    """Load ``state`` into a network; counters of batch norm may be missing.

    Raises:
        CheckpointError: entries are missing, unexpected, of another shape or kind, or not finite.
    """
    expected = module.state_dict()
    counters = {key: value for key, value in expected.items() if key.endswith("num_batches_tracked")}
    complete = {**counters, **state}
    faults = [*_faults(complete, expected)]
    if faults:
        raise CheckpointError(
            f"{where}: the weights do not fit {type(module).__name__}: {'; '.join(faults)}. Is the network built with "
            "the options of its training?"
        )
    try:
        refuse_other_kinds(complete)
        refuse_non_finite(complete)
    except CheckpointError as error:
        raise CheckpointError(f"{where}: {error}") from None
    module.load_state_dict(complete)


def _faults(state: Mapping[str, Tensor], expected: Mapping[str, Any]) -> Iterator[str]:
    """Why ``state`` does not fit, a phrase for each kind of fault."""
    tensors = {key: value for key, value in expected.items() if isinstance(value, Tensor)}
    shapes = {key: tuple(value.shape) for key, value in tensors.items()}
    kinds = {
        "missing": [key for key in tensors if key not in state],
        "unexpected": [key for key in state if key not in expected],
        "of another shape": [
            f"{key} {tuple(state[key].shape)} instead of {shape}"
            for key, shape in shapes.items()
            if key in state and tuple(state[key].shape) != shape
        ],
    }
    for kind, keys in kinds.items():
        if keys:
            more = f", … ({len(keys)} in all)" if len(keys) > _SHOWN else ""
            yield f"{kind} {', '.join(keys[:_SHOWN])}{more}"


def _state_dicts(content: Mapping[Any, Any], place: str = "", depth: int = _DEPTH) -> Iterator[tuple[str, State]]:
    """Every state dict in nested dictionaries, with the names of the entries that lead to it."""
    if (state := state_dict(content)) is not None:
        yield place or "the file", state
    elif depth:
        for key, value in content.items():
            if isinstance(value, Mapping):
                yield from _state_dicts(value, f"{place}.{key}".lstrip("."), depth - 1)


def _networks(place: str, state: State, expected: State) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """The networks in a state dict without wrappers' prefixes: one, or one for each prefix that fits about as well."""
    kept = {key.replace("_orig_mod.", ""): value for key, value in state.items() if not key.endswith("n_averaged")}
    first = list(expected)[:_SHOWN]
    matched = (key.removesuffix(own) for key in kept for own in first if key == own or key.endswith(f".{own}"))
    counts = {prefix: sum(prefix + own in kept for own in expected) for prefix in dict.fromkeys(matched)}
    if not counts:
        yield place, kept
    for prefix, count in counts.items():
        if 2 * count > max(counts.values()):
            own = {key.removeprefix(prefix): value for key, value in kept.items() if key.startswith(prefix)}
            yield f"{place}.{prefix}".rstrip(".") if len(counts) > 1 else place, own


def _is_teacher(name: str) -> bool:
    """Whether a word of the name is one for a network that averages another."""
    return bool(AVERAGES & set(re.split(r"[^a-z]+", name.lower())))


def _first_keys(file: CheckpointFile) -> str:
    return "; ".join(f"{place}: {shown_keys(state)}" for place, state in _state_dicts(file.content)) or shown_keys(
        file.content
    )
