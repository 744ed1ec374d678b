"""What every measuring command shares: which checkpoints on which data, what is reused, and one message a mistake."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.export import export_weights
from pixcon_train.runs.file_names import BEST_EMA
from tests.cli.farm import (
    CLASSES,
    SIZES,
    WRONG_DATA,
    Spoil,
    broken_jpeg,
    call,
    measure,
    one_message,
    own_checkpoint,
    state,
)


def test_a_public_file_is_told_its_data(public: Path, data: Path, run_folder: Path) -> None:
    """The same weights on the same images give the same numbers, whichever file they come from."""
    (told,) = measure(public, "--dataset", data / "farm.yaml", "--data-root", data)
    (own,) = measure(run_folder / BEST_EMA)
    assert told["contamination"] == own["contamination"] and told["iou"] == own["iou"]
    assert told["provenance"]["checkpoint"]["layout"] == "UniMatch V2 checkpoint"
    (student,) = measure(public, "--dataset", data / "farm.yaml", "--weights", "student", PIXCON_DATA_ROOT=str(data))
    assert student["contamination"] != own["contamination"]


def test_an_export_knows_its_data_set_but_not_where_it_lies(tmp_path: Path, run_folder: Path, data: Path) -> None:
    export_weights(run_folder / BEST_EMA, exported := tmp_path / "weights.safetensors")
    (result,) = measure(exported, "--data-root", data)
    (own,) = measure(run_folder / BEST_EMA)
    assert result["contamination"] == own["contamination"]
    assert result["provenance"]["checkpoint"]["weights"] == "ema"


def test_several_checkpoints_a_run_folder_and_a_folder_of_runs_give_a_row_each(run_folder: Path, data: Path) -> None:
    other = run_folder.parent / "farm-none-0"
    save_checkpoint(other / BEST_EMA, own_checkpoint(data, shift=0.5))
    both = measure(run_folder.parent)
    assert [result["name"] for result in both] == ["farm-clean-0", "farm-none-0"]
    assert both[0]["contamination"] != both[1]["contamination"]
    assert [each["contamination"] for each in measure(run_folder, other / BEST_EMA)] == [
        each["contamination"] for each in both
    ]
    (student,) = measure(run_folder, "--weights", "student")
    assert student["name"] == "farm-clean-0/best_student"


def test_list_and_limit_choose_the_images(run_folder: Path, data: Path) -> None:
    lines = (data / "val.txt").read_text().splitlines(keepends=True)
    (data / "two.txt").write_text("".join(lines[:2]))
    (listed,) = measure(run_folder, "--list", data / "two.txt")
    (limited,) = measure(run_folder, "--limit", 2)
    assert listed["contamination"] == limited["contamination"]
    assert listed["provenance"]["data"]["images"] == 2
    assert listed["provenance"]["data"]["list_sha256"] == limited["provenance"]["data"]["list_sha256"]


def test_the_list_a_run_validated_on_is_kept_in_its_checkpoint(run_folder: Path, data: Path) -> None:
    (before,) = measure(run_folder)
    (data / "val.txt").unlink()
    assert measure(run_folder) == [before]


def test_data_that_moved_are_found_by_the_environment(run_folder: Path, data: Path) -> None:
    (before,) = measure(run_folder)
    moved = data.rename(data.with_name("elsewhere"))
    (after,) = measure(run_folder, PIXCON_DATA_ROOT=str(moved))
    assert after["contamination"] == before["contamination"]
    result = call("contamination", run_folder)
    assert result.exit_code == 2 and "--data-root" in result.stderr


def test_the_batch_size_does_not_change_a_count(run_folder: Path) -> None:
    (one,) = measure(run_folder, "--batch-size", 1)
    shutil.rmtree(run_folder / "diag")
    (four,) = measure(run_folder, "--batch-size", 4)
    assert [each["provenance"]["inference"]["batch_size"] for each in (one, four)] == [1, 4]
    assert one["iou"] == four["iou"]
    assert one["contamination"]["thresholds"] == four["contamination"]["thresholds"]


def test_protocols_differ_and_are_named(run_folder: Path) -> None:
    (resized,), (padded,) = measure(run_folder), measure(run_folder, "--protocol", "pixcon")
    assert resized["contamination"] != padded["contamination"]
    assert padded["provenance"]["inference"]["protocol"] == "pixcon"


@pytest.mark.parametrize(("spoil", "code", "words"), WRONG_DATA, ids=lambda value: getattr(value, "__name__", ""))
def test_wrong_data_is_one_message(public: Path, data: Path, spoil: Spoil, code: int, words: tuple[str, ...]) -> None:
    spoil(data)
    options = ("--dataset", data / "farm.yaml", "--data-root", data, "--workers", 0)
    one_message(call("contamination", public, *options), code, *words)


def test_what_a_worker_finds_is_one_message_too(public: Path, data: Path) -> None:
    broken_jpeg(data)
    options = ("--dataset", data / "farm.yaml", "--data-root", data, "--workers", 1)
    one_message(call("contamination", public, *options), 3, "images/2.jpg", "cannot be read")


class RunsCode:
    """Restoring it makes a folder: the sign that loading ran code."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


