"""Results as plain data."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pixcon_train.core.foreign_text import html_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Serializable:
    """Base of the results that consist of numbers, strings and other such dataclasses."""

    def to_dict(self) -> dict[str, Any]:
        """The result as nested dicts and tuples, ready for JSON."""
        return asdict(self)

    def to_frame(self) -> "pd.DataFrame":
        """The result as a data frame with the columns ``quantity`` and ``value``, a row per number or string."""
        import pandas as pd

        return pd.DataFrame([*_numbers(self.to_dict())], columns=["quantity", "value"])

    def _repr_html_(self) -> str:
        """Numbers and strings as a table; sequences by their lengths."""
        shown = ((name, text) for name, text in _summary(self.to_dict()))
        rows = "".join(f"<tr><td>{html_text(name)}</td><td>{html_text(text)}</td></tr>" for name, text in shown)
        return f"<table><caption>{type(self).__name__}</caption><tbody>{rows}</tbody></table>"


def _numbers(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and string in a nested value, by its path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, str) or not hasattr(value, "__len__"):
        yield name, value
    else:
        for index, inner in enumerate(value):
            yield from _numbers(inner, f"{name}[{index}]")


def _summary(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """A line for each number and string; a sequence is one line."""
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _summary(inner, f"{prefix}{key}.")
        elif isinstance(inner, float):
            yield f"{prefix}{key}", f"{inner:.6g}"
        elif isinstance(inner, str) or not hasattr(inner, "__len__"):
            yield f"{prefix}{key}", str(inner)
        else:
            yield f"{prefix}{key}", f"{len(inner)} values"
