"""`pixcon-diag` as a user meets it: what it prints, what it writes, and one message for each thing that is wrong."""

import csv
import functools
import json
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from pixcon_cli.diag import main
from pixcon_train.checkpoint import BEST_EMA, BEST_STUDENT, Checkpoint, save_checkpoint
from pixcon_train.data.specs import get_spec
from pixcon_train.export import export_weights
from pixcon_train.files import sha256
from pixcon_train.models import build_model
from tests.reference import rule_tensor

CLASSES = ("grass", "sky", "cow")
SIZES = [(40, 30), (40, 30), (30, 40), (33, 41)]
"""Width and height of the images."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small data set in the ordinary layout, with its own YAML file."""
    root = tmp_path / "data"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    random = np.random.default_rng(0)
    lines = []
    for index, (width, height) in enumerate(SIZES):
        Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(root / f"images/{index}.jpg")
        mask = random.integers(0, 3, (height, width), dtype=np.uint8)
        mask[:3] = 255
        Image.fromarray(mask).save(root / f"masks/{index}.png")
        lines.append(f"images/{index}.jpg masks/{index}.png\n")
    (root / "val.txt").write_text("".join(lines))
    (root / "farm.yaml").write_text(f"classes: [{', '.join(CLASSES)}]\n")
    return root


