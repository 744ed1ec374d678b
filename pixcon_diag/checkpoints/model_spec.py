"""SPEC: which code builds a network whose layout is not known, and with which weights."""

import re
from collections.abc import Iterator
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
_CODE = re.compile(r"([^\W\d]\w*(\.[^\W\d]\w*)*|.+\.py):[^\W\d]\w*", re.DOTALL)
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

    Where several ``@`` could begin the weights, the folder of ``hf:`` and ``smp:`` is the longest one that is there.

    Example:
        >>> parse_spec("torchvision:fcn_resnet50@best.pth")
        ModelSpec(kind='torchvision', name='fcn_resnet50', weights='best.pth')
        >>> parse_spec("net.py:build").kind, parse_spec("runs/a"), parse_spec("hf://owner/repo/best.pth")
        ('code', None, None)
    """
    if exists(Path(text)):
        return None
    if (found := _LIBRARY.fullmatch(text)) is not None:
        kind: Kind = found["kind"]  # type: ignore[assignment]
        whole, *parts = (ModelSpec(kind, *split) for split in _splits(found["name"]))
        folder = next((spec for spec in (whole, *reversed(parts)) if spec.folder is not None), None)
        return folder or next(iter(parts), whole)
    whole, *parts = (ModelSpec("code", *split) for split in _splits(text))
    return next((spec for spec in (*parts, whole) if _CODE.fullmatch(spec.name)), None)


def _splits(text: str) -> Iterator[tuple[str, str | None]]:
    """The whole text without weights, then name and weights at each :data:`AT`, from the left: a folder's or a file's
    name may have one too, and so may an address on the hub."""
    yield text, None
    words = text.split(AT)
    for count in range(1, len(words)):
        name, weights = AT.join(words[:count]), AT.join(words[count:])
        if name and weights:
            yield name, weights


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


def refuse_spec(source: str) -> None:
    """Check that ``source`` is no SPEC, where a file of weights is expected.

    Raises:
        ConfigError: it is one; the message has the commands that it stands in.
    """
    spec = parse_spec(source)
    if spec is None:
        return
    files = [] if spec.folder is None else sorted(str(path) for path in spec.folder.glob("*.safetensors"))
    weights = spec.weights or next(iter(files), None)
    inspected = f" Its weights are inspected with `pixcon-diag inspect {weights}`." if weights else ""
    raise ConfigError(
        f"{source} names a network, not a file of weights. It is measured with `pixcon-diag contamination {source}`, "
        f"or any other command.{inspected}"
    )


def with_model(source: str, model: str) -> str:
    """The checkpoint ``source`` as a file of weights of the network ``model``; one that names its network stays."""
    return source if parse_spec(source) is not None else f"{model}{AT}{source}"
