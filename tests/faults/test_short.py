"""A few tries of every fault; ``make faults`` makes many."""

from pathlib import Path

import pytest

from tests.faults.__main__ import tried
from tests.faults.faults import FAULTS, Bench
from tests.faults.work import Work

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def benches() -> dict[type[Work], Bench]:
    """The places of the tries, each with its undisturbed work."""
    return {}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.mark.parametrize("name", [name for name, (*_, few) in FAULTS.items() if few])
def test_nothing_is_lost(name: str, benches: dict[type[Work], Bench], root: Path) -> None:
    tally = tried(name, 1, benches, root, short=True)
    assert tally.tries and tally.losses == []
