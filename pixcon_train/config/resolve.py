"""Resolving a configuration: defaults < preset < file < command line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from pixcon_train.config.schema import Section, TrainConfig
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.hints import hint
from pixcon_train.core.records import shortened
from pixcon_train.core.yaml_files import dump_yaml, flatten, parse_yaml, read_yaml_mapping
from pixcon_train.data.specs import get_spec

DEFAULT_PRESET = "pixcon"


@dataclass(frozen=True)
class Layer:
    """Values and their source, which messages name."""

    source: str
    values: Mapping[str, Any]


def known_keys(section: type[Section] = TrainConfig, prefix: str = "") -> dict[str, FieldInfo]:
    """Every dotted key of a configuration and its field, in the order of declaration."""
    keys: dict[str, FieldInfo] = {}
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            keys |= known_keys(field.annotation, f"{prefix}{name}.")
        else:
            keys[prefix + name] = field
    return keys


def preset_names() -> list[str]:
    """Names of the presets in the package."""
    folder = files("pixcon_train.config").joinpath("presets")
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def read_preset(name: str) -> dict[str, Any]:
    """A preset's ``about`` (str), ``values`` (for every data set) and ``recipes`` (values by name of the recipe).

    Raises:
        ConfigError: there is no such preset.
    """
    if name not in preset_names():
        raise ConfigError(f"No preset '{name}'{hint(name, preset_names())}. There are: {', '.join(preset_names())}.")
    text = files("pixcon_train.config").joinpath("presets", f"{name}.yaml").read_text(encoding="utf-8")
    return dict(parse_yaml(text, f"preset {name}"))


def preset_layers(name: str, recipe: str) -> list[Layer]:
    """The layers of preset ``name`` for ``recipe``, a group of data sets with common values.

    Raises:
        ConfigError: no such preset, or it has no such recipe.
    """
    preset = read_preset(name)
    recipes = preset["recipes"]
    if recipe not in recipes:
        raise ConfigError(
            f"Preset '{name}' has no recipe '{recipe}'{hint(recipe, recipes)}. It has: {', '.join(recipes)}."
        )
    layers = [Layer(f"preset {name}", {"preset": name, **preset["values"]})]
    values = dict(recipes[recipe])
    parent = values.pop("like", None)  # a recipe may extend another one
    if parent is not None:
        layers.append(Layer(f"preset {name}, recipe {parent}", recipes[parent]))
    return [*layers, Layer(f"preset {name}, recipe {recipe}", values)]


def file_layer(path: Path) -> Layer:
    """The layer of a user's YAML file."""
    return Layer(str(path), read_yaml_mapping(path))


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Values by dotted key of ``key.path=value`` strings; a value is read as YAML.

    Raises:
        ConfigError: a string has no ``=`` or its value is not YAML.
    """
    values: dict[str, Any] = {}
    for text in assignments:
        key, separator, value = text.partition("=")
        if not separator or not key.strip():
            raise ConfigError(f"'{text}' is no assignment; expected key.path=value, such as schedule.epochs=20.")
        values[key.strip()] = parse_yaml(value, f"the value of {key.strip()}")
    return values


def dotted_layer(source: str, values: Mapping[str, Any]) -> Layer:
    """A layer from values by dotted key."""
    nested: dict[str, Any] = {}
    for key, value in values.items():
        *parents, last = key.split(".")
        section = nested
        for parent in parents:
            section = section.setdefault(parent, {})
            if not isinstance(section, dict):
                raise ConfigError(f"'{key}' in {source} goes into '{parent}', which is a value and not a section.")
        section[last] = value
    return Layer(source, nested)


def build_config(layers: Iterable[Layer]) -> TrainConfig:
    """The configuration of ``layers``; later ones take precedence.

    Raises:
        ConfigError: an unknown key (with the nearest known one), a value that does not fit, or a value missing.
    """
    layers = list(layers)
    merged: dict[str, Any] = {}
    for layer in layers:
        _check_keys(layer)
        merged = merge(merged, layer.values)
    try:
        return TrainConfig.model_validate(merged)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(detail, layers) for detail in error.errors())) from error


def resolve_config(above: Sequence[Layer], *, preset: str | None = None, recipe: str | None = None) -> TrainConfig:
    """The configuration of a preset and the layers ``above`` it.

    ``preset`` and ``recipe`` take precedence over the layers; by default they are the layers' preset, else
    :data:`DEFAULT_PRESET`, and the recipe of the layers' data set, else of `digits`.

    Raises:
        ConfigError: an unknown preset, recipe, data set or key, or a value that does not fit.
    """
    values: dict[str, Any] = reduce(merge, (dict(layer.values) for layer in above), {})
    # A name that YAML reads as a number is still a name.
    preset = str(preset or lookup(values, "preset") or DEFAULT_PRESET)
    dataset = str(lookup(values, "data.dataset") or "digits")
    chosen = Layer("the command line", {"preset": preset, "data": {"dataset": dataset}})
    return build_config([*preset_layers(preset, recipe or get_spec(dataset).recipe), *above, chosen])


def load_config(
    path: str | Path | None = None,
    *,
    preset: str | None = None,
    recipe: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> TrainConfig:
    """A checked training configuration: preset < file < values.

    Args:
        path: YAML file, such as a run's ``config.yaml``; none where None.
        preset: recipe to start from; the file's, else ``pixcon``.
        recipe: group of data sets whose values it takes; the data set's own where None.
        values: further values by dotted key, such as ``{"schedule.epochs": 20}``.

    Raises:
        ConfigError: the file cannot be read, an unknown preset, recipe, data set or key, or a value that does not fit.

    Example:
        >>> load_config(preset="unimatch-v2", recipe="small", values={"seed": 3}).seed
        3
    """
    layers = [] if path is None else [file_layer(Path(path))]
    return resolve_config([*layers, dotted_layer("values", values or {})], preset=preset, recipe=recipe)


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``below`` updated by the values of ``above``, section by section; both stay unchanged."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def lookup(values: Any, key: str) -> Any:
    """The value at dotted ``key``, or None where there is none."""
    for part in key.split("."):
        if not isinstance(values, Mapping) or part not in values:
            return None
        values = values[part]
    return values


def _check_keys(layer: Layer) -> None:
    """Raise for the first unknown key of ``layer``."""
    known = known_keys()
    sections = {key.rsplit(".", 1)[0] for key in known if "." in key}
    for key in flatten(layer.values):
        if key in sections:
            raise ConfigError(
                f"'{key}' in {layer.source} is a section; set one of its values, such as {key}.NAME=VALUE."
            )
        if key not in known:
            raise ConfigError(f"Unknown configuration key '{key}' in {layer.source}{hint(key, known)}.")


def _explain(detail: Any, layers: list[Layer]) -> str:
    """The message for one of pydantic's errors: key, value, source, what was expected."""
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "missing":
        return f"No value for '{key}': neither a preset nor the command line sets it."
    message = detail["msg"].removeprefix("Value error, ")
    source = next((layer.source for layer in reversed(layers) if lookup(layer.values, key) is not None), "the defaults")
    if isinstance(detail["input"], Mapping):
        return f"'{key}': {message}." if key else f"{message}."
    return f"'{key}' is {shortened(detail['input'])} in {source}: {message}."


def describe_key(key: str) -> str:
    """The description of dotted ``key``, with its default if that does not depend on the preset."""
    field = known_keys()[key]
    default = f"  [default: {field.default}]" if not field.is_required() and field.default is not None else ""
    return " ".join((field.description or "").split()) + default


def commented_yaml(section: Section, indent: str = "") -> str:
    """``section`` as YAML for ``--config``, each value below its description as a comment."""
    lines: list[str] = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            about = (type(value).__doc__ or "").strip()
            lines += ["", f"{indent}# {about}", f"{indent}{name}:", commented_yaml(value, indent + "  ").rstrip()]
        else:
            about = " ".join((field.description or "").split())
            lines += [f"{indent}# {about}", indent + dump_yaml({name: value}).rstrip()]
    return "\n".join(lines) + "\n"
