"""Segmentation networks of torchvision."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import torch
from torch import nn
from torch.hub import get_dir

from pixcon_diag.checkpoints.modules.built import Built, WeightsOf, versions
from pixcon_diag.checkpoints.modules.weights import load_state
from pixcon_diag.checkpoints.reading import read_file
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.hints import hint
from pixcon_train.core.paths import is_file

_CLASSIFIERS = ("classifier.4.weight", "classifier.low_classifier.weight")
"""Keys of the weights with a row per class, of DeepLabV3 and FCN, and of LR-ASPP."""
_AUXILIARY = "aux_classifier."
"""Begins the keys of a head that only training uses."""


def build(name: str, weights: WeightsOf | None) -> Built:
    """A network by its name in torchvision, with as many classes as the weights have.

    Without a file, torchvision's own weights are read if they are on this machine; nothing is downloaded.

    Raises:
        ConfigError: there is no such network, or no weights of it.
        CheckpointError: the weights do not fit.
    """
    from torchvision.models import get_model_weights, list_models, segmentation

    names = list_models(module=segmentation)
    if name not in names:
        raise ConfigError(f"torchvision has no segmentation network '{name}'{hint(name, names)}; expected {names}.")
    public = {Path(urlsplit(one.url).path).name: tuple(one.meta["categories"]) for one in get_model_weights(name)}
    remarks: tuple[str, ...] = ()
    if weights is None:
        weights = _public(name, list(public))
        remarks = (f"its weights are torchvision's own, {weights.file.path.name}",)
    with torch.device("meta"):
        expected = _without_auxiliary(name, None).state_dict()
    state, chosen = weights.state(expected)
    state = {key: value for key, value in state.items() if not key.startswith(_AUXILIARY)}
    classifier = next(key for key in _CLASSIFIERS if key in expected)
    if classifier not in state:
        raise CheckpointError(f"{weights.file.path}: the weights do not fit {name}: missing {classifier}.")
    module = _without_auxiliary(name, len(state[classifier]))
    load_state(module, state, weights.file.path)
    names = public.get(weights.file.path.name)
    return Built(
        module.eval(), chosen, multiple=1, class_names=names, libraries=versions("torchvision"), remarks=remarks
    )


def _without_auxiliary(name: str, num_classes: int | None) -> nn.Module:
    """The network without pretrained weights, which torchvision would download, and without its auxiliary head."""
    from torchvision.models import get_model

    network: Any = get_model(name, weights=None, weights_backbone=None, num_classes=num_classes)
    network.aux_classifier = None
    return network  # type: ignore[no-any-return]


def _public(name: str, files: list[str]) -> WeightsOf:
    """torchvision's own weights, where an earlier download left them."""
    folder = Path(get_dir()) / "checkpoints"
    found = [folder / file for file in files if is_file(folder / file)]
    if not found:
        raise ConfigError(
            f"torchvision:{name} needs weights: torchvision:{name}@weights.pth. (Its own, {' or '.join(files)}, are "
            f"taken where they are in {folder}; nothing is downloaded.)"
        )
    return WeightsOf(read_file(found[0]), None)
