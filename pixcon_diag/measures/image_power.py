"""Power that the images leave to a comparison of fixed networks."""

from dataclasses import dataclass

from pixcon_diag.measures.uncertainty import ImageNoise
from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.power import detectable_with_images, images_needed


@dataclass(frozen=True)
class ImagesNeeded:
    """Images that find an effect; None where the interval is undefined."""

    effect: float
    images: int | None


@dataclass(frozen=True)
class ImagePower(Serializable):
    """The interval of other − baseline over images, and what it finds with a probability of 0.8."""

    baseline: str
    other: str
    noise: ImageNoise
    half_width: float
    """Half the width of the interval."""
    detectable: float
    """Difference that these images find."""
    needed: tuple[ImagesNeeded, ...]


def image_power(baseline: str, other: str, noise: ImageNoise, effects: tuple[float, ...]) -> ImagePower:
    """Images needed for each effect, from a 95 % interval whose width falls with the square root of their number."""
    half_width = (noise.high - noise.low) / 2
    needed = tuple(ImagesNeeded(effect, images_needed(effect, noise.images, half_width)) for effect in effects)
    return ImagePower(baseline, other, noise, half_width, detectable_with_images(half_width), needed)
