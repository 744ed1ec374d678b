"""A browser, and the reports that it opens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.opening import Opener, running_chromium
from tests.browser.reports import Reports


@pytest.fixture(scope="package", autouse=True)
def chromium() -> Iterator[Any]:
    """One browser for these tests; it must not outlive them, as its event loop runs in the tests' thread."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Opener]:
    """Opens pages; the test fails where one reports an error or asks the network for anything."""
    opener = Opener(chromium)
    yield opener
    opener.close()
    assert opener.problems == []


@pytest.fixture(scope="package")
def reports(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """Reports of every kind."""
    return Reports(tmp_path_factory.mktemp("reports"))


@pytest.fixture
def demo(reports: Reports) -> Path:
    """The page of two methods with two seeds each."""
    return reports.page("many")
