"""`pixcon-train fork` and `forecast`, from the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pixcon_cli.diag import main as diag
from pixcon_cli.train import main
from pixcon_train.engine.trainer import train
from tests.pixcon_train.tiny import tiny_config, write_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forks")
    spec = write_tiny(folder)
    train(tiny_config(spec, bank__rule="none", runtime__keep_every=1), folder / "parent")
    return folder / "parent"


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_forks_are_trained_and_compared(parent: Path, tmp_path: Path) -> None:
    rules = ("--set", "bank.rule=none", "--set", "bank.rule=labeled", "--seeds", "2", "--runs", str(tmp_path))
    listed = invoke("fork", str(parent), "--at", "1", *rules, "--dry-run")
    assert listed.count("not started") == 4 and not list(tmp_path.iterdir())
    folder = tmp_path / "parent-fork-1"
    for _ in range(2):  # the second time a no-op
        invoke("fork", str(parent), "--at", "1", *rules)
        assert [run["state"] for run in json.loads((folder / "sweep.json").read_text())["runs"]] == ["finished"] * 4
    compared = CliRunner().invoke(diag, ["dynamics", str(folder), "--json"], catch_exceptions=False)
    groups = json.loads(compared.output)["dynamics"]["groups"]
    assert [(group["name"], len(group["runs"])) for group in groups] == [("none", 2), ("labeled", 2)]


def test_a_forecast_has_a_row_for_each_rule(parent: Path) -> None:
    shown = invoke("forecast", str(parent), "--at", "1", "--batches", "2", "--set", "bank.tau=0.0")
    assert all(f" {rule} " in shown for rule in ("labeled", "clean", "soft", "confidence", "pseudo"))
    found = json.loads(invoke("forecast", str(parent / "epoch_1.pth"), "--rule", "clean", "--batches", "2", "--json"))
    assert [rule["rule"] for rule in found["rules"]] == ["clean"] and len(found["rules"][0]["batches"]) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rule", "clean", "--rule", "soft", "--rule", "clean"], "--rule gives clean twice"),
        (["--set", "bank.form=eq3", "--set", "bank.form=supcon"], "--set gives bank.form twice"),
    ],
)
def test_a_forecast_is_of_one_configuration(options: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["forecast", "nowhere", *options])
    assert result.exit_code == 2 and said in result.stderr and result.stderr.count("Error: ") == 1


def test_a_missing_epoch_is_one_message(parent: Path) -> None:
    result = CliRunner().invoke(main, ["fork", str(parent), "--at", "9", "--set", "bank.rule=none"])
    assert result.exit_code != 0 and "Epoch 9 is not among them" in result.output
