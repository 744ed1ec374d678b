"""The options of a replay, as both commands about the bank take them."""

from pathlib import Path

import pytest

from tests.cli.diagnose.asking import ask, no_network
from tests.cli.farm import call, one_message

COMMANDS = ("coverage", "gradient")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_public_file_without_a_labeled_list_is_told_the_option(command: str, public: Path, data: Path) -> None:
    options = ("--dataset", data / "farm.yaml", "--data-root", data, "--workers", 0)
    one_message(call(command, public, *options), 2, "farm has no labeled list", "--bank-list")
    (data / "farm.yaml").write_text((data / "farm.yaml").read_text() + "labeled_list: labeled.txt\n")
    one_message(call(command, public, *options), 3, "labeled list is not at", "labeled.txt", "--bank-list")
    assert call(command, public, *options, "--bank-list", "val.txt").exit_code == 0
    one_message(call(command, public, *options, "--bank-list", "nowhere.txt"), 3, "No list at nowhere.txt")


@pytest.mark.parametrize("command", COMMANDS)
def test_sliding_windows_have_no_bank(command: str, runs: Path) -> None:
    one_message(call(command, runs / "farm-none-0", "--window", 28, "--workers", 0), 2, "--window 0")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_value_that_makes_no_sense_is_one_message(command: str, runs: Path) -> None:
    for option, value in (
        ("--bank-size", 0),
        ("--cap", 0),
        ("--bank-batch", 0),
        ("--admission-tau", 1.5),
        ("--rule", "none"),
    ):
        one_message(call(command, runs / "farm-none-0", option, value), 2, option)


def test_the_bank_is_the_run_s_unless_it_is_told(runs: Path) -> None:
    run = runs / "farm-clean-0"
    (own, *_) = ask("coverage", run)["results"]
    assert own["options"] == {"tau": 0.5, "size": 16, "cap": 8, "batch_size": 2, "seed": 0}
    told = ("--admission-tau", 0.4, "--bank-size", 9, "--cap", 3, "--bank-batch", 4)
    (given, *_) = ask("coverage", run, *told)["results"]
    assert given["options"] == {"tau": 0.4, "size": 9, "cap": 3, "batch_size": 4, "seed": 0}
    assert max(given["coverage"]["classes"]["fill"]) <= 9


def test_one_replay_serves_both_commands(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("coverage", runs / "farm-clean-1", "--admission-tau", 0.45)
    ask("contamination", runs / "farm-clean-1")
    no_network(monkeypatch)
    result = call("gradient", runs / "farm-clean-1", "--admission-tau", 0.45, "--workers", 0, "-v")
    assert result.exit_code == 0 and result.stderr.count("reusing the pass cached in") == 2, result.output
