"""Every figure is drawn in the house style, as it is when saved."""

from collections.abc import Iterator

import pytest

from pixcon_figures.style import style


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with style():
        yield
