"""`pixcon-diag power` as a user meets it."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.farm import call, one_message
from tests.training_logs import write_unimatch


def logs(folder: Path, name: str, *best: float) -> str:
    """A group of logs whose best EMA mIoUs in per cent are these."""
    paths = [
        write_unimatch(folder / f"{name}{seed}.log", [[(40.0, value - 5)] * 3, [(41.0, value)] * 3])
        for seed, value in enumerate(best)
    ]
    return f"{name}={','.join(map(str, paths))}"


def test_without_runs_the_prior_is_taken_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("power")
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "No run is named and no SD is given: the SD is a prior" in said
    assert "51 (32–93)" in said and "1.62" in said


def test_a_given_standard_deviation_reads_no_runs(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs.parent)  # which has ./runs
    content = json.loads(call("power", "--sd", "0.5", "--effect", "0.2", "--seeds", "3", "--json").stdout)
    (source,) = content["seed_noise"]["sources"]
    assert source["name"] == "given with --sd" and source["needed"] == [
        {"effect": 0.002, "seeds": 52, "low": None, "high": None}
    ]
    assert source["detectable"][0]["difference"] == pytest.approx(0.0163, abs=1e-4)
    assert json.loads(call("power", "--json").stdout)["seed_noise"]["runs"]


def test_the_user_s_own_seeds(tmp_path: Path) -> None:
    groups = logs(tmp_path, "none", 70.0, 70.6, 70.9), logs(tmp_path, "clean", 71.2, 70.5, 71.6)
    out = tmp_path / "out"
    result = call("power", *groups, "--out", out)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "none → clean, best epoch: 3 seeds per method find a difference of" in said and "prior" not in said
    rows = list(csv.DictReader((out / "power_needed.csv").open(encoding="utf-8")))
    assert [row["kind"] for row in rows] == ["pairs"] * 2 + ["runs"] * 2
    assert {path.name for path in out.glob("*.png")} == {"power.png", "power-epochs.png"}
    content = json.loads((out / "power.json").read_text(encoding="utf-8"))
    assert content["seed_noise"]["weights"] == "ema" and any("find a difference" in note for note in content["notes"])


def test_two_runs_are_too_few_for_their_own_noise(tmp_path: Path) -> None:
    result = call("power", logs(tmp_path, "none", 70.0, 70.6))
    assert "No group has 3 runs with different scores: the SD is a prior" in " ".join(result.stdout.split())


def test_an_unfinished_run_is_said(tmp_path: Path) -> None:
    group = logs(tmp_path, "none", 70.0, 70.6, 70.9)
    short = write_unimatch(tmp_path / "short.log", [[(40.0, 65.0)] * 3])
    said = " ".join(call("power", f"{group},{short}").stdout.split())
    assert "The runs of none have 1, 2 epochs in their logs: if one is unfinished" in said
    assert "in their logs" not in call("power", group).stdout


def test_images_of_the_runs_checkpoints(runs: Path) -> None:
    groups = (f"none={runs}/farm-none-0,{runs}/farm-none-1", f"clean={runs}/farm-clean-0,{runs}/farm-clean-1")
    result = call("power", *groups, "--images", "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["image_noise"]
    assert (row["baseline"], row["other"], row["noise"]["runs"]) == ("none", "clean", [2, 2])
    assert row["half_width"] == pytest.approx((row["noise"]["high"] - row["noise"]["low"]) / 2)


def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one_message(call("power", "missing.log"), 3, "missing.log")
    assert call("power", "--sd", "0").exit_code == 2 and call("power", "--seeds", "1").exit_code == 2
