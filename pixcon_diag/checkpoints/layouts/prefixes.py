"""Student and EMA network in one state dict, told apart by their prefixes, as Lightning saves a module of both."""

import re
from itertools import takewhile

from pixcon_diag.checkpoints.layouts.layout import State, Weights
from pixcon_train.models.state import networks_by_prefix

AVERAGES = frozenset({"ema", "teacher", "averaged", "average", "avg", "swa", "shadow", "momentum", "target"})
"""Words for a network that averages another."""


def split_networks(states: dict[Weights, State]) -> dict[Weights, State]:
    """``states`` with the only one split where it holds a network and its average.

    Of two prefixes (`student.` and `ema.`, `model.` and `ema_model.`, `net.` and `teacher.`, none and `model_ema.`),
    one must have a word for an average in the part that differs; the other network is the student. Else nothing is
    split.
    """
    if len(states) != 1:
        return states
    (state,) = states.values()
    networks = networks_by_prefix(state)
    if len(networks) != 2:
        return states
    averages = [prefix for prefix, own in zip(networks, _own_words(*networks), strict=True) if AVERAGES & own]
    if len(averages) != 1:
        return states
    (student,) = networks.keys() - averages
    return {"ema": networks[averages[0]], "student": networks[student]}


def _own_words(first: str, second: str) -> tuple[set[str], set[str]]:
    """The words of two prefixes after the part that they share."""
    parts = first.split("."), second.split(".")
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(*parts, strict=False))))
    one, other = ({word for part in names[shared:] for word in re.split("_+", part.lower())} for names in parts)
    return one, other
