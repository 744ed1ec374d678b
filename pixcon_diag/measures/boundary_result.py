"""Result of the boundary measurement: counts and error rates in the band of each width and in its interior."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import quotient
from pixcon_train.core.errors import ConfigError

T = TypeVar("T")

Distance = Literal["chessboard", "euclidean"]
VoidMode = Literal["label", "ignore", "nearest"]

NEARLY_EMPTY = 0.005
"""Share of valid pixels below which a band's error is unreliable. The 1-pixel band of VOC holds about 2 %; with void
ignored, which surrounds every object there, it is nearly empty."""


@dataclass(frozen=True)
class ErrorRate:
    """Wrong pixels among some pixels."""

    pixels: int
    wrong: int
    error: float
    """wrong / pixels, NaN where there is no pixel."""

    @classmethod
    def from_counts(cls, pixels: int, wrong: int) -> "ErrorRate":
        """The rate of two counts."""
        return cls(int(pixels), int(wrong), quotient(wrong, pixels))


@dataclass(frozen=True)
class BandError:
    """The error inside the band of one width, and in the interior: the valid pixels outside of it."""

    width: int
    band: ErrorRate
    interior: ErrorRate
    share: float
    """Fraction of the valid pixels in the band; NaN where there is no valid pixel."""
    nearly_empty: bool
    """Whether the share is below ``NEARLY_EMPTY``, so the band's error is unreliable."""


@dataclass(frozen=True)
class BoundaryResult(Serializable):
    """Errors pooled over a set of images."""

    overall: ErrorRate
    widths: tuple[BandError, ...]

    @classmethod
    def from_counts(cls, widths: Sequence[int], counts: Sequence[Sequence[int]]) -> "BoundaryResult":
        """The result of pooled rows of :func:`.boundary.boundary_statistics`, (len(widths) + 1, 2)."""
        *bands, (valid, wrong) = counts
        return cls(
            ErrorRate.from_counts(valid, wrong),
            tuple(
                BandError(
                    width=width,
                    band=ErrorRate.from_counts(inside, missed),
                    interior=ErrorRate.from_counts(valid - inside, wrong - missed),
                    share=quotient(inside, valid),
                    nearly_empty=not valid or inside < NEARLY_EMPTY * valid,
                )
                for width, (inside, missed) in zip(widths, bands, strict=True)
            ),
        )

    def at(self, width: int) -> BandError:
        """The errors for one of the measured widths.

        Raises:
            ConfigError: ``width`` was not measured.
        """
        return find_measured("Width", {rates.width: rates for rates in self.widths}, width)


def find_measured(quantity: str, results: Mapping[float, T], value: float) -> T:
    """The result at a measured ``value`` of a quantity.

    Raises:
        ConfigError: the value was not measured.
    """
    if value not in results:
        measured = ", ".join(map(str, results))
        raise ConfigError(
            f"{quantity} {value} was not measured. Measured: {measured}. Ask for it when the pass is made."
        )
    return results[value]


def check_band(widths: Sequence[int], distance: str, void_mode: str) -> None:
    """Raise ConfigError for a width below 1, or an unknown distance or void mode."""
    for width in widths:
        if width < 1:
            raise ConfigError(f"Expected the width of a boundary band to be at least 1 pixel, got {width}.")
    for name, value, known in (("distance", distance, Distance), ("void mode", void_mode, VoidMode)):
        if value not in get_args(known):
            raise ConfigError(f"Unknown {name} '{value}' of the boundary band. Known: {', '.join(get_args(known))}.")
