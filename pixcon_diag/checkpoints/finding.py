"""The file of a checkpoint, and the folder of its cached results."""

import os
import re
from itertools import islice
from pathlib import Path
from typing import Literal

from pixcon_diag.checkpoints.model_spec import parse_spec
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.files import open_regular
from pixcon_train.core.paths import exists, is_file, is_folder
from pixcon_train.core.pickle_values import LEGACY
from pixcon_train.core.shell import quoted_line
from pixcon_train.data.confinement import is_inside
from pixcon_train.data.digits import cache_folder
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, CHECKPOINT_FORMAT, LATEST

HUB = "hf://"
"""How an address on the Hugging Face hub begins."""
RESULTS = "diag"
"""Name of the folder for cached results."""
_MAPS = (".png", ".npz", ".npy")
"""Endings of predictions, but those that weights have too."""
_LOOKED_AT = 1000
"""Most files of a folder that are looked at for predictions."""
_START = 2**16
"""Bytes that contain the format of a checkpoint of this project, the first entry of its content."""

WeightsAsked = Literal["ema", "student"] | None
"""The requested network; None for the EMA teacher, or the only network of a file."""


def local_file(source: str, weights: WeightsAsked = None) -> Path:
    """Path of the checkpoint ``source`` on this machine; one on the hub (``hf://owner/repo[@revision]/file``) is
    downloaded first.

    Raises:
        CheckpointError: a folder without a checkpoint, or a failed download.
    """
    return _download(source) if source.startswith(HUB) else checkpoint_path(Path(source), weights)


def results_folder(source: str) -> Path:
    """Folder for results of the checkpoint ``source``, a file or an address: ``diag`` beside it, or in the user's cache
    where that cannot be written or is a link out of the folder, which may come with a checkpoint from someone else.
    Those of ``SPEC@weights`` are beside the weights, and those of a SPEC of a folder in it."""
    spec = parse_spec(source)
    if spec is not None and spec.weights is not None:
        return results_folder(spec.weights)
    if source.startswith(HUB) or (spec is not None and spec.folder is None):
        return cache_folder() / RESULTS
    beside = (Path(source).parent if spec is None else Path(spec.name)) / RESULTS
    if not is_inside(beside, beside.parent):
        return cache_folder() / RESULTS
    return beside if os.access(beside if exists(beside) else beside.parent, os.W_OK) else cache_folder() / RESULTS


def checkpoint_path(path: Path, weights: WeightsAsked = None) -> Path:
    """``path`` itself, or in a run's folder the checkpoint of the best epoch of the requested weights.

    Raises:
        CheckpointError: a folder without a checkpoint of this project.
    """
    if not is_folder(path):
        return path
    names = _names(weights)
    for name in names:
        if is_file(path / name):
            return path / name
    lacks = f"The folder {path} holds no checkpoint ({' or '.join(names)})"
    saved = f", or name the network that save_pretrained wrote: hf:{path} or smp:{path}"
    if not is_file(path / "config.json"):
        saved = ""
        if any(file.suffix in _MAPS for file in islice(path.rglob("*"), _LOOKED_AT)):
            line = quoted_line(["pixcon-diag", "doctor", "--predictions", str(path)])
            raise CheckpointError(
                f"{lacks}, but images or arrays. If they are predictions, measure them: `{line} --dataset NAME "
                "--data-root ROOT --list LIST` (docs/saved-maps.md)."
            )
    raise CheckpointError(f"{lacks}. Expected a run's folder or a folder of runs, or give a file's path{saved}.")


def is_run(folder: Path, weights: WeightsAsked = None) -> bool:
    """Whether ``folder`` holds a checkpoint of a run of this project."""
    return any(is_file(folder / name) for name in _names(weights))


def may_be_run(source: str) -> bool:
    """Whether ``source`` may be a checkpoint of this project, judged by a folder or the start of a file.

    An address on the hub may be: it is not downloaded.
    """
    path = Path(source)
    if parse_spec(source) is not None:
        return False
    if source.startswith(HUB) or is_folder(path):
        return True
    try:
        with open_regular(path) as handle:
            return CHECKPOINT_FORMAT.encode() in handle.read(_START)
    except OSError:  # loading the file reports the error
        return True


def is_legacy(path: Path) -> bool:
    """Whether the file is in torch's format from before it wrote zip files, which is read only if asked for."""
    with open_regular(path) as handle:
        return handle.read(len(LEGACY)) == LEGACY


def _names(weights: WeightsAsked) -> tuple[str, str]:
    """Checkpoints of a run's folder in the order of preference."""
    return BEST_STUDENT if weights == "student" else BEST_EMA, LATEST


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
