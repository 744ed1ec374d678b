"""A browser, and the reports that it opens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.passes.options import RunChoice
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.study import Study
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


@pytest.fixture(scope="package")
def runs(reports: Reports) -> Path:
    """Runs of two methods with two seeds each."""
    return reports.runs


@pytest.fixture(scope="package")
def demo(reports: Reports) -> Path:
    """The page of two methods with one seed each."""
    return reports.page("two")


@pytest.fixture(scope="package")
def passes(demo: Path, runs: Path) -> list[MeasuredPass]:
    """The passes that the page shows, the baseline's first."""
    methods = {name: [runs / f"farm-{name}-0"] for name in ("none", "clean")}
    study = Study(methods, options=StudyOptions(run=RunChoice(device="cpu", workers=0)))
    members = [group.members[0] for group in study.measured()]
    return [member for member in members if isinstance(member, MeasuredPass)]
