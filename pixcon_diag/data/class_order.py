"""The classes of a network in the order of a data set, matched by their names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_train.core.errors import ConfigError
from pixcon_train.data.specs import DatasetSpec

if TYPE_CHECKING:  # a cached pass needs no torch
    from pixcon_diag.checkpoints.wrapped_module import WrappedModule

_SHOWN = 4
"""Most names that a message spells."""


def in_order_of(checkpoint: LoadedCheckpoint, spec: DatasetSpec) -> LoadedCheckpoint:
    """The checkpoint with its classes in the order of a data set, with a remark on how they were matched.

    Names are equal but for case, spaces, hyphens and underscores. One without names, or with another number of them,
    is returned as it is.

    Raises:
        ConfigError: some names match and others do not.
    """
    names = checkpoint.class_names
    if names is None or len(names) != spec.num_classes or names == spec.classes:
        return checkpoint
    order = class_order(names, spec.classes, checkpoint.info.source, spec.name)
    changed = replace(checkpoint, class_names=spec.classes)
    if order is None:
        remark = f"its classes are called {_shown(names)}: they are taken in the order of {spec.name}"
        return replace(changed, remarks=(*checkpoint.remarks, remark))
    if order == tuple(range(len(order))):
        return changed
    moved = sum(place != index for index, place in enumerate(order))
    remark = f"{moved} of its {len(order)} classes are reordered by name to those of {spec.name}"
    wrapped = checkpoint.wrapped
    assert wrapped is not None  # only networks of other code have names
    channels = order if wrapped.order is None else tuple(wrapped.order[place] for place in order)
    return replace(
        changed,
        remarks=(*checkpoint.remarks, remark),
        tensors=_Ordered(checkpoint, order),
        wrapped=replace(wrapped, order=channels),
        info=replace(checkpoint.info, class_order=channels),
    )


def class_order(names: Sequence[str], classes: Sequence[str], network: str, dataset: str) -> tuple[int, ...] | None:
    """For each class of the data set its place among the network's names; None where no name is a class.

    Raises:
        ConfigError: some names match and others do not, or two are alike.
    """
    places = {_plain(name): place for place, name in enumerate(names)}
    found = [places.get(_plain(name)) for name in classes]
    if not any(place is not None for place in found):
        return None
    lacking = [name for name, place in zip(classes, found, strict=True) if place is None]
    known = {_plain(name) for name in classes}
    others = [name for name in names if _plain(name) not in known]
    if lacking or len(places) < len(names):
        alike = [name for name, place in zip(classes, found, strict=True) if place is not None]
        raise ConfigError(
            f"{network} has {len(alike)} of the {len(classes)} classes of {dataset} by name ({_shown(alike)}) but "
            f"lacks {_shown(lacking)}; instead it has {_shown(others)}. Correct its names, describe the data set with "
            "them in a YAML file (--dataset), or, if only the names differ, take its classes in the order of its "
            "output: --class-order network."
        )
    return tuple(place for place in found if place is not None)


@dataclass(frozen=True)
class _Ordered:
    """The tensors of a network of other code with its classes in another order."""

    checkpoint: LoadedCheckpoint
    order: tuple[int, ...]
    bank: None = None

    @cached_property
    def model(self) -> "WrappedModule":
        """See :class:`pixcon_diag.checkpoints.loading.Weights`."""
        return cast("WrappedModule", self.checkpoint.model).ordered(self.order).eval()


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


def _shown(names: Sequence[str]) -> str:
    more = f", … ({len(names)} in all)" if len(names) > _SHOWN else ""
    return (", ".join(f"'{name}'" for name in names[:_SHOWN]) or "nothing") + more
