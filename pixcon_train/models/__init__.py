"""The two architectures: UniMatch V2 and PixCon, on DINOv2 backbones."""

import difflib
from collections.abc import Iterable

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.versions import require
from pixcon_train.models.base import ModelOutput, SegmentationModel
from pixcon_train.models.pixcon import PixCon
from pixcon_train.models.sizes import SIZES
from pixcon_train.models.unimatch_v2 import UniMatchV2

ARCHITECTURES: dict[str, type[UniMatchV2] | type[PixCon]] = {"unimatch_v2": UniMatchV2, "pixcon": PixCon}

__all__ = ["ARCHITECTURES", "SIZES", "ModelOutput", "SegmentationModel", "build_model"]


def build_model(
    architecture: str, size: str, num_classes: int, *, projection: bool, embedding_dim: int = 256
) -> SegmentationModel:
    """A model with fresh weights.

    Args:
        architecture: ``unimatch_v2`` or ``pixcon``.
        size: ``nano``, ``small``, ``base``, ``large`` or ``giant``.
        num_classes: K.
        projection: with the projection head g_φ (paper, Eq. 1), which both architectures may carry.
        embedding_dim: D of the projection head.

    Raises:
        ConfigError: unknown architecture or size, or timm is too old.
    """
    require("timm")
    _known("architecture", architecture, ARCHITECTURES)
    _known("model size", size, SIZES)
    model = ARCHITECTURES[architecture](size, num_classes)
    if projection:
        model.add_projection(embedding_dim)
    return model


def _known(what: str, name: str, table: Iterable[str]) -> None:
    if name in table:
        return
    near = difflib.get_close_matches(name, table, n=1)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    raise ConfigError(f"Unknown {what} `{name}`; expected one of {', '.join(table)}.{hint}")
