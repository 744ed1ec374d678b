"""What a report measures, and what it leaves out of it with a word on why."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.analyses import boundary, compare, dynamics, gradient, per_class, tsne
from pixcon_diag.data.evaluation_data import DataChoice
from pixcon_diag.groups.options import BankOptions, StudyOptions
from pixcon_diag.passes.options import RunChoice
from pixcon_diag.study import Report, Study
from pixcon_diag.tables.result import Result
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.files import to_json
from pixcon_train.runs.log import LOG
from tests.cli.diagnose.asking import no_drawing
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import write_data, write_public

EVERYTHING = [
    *("doctor", "checkpoints", "contamination", "gradient", "coverage", "tau", "boundary", "geometry", "tsne"),
    *("qualitative", "per-class", "compare", "audit-labels", "duel", "dynamics", "power"),
]
"""What two methods on a small data set have: no sweep, and nothing to compare with the published results."""
WITHOUT_METHODS = ("sensitivity", "dynamics_leads", "power", "per-class-tests")
"""Tables whose differences do not stand beside the two values."""
GEOMETRIC = {"gradient", "coverage", "geometry", "tsne"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data`, `best.pth` and `runs` of two methods and two seeds, whose passes are kept."""
    root = tmp_path_factory.mktemp("study")
    write_methods(root, write_data(root / "data"))
    (root / "public").mkdir()
    write_public(root / "public/best.pth")
    return root


@pytest.fixture(autouse=True)
def _no_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fitting maps takes longer than everything else, and has its own tests."""

    def few(named: Sequence[tuple[str, Any]], **_: Any) -> Result:
        return Result.of("tsne", [], names=[name for name, each in named if each.sample().pixels])

    monkeypatch.setattr(tsne, "tsne_result", few)
    no_drawing(monkeypatch)


def build(
    study: Path, out: Path, *groups: tuple[str, Sequence[str]], options: StudyOptions | None = None, **run: Any
) -> Report:
    options = replace(options or StudyOptions(), run=RunChoice(device="cpu", workers=0, **run))
    return Study({name: [study / path for path in paths] for name, paths in groups}, options=options).report(
        out, count=2
    )


NONE = ("none", ("runs/farm-none-0", "runs/farm-none-1"))
CLEAN = ("clean", ("runs/farm-clean-0", "runs/farm-clean-1"))


def commands(built: Report) -> list[str]:
    return [each.command for each in built.results]


def other_than_estimate(built: Report) -> list[str]:
    """What is left out beside the estimate without labels, whose pass a report never makes, sweep and landscape."""
    (estimate,) = (each for each in built.left_out if each.startswith("Contamination without labels: the pass over"))
    assert "`pixcon-diag estimate " in estimate
    return [
        each
        for each in built.left_out
        if each != estimate and not each.startswith(("Sensitivity: ", "Effect of the bank", "Landscape: "))
    ]


def of(built: Report, command: str) -> dict[str, Any]:
    """A result's content, as its JSON has it."""
    (content,) = (each.content for each in built.results if each.command == command)
    return json.loads(to_json(content))


def never(*_: Any, **__: Any) -> None:
    raise AssertionError("a network was run")


