"""Whether two checkpoints are measured on the same images with the same classes."""

from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_train.data.specs import DatasetSpec


def comparable(first: EvaluationData, other: EvaluationData) -> bool:
    """Whether results on both can be compared: the images and the meaning of their labels are the same."""
    return first.info().same_images == other.info().same_images and label_difference(first, other) is None


def label_difference(first: EvaluationData, other: EvaluationData) -> str | None:
    """The first difference in the meaning of labels, ``first`` against ``other``; None where there is none."""
    classes = class_difference(first.spec, other.spec)
    if classes is not None:
        return classes
    pairs = {
        "void is": (first.spec.void, other.spec.void),
        "the background is": (_background(first.spec), _background(other.spec)),
        "masks hold labels in the form": (first.encoding, other.encoding),
    }
    return next((f"{what} {one} against {two}" for what, (one, two) in pairs.items() if one != two), None)


def class_difference(first: DatasetSpec, other: DatasetSpec) -> str | None:
    """The first difference in classes and their order; None where there is none."""
    if first.num_classes != other.num_classes:
        return f"{first.num_classes} classes against {other.num_classes}"
    pairs = enumerate(zip(first.classes, other.classes, strict=True))
    return next((f"class {k} is '{one}' against '{two}'" for k, (one, two) in pairs if one != two), None)


def _background(spec: DatasetSpec) -> str:
    return "no class" if spec.background is None else f"class {spec.background} ({spec.classes[spec.background]})"
