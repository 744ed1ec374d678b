"""The options that decide a training configuration, shared by `run` and `show-config`."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from pixcon_cli.help import options_under
from pixcon_train.config.resolve import (
    DEFAULT_PRESET,
    dotted_layer,
    file_layer,
    parse_assignments,
    preset_names,
    resolve_config,
)
from pixcon_train.config.schema import TrainConfig

_FILE = click.Path(path_type=Path)

# First-class options and the configuration key that each one sets.
_KEYS: dict[str, tuple[str, Any, str]] = {
    "--dataset": ("data.dataset", str, "Built-in data set, or a data set's YAML file.  [default: digits]"),
    "--data-root": ("data.root", _FILE, "Folder the lists' paths start from (or PIXCON_DATA_ROOT)."),
    "--labeled": ("data.labeled", _FILE, "List of labeled images: one `IMAGE MASK` a line."),
    "--unlabeled": ("data.unlabeled", _FILE, "List of unlabeled images."),
    "--val": ("data.val", _FILE, "List of validation images."),
    "--val-limit": ("data.val_limit", int, "Validate on the first N images."),
    "--crop": ("data.crop", int, "Edge of the training crop, a multiple of 14."),
    "--arch": ("model.architecture", str, "unimatch_v2 or pixcon."),
    "--size": ("model.size", str, "nano, small, base, large or giant."),
    "--pretrained": ("model.pretrained", str, "Encoder weights: hub, none, or a .pth or .safetensors file."),
    "--bank": ("bank.rule", str, "Admission rule: none, clean, labeled, soft, confidence or pseudo."),
    "--epochs": ("schedule.epochs", int, "Passes over the unlabeled list."),
    "--batch": ("schedule.batch", int, "Effective batch (labeled images, and as many unlabeled)."),
    "--micro-batch": ("schedule.micro_batch", int, "Images of each kind in one forward pass."),
    "--patience": ("schedule.patience", int, "Stop after N validations without a better EMA mIoU."),
    "--lr": ("optimizer.lr", float, "Peak learning rate of the encoder."),
    "--seed": ("seed", int, "Seed of every random draw.  [default: 0]"),
    "--device": ("runtime.device", str, "auto, cpu, cuda or mps.  [default: auto]"),
    "--precision": ("runtime.precision", str, "fp32, bf16 or fp16.  [default: fp32]"),
    "--workers": ("runtime.workers", int, "Data loader processes."),
}

_HEADINGS = {
    "Images": ("data",),
    "Model": ("model",),
    "Method": ("bank",),
    "Schedule": ("schedule", "optimizer", "seed"),
    "Machine": ("runtime",),
}
"""Headings of the help and the sections of the configuration whose options stand under each."""


def _name(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of a configuration; it receives them all as keyword arguments."""
    presets = ", ".join(preset_names())
    recipe = [
        click.option("--preset", metavar="NAME", help=f"Recipe to start from: {presets}.  [default: {DEFAULT_PRESET}]"),
        click.option("--recipe", metavar="NAME", help="Values of another data set's recipe; `small` suits a CPU."),
        click.option("--config", "config_file", type=_FILE, help="YAML file of configuration values."),
        click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Any value, by its dotted key."),
    ]
    groups = [options_under("Recipe", recipe)]
    for heading, sections in _HEADINGS.items():
        under = [each for each in _KEYS.items() if each[1][0].partition(".")[0] in sections]
        options = [click.option(flag, _name(flag), type=kind, help=text) for flag, (_, kind, text) in under]
        groups.append(options_under(heading, options))
    return reduce(lambda wrapped, group: group(wrapped), reversed(groups), command)


def command_line_values(arguments: dict[str, Any]) -> dict[str, Any]:
    """The values by dotted key that the command line sets; `--set` goes before a first-class option."""
    given = {key: arguments[_name(flag)] for flag, (key, _, _) in _KEYS.items() if arguments[_name(flag)] is not None}
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in given.items()}
    return plain | parse_assignments(arguments["assignments"])


def resolve_arguments(arguments: dict[str, Any]) -> TrainConfig:
    """The configuration that the options describe.

    Raises:
        ConfigError: an unknown preset, recipe, data set or key, or a value that does not fit.
    """
    above = [file_layer(arguments["config_file"])] if arguments["config_file"] else []
    above.append(dotted_layer("the command line", command_line_values(arguments)))
    return resolve_config(above, preset=arguments["preset"], recipe=arguments["recipe"])
