"""Finding and reading a checkpoint file: a path, or an address on the Hugging Face hub."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.weight_files import EXPECTED, read_weights

HUB = "hf://"


@dataclass(frozen=True)
class CheckpointFile:
    """A checkpoint file's content, on the CPU."""

    source: str
    """As it was asked for: a path, or ``hf://owner/repo/file``."""
    path: Path
    """Where it lies on this machine."""
    sha256: str
    content: dict[str, Any]
    """The dictionary it holds; tensors by key for safetensors."""
    metadata: dict[str, str]
    """What a safetensors file says beside its tensors; empty otherwise."""
    verified: bool
    """Whether the content was compared with checksums of the file; False where the file has none."""


def read_file(source: str | Path) -> CheckpointFile:
    """Read a checkpoint from a path or from the hub (``hf://owner/repo[@revision]/file``).

    Raises:
        CheckpointError: the file is missing, truncated, damaged, no checkpoint, changes while it is read, holds
            something other than a dictionary, or holds objects that could not be restored without running code (which
            is not done).
    """
    text = str(source)
    path = _download(text) if text.startswith(HUB) else Path(source)
    read = read_weights(path)
    if not isinstance(read.content, dict):
        raise CheckpointError(f"{path} holds a {type(read.content).__name__}, not a dictionary of weights. {EXPECTED}")
    return CheckpointFile(text, path, read.sha256, read.content, read.metadata, read.verified)


def _download(source: str) -> Path:
    """The local copy of a file on the Hugging Face hub."""
    from huggingface_hub import hf_hub_download  # loads an HTTP client, which a path on disk does not need

    found = re.fullmatch(rf"{HUB}(?P<repo>[^/@]+/[^/@]+)(@(?P<revision>[^/]+))?/(?P<file>.+)", source)
    if found is None:
        raise CheckpointError(f"Could not read {source!r} as an address on the hub. Expected {HUB}owner/repo/file.")
    try:
        return Path(hf_hub_download(found["repo"], found["file"], revision=found["revision"]))
    # The hub's client raises classes of several libraries (HTTP, file locks, validation); each means: no file.
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise CheckpointError(
            f"Could not get {source}: {reason}. Check owner, repository, file name and network, or download it "
            "and give its path."
        ) from error
