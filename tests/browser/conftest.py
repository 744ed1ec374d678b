"""A browser, and the reports that it opens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.opening import Opener, running_chromium
from tests.cli.diagnose.asking import no_drawing
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import call, write_data


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
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two methods with two seeds."""
    root = tmp_path_factory.mktemp("browser")
    return write_methods(root, write_data(root / "data"))


def report(folder: Path, *arguments: Any) -> Path:
    """The page of a report without the figures beside it."""
    with pytest.MonkeyPatch.context() as patch:
        no_drawing(patch)
        result = call("report", *arguments, "--workers", 0, "--count", 1, "--out", folder)
    assert result.exit_code == 0, result.output
    return folder / "index.html"


@pytest.fixture(scope="package")
def demo(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two methods with one seed each."""
    methods = (f"none={runs / 'farm-none-0'}", f"clean={runs / 'farm-clean-0'}")
    return report(tmp_path_factory.mktemp("demo"), *methods)
