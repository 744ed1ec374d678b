"""Making a network of any framework code look like a model of this project."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from pixcon_train.errors import ConfigError
from pixcon_train.inference import pad_by_reflection
from pixcon_train.models import ModelOutput


class WrappedModule(nn.Module):
    """A user's segmentation network behind the interface that inference and measurements use.

    Args:
        module: takes normalised images (B, 3, H, W) and gives logits (B, K, h, w), of any resolution.
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
        self.patch_size = multiple  # what inference brings an image to, so that the feature covers what it says
        self._kept: list[Tensor] = []
        if feature is not None:
            self._submodule(feature).register_forward_hook(self._keep)

    def forward(self, images: Tensor) -> ModelOutput:
        """Logits at the input's resolution, and the feature ((B, 0, 1, 1) where none was named).

        Raises:
            ConfigError: the network's output is no tensor (B, K, h, w), or the feature is not of four dimensions.
        """
        height, width = images.shape[-2:]
        padded = pad_by_reflection(images, -height % self.patch_size, -width % self.patch_size)
        self._kept.clear()
        logits = self.module(padded)
        if not isinstance(logits, Tensor) or logits.ndim != 4 or logits.shape[1] != self.num_classes:
            raise ConfigError(
                f"The wrapped network gave {_shape(logits)}; expected logits (B, {self.num_classes}, h, w), one tensor."
            )
        logits = F.interpolate(logits, padded.shape[-2:], mode="bilinear", align_corners=False)[..., :height, :width]
        fused = self._kept.pop() if self._kept else images.new_zeros((len(images), 0, 1, 1))
        return ModelOutput(logits, fused, None)

    def _submodule(self, name: str) -> nn.Module:
        try:
            return self.module.get_submodule(name)
        except AttributeError as error:
            names = ", ".join(each for each, _ in list(self.module.named_modules())[-6:])
            raise ConfigError(f"The wrapped network has no submodule '{name}'; its last ones are {names}.") from error

    def _keep(self, module: nn.Module, inputs: Any, output: Any) -> None:
        """Forward hook of the submodule whose output is the feature."""
        if not isinstance(output, Tensor) or output.ndim != 4:
            raise ConfigError(f"The feature submodule gave {_shape(output)}; expected one tensor (B, C, h, w).")
        self._kept.append(output)


def _shape(value: Any) -> str:
    return f"a tensor {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
