"""A few hostile checkpoints of each rule; ``make fuzz`` tries many."""

from itertools import islice
from random import Random

import pytest

from tests.fuzz import checkpoints
from tests.fuzz.runner import run


@pytest.mark.slow
def test_hostile_checkpoints() -> None:
    outcomes = list(run(checkpoints, islice(checkpoints.drawn(Random(0)), 24)))
    assert [(outcome.case.rule, outcome.fault, outcome.said) for outcome in outcomes if outcome.fault is not None] == []
    assert 4 < sum(outcome.refused for outcome in outcomes) < 24
