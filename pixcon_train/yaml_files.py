"""YAML as people write it: ``5e-6`` is a number, a duplicate key is an error, and a broken file is one message."""

import re
from pathlib import Path
from typing import Any

import yaml

from pixcon_train.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """Safe loading with YAML 1.2's floats; PyYAML's own 1.1 rule reads ``5e-6`` as a string."""


class _Dumper(yaml.SafeDumper):
    """Quotes the strings that :class:`_Loader` would read as numbers."""


_FLOAT = re.compile(r"^[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?$|^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$")
for _kind in (_Loader, _Dumper):
    _kind.yaml_implicit_resolvers = {
        first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:float"]
        for first, rules in _kind.yaml_implicit_resolvers.items()
    }
    _kind.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    """A dict of ``node``; a key given twice is an error, since one of the two values would be lost silently."""
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for position, key in enumerate(keys):
        if key in keys[:position]:
            raise yaml.MarkedYAMLError(
                problem=f"key {key!r} is given twice", problem_mark=node.value[position][0].start_mark
            )
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse_yaml(text: str, source: str) -> Any:
    """The value that ``text`` writes.

    Raises:
        ConfigError: ``text`` is not YAML; the message names ``source`` and the place.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not valid YAML: {' '.join(str(error).split())}") from error


def read_yaml_mapping(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds; empty for an empty file.

    Raises:
        ConfigError: the file is missing, unreadable, not YAML, or does not hold a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise ConfigError(f"Could not read the configuration {path}: {reason}.") from error
    value = parse_yaml(text, str(path))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(
            f"{path} holds a {type(value).__name__}; expected a mapping such as 'schedule: {{epochs: 10}}'."
        )
    return value


def dump_yaml(value: Any) -> str:
    """``value`` as YAML in the order given; :func:`parse_yaml` reads it back unchanged."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False)
