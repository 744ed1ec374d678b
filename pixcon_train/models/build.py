"""New networks by name."""

from collections.abc import Iterable

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.hints import hint
from pixcon_train.core.versions import require
from pixcon_train.models.architectures import ARCHITECTURES
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.sizes import SIZES


def build_model(
    architecture: str, size: str, num_classes: int, *, projection: bool, embedding_dim: int = 256
) -> SegmentationModel:
    """A model with initial weights.

    Args:
        architecture: ``unimatch_v2`` or ``pixcon``.
        size: ``nano``, ``small``, ``base``, ``large`` or ``giant``, or another of the names in ``SIZES``.
        num_classes: K.
        projection: with the projection head g_φ (paper, Eq. 1), which both architectures can have.
        embedding_dim: D of the projection head.

    Raises:
        ConfigError: unknown architecture or size, or timm is too old.

    Example:
        >>> model = build_model("pixcon", "nano", 21, projection=True)
        >>> model.num_classes, model.has_projection
        (21, True)
    """
    require("timm")
    _known("architecture", architecture, ARCHITECTURES)
    _known("model size", size, SIZES)
    model = ARCHITECTURES[architecture].new_model(size, num_classes)
    if projection:
        model.add_projection(embedding_dim)
    return model


def _known(what: str, name: str, names: Iterable[str]) -> None:
    if name not in names:
        raise ConfigError(f"Unknown {what} '{name}'; expected one of {', '.join(names)}{hint(name, names)}.")
