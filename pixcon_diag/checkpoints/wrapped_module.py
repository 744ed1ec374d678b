"""The adapter for networks of any framework code to the interface of this project's models."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.inference import pad_by_reflection
from pixcon_train.models.base import ModelOutput


class WrappedModule(nn.Module):
    """A user's segmentation network behind the interface that inference and measurements use.

    Args:
        module: takes normalised images (B, 3, H, W) and gives logits (B, K, h, w), of any resolution: a tensor, the
            entry ``out`` or ``logits`` of a dict (torchvision's networks), the attribute ``logits`` of an object
            (Transformers'), or the first of a tuple.
        num_classes: K.
        feature: name of the submodule whose output (B, C, h, w) feeds the classifier; None where nothing needs it.
        multiple: what height and width of its input must be a multiple of; images are padded by reflection at the right
            and bottom, and the logits cropped.

    Raises:
        ConfigError: ``module`` has no submodule of that name.
    """

    architecture = "module"

    def __init__(self, module: nn.Module, num_classes: int, *, feature: str | None = None, multiple: int = 1) -> None:
        super().__init__()
        self.module, self.num_classes, self.feature = module, num_classes, feature
        self.patch_size = multiple  # inference pads images to it, so that the feature covers the padded image
        if feature is not None:
            self._submodule(feature)

    def forward(self, images: Tensor) -> ModelOutput:
        """Logits at the input's resolution, and the feature ((B, 0, 1, 1) where none was named).

        Raises:
            ConfigError: the network's output is no tensor (B, K, h, w), or the feature is not of four dimensions.
        """
        height, width = images.shape[-2:]
        padded = pad_by_reflection(images, -height % self.patch_size, -width % self.patch_size)
        with self._features() as features:
            output = self.module(padded)
        logits = _logits(output)
        if logits is None or logits.ndim != 4 or logits.shape[1] != self.num_classes:
            raise ConfigError(
                f"The wrapped network gave {_described(output)}; expected logits (B, {self.num_classes}, h, w): a "
                "tensor, a dict with 'out' or 'logits', an object with .logits, or a tuple that begins with them."
            )
        logits = F.interpolate(logits, padded.shape[-2:], mode="bilinear", align_corners=False)[..., :height, :width]
        fused = features[-1] if features else images.new_zeros((len(images), 0, 1, 1))
        return ModelOutput(logits, fused, None)

    @contextmanager
    def _features(self) -> Iterator[list[Tensor]]:
        """The outputs of the feature's submodule within the block, after which the hook is removed."""
        found: list[Tensor] = []

        def append(module: nn.Module, inputs: Any, output: Any) -> None:
            if not isinstance(output, Tensor) or output.ndim != 4:
                raise ConfigError(
                    f"The submodule '{self.feature}' gave {_described(output)}; expected one tensor (B, C, h, w)."
                )
            found.append(output)

        if self.feature is None:
            yield found
            return
        hook = self._submodule(self.feature).register_forward_hook(append)
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


def _logits(output: Any) -> Tensor | None:
    """The logits in a network's output; None where there are none."""
    if isinstance(output, Mapping):
        output = output.get("out", output.get("logits"))
    elif isinstance(output, tuple | list):
        output = output[0] if output else None
    output = getattr(output, "logits", output)
    return output if isinstance(output, Tensor) else None


def _described(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor {tuple(value.shape)}"
    if isinstance(value, Mapping):
        return "a dict of " + (", ".join(f"'{key}': {_described(item)}" for key, item in value.items()) or "nothing")
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of " + (", ".join(map(_described, value)) or "nothing")
    return f"a {type(value).__name__}"
