"""Networks of segmentation_models_pytorch."""

from pathlib import Path
from typing import Any

from torch import nn

from pixcon_diag.checkpoints.modules.built import Built, WeightsOf, versions
from pixcon_diag.checkpoints.modules.hub_folders import (
    config_hash,
    local_folder,
    read_config,
    require_extra,
    require_safetensors,
)
from pixcon_diag.checkpoints.modules.preprocessor_config import FILE, read_preprocessing
from pixcon_diag.checkpoints.reading import read_file
from pixcon_diag.provenance import Preprocessing
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.paths import is_file

_CLASS = "_model_class"
"""Entry of the configuration with the name of the network's class."""
_WEIGHTS = "model.safetensors"
_TIMM = "tu-"
"""Begins the names of encoders that timm builds."""


def build(name: str, weights: WeightsOf | None) -> Built:
    """The network in a folder or on the hub; only safetensors are read.

    Raises:
        ConfigError: segmentation_models_pytorch is not installed.
        CheckpointError: the folder or its network cannot be read, or the weights do not fit.
    """
    require_extra("segmentation_models_pytorch", f"smp:{name}", "smp")
    folder = local_folder(name)
    config = read_config(folder)
    module = _network(folder, config)
    if weights is None:
        require_safetensors(folder)
        weights = WeightsOf(read_file(folder / _WEIGHTS), None)
    chosen = weights.load(module)
    preprocessing, remarks = _preprocessing(folder, config)
    multiple = module.encoder.output_stride if module.requires_divisible_input_shape else None
    return Built(
        module.eval(),
        chosen,
        preprocessing,
        multiple=multiple,
        code=config_hash(folder),
        libraries=versions("segmentation_models_pytorch", "timm", "torchvision"),
        remarks=remarks,
    )


def _network(folder: Path, config: dict[str, Any]) -> Any:
    """The network of a configuration, without pretrained weights."""
    import segmentation_models_pytorch as smp

    kind = getattr(smp, str(config.get(_CLASS)), None)
    if not (isinstance(kind, type) and issubclass(kind, smp.base.SegmentationModel)):
        raise CheckpointError(
            f"{folder} is no network of segmentation_models_pytorch: `{_CLASS}` of its configuration is "
            f"{config.get(_CLASS)!r}. Expected a folder that model.save_pretrained wrote."
        )
    options = {key: value for key, value in config.items() if not key.startswith("_")}
    try:
        network: nn.Module = kind(**{**options, "encoder_weights": None})
    except Exception as error:  # whatever an option of the folder's configuration causes
        raise CheckpointError(f"{folder}: segmentation_models_pytorch cannot build its network: {error}.") from error
    return network


def _preprocessing(folder: Path, config: dict[str, Any]) -> tuple[Preprocessing, tuple[str, ...]]:
    """What the folder states, else timm's mean and deviation of its encoder, else ImageNet's."""
    if is_file(folder / FILE):
        return read_preprocessing(folder)
    encoder = str(config.get("encoder_name"))
    if encoder.startswith(_TIMM):
        from timm.models import get_pretrained_cfg

        if (known := get_pretrained_cfg(encoder.removeprefix(_TIMM))) is not None:
            return Preprocessing(tuple(known.mean), tuple(known.std)), ()  # type: ignore[arg-type]
    return Preprocessing(), (f"without {FILE}: images are normalised as ImageNet's",)
