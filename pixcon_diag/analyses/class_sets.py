"""Notes on means over classes that are compared but do not cover the same classes."""

from collections.abc import Mapping, Sequence

from pixcon_diag.data.comparable import class_difference
from pixcon_diag.passes.measured import Predictions
from pixcon_train.data.specs import DatasetSpec


def uneven_note(what: str, means: Sequence[tuple[Predictions, Sequence[int]]]) -> list[str]:
    """A sentence if the means cover different classes, which are matched by name; none otherwise.

    Args:
        what: name of the quantity.
        means: each member with the classes that its mean covers.
    """
    specs = {member.name: member.data.spec for member, _ in means}
    if len({frozenset(spec.classes) for spec in specs.values()}) > 1:
        return [f"{what} is not a mean over the same classes for all: {_data_sets(specs)}."]
    named = [(member, {member.data.spec.classes[k] for k in own}) for member, own in means]
    every = {name for _, own in named for name in own}
    lacks = {
        member.name: ", ".join(name for name in member.data.spec.classes if name in every - own)
        for member, own in named
    }
    said = "; ".join(f"{member} without {missing}" for member, missing in lacks.items() if missing)
    return [f"{what} is not a mean over the same classes for all: {said}."] if said else []


def uneven_miou(members: Sequence[Predictions]) -> list[str]:
    """As :func:`uneven_note`, for the mIoU of ``members``."""
    return uneven_note("mIoU", [(member, member.iou.present) for member in members])


def _data_sets(specs: Mapping[str, DatasetSpec]) -> str:
    """Which member is measured on which data set, and how its classes differ from the first one's."""
    first, *others = specs.items()
    said = [f"{first[0]} is measured on {first[1].name}"]
    for member, spec in others:
        difference = class_difference(first[1], spec)
        said.append(f"{member} on {spec.name}" + (f" ({difference})" if difference else ""))
    return ", ".join(said)