@pytest.mark.slow
def test_two_methods_have_everything_from_one_pass_each(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(study, tmp_path, NONE, CLEAN)
    assert commands(first) == EVERYTHING and other_than_estimate(first) == []
    monkeypatch.setattr("pixcon_diag.passes.run.predict", never)
    again = build(study, tmp_path / "again", NONE, CLEAN)
    for command in EVERYTHING:
        assert of(again, command) == of(first, command)
    assert [each["group"] for each in of(first, "checkpoints")["results"]] == ["none", "none", "clean", "clean"]
    assert of(first, "compare")["baseline"] == "none"
    assert of(first, "tsne")["names"] == ["none", "clean"]  # the first seed of each
    assert (tmp_path / of(first, "qualitative")["images"][0]["files"]["image"]).is_file()


def test_one_name_is_one_number_with_one_sign(study: Path, tmp_path: Path) -> None:
    """The mIoU of each checkpoint, its difference, and every other Δ: method − baseline in every result."""
    built = build(study, tmp_path, ("none", NONE[1][:1]), ("clean", CLEAN[1][:1]))
    names = ("none", "clean")
    by_name = {each["name"]: each["iou"]["miou"] for each in of(built, "checkpoints")["results"]}
    none, clean = (by_name[name] for name in names)
    assert none != clean
    found = {command: of(built, command)["results"] for command in ("contamination", "boundary")}
    assert {each["name"]: each["iou"]["miou"] for each in found["contamination"]} == by_name
    assert {each["name"]: each["miou"] for each in found["boundary"]} == by_name
    tables = {table.name: table for each in built.results for table in each.tables}
    for name in ("checkpoints", "contamination", "boundary", "geometry_checkpoints"):
        keys = [column.key for column in tables[name].columns]
        for row in tables[name].rows:
            assert row[keys.index("miou")] == by_name[row[keys.index("name")]], name
    ((compared,), (per_class,)) = (of(built, command)["comparisons"] for command in ("compare", "per-class"))
    (row,) = (row for row in compared["rows"] if row["measure"] == "mIoU")
    last = per_class["per_class"]["mean"]
    for first, second, delta in (
        (row["seed_noise"]["first"]["mean"], row["seed_noise"]["second"]["mean"], row["seed_noise"]["difference"]),
        (row["image_noise"]["first"], row["image_noise"]["second"], row["image_noise"]["difference"]),
        (last["baseline"], last["other"], last["delta"]),
    ):
        assert (first, second, delta) == pytest.approx((none, clean, clean - none), abs=1e-12)
    seen = 0
    for table in tables.values():
        for place, column in enumerate(table.columns):
            if column.head.startswith("Δ") and not table.name.startswith(WITHOUT_METHODS):
                assert any("Δ = clean − none" in note for note in table.notes), table.name
                for cells in table.rows:
                    baseline, other = (getattr(cell, "mean", cell) for cell in cells[place - 2 : place])
                    assert cells[place] == pytest.approx(other - baseline, abs=1e-12, nan_ok=True), table.name
                seen += 1
    assert seen >= 6  # boundary twice, geometry, qualitative, per class, and the tables of differences


@pytest.mark.slow
def test_ratios_in_different_spaces_are_not_compared(study: Path, tmp_path: Path) -> None:
    """The baseline has no projection head."""
    built = build(study, tmp_path, ("none", NONE[1][:1]), ("clean", CLEAN[1][:1]))
    spaces = {each["name"]: each["space"] for each in of(built, "gradient")["results"]}
    assert set(spaces.values()) == {"projection", "fused feature"}
    (comparison,) = of(built, "compare")["comparisons"]
    assert not [row for row in comparison["rows"] if "‖g_F‖" in row["measure"]]
    seeds = build(study, tmp_path / "seeds", ("one", CLEAN[1][:1]), ("two", CLEAN[1][1:]))
    (comparison,) = of(seeds, "compare")["comparisons"]
    assert [row["measure"] for row in comparison["rows"] if "‖g_F‖" in row["measure"]] == [
        f"‖g_F‖/‖g_T‖ of a confidence bank, {form}, projection" for form in ("Eq. 3", "SupCon")
    ]


def test_the_bank_and_temperature_are_the_run_s(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient, "temperature_of", lambda loaded, given: 0.37)
    built = build(study, tmp_path, ("clean", CLEAN[1][:1]))
    (coverage, *_), (split, *_) = of(built, "coverage")["results"], of(built, "gradient")["results"]
    assert (coverage["options"]["size"], coverage["options"]["cap"], coverage["options"]["batch_size"]) == (16, 8, 2)
    assert split["options"]["temperature"] == 0.37 and split["bank"]["options"]["tau"] == 0.5


def test_one_checkpoint_has_no_differences(study: Path, tmp_path: Path) -> None:
    built = build(study, tmp_path, ("clean", CLEAN[1][:1]))
    assert commands(built) == [each for each in EVERYTHING if each not in ("per-class", "compare", "duel")]
    for title in ("Per class", "Differences"):
        assert any(each.startswith(f"{title}: ") and "needs two methods" in each for each in built.left_out)
    assert [each for each in built.left_out if each.startswith("Sensitivity: ")]
    assert of(built, "qualitative")["rank_by"] == "error"


@pytest.mark.slow
def test_three_methods_are_each_compared_with_the_first(study: Path, tmp_path: Path) -> None:
    third = ("third", CLEAN[1][1:])
    built = build(study, tmp_path, ("none", NONE[1][:1]), ("clean", CLEAN[1][:1]), third)
    assert [each["other"] for each in of(built, "compare")["comparisons"]] == ["clean", "third"]
    assert [each["other"] for each in of(built, "per-class")["comparisons"]] == ["clean", "third"]
    assert of(built, "qualitative")["methods"] == ["none", "clean"]
    assert len([table for each in built.results for table in each.tables if table.name.startswith("table7")]) == 2


def test_a_comparison_that_fails_leaves_out_the_differences_alone(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConfigError("Nothing to compare.")

    monkeypatch.setattr(compare, "compare", fail)
    built = build(study, tmp_path, ("none", NONE[1][:1]), ("clean", CLEAN[1][:1]))
    assert commands(built) == [each for each in EVERYTHING if each != "compare"]
    assert other_than_estimate(built) == ["Differences: Nothing to compare."]


def copied(study: Path, tmp_path: Path, run: str) -> str:
    """A run's folder on its own, to be changed."""
    shutil.copytree(study / "runs" / run, tmp_path / run)
    return str(tmp_path / run)


@pytest.mark.slow
def test_a_run_without_a_log_is_left_out_of_the_dynamics_alone(study: Path, tmp_path: Path) -> None:
    without = copied(study, tmp_path, "farm-none-1")
    (Path(without) / LOG).unlink()
    built = build(study, tmp_path / "out", ("none", (NONE[1][0], without)), ("clean", CLEAN[1][:1]))
    assert commands(built) == EVERYTHING
    (sentence,) = other_than_estimate(built)
    assert sentence.startswith("training dynamics of none seed 1: ") and "holds no log" in sentence
    groups = of(built, "dynamics")["dynamics"]["groups"]
    assert [(group["name"], [run["name"] for run in group["runs"]]) for group in groups] == [
        ("none", ["none seed 0"]),
        ("clean", ["clean"]),
    ]
    alone = build(study, tmp_path / "alone", ("none", (without,)))
    assert not {"dynamics", "power", "sensitivity"} & set(commands(alone))


def test_runs_of_one_name_stay_apart_in_the_dynamics(study: Path, tmp_path: Path) -> None:
    """As in `none/seed0` and `clean/seed0`: their columns would fall into one."""
    for rule in ("none", "clean"):
        shutil.copytree(study / f"runs/farm-{rule}-0", tmp_path / rule / "seed0")
    sources = [tmp_path / rule / "seed0" for rule in ("none", "clean")]
    options = StudyOptions(run=RunChoice(device="cpu", workers=0))
    built = Study(sources, options=options).report(tmp_path / "out", count=1)
    names = [run["name"] for group in of(built, "dynamics")["dynamics"]["groups"] for run in group["runs"]]
    assert len(set(names)) == 2


def test_a_public_file_without_a_labeled_list_is_told_the_option(study: Path, tmp_path: Path) -> None:
    choice = DataChoice(dataset=str(study / "data/farm.yaml"), root=study / "data")
    built = build(study, tmp_path, ("public", ("public/best.pth",)), options=StudyOptions(data=choice))
    assert not {"coverage", "gradient", "dynamics"} & set(commands(built))
    assert {"contamination", "boundary", "geometry", "tsne"} <= set(commands(built))
    (sentence,) = (each for each in built.left_out if each.startswith("bank coverage and gradient of public"))
    assert "farm has no labeled list" in sentence and "--bank-list" in sentence
    listed = StudyOptions(data=choice, bank=BankOptions(list_path=study / "data/val.txt"))
    told = build(study, tmp_path, ("public", ("public/best.pth",)), options=listed)
    assert {"coverage", "gradient"} <= set(commands(told))
    assert of(told, "coverage")["results"][0]["stored_bank"] is None


def test_sliding_windows_leave_out_what_needs_a_feature(study: Path, tmp_path: Path) -> None:
    built = build(study, tmp_path, ("none", NONE[1][:1]), ("clean", CLEAN[1][:1]), window=28)
    assert set(EVERYTHING) - set(commands(built)) == GEOMETRIC
    for start in ("bank coverage and gradient of none: ", "Centroid geometry: ", "t-SNE: "):
        (sentence,) = (each for each in built.left_out if each.startswith(start))
        assert "--window 0" in sentence
    (comparison,) = of(built, "compare")["comparisons"]
    measures = {row["measure"] for row in comparison["rows"]}
    assert "ECE" in measures and not {"margin", "classes in a clean bank"} & measures
    (said,) = (note for note in of(built, "compare")["notes"] if note.startswith("Left out: Centroid geometry: "))
    assert "sliding windows" in said


def test_one_measurement_that_fails_is_a_note_and_stops_no_other(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise DataError("A label map is damaged.")

    for module, name in (
        (boundary, "measure_boundaries"),
        (per_class, "per_class_result"),
        (gradient, "gradient_result"),
        (dynamics, "dynamics_result"),
    ):
        monkeypatch.setattr(module, name, fails)
    built = build(study, tmp_path, ("none", NONE[1][:1]), ("clean", CLEAN[1][:1]))
    left = {"boundary", "per-class", "gradient", "dynamics"}
    assert set(EVERYTHING) - set(commands(built)) == left
    assert sum(sentence.endswith(": A label map is damaged.") for sentence in built.left_out) == len(left)


def test_what_cannot_be_measured_at_all_is_an_error(study: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="multiple of 14"):
        build(study, tmp_path, NONE, window=30)
    with pytest.raises(ConfigError, match="Device 'gpu7'"):
        Study(study / NONE[1][0], options=StudyOptions(run=RunChoice(device="gpu7"))).report(tmp_path)


def test_saved_predictions_are_measured_by_what_they_hold(study: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.mkdir()
    first = Study({"none": study / NONE[1][0]}, options=StudyOptions(run=RunChoice(device="cpu", workers=0)))
    ((_, measured),) = first.passes()
    for pair, file in zip(measured.data.pairs, measured.label_maps.files, strict=True):
        shutil.copy(file, maps / f"{Path(pair.image).stem}.png")
    both = Study({"none": study / NONE[1][0]}, predictions={"saved": maps}, options=first.options)
    built = both.report(tmp_path / "out", count=1)
    assert of(built, "boundary")["results"][1]["group"] == "saved"
    assert [result["group"] for result in of(built, "geometry")["results"]] == ["none"]
    alone = Study(predictions={"saved": maps}, options=replace(first.options, data=measured.data))
    assert alone.boundary().to_frame()["name"].unique().tolist() == ["saved"]
    for refused in (alone.geometry, alone.tsne):
        with pytest.raises(ConfigError, match="needs a checkpoint"):
            refused()
    with pytest.raises(ConfigError, match="label maps of saved hold no confidence"):
        alone.contamination()
    assert of(alone.report(tmp_path / "alone"), "boundary")["results"][0]["group"] == "saved"


def test_a_grid_is_drawn_from_the_folder_of_its_panels(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = StudyOptions(run=RunChoice(device="cpu", workers=0))
    result = Study({"none": study / NONE[1][0]}, options=options).qualitative(folder="grid", count=1)
    assert result.plot().axes and (tmp_path / "grid" / result.to_dict()["images"][0]["files"]["image"]).is_file()
