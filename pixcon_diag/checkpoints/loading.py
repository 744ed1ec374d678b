"""Checkpoints of any known layout: described when loaded, with their networks read when they are run."""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from pixcon_diag.checkpoints.description import Description, DescriptionFile, Wrapping
from pixcon_diag.checkpoints.finding import HUB, WeightsAsked, is_legacy, local_file
from pixcon_diag.checkpoints.model_spec import ModelSpec, parse_spec, require_spec, with_model
from pixcon_diag.provenance import Scores
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.files import sha256
from pixcon_train.core.hints import hint
from pixcon_train.core.paths import is_file, resolved
from pixcon_train.models.recipes import RECIPES
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, LATEST

if TYPE_CHECKING:  # a cached description needs no torch
    from pixcon_diag.checkpoints.layouts.layout import State
    from pixcon_diag.checkpoints.network import Network
    from pixcon_diag.checkpoints.wrapped_module import WrappedModule
    from pixcon_train.models.base import SegmentationModel

GENERIC_STEMS = {Path(name).stem for name in (BEST_EMA, BEST_STUDENT, LATEST)} | {"best", "model", "checkpoint"}
"""File names shared by many runs, which tables prefix with the folder's name."""

WEIGHTS = {
    "ema": "the EMA teacher",
    "student": "the student",
    "unnamed": "its only weights (not named as EMA or student)",
}
"""The weights of a checkpoint in words."""


ClassOrder = Literal["names", "network"]
"""How the classes of a network of other code are brought into the order of a data set's."""
IN_ORDER = "its classes are taken in the order of its output, whatever it calls them"


class Weights(Protocol):
    """The tensors of a checkpoint."""

    @property
    def model(self) -> "SegmentationModel | WrappedModule":
        """The network, in eval mode."""

    @property
    def bank(self) -> "State | None":
        """The stored bank, as :class:`pixcon_diag.checkpoints.network.Network` has it; None where there is none."""


class FileWeights:
    """Tensors of a file, which is read on first use.

    Args:
        path: of the file.
        requested: which weights.
        allow_legacy: as :func:`load`.
        recipe: another one than that of the file's release; None: that one.
    """

    def __init__(self, path: Path, requested: WeightsAsked, *, allow_legacy: bool, recipe: str | None = None) -> None:
        self.path, self.requested, self.allow_legacy, self.recipe = path, requested, allow_legacy, recipe
        self.sha256: str | None = None
        """Of the described file; None where there is no description yet."""

    @cached_property
    def network(self) -> "Network":
        """The network in the file.

        Raises:
            CheckpointError: as :func:`load`, or the file has changed since it was described.
        """
        from pixcon_diag.checkpoints.network import read_network

        network = read_network(self.path, self.requested, allow_legacy=self.allow_legacy, recipe=self.recipe)
        if self.sha256 not in (None, network.description.info.sha256):
            raise CheckpointError(f"{self.path} has changed while it was read. Is it still being written? Start again.")
        return network

    @property
    def model(self) -> "SegmentationModel":
        """See :class:`Weights`."""
        return self.network.model

    @property
    def bank(self) -> "State | None":
        """See :class:`Weights`."""
        return self.network.bank


@dataclass(frozen=True)
class InMemory:
    """Tensors of a network that is in memory already."""

    model: "WrappedModule"
    bank: None = None


