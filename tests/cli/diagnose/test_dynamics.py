"""`pixcon-diag dynamics` as a user meets it."""

import csv
import json
from pathlib import Path

import pytest

from pixcon_train.files import to_json
from tests.cli.farm import call
from tests.training_logs import run_record, start_record, write_unimatch


def logs(folder: Path, **values: list[float]) -> list[Path]:
    """A log of each name with these EMA mIoUs in per cent, one an epoch; the student is 1 below."""
    folder.mkdir(exist_ok=True)
    return [write_unimatch(folder / f"{name}.log", [[(v - 1, v)] * 3 for v in each]) for name, each in values.items()]


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


@pytest.mark.reference
def test_the_eleven_public_logs(reference: Path) -> None:
    content = json.loads(call("dynamics", reference / "logs", "--json").stdout)
    best = {
        run["name"]: run["best_ema"] and (run["best_ema"]["miou"], run["best_ema"]["epoch"])
        for group in content["dynamics"]["groups"]
        for run in group["runs"]
    }
    assert len(best) == 11 and sum(value is None for value in best.values()) == 2  # the labeled-only ones
    stem = "table01-pascal_unimatch_v2_{}labels_dinov2_base"
    assert [best[stem.format(n)] for n in (92, 183, 366)] == [(0.8629, 38), (0.8792, 50), (0.8886, 54)]
    run = next(r for g in content["dynamics"]["groups"] for r in g["runs"] if r["name"] == stem.format(183))
    assert len(run["mask_ratio"]) == 60 and run["mask_ratio"][-1] == 0.98 and len(run["best_ema"]["iou"]) == 21
