"""What is said where means over classes stand side by side that are not over the same classes."""

from collections.abc import Sequence

from pixcon_diag.passes.measured import Predictions


def uneven_note(what: str, means: Sequence[tuple[Predictions, Sequence[int]]]) -> list[str]:
    """A sentence where the means are over different classes of one data set; none where they are not.

    Args:
        what: what is a mean over classes.
        means: whose it is, and the classes that it is over.
    """
    names = {member.data.spec.classes for member, _ in means}
    if len(names) != 1:
        return []
    (classes,) = names
    every = {k for _, own in means for k in own}
    lacks = {member.name: ", ".join(classes[k] for k in sorted(every.difference(own))) for member, own in means}
    said = "; ".join(f"{name} without {missing}" for name, missing in lacks.items() if missing)
    return [f"{what} is not a mean over the same classes for all: {said}."] if said else []
