"""A few tries of every fault; ``make faults`` makes many."""

import pytest

from tests.faults.__main__ import tried
from tests.faults.faults import FAULTS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", [name for name, (*_, few) in FAULTS.items() if few])
def test_nothing_is_lost(name: str) -> None:
    tally = tried(name, seed=1, short=True)
    assert tally.tries and tally.losses == []
