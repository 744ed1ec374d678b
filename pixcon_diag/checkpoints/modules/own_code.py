"""Networks that the user's own code builds."""

import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from torch import nn

from pixcon_diag.checkpoints.layouts.layout import Weights
from pixcon_diag.checkpoints.modules.built import Built, WeightsOf
from pixcon_diag.provenance import Preprocessing
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import read_bytes
from pixcon_train.core.paths import is_file, resolved
from pixcon_train.core.records import validated

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


_LARGEST = 2**24
"""Bytes of a file of code that is hashed."""


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
    module = _imported(where)
    network = _network(getattr(module, attribute, None), name, module)
    chosen: Weights = "unnamed" if weights is None else weights.load(network)
    about = _attributes(network, name)
    given = {key: value for key in ("mean", "std", "size") if (value := getattr(about, key)) is not None}
    return Built(
        network.eval(),
        chosen,
        Preprocessing(**given),
        multiple=about.multiple,
        class_names=about.class_names,
        code=_hash(module),
    )


def _imported(where: str) -> ModuleType:
    """The module or file; its folder, or the working directory, is searched for what it imports."""
    file = Path(where) if where.endswith(".py") else None
    if file is not None and not is_file(file):
        raise ConfigError(f"No file at {file}. Expected file.py:factory, Python code that builds the network.")
    folder = str(resolved(Path.cwd() if file is None else file.parent))
    if folder not in sys.path:
        sys.path.insert(0, folder)
    with _failures(f"{where} cannot be imported"):
        return import_module(where) if file is None else _from_file(file)


def _from_file(file: Path) -> ModuleType:
    """The module of a file; it may have the name of an installed package."""
    name = f"pixcon_model_{sha256(str(resolved(file)).encode()).hexdigest()[:12]}"
    spec = spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _network(factory: Any, name: str, module: ModuleType) -> nn.Module:
    if not callable(factory):
        defined = [key for key, value in vars(module).items() if inspect.isfunction(value) and not key.startswith("_")]
        raise ConfigError(f"{name}: there is no such function; defined are {', '.join(defined) or 'none'}.")
    needed = _needed(factory)
    if needed:
        raise ConfigError(
            f"{name} needs arguments ({', '.join(needed)}). Expected a function that is called without any: write "
            f"`def build(): return {factory.__name__}(…)` and name that."
        )
    with _failures(f"{name} fails"):
        network = factory()
    if not isinstance(network, nn.Module):
        raise ConfigError(f"{name} gives a {type(network).__name__}; expected a network, a torch.nn.Module.")
    return network


def _needed(factory: Any) -> list[str]:
    """Parameters without a default."""
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(factory).parameters.values()
    return [one.name for one in parameters if one.default is one.empty and one.kind not in variable]


@contextmanager
def _failures(what: str) -> Iterator[None]:
    """Turn whatever the user's code raises into one message with its place."""
    try:
        yield
    except (Exception, SystemExit) as error:  # a script that reads the command line exits
        last = extract_tb(error.__traceback__)[-1]
        raise ConfigError(
            f"{what}: {type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})."
        ) from error


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


def _hash(module: ModuleType) -> str | None:
    file = getattr(module, "__file__", None)
    return None if file is None else sha256(read_bytes(Path(file), _LARGEST)).hexdigest()