@functools.cache
def state(shift: float = 0.0) -> dict[str, torch.Tensor]:
    """Weights of a nano model; the classifier is scaled up so that some predictions are confident."""
    model = build_model("unimatch_v2", "nano", len(CLASSES), projection=False)
    entries = {key: rule_tensor(key, value) for key, value in model.state_dict().items()}
    entries["head.scratch.output_conv.2.weight"] *= 6
    entries["head.scratch.output_conv.2.bias"] += shift * torch.arange(len(CLASSES))
    return entries


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A public file, which says nothing of its data."""
    content = {
        "model": {f"module.{key}": value for key, value in state(1.0).items()},
        "model_ema": {f"module.{key}": value for key, value in state().items()},
        "epoch": 4,
        "previous_best": np.float64(50.0),
        "previous_best_ema": np.float64(51.0),
        "best_epoch": 4,
        "best_epoch_ema": 4,
    }
    torch.save(content, path := tmp_path / "best.pth")
    return path


def own_checkpoint(data: Path, shift: float = 0.0) -> Checkpoint:
    """A checkpoint as pixcon-train writes it."""
    spec = get_spec(str(data / "farm.yaml"))
    val = data / "val.txt"
    scores = {"miou": 0.25, "miou_zero": 0.25, "iou": [0.25] * 3}
    return Checkpoint(
        architecture="unimatch_v2",
        size="nano",
        num_classes=3,
        projection=False,
        embedding_dim=256,
        classes=list(CLASSES),
        palette=[list(color) for color in spec.palette],
        data=spec.to_dict(),
        root=str(data),
        lists={"val": {"path": str(val), "sha256": sha256(val), "text": val.read_text()}},
        config={"data": {"dataset": str(data / "farm.yaml"), "labels": "auto", "val_limit": None}},
        version=version("pixcon-diag"),
        epoch=2,
        iteration=10,
        metrics={"student": scores, "ema": scores},
        best={"student": {"miou": 0.25, "epoch": 2}, "ema": {"miou": 0.25, "epoch": 2}},
        student=state(1.0 + shift),
        ema=state(shift),
        bank=None,
        optimizer={},
        scaler=None,
        rng={"seed": 0},
        progress={},
    )


@pytest.fixture
def run_folder(tmp_path: Path, data: Path) -> Path:
    """A run of this project."""
    folder = tmp_path / "runs" / "farm-clean-0"
    for name in (BEST_EMA, BEST_STUDENT):
        save_checkpoint(folder / name, own_checkpoint(data))
    return folder


def call(*arguments: Any, **environment: str) -> Result:
    variables = {"PIXCON_DATA_ROOT": None, "COLUMNS": "200", **environment}
    return CliRunner().invoke(main, [str(each) for each in arguments], env=variables)


def measure(*arguments: Any, **environment: str) -> list[dict[str, Any]]:
    """Results of `contamination --json`, whose standard output is JSON and nothing else."""
    result = call("contamination", *arguments, "--json", "--workers", 0, **environment)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["results"]


def test_a_checkpoint_trained_here_needs_nothing_else(run_folder: Path) -> None:
    result = call("contamination", run_folder / BEST_EMA)
    assert result.exit_code == 0, result.output
    assert "farm-clean-0" in result.stdout and "lower bound" in result.stdout
    assert "pixcon-train checkpoint, unimatch_v2 nano, 3 classes of farm" in result.stderr
    assert all(label in result.stdout for label in CLASSES)


def test_json_has_counts_beside_rates_both_mious_and_the_provenance(run_folder: Path, data: Path) -> None:
    (result,) = measure(run_folder / BEST_EMA, "--tau", 0.95, "--tau", 0.4)
    at = result["contamination"]["thresholds"]
    assert [each["tau"] for each in at] == [0.95, 0.4]
    overall = at[1]["overall"]
    assert overall["pixels"] == sum(width * (height - 3) for width, height in SIZES)
    assert overall["rho_f"] == (overall["retained"] - overall["correct"]) / overall["retained"]
    assert overall["retention"] == overall["retained"] / overall["pixels"]
    assert len(at[0]["by_predicted"]["rho_f"]) == len(at[0]["by_truth"]["retention"]) == 3
    assert [zone["width"] for zone in at[0]["zones"]] == [1, 3, 5]
    assert {"miou", "miou_zero", "iou", "intersection"} <= result["iou"].keys()
    provenance = result["provenance"]
    assert provenance["checkpoint"]["sha256"] == sha256(run_folder / BEST_EMA)
    assert (provenance["checkpoint"]["weights"], provenance["checkpoint"]["scores"]["epoch"]) == ("ema", 2)
    assert provenance["checkpoint"]["scores"]["ema"] == 0.25
    assert (provenance["data"]["dataset"], provenance["data"]["images"]) == ("farm", 4)
    assert provenance["inference"]["protocol"] == "unimatch-v2"
    assert provenance["options"]["taus"] == [0.95, 0.4]
    assert provenance["version"] == version("pixcon-diag")


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
    (one,), (four,) = measure(run_folder, "--batch-size", 1), measure(run_folder, "--batch-size", 4)
    assert one["iou"] == four["iou"]
    assert one["contamination"]["thresholds"] == four["contamination"]["thresholds"]


def test_protocols_differ_and_are_named(run_folder: Path) -> None:
    (resized,), (padded,) = measure(run_folder), measure(run_folder, "--protocol", "pixcon")
    assert resized["contamination"] != padded["contamination"]
    assert padded["provenance"]["inference"]["protocol"] == "pixcon"


def test_out_writes_json_and_csv_that_agree(run_folder: Path, tmp_path: Path) -> None:
    result = call("contamination", run_folder, "--out", tmp_path / "out", "--json")
    assert json.loads((tmp_path / "out/contamination.json").read_text()) == json.loads(result.stdout)
    with (tmp_path / "out/contamination.csv").open() as handle:
        (row,) = csv.DictReader(handle)
    overall = json.loads(result.stdout)["results"][0]["contamination"]["thresholds"][0]["overall"]
    assert int(row["retained"]) == overall["retained"]
    assert row["rho_f"] == ("" if overall["rho_f"] is None else repr(overall["rho_f"]))
    with (tmp_path / "out/contamination_classes.csv").open() as handle:
        assert [row["label"] for row in csv.DictReader(handle)] == [*CLASSES, *CLASSES]
    assert not list((tmp_path / "out").glob(".*"))


def test_undefined_rates_are_null_and_a_dash(run_folder: Path) -> None:
    (result,) = measure(run_folder, "--tau", 1)
    overall = result["contamination"]["thresholds"][0]["overall"]
    assert (overall["retained"], overall["rho_f"]) == (0, None)
    assert "–" in call("contamination", run_folder, "--tau", 1).stdout


def test_check_data_says_what_it_found(data: Path, run_folder: Path) -> None:
    result = call("check-data", "--dataset", data / "farm.yaml", "--data-root", data)
    assert result.exit_code == 0 and "Nothing wrong" in result.stdout and "cow" in result.stdout
    found = json.loads(call("check-data", run_folder / BEST_EMA, "--json").stdout)
    assert found["ok"] and sum(found["pixels"]) == sum(width * (height - 3) for width, height in SIZES)


Spoil = Callable[[Path], None]


def rgb_mask(data: Path) -> None:
    Image.open(data / "masks/2.png").convert("RGB").save(data / "masks/2.png")


def foreign_value(data: Path) -> None:
    Image.fromarray(np.full((40, 30), 7, dtype=np.uint8)).save(data / "masks/2.png")


def other_size(data: Path) -> None:
    Image.fromarray(np.zeros((40, 31), dtype=np.uint8)).save(data / "masks/2.png")


def broken_jpeg(data: Path) -> None:
    path = data / "images/2.jpg"
    path.write_bytes(path.read_bytes()[:-300])


def no_jpeg(data: Path) -> None:
    (data / "images/2.jpg").write_text("this is no image")


def missing_image(data: Path) -> None:
    (data / "images/2.jpg").unlink()


def empty_list(data: Path) -> None:
    (data / "val.txt").write_text("\n")


def missing_list(data: Path) -> None:
    (data / "val.txt").unlink()


def half_a_line(data: Path) -> None:
    (data / "val.txt").write_text("images/0.jpg\n")


def unknown_key(data: Path) -> None:
    (data / "farm.yaml").write_text("classes: [a, b, c]\npalete: voc\n")


WRONG_DATA: list[tuple[Spoil, int, tuple[str, ...]]] = [
    (rgb_mask, 3, ("masks/2.png", "RGB")),
    (foreign_value, 3, ("masks/2.png", "the value 7", "0..2")),
    (other_size, 3, ("images/2.jpg", "masks/2.png", "31×40")),
    (broken_jpeg, 3, ("images/2.jpg", "cannot be read")),
    (no_jpeg, 3, ("images/2.jpg", "cannot be read")),
    (missing_image, 3, ("images/2.jpg", "No image")),
    (empty_list, 3, ("val.txt", "empty")),
    (missing_list, 3, ("val.txt", "list is not at", "--list")),
    (half_a_line, 3, ("val.txt", "line 1", "IMAGE MASK")),
    (unknown_key, 2, ("palete", "palette")),
]


def one_message(result: Result, code: int, *words: str) -> None:
    """One error on standard error, naming what is asked for; no traceback, nothing on standard output."""
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.stderr.count("Error: ") == 1 and "Traceback" not in result.stderr
    message = result.stderr[result.stderr.index("Error: ") :]
    assert [word for word in words if word not in message] == []
    assert result.stdout == ""


@pytest.mark.parametrize(("spoil", "code", "words"), WRONG_DATA, ids=lambda value: getattr(value, "__name__", ""))
def test_wrong_data_is_one_message(public: Path, data: Path, spoil: Spoil, code: int, words: tuple[str, ...]) -> None:
    spoil(data)
    options = ("--dataset", data / "farm.yaml", "--data-root", data, "--workers", 0)
    one_message(call("contamination", public, *options), code, *words)


def test_what_a_worker_finds_is_one_message_too(public: Path, data: Path) -> None:
    broken_jpeg(data)
    options = ("--dataset", data / "farm.yaml", "--data-root", data, "--workers", 1)
    one_message(call("contamination", public, *options), 3, "images/2.jpg", "cannot be read")


@pytest.mark.parametrize(("spoil", "code", "words"), WRONG_DATA[:6], ids=lambda value: getattr(value, "__name__", ""))
def test_check_data_lists_what_is_wrong(data: Path, spoil: Spoil, code: int, words: tuple[str, ...]) -> None:
    spoil(data)
    result = call("check-data", "--dataset", data / "farm.yaml", "--data-root", data, "--json")
    assert result.exit_code == code
    (finding,) = json.loads(result.stdout)["findings"]
    assert [word for word in words if word not in finding["message"]] == []


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
    one_message(call("contamination", text, *options), 4, "notes.pth", "not a checkpoint")
    (cut := tmp_path / "cut.pth").write_bytes(public.read_bytes()[:5000])
    one_message(call("contamination", cut, *options), 4, "cut.pth", "cut short")
    torch.save({"model": RunsCode(tmp_path / "ran")}, evil := tmp_path / "evil.pth")
    one_message(call("contamination", evil, *options), 4, "evil.pth", "nothing was run")
    assert not (tmp_path / "ran").exists()
    one_message(call("contamination", tmp_path, *options), 4, "holds no checkpoint")
    one_message(call("contamination", data / "images/0.jpg", *options), 4, "not a checkpoint")


def test_a_class_count_that_does_not_fit_is_one_message(public: Path, data: Path, tmp_path: Path) -> None:
    one_message(
        call("contamination", public, "--dataset", "camvid", "--data-root", data), 3, "3 classes", "camvid has 11"
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

    monkeypatch.setattr("pixcon_diag.passes.evaluation.predict_probabilities", stop)
    result = call("contamination", run_folder, "--out", tmp_path / "out", "--json")
    assert (result.exit_code, result.stdout) == (130, "")
    assert "Stopped" in result.stderr
    assert not (tmp_path / "out").exists()
