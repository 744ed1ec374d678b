"""The folder of a run: its name, protection from overwriting, and the configuration of a resumed run."""

from pathlib import Path
from typing import Any

from pixcon_train.config.named_paths import require_own_paths
from pixcon_train.config.resolve import Layer, build_config, commented_yaml, dotted_layer
from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import file_stem, write_text
from pixcon_train.core.paths import exists
from pixcon_train.core.yaml_files import flatten
from pixcon_train.runs.checkpoint import describe_checkpoint
from pixcon_train.runs.file_names import CONFIG, LATEST, is_folder_name

CHANGEABLE = ("runtime.", "schedule.patience", "data.root")
"""Prefixes of keys that may change on resume: hardware and logging, patience, the data root."""


class OtherRunError(ConfigError):
    """A run cannot be resumed with other values; ``differences`` names each, with both values."""

    def __init__(self, differences: str) -> None:
        super().__init__(
            f"{differences} on resume: the result would match neither configuration. Leave the option out, or start a "
            "new run with --name."
        )
        self.differences = differences


def run_name(config: TrainConfig) -> str:
    """Name of a run's folder: data set, preset, bank rule and seed."""
    return f"{file_stem(config.data.dataset)}-{config.preset}-{config.bank.rule}-{config.seed}"


def run_folder(parent: Path, name: str) -> Path:
    """The folder of a run in ``parent``.

    Raises:
        ConfigError: ``name`` is no plain name of a file, so that it would lie elsewhere.
    """
    if not is_folder_name(name):
        raise ConfigError(
            f"{name!a} is no name for a run's folder. Give a plain name, and its parent as --runs FOLDER."
        )
    return parent / name


def refuse_to_overwrite(folder: Path) -> None:
    """Check that a new run in ``folder`` overwrites nothing.

    Raises:
        ConfigError: a run is there already.
    """
    latest = folder / LATEST
    if not exists(latest):
        return
    if describe_checkpoint(latest).progress.get("finished"):
        raise ConfigError(f"{folder} already holds a finished run. Keep both: --name OTHER-NAME; or remove it.")
    raise ConfigError(
        f"{folder} already holds an unfinished run. Go on: --resume {folder}; or keep both: --name OTHER-NAME."
    )


def resume_config(folder: Path, changes: dict[str, Any], *, allow_outside: bool = False) -> TrainConfig:
    """Configuration of the run in ``folder`` updated by ``changes`` (by dotted key).

    Args:
        allow_outside: whether the run may name any root and file, and not only the user's.

    Raises:
        CheckpointError: there is no run to resume.
        OtherRunError: a change is not possible on resume.
        ConfigError: a key is unknown, a value does not fit, or the run names a root or file that is not the user's.
    """
    saved = Layer(str(folder / LATEST), describe_checkpoint(folder / LATEST).config)
    config = build_config([saved, dotted_layer("the command line", changes)])
    before, after = (flatten(values.model_dump()) for values in (build_config([saved]), config))
    changed = [key for key in after if after[key] != before[key] and not key.startswith(CHANGEABLE)]
    if changed:
        values = (f"'{key}' is {before[key]!r} in {folder} and cannot change to {after[key]!r}" for key in changed)
        raise OtherRunError(", ".join(values))
    if not allow_outside:
        named = {key: value for key, value in flatten(saved.values).items() if key not in changes}
        require_own_paths(named, saved.source)
    return config


def save_config(folder: Path, config: TrainConfig) -> None:
    """Write the resolved configuration into the run's folder."""
    write_text(folder / CONFIG, commented_yaml(config))
