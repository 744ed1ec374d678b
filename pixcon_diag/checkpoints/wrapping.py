"""A network in memory as a checkpoint."""

from torch import nn

from pixcon_diag.checkpoints.description import Wrapping
from pixcon_diag.checkpoints.loading import InMemory, LoadedCheckpoint
from pixcon_diag.checkpoints.wrapped_module import FeatureLayer, WrappedModule, parameter_count
from pixcon_diag.provenance import CheckpointInfo, Scores
from pixcon_train.core.weight_files import content_hash


def wrap_module(
    module: nn.Module, num_classes: int, *, name: str = "module", feature: str | None = None, multiple: int = 1
) -> LoadedCheckpoint:
    """Make any segmentation network measurable.

    Args:
        module: takes normalised images (B, 3, H, W) and gives logits (B, K, h, w) of any resolution.
        num_classes: K.
        name: its name in tables.
        feature: name of the submodule (as in ``module.named_modules()``) whose output (B, C, h, w) feeds the
            classifier; measurements of the embedding need it.
        multiple: what height and width of its input must be a multiple of.

    Raises:
        ConfigError: there is no such submodule.

    Example:
        >>> import torch
        >>> network = wrap_module(torch.nn.Conv2d(3, 11, 1), num_classes=11, name="one layer")
        >>> network.name, network.info.num_classes
        ('one layer', 11)
    """
    layer = None if feature is None else FeatureLayer(feature)
    model = WrappedModule(module, num_classes, feature=layer, multiple=multiple).eval()
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
    )
    return LoadedCheckpoint(
        name=name,
        info=info,
        protocol="pixcon",  # its images are not scaled
        parameters=parameters,
        tensors=InMemory(model),
        wrapped=Wrapping(None if layer is None else str(layer), multiple),
    )
