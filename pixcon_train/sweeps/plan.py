"""What is known of the runs of a sweep before they start: their GPU-hours, and data that are missing."""

import math
from collections.abc import Iterator, Sequence

from pixcon_train.config.schema import DataConfig
from pixcon_train.core.errors import PixConError
from pixcon_train.data.digits import NAME as BUILT_IN
from pixcon_train.data.sources import open_dataset
from pixcon_train.engine.cost import LISTS, images_in, run_cost
from pixcon_train.sweeps.grid import Point
from pixcon_train.sweeps.run_states import RunState


def hours_left(states: Sequence[RunState]) -> dict[str, float]:
    """The GPU-hours that each run still takes on one H100, by name; NaN where there is no estimate.

    The estimate is that of :mod:`pixcon_train.engine.cost`.
    """
    costs = {state.point.name: run_cost(state.point.config) for state in states}
    return {
        state.point.name: math.nan if cost is None else cost.hours * _left(state, cost.epochs)
        for state, cost in zip(states, costs.values(), strict=True)
    }


def _left(state: RunState, epochs: int) -> float:
    """Share of a run that is still to do; none of one that has finished, also where it stopped early, or differs."""
    return 0.0 if state.state in ("finished", "differs") else 1 - state.epochs_done / epochs


def missing_lists(points: Sequence[Point]) -> list[str]:
    """Why the data roots and lists of ``points`` cannot be read, each reason once."""
    configs = {repr(point.config.data): point.config.data for point in points}.values()
    return list(dict.fromkeys(reason for data in configs for reason in _missing(data)))


def _missing(data: DataConfig) -> Iterator[str]:
    """Why the data root, or else each list, cannot be read; `digits` writes its own when it is trained on."""
    names = [name for name in LISTS if data.dataset != BUILT_IN or getattr(data, name) is not None]
    if not names:
        return
    try:
        source = open_dataset(data.dataset, data.root)
    except PixConError as error:
        yield str(error)
        return
    for name in names:
        try:
            images_in(name, data, source)
        except PixConError as error:
            yield str(error)
