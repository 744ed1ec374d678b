"""Every ready sweep file gives valid, different runs, and an experiment is the same on every data set."""

from pathlib import Path

import pytest

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.yaml_files import read_yaml_mapping
from pixcon_train.sweeps.grid import find_sweep, read_sweep

SWEEPS = Path(__file__).parents[1] / "sweeps"
DATASETS = {"pascal", "cityscapes", "ade20k", "camvid", "digits"}
EXPERIMENTS = {"table4", "table10", "admission", "contamination", "seeds", "thresholds"}
FORKS = {
    "digits": {
        "parents",
        "fork-admission",
        "fork-contamination",
        "fork-forms",
        "parents-thresholds",
        "fork-thresholds",
        "parents-encoders",
        "fork-encoders",
    },
    "camvid": {"parents", "fork-admission"},
}
"""Sweeps that continue the runs of another one, and those."""
ENCODERS = ("nano-1x96", "nano-4x32", "nano-1x32")
"""Of the sweeps that compare encoders."""
TABLES = {
    "pascal": {"table1-92", "table1-183", "table1-366", "table4-92", "retention"},
    "cityscapes": {"table2-186", "table2-372", "table2-744"},
    "ade20k": {"table3"},
}
"""Sweeps of cells of the paper's tables alone (docs/reproduce.md)."""
FILES = sorted(SWEEPS.glob("*/*.yaml"))


def test_every_data_set_has_every_experiment() -> None:
    assert {(path.parent.name, path.stem) for path in FILES} == {
        (dataset, name)
        for dataset in DATASETS
        for name in EXPERIMENTS | FORKS.get(dataset, set()) | TABLES.get(dataset, set())
    }
    assert not list(SWEEPS.glob("*.*"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_ready_file_gives_valid_runs(path: Path) -> None:
    sweep = read_sweep(path)
    assert sweep.name == f"{path.parent.name}-{path.stem}"
    assert len(sweep.points) >= 1
    assert {point.config.data.dataset for point in sweep.points} == {path.parent.name}
    sizes = {"nano"} if path.parent.name in {"camvid", "digits"} else {"base"}
    assert {point.config.model.size for point in sweep.points} == ({*ENCODERS} if "encoders" in path.stem else sizes)


@pytest.mark.parametrize("dataset", FORKS)
def test_forks_continue_runs_of_the_sweep_of_their_parents(dataset: str) -> None:
    """The same network, data and batch, from a state that the parents keep before their last epoch."""
    sweeps = {name: read_sweep(SWEEPS / dataset / f"{name}.yaml") for name in FORKS[dataset] if "parents" in name}
    parents = {f"runs/{sweep.name}/{p.name}": p.config for sweep in sweeps.values() for p in sweep.points}
    for name in FORKS[dataset] - sweeps.keys():
        for point in read_sweep(SWEEPS / dataset / f"{name}.yaml").points:
            assert point.config.fork.checkpoint is not None
            folder, _, file = point.config.fork.checkpoint.rpartition("/")
            parent, epoch = parents[folder], int(file.removeprefix("epoch_").removesuffix(".pth"))
            assert epoch % (parent.runtime.keep_every or 0) == 0 and epoch < parent.schedule.epochs
            assert (point.config.model, point.config.schedule) == (parent.model, parent.schedule)
            assert point.config.data.model_copy(update={"unlabeled_truth": "auto"}) == parent.data


@pytest.mark.parametrize("experiment", sorted(EXPERIMENTS))
def test_an_experiment_is_the_same_on_every_data_set(experiment: str) -> None:
    grids = [read_yaml_mapping(SWEEPS / dataset / f"{experiment}.yaml")["grid"] for dataset in sorted(DATASETS)]
    assert all(grid == grids[0] for grid in grids)


def test_table_10_has_the_paper_s_values_around_one_default() -> None:
    points = read_sweep(SWEEPS / "pascal/table10.yaml").points
    found = {(p.config.bank.weight, p.config.bank.temperature, p.config.bank.size) for p in points}
    assert found == {
        (0.1, 0.1, 256),
        (0.3, 0.1, 256),
        (0.5, 0.1, 256),
        (0.1, 0.07, 256),
        (0.1, 0.2, 256),
        (0.1, 0.1, 128),
        (0.1, 0.1, 512),
    }
    assert {point.config.schedule.batch for point in points} == {4}


def test_a_ready_file_is_found_by_its_name_wherever_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("pascal/table4", "pascal/table4.yaml", "sweeps/pascal/table4.yaml"):
        assert read_sweep(find_sweep(Path(name))).name == "pascal-table4"
    with pytest.raises(
        ConfigError, match=r"no ready one is called so \(did you mean 'pascal/table4'\?\).*digits/seeds"
    ):
        find_sweep(Path("pascal/tabel4"))
    Path("pascal").mkdir()
    Path("pascal/table4").write_text("own")
    assert find_sweep(Path("pascal/table4")) == Path("pascal/table4")


@pytest.mark.filterwarnings("ignore")
def test_the_wheel_holds_every_ready_file(monkeypatch: pytest.MonkeyPatch) -> None:
    setuptools = pytest.importorskip("setuptools")
    from setuptools.config.pyprojecttoml import apply_configuration

    monkeypatch.chdir(SWEEPS.parent)
    distribution = setuptools.Distribution({"script_name": "setup.py"})
    build = apply_configuration(distribution, "pyproject.toml").get_command_obj("build_py")
    build.ensure_finalized()
    installed = {Path(name).relative_to(build.build_lib) for name in build.get_outputs()}
    assert {Path("pixcon_sweeps") / path.relative_to(SWEEPS) for path in FILES} <= installed
