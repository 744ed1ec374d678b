"""What the releases with a ResNet chose and their weights do not show: strides, dilations and pooling."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Recipe:
    """Choices of a DeepLabV3+ that change its output and not the shapes of its weights."""

    stride: Literal[8, 16]
    """Output stride of the encoder."""
    rates: tuple[int, int, int]
    """Dilations of the atrous spatial pyramid pooling."""
    multi_grid: tuple[int, int, int] = (1, 1, 1)
    """Factors on the dilation of the three blocks of the last stage."""
    ceil_mode: bool = False
    """Whether max pooling in the stem rounds sizes up."""

    def __str__(self) -> str:
        """The choices in a phrase."""
        parts = [f"output stride {self.stride}", f"ASPP {'/'.join(map(str, self.rates))}"]
        if self.multi_grid != (1, 1, 1):
            parts.append(f"multi-grid {'/'.join(map(str, self.multi_grid))}")
        return ", ".join([*parts, "max pooling with ceil_mode"] if self.ceil_mode else parts)


RECIPES = {
    "unimatch_v1": Recipe(16, (6, 12, 18)),
    "corrmatch": Recipe(8, (12, 24, 36)),
    "u2pl": Recipe(8, (12, 24, 36), multi_grid=(2, 2, 4), ceil_mode=True),
    "augseg": Recipe(16, (6, 12, 18), multi_grid=(2, 2, 4), ceil_mode=True),
}
"""By release. PrevMatch and Beyond-Pixels have UniMatch V1's."""
