"""The checkpoints of the methods, each with its data, and which of them can be measured together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pixcon_diag.checkpoints.loading import WEIGHTS, LoadedCheckpoint
from pixcon_diag.data.comparable import label_difference
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.statistics.run_seeds import RunSeed
from pixcon_train.core.errors import ConfigError

KINDS = 2
"""Most kinds of members that the introduction describes."""


@dataclass(frozen=True)
class Member:
    """One checkpoint of a method."""

    place: int
    """Among all members of the study."""
    group: str
    checkpoint: LoadedCheckpoint
    data: EvaluationData


def seed_of(checkpoint: LoadedCheckpoint) -> RunSeed:
    """The seed of the run that wrote a checkpoint, as far as the file states it."""
    if checkpoint.run is None:
        return RunSeed()
    settings = checkpoint.run.settings
    return RunSeed(settings.seed, settings.fork.checkpoint)


def introduction(members: Sequence[Member]) -> Iterator[str]:
    """A sentence on what is measured, and one for each remark on a file and each assumption on its data."""
    kinds: dict[str, list[str]] = {}
    remarks: dict[str, list[str]] = {}
    for member in members:
        kinds.setdefault(_kind(member), []).append(member.group)
        for remark in (*member.checkpoint.remarks, *filter(None, [member.data.note])):
            remarks.setdefault(remark, []).append(member.checkpoint.name)
    if not members:
        return
    described = [f"{', '.join(dict.fromkeys(groups))}: {kind}" for kind, groups in kinds.items()]
    more = len(described) - KINDS
    yield "; ".join(described[:KINDS]) + (f"; and {more} more kinds." if more > 0 else ".")
    yield from (f"note: {', '.join(names)}: {remark}" for remark, names in remarks.items())


def _kind(member: Member) -> str:
    """Model, weights and images, which most members of a study share."""
    info, data = member.checkpoint.info, member.data
    images = f"{len(data.pairs):,} image{'' if len(data.pairs) == 1 else 's'}"
    network = f", {info.architecture} {info.size}, {WEIGHTS[info.weights]}" if member.checkpoint.maps is None else ""
    return f"{info.layout}{network}, on {images} of {data.spec.name} ({PurePath(data.list_name).name})"


def refuse_equal_seeds(group: str, members: Sequence[LoadedCheckpoint]) -> None:
    """Raise if two seeds have the same weights, which would give zero spread and count twice in tests."""
    seen: dict[tuple[str, str], str] = {}
    for info in (checkpoint.info for checkpoint in members):
        key = info.sha256, info.weights
        if key in seen:
            raise ConfigError(
                f"The group '{group}' has the same weights twice: {seen[key]} and {info.source} have equal content. "
                "Name each run once."
            )
        seen[key] = info.source


def require_one_list(members: Sequence[Member]) -> None:
    """Raise unless all members are measured on the same images with the same classes.

    Raises:
        ConfigError: images or classes differ.
    """
    lists: dict[tuple[str, str, str], str] = {}
    for member in members:
        info, name = member.data.info(), member.checkpoint.name
        lists.setdefault(info.same_images, f"{name} on {info.list_name} in {info.root} ({info.dataset})")
    if len(lists) > 1:
        raise ConfigError(
            f"These checkpoints are measured on different images: {'; '.join(lists.values())}. A comparison, or a mean "
            "over seeds, needs one list: name checkpoints of one data set, or give --dataset, --data-root and --list."
        )
    for member in members[1:]:
        difference = label_difference(members[0].data, member.data)
        if difference is not None:
            raise ConfigError(
                f"{members[0].checkpoint.name} and {member.checkpoint.name} disagree on the labels of "
                f"{member.data.spec.name}: {difference}. A comparison, or a mean over seeds, needs the same classes "
                "in the same order, and the same void, background and form of the masks. Name checkpoints trained on "
                "the same labels; if only a checkpoint's description is wrong, correct it with --dataset."
            )
