"""Folders of networks as ``save_pretrained`` writes them, on this machine or on the hub."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.files import read_json, sha256
from pixcon_train.core.hints import hint
from pixcon_train.core.paths import exists, is_file, is_folder

CONFIG = "config.json"
_PATTERNS = ("*.json", "*.safetensors")
"""Files that are fetched: no pickles, no code."""
_OWNER_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def require_extra(package: str, spec: str, extra: str) -> None:
    """Check that an optional package is installed.

    Raises:
        ConfigError: it is not.
    """
    if find_spec(package) is None:
        raise ConfigError(f"{spec} needs {package}, which is not installed: pip install 'pixcon-diag[{extra}]'")


def local_folder(name: str) -> Path:
    """The folder ``name``, or that of ``owner/name`` on the hub, fetched without pickles and code.

    Raises:
        CheckpointError: it is neither, or cannot be fetched.
    """
    folder = Path(name)
    if is_folder(folder):
        return folder
    near = hint(folder.name, _folders_beside(folder))
    if exists(folder) or not _OWNER_NAME.fullmatch(name):
        raise CheckpointError(
            f"No folder at {name}{near}. Expected one that save_pretrained wrote, or owner/name on the hub."
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(_PATTERNS)))
    except Exception as error:  # as for a file on the hub: classes of several libraries
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise CheckpointError(
            f"There is no folder {name}{near}, and the hub does not give it: {reason}. Check owner, name and network, "
            "or download it and give its folder."
        ) from error


def _folders_beside(path: Path) -> list[str]:
    return [one.name for one in path.parent.iterdir() if is_folder(one)] if is_folder(path.parent) else []


def read_config(folder: Path) -> dict[str, Any]:
    """The content of a folder's ``config.json``.

    Raises:
        CheckpointError: there is none, or it is damaged.
    """
    file = folder / CONFIG
    if not is_file(file):
        raise CheckpointError(f"{folder} has no {CONFIG}. Expected a folder that save_pretrained wrote.")
    try:
        content = read_json(file)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file} cannot be read: {error}.") from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{file} holds a {type(content).__name__}; expected the configuration of a network.")
    return content


def config_hash(folder: Path) -> str:
    """SHA-256 of a folder's ``config.json``."""
    return sha256(folder / CONFIG)


def require_safetensors(folder: Path) -> None:
    """Check that a folder's weights are safetensors, as pickles are not read.

    Raises:
        CheckpointError: they are not.
    """
    if not any(folder.glob("*.safetensors")):
        others = sorted(path.name for path in (*folder.glob("*.bin"), *folder.glob("*.pt*")))
        has = f"its weights are {', '.join(others)}" if others else "it has no weights"
        raise CheckpointError(
            f"{folder} has no .safetensors file: {has}. Save it with save_pretrained(FOLDER, safe_serialization=True), "
            "or name the file of weights: SPEC@weights.pth."
        )
