"""The kinds of input that are tried."""

from tests.fuzz import checkpoints
from tests.fuzz.case import Kind

KINDS: dict[str, Kind] = {"checkpoints": checkpoints}
