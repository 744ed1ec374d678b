"""The one adapter between checkpoint files and measurements: any known layout in, a model in eval mode out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from pixcon_diag.checkpoints.finding import WeightsAsked, checkpoint_path
from pixcon_diag.checkpoints.layouts import Layout, State, Weights, recognise
from pixcon_diag.checkpoints.reading import HUB, read_file
from pixcon_diag.checkpoints.wrapping import WrappedModule
from pixcon_diag.provenance import CheckpointInfo, Scores
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.weight_files import content_hash
from pixcon_train.evaluation.protocols import Protocol, default_protocol
from pixcon_train.models import SegmentationModel
from pixcon_train.models.state import infer_architecture, model_from_state, strip_prefix
from pixcon_train.runs.checkpoint import Checkpoint
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, LATEST

NOT_VERIFIABLE = "not verifiable (the file has no checksums)"
SIGMOID = "one output channel, a sigmoid's: measured as background and one class, at 0.5"

SAYS_LITTLE = {Path(name).stem for name in (BEST_EMA, BEST_STUDENT, LATEST)} | {"best", "model", "checkpoint"}
"""File names that do not tell two runs apart: the folder's name goes before them in tables."""


@dataclass(frozen=True)
class LoadedCheckpoint:
    """A network ready to be measured, and what its file says of itself."""

    name: str
    model: SegmentationModel | WrappedModule
    info: CheckpointInfo
    data: dict[str, Any] | None = None
    """Specification of the data set (``DatasetSpec.from_dict``), where the file has it."""
    own: Checkpoint | None = None
    """What a checkpoint of this project says of its run – lists, root, configuration –, without tensors."""
    bank: State | None = None
    """The stored bank: `queue` K×N×D, `filled` K, how many entries there are of each class; those of this project also
    `truth` and `weight` K×N."""
    remarks: tuple[str, ...] = ()
    """What should be known of how the file was read, in short phrases."""
    stated_of_part: bool = False
    """Whether its mIoUs are of a part of the validation list, and the file does not hold the list."""

    @property
    def protocol(self) -> Protocol:
        """The inference protocol that belongs to the architecture; a wrapped module sees its images unscaled."""
        return "pixcon" if isinstance(self.model, WrappedModule) else default_protocol(self.info.architecture)

    def describe(self) -> tuple[str, str]:
        """What was found, in two lines: the file and its model, then which weights with which stated mIoUs."""
        info = self.info
        head = "with" if info.projection else "without"
        bank = ", bank stored" if self.bank is not None else ""
        dataset = f" of {self.data['name']}" if self.data else ""
        remarks = "".join(f"; {remark}" for remark in self.remarks)
        return (
            f"{info.source}: {info.layout}, {info.architecture} {info.size}, {info.num_classes} classes{dataset}, "
            f"{head} projection head{bank}{remarks}",
            f"measuring {_weights_text(info.weights)}{_scores_text(info.scores)}",
        )


def load(source: str | Path, *, weights: WeightsAsked = None) -> LoadedCheckpoint:
    """Load a checkpoint from a file, a run folder of this project, or the hub (``hf://owner/repo/file``).

    Every layout of :mod:`pixcon_diag.checkpoints.layouts` is recognised; architecture, size and class count are
    inferred from keys and shapes. Nothing in the file is run.

    Args:
        weights: ``ema`` or ``student``, an error where the file does not have them. None takes the EMA teacher, and
            where a file holds one network only, that one; :meth:`LoadedCheckpoint.describe` says which.

    Raises:
        CheckpointError: the file is missing, damaged, unsafe, of no known layout, an encoder alone, or lacks the
            weights asked for.
    """
    file = read_file(source if str(source).startswith(HUB) else checkpoint_path(Path(source), weights))
    layout = recognise(file)
    chosen = _choose(layout, weights, file.path)
    try:
        state = strip_prefix(layout.states[chosen])
        _refuse_encoder_alone(state, file.path)
        model = model_from_state(state)
        found = infer_architecture(state)
    except CheckpointError as error:
        raise CheckpointError(f"{file.path}: {error}") from error
    remarks = [] if file.verified else [NOT_VERIFIABLE]
    if found.num_classes != model.num_classes:
        remarks.append(SIGMOID)
    info = CheckpointInfo(
        source=file.source,
        sha256=file.sha256,
        layout=layout.name,
        architecture=found.architecture,
        size=found.size,
        num_classes=model.num_classes,
        projection=found.projection,
        weights=chosen,
        scores=layout.scores,
    )
    name = _short_name(file.source)
    return LoadedCheckpoint(
        name, model, info, layout.data, layout.own, layout.bank, tuple(remarks), layout.stated_of_part
    )


def wrap_module(
    module: nn.Module, num_classes: int, *, name: str = "module", feature: str | None = None, multiple: int = 1
) -> LoadedCheckpoint:
    """Make any segmentation network measurable.

    Args:
        module: takes normalised images (B, 3, H, W) and gives logits (B, K, h, w) of any resolution.
        num_classes: K.
        name: its name in tables.
        feature: name of the submodule (as in ``module.named_modules()``) whose output (B, C, h, w) feeds the
            classifier; measurements of the embedding need it.
        multiple: what height and width of its input must be a multiple of.

    Raises:
        ConfigError: there is no such submodule.
    """
    model = WrappedModule(module, num_classes, feature=feature, multiple=multiple).eval()
    info = CheckpointInfo(
        source=name,
        sha256=content_hash(module.state_dict()),
        layout=f"wrapped {type(module).__name__}",
        architecture=model.architecture,
        size=f"{sum(parameter.numel() for parameter in module.parameters())} parameters",
        num_classes=num_classes,
        projection=False,
        weights="unnamed",
        scores=Scores(),
    )
    return LoadedCheckpoint(name, model, info)


def _choose(layout: Layout, weights: WeightsAsked, path: Path) -> Weights:
    """Which network of the file to measure."""
    if weights is None:
        return next(which for which in ("ema", "student", "unnamed") if which in layout.states)  # type: ignore[return-value]
    if weights in layout.states:
        return weights
    held = " and ".join(
        "one network, without saying which" if w == "unnamed" else f"{w} weights" for w in layout.states
    )
    raise CheckpointError(
        f"{path} has no {weights} weights; it holds {held}. Leave --weights out to measure what it has."
    )


def _refuse_encoder_alone(state: State, path: Path) -> None:
    if "patch_embed.proj.weight" in state:
        raise CheckpointError(
            "This is a DINOv2 encoder alone (cls_token, patch_embed, blocks): it has no decoder and predicts no "
            "classes. Expected a segmentation checkpoint; an encoder is where training starts "
            f"(pixcon-train run --pretrained {path})."
        )


def _short_name(source: str) -> str:
    path = Path(source.removeprefix(HUB))
    folder = parent_name(path)
    if path.stem not in SAYS_LITTLE or not folder:
        return path.stem
    return folder if path.name == BEST_EMA else f"{folder}/{path.stem}"  # a run's usual one


def parent_name(path: Path) -> str:
    """What the folder of a file is called, also where the path says ``..``; nothing for the folder one is in."""
    folder = path.parent
    return folder.resolve().name if folder.name == ".." else folder.name


def _weights_text(weights: str) -> str:
    return {
        "ema": "the EMA teacher",
        "student": "the student",
        "unnamed": "its only weights (it does not say whether EMA or student)",
    }[weights]


def _scores_text(scores: Scores) -> str:
    """Epoch and mIoUs that the file states; the best ones with their epochs where those of this epoch are not known."""
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
