"""`pixcon-diag contamination` as a user meets it: what it prints and what it writes."""

import csv
import json
from pathlib import Path

import pytest

from pixcon_train.core.files import sha256
from pixcon_train.core.version import VERSION
from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.file_names import BEST_EMA
from tests.cli.diagnose.asking import no_drawing
from tests.cli.farm import CLASSES, SIZES, call, measure, own_checkpoint


def test_a_checkpoint_trained_here_needs_nothing_else(run_folder: Path) -> None:
    result = call("contamination", run_folder / BEST_EMA)
    assert result.exit_code == 0, result.output
    assert "farm-clean-0" in result.stdout and "lower bound on the error" in " ".join(result.stdout.split())
    assert "pixcon-train checkpoint, unimatch_v2 nano, the EMA teacher, on 4 images of farm" in result.stderr
    assert all(label in result.stdout for label in CLASSES)
    assert "Boundary band" in result.stdout and "25.00" in result.stdout  # the mIoU that the file states


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
    assert provenance["version"] == VERSION


@pytest.mark.slow
def test_out_writes_json_and_csv_that_agree(run_folder: Path, tmp_path: Path) -> None:
    result = call("contamination", run_folder, "--out", tmp_path / "out", "--json")
    assert json.loads((tmp_path / "out/contamination.json").read_text()) == json.loads(result.stdout)
    with (tmp_path / "out/contamination.csv").open() as handle:
        (row,) = csv.DictReader(handle)
    content = json.loads(result.stdout)
    found = content["results"][0]
    at = found["contamination"]["thresholds"][0]
    assert (content["command"], content["version"]) == ("contamination", VERSION)
    assert [int(row[name]) for name in ("pixels", "retained", "correct")] == [
        at["overall"][name] for name in ("pixels", "retained", "correct")
    ]
    for column, value in {
        "rho_f": at["overall"]["rho_f"],
        "macro_rho_f": at["by_predicted"]["macro_rho_f"],
        "macro_rho_f_by_truth": at["by_truth"]["macro_rho_f"],
        "miou": found["iou"]["miou"],
        "miou_zero": found["iou"]["miou_zero"],
    }.items():
        assert row[column] == ("" if value is None else repr(value)), column
    assert (row["sha256"], row["images"], row["taus"]) == (sha256(run_folder / BEST_EMA), "4", "0.95")
    assert not list((tmp_path / "out").glob(".*"))


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as handle:
        return list(csv.DictReader(handle))


def test_csv_of_classes_boundary_and_curve_have_counts_beside_rates(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_drawing(monkeypatch)
    (found,) = measure(run_folder, "--out", tmp_path / "out", "--tau", 0.4, "--width", 2)
    (at,) = found["contamination"]["thresholds"]
    classes, zones, curve = (
        read(tmp_path / f"out/contamination_{name}.csv") for name in ("classes", "boundary", "curve")
    )
    assert [(row["index"], row["class"]) for row in classes] == [(str(k), name) for k, name in enumerate(CLASSES)]
    for k, row in enumerate(classes):
        for way, name in (("predicted", "by_predicted"), ("true", "by_truth")):
            for count in ("pixels", "retained", "correct"):
                assert int(row[f"{way}_{count}"]) == at[name][count][k]
    (zone,) = zones
    for place in ("band", "interior"):
        for count in ("pixels", "retained", "correct"):
            assert int(zone[f"{place}_{count}"]) == at["zones"][0][place][count]
    assert float(zone["share"]) == at["zones"][0]["band"]["pixels"] / at["overall"]["pixels"]
    assert [float(row["tau"]) for row in curve] == found["contamination"]["curve"]["tau"]


def test_classes_of_several_checkpoints_are_in_the_files_only(
    run_folder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_drawing(monkeypatch)
    save_checkpoint(run_folder.parent / "farm-none-0" / BEST_EMA, own_checkpoint(data, shift=0.5))
    result = call("contamination", run_folder.parent, "--out", tmp_path / "out", "--workers", 0)
    assert result.exit_code == 0, result.output
    assert "predicted px" not in result.stdout and "interior" in result.stdout
    rows = read(tmp_path / "out/contamination_classes.csv")
    assert [row["name"] for row in rows] == ["farm-clean-0"] * 3 + ["farm-none-0"] * 3


def test_undefined_rates_are_null_and_a_dash(run_folder: Path) -> None:
    (result,) = measure(run_folder, "--tau", 1)
    overall = result["contamination"]["thresholds"][0]["overall"]
    assert (overall["retained"], overall["rho_f"]) == (0, None)
    printed = call("contamination", run_folder, "--tau", 1).stdout
    assert "–" in printed and "no pixel retained at τ = 1 for grass, sky, cow" in printed
