"""Inference protocols: the whole-image protocols of the public releases, and sliding windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.patch_size import PATCH_SIZE

Protocol = Literal["unimatch-v2", "pixcon", "native"]
"""``unimatch-v2`` resizes images to the nearest multiple of the patch, ``pixcon`` pads them to the next one, ``native``
gives them to the network as they are (UniMatch V1, U²PL and others with a ResNet)."""

Kept = Literal["logits", "probabilities"]
"""Scores of every class that a prediction may hold beside confidence and class."""


def require_window(edge: int, unit: int = PATCH_SIZE) -> None:
    """Require that windows of ``edge`` pixels are whole patches of ``unit`` pixels.

    Raises:
        ConfigError: it is no positive multiple of the patch size.
    """
    if edge <= 0 or edge % unit:
        raise ConfigError(f"A sliding window of {edge} px does not work: expected a multiple of {unit}.")


@dataclass(frozen=True)
class SlidingWindow:
    """Square windows of ``crop`` pixels, 2/3 of it apart.

    The last one ends at the border, or (``cut_off``, as in UniMatch V1) begins where it would in a larger image and is
    cut off at the border.

    Raises:
        ConfigError: ``crop`` is no positive multiple of ``unit``.
    """

    crop: int
    unit: int = PATCH_SIZE
    cut_off: bool = False

    def __post_init__(self) -> None:
        require_window(self.crop, self.unit)

    @property
    def stride(self) -> int:
        """int(crop · 2/3), as the releases step."""
        return int(self.crop * 2 / 3)

    def fits(self, size: Sequence[int]) -> bool:
        """Whether an image of ``size`` (H, W) holds a window; smaller ones are predicted whole."""
        return min(size) >= self.crop or self.cut_off

    def starts(self, length: int) -> list[int]:
        """First pixels of the windows along an edge of ``length`` pixels, ≥ crop unless cut off; they cover it."""
        if self.cut_off:
            return list(range(0, length, self.stride))
        starts = [0]
        while starts[-1] + self.crop < length:
            starts.append(min(starts[-1] + self.stride, length - self.crop))
        return starts
