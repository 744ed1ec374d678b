"""A network in memory as a checkpoint."""

from contextlib import suppress

from torch import nn

from pixcon_diag.checkpoints.description import Wrapping
from pixcon_diag.checkpoints.loading import InMemory, LoadedCheckpoint
from pixcon_diag.checkpoints.modules.built import Built
from pixcon_diag.checkpoints.modules.loading import PROBABILITIES, THE_FEATURE
from pixcon_diag.checkpoints.modules.probe import Probed, probe
from pixcon_diag.checkpoints.wrapped_module import FeatureLayer, WrappedModule, parameter_count
from pixcon_diag.provenance import CheckpointInfo, Scores
from pixcon_train.core.weight_files import content_hash


def wrap_module(
    module: nn.Module, num_classes: int, *, name: str = "module", feature: str | None = None, multiple: int = 1
) -> LoadedCheckpoint:
    """Make any segmentation network measurable.

    It is put into eval mode and run once on a small random image.

    Args:
        module: takes normalised images (B, 3, H, W) and gives logits (B, K, h, w) of any resolution.
        num_classes: K.
        name: its name in tables.
        feature: name of the submodule (as in ``module.named_modules()``) whose output (B, C, h, w) feeds the
            classifier; measurements of the embedding need it. None: the input of the last layer that gives the logits,
            where one is seen.
        multiple: what height and width of its input must be a multiple of.

    Raises:
        ConfigError: there is no such submodule.

    Example:
        >>> import torch
        >>> layers = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 1), torch.nn.ReLU(), torch.nn.Conv2d(8, 11, 1))
        >>> network = wrap_module(layers, num_classes=11, name="two layers")
        >>> network.name, network.info.num_classes, network.info.space
        ('two layers', 11, 'input of 2')
    """
    found = _seen(module.eval(), multiple)
    layer = FeatureLayer(feature) if feature is not None else None if found is None else found.feature
    probabilities = found is not None and found.probabilities
    model = WrappedModule(module, num_classes, feature=layer, multiple=multiple, probabilities=probabilities).eval()
    parameters = parameter_count(module)
    info = CheckpointInfo(
        source=name,
        sha256=content_hash(module.state_dict()),
        layout=f"wrapped {type(module).__name__}",
        architecture=model.architecture,
        size=f"{parameters} parameters",
        num_classes=num_classes,
        projection=False,
        weights="unnamed",
        scores=Scores(),
        feature=CheckpointInfo.feature if layer is None else str(layer),
    )
    remarks = {f"{THE_FEATURE}{layer}": layer is not None and feature is None, PROBABILITIES: probabilities}
    return LoadedCheckpoint(
        name=name,
        info=info,
        protocol="pixcon",  # its images are not scaled
        parameters=parameters,
        remarks=tuple(remark for remark, holds in remarks.items() if holds),
        tensors=InMemory(model),
        wrapped=Wrapping(
            None if layer is None else str(layer), multiple, function=None if found is None else found.function
        ),
    )


def _seen(module: nn.Module, multiple: int) -> Probed | None:
    """What one forward pass shows; None where it fails, which measuring the network reports."""
    with suppress(Exception):
        return probe(Built(module, multiple=multiple), type(module).__name__)
    return None
