"""The checkpoints of a study's methods, each loaded once, with the images that it is measured on."""

from collections.abc import Sequence
from dataclasses import replace

from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.data.class_order import in_order_of
from pixcon_diag.data.evaluation_data import EvaluationData, choose_data, require_same_classes
from pixcon_diag.groups.arguments import Group, with_names
from pixcon_diag.groups.members import Member, refuse_equal_seeds, seed_of
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.statistics.run_seeds import in_order
from pixcon_train.core.progress import Detail, Notify


def load_groups(groups: Sequence[Group], options: StudyOptions) -> list[tuple[Group, list[LoadedCheckpoint]]]:
    """The checkpoints of each group under their names in tables, by seed where the files state it.

    Raises:
        PixConError: a checkpoint cannot be read, or one is named twice.
    """
    loaded = [_by_seed(group, [_load(source, options) for source in group.sources]) for group in groups]
    renamed = list(zip((group for group, _ in loaded), with_names(loaded), strict=True))
    for group, members in renamed:
        refuse_equal_seeds(group.name, members)
    return renamed


def _by_seed(group: Group, loaded: Sequence[LoadedCheckpoint]) -> tuple[Group, list[LoadedCheckpoint]]:
    both = in_order(list(zip(group.sources, loaded, strict=True)), [seed_of(checkpoint) for checkpoint in loaded])
    return replace(group, sources=tuple(source for source, _ in both)), [checkpoint for _, checkpoint in both]


def _load(source: str | LoadedCheckpoint, options: StudyOptions) -> LoadedCheckpoint:
    if not isinstance(source, str):
        return source
    return load(
        source, weights=options.weights, allow_legacy=options.allow_legacy, recipe=options.recipe,
        feature=options.feature, class_order=options.class_order,
    )  # fmt: skip


def choose_images(options: StudyOptions, checkpoint: LoadedCheckpoint | None = None) -> EvaluationData:
    """The images that a study measures a checkpoint on, or saved maps.

    Raises:
        PixConError: they cannot be found.
    """
    return options.data if isinstance(options.data, EvaluationData) else choose_data(options.data, checkpoint)


def member_of(place: int, group: str, checkpoint: LoadedCheckpoint, options: StudyOptions, notify: Notify) -> Member:
    """A checkpoint with its images, its classes in the order of these.

    Raises:
        PixConError: the images cannot be found, or have another number of classes.
    """
    data = choose_images(options, checkpoint)
    notify(Detail("; ".join(checkpoint.describe())))
    require_same_classes(checkpoint, data.spec)
    return Member(place, group, in_order_of(checkpoint, data.spec), data)
