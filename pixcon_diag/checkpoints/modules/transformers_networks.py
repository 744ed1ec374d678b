"""Semantic segmentation networks of transformers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pixcon_diag.checkpoints.layouts.layout import Weights
from pixcon_diag.checkpoints.modules.built import Built, WeightsOf, versions
from pixcon_diag.checkpoints.modules.hub_folders import (
    CONFIG,
    config_hash,
    local_folder,
    read_config,
    require_extra,
    require_safetensors,
)
from pixcon_diag.checkpoints.modules.preprocessor_config import read_preprocessing
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.paths import is_file

_ADAPTER = "adapter_config.json"
_PRETRAINED = "use_pretrained_backbone"
_OF_QUERIES = ("mask2former", "maskformer", "oneformer", "eomt", "detr", "videomt")
"""Begin the ``model_type`` of networks that predict masks and the class of each."""


def build(name: str, weights: WeightsOf | None) -> Built:
    """The network in a folder or on the hub; only safetensors are read, and no code of the folder is run.

    Raises:
        ConfigError: transformers is not installed.
        CheckpointError: the folder or its network cannot be read, it is of another kind, or the weights do not fit.
    """
    require_extra("transformers", f"hf:{name}", "transformers")
    folder = local_folder(name)
    _refuse_adapter(folder)
    config = read_config(folder)
    _refuse_queries(folder, config)
    _refuse_download(folder, config)
    preprocessing, remarks = read_preprocessing(folder)
    chosen: Weights = "unnamed"
    if weights is None:
        require_safetensors(folder)
    with _failures(folder), _silent():
        module = _network(folder, with_weights=weights is None)
    if weights is not None:
        chosen = weights.load(module)
    names = module.config.id2label
    return Built(
        module.eval(),
        chosen,
        preprocessing,
        class_names=tuple(str(names[index]) for index in sorted(names)),
        code=config_hash(folder),
        libraries=versions("transformers", "timm"),
        remarks=remarks,
    )


def _network(folder: Path, *, with_weights: bool) -> Any:
    from transformers import AutoConfig, AutoModelForSemanticSegmentation

    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if not with_weights:
        return AutoModelForSemanticSegmentation.from_config(AutoConfig.from_pretrained(folder, **options))
    module, found = AutoModelForSemanticSegmentation.from_pretrained(
        folder, use_safetensors=True, output_loading_info=True, **options
    )
    missing = sorted(key for key in found["missing_keys"] if not key.endswith("num_batches_tracked"))
    if missing:
        raise CheckpointError(
            f"{folder}: its weights lack {', '.join(missing[:3])}{' and others' if len(missing) > 3 else ''}, which "
            "transformers would fill with random values. Expected the weights of a trained segmentation network."
        )
    return module.float()


def _refuse_queries(folder: Path, config: dict[str, Any]) -> None:
    kind = str(config.get("model_type"))
    if kind.startswith(_OF_QUERIES):
        raise CheckpointError(
            f"{folder} is a {kind}, which predicts masks and the class of each: a pixel's scores are sums over masks, "
            "which are no probabilities of the classes, so there is no confidence to measure. Save its label maps and "
            "measure those: --predictions NAME=FOLDER."
        )


def _refuse_adapter(folder: Path) -> None:
    if is_file(folder / _ADAPTER):
        raise CheckpointError(
            f"{folder} has an {_ADAPTER}: it holds an adapter, the changes of a network that lies elsewhere. Merge the "
            "two and name the whole: model.merge_and_unload().save_pretrained(FOLDER)."
        )


def _refuse_download(folder: Path, config: dict[str, Any]) -> None:
    """Refuse a configuration that asks for the public weights of its backbone, at any depth."""
    parts: list[Any] = [config]
    while parts:
        part = parts.pop()
        if not isinstance(part, dict):
            continue
        if part.get(_PRETRAINED):
            raise CheckpointError(
                f"{folder}: its {CONFIG} has {_PRETRAINED}: true, which would load a backbone from the hub; nothing "
                "beside the folder is read. Its own weights hold the backbone: set the entry to false."
            )
        parts += part.values()


@contextmanager
def _silent() -> Iterator[None]:
    """Within the block transformers shows no progress bar and logs only errors."""
    from transformers.utils import logging

    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()


@contextmanager
def _failures(folder: Path) -> Iterator[None]:
    """Turn what transformers raises about a folder (classes of several libraries) into one message."""
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise CheckpointError(
            f"{folder} cannot be read as a semantic segmentation network of transformers: {reason}."
        ) from error
