"""Inference protocols: the two whole-image protocols of the public releases, and sliding windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.patch_size import PATCH_SIZE

Protocol = Literal["unimatch-v2", "pixcon"]


def require_window(edge: int) -> None:
    """Require that windows of ``edge`` pixels are whole patches.

    Raises:
        ConfigError: it is no positive multiple of the patch size.
    """
    if edge <= 0 or edge % PATCH_SIZE:
        raise ConfigError(f"A sliding window of {edge} px does not work: expected a multiple of {PATCH_SIZE}.")


@dataclass(frozen=True)
class SlidingWindow:
    """Square windows of ``crop`` pixels (a multiple of 14), 2/3 of it apart; the last one ends at the border."""

    crop: int

    def __post_init__(self) -> None:
        require_window(self.crop)

    @property
    def stride(self) -> int:
        """int(crop · 2/3), as both releases step."""
        return int(self.crop * 2 / 3)

    def fits(self, size: Sequence[int]) -> bool:
        """Whether an image of ``size`` (H, W) holds a window; smaller ones are predicted whole."""
        return min(size) >= self.crop

    def starts(self, length: int) -> list[int]:
        """First pixels of the windows along an edge of ``length`` ≥ crop pixels; they cover it."""
        starts = [0]
        while starts[-1] + self.crop < length:
            starts.append(min(starts[-1] + self.stride, length - self.crop))
        return starts
