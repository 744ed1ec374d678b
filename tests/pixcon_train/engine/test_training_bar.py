"""Training from Python shows how far it is, and problems, unless the caller observes the run."""

from pathlib import Path

import pytest

from pixcon_train import train
from pixcon_train.engine import training_bar
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.engine.training_bar import TrainingBar
from tests.pixcon_train.tiny import tiny_config, write_tiny

RECORD = {"epoch": 2, "epochs": 4, "validation": {"ema": {"miou": 0.512}}}


def test_the_bar_states_iteration_epoch_and_miou(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_bar, "DELAY", 0.0)
    with TrainingBar() as bar:
        bar.warned("The warm-up is long.")
        bar.started([], 2, 4)
        bar.stepped(3)
        bar.epoch_finished(RECORD)
        bar.epoch_finished({**RECORD, "epoch": 3, "validation": None})
        bar.epoch_finished(RECORD)
        bar.stepped(4)
    printed = capsys.readouterr()
    assert printed.out == "" and "The warm-up is long." in printed.err
    assert "4/4" in printed.err and "epoch 2/4, mIoU EMA 51.2 %" in printed.err


def test_an_observer_takes_the_place_of_the_bar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_bar, "DELAY", 0.0)
    config = tiny_config(write_tiny(tmp_path), schedule__epochs=1)
    train(config, str(tmp_path / "silent"), observer=TrainingObserver())
    assert "training" not in capsys.readouterr().err
    train(config, str(tmp_path / "shown"))
    assert "training: 100%" in capsys.readouterr().err
