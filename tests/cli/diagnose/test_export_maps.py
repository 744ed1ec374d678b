"""`pixcon-diag export-maps`, and every command on what it writes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.data.confidence_codes import KEYWORD
from tests.cli.diagnose.asking import ask, no_drawing, no_network
from tests.cli.farm import SIZES, call, one_message, write_data, write_public


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint and the folders of its maps: nothing there is to be changed."""
    root = tmp_path_factory.mktemp("maps")
    write_data(root / "data")
    write_public(root / "best.pth")
    (root / "data/photographs.txt").write_text("images/0.jpg\nimages/3.jpg\n")
    return root


def options(root: Path) -> tuple[Any, ...]:
    return "--dataset", root / "data/farm.yaml", "--data-root", root / "data", "--list", root / "data/val.txt"


@pytest.fixture(scope="module")
def maps(root: Path) -> Path:
    result = call("export-maps", root / "best.pth", "--out", root / "maps", *options(root), "--workers", 0)
    assert result.exit_code == 0, result.output
    size = sum(file.stat().st_size for file in (root / "maps/images").iterdir())
    title, _, head, _, row, *_ = result.stdout.splitlines()
    assert title == "Predictions written: labels and confidence, PNG"
    assert [cell.strip() for cell in head.strip("┃").split("┃")] == ["checkpoint", "folder", "images", "files", "MB"]
    name, *cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert (name, cells) == (f"{root.name}/best", [str(root / "maps"), "4", "8", f"{size / 1e6:.1f}"])
    return root / "maps"


@pytest.fixture(autouse=True)
def _there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    no_drawing(monkeypatch)


def test_the_files_lie_as_the_images_do(maps: Path) -> None:
    names = {str(file.relative_to(maps)) for file in maps.rglob("*.png")}
    assert names == {f"images/{index}{end}" for index in range(len(SIZES)) for end in (".png", ".confidence.png")}
    labels, confidence = Image.open(maps / "images/3.png"), Image.open(maps / "images/3.confidence.png")
    assert labels.size == confidence.size == SIZES[3]
    assert (labels.mode, confidence.mode) == ("P", "I;16") and confidence.info[KEYWORD].startswith("0:0 59400:0.99 ")


def test_saved_maps_have_the_contamination_of_their_network(root: Path, maps: Path) -> None:
    both = ask("contamination", root / "best.pth", "--predictions", f"mine={maps}", *options(root))["results"]
    network, mine = (result["contamination"] for result in both)
    assert both[1]["name"] == "mine" and both[0]["iou"] == both[1]["iou"]
    assert mine["calibration"]["ece"] == pytest.approx(network["calibration"]["ece"], abs=2e-5)
    assert {**mine, "calibration": None} == {**network, "calibration": None}
    assert both[1]["provenance"]["checkpoint"]["layout"] == "saved labels and confidence (16-bit PNG)"


