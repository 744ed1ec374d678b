"""A few hostile inputs of every kind but checkpoints, which have a test of their own; ``make fuzz`` tries many."""

from itertools import islice
from random import Random

import pytest

from tests.fuzz.kinds import KINDS
from tests.fuzz.runner import run

CASES: dict[str, tuple[int, int]] = {
    "yaml": (1, 30),
    "run-logs": (2, 12),
    "text-logs": (1, 15),
    "metric-tables": (24, 20),
    "event-files": (1, 12),
    "lists": (1, 10),
    "images": (11, 50),
    "predictions": (1, 12),
    "saved-maps": (22, 11),
    "cached-pass": (1, 60),
    "saved-result": (6, 12),
    "names": (0, 1),
}
"""The first input, and how many are skipped from one to the next; three of each kind are tried."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_hostile_inputs(kind: str) -> None:
    first, step = CASES[kind]
    cases = islice(KINDS[kind].cases(Random(0)), first, first + 3 * step, step)
    outcomes = list(run(KINDS[kind], cases))
    assert [(outcome.case.rule, outcome.fault, outcome.said) for outcome in outcomes if outcome.fault is not None] == []
    assert len(outcomes) == 3


def test_every_kind_is_tried() -> None:
    assert {*CASES, "checkpoints"} == set(KINDS)
