"""Results as plain data."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Serializable:
    """Base of the results that consist of numbers, strings and other such dataclasses."""

    def to_dict(self) -> dict[str, Any]:
        """The result as nested dicts and tuples, ready for JSON."""
        return asdict(self)
