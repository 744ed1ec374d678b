"""`pixcon-diag landscape` as a user meets it."""

import json
from pathlib import Path

import pytest

from tests.cli.farm import call, one_message


def test_published_figures_alone_where_there_are_no_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("landscape", "--out", tmp_path / "out")
    assert result.exit_code == 0 and "only the published figures" in result.stderr
    assert "PixCon (published)" in result.stdout and (tmp_path / "out/landscape.png").is_file()


def test_own_runs_with_what_they_state(run_folder: Path, public: Path) -> None:
    content = json.loads(call("landscape", run_folder, public, "--json").stdout)["landscape"]
    own = [point for point in content["points"] if point["own"]]
    assert own[0]["name"] == run_folder.name
    assert all(not point["comparable"] and point["encoder"] == "DINOv2-nano" for point in own)
    assert own[0]["parameters"] == pytest.approx(0.7, abs=0.1) and "ema, epoch" in own[0]["miou_source"]


def test_further_points_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    points = tmp_path / "points.csv"
    points.write_text("name,encoder,parameters,miou,dataset\nmine,DINOv2-S,24800000,0.84,pascal\n")
    content = json.loads(call("landscape", "--points", points, "--json").stdout)["landscape"]
    assert content["points"][-1]["name"] == "mine" and content["points"][-1]["comparable"]
    points.write_text("name,miou\nmine,0.84\n")
    refused = call("landscape", "--points", points)
    assert refused.exit_code == 3 and "lacks the column encoder, parameters, dataset" in refused.stderr
    points.write_text("name,encoder,parameters,miou,dataset\nmine,DINOv2-S,24.8M,0.84,pascal\n")
    assert "line 2" in call("landscape", "--points", points).stderr


def test_each_mistake_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one_message(call("landscape", "nowhere.pth"), 4, "No file at nowhere.pth")
    one_message(call("landscape", "--points", "nowhere.csv"), 3, "nowhere.csv cannot be read")
    Path("points.csv").write_text("name,encoder,parameters,miou,dataset\nmine,DINOv2-S,24800000,84,pascal\n")
    one_message(call("landscape", "--points", "points.csv"), 2, "mine", "fraction in [0, 1]")
