"""The commands on two methods with two seeds, as a user meets them after training: nothing has to be named."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.passes import run as evaluation
from pixcon_diag.passes.options import RunChoice
from pixcon_diag.study import Study
from pixcon_diag.tables.latex import to_latex
from tests.cli.diagnose.asking import ask, no_drawing, rows
from tests.cli.farm import call, one_message

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def study(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a folder with `runs` and `data`, whose passes are cached from test to test."""
    for name in ("runs", "data"):
        (tmp_path / name).symlink_to(runs.parent / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_runs_are_found_grouped_by_recipe_with_the_baseline_first() -> None:
    result = call("geometry", "--workers", 0)
    assert result.exit_code == 0, result.output
    assert "none = runs/farm-none-0, runs/farm-none-1; clean = runs/farm-clean-0, runs/farm-clean-1" in result.stderr
    assert "Margin (↑)" in result.stdout and "over seeds (2, 2)" in result.stdout
    results = ask("geometry")["results"]
    assert [(each["group"], each["name"]) for each in results] == [
        ("none", "farm-none-0"),
        ("none", "farm-none-1"),
        ("clean", "farm-clean-0"),
        ("clean", "farm-clean-1"),
    ]


def test_no_runs_and_nothing_named_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for command in ("geometry", "qualitative", "report", "gradient"):
        one_message(call(command), 4, "no runs in ./runs", "pixcon-train run")


def test_a_pass_serves_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    call("compare", "--workers", 0)  # which replays the banks too
    passes: list[int] = []
    real = evaluation._predict
    monkeypatch.setattr(evaluation, "_predict", lambda *a: passes.append(1) or real(*a))
    for command in ("contamination", "boundary", "geometry", "per-class", "compare"):
        result = call(command, "--workers", 0, "--verbose")
        assert result.exit_code == 0 and result.stderr.count("reusing the pass cached in") >= 4, result.output
    assert call("boundary", "--width", 2, "--distance", "euclidean", "--workers", 0).exit_code == 0
    assert passes == []


def test_boundary_has_table_7(study: Path) -> None:
    found = ask("boundary", "--out", study / "boundary")
    (row, *_), results = rows(study / "boundary/table7_none_clean.csv"), found["results"]
    errors = [
        [r["boundary"]["widths"][0]["band"]["error"] for r in results if r["group"] == g] for g in ("none", "clean")
    ]
    means = [np.mean(each) for each in errors]
    assert float(row["baseline_band"]) == pytest.approx(means[0])
    assert float(row["delta_band"]) == pytest.approx(means[1] - means[0])
    assert float(row["other_band_std"]) == pytest.approx(np.std(errors[1], ddof=1))
    assert (study / "boundary/boundary.png").is_file()


def test_saved_predictions_of_any_framework(study: Path) -> None:
    """The ground truth itself as predictions: no error, and every class won by the other method."""
    folder = study / "perfect"
    folder.mkdir()
    for mask in (study / "data/masks").glob("*.png"):
        labels = np.array(Image.open(mask))
        Image.fromarray(np.where(labels == 255, 0, labels).astype(np.uint8)).save(folder / mask.name)
    found = ask("boundary", "runs/farm-none-0", "--predictions", f"perfect={folder}")["results"]
    assert [each["name"] for each in found] == ["farm-none-0", "perfect"]
    assert found[1]["boundary"]["overall"]["error"] == 0 and found[1]["miou"] == 1
    per_class = ask("per-class", "runs/farm-none-0", "--predictions", f"perfect={folder}")["comparisons"]
    assert per_class[0]["per_class"]["mean"]["other"] == 1
    alone = call("boundary", "--predictions", folder, "--dataset", "data/farm.yaml", "--data-root", "data")
    assert alone.exit_code == 0 and "perfect" in alone.stdout
    one_message(
        call("boundary", "--predictions", "nowhere", "--dataset", "data/farm.yaml", "--data-root", "data"), 3, "nowhere"
    )


def test_per_class_pairs_the_seeds(study: Path) -> None:
    (comparison,) = ask("per-class", "--out", study / "classes")["comparisons"]
    assert (comparison["baseline"], comparison["other"]) == ("none", "clean")
    assert comparison["per_class"]["paired"] and comparison["per_class"]["baseline_seeds"] == 2
    table = rows(study / "classes/per-class_clean.csv")
    assert table[-1]["class"] == "mIoU" and len(table) == 4


def test_a_grid_ranked_by_the_difference_of_errors(study: Path) -> None:
    result = call("qualitative", "--rank-by", "error-diff", "--count", 3, "--workers", 0)
    assert result.exit_code == 0, result.output
    saved = json.loads((study / "qualitative/qualitative.json").read_text())
    differences = [-image["delta"] for image in saved["images"]]
    assert differences == sorted(differences, reverse=True) and 0 < len(differences) <= 3 and min(differences) > 0
    for image in saved["images"]:
        files = [image["files"]["image"], image["files"]["truth"], *image["files"]["predictions"]]
        assert len({Image.open(study / "qualitative" / file).size for file in files}) == 1
    assert (study / "qualitative/qualitative.pdf").is_file()
    losses = ask("qualitative", "--rank-by", "regressions", "--out", study / "losses")["images"]
    deltas = [image["delta"] for image in losses]
    assert deltas == sorted(deltas, reverse=True) and all(delta > 0 for delta in deltas)


def test_tsne_takes_the_same_pixels_under_each_method() -> None:
    found = ask("tsne", "--per-class", 20)
    projections = found["projection"]["projections"]
    assert [each["name"] for each in projections] == ["none", "clean"] and not found["projection"]["aligned"]
    assert len(found["projection"]["pixels"]) == len(projections[0]["positions"]) == len(projections[1]["positions"])
    assert ask("tsne", "--per-class", 20, "--aligned")["projection"]["aligned"]


def test_coverage_replays_the_rules_and_shows_the_stored_bank(study: Path) -> None:
    found = ask("coverage", "--out", study / "coverage")["results"]
    assert [each["rule"] for each in found[:3]] == ["clean", "labeled", "confidence"]
    by_rule = {each["rule"]: each for each in found if each["name"] == "farm-clean-0"}
    assert by_rule["clean"]["options"]["size"] == 16 and by_rule["clean"]["coverage"]["batch_size"] == 2
    assert by_rule["clean"]["stored_bank"]["fill"] == [16, 4, 0]
    assert {rate for rule in ("clean", "labeled") for rate in by_rule[rule]["coverage"]["classes"]["rho_f"]} <= {
        0.0,
        None,
    }
    assert all(each["stored_bank"] is None for each in found if each["group"] == "none")
    assert len(rows(study / "coverage/coverage_classes.csv")) == 4 * 3 * 3


def test_gradient_names_its_space_and_a_clean_bank_has_none_of_it() -> None:
    found = ask("gradient", "--anchors", 10)["results"]
    spaces = {each["name"]: each["space"] for each in found}
    assert spaces["farm-none-0"] == "fused feature" and spaces["farm-clean-0"] == "projection"
    clean = [each for each in found if each["rule"] == "clean"]
    assert all(each["gradient"]["eq3"]["overall"]["norm_false"] == 0 for each in clean)
    assert all(set(each["sweep"]) == {"uniform", "confusion"} for each in clean)
    points = clean[0]["sweep"]["uniform"]
    ratios = [point["result"]["supcon"]["overall"]["rho_f"] for point in points]
    assert ratios == sorted(ratios) and ratios[0] == 0
    unlabeled = ask(
        "gradient", "runs/farm-clean-0", "--rule", "confidence", "--split", "unlabeled", "--admission-tau", 0.4
    )
    assert unlabeled["results"][0]["tau"] == 0.4 and unlabeled["results"][0]["sweep"] == {}


def test_compare_keeps_the_two_kinds_of_noise_apart(study: Path) -> None:
    found = ask("compare", "--draws", 50, "--out", study / "compare")
    (comparison,) = found["comparisons"]
    by_measure = {row["measure"]: row for row in comparison["rows"]}
    assert {"mIoU", "ρ_F at τ = 0.95", "margin", "boundary error, 3 px", "ECE"} <= set(by_measure)
    row = by_measure["mIoU"]
    assert (
        row["image_noise"]["runs"] == [2, 2] and row["seed_noise"]["paired"]["sign_test"]["smallest_one_sided"] == 0.25
    )
    assert by_measure["ECE"]["image_noise"] is None
    kinds = [
        line["noise"]
        for line in rows(study / "compare/compare_clean_fractions.csv")
        if line["measure"].startswith("mIoU")
    ]
    assert kinds == ["images (95%)", "seeds"]


def test_a_checkpoint_against_itself_differs_by_exactly_nothing() -> None:
    (comparison,) = ask("compare", "a=runs/farm-clean-0", "b=runs/farm-clean-0", "--draws", 20)["comparisons"]
    for row in comparison["rows"]:
        assert row["seed_noise"]["difference"] in (0, None), row["measure"]
        noise = row["image_noise"]
        assert noise is None or (noise["difference"], noise["low"], noise["high"]) in ((0, 0, 0), (None, None, None))


def test_the_report_has_everything_and_links_what_is_there(study: Path) -> None:
    result = call("report", "--workers", 0, "--count", 2)
    assert result.exit_code == 0, result.output
    page = (study / "report/report.md").read_text()
    for title in (
        "Checkpoints",
        "Gradient split",
        "Bank coverage",
        "Boundary and interior",
        "Differences",
    ):
        assert f"## {title}" in page
    assert "layout of Table 4" in page and "layout of Table 9" in page and "layout of Table 7" in page
    links = re.findall(r"\]\(([^#)][^)]*)\)", page)
    assert len(links) > 30 and [link for link in links if not (study / "report" / link).is_file()] == []
    for table in (study / "report/tables").glob("*.md"):
        assert table.with_suffix(".tex").read_text().count(r"\begin{tabular}") == 1
    assert "4 images of farm" in page and "## Landscape" not in page
    assert "left out: Contamination without labels: the pass over" in result.stderr  # a report never makes that pass


def test_a_report_of_one_checkpoint_says_what_is_left_out(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_drawing(monkeypatch)
    shutil.copytree(study / "runs/farm-none-0", study / "alone", ignore=shutil.ignore_patterns("log.jsonl"))
    result = call("report", "alone", "--out", study / "single", "--workers", 0)
    assert result.exit_code == 0, result.output
    assert "needs two methods" in result.stderr and "training dynamics" in result.stderr
    page = (study / "single/report.md").read_text()
    assert "Left out:" in page and "## Differences" not in page


def test_a_name_that_is_given_stands_in_every_table(runs: Path) -> None:
    """And the folder's name in none of them, in the terminal and in LaTeX."""
    named = {"umv2 & me": [str(runs / "farm-none-0")], "ours": [str(runs / "farm-clean-0")]}
    study = Study(named, options=StudyOptions(run=RunChoice(workers=0)))
    for name in ("contamination", "boundary", "per_class", "geometry", "dynamics", "compare"):
        result = getattr(study, name)()
        text, latex = repr(result), "".join(map(to_latex, result.tables))
        assert "umv2 & me" in text and r"umv2 \& me" in latex and "ours" in text, name
        assert "farm-none-0" not in text + latex and "farm-clean-0" not in text + latex, name