def test_wrong_checkpoints_are_one_message(public: Path, data: Path, tmp_path: Path) -> None:
    options = ("--dataset", data / "farm.yaml", "--data-root", data)
    one_message(call("contamination", tmp_path / "nothing.pth", *options), 4, "nothing.pth", "No file")
    (text := tmp_path / "notes.pth").write_text("my notes")
    one_message(call("contamination", text, *options), 4, "notes.pth", "not weights")
    (cut := tmp_path / "cut.pth").write_bytes(public.read_bytes()[:5000])
    one_message(call("contamination", cut, *options), 4, "cut.pth", "cut short")
    torch.save({"model": RunsCode(tmp_path / "ran")}, evil := tmp_path / "evil.pth")
    one_message(call("contamination", evil, *options), 4, "evil.pth", "nothing was run")
    assert not (tmp_path / "ran").exists()
    one_message(call("contamination", tmp_path, *options), 4, "holds no checkpoint")
    one_message(call("contamination", data / "images/0.jpg", *options), 4, "not a checkpoint")


def test_a_class_count_that_does_not_fit_is_one_message(public: Path, data: Path, tmp_path: Path) -> None:
    one_message(
        call("contamination", public, "--dataset", "camvid", "--data-root", data), 2, "3 classes", "camvid has 11"
    )
    one_message(call("contamination", public, "--data-root", data), 2, "no public one has 3 classes", "--dataset")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--tua", "0.9"), ("--tua", "--tau")),
        (("--tau", "95"), ("95", "0<=x<=1")),
        (("--limit", "0"), ("--limit",)),
        (("--dataset", "pascl"), ("pascl", "pascal")),
        (("--protocol", "resize"), ("unimatch-v2", "pixcon")),
        (("--device", "gpu7"), ("gpu7", "--device")),
        (("--labels", "raw"), ("ADE20K",)),
    ],
)
def test_an_unknown_option_or_value_is_one_message(
    run_folder: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    one_message(call("contamination", run_folder, *arguments), 2, *words)


def test_a_full_folder_that_cannot_be_written_is_one_message(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    one_message(call("contamination", run_folder, "--out", tmp_path / "file/out"), 1, "Could not write")


def test_stopping_leaves_nothing_half_written(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pixcon_diag.passes.run.predict", stop)
    result = call("contamination", run_folder, "--out", tmp_path / "out", "--json")
    assert (result.exit_code, result.stdout) == (130, "")
    assert "Stopped" in result.stderr
    assert not (tmp_path / "out").exists()


def test_none_named_are_the_runs_here(run_folder: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run_folder.parents[1])
    result = call("contamination", "--json", "--workers", 0)
    assert result.exit_code == 0, result.output
    assert "no checkpoint named; taking ./runs: farm-clean-0 = runs/farm-clean-0" in result.stderr
    assert [each["name"] for each in json.loads(result.stdout)["results"]] == ["farm-clean-0"]
    monkeypatch.chdir(data)
    one_message(call("contamination"), 4, "No checkpoint was named", "./runs", "pixcon-train run")


def test_a_group_has_its_name(run_folder: Path, data: Path) -> None:
    save_checkpoint(other := run_folder.parent / "second" / BEST_EMA, own_checkpoint(data, shift=0.5))
    save_checkpoint(run_folder.parent / "third" / BEST_EMA, own_checkpoint(data, shift=0.7))
    results = measure(f"mine={run_folder},{other}", run_folder.parent / "third")
    assert [(each["group"], each["name"]) for each in results] == [
        ("mine", "mine/farm-clean-0"),
        ("mine", "mine/second"),
        ("third", "third"),
    ]


def test_later_commands_use_the_pass_that_was_kept_and_say_so(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = call("contamination", run_folder, "--workers", 0)
    assert first.exit_code == 0 and "reusing the pass cached" not in first.stderr

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was run")

    monkeypatch.setattr("pixcon_diag.passes.run.predict", never)
    for command in (("contamination", "--tau", 0.7), ("geometry", "--min-pixels", 1), ("boundary", "--width", 4)):
        result = call(command[0], run_folder, "--workers", 0, *command[1:])
        assert result.exit_code == 0 and "reusing the pass cached" not in result.stderr, result.output
        result = call(command[0], run_folder, "--workers", 0, *command[1:], "--verbose")
        assert f"farm-clean-0: reusing the pass cached in {run_folder / 'diag'}" in result.stderr


def test_two_lines_at_most_stand_before_the_tables(runs: Path) -> None:
    """What is measured, in one sentence for all that share it; with -v also a line for each checkpoint."""
    result = call("boundary", runs, "--workers", 0)
    assert result.exit_code == 0, result.output
    said = "none, clean: pixcon-train checkpoint, unimatch_v2 nano, the EMA teacher, on 4 images of farm (val.txt)."
    lines = [line for line in result.stderr.splitlines() if not line.startswith("Warning: ")]
    assert len(lines) <= 2 and said in lines
    detailed = call("boundary", runs, "--workers", 0, "-v").stderr
    assert said in detailed and detailed.count("measuring the EMA teacher, epoch 2, stated mIoU") == 4


def test_an_assumption_that_several_checkpoints_share_is_said_once(run_folder: Path, data: Path) -> None:
    save_checkpoint(run_folder.parent / "farm-none-0" / BEST_EMA, own_checkpoint(data, shift=0.5))
    moved = data.rename(data.with_name("elsewhere"))
    result = call("boundary", run_folder.parent, "--workers", 0, PIXCON_DATA_ROOT=str(moved))
    assert result.exit_code == 0 and result.stderr.count("the folder of its training, is not here") == 1, result.output
    assert "note: farm-clean-0, farm-none-0: " in result.stderr


def test_a_damaged_pass_is_told_of_and_made_again(run_folder: Path) -> None:
    (before,) = measure(run_folder)
    (state,) = (run_folder / "diag").glob("*/state-*.npz")
    state.write_bytes(b"")
    result = call("contamination", run_folder, "--json", "--workers", 0)
    assert result.exit_code == 0 and "is damaged" in result.stderr and "run again" in result.stderr
    assert json.loads(result.stdout)["results"] == [before]


def test_all_checkpoints_are_looked_at_before_the_first_is_measured(
    run_folder: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was run")

    monkeypatch.setattr("pixcon_diag.passes.run.predict", never)
    options = ("--dataset", "camvid", "--data-root", run_folder, "--list", "val.txt")
    (run_folder / "val.txt").write_text("a.jpg a.png\n")
    one_message(call("contamination", run_folder, public, *options), 2, "predicts 3 classes but camvid has 11")


@pytest.fixture
def predictions(run_folder: Path, data: Path, tmp_path: Path) -> Path:
    """The run's own label maps, as another framework would save them; the folder's name has a '=' in it."""
    measure(run_folder)
    folder = tmp_path / "lr=0.1"
    folder.mkdir()
    for index in range(len(SIZES)):
        (file,) = (run_folder / "diag").glob(f"*/predictions/*_{index}.png")
        shutil.copy(file, folder / f"{index}.png")
    return folder


def boundary(*arguments: Any) -> dict[str, Any]:
    result = call("boundary", *arguments, "--json", "--workers", 0)
    assert result.exit_code == 0, result.output
    return {each["name"]: each["boundary"] for each in json.loads(result.stdout)["results"]}


def test_saved_predictions_stand_beside_checkpoints(run_folder: Path, predictions: Path) -> None:
    found = boundary(run_folder, "--predictions", predictions, "--predictions", f"theirs={predictions}")
    assert list(found) == ["farm-clean-0", "lr=0.1", "theirs"]
    assert found["farm-clean-0"] == found["lr=0.1"] == found["theirs"]


def test_saved_predictions_alone_need_no_checkpoint(data: Path, predictions: Path) -> None:
    options = ("--dataset", data / "farm.yaml", "--data-root", data)
    assert list(boundary("--predictions", predictions, *options)) == ["lr=0.1"]
    one_message(call("boundary", "--predictions", predictions), 2, "Which data set?", "--dataset")


def test_saved_predictions_that_do_not_fit_are_one_message(run_folder: Path, predictions: Path) -> None:
    twice = ("--predictions", f"x={predictions}", "--predictions", f"x={predictions}")
    one_message(call("boundary", run_folder, *twice), 2, "Two groups are called 'x'", "NAME=FOLDER")
    (predictions / "2.png").unlink()
    one_message(call("boundary", run_folder, "--predictions", predictions), 3, "no prediction of images/2.jpg")


def test_a_comparison_needs_one_list(run_folder: Path, data: Path) -> None:
    """A second run that validated on other images; --list makes them comparable."""
    lines = (data / "val.txt").read_text().splitlines(keepends=True)
    (data / "val.txt").write_text("".join(lines[:3]))
    save_checkpoint(run_folder.parent / "other" / BEST_EMA, own_checkpoint(data, shift=0.5))
    both = (run_folder, run_folder.parent / "other", "--workers", 0)
    one_message(call("per-class", *both), 2, "measured on different images", "--list")
    assert call("per-class", *both, "--list", data / "val.txt").exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "difference"),
    [
        ({"classes": ["sky", "grass", "cow"]}, "class 0 is 'grass' against 'sky'"),
        ({"classes": [*CLASSES, "dog"], "palette": [[k, 0, 0] for k in range(4)]}, "3 classes against 4"),
        ({"void": 254}, "void is 255 against 254"),
        ({"background": 0}, "the background is no class against class 0 (grass)"),
    ],
)
def test_a_comparison_needs_the_same_labels(
    run_folder: Path, data: Path, spec: dict[str, Any], difference: str
) -> None:
    """Names, counts and means of one checkpoint would be shown under the other's."""
    checkpoint = own_checkpoint(data, shift=0.5)
    changed = replace(checkpoint, data=checkpoint.data | spec)
    if "classes" in spec:
        count = len(spec["classes"])
        about = {"classes": spec["classes"], "palette": changed.data["palette"], "num_classes": count}
        changed = replace(changed, student=state(1.5, count), ema=state(0.5, count), **about)
    save_checkpoint(run_folder.parent / "other" / BEST_EMA, changed)
    first, other = run_folder, run_folder.parent / "other"
    for command in ("per-class", "compare", "qualitative", "report"):
        one_message(call(command, first, other), 2, "farm-clean-0 and other", difference, "--dataset")
    one_message(call("geometry", f"mine={first},{other}"), 2, difference, "mean over seeds")


@pytest.mark.slow
def test_one_checkpoint_is_not_two_seeds(run_folder: Path, data: Path) -> None:
    """A spread of 0 and a p-value would come from nothing."""
    shutil.copytree(run_folder, copy := run_folder.parent / "copy")
    save_checkpoint((other := run_folder.parent / "other") / BEST_EMA, own_checkpoint(data, shift=0.5))
    once, twice = f"once={other}", f"twice={run_folder},{copy}"
    for command in ("compare", "contamination", "report", "geometry"):
        one_message(call(command, once, twice), 2, "'twice' has the same weights twice", "farm-clean-0", "copy", "runs")
    one_message(call("boundary", f"x={other},{other}"), 2, "'x' has the same weights twice")
    one_message(call("boundary", f"x={run_folder},{run_folder / BEST_EMA}"), 2, "the same weights twice")
