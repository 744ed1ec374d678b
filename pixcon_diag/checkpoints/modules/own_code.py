"""Networks that the user's own code builds."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import ModuleType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from torch import nn

from pixcon_diag.checkpoints.layouts.layout import Weights
from pixcon_diag.checkpoints.model_spec import AT
from pixcon_diag.checkpoints.modules.built import Built, WeightsOf
from pixcon_diag.checkpoints.modules.code_files import code_hash
from pixcon_diag.checkpoints.modules.code_import import failures, imported
from pixcon_diag.provenance import Preprocessing
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.records import validated
from pixcon_train.core.weight_files import content_hash

_Positive = Annotated[float, Field(gt=0)]
_Edge = Annotated[int, Field(gt=0, le=100_000)]


class _Attributes(BaseModel):
    """What a network may say of itself; each may be absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    class_names: tuple[str, ...] | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[_Positive, _Positive, _Positive] | None = None
    size: tuple[_Edge, _Edge] | _Edge | None = None
    multiple: _Edge | None = None


def build(name: str, weights: WeightsOf | None) -> Built:
    """The network that ``module:factory`` or ``file.py:factory`` gives, called without arguments.

    It may say what it expects: an attribute ``class_names``, and a dictionary ``preprocessing`` with ``mean``, ``std``,
    ``size`` and ``multiple``, each of which may be absent.

    Raises:
        ConfigError: the code cannot be imported, fails, needs arguments or gives no network, or an attribute is of
            another type.
        CheckpointError: the weights do not fit.
    """
    where, _, attribute = name.rpartition(":")
    with imported(where) as module:
        factory = _factory(getattr(module, attribute, None), name, module)
        with failures(f"{name} fails"):
            network = _network(factory, name)
        remarks = () if weights is not None else (_weights_of(factory, network, name),)
    chosen: Weights = "unnamed" if weights is None else weights.load(network)
    about = _attributes(network, name)
    given = {key: value for key in ("mean", "std", "size") if (value := getattr(about, key)) is not None}
    return Built(
        network.eval(),
        chosen,
        Preprocessing(**given),
        multiple=about.multiple,
        class_names=about.class_names,
        code=code_hash(module),
        remarks=remarks,
    )


def _factory(factory: Any, name: str, module: ModuleType) -> Callable[[], Any]:
    """The function, which can be called without arguments."""
    if not callable(factory):
        defined = [key for key, value in vars(module).items() if inspect.isfunction(value) and not key.startswith("_")]
        raise ConfigError(f"{name}: there is no such function; defined are {', '.join(defined) or 'none'}.")
    needed = _needed(factory)
    if needed:
        raise ConfigError(
            f"{name} needs arguments ({', '.join(needed)}). Expected a function that is called without any: write "
            f"`def build(): return {factory.__name__}(…)` and name that."
        )
    return factory  # type: ignore[no-any-return]


def _network(factory: Callable[[], Any], name: str) -> nn.Module:
    network = factory()
    if not isinstance(network, nn.Module):
        raise ConfigError(f"{name} gives a {type(network).__name__}; expected a network, a torch.nn.Module.")
    return network


def _weights_of(factory: Callable[[], Any], network: nn.Module, name: str) -> str:
    """A remark on the weights that the function gives, which are random where it gives others when called again."""
    with suppress(Exception, SystemExit):  # it need not bear being called twice
        if content_hash(factory().state_dict()) != content_hash(network.state_dict()):
            return (
                f"ITS WEIGHTS ARE RANDOM: {name} gives others each time. Name the file of trained ones, "
                f"{name}{AT}weights.pth"
            )
    return f"its weights are those that {name} gives, as no file of weights is named ({name}{AT}weights.pth)"


def _needed(factory: Any) -> list[str]:
    """Parameters without a default."""
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(factory).parameters.values()
    return [one.name for one in parameters if one.default is one.empty and one.kind not in variable]


def _attributes(network: nn.Module, name: str) -> _Attributes:
    """Its attribute ``class_names``, and the entries of its attribute ``preprocessing``."""
    preprocessing = getattr(network, "preprocessing", None)
    entries = preprocessing if isinstance(preprocessing, Mapping) else {}  # a function of that name is not for us
    said = {"class_names": getattr(network, "class_names", None), **entries}
    try:
        return validated(TypeAdapter(_Attributes), said)
    except ValueError as error:
        raise ConfigError(
            f"{name}: of its attributes `class_names` (names in the order of the output) and `preprocessing` (mean, "
            f"std, size, multiple), {error}."
        ) from None
