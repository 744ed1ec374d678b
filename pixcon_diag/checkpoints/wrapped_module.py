"""The adapter for networks of any framework code to the interface of this project's models."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pixcon_diag.checkpoints.preprocessing import prepared
from pixcon_diag.provenance import Preprocessing
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.evaluation.inference import pad_by_reflection
from pixcon_train.models.base import ModelOutput

LOGITS = ("out", "logits", "sem_seg")
"""Entries of a dict that hold logits: torchvision's, Transformers', Detectron2's."""
_QUERIES = (("class_queries_logits", "masks_queries_logits"), ("pred_logits", "pred_masks"))
"""What networks that predict masks and their classes give, in Transformers and in the releases."""


@dataclass(frozen=True)
class FeatureLayer:
    """Where the feature of a network is read."""

    name: str
    """Of a submodule."""
    side: Literal["input", "output"] = "output"
    """What of it is the feature (B, C, h, w)."""

    def __str__(self) -> str:
        return f"{self.side} of {self.name}"


class WrappedModule(nn.Module):
    """A user's segmentation network behind the interface that inference and measurements use.

    Args:
        module: takes normalised images (B, 3, H, W) and gives logits (B, K, h, w), of any resolution: a tensor, the
            entry ``out``, ``logits`` or ``sem_seg`` of a dict (torchvision's networks), the attribute ``logits`` of an
            object (Transformers'), or the first of a tuple. One channel z is taken for K = 2 classes: logits 0 and z.
        num_classes: K.
        feature: the layer whose output or input (B, C, h, w) is the feature; None where nothing needs it.
        multiple: what height and width of its input must be a multiple of; images are padded by reflection at the right
            and bottom, and the logits cropped. Where images are resized, their new edges are rounded up instead.
        preprocessing: what it expects of images other than ImageNet's mean and deviation.
        order: for each class the channel of the network; None: the same.
        probabilities: whether it gives probabilities, of which the logarithm is taken (of one channel, the logit).

    Raises:
        ConfigError: ``module`` has no submodule of the feature's name.
    """

    architecture = "module"

    def __init__(
        self,
        module: nn.Module,
        num_classes: int,
        *,
        feature: FeatureLayer | None = None,
        multiple: int = 1,
        preprocessing: Preprocessing | None = None,
        order: Sequence[int] | None = None,
        probabilities: bool = False,
    ) -> None:
        super().__init__()
        self.module, self.num_classes, self.feature = module, num_classes, feature
        self.preprocessing, self.probabilities = preprocessing or Preprocessing(), probabilities
        self.order = None if order is None else list(order)
        self.multiple = multiple
        if feature is not None:
            self._submodule(feature.name)

    @property
    def patch_size(self) -> int:
        """What inference pads images to, so that the feature covers the padded image; 1 where they are resized."""
        return 1 if self.preprocessing.size is not None else self.multiple

    def ordered(self, order: Sequence[int]) -> "WrappedModule":
        """The same network, class k of which is class ``order[k]`` of this one."""
        return WrappedModule(
            self.module,
            self.num_classes,
            feature=self.feature,
            multiple=self.multiple,
            preprocessing=self.preprocessing,
            order=order if self.order is None else [self.order[place] for place in order],
            probabilities=self.probabilities,
        )

    def forward(self, images: Tensor) -> ModelOutput:
        """Logits at the input's resolution, and the feature ((B, 0, 1, 1) where none was named).

        Raises:
            ConfigError: the network's output is no tensor (B, K, h, w), or the feature is not of four dimensions.
            CheckpointError: it predicts masks and classes of queries.
        """
        height, width = images.shape[-2:]
        padded = pad_by_reflection(images, -height % self.patch_size, -width % self.patch_size)
        with self._features() as features:
            output = self.module(prepared(padded, self.preprocessing, self.multiple))
        native = self._of_classes(logits_of(output, self.num_classes))
        logits = F.interpolate(native, padded.shape[-2:], mode="bilinear", align_corners=False)[..., :height, :width]
        fused = self._as_map(features[-1], native) if features else images.new_zeros((len(images), 0, 1, 1))
        return ModelOutput(logits, fused, None)

    def _of_classes(self, logits: Tensor) -> Tensor:
        """The logits of the K classes, in order."""
        if self.probabilities and logits.shape[1] == 1:
            logits = logits.clamp_max(1).logit(torch.finfo(logits.dtype).eps)
        elif self.probabilities:
            logits = logits.clamp_min(torch.finfo(logits.dtype).tiny).log()
        if logits.shape[1] == 1 < self.num_classes:
            logits = torch.cat([torch.zeros_like(logits), logits], 1)
        return logits if self.order is None else logits[:, self.order]

    def _as_map(self, feature: Any, logits: Tensor) -> Tensor:
        """The feature (B, C, h, w); that of a linear layer, (B, h, w, C) or (B, h·w, C), is brought to this form."""
        assert self.feature is not None
        if isinstance(feature, Tensor) and isinstance(self._submodule(self.feature.name), nn.Linear):
            if feature.ndim == 3 and feature.shape[1] == logits.shape[-2] * logits.shape[-1]:
                feature = feature.unflatten(1, tuple(logits.shape[-2:]))
            feature = feature.movedim(-1, 1)
        if not isinstance(feature, Tensor) or feature.ndim != 4:
            raise ConfigError(
                f"The {self.feature.side} of the submodule '{self.feature.name}' is {described(feature)}; expected one "
                "tensor (B, C, h, w)."
            )
        return feature

    @contextmanager
    def _features(self) -> Iterator[list[Any]]:
        """The inputs or outputs of the feature's submodule within the block, after which the hook is removed."""
        found: list[Any] = []
        if self.feature is None:
            yield found
            return
        submodule = self._submodule(self.feature.name)
        if self.feature.side == "output":
            hook = submodule.register_forward_hook(lambda _, inputs, output: found.append(output))
        else:
            hook = submodule.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0]))
        try:
            yield found
        finally:
            hook.remove()

    def _submodule(self, name: str) -> nn.Module:
        try:
            return self.module.get_submodule(name)
        except AttributeError as error:
            names = ", ".join(known for known, _ in list(self.module.named_modules())[-6:])
            raise ConfigError(f"The wrapped network has no submodule '{name}'; its last ones are {names}.") from error