@dataclass(frozen=True, kw_only=True)
class LoadedCheckpoint(Description):
    """A checkpoint to be measured: its description and its tensors, which are read on first use."""

    name: str
    """Name in tables and figures."""
    tensors: Weights
    requested: WeightsAsked = None
    """The weights that were asked for."""
    allow_legacy: bool = False
    """As :func:`load`."""
    wrapped: Wrapping | None = None
    """Of a network of other code."""
    class_names: tuple[str, ...] | None = None
    """Names of its classes in the order of its output; None where it names none, as networks of this project."""
    maps: Path | None = None
    """Folder of saved maps that are measured in place of a network; None for a network."""

    @property
    def model(self) -> "SegmentationModel | WrappedModule":
        """The network, in eval mode.

        Raises:
            CheckpointError: the file has changed since it was described.
        """
        return self.tensors.model

    @property
    def bank(self) -> "State | None":
        """The stored bank, as :class:`pixcon_diag.checkpoints.network.Network` has it; None where there is none."""
        return self.tensors.bank if self.has_bank else None

    @property
    def file(self) -> str | None:
        """Path or address of the weights; None for saved maps, a network in memory, or a SPEC without a file."""
        if self.wrapped is None:
            return self.info.source if self.maps is None else None
        spec = parse_spec(self.info.source) if self.wrapped.spec else None
        return None if spec is None else spec.weights

    def describe(self) -> tuple[str, str]:
        """Two lines: the file and its model; the measured weights and the stated mIoUs."""
        info = self.info
        head = "with" if info.projection else "without"
        bank = ", bank stored" if self.has_bank else ""
        dataset = f" of {self.data['name']}" if self.data else ""
        remarks = "".join(f"; {remark}" for remark in self.remarks)
        return (
            f"{info.source}: {info.layout}, {info.architecture} {info.size}, {info.num_classes} classes{dataset}, "
            f"{head} projection head{bank}{remarks}",
            f"measuring {WEIGHTS[info.weights]}{scores_text(info.scores)}",
        )


def load(
    source: str | Path,
    *,
    weights: WeightsAsked = None,
    allow_legacy: bool = False,
    recipe: str | None = None,
    model: str | None = None,
    feature: str | None = None,
    class_order: ClassOrder = "names",
) -> LoadedCheckpoint:
    """A checkpoint from a file, a run folder of this project, or the hub (``hf://owner/repo/file``).

    For a network of other code the source is ``SPEC``, or ``SPEC@weights`` with a file of its weights: your own code
    (``package.module:factory``, ``file.py:factory``), transformers (``hf:FOLDER``), segmentation_models_pytorch
    (``smp:FOLDER``) or torchvision (``torchvision:NAME``).

    Every layout of :mod:`pixcon_diag.checkpoints.layouts.registry` is recognised. A file is read and checked once; its
    description is cached under its hash in the user's cache, so that only running the network reads it again. No code
    in the file is run.

    Args:
        weights: ``ema`` or ``student``, an error where the file does not have them. None takes the EMA teacher, and
            where a file holds one network only, that one; :meth:`LoadedCheckpoint.describe` names it.
        allow_legacy: read files in torch's format from before version 1.6, in which damage cannot be noticed.
        recipe: name in :data:`pixcon_train.models.recipes.RECIPES`, for ResNets whose strides and dilations are not
            those of the release that the file is taken to be of.
        model: SPEC of the network whose weights the source has; None: the source says it all.
        feature: of a network that a SPEC names, the submodule whose output feeds the classifier; None: the input of
            its last layer that gives the logits.
        class_order: whether the classes of a network that a SPEC names are matched with those of a data set by their
            names, or taken in the order of the network's output.

    Raises:
        CheckpointError: the file is missing, damaged, unsafe, of no known layout, an encoder alone, lacks the
            requested weights, does not fit the network of the SPEC, or has a network without recipes.
        ConfigError: an unknown recipe, a SPEC that cannot be built, or a feature of a network without a SPEC.

    Example:
        >>> import tempfile, torch
        >>> from pixcon_train import build_model
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     torch.save(build_model("pixcon", "nano", 21, projection=False).state_dict(), f"{folder}/best.pth")
        ...     print(load(f"{folder}/best.pth").describe()[1])
        measuring its only weights (not named as EMA or student); it states no epoch and no mIoU
    """
    named = str(source) if model is None else with_model(str(source), require_spec(model).network)
    spec = parse_spec(named)
    if spec is not None:
        loaded = _of_spec(spec, weights, allow_legacy=allow_legacy, recipe=recipe, feature=feature)
        return _without_names(loaded) if class_order == "network" else loaded
    if feature is not None:
        raise ConfigError(f"{source} names no network of other code, so --feature does not apply. Leave it out.")
    path = local_file(str(source), weights)
    shown = str(source) if str(source).startswith(HUB) else str(path)
    description, tensors = _described(path, FileWeights(path, weights, allow_legacy=allow_legacy))
    about = vars(description) | {"info": replace(description.info, source=shown)}
    loaded = LoadedCheckpoint(
        name=_short_name(shown), tensors=tensors, requested=weights, allow_legacy=allow_legacy, **about
    )
    return loaded if recipe is None else _with_recipe(loaded, tensors, recipe)


