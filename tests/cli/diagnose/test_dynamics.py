"""`pixcon-diag dynamics` as a user meets it."""

import csv
import json
from pathlib import Path

import pytest

from pixcon_train.core.files import to_json
from pixcon_train.engine.trainer import train
from tests.cli.farm import call, one_message
from tests.pixcon_diag.logs.test_unimatch_log import BEST
from tests.pixcon_train.tiny import tiny_config, write_tiny
from tests.training_logs import header, run_record, start_record, write_unimatch


def logs(folder: Path, **values: list[float]) -> list[Path]:
    """A log of each name with these EMA mIoUs in per cent, one an epoch; the student is 1 below."""
    folder.mkdir(exist_ok=True)
    return [write_unimatch(folder / f"{name}.log", [[(v - 1, v)] * 3 for v in each]) for name, each in values.items()]


@pytest.mark.slow
def test_best_epochs_leads_and_curves(tmp_path: Path) -> None:
    paths = logs(tmp_path / "logs", a=[50.0, 60.0, 55.0], b=[51.0, 59.0, 57.0], c=[49.0, 61.0])
    out = tmp_path / "out"
    result = call("dynamics", f"base={paths[0]}", f"other={paths[1]},{paths[2]}", "--out", out)
    assert result.exit_code == 0, result.output
    assert "other leads in" in result.stdout and "Groups (ema)" in result.stdout
    (lead,) = csv.DictReader((out / "dynamics_leads.csv").open())
    # Both seeds of `other` are live for two epochs: 50.0 against 50.0 and 60.0 against 60.0 – two ties.
    assert (lead["live"], lead["leads"], lead["ties"]) == ("2", "0", "2")
    runs = list(csv.DictReader((out / "dynamics.csv").open()))
    assert [(row["run"], float(row["best_ema"]), row["best_ema_epoch"]) for row in runs] == [
        ("a", 0.6, "1"),
        ("b", 0.59, "1"),
        ("c", 0.61, "1"),
    ]
    assert len(list(csv.DictReader((out / "dynamics_curves.csv").open()))) == 8
    assert (out / "dynamics.png").is_file() and (out / "dynamics.pdf").is_file()


def test_the_student_and_another_baseline(tmp_path: Path) -> None:
    paths = logs(tmp_path / "logs", a=[50.0, 60.0], b=[52.0, 58.0])
    content = json.loads(call("dynamics", *paths, "--weights", "student", "--baseline", "b", "--json").stdout)
    assert [group["name"] for group in content["dynamics"]["groups"]] == ["b", "a"]
    assert content["dynamics"]["leads"][0]["margin"] == pytest.approx([-0.02, 0.02])
    refused = call("dynamics", *paths, "--baseline", "z")
    assert refused.exit_code == 2 and "There are: a, b" in refused.stderr


def test_a_run_of_this_project_whose_last_line_was_cut_off(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    records = [{"event": "start", **start_record()}]
    records += [{"event": "epoch", **run_record(epoch, (0.5, 0.25, None))} for epoch in (1, 2)]
    (folder / "log.jsonl").write_text("".join(to_json(each, indent=None) + "\n" for each in records) + '{"event": "ste')
    result = call("dynamics", folder)
    assert result.exit_code == 0, result.output
    assert "cut off by a crash" in result.stdout.replace("\n", " ") and "37.50" in result.stdout


@pytest.mark.parametrize("command", ["dynamics", "sensitivity"])
def test_each_mistake_is_one_message(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = logs(tmp_path / "logs", a=[50.0], b=[60.0])
    (tmp_path / "begun.log").write_text(header())
    (tmp_path / "empty").mkdir()
    (tmp_path / "mine").mkdir()
    start = to_json({"event": "start", **start_record()}, indent=None)
    (tmp_path / "mine/log.jsonl").write_text(start + "\n")
    one_message(call(command), 3, "No log was named", "./runs", "pixcon-train run")
    one_message(call(command, "nowhere/run.log"), 3, "No log at nowhere/run.log")
    one_message(call(command, f"x={first},nowhere"), 3, "No log at nowhere")
    one_message(call(command, "empty"), 3, "empty holds no log", "log.jsonl", "*.log")
    one_message(call(command, "begun.log"), 3, "begun.log", "no evaluated epoch")
    one_message(call(command, "mine"), 3, "mine/log.jsonl has no finished epoch")
    one_message(call(command, f"x={first}", f"x={second}"), 2, "Two groups are called 'x'")
    one_message(call(command, f"x={first},{first}"), 2, "named twice")


def test_a_teacher_that_was_never_evaluated_is_said(tmp_path: Path) -> None:
    path = write_unimatch(tmp_path / "labeled.log", [[(50.0, None)] * 3, [(52.0, None)] * 3])
    found = call("dynamics", path, "--weights", "ema")
    assert found.exit_code == 0 and "No mIoU of the EMA teacher in labeled" in found.stdout
    assert "Classes at the best epoch of the student" in found.stdout
    student = json.loads(call("dynamics", path, "--json").stdout)["dynamics"]
    asked = student["groups"][0]
    assert student["weights"] == "student", "the only network of the log"
    assert asked["band"]["mean"] == [0.5, 0.52] and asked["runs"][0]["best_ema"] is None


@pytest.mark.reference
def test_the_eleven_public_logs(reference: Path) -> None:
    content = json.loads(call("dynamics", reference / "logs", "--json").stdout)
    runs = {run["name"]: run for group in content["dynamics"]["groups"] for run in group["runs"]}
    assert set(runs) == set(BEST)
    for name, (weights, miou, epoch, epochs) in BEST.items():
        best = runs[name][f"best_{weights}"]
        assert (best["miou"], best["epoch"], len(runs[name]["mask_ratio"])) == (miou, epoch, epochs)
        assert len(best["iou"]) == len(runs[name]["classes"])
        assert (runs[name]["best_ema"] is None) == ("labeled_only" in name)
    run = runs["table01-pascal_unimatch_v2_183labels_dinov2_base"]
    ious = dict(zip(run["classes"], run["best_ema"]["iou"], strict=True))
    assert (ious["chair"], ious["sofa"], ious["tv/monitor"]) == (0.5826, 0.8037, 0.7491)
    assert (run["mask_ratio"][0], run["mask_ratio"][-1]) == (0.71, 0.98)


@pytest.mark.slow
def test_kept_teachers_are_measured_as_by_contamination(tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    train(tiny_config(write_tiny(tmp_path), bank__rule="none", runtime__keep_every=1), run)
    result = call("dynamics", run, "--measure-kept", "--out", out)
    assert result.exit_code == 0, result.output
    assert "Kept teachers" in result.stdout and (out / "kept_teachers.png").is_file()
    rows = list(csv.DictReader((out / "dynamics_kept.csv").open()))
    assert [(row["group"], row["epoch"]) for row in rows] == [("run", "1"), ("run", "2")]
    alone = json.loads(call("contamination", run / "epoch_1.pth", "--json").stdout)["results"][0]["contamination"]
    (at,) = alone["thresholds"]
    assert float(rows[0]["retention"]) == at["overall"]["retention"]
    one_message(call("dynamics", *logs(tmp_path / "logs", a=[50.0]), "--measure-kept"), 2, "--keep-every N")
