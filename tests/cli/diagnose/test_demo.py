"""`pixcon-diag demo`, with runs that are written instead of trained."""

import signal
from pathlib import Path
from typing import Any

import pytest

from pixcon_cli.diagnose import demo
from pixcon_diag.study import Report
from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, LATEST
from tests.cli.farm import call, own_checkpoint


class Training:
    """Stands for the processes that train; each writes its run at once."""

    def __init__(self, data: Path, codes: dict[str, int] | None = None) -> None:
        self.data, self.codes, self.commands, self.sent = data, codes or {}, [], []
        self.during: Any = None

    def __call__(self, command: list[str], *, env: dict[str, str], **streams: Any) -> "Child":
        assert env["OMP_NUM_THREADS"] == "1"
        self.commands.append(command[command.index("run") + 1 :])
        return Child(self, command)


class Child:
    def __init__(self, training: Training, command: list[str]) -> None:
        self.training, self.command = training, command

    def wait(self) -> int:
        if self.training.during is not None:
            self.training.during()
        if "--resume" in self.command:
            return 0
        rule, runs, name = (self.command[self.command.index(flag) + 1] for flag in ("--bank", "--runs", "--name"))
        checkpoint = own_checkpoint(self.training.data, 0.4 * (rule == "clean"))
        for file in (BEST_EMA, LATEST):
            save_checkpoint(Path(runs) / name / file, checkpoint)
        return self.training.codes.get(rule, 0)

    def send_signal(self, number: int) -> None:
        self.training.sent.append(number)


@pytest.fixture
def training(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Training:
    monkeypatch.chdir(tmp_path)
    made = Training(data)
    monkeypatch.setattr(demo.subprocess, "Popen", made)
    monkeypatch.setattr(
        "pixcon_diag.study.Study.report", lambda study, folder: Report(folder / "index.html", (), (), ())
    )
    return made


def test_it_trains_both_measures_and_ends_with_the_page(training: Training) -> None:
    result = call("demo")
    assert result.exit_code == 0, result.output
    new = [["--workers", "0", "--bank", rule, "--runs", "runs", "--name", f"demo-{rule}"] for rule in ("none", "clean")]
    assert training.commands == new
    assert "Contamination" in result.stdout and result.stdout.splitlines()[-1].startswith("report/index.html")
    assert call("demo").exit_code == 0
    assert training.commands[2:] == [["--workers", "0", "--resume", f"runs/demo-{rule}"] for rule in ("none", "clean")]


def test_a_quick_one_has_runs_and_a_report_of_its_own(training: Training) -> None:
    result = call("demo", "--quick", "--runs", "mine")
    assert result.exit_code == 0, result.output
    assert all(command[-len(demo.QUICK) :] == list(demo.QUICK) for command in training.commands)
    assert Path("mine/demo-quick-none", LATEST).exists() and "report-quick/index.html" in result.stdout


def test_a_run_that_fails_is_one_message(training: Training) -> None:
    training.codes = {"none": 5}
    result = call("demo")
    assert result.exit_code == 5 and "Training none failed (exit code 5)." in result.stderr
    assert "Traceback" not in result.stderr and result.stdout == ""


def test_a_signal_reaches_both_runs_and_nothing_is_measured(training: Training) -> None:
    training.during = lambda: signal.raise_signal(signal.SIGINT)
    result = call("demo")
    assert result.exit_code == 130 and "The same command continues." in result.stderr and result.stdout == ""
    assert training.sent == [signal.SIGINT] * 2
