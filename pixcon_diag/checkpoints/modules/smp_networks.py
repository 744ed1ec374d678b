"""Networks of segmentation_models_pytorch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import try_to_load_from_cache
from timm.data.constants import (
    IMAGENET_DEFAULT_MEAN,
    IMAGENET_DEFAULT_STD,
    IMAGENET_DPN_MEAN,
    IMAGENET_DPN_STD,
    IMAGENET_INCEPTION_MEAN,
    IMAGENET_INCEPTION_STD,
)
from torch import nn

from pixcon_diag.checkpoints.modules.built import Built, WeightsOf, versions
from pixcon_diag.checkpoints.modules.hub_folders import (
    CONFIG,
    config_hash,
    local_folder,
    read_config,
    require_extra,
    require_safetensors,
)
from pixcon_diag.checkpoints.modules.preprocessor_config import FILE, of_entries
from pixcon_diag.checkpoints.reading import read_file
from pixcon_diag.provenance import Preprocessing
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.files import read_json
from pixcon_train.core.paths import is_file

_CLASS = "_model_class"
"""Entry of the configuration with the name of the network's class."""
_WEIGHTS = "model.safetensors"
_INCEPTION = (IMAGENET_INCEPTION_MEAN, IMAGENET_INCEPTION_STD)
_OTHERS = {
    "inception": _INCEPTION,
    "xception": _INCEPTION,
    "dpn": (IMAGENET_DPN_MEAN, IMAGENET_DPN_STD),
    "advprop": _INCEPTION,
}
"""Mean and deviation of the encoders with such a beginning, or of such weights of any encoder; all others have
ImageNet's."""


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
    """What the folder states; what it does not state is as the public weights of its encoder expect it."""
    encoder, weights = str(config.get("encoder_name")), config.get("encoder_weights")
    about = _settings(encoder, "imagenet" if weights is None else str(weights))
    scale = about.get("input_range", (0, 1))[1]
    given = {
        "do_rescale": True,
        "rescale_factor": scale / 255,
        "do_normalize": True,
        "image_mean": tuple(about["mean"]),
        "image_std": tuple(about["std"]),
        "do_flip_channel_order": about.get("input_space") == "BGR",
    }
    file = folder / FILE
    if not is_file(file):
        found, _ = of_entries(given, file)
        return found, (f"without {FILE}: images are normalised as for the public weights of its encoder {encoder}",)
    try:
        content = read_json(file)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file} does not say how images are prepared: {error}.") from None
    if isinstance(content, dict):  # null is what is absent
        content = {**given, "do_resize": True, **{key: value for key, value in content.items() if value is not None}}
    return of_entries(content, file)


def _settings(encoder: str, weights: str) -> Mapping[str, Any]:
    """Mean, deviation, range and space of the images that an encoder's public weights expect.

    segmentation_models_pytorch has them on the hub, beside the weights; they are taken from there if an earlier
    download left them on this machine. (Its own ``get_preprocessing_params`` would download them.)
    """
    from segmentation_models_pytorch.encoders import encoders
    from timm.models import get_pretrained_cfg

    public = encoders.get(encoder, {}).get("pretrained_settings", {}).get(weights)
    if public is not None and "repo_id" in public:
        cached = try_to_load_from_cache(public["repo_id"], CONFIG, revision=public["revision"])
        if isinstance(cached, str):
            return read_config(Path(cached).parent)
    of_timm = encoder.removeprefix("tu-").removeprefix("timm-")
    if of_timm != encoder and (known := get_pretrained_cfg(of_timm)) is not None:
        return {"mean": known.mean, "std": known.std}
    mean, std = next(
        (about for start, about in _OTHERS.items() if start in (encoder[: len(start)], weights)),
        (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD),
    )
    return {"mean": mean, "std": std}
