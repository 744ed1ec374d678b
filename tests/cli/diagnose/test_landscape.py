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


def test_runs_in_another_setting_are_never_beside_the_published_ones(run_folder: Path, public: Path) -> None:
    one_message(call("landscape", run_folder, public), 2, "The published results are of Pascal VOC", "is of")


def test_further_points_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    points = tmp_path / "points.csv"
    points.write_text("name,encoder,parameters,miou,dataset\nmine,DINOv2-S,24800000,0.84,pascal\n")
    content = json.loads(call("landscape", "--points", points, "--json").stdout)["landscape"]
    assert content["points"][-1]["name"] == "mine" and content["points"][-1]["own"]
    points.write_text(points.read_text() + "digits,nano,700000,0.6,digits\n")
    partly = call("landscape", "--points", points, "--json")
    assert json.loads(partly.stdout)["landscape"] == content
    assert "left out: from the landscape of Pascal VOC" in partly.stderr and "digits is of digits" in partly.stderr
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
    one_message(call("landscape", "--points", "points.csv"), 3, "points.csv, line 2", "a fraction of 0..1")


def test_figures_take_a_style_and_latex_lies_beside_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("paper.mplstyle").write_text("axes.facecolor: 123456\n")
    for out, style in (("plain", ()), ("styled", ("--style", "paper.mplstyle"))):
        result = call("landscape", "--out", out, *style)
        assert result.exit_code == 0 and "tables/landscape.tex" in result.stderr, result.output
    assert "#123456" in Path("styled/landscape.svg").read_text()
    assert "#123456" not in Path("plain/landscape.svg").read_text()
    assert r"\toprule" in Path("plain/tables/landscape.tex").read_text()


def test_an_unknown_style_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    refused = call("contamination", tmp_path / "nowhere.pth", "--style", "gplot")
    assert (
        refused.exit_code == 2 and "No style of matplotlib is called 'gplot' (did you mean 'ggplot'?)" in refused.stderr
    )
    assert "nowhere" not in refused.stderr and "Traceback" not in refused.output
