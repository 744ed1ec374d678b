"""The encoder of a size."""

from pixcon_train.models.backbone import DinoV2
from pixcon_train.models.dinov3 import DinoV3
from pixcon_train.models.sizes import ModelSize


def new_encoder(size: ModelSize) -> DinoV2 | DinoV3:
    """An encoder with initial weights."""
    return DinoV3(size) if size.rotary else DinoV2(size)
