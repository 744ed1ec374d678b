"""All known layouts, in the order in which they are tried."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from pixcon_diag.checkpoints.layouts import (
    bare,
    corrmatch,
    cwbass_v2,
    export,
    nested,
    own,
    pixcon,
    u2pl,
    unimatch_v1,
    unimatch_v2,
)
from pixcon_diag.checkpoints.layouts.fields import shown_keys, state_dict
from pixcon_diag.checkpoints.layouts.layout import Layout, LayoutReader
from pixcon_diag.checkpoints.layouts.prefixes import split_networks
from pixcon_diag.checkpoints.reading import CheckpointFile
from pixcon_train.core.errors import CheckpointError
from pixcon_train.models.state import infer_architecture, strip_prefix

LAYOUTS: tuple[LayoutReader, ...] = tuple(
    module.LAYOUT
    for module in (own, export, unimatch_v1, unimatch_v2, cwbass_v2, pixcon, u2pl, nested, corrmatch, bare)
)


OTHER_NETWORKS = (
    "For weights of another network, name it: --model SPEC (your own code, transformers, "
    "segmentation_models_pytorch or torchvision)."
)
"""What to do about weights of no known architecture."""


def recognise(file: CheckpointFile) -> Layout:
    """The content of a file by the first matching layout.

    Raises:
        CheckpointError: no known layout matches its keys, or it is of a later version of this project.
    """
    for layout in LAYOUTS:
        if layout.matches(file):
            found = layout.read(file)
            return replace(found, states=split_networks(found.states))
    holders = [str(key) for key, value in file.content.items() if _has_network(value)]
    hint = f" Its entry {holders[0][:80]!a} holds weights: save that alone, with torch.save." if holders else ""
    if file.left_out is not None:
        hint += f" It also holds {file.left_out}, as that would run code from the file; nothing was run."
    raise CheckpointError(
        f"{file.path} has the keys {shown_keys(file.content)}, which is no known layout. Expected "
        f"{'; '.join(layout.description for layout in LAYOUTS)}. {OTHER_NETWORKS}{hint}"
    )


def _has_network(value: Any) -> bool:
    """Whether an entry is a state dict of a known architecture."""
    state = state_dict(value)
    with suppress(CheckpointError):
        return state is not None and bool(infer_architecture(strip_prefix(state)))
    return False