def logits_of(output: Any, num_classes: int | None = None) -> Tensor:
    """The logits (B, K, h, w) in a network's output.

    Args:
        output: of the network.
        num_classes: K; None for any.

    Raises:
        ConfigError: there are none.
        CheckpointError: there are masks and classes of queries instead.
    """
    _refuse_queries(output)
    found: Any = output
    if isinstance(found, Mapping):
        found = next((found[key] for key in LOGITS if key in found), None)
    elif isinstance(found, tuple | list):
        found = found[0] if found else None
    found = getattr(found, "logits", found)
    channels = None if num_classes is None else {num_classes} | ({1} if num_classes == 2 else set())
    if not isinstance(found, Tensor) or found.ndim != 4 or (channels is not None and found.shape[1] not in channels):
        raise ConfigError(
            f"The wrapped network gave {described(output)}; expected logits (B, {num_classes or 'K'}, h, w): a "
            "tensor, a dict with 'out', 'logits' or 'sem_seg', an object with .logits, or a tuple that begins with "
            "them."
        )
    return found


def _refuse_queries(output: Any) -> None:
    """Raise for a network that predicts masks and the class of each."""
    held = set(output) if isinstance(output, Mapping) else set(dir(output)) if hasattr(output, "__dict__") else set()
    if any(held >= set(names) for names in _QUERIES):
        raise CheckpointError(
            "The network predicts masks and the class of each (as Mask2Former does): a pixel's scores are sums over "
            "masks, which are no probabilities of the classes, so there is no confidence to measure. Save its label "
            "maps and measure those: --predictions NAME=FOLDER."
        )


def described(value: Any) -> str:
    """A network's output in words."""
    if isinstance(value, Tensor):
        return f"a tensor {tuple(value.shape)}"
    if isinstance(value, Mapping):
        return "a dict of " + (", ".join(f"'{key}': {described(item)}" for key, item in value.items()) or "nothing")
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of " + (", ".join(map(described, value)) or "nothing")
    return f"a {type(value).__name__}"


def parameter_count(module: nn.Module) -> int:
    """Parameters of a network."""
    return sum(parameter.numel() for parameter in module.parameters())
