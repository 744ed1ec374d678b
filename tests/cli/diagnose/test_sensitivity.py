"""`pixcon-diag sensitivity` as a user meets it."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.farm import call, one_message
from tests.training_logs import write_unimatch


def runs(folder: Path, **values: tuple[float, list[float]]) -> list[Path]:
    """A log of each name with a threshold and these EMA mIoUs in per cent."""
    return [
        write_unimatch(folder / f"{name}.log", [[(v, v)] * 3 for v in mious], conf_thresh=tau, epochs=2)
        for name, (tau, mious) in values.items()
    ]


def test_a_block_in_the_layout_of_table_10(tmp_path: Path) -> None:
    paths = runs(tmp_path, low=(0.9, [70.0, 80.0]), base=(0.95, [82.0, 81.0]), high=(0.98, [60.0, 79.0]))
    out = tmp_path / "out"
    result = call("sensitivity", *paths, "--out", out)
    assert result.exit_code == 0, result.output
    assert "0.95 *" in result.stdout and "* the base setting: base." in result.stdout
    assert "Spread over the settings: 3.00 points." in result.stdout
    rows = list(csv.DictReader((out / "sensitivity.csv").open()))
    assert [(row["value"], float(row["miou"]), row["peak"]) for row in rows] == [
        ("0.9", 0.8, "1"),
        ("0.95 *", 0.82, "0"),
        ("0.98", 0.79, "1"),
    ]
    assert [row["delta"] and round(float(row["delta"]), 6) for row in rows] == [-0.02, "", -0.03]
    table10 = list(csv.reader((out / "table10_conf_thresh.csv").open()))
    assert table10[1:] == [["mIoU %", "80.00", "82.00", "79.00"], ["peak epoch", "1", "0", "1"]]
    assert (out / "sensitivity.png").is_file()


def test_seeds_of_one_setting_and_a_base_that_cannot_be_told(tmp_path: Path) -> None:
    paths = runs(tmp_path, a=(0.7, [70.0]), b=(0.7, [72.0]), c=(0.8, [75.0]))
    result = call("sensitivity", *paths)
    assert "71.00 ± 1.41" in result.stdout and "is ambiguous" in result.stdout
    named = json.loads(call("sensitivity", *paths, "--base", "a", "--json").stdout)
    assert named["sensitivity"]["base"] == ["a", "b"]
    grouped = call("sensitivity", f"low={paths[0]},{paths[1]}", paths[2], "--base", "low", "--json")
    assert json.loads(grouped.stdout)["sensitivity"]["base"] == ["a", "b"]
    one_message(call("sensitivity", *paths, "--base", "nobody"), 2, "No run is called 'nobody'", "a, b, c")
    alone = call("sensitivity", paths[0])
    assert alone.exit_code == 2 and "no hyperparameter to compare" in alone.stderr


@pytest.mark.reference
def test_the_threshold_logs_and_the_base_run(reference: Path) -> None:
    logs = reference / "logs"
    paths = [*sorted(logs.glob("zfigure5*")), logs / "table01-pascal_unimatch_v2_183labels_dinov2_base.log"]
    content = json.loads(call("sensitivity", *paths, "--json").stdout)["sensitivity"]
    (axis,) = content["axes"]
    assert axis["hyperparameter"] == "conf_thresh" and axis["spread"] == pytest.approx(0.8792 - 0.8574)
    assert [(s["value"], s["mean"], s["peak_epochs"]) for s in axis["settings"]] == [
        (0.0, 0.8574, [36]),
        (0.7, 0.8744, [38]),
        (0.9, 0.8750, [43]),
        (0.95, 0.8792, [50]),
        (0.98, 0.8750, [54]),
    ]
    assert content["base"] == ["table01-pascal_unimatch_v2_183labels_dinov2_base"]
    strict = "zfigure5-pascal_unimatch_v2_183labels_confidence_threshold0.98_dinov2_base"
    named = json.loads(call("sensitivity", *paths, "--base", strict, "--json").stdout)["sensitivity"]
    assert named["base"] == [strict] and named["axes"][0]["spread"] == axis["spread"]
    assert named["axes"][0]["settings"][0]["delta"] == pytest.approx(0.8574 - 0.8750)
