"""Stored statistics, named ``part.statistic``."""

from collections.abc import Mapping

import numpy as np


def part(state: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """The statistics called ``name.…``, without that prefix."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
