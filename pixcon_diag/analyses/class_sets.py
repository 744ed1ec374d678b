"""Notes on compared means that cover different classes."""

from collections.abc import Mapping, Sequence

from pixcon_diag.data.comparable import class_difference
from pixcon_diag.passes.predictions import Predictions
from pixcon_train.data.specs import DatasetSpec


def uneven_note(quantity: str, means: Sequence[tuple[Predictions, Sequence[int]]], which: str = "") -> list[str]:
    """A sentence if the means cover different classes, matched by name; none otherwise.

    Args:
        quantity: its name.
        means: each member with the classes that its mean covers.
        which: the classes that a mean covers, in words.
    """
    specs = {member.name: member.data.spec for member, _ in means}
    if len({frozenset(spec.classes) for spec in specs.values()}) > 1:
        return [f"{quantity} averages different classes: {_data_sets(specs)}."]
    class_sets = [(member, {member.data.spec.classes[k] for k in classes}) for member, classes in means]
    union = {name for _, classes in class_sets for name in classes}
    missing_by_member = {
        member.name: ", ".join(name for name in member.data.spec.classes if name in union - classes)
        for member, classes in class_sets
    }
    differences = "; ".join(f"{member} without {missing}" for member, missing in missing_by_member.items() if missing)
    covered = f" ({which})" if which else ""
    return [f"{quantity} averages different classes{covered}: {differences}."] if differences else []


def uneven_miou(members: Sequence[Predictions]) -> list[str]:
    """As :func:`uneven_note`, for the mIoU of ``members``."""
    return uneven_note("mIoU", [(member, member.iou.present) for member in members])


def _data_sets(specs: Mapping[str, DatasetSpec]) -> str:
    """The data set of each member, and how its classes differ from those of the first."""
    first, *others = specs.items()
    parts = [f"{first[0]} is measured on {first[1].name}"]
    for member, spec in others:
        difference = class_difference(first[1], spec)
        parts.append(f"{member} on {spec.name}" + (f" ({difference})" if difference else ""))
    return ", ".join(parts)
