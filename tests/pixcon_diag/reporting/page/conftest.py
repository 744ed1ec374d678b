"""A measured study for the sections that read passes."""

import pytest

from pixcon_diag.analyses.registry import analysis_named
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.passes.options import RunChoice
from pixcon_diag.reporting.page.section import Context
from pixcon_diag.study import Study
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import write_data


@pytest.fixture(scope="package")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Two methods with two seeds each, on four images."""
    root = tmp_path_factory.mktemp("page")
    runs = write_methods(root, write_data(root / "data"))
    sources = {name: [str(runs / f"farm-{name}-{seed}") for seed in (0, 1)] for name in ("none", "clean")}
    study = Study(sources, options=StudyOptions(run=RunChoice(workers=0)))
    commands = ("doctor", "checkpoints", "contamination", "geometry", "per-class")
    results = {command: analysis_named(command).result(study) for command in commands}
    other = analysis_named("per-class").result(study.with_baseline("clean"))
    by_baseline = {"none": {"per-class": results["per-class"]}, "clean": {"per-class": other}}
    return Context(study, results, by_baseline)
