"""Reading YAML: ``5e-6`` is a number, a duplicate key is an error, and each error is one message."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import read_input

_LONGEST = 50_000
"""Most characters of a YAML file: PyYAML takes seconds for as many, and configurations have a few thousand."""
_MOST_VALUES = 100_000
"""Most values of a YAML file, with aliases expanded."""

_MOST_DIGITS = 100
_DEEPEST = 50


class _Loader(yaml.SafeLoader):
    """Safe loading with YAML 1.2's floats; PyYAML's own 1.1 rule reads ``5e-6`` as a string."""

    def fetch_flow_collection_start(self, kind: Any) -> None:
        """Begin a list or mapping in brackets; PyYAML's time grows with the square of their depth."""
        if self.flow_level >= _DEEPEST:
            raise yaml.MarkedYAMLError(
                problem=f"brackets are nested more than {_DEEPEST} levels deep", problem_mark=self.get_mark()
            )
        super().fetch_flow_collection_start(kind)


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
    mapping: dict[Any, Any] = {}
    for name, value in node.value:
        if not isinstance(name, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(
                problem="a key is a list or a mapping, expected a name", problem_mark=name.start_mark
            )
        key = loader.construct_object(name, deep=True)
        if key in mapping:
            raise yaml.MarkedYAMLError(problem=f"key {key!r} is given twice", problem_mark=name.start_mark)
        mapping[key] = loader.construct_object(value, deep=True)
    return mapping


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    """An integer of a plausible length: converting one of 90,000 digits takes seconds, and so does printing it."""
    if len(str(node.value)) > _MOST_DIGITS:
        raise yaml.MarkedYAMLError(
            problem=f"a number has {len(node.value):,} digits, expected at most {_MOST_DIGITS}",
            problem_mark=node.start_mark,
        )
    return int(loader.construct_yaml_int(node))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


class _TextLoader(_Loader):
    """Reads every plain word as text: ``no`` is a name, not false."""


_TextLoader.yaml_implicit_resolvers = {}


def parse_yaml(text: str, source: str, *, as_text: bool = False) -> Any:
    """The value of the YAML document ``text``.

    Args:
        as_text: read numbers, dates and words such as ``no`` as text.

    Raises:
        ConfigError: ``text`` is not YAML, or too large; the message names ``source`` and the position.
    """
    if len(text) > _LONGEST:
        raise ConfigError(f"{source} has {len(text):,} characters; expected a YAML file of at most {_LONGEST:,}.")
    try:
        value = yaml.load(text, Loader=_TextLoader if as_text else _Loader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not valid YAML: {' '.join(str(error).split())}") from error
    except RecursionError:
        raise ConfigError(f"{source} is nested too deeply; expected a few levels of keys.") from None
    except Exception as error:  # PyYAML's constructors raise anything: a number of 10,000 digits, the date 2001-99-99
        raise ConfigError(f"{source} is not valid YAML: {' '.join(str(error).split()) or 'a bad value'}") from error
    _check_size(value, source)
    return value


def _check_size(value: Any, source: str) -> None:
    """Raise where ``value`` has too many values, as nested aliases can have."""
    count, waiting = 0, [value]
    while waiting:
        count += 1
        if count > _MOST_VALUES:
            raise ConfigError(
                f"{source} holds more than {_MOST_VALUES:,} values, aliases written out. Write it shorter."
            )
        last = waiting.pop()
        if isinstance(last, dict):
            waiting += last.values()
        elif isinstance(last, list):
            waiting += last


def read_yaml_mapping(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds; empty for an empty file.

    Raises:
        ConfigError: the file is missing, unreadable, not YAML, or does not hold a mapping.
    """
    value = parse_yaml(read_input(path, f"The configuration {path}", ConfigError), str(path))
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


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by dotted key; an empty section has none."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
