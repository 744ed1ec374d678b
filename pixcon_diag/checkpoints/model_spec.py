"""SPEC: which code builds a network whose layout is not known, and with which weights."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.paths import exists, is_folder

Kind = Literal["code", "hf", "smp", "torchvision"]

FORMS = (
    "package.module:factory or file.py:factory (your own code), hf:FOLDER or hf:owner/name (transformers), "
    "smp:FOLDER or smp:owner/name (segmentation_models_pytorch), torchvision:NAME"
)
"""The forms of a SPEC, for messages."""

AT = "@"
"""Stands between a SPEC and the file of its weights."""

_LIBRARY = re.compile(r"(?P<kind>hf|smp|torchvision):(?!//)(?P<name>.+)", re.DOTALL)
_CODE = re.compile(r"(?P<name>([^\W\d]\w*(\.[^\W\d]\w*)*|[^@]+\.py):[^\W\d]\w*)")
"""A module or a file, and a name in it."""


@dataclass(frozen=True)
class ModelSpec:
    """Code that builds a network, and the weights to load."""

    kind: Kind
    name: str
    """``package.module:factory``, ``file.py:factory``, a folder, ``owner/name``, or a name of torchvision."""
    weights: str | None = None
    """Path or address of a file of weights; None for those that the network is built with."""

    @property
    def network(self) -> str:
        """The SPEC without its weights, as the user writes it."""
        return self.name if self.kind == "code" else f"{self.kind}:{self.name}"

    @property
    def short_name(self) -> str:
        """A name for tables: the last part of the network's, or the file's and the function's."""
        if self.kind == "code":
            where, _, factory = self.name.rpartition(":")
            return f"{Path(where).name.removesuffix('.py')}:{factory}"
        return Path(self.name).name

    @property
    def folder(self) -> Path | None:
        """The folder that the network is read from; None where it is not on this machine."""
        path = Path(self.name)
        return path if self.kind in ("hf", "smp") and is_folder(path) else None

    def __str__(self) -> str:
        return self.network if self.weights is None else f"{self.network}{AT}{self.weights}"


def parse_spec(text: str) -> ModelSpec | None:
    """The SPEC ``text``, ``SPEC@weights`` among them; None where it is none: a path, an address, anything else.

    Example:
        >>> parse_spec("torchvision:fcn_resnet50@best.pth")
        ModelSpec(kind='torchvision', name='fcn_resnet50', weights='best.pth')
        >>> parse_spec("net.py:build").kind, parse_spec("runs/a"), parse_spec("hf://owner/repo/best.pth")
        ('code', None, None)
    """
    if exists(Path(text)):
        return None
    if (found := _LIBRARY.fullmatch(text)) is not None:
        whole = ModelSpec(found["kind"], found["name"])  # type: ignore[arg-type]
        name, _, weights = found["name"].partition(AT)
        return whole if whole.folder is not None or not weights else ModelSpec(whole.kind, name, weights)
    network, _, weights = text.partition(AT)
    if (found := _CODE.fullmatch(network)) is None:
        return None
    return ModelSpec("code", found["name"], weights or None)


def require_spec(text: str) -> ModelSpec:
    """The SPEC ``text``, without weights.

    Raises:
        ConfigError: it is none, or names weights.
    """
    spec = parse_spec(text)
    if spec is None:
        raise ConfigError(f"Could not read '{text}' as a network. Expected {FORMS}.")
    if spec.weights is not None:
        raise ConfigError(
            f"--model names a network without weights, got '{text}'. Give the file as the checkpoint, or "
            f"'{text}' as the checkpoint without --model."
        )
    return spec


def with_model(source: str, model: str) -> str:
    """The checkpoint ``source`` as a file of weights of the network ``model``; one that names its network stays."""
    return source if parse_spec(source) is not None else f"{model}{AT}{source}"
