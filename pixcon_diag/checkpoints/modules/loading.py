"""The network that a SPEC names, with its description."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module

from pixcon_diag.checkpoints.description import Description, Wrapping
from pixcon_diag.checkpoints.finding import WeightsAsked, local_file
from pixcon_diag.checkpoints.layouts.fields import epoch_of
from pixcon_diag.checkpoints.model_spec import Kind, ModelSpec
from pixcon_diag.checkpoints.modules.built import Built, WeightsOf
from pixcon_diag.checkpoints.modules.probe import Probed, probe
from pixcon_diag.checkpoints.network import NOT_VERIFIABLE, SIGMOID
from pixcon_diag.checkpoints.reading import CheckpointFile, read_file
from pixcon_diag.checkpoints.wrapped_module import FeatureLayer, WrappedModule, parameter_count
from pixcon_diag.provenance import CheckpointInfo, Scores
from pixcon_train.core.weight_files import content_hash

_MODULES: dict[Kind, str] = {
    "code": "own_code",
    "hf": "transformers_networks",
    "smp": "smp_networks",
    "torchvision": "torchvision_networks",
}
"""The module that builds each kind of network, imported when it is named."""
THE_FEATURE = "the feature is the "
"""Begins a remark on the layer that is taken."""
NO_FEATURE = "no layer is seen that gives the logits: name the feature with --feature for geometry, t-SNE and banks"
PROBABILITIES = "its outputs are probabilities (they sum to 1): their logarithm is taken for the logits"


@dataclass(frozen=True)
class SpecNetwork:
    """A network of other code."""

    description: Description
    model: WrappedModule
    wrapping: Wrapping
    class_names: tuple[str, ...] | None
    """In the order of its output; None: not known."""


def read_spec(
    spec: ModelSpec, *, weights: WeightsAsked = None, allow_legacy: bool = False, feature: str | None = None
) -> SpecNetwork:
    """Build the network of a SPEC and load its weights.

    Args:
        weights: as of :func:`pixcon_diag.checkpoints.loading.load`.
        allow_legacy: likewise.
        feature: the submodule whose output is the feature; None: the input of the last layer that gives the logits.

    Raises:
        ConfigError: the network cannot be built, or has no submodule of that name.
        CheckpointError: its weights cannot be read or do not fit, or it predicts no classes of pixels.
    """
    file = None
    if spec.weights is not None:
        file = read_file(local_file(spec.weights, weights), allow_legacy=allow_legacy)
    build: Callable[[str, WeightsOf | None], Built] = import_module(
        f"pixcon_diag.checkpoints.modules.{_MODULES[spec.kind]}"
    ).build
    built = build(spec.name, None if file is None else WeightsOf(file, weights))
    return _described(spec, built, probe(built, spec.network), file, feature)


def _described(
    spec: ModelSpec, built: Built, found: Probed, file: CheckpointFile | None, feature: str | None
) -> SpecNetwork:
    layer = found.feature if feature is None else FeatureLayer(feature)
    binary = found.channels == 1
    num_classes = 2 if binary else found.channels
    model = WrappedModule(
        built.module,
        num_classes,
        feature=layer,
        multiple=found.multiple,
        preprocessing=built.preprocessing,
        probabilities=found.probabilities,
    ).eval()
    info = CheckpointInfo(
        source=str(spec),
        sha256=content_hash(built.module.state_dict()) if file is None else file.sha256,
        layout=spec.network,
        architecture=type(built.module).__name__,
        size=f"{parameter_count(built.module)} parameters",
        num_classes=num_classes,
        projection=False,
        weights=built.weights,
        scores=Scores(epoch=None if file is None else epoch_of(file)),
        preprocessing=built.preprocessing,
    )
    remarks = {
        f"{THE_FEATURE}{layer}": layer is not None,
        NO_FEATURE: layer is None,
        SIGMOID: binary,
        PROBABILITIES: found.probabilities,
        NOT_VERIFIABLE: file is not None and not file.verified,
    }
    description = Description(
        info=info if layer is None else replace(info, feature=str(layer)),
        protocol="pixcon",  # its images are not scaled
        parameters=parameter_count(built.module),
        remarks=(*(remark for remark, holds in remarks.items() if holds), *built.remarks),
    )
    wrapping = Wrapping(
        feature=None if layer is None else str(layer),
        multiple=found.multiple,
        preprocessing=built.preprocessing,
        spec=spec.network,
        code=built.code,
        libraries=built.libraries,
        function=found.function,
    )
    return SpecNetwork(description, model, wrapping, None if binary else built.class_names)
