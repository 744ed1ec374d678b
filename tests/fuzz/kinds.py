"""The kinds of input that are tried."""

from tests.fuzz import checkpoints, names
from tests.fuzz.case import Kind

KINDS: dict[str, Kind] = {"checkpoints": checkpoints, "names": names}
