"""Train UniMatch V2 with or without the clean-positive bank.

Example:
    >>> import pixcon_train
    >>> pixcon_train.load_config(preset="unimatch-v2", recipe="small").bank.rule
    'none'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pixcon_train.core.version import VERSION

if TYPE_CHECKING:
    from pixcon_train.config.resolve import load_config
    from pixcon_train.config.schema import TrainConfig
    from pixcon_train.data.specs import DatasetSpec, get_spec
    from pixcon_train.engine.trainer import train
    from pixcon_train.method.class_bank import ClassBank
    from pixcon_train.models.build import build_model

_MODULES = {
    "ClassBank": "pixcon_train.method.class_bank",
    "DatasetSpec": "pixcon_train.data.specs",
    "TrainConfig": "pixcon_train.config.schema",
    "build_model": "pixcon_train.models.build",
    "get_spec": "pixcon_train.data.specs",
    "load_config": "pixcon_train.config.resolve",
    "train": "pixcon_train.engine.trainer",
}
"""Where each public name lives: it is imported when it is first used."""

__version__ = VERSION

__all__ = ["ClassBank", "DatasetSpec", "TrainConfig", "__version__", "build_model", "get_spec", "load_config", "train"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'pixcon_train' has no attribute '{name}'")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