@pytest.mark.parametrize("command", ["contamination", "tau", "boundary", "doctor", "audit-labels", "qualitative"])
def test_every_command_without_features_takes_them(
    root: Path, maps: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_network(monkeypatch)
    result = call(command, "--predictions", f"mine={maps}", *options(root))
    assert result.exit_code == 0 and "mine" in result.stdout, result.output
    said = "mine: saved labels and confidence (16-bit PNG), on 4 images of farm (val.txt)."
    assert result.stderr.splitlines()[0] == said


def test_they_are_compared_and_reported_with_their_network(
    root: Path, maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = (f"net={root / 'best.pth'}", "--predictions", f"mine={maps}", *options(root))
    rows = ask("compare", *pair, "--draws", 20)["comparisons"][0]["rows"]
    found = {row["measure"]: row["seed_noise"]["difference"] for row in rows}
    assert {"mIoU", "retention at τ = 0.95", "ρ_F at τ = 0.95", "ECE"} <= found.keys()
    assert all(abs(difference or 0) < 2e-5 for difference in found.values())
    assert ask("duel", *pair, "--count", 2)["duels"][0]["disagreeing"] == 0
    no_network(monkeypatch)
    result = call("report", "--predictions", f"mine={maps}", *options(root), "--out", tmp_path / "report", "--count", 1)
    assert result.exit_code == 0, result.output
    written = {file.stem for file in (tmp_path / "report").glob("*.json")}
    assert {"doctor", "contamination", "tau", "boundary", "qualitative", "audit-labels"} <= written
    assert not {"gradient", "coverage", "geometry", "tsne", "checkpoints"} & written


def test_an_estimate_needs_the_maps_of_the_unlabeled_list(root: Path, tmp_path: Path) -> None:
    listed = ("--unlabeled", root / "data/photographs.txt")
    result = call("export-maps", root / "best.pth", "--out", tmp_path / "both", *options(root), "--workers", 0)
    assert result.exit_code == 0, result.output
    mine = ("--predictions", f"mine={tmp_path / 'both'}", *options(root))
    (result,) = ask("estimate", *mine, *listed)["results"]
    (network,) = ask("estimate", root / "best.pth", *options(root), *listed)["results"]
    assert result["estimate"]["unlabeled"]["data"]["images"] == 2 and not result["estimate"]["masks"]
    first, second = (each["estimate"]["thresholds"][0]["overall"] for each in (result, network))
    assert first["pixels"] == second["pixels"] and first["rho_f"] == pytest.approx(second["rho_f"], nan_ok=True)
    (tmp_path / "both/images/3.confidence.png").unlink()
    message = call("estimate", *mine[:2], *options(root), "--limit", 3, *listed)
    one_message(message, 3, "no confidence beside them", "3.confidence.png")
    (tmp_path / "both/images/3.png").unlink()
    message = call("estimate", *mine[:2], *options(root), "--limit", 3, *listed)
    one_message(message, 3, "has no prediction of images/3.jpg")


def test_unlabeled_images_and_several_checkpoints_are_exported(root: Path, tmp_path: Path) -> None:
    several = (f"a={root / 'best.pth'}", f"b={root / 'best.pth'}")
    given = ("--out", tmp_path / "out", "--as", "logits-pt", "--json", "--workers", 0)
    listed = ("--unlabeled", root / "data/photographs.txt")
    result = call("export-maps", *several, *given, *listed, *options(root))
    assert result.exit_code == 0, result.output
    exported = json.loads(result.stdout)["exported"]
    assert [(each["name"], each["images"], each["format"]) for each in exported] == [
        ("a", 2, "logits-pt"),
        ("b", 2, "logits-pt"),
    ]
    assert exported[1]["files"] == [str(tmp_path / f"out/b/images/{index}.pt") for index in (0, 3)]
    again = call("export-maps", *several[:1], "--out", tmp_path / "out/a", "--as", "logits-pt", *listed, *options(root))
    one_message(again, 2, "images/0.pt exists already")


@pytest.mark.parametrize("form", ["npz", "logits-npz", "logits-pt"])
def test_what_was_found_is_said(root: Path, tmp_path: Path, form: str) -> None:
    given = (*options(root), "--workers", 0)
    assert call("export-maps", root / "best.pth", "--out", tmp_path / "m", "--as", form, *given).exit_code == 0
    result = call("contamination", "--predictions", tmp_path / "m", *options(root))
    kind = "probabilities" if form == "npz" else "logits"
    suffix = form.removeprefix("logits-")
    assert f"m: saved {kind} (float32, .{suffix}), on 4 images" in result.stderr


def test_what_needs_a_network_is_refused_or_left_out(root: Path, maps: Path, tmp_path: Path) -> None:
    mine = ("--predictions", f"mine={maps}", *options(root))
    one_message(call("geometry", *mine), 2, "saved maps have no features", "docs/saved-maps.md")
    labels = ("--predictions", f"labels={root / 'data/masks'}", *options(root))
    one_message(call("tau", *mine, *labels[:2]), 2, "label maps of labels hold no confidence", "IMAGE.npz")
    report = call("report", *mine, *labels[:2], "--out", tmp_path / "report", "--no-images", "--count", 1)
    assert report.exit_code == 0, report.output
    saved = json.loads((tmp_path / "report/contamination.json").read_text())["results"]
    assert [result["name"] for result in saved] == ["mine"]


def test_saved_maps_are_audited_but_for_labels_alone(root: Path, maps: Path) -> None:
    folders = ("--predictions", f"mine={maps}", "--predictions", f"labels={root / 'data/masks'}")
    result = call("boundary", *folders, *options(root), "--audit", 2)
    assert result.exit_code == 0, result.output
    assert "mine: audit of 2 of 4 images: " in result.stderr and "pixels read and counted again" in result.stderr
    assert "labels: label maps alone are counted anew by every command, so there is no pass to audit" in result.stderr


def test_their_pass_is_made_ahead_of_time(root: Path, maps: Path) -> None:
    mine = ("--predictions", f"ahead={maps}", *options(root))
    made = call("measure", *mine, "--tau", 0.8, "--json")
    assert made.exit_code == 0, made.output
    (result,) = json.loads(made.stdout)["results"]
    assert result["name"] == "ahead" and "reading" not in made.stderr
    again = call("contamination", *mine, "--tau", 0.8, "-v", "--json")
    assert "reusing the pass cached in" in again.stderr and json.loads(again.stdout) == json.loads(made.stdout)
    labels = ("--predictions", f"labels={root / 'data/masks'}", *options(root))
    one_message(call("measure", *labels), 2, "label maps of labels hold no confidence")


def test_networks_maps_and_labels_meet_in_a_duel_without_masks(root: Path, maps: Path, tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    for file in (maps / "images").glob("*.png"):
        if ".confidence" not in file.name:
            (tmp_path / "labels" / file.name).write_bytes(file.read_bytes())
    folders = ("--predictions", f"maps={maps}", "--predictions", f"labels={tmp_path / 'labels'}")
    listed = ("--unlabeled", root / "data/photographs.txt")
    for pair in ((f"net={root / 'best.pth'}", *folders[:2]), folders):
        (duel,) = ask("duel", *pair, *options(root), *listed, "--count", 2)["duels"]
        assert (duel["images"], duel["disagreeing"]) == (2, 0)
        assert duel["pixels"] == sum(SIZES[index][0] * SIZES[index][1] for index in (0, 3))
    labels = np.array(Image.open(tmp_path / "labels/3.png"))
    Image.fromarray((labels == 0).astype(np.uint8)).save(tmp_path / "labels/3.png")  # another class everywhere
    (duel,) = ask("duel", *folders, *options(root), *listed, "--count", 2)["duels"]
    assert duel["disagreeing"] == SIZES[3][0] * SIZES[3][1] and duel["baseline"] == "maps"


def test_thresholds_that_are_no_codes_are_noted(root: Path, maps: Path) -> None:
    result = call("contamination", "--predictions", f"mine={maps}", *options(root), "--tau", 0.9, "--tau", 0.7654321)
    assert result.exit_code == 0, result.output
    assert "note: mine: the confidence is right to one code: at τ = 0.765432, pixels within one code" in result.stderr


def test_without_out_they_are_written_here(root: Path, tmp_path: Path) -> None:
    result = call("export-maps", root / "best.pth", *options(root), "--limit", 1, "--workers", 0)
    assert result.exit_code == 0, result.output
    assert sorted(file.name for file in (tmp_path / "maps/images").iterdir()) == ["0.confidence.png", "0.png"]
