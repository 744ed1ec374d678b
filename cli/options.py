"""Options of a training configuration, shared by `run` and `show-config`."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from pixcon_cli.help import options_under
from pixcon_train.config.resolve import (
    DEFAULT_PRESET,
    describe_key,
    dotted_layer,
    file_layer,
    parse_assignments,
    preset_names,
    resolve_config,
)
from pixcon_train.config.schema import TrainConfig

_FILE = click.Path(path_type=Path)

# First-class options: the configuration key that each one sets, and its type.
_KEYS: dict[str, tuple[str, Any]] = {
    "--dataset": ("data.dataset", str),
    "--data-root": ("data.root", _FILE),
    "--labeled": ("data.labeled", _FILE),
    "--unlabeled": ("data.unlabeled", _FILE),
    "--val": ("data.val", _FILE),
    "--val-limit": ("data.val_limit", int),
    "--crop": ("data.crop", int),
    "--arch": ("model.architecture", str),
    "--size": ("model.size", str),
    "--encoder": ("model.encoder", str),
    "--pretrained": ("model.pretrained", str),
    "--bank": ("bank.rule", str),
    "--epochs": ("schedule.epochs", int),
    "--batch": ("schedule.batch", int),
    "--micro-batch": ("schedule.micro_batch", int),
    "--patience": ("schedule.patience", int),
    "--lr": ("optimizer.lr", float),
    "--seed": ("seed", int),
    "--device": ("runtime.device", str),
    "--precision": ("runtime.precision", str),
    "--workers": ("runtime.workers", int),
    "--keep-every": ("runtime.keep_every", int),
}

_HEADINGS = {
    "Images": ("data",),
    "Model": ("model",),
    "Method": ("bank",),
    "Schedule": ("schedule", "optimizer", "seed"),
    "Machine": ("runtime",),
}
"""Headings of the help by the sections of the configuration."""


def _name(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of a configuration; it receives them as keyword arguments."""
    presets = ", ".join(preset_names())
    recipe = [
        click.option("--preset", metavar="NAME", help=f"Recipe to start from: {presets}.  [default: {DEFAULT_PRESET}]"),
        click.option("--recipe", metavar="NAME", help="Values of another data set's recipe; `small` suits a CPU."),
        click.option("--config", "config_file", type=_FILE, help="YAML file of configuration values."),
        click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Any value, by its dotted key."),
    ]
    groups = [options_under("Recipe", recipe)]
    for heading, sections in _HEADINGS.items():
        options = [
            click.option(flag, _name(flag), type=kind, help=describe_key(key))
            for flag, (key, kind) in _KEYS.items()
            if key.partition(".")[0] in sections
        ]
        groups.append(options_under(heading, options))
    return reduce(lambda wrapped, group: group(wrapped), reversed(groups), command)


def command_line_values(arguments: dict[str, Any]) -> dict[str, Any]:
    """Values set on the command line by dotted key; `--set` takes precedence over a specific option."""
    values = {key: arguments[_name(flag)] for flag, (key, _) in _KEYS.items() if arguments[_name(flag)] is not None}
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in values.items()}
    return plain | parse_assignments(arguments["assignments"])


def resolve_arguments(arguments: dict[str, Any]) -> TrainConfig:
    """The configuration of the options.

    Raises:
        ConfigError: an unknown preset, recipe, data set or key, or a value that does not fit.
    """
    above = [file_layer(arguments["config_file"])] if arguments["config_file"] else []
    above.append(dotted_layer("the command line", command_line_values(arguments)))
    return resolve_config(above, preset=arguments["preset"], recipe=arguments["recipe"])