def _of_spec(
    spec: ModelSpec, weights: WeightsAsked, *, allow_legacy: bool, recipe: str | None, feature: str | None
) -> LoadedCheckpoint:
    """The network that a SPEC names."""
    from pixcon_diag.checkpoints.modules.loading import read_spec  # imports torch

    if recipe is not None:
        raise ConfigError(f"{spec} names its network, which has no recipe. Leave --recipe out.")
    network = read_spec(spec, weights=weights, allow_legacy=allow_legacy, feature=feature)
    return LoadedCheckpoint(
        **vars(network.description),
        name=spec.short_name if spec.weights is None else _short_name(spec.weights),
        tensors=InMemory(network.model),
        wrapped=network.wrapping,
        class_names=network.class_names,
    )


def _without_names(loaded: LoadedCheckpoint) -> LoadedCheckpoint:
    """The checkpoint with classes that are not matched by name."""
    if loaded.class_names is None:
        return loaded
    return replace(loaded, class_names=None, remarks=(*loaded.remarks, IN_ORDER))


def _with_recipe(loaded: LoadedCheckpoint, tensors: FileWeights, recipe: str) -> LoadedCheckpoint:
    """The checkpoint with another recipe than its release's."""
    if recipe not in RECIPES:
        raise ConfigError(f"Unknown recipe '{recipe}'; expected one of {', '.join(RECIPES)}{hint(recipe, RECIPES)}.")
    if loaded.info.recipe is None:
        raise CheckpointError(
            f"{loaded.info.source} is a network of {loaded.info.architecture}, whose weights show everything: it has "
            "no recipe. Leave --recipe out."
        )
    other = FileWeights(tensors.path, tensors.requested, allow_legacy=tensors.allow_legacy, recipe=recipe)
    other.sha256 = loaded.info.sha256
    return replace(loaded, tensors=other, info=replace(loaded.info, recipe=recipe))


def _described(path: Path, tensors: FileWeights) -> tuple[Description, FileWeights]:
    """The cached description of a file, else a new one, which is cached."""
    if is_file(path):
        with suppress(OSError):  # reading the file reports the error
            hashed = sha256(path)
            cached = DescriptionFile(hashed, tensors.requested).read()
            if cached is not None and (tensors.allow_legacy or not is_legacy(path)):
                tensors.sha256 = hashed
                return cached, tensors
    description = tensors.network.description
    DescriptionFile(description.info.sha256, tensors.requested).write(description)
    return description, tensors


def _short_name(source: str) -> str:
    path = Path(source.removeprefix(HUB))
    folder = parent_name(path)
    if path.stem not in GENERIC_STEMS or not folder:
        return path.stem
    return folder if path.name == BEST_EMA else f"{folder}/{path.stem}"  # the default of a run


def parent_name(path: Path) -> str:
    """Name of a file's folder, with ``..`` resolved; empty for the current folder."""
    folder = path.parent
    return resolved(folder).name if folder.name == ".." else folder.name


def scores_text(scores: Scores) -> str:
    """Epoch and mIoUs that the file states; the best ones with their epochs where those of this epoch are unknown."""
    parts = [] if scores.epoch is None else [f"epoch {scores.epoch}"]
    for label, now, best, epoch in (
        ("student", scores.student, scores.best_student, scores.best_student_epoch),
        ("EMA", scores.ema, scores.best_ema, scores.best_ema_epoch),
    ):
        if now is not None:
            parts.append(f"stated mIoU {label} {now:.2%}")
        elif best is not None:
            parts.append(f"best {label} mIoU {best:.2%}" + (f" at epoch {epoch}" if epoch is not None else ""))
    return "".join(f", {part}" for part in parts) or "; it states no epoch and no mIoU"
