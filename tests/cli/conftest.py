"""What all commands are tried with."""

from collections.abc import Iterator

import pytest

from tests.cli.diagnose.asking import few_draws


@pytest.fixture(scope="module", autouse=True)
def _few_draws() -> Iterator[None]:
    """Intervals of few draws, which take most of the time of a report."""
    with pytest.MonkeyPatch.context() as patch:
        few_draws(patch)
        yield
