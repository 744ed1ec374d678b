"""Each script, run as it is on little data: the files that it writes hold what an independent computation gives."""

import csv
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import interpolate

import pixcon_diag as pxd
from pixcon_diag.analyses import compare
from pixcon_train.runs.checkpoint import load_checkpoint

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
LONGEST = 60
"""Lines of a script."""


def run(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> None:
    """Run a script in this process, which has imported everything, with a twentieth of the bootstrap's draws."""
    monkeypatch.setattr(compare.result_of, "__defaults__", (50,))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def picture(path: str) -> None:
    """A picture with something drawn in it."""
    pixels = np.asarray(Image.open(path).convert("L"))
    assert pixels.shape[1] >= 400 and 0.01 < (pixels < 250).mean() < 0.9


def miou_of(folder: str) -> dict[str, Any]:
    """The first row of a comparison, that of mIoU."""
    row = json.loads(Path(folder, "compare.json").read_text(encoding="utf-8"))["comparisons"][0]["rows"][0]
    assert row["measure"] == "mIoU"
    return row["seed_noise"]


def trained_miou(run_folder: str) -> float:
    """mIoU of the best teacher as training has logged it."""
    lines = Path(run_folder, "log.jsonl").read_text(encoding="utf-8").splitlines()
    found = [record["validation"] for record in map(json.loads, lines) if record["event"] == "epoch"]
    return max(scores["ema"]["miou"] for scores in found if scores)


@pytest.mark.slow
def test_two_runs_are_compared_by_the_scores_of_their_training(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "does_the_bank_help.py", "--config", tiny)
    noise = miou_of("bank")
    for rule, side in (("none", "first"), ("clean", "second")):
        assert noise[side]["values"] == pytest.approx([trained_miou(f"runs/bank-{rule}-0")], abs=1e-6)
    assert "mIoU: clean is" in capsys.readouterr().out
    picture("bank/differences.png")


@pytest.mark.slow
def test_forks_are_paired_and_one_without_a_change_is_its_parent(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "fork_experiment.py", "--config", tiny, "--seeds", 2)
    noise = miou_of("forks")
    for rule, side in (("none", "first"), ("clean", "second")):
        expected = [trained_miou(f"runs/fork-{rule}-{seed}") for seed in (0, 1)]
        assert noise[side]["values"] == pytest.approx(expected, abs=1e-6)
    parent, same, other = (
        load_checkpoint(Path(f"runs/{name}/latest.pth")).ema for name in ("parent", "fork-none-0", "fork-none-1")
    )
    assert all(torch.equal(parent[key], same[key]) for key in parent)
    assert not all(torch.equal(parent[key], other[key]) for key in parent)
    picture("forks/pairs.png")


def test_contamination_is_that_of_the_maps(
    farm: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "contamination_over_tau.py", *farm.values())
    with Path("contamination.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for name, folder in farm.items():
        (row,) = (each for each in rows if each["checkpoint"] == f"farm-{name}-0" and float(each["tau"]) == 0.5)
        valid = retained = wrong = 0
        for image in pxd.measure(pxd.load(folder)).images():
            kept = (image.bins >= image.edges.index(0.5)) & (image.target != 255)
            valid, retained = valid + (image.target != 255).sum(), retained + kept.sum()
            wrong += (kept & (image.prediction != image.target)).sum()
        assert 0 < wrong < retained
        assert [float(row["retention"]), float(row["rho_f"])] == pytest.approx([retained / valid, wrong / retained])
    assert "Threshold with a guarantee" in capsys.readouterr().out
    picture("contamination.png")


@pytest.mark.slow
def test_the_panels_of_a_network_are_its_predictions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    networks = []

    def wrap(module: torch.nn.Module, *arguments: Any, **options: Any) -> Any:
        networks.append(module.eval())
        return wrap_module(module, *arguments, **options)

    wrap_module = pxd.wrap_module
    monkeypatch.setattr(pxd, "wrap_module", wrap, raising=False)
    run(monkeypatch, "your_own_network.py", "--steps", 4, "--images", 4)
    (panel,) = Path("own-network/qualitative_panels").glob("01_*_image.png")
    pixels = torch.tensor(np.asarray(Image.open(panel))).permute(2, 0, 1) / 255
    mean, std = (torch.tensor(each).reshape(3, 1, 1) for each in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.inference_mode():
        logits = interpolate(networks[0](((pixels - mean) / std)[None]), pixels.shape[-2:], mode="bilinear")
    shown = np.asarray(Image.open(str(panel).replace("_image.png", "_1.png")))
    assert (logits.argmax(1)[0].numpy() == shown).mean() > 0.999  # ties of rounding apart
    assert "mine has" in capsys.readouterr().out
    picture("own-network/worst.png")


@pytest.mark.slow
def test_saved_probabilities_have_the_accuracy_of_their_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "another_framework.py", "--images", 4)
    rows = json.loads(Path("forests/compare.json").read_text(encoding="utf-8"))["comparisons"][0]["rows"]
    (accuracy,) = (row["seed_noise"] for row in rows if row["measure"] == "pixel accuracy")
    data = pxd.choose_data(pxd.DataChoice("digits", limit=4))
    for name, side in (("colour", "first"), ("context", "second")):
        right = valid = 0
        for pair in data.pairs:
            (scores,) = np.load((Path("maps") / name / pair.image).with_suffix(".npz")).values()
            target = np.asarray(Image.open(data.source.root / str(pair.mask)))
            assert np.allclose(scores.sum(0), 1, atol=1e-4)
            right += ((scores.argmax(0) == target) & (target != 255)).sum()
            valid += (target != 255).sum()
        assert accuracy[side]["values"] == pytest.approx([right / valid])
    assert "retention" in capsys.readouterr().out
    picture("forests/differences.png")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_short_and_says_what_it_needs(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert all(f"\n{word} " in text for word in ("Needs", "Takes", "Prints")) and text.split("\n")[0].endswith("?")


def test_the_readme_lists_every_example() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    files = [*SCRIPTS, *EXAMPLES.glob("*.ipynb")]
    assert len(files) == 7 and all(f"[{file.name}]({file.name})" in text for file in files)
