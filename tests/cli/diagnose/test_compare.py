"""`pixcon-diag compare`: what only it has; see test_methods.py."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.file_names import BEST_EMA
from tests.cli.diagnose.asking import ask, no_drawing, no_network, rows
from tests.cli.farm import SIZES, call, one_message, own_checkpoint


def test_three_better_seeds_are_not_significant(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest p that three seeds allow stands beside the one that was found."""
    no_drawing(monkeypatch)
    groups = []
    for name, shift in (("a", 0.0), ("b", 0.4)):
        paths = [tmp_path / f"{name}-{seed}" / BEST_EMA for seed in range(3)]
        for seed, path in enumerate(paths):
            save_checkpoint(path, replace(own_checkpoint(runs.parent / "data", shift), iteration=seed))
        groups.append(f"{name}={','.join(map(str, paths))}")
    (comparison,) = ask("compare", *groups, "--draws", 20, "--out", tmp_path)["comparisons"]
    won = [
        row for row in comparison["rows"] if row["seed_noise"]["paired"] and row["seed_noise"]["paired"]["wins"] == 3
    ]
    assert won and {row["seed_noise"]["paired"]["sign_test"]["one_sided"] for row in won} == {0.125}
    lines = [line for line in rows(tmp_path / "compare_b_fractions.csv") if line["noise"] == "seeds"]
    assert {line["p_smallest"] for line in lines if line["p_smallest"]} == {"0.125"}
    assert {line["p_sign"] for line in lines if line["better"] == "3/3"} <= {"0.125"}


def test_the_baseline_turns_the_differences_round_and_a_threshold_counts_once(runs: Path) -> None:
    two = (f"none={runs / 'farm-none-0'}", f"clean={runs / 'farm-clean-0'}")
    options = ("--draws", 10, "--tau", 0.7, "--tau", 0.7)
    (usual,), (turned,) = (
        ask("compare", *two, *options, *more)["comparisons"] for more in ((), ("--baseline", "clean"))
    )
    assert (usual["other"], turned["other"]) == ("clean", "none")
    measures = [row["measure"] for row in usual["rows"]]
    assert len(set(measures)) == len(measures) and "ρ_F at τ = 0.7" in measures
    for first, second in zip(usual["rows"], turned["rows"], strict=True):
        if first["seed_noise"]["difference"] is None:
            assert second["seed_noise"]["difference"] is None
            continue
        assert first["seed_noise"]["difference"] == -second["seed_noise"]["difference"]
        if first["image_noise"]:
            assert first["image_noise"]["low"] == pytest.approx(-second["image_noise"]["high"], abs=1e-12)


def test_saved_predictions_alone_are_compared_by_what_they_tell(runs: Path, tmp_path: Path) -> None:
    for name in ("none", "clean"):
        run = shutil.copytree(runs / f"farm-{name}-0", tmp_path / "runs" / name, ignore=shutil.ignore_patterns("diag"))
        ask("boundary", run)
        (tmp_path / name).mkdir()
        for index in range(len(SIZES)):
            (file,) = (run / "diag").glob(f"*/predictions/*_{index}.png")
            shutil.copy(file, tmp_path / name / f"{index}.png")
    data = ("--dataset", runs.parent / "data/farm.yaml", "--data-root", runs.parent / "data", "--draws", 10)
    folders = [part for name in ("none", "clean") for part in ("--predictions", tmp_path / name)]
    content = ask("compare", *folders, *data)
    (comparison,) = content["comparisons"]
    assert all(
        any(f"Left out: {titles}: " in note for note in content["notes"])
        for titles in ("Contamination and retention", "Gradient split, Bank coverage, Centroid geometry")
    )
    measures = [row["measure"] for row in comparison["rows"]]
    assert measures == ["mIoU", "pixel accuracy"] + [
        f"{w} error, {n} px" for n in (1, 3, 5) for w in ("boundary", "interior")
    ]
    (beside,) = ask("compare", runs / "farm-none-0", *folders[2:], "--draws", 10)["comparisons"]
    assert [row["measure"] for row in beside["rows"]] == measures and beside["rows"] == comparison["rows"]


def test_what_cannot_be_compared_is_one_message_before_anything_is_measured(
    runs: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_network(monkeypatch)
    one_message(call("compare", runs / "farm-none-0", elsewhere / "farm-clean-0"), 2, "measured on different images")
    monkeypatch.undo()
    one_message(call("compare", runs / "farm-none-0", "--workers", 0), 2, "needs two methods", "name=path,path")
    two = (runs / "farm-none-0", runs / "farm-clean-0", "--baseline", "x")
    one_message(call("compare", *two, "--workers", 0), 2, "No group is called 'x'", "farm-none-0, farm-clean-0")
    one_message(call("compare", runs, "--draws", 0), 2, "--draws")
