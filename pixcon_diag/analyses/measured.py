"""A result of one member of a group, with its provenance."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.passes.predictions import Predictions
from pixcon_diag.provenance import CheckpointInfo

M_co = TypeVar("M_co", bound=Predictions | ReplayedPass, covariant=True)
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Measured(Generic[M_co, T_co]):
    """A result of one checkpoint or of one folder of predictions."""

    group: str
    """The method of which the member is a seed."""
    member: M_co
    result: T_co

    @property
    def name(self) -> str:
        """The member's name."""
        return self.member.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the data set's classes."""
        return self.member.data.spec.classes

    def class_name(self, k: int | None) -> str | None:
        """Name of class ``k``; None for None."""
        return None if k is None else self.classes[k]

    @property
    def checkpoint(self) -> CheckpointInfo:
        """The checkpoint as its file describes it."""
        return self.member.provenance.checkpoint

    @cached_property
    def origin(self) -> dict[str, Any]:
        """The group and :func:`identity`: columns of a row in files."""
        return {"group": self.group, **identity(self.member)}

    def record(self, **content: Any) -> dict[str, Any]:
        """Name, group, provenance and ``content``: an entry of a list in JSON."""
        return {"name": self.name, "group": self.group, "provenance": asdict(self.member.provenance), **content}


MeasuredT = TypeVar("MeasuredT", bound=Measured[Any, Any])
P = TypeVar("P")


class Part(NamedTuple, Generic[MeasuredT, P]):
    """A part of a member's result: a row of a table with several rows per member."""

    measured: MeasuredT
    part: P
    k: int = 0
    """Index within the part, often of a class."""

    @property
    def name(self) -> str:
        """The member's name."""
        return self.measured.name


def identity(member: Predictions | ReplayedPass) -> dict[str, Any]:
    """Columns that only files have: checkpoint, weights, images, protocol, options."""
    provenance = member.provenance
    checkpoint, data = provenance.checkpoint, provenance.data
    return {
        "checkpoint": checkpoint.source,
        "sha256": checkpoint.sha256,
        "weights": checkpoint.weights,
        "epoch": checkpoint.scores.epoch,
        "dataset": data.dataset,
        "root": data.root,
        "list": data.list_name,
        "list_sha256": data.list_sha256,
        "images": data.images,
        "labels": data.labels,
        "protocol": provenance.inference.protocol,
        "window": (provenance.inference.window or ("",))[0],
        **{name: _flat(value) for name, value in provenance.options.items()},
        "version": provenance.version,
    }


def load_warnings(members: Iterable[Predictions]) -> list[str]:
    """A note for each checkpoint whose mIoU differs from the one stated in its file."""
    checks = [member.provenance.load_check for member in members]
    return [check.warning for check in checks if check is not None and check.warning is not None]


def _flat(value: Any) -> Any:
    """An option's value for one cell."""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value
